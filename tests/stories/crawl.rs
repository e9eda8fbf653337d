//! As an operator I send the crawler anywhere: it finds what a site offers, walks into no trap, and no site can exhaust
//! my machine or use it to look into my network.

use std::io::Write;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use serde_json::Value;
use tokio::net::UdpSocket;

use crate::world::{World, nordhaven, serve};

/// Memory that no site may make the crawler exceed, in bytes. The program itself takes about 40 MB in a debug build.
const BOUND: u64 = 400 << 20;
const TERMS: &str = "<title>Terms</title><h1>Terms</h1><p>This agreement is governed by German law.</p>";

/// Crawls `address` and returns what the program says as JSON.
async fn crawl(world: &World, address: &str, more: &[&str]) -> Value {
    let mut args = vec!["crawl", address, "--pause", "0", "--format", "json"];
    args.extend(more);
    let ran = world.run(&args).await;
    assert!(matches!(ran.code, Some(0 | 3)), "{:?} {}", ran.code, ran.err);
    ran.json()
}

fn said(summary: &Value, path: &str) -> String {
    let list = summary["not_read"].as_array().expect("a list");
    let found = list.iter().find(|u| u["address"].as_str().is_some_and(|a| a.ends_with(path)));
    found.map_or_else(|| panic!("{path} is not named in {summary}"), ToString::to_string)
}

/// A gibibyte of blanks, as `encoding` packs it.
fn packed(encoding: &str) -> Vec<u8> {
    let mut blanks = std::io::repeat(b' ');
    let mut blanks = std::io::Read::take(&mut blanks, 1 << 30);
    let mut out = Vec::new();
    match encoding {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(&mut out, flate2::Compression::fast());
            std::io::copy(&mut blanks, &mut encoder).expect("memory");
            encoder.finish().expect("memory");
        }
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(&mut out, 1 << 16, 1, 24);
            std::io::copy(&mut blanks, &mut encoder).expect("memory");
            encoder.flush().expect("memory");
        }
        _ => zstd::stream::copy_encode(&mut blanks, &mut out, 1).expect("memory"),
    }
    out
}

fn as_encoded(encoding: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "text/html"), (header::CONTENT_ENCODING, encoding)], packed(encoding)).into_response()
}

/// A PDF of one page whose content unpacks to a gibibyte.
fn pdf_bomb() -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    let part = b"BT /F1 12 Tf (Terms of service) Tj ET\n".repeat(1 << 14);
    for _ in 0..(1_usize << 30) / part.len() {
        encoder.write_all(&part).expect("memory");
    }
    let content = encoder.finish().expect("memory");
    let mut pdf = b"%PDF-1.5\n".to_vec();
    let mut offsets = Vec::new();
    let mut object = |pdf: &mut Vec<u8>, body: &[u8]| {
        offsets.push(pdf.len());
        pdf.extend_from_slice(format!("{} 0 obj\n", offsets.len()).as_bytes());
        pdf.extend_from_slice(body);
        pdf.extend_from_slice(b"\nendobj\n");
    };
    object(&mut pdf, b"<</Type/Catalog/Pages 2 0 R>>");
    object(&mut pdf, b"<</Type/Pages/Kids[3 0 R]/Count 1>>");
    object(&mut pdf, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>");
    let stream = [format!("<</Length {}/Filter/FlateDecode>>stream\n", content.len()).as_bytes(), &content, b"\nendstream"].concat();
    object(&mut pdf, &stream);
    object(&mut pdf, b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>");
    let start = pdf.len();
    pdf.extend_from_slice(b"xref\n0 6\n0000000000 65535 f \n");
    for offset in offsets {
        pdf.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    pdf.extend_from_slice(format!("trailer<</Size 6/Root 1 0 R>>\nstartxref\n{start}\n%%EOF").as_bytes());
    pdf
}

/// A site of bombs. Each is linked from the start page.
fn bombs() -> axum::Router {
    let endless = || async {
        let chunks = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'a'; 1 << 16]));
        ([(header::CONTENT_TYPE, "text/html")], Body::from_stream(chunks)).into_response()
    };
    let headers = || async {
        let value = HeaderValue::from_bytes(&vec![b'a'; 1 << 20]).expect("a header");
        ([(header::HeaderName::from_static("x-much"), value)], TERMS).into_response()
    };
    let links: String = (0..9).map(|i| format!("<a href='/terms/{}'>Terms</a> ", BOMBS[i].0)).collect();
    axum::Router::new()
        .route("/", get(move || async move { Html(format!("{TERMS}{links}")) }))
        .route("/terms/gzip", get(|| async { as_encoded("gzip") }))
        .route("/terms/brotli", get(|| async { as_encoded("br") }))
        .route("/terms/zstd", get(|| async { as_encoded("zstd") }))
        .route("/terms/endless", get(endless))
        .route("/terms/headers", get(headers))
        .route("/terms/circle", get(|| async { Redirect::temporary("/terms/circle") }))
        .route("/terms/bomb.pdf", get(|| async { ([(header::CONTENT_TYPE, "application/pdf")], pdf_bomb()).into_response() }))
        .route("/terms/deep", get(|| async { Html("<div>".repeat(400_000)) }))
        .route("/terms/links", get(|| async { Html((0..1_000_000).map(|i| format!("<a href=/{i:06}>")).collect::<String>()) }))
}

