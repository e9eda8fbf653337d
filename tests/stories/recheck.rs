//! As a vendor I check again after a week: what has not changed costs a conditional request and nothing more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::world::{World, serve};

/// What was asked for, by how it was answered.
type Log = Arc<Mutex<BTreeMap<u16, Vec<String>>>>;

/// A site of `pages` pages, each with a tag of its version; the first page changes with `edition`.
fn site(pages: usize, edition: Arc<Mutex<u32>>, log: Log) -> axum::Router {
    axum::Router::new().fallback(move |request: Request| {
        let (edition, log) = (edition.clone(), log.clone());
        async move {
            let path = request.uri().path().to_owned();
            let answer = page(pages, &path, *edition.lock().expect("no panic"), &request);
            log.lock().expect("no panic").entry(answer.status().as_u16()).or_default().push(path);
            answer
        }
    })
}

fn page(pages: usize, path: &str, edition: u32, request: &Request) -> Response {
    let number: usize = match path.strip_prefix("/terms/").and_then(|n| n.parse().ok()) {
        Some(number) if number < pages => number,
        None if path == "/" => 0,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let tag = format!("\"{path}-{}\"", if number == 0 { edition } else { 0 });
    if request.headers().get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let links: String = (1..pages).map(|n| format!("<a href='/terms/{n}'>Terms of service {n}</a> ")).collect();
    let links = if number == 0 { links } else { String::new() };
    let html = format!(
        "<title>Terms {number}</title><h1>Terms {number}</h1><p>This agreement is governed by German law, as clause {number} of \
         edition {edition} of it says for service number {number}.</p>{links}"
    );
    ([(header::CONTENT_TYPE, "text/html".to_owned()), (header::ETAG, tag)], html).into_response()
}

#[tokio::test]
async fn an_unchanged_site_costs_one_conditional_request_a_page_and_its_answers_stand() {
    for mut world in World::each().await {
        let (log, edition) = (Log::default(), Arc::new(Mutex::new(1)));
        let (address, port) = serve(site(150, edition.clone(), log.clone())).await;
        world.ports.push(port);
        let args = ["check", &address, "--pause", "0", "--format", "json"];
        let first = world.run(&args).await.done().json();
        assert_eq!(first["pages"].as_array().map(Vec::len), Some(150));
        std::mem::take(&mut *log.lock().expect("no panic"));
        let ran = world.run(&args).await;
        let again = ran.done().json();
        let asked = std::mem::take(&mut *log.lock().expect("no panic"));
        let asked: Vec<(u16, usize)> = asked.into_iter().map(|(status, paths)| (status, paths.len())).collect();
        assert_eq!(
            asked,
            [(304, 150), (404, 1)],
            "150 conditional requests; robots.txt and sitemap are remembered, security.txt is no page"
        );
        assert!(ran.err.contains("its answers stand") && !ran.err.contains("indexed"), "nothing is extracted again: {}", ran.err);
        assert_eq!(first["factors"], again["factors"]);

        *edition.lock().expect("no panic") = 2;
        let ran = world.run(&args).await;
        ran.done();
        let asked = std::mem::take(&mut *log.lock().expect("no panic"));
        assert_eq!((asked[&200].len(), asked[&304].len()), (1, 149), "the one page that changed is read again");
        assert!(ran.err.contains("indexed"), "and the factors are answered anew");
        world.run(&["check", &address, "--pause", "0", "--fresh", "-q"]).await.done();
        assert!(!log.lock().expect("no panic").contains_key(&304), "--fresh asks for everything");
    }
}
