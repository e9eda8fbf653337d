//! As the operator of a free service I keep it from being abused, of vendors' sites and of my own means.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use reqwest::StatusCode;

use crate::door::Door;
use crate::service::Service;
use crate::world::{World, serve};

/// A site of two pages behind a door.
async fn site(door: std::sync::Arc<Door>) -> (String, u16) {
    let page = move || {
        let door = door.clone();
        async move {
            door.pass().await;
            Html("<title>Terms</title><h1>Terms</h1><p>This agreement is governed by German law.</p><a href='/terms'>Terms</a>")
        }
    };
    serve(Router::new().route("/", get(page.clone())).route("/terms", get(page))).await
}

fn set(world: &mut World, settings: &[(&str, &str)]) {
    world.variables.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
}

#[tokio::test]
async fn a_site_has_one_check_at_a_time_and_holds_up_no_other() {
    for mut world in World::each().await {
        let door = std::sync::Arc::new(Door::closing_at(Some(1)));
        let (slow, slow_port) = site(door.clone()).await;
        let (other, other_port) = site(std::sync::Arc::default()).await;
        world.ports.extend([slow_port, other_port]);
        set(&mut world, &[("SOVCHECK_WORKERS", "1")]);
        let web = Service::serve(&world, &["--workers", "0"]).await;
        let (first, second) = (web.asked(&slow).await, web.asked(&format!("{slow}/terms")).await);
        let third = web.asked(&other).await;
        let _workers = [Service::worker(&world, &[]).await, Service::worker(&world, &[]).await];
        door.reached().await;
        // The third comes to its end while the first stands still: there was a worker free, and the second waited all the same.
        assert_eq!(web.over(&third).await, "done");
        let events = web.events(&second, 0, |name, _| name == "queued").await;
        assert_eq!(events.len(), 1);
        assert_eq!(world.rows("SELECT CAST(COUNT(*) AS TEXT) FROM check_events WHERE doc LIKE '%\"started\"%'").await, ["2"]);
        door.open();
        assert_eq!((web.over(&first).await, web.over(&second).await), ("done".to_owned(), "done".to_owned()));
        let order = world.rows("SELECT CAST(started_ms AS TEXT) FROM check_requests ORDER BY started_ms").await;
        let ends = world.rows("SELECT CAST(ended_ms AS TEXT) FROM check_requests ORDER BY created_ms, id").await;
        assert!(order[2] >= ends[0], "the second began after the first had ended: {order:?} {ends:?}");
    }
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_back_however_many_ask_at_once() {
    for mut world in World::each().await {
        set(&mut world, &[("SOVCHECK_QUEUE", "5"), ("SOVCHECK_PER_CLIENT", "100"), ("SOVCHECK_PER_HOST", "100")]);
        let web = Service::serve(&world, &["--workers", "0"]).await;
        let asks = (0..12).map(|n| {
            let web = &web;
            async move { web.ask(&[("address", format!("https://docs{n}.example.eu").as_str())]).await }
        });
        let answers = futures::future::join_all(asks).await;
        let count = |status| answers.iter().filter(|answer| answer.status() == status).count();
        assert_eq!((count(StatusCode::SEE_OTHER), count(StatusCode::TOO_MANY_REQUESTS)), (5, 7));
        let full = answers.iter().find(|answer| answer.status() == StatusCode::TOO_MANY_REQUESTS).expect("one is refused");
        let wait: u64 = full.headers()["retry-after"].to_str().expect("text").parse().expect("a number");
        assert!((1..=3_600).contains(&wait), "{wait}");
    }
}

#[tokio::test]
async fn a_client_and_a_target_have_so_many_checks_a_day_and_deleting_gives_none_back() {
    for mut world in World::each().await {
        set(&mut world, &[("SOVCHECK_PER_CLIENT", "2"), ("SOVCHECK_PER_HOST", "1"), ("SOVCHECK_PROXIES", "1")]);
        let web = Service::serve(&world, &["--workers", "0"]).await;
        let from = async |client: &str, address: &str| web.ask_from(client, &[("address", address)]).await;
        let first = from("192.0.2.1", "https://docs.example.eu").await;
        assert_eq!(first.status(), StatusCode::SEE_OTHER);
        let check = first.headers()["location"].to_str().expect("a path").to_owned();
        assert_eq!(web.post(&format!("{check}/delete"), &[]).await.status(), StatusCode::OK);
        // The registered name counts, not the host.
        let target = from("192.0.2.1", "https://www.example.eu").await;
        assert_eq!(target.status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(target.text().await.expect("a page").contains("This site has been checked many times"));
        assert_eq!(from("192.0.2.1", "https://other.eu").await.status(), StatusCode::SEE_OTHER);
        let client = from("192.0.2.1", "https://third.eu").await;
        let wait: u64 = client.headers()["retry-after"].to_str().expect("text").parse().expect("a number");
        assert!(client.status() == StatusCode::TOO_MANY_REQUESTS && wait > 86_000, "{wait}");
        assert_eq!(from("192.0.2.2", "https://third.eu").await.status(), StatusCode::SEE_OTHER);
        // Who asked is kept as a keyed hash alone.
        for table in ["arrivals", "check_requests"] {
            let column = if table == "arrivals" { "client" } else { "doc" };
            assert!(world.rows(&format!("SELECT {column} FROM {table}")).await.iter().all(|text| !text.contains("192.0.2")));
        }
    }
}

#[tokio::test]
async fn the_operator_names_what_is_not_checked_and_how_many_pages_are_read() {
    let mut world = World::new();
    let (address, port) = crate::site::nordhaven(crate::site::Log::default()).await;
    world.ports.push(port);
    set(&mut world, &[("SOVCHECK_DENY", "denied.example,gov.example"), ("SOVCHECK_PAGES", "5")]);
    let service = Service::serve(&world, &[]).await;
    for denied in ["https://denied.example", "https://www.gov.example/a"] {
        let answer = service.ask(&[("address", denied)]).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().await.expect("a page").contains("is not checked here"));
    }
    let check = service.asked(&address).await;
    assert_eq!(service.over(&check).await, "done");
    assert!(service.text(&check).await.contains("5 pages read"));
}

/// A port on which nobody listens.
fn silent_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[tokio::test]
async fn a_site_that_is_not_there_is_tried_again_and_then_given_up() {
    let mut world = World::new();
    let port = silent_port();
    world.ports.push(port);
    let service = Service::serve(&world, &[]).await;
    let check = service.asked(&format!("http://127.0.0.1:{port}/")).await;
    let events = service.events(&check, 0, |name, _| name == "failed").await;
    assert_eq!(events.iter().filter(|(_, name, _)| name == "retrying").count(), 2);
    assert_eq!(events.last().expect("an end").2["failure"]["kind"], "nothing-readable");
    assert!(service.text(&check).await.contains("no page could be read"));
}

#[tokio::test]
async fn a_site_that_comes_back_is_read() {
    for mut world in World::each().await {
        let port = silent_port();
        world.ports.push(port);
        set(&mut world, &[("SOVCHECK_RETRY", "1")]);
        let service = Service::serve(&world, &[]).await;
        let check = service.asked(&format!("http://127.0.0.1:{port}/")).await;
        service.events(&check, 0, |name, _| name == "retrying").await;
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free");
        let page = Html("<title>Terms</title><h1>Terms</h1><p>This agreement is governed by German law.</p>");
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(async move || page))).await });
        assert_eq!(service.over(&check).await, "done");
    }
}

#[tokio::test]
async fn what_robots_txt_forbids_is_not_tried_again() {
    let mut world = World::new();
    let robots = get(|| async { "User-agent: *\nDisallow: /" });
    let (address, port) = serve(Router::new().route("/robots.txt", robots)).await;
    world.ports.push(port);
    let service = Service::serve(&world, &[]).await;
    let check = service.asked(&address).await;
    let events = service.events(&check, 0, |name, _| name == "failed").await;
    assert!(events.iter().all(|(_, name, _)| name != "retrying"), "{events:?}");
}
