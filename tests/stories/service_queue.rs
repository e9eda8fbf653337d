//! As an operator I rely on the queue: who is served first, when a check is given up, how the service stops.

use crate::door::Door;
use crate::service::Service;
use crate::world::{World, serve};

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use std::sync::Arc;

async fn site(door: Arc<Door>) -> (String, u16) {
    let page = move || {
        let door = door.clone();
        async move {
            door.pass().await;
            Html("<title>Terms</title><h1>Terms</h1><p>This agreement is governed by German law.</p>")
        }
    };
    serve(Router::new().route("/", get(page))).await
}

#[tokio::test]
async fn larger_priority_comes_first_and_then_who_came_first() {
    for mut world in World::each().await {
        let (address, port) = site(Arc::default()).await;
        world.ports.push(port);
        world.variables.push(("SOVCHECK_WORKERS".to_owned(), "1".to_owned()));
        let web = Service::serve(&world, &["--workers", "0"]).await;
        let checks = [web.asked(&address).await, web.asked(&address).await, web.asked(&address).await];
        assert!(web.text(&checks[2]).await.contains("2 before you"));
        let ids = world.rows("SELECT id FROM check_requests ORDER BY created_ms, id").await;
        world.rows(&format!("UPDATE check_requests SET priority = 5 WHERE id = '{}'", ids[2])).await;
        let _worker = Service::worker(&world, &[]).await;
        for check in &checks {
            assert_eq!(web.over(check).await, "done");
        }
        let order = world.rows("SELECT id FROM check_requests ORDER BY started_ms, id").await;
        assert_eq!(order, [&ids[2], &ids[0], &ids[1]].map(Clone::clone));
    }
}

#[tokio::test]
async fn a_check_that_takes_down_worker_after_worker_is_given_up() {
    for world in World::each().await {
        let web = Service::serve(&world, &["--workers", "0"]).await;
        let check = web.asked("https://docs.example.eu").await;
        world.rows("UPDATE check_requests SET attempts = 8, state = 'running'").await;
        let _worker = Service::worker(&world, &[]).await;
        assert_eq!(web.over(&check).await, "failed");
        assert!(web.text(&check).await.contains("never came to an end"));
    }
}

#[tokio::test]
async fn a_service_stops_in_order_while_browsers_watch() {
    for mut world in World::each().await {
        let door = Arc::new(Door::closing_at(Some(1)));
        let (address, port) = site(door.clone()).await;
        world.ports.push(port);
        let mut service = Service::serve(&world, &[]).await;
        let check = service.asked(&address).await;
        door.reached().await;
        let watched = service.watch(&check).await;
        assert_eq!(service.end("-TERM").await.code(), Some(0));
        let seen = watched.await.expect("the stream ends");
        assert!(seen.contains("event: started"), "{seen}");
        door.open();
        let next = Service::serve(&world, &[]).await;
        assert_eq!(next.over(&check).await, "done");
    }
}

#[tokio::test]
async fn a_check_that_is_deleted_while_it_runs_leaves_nothing() {
    for mut world in World::each().await {
        let door = Arc::new(Door::closing_at(Some(1)));
        let (address, port) = site(door.clone()).await;
        world.ports.push(port);
        let mut service = Service::serve(&world, &[]).await;
        let check = service.asked(&address).await;
        door.reached().await;
        assert_eq!(service.post(&format!("{check}/delete"), &[]).await.status(), 200);
        door.open();
        // The same site again: its place is free, and the first check's worker is on to it.
        let again = service.asked(&address).await;
        assert_eq!(service.over(&again).await, "done");
        service.end("-TERM").await;
        for (table, rows) in [("check_requests", "1"), ("checks", "1"), ("pages", "1"), ("reports", "1"), ("slots", "0")] {
            assert_eq!(world.rows(&format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}")).await, [rows], "{table}");
        }
    }
}
