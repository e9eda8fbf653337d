//! What a server promises besides, since others use it too.

use futures::future::join_all;

use crate::contract::{across, fan, found, put};
use crate::places::Site;

/// Makes of each statement one test for each server.
macro_rules! on_servers {
    ($($statement:ident)*) => {
        mod on_a_stand_in {
            $(#[tokio::test] async fn $statement() { crate::places::on_a_stand_in(super::$statement).await })*
        }
        mod on_a_real_server {
            $(#[tokio::test] async fn $statement() { crate::places::on_a_real_server(super::$statement).await })*
        }
    };
}

on_servers! {
    another_process_finds_what_one_has_put
    processes_may_start_at_once
    collections_whose_name_only_starts_the_same_are_left_alone
}

async fn another_process_finds_what_one_has_put(site: Site) {
    put(&mut site.connect(), "check", fan(2)).await;
    assert_eq!(found(&site.connect(), "check", &across(), 10).await, [0, 1]);
}

async fn processes_may_start_at_once(site: Site) {
    join_all(["a", "b", "c", "d"].map(|check| {
        let mut vectors = site.connect();
        async move { put(&mut vectors, check, fan(2)).await }
    }))
    .await;
    for check in ["a", "b", "c", "d"] {
        assert_eq!(found(&site.connect(), check, &across(), 10).await, [0, 1]);
    }
}

async fn collections_whose_name_only_starts_the_same_are_left_alone(site: Site) {
    put(&mut site.connect_as_neighbour(), "check", fan(3)).await;
    put(&mut site.connect(), "check", fan(2)).await;
    site.connect().forget("check").await.expect("forgotten");
    assert_eq!(found(&site.connect_as_neighbour(), "check", &across(), 10).await, [0, 1, 2]);
    assert!(found(&site.connect(), "check", &[1.0, 0.0, 0.0], 10).await.is_empty());
}