const BOMBS: [(&str, &str); 9] = [
    ("gzip", "larger than 16 MiB"),
    ("brotli", "larger than 16 MiB"),
    ("zstd", "larger than 16 MiB"),
    ("endless", "larger than 16 MiB"),
    ("headers", "the transfer failed"),
    ("circle", "redirects without end"),
    ("bomb.pdf", "more memory or time"),
    ("deep", "more memory or time"),
    ("links", "holds no text"),
];

#[tokio::test]
async fn no_bomb_costs_more_than_its_cap() {
    let mut world = World::new();
    let (address, port) = serve(bombs()).await;
    world.ports.push(port);
    let summary = crawl(&world, &address, &["--pages", "20"]).await;
    for (path, why) in BOMBS {
        let said = said(&summary, &format!("/terms/{path}"));
        assert!(said.contains(why), "{path}: {said}");
    }
    assert_eq!(summary["pages"], 1);
    let peak = summary["peak_memory_bytes"].as_u64().expect("a figure");
    eprintln!("peak memory among bombs: {} MiB", peak >> 20);
    assert!(peak < BOUND, "{} MiB", peak >> 20);
}

#[tokio::test]
async fn a_page_of_half_a_million_links_is_read_within_bounds() {
    let mut world = World::new();
    let page = || async {
        let links: String = (0..500_000).map(|i| format!("<a href=/{i}>x</a>")).collect();
        Html(format!("{TERMS}{links}"))
    };
    let (address, port) = serve(axum::Router::new().route("/", get(page)).fallback(|| async { StatusCode::NOT_FOUND })).await;
    world.ports.push(port);
    let summary = crawl(&world, &address, &["--pages", "2"]).await;
    assert_eq!(summary["pages"], 1);
    assert!(summary["peak_memory_bytes"].as_u64().is_some_and(|peak| peak < BOUND), "{}", summary["peak_memory_bytes"]);
}

