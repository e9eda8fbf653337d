//! As a visitor I give an address; the site is read politely and safely, and I am told what could not be read.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;

use crate::site::{Log, nordhaven};
use crate::world::{World, serve};

#[tokio::test]
async fn a_site_is_read_like_its_folder_and_robots_are_honoured() {
    for mut world in World::each().await {
        let log = Log::default();
        let (address, port) = nordhaven(log.clone()).await;
        world.ports.push(port);
        let ran = world.run(&["check", &address, "--pause", "0", "--format", "json", "--contact", "ops@example.eu"]).await;
        let report = ran.done().json();
        let log = log.lock().expect("no panic").clone();
        assert!(log.iter().all(|l| l.contains("sovcheck/") && l.contains("ops@example.eu")), "an honest user agent");
        assert!(log[0].starts_with("/robots.txt"), "robots.txt comes first: {}", log[0]);
        assert!(!log.iter().any(|l| l.starts_with("/preview/")), "a forbidden page was asked for");
        assert!(report["unread"].to_string().contains("robots.txt forbids it"));
        let pages = report["pages"].as_array().expect("pages");
        assert!(pages.len() >= 36, "{} pages", pages.len());
        assert!(pages.iter().any(|p| p["address"].as_str().is_some_and(|a| a.ends_with(".pdf"))), "the PDF is read");
        let link = report["evidence"][0]["link"].as_str().expect("a link").to_owned();
        assert!(link.starts_with(&address) && link.contains("#:~:text="), "{link}");
    }
}

#[tokio::test]
async fn a_small_budget_goes_to_the_pages_that_promise_most() {
    let mut world = World::new();
    let (address, port) = nordhaven(Log::default()).await;
    world.ports.push(port);
    let report = world.run(&["check", &address, "--pause", "0", "--pages", "8", "--format", "json", "-q"]).await.done().json();
    let pages: Vec<&str> = report["pages"].as_array().expect("pages").iter().filter_map(|p| p["address"].as_str()).collect();
    assert_eq!(pages.len(), 8);
    assert!(pages.iter().any(|p| p.contains("/legal/dpa")) && pages.iter().any(|p| p.contains("/legal/subprocessors")), "{pages:?}");
    assert!(!pages.iter().any(|p| p.contains("/blog/")), "{pages:?}");
    assert!(report["unread"].as_array().expect("a list").iter().any(|u| u["why"] == "budget"));
}

/// A site on which everything goes wrong that can.
fn hostile() -> axum::Router {
    let long = || async {
        let chunks = futures::stream::iter((0..200).map(|_| Ok::<_, std::io::Error>(vec![b'a'; 1 << 20])));
        ([(header::CONTENT_TYPE, "text/html")], Body::from_stream(chunks)).into_response()
    };
    axum::Router::new()
        .route("/", get(|| async {
            axum::response::Html(
                "<title>Terms</title><h1>Terms</h1><p>This agreement is governed by German law.</p>\
                 <a href='/loop'>Terms loop</a> <a href='/big'>Terms big</a> <a href='/broken.pdf'>Terms PDF</a> <a href='/gone'>Terms gone</a> \
                 <a href='/soft'>Terms soft</a> <a href='/inside'>Terms inside</a> <a href='/elsewhere'>Terms elsewhere</a> <a href='/meta'>Terms meta</a>",
            )
        }))
        .route("/loop", get(|| async { Redirect::temporary("/loop") }))
        .route("/big", get(long))
        .route("/broken.pdf", get(|| async { ([(header::CONTENT_TYPE, "application/pdf")], "%PDF-1.7 broken").into_response() }))
        .route("/gone", get(|| async { StatusCode::GONE }))
        .route("/soft", get(|| async { axum::response::Html("<title>404 - page not found</title><h1>Page not found</h1><p>Sorry.</p>") }))
        .route("/inside", get(|| async { Redirect::temporary("http://169.254.169.254/latest/meta-data/") }))
        .route("/elsewhere", get(|| async { Redirect::temporary("http://10.0.0.1/") }))
        .route("/meta", get(|| async { ([(header::CONTENT_TYPE, "text/html"), (header::HeaderName::from_static("x-robots-tag"), "none")], "<p>secret terms</p>").into_response() }))
}

#[tokio::test]
async fn what_goes_wrong_on_a_page_is_said_and_stops_nothing() {
    let mut world = World::new();
    let (address, port) = serve(hostile()).await;
    world.ports.push(port);
    let ran = world.run(&["check", &address, "--pause", "0", "--format", "json", "-q"]).await;
    assert_eq!(ran.code, Some(3), "done with gaps: {}", ran.err);
    let report = ran.json();
    assert_eq!(report["pages"].as_array().map(Vec::len), Some(1));
    let said = |path: &str| {
        let list = report["unread"].as_array().expect("a list");
        list.iter()
            .find(|u| u["address"].as_str().is_some_and(|a| a.ends_with(path)))
            .unwrap_or_else(|| panic!("{path} is not named"))
            .to_string()
    };
    for (path, why) in [
        ("/loop", "redirects without end"),
        ("/big", "larger than 16 MiB"),
        ("/broken.pdf", "the PDF is broken"),
        ("/gone", "status 410"),
        ("/soft", "an error page"),
        ("/inside", "outside this check"),
        ("/elsewhere", "outside this check"),
        ("/meta", "robots tag"),
    ] {
        assert!(said(path).contains(why), "{path}: {}", said(path));
    }
    assert!(!report["gaps"].as_array().expect("a list").is_empty());
}

#[tokio::test]
async fn a_server_error_for_robots_forbids_the_site_and_a_missing_one_allows_it() {
    for (status, code) in [(StatusCode::INTERNAL_SERVER_ERROR, 4), (StatusCode::NOT_FOUND, 0)] {
        let mut world = World::new();
        let page = || async { axum::response::Html("<title>Terms</title><h1>Terms</h1><p>This agreement is governed by German law.</p>") };
        let (address, port) =
            serve(axum::Router::new().route("/", get(page)).route("/robots.txt", get(move || async move { status }))).await;
        world.ports.push(port);
        let ran = world.run(&["check", &address, "--pause", "0", "-q"]).await;
        assert_eq!(ran.code, Some(code), "{}", ran.err);
    }
}
