//! A server that is not there is an error that says what could not be done, and says it soon.

use std::error::Error as _;
use std::fmt::Debug;
use std::net::TcpListener;
use std::time::Duration;

use sovcheck::index::vectors::qdrant::Qdrant;
use sovcheck::index::vectors::{VectorError, Vectors};
use tokio::time::timeout;

use crate::contract::across;
use crate::places::connect;

/// How long anyone should wait to learn that a server is not there.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn putting_fails_soon() {
    let outcome = timeout(SOON, nowhere().put("check", vec![across()])).await;
    assert_says(&outcome.expect("an answer in time"), "the vector server could not list its collections");
}

#[tokio::test]
async fn searching_fails_soon() {
    let outcome = timeout(SOON, nowhere().search("check", &across(), 10)).await;
    assert_says(&outcome.expect("an answer in time"), "the vector server could not search");
}

#[tokio::test]
async fn forgetting_fails_soon() {
    let outcome = timeout(SOON, nowhere().forget("check")).await;
    assert_says(&outcome.expect("an answer in time"), "the vector server could not list its collections");
}

#[test]
fn what_is_no_address_is_refused() {
    assert_says(&Qdrant::connect("not an address", None, "sovcheck").map(|_| ()), "the vector server could not be set up");
}

/// A port that was free a moment ago, with nobody behind it.
fn nowhere() -> Vectors {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
    connect(&format!("http://127.0.0.1:{port}"), "sovcheck")
}

/// The message names the action, and the cause is kept.
fn assert_says<T: Debug>(outcome: &Result<T, VectorError>, message: &str) {
    let said = outcome.as_ref().err().map(ToString::to_string);
    assert_eq!(said.as_deref(), Some(message), "{outcome:?}");
    assert!(outcome.as_ref().is_err_and(|error| error.source().is_some()), "{outcome:?}");
}