#[tokio::test]
async fn a_calendar_without_end_is_left_after_a_few_pages() {
    let mut world = World::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let month = move |Path((year, month)): Path<(u32, u32)>| async move {
        count.fetch_add(1, Ordering::Relaxed);
        let next = if month == 12 { format!("/events/{}/1", year + 1) } else { format!("/events/{year}/{}", month + 1) };
        Html(format!("<h1>Events</h1><p>{month} {year}</p><p>Nothing is planned.</p><a href='{next}'>Security events</a>"))
    };
    let site = axum::Router::new()
        .route("/", get(|| async { Html(format!("{TERMS}<a href='/events/2026/1'>Events</a>")) }))
        .route("/events/{year}/{month}", get(month));
    let (address, port) = serve(site).await;
    world.ports.push(port);
    let summary = crawl(&world, &address, &["--pages", "500"]).await;
    assert!(asked.load(Ordering::Relaxed) < 15, "{asked:?} months were asked for");
    assert!(summary["not_read"].to_string().contains("brought nothing new"), "{summary}");
}

/// A site that shows what it has in every way there is.
///
/// Its robots.txt and its sitemap also name an address `inside` the operator's network.
fn many_ways(base: &str, inside: &str) -> axum::Router {
    let xml = format!("<urlset><url><loc>{base}/sustainability</loc></url><url><loc>{inside}/terms</loc></url></urlset>");
    let sitemap = move || async move {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(xml.as_bytes()).expect("memory");
        encoder.finish().expect("memory")
    };
    let robots = format!("User-agent: *\nDisallow: /no/\nSitemap: {inside}/map.xml\nSitemap: /maps/all.xml.gz\n");
    let start = format!(
        "<title>Docs</title><link rel=canonical href={inside}/docs><link rel=stylesheet href=/s.css><link rel=alternate type='application/rss+xml' href=/feed>\
        <h1>Docs</h1><p>Keys are rotated each year by the customer.</p><p class=faint>All keys are held by the customer alone.</p>\
        <a href=/news/iso>ISO 27001</a>"
    );
    let feed = "<rss version='2.0'><channel><title>n</title><link>/</link><description>n</description><item><title>ISO</title>\
        <link>/news/iso</link><pubDate>Tue, 03 Mar 2026 09:00:00 GMT</pubDate></item></channel></rss>";
    axum::Router::new()
        .route("/", get(move || async move { Html(start) }))
        .route("/robots.txt", get(move || async move { robots }))
        .route("/maps/all.xml.gz", get(sitemap))
        .route("/llms.txt", get(|| async { "# Docs\n\n- [Sub-processors](/x/17): who else\n" }))
        .route("/.well-known/security.txt", get(|| async { "Contact: mailto:psirt@nordhaven.example\nExpires: 2027-01-01T00:00:00Z\n" }))
        .route("/s.css", get(|| async { ([(header::CONTENT_TYPE, "text/css")], ".faint { display: none }") }))
        .route("/feed", get(move || async move { ([(header::CONTENT_TYPE, "application/rss+xml")], feed) }))
        .route("/news/iso", get(|| async { Html("<h1>ISO 27001</h1><p>The certificate of our Kiel data centre was renewed.</p>") }))
        .route("/x/17", get(|| async { Html("<h1>Sub-processors</h1><p>Mail is sent by Brevo, Paris.</p>") }))
        .route("/sustainability", get(|| async { Html("<h1>Energy</h1><p>The PUE of our Kiel data centre was 1.18 in 2025.</p>") }))
}

