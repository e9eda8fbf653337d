//! The fixture vendor's site as a web server has it.

use std::path::Path as FilePath;
use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::world::project;

/// Paths that were asked for, each with the user agent.
pub type Log = Arc<Mutex<Vec<String>>>;

/// Serves the fixture site as a web server would, with its own address in robots.txt and sitemap.
pub async fn nordhaven(log: Log) -> (String, u16) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let base = format!("http://127.0.0.1:{port}");
    let root = project("fixtures/sites/nordhaven");
    let own = base.clone();
    let router = axum::Router::new().fallback(move |request: Request| {
        let (root, own, log) = (root.clone(), own.clone(), log.clone());
        async move {
            let agent = request.headers().get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
            log.lock().expect("no panic").push(format!("{} {agent}", request.uri().path()));
            file(&root, request.uri().path(), &own)
        }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    (base, port)
}

fn file(root: &FilePath, path: &str, base: &str) -> Response {
    let mut file = root.join(path.trim_start_matches('/'));
    if file.is_dir() {
        file = file.join("index.html");
    }
    let Ok(bytes) = std::fs::read(&file) else { return StatusCode::NOT_FOUND.into_response() };
    let kind = match file.extension().and_then(|e| e.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("pdf") => "application/pdf",
        Some("xml") => "application/xml",
        Some("css") => "text/css",
        _ => "text/plain; charset=utf-8",
    };
    let bytes = if kind.starts_with("text/plain") || kind.contains("xml") {
        String::from_utf8_lossy(&bytes).replace("https://www.nordhaven.example", base).into_bytes()
    } else {
        bytes
    };
    ([(header::CONTENT_TYPE, kind)], bytes).into_response()
}
