//! As a user I stop a check, or it is killed, and the same command goes on where it stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::Path;
use axum::response::Html;
use axum::routing::get;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::world::{World, serve};

/// A site of twenty linked pages that counts what is asked of it.
async fn site(asked: Arc<AtomicUsize>) -> (String, u16) {
    let page = move |n: usize| {
        asked.fetch_add(1, Ordering::SeqCst);
        let links: String = (1..=20).map(|i| format!("<a href='/p/{i}'>Terms part {i}</a> ")).collect();
        Html(format!("<title>Part {n}</title><h1>Part {n}</h1><p>This agreement, part {n}, is governed by German law.</p>{links}"))
    };
    let one = page.clone();
    let router = axum::Router::new()
        .route("/", get(move || async move { one(0) }))
        .route("/p/{n}", get(move |Path(n): Path<usize>| async move { page(n) }));
    serve(router).await
}

/// Runs until a page was read, then sends `signal`.
async fn interrupted(world: &World, address: &str, signal: &str) -> std::process::ExitStatus {
    let mut child = world
        .command(&["check", address, "--pause", "0.2", "--json-progress"])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let mut pages = 0;
    while let Some(line) = lines.next_line().await.expect("a line") {
        pages += usize::from(line.contains("\"event\":\"page\""));
        if pages == 5 {
            let id = child.id().expect("it runs").to_string();
            assert!(std::process::Command::new("kill").args([signal, &id]).status().expect("kill runs").success());
            break;
        }
    }
    // What it still says is read away, so that it is not held up by a full pipe.
    while let Ok(Some(_)) = lines.next_line().await {}
    child.wait().await.expect("it ends")
}

#[tokio::test]
async fn a_stop_and_a_crash_lose_nothing_that_was_read() {
    for signal in ["-INT", "-KILL"] {
        for mut world in World::each().await {
            let asked = Arc::new(AtomicUsize::new(0));
            let (address, port) = site(asked.clone()).await;
            world.ports.push(port);
            let status = interrupted(&world, &address, signal).await;
            assert_eq!(status.code(), if signal == "-INT" { Some(130) } else { None });
            let before = asked.load(Ordering::SeqCst);
            assert!((5..21).contains(&before), "{before} pages asked before the stop");

            let ran = world.run(&["check", &address, "--pause", "0", "--format", "json"]).await;
            let report = ran.done().json();
            assert!(ran.err.contains("going on with"), "{}", ran.err);
            assert_eq!(report["pages"].as_array().map(Vec::len), Some(21));
            let after = asked.load(Ordering::SeqCst);
            // At most the one page that was under way is asked again.
            assert!(after <= 22, "{after} requests for 21 pages");
            assert_eq!(report["factors"].as_array().map(Vec::len), Some(48));
            let numbers: Vec<u64> = report["pages"].as_array().expect("pages").iter().filter_map(|p| p["number"].as_u64()).collect();
            assert_eq!(numbers, (1..=21).collect::<Vec<_>>());
        }
    }
}