#[tokio::test]
async fn every_way_in_which_a_site_shows_its_pages_is_used() {
    let mut world = World::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let address = format!("http://127.0.0.1:{port}");
    let reached = Arc::new(AtomicUsize::new(0));
    let count = reached.clone();
    let (inside, _) = serve(axum::Router::new().fallback(move || async move { count.fetch_add(1, Ordering::Relaxed).to_string() })).await;
    let site = many_ways(&address, &inside);
    tokio::spawn(async move { axum::serve(listener, site).await });
    world.ports.push(port);
    let report = world.run(&["check", &address, "--pause", "0", "--format", "json", "-q"]).await.done().json();
    let page = |path: &str| {
        let pages = report["pages"].as_array().expect("pages");
        pages.iter().find(|p| p["address"].as_str().is_some_and(|a| a.ends_with(path))).unwrap_or_else(|| panic!("{path} was not read"))
    };
    assert!(page("/sustainability")["reason"].as_str().is_some_and(|why| why.contains("the sitemap")), "a gzipped sitemap");
    assert!(page("/x/17")["reason"].as_str().is_some_and(|why| why.contains("llms.txt")), "{}", page("/x/17"));
    assert!(page("/security.txt")["reason"].as_str().is_some_and(|why| why.contains("well-known")));
    assert_eq!(page("/news/iso")["dated"], "2026-03-03", "the feed dates its page");
    let hidden = report["hidden"].to_string();
    assert!(hidden.contains("All keys are held by the customer alone") && hidden.contains("p.faint"), "{hidden}");
    assert!(!report["evidence"].to_string().contains("customer alone"), "what a style sheet hides is no evidence");
    assert_eq!(report["hosts"][0]["how"], "start address");
    assert_eq!(reached.load(Ordering::Relaxed), 0, "what a site says of addresses inside is not followed");
}

#[tokio::test]
async fn a_name_that_leads_inside_reaches_nothing() {
    let world = World::new();
    let reached = Arc::new(AtomicUsize::new(0));
    let count = reached.clone();
    let inside = axum::Router::new().fallback(move || async move {
        count.fetch_add(1, Ordering::Relaxed);
        TERMS
    });
    let (_, port) = serve(inside).await;
    let names = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let server = names.local_addr().expect("an address").to_string();
    tokio::spawn(answer(names, Ipv4Addr::LOCALHOST));
    let mut command = world.command(&["crawl", &format!("http://rebind.example.eu:{port}/"), "--pause", "0", "--format", "json"]);
    let output = command.env("SOVCHECK_TEST_NAME_SERVER", server).output().await.expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("127.0.0.1 is not a public address"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((output.status.code(), reached.load(Ordering::Relaxed)), (Some(4), 0));
}

/// Answers every question for an IPv4 address with `ip`, and every other one with nothing (RFC 1035, section 4).
async fn answer(socket: UdpSocket, ip: Ipv4Addr) {
    let mut question = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut question).await {
        let asked = &question[..length];
        let name_end = 12 + asked[12..].iter().position(|b| *b == 0).unwrap_or(0) + 1;
        let is_v4 = asked.get(name_end..name_end + 2) == Some(&[0, 1]);
        let mut reply = [&asked[..2], &[0x81, 0x80, 0, 1, 0, u8::from(is_v4), 0, 0, 0, 0], &asked[12..name_end + 4]].concat();
        if is_v4 {
            reply.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
            reply.extend_from_slice(&ip.octets());
        }
        let _sent = socket.send_to(&reply, from).await;
    }
}

#[tokio::test]
async fn an_archive_of_a_check_is_a_source_that_gives_the_same_answers() {
    let world = World::new();
    let answers = |report: &Value| -> Vec<Value> {
        report["factors"].as_array().expect("factors").iter().map(|f| serde_json::json!([f["id"], f["state"], f["option"]])).collect()
    };
    for name in ["check.warc", "check.warc.gz"] {
        let first = world.run(&["check", &nordhaven(), "--format", "json", "-q", "--warc", name]).await.done().json();
        let again = world.run(&["check", name, "--format", "json", "-q"]).await.done().json();
        assert_eq!(answers(&first), answers(&again), "{name}");
        assert_eq!(first["pages"].as_array().map(Vec::len), again["pages"].as_array().map(Vec::len), "{name}");
    }
    std::fs::write(world.dir.path().join("cut.warc"), "nothing of the kind").expect("a file");
    world.run(&["check", "cut.warc"]).await.failed(4, &["cut.warc"]);
    let whole = std::fs::read(world.dir.path().join("check.warc")).expect("a file");
    std::fs::write(world.dir.path().join("cut.warc"), &whole[..whole.len() - 100]).expect("a file");
    world.run(&["check", "cut.warc", "-q"]).await.failed(3, &[]);
}
