//! As a vendor's program I ask for a check over the API, follow it, read its result in every form, and delete it.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::service::Service;
use crate::site;
use crate::world::World;

/// A program that speaks to the API.
struct Program<'a>(&'a Service);

impl Program<'_> {
    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Response {
        self.0.send(method, path, headers, body.map(Value::to_string)).await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        self.send(Method::GET, path, headers, None).await
    }

    async fn create(&self, key: Option<&str>, body: &Value) -> Response {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        self.send(Method::POST, "/api/v1/checks", &headers, Some(body)).await
    }
}

async fn body(answer: Response, status: StatusCode) -> Value {
    let (found, address) = (answer.status(), answer.url().path().to_owned());
    let text = answer.text().await.expect("a body");
    assert_eq!(found, status, "{address}: {text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{address}: {error}: {text}"))
}

/// The answer is a problem document of this kind.
async fn problem(answer: Response, status: StatusCode, kind: &str) -> Value {
    assert_eq!(header(&answer, "content-type"), "application/problem+json", "{}", answer.url());
    let problem = body(answer, status).await;
    assert_eq!(problem["type"], format!("/api#{kind}"), "{problem}");
    assert_eq!(problem["status"], status.as_u16());
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()) && problem["detail"].is_string(), "{problem}");
    problem
}

fn header(answer: &Response, name: &str) -> String {
    answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned()).unwrap_or_default()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

#[tokio::test]
async fn the_whole_life_of_a_check() {
    for mut world in World::each().await {
        let (address, port) = site::nordhaven(site::Log::default()).await;
        world.ports.push(port);
        world.variables.push(("SOVCHECK_REQUESTS".to_owned(), "1000".to_owned()));
        let mut service = Service::serve(&world, &["--workers", "0"]).await;
        let mut worker = Service::worker(&world, &[]).await;
        let program = Program(&service);

        // Asked for twice with one key, it is one check; the key with something else is refused.
        let (key, new) = ("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", json!({ "service": "Nordhaven", "starts": [address] }));
        let answer = program.create(Some(key), &new).await;
        let location = header(&answer, "location");
        let created = body(answer, StatusCode::CREATED).await;
        assert_eq!(text(&created["links"], "self"), location);
        let again = body(program.create(Some(key), &new).await, StatusCode::CREATED).await;
        assert_eq!((&again["id"], &again["links"]), (&created["id"], &created["links"]));
        let other = program.create(Some(key), &json!({ "starts": [address], "areas": ["Japan"] })).await;
        let clash = problem(other, StatusCode::UNPROCESSABLE_ENTITY, "invalid").await;
        assert_eq!(clash["errors"][0]["field"], "Idempotency-Key");

        // It is followed to its end, from wherever the program was.
        let events = service.events(&location, 0, |name, _| name == "done").await;
        assert_eq!(events.iter().filter(|(_, name, _)| name == "factor").count(), 48);
        let half = events.len() as u64 / 2;
        let rest = service.events(&location, half, |name, _| name == "done").await;
        assert_eq!((rest[0].0, rest.len()), (half + 1, events.len() - rest[0].0 as usize + 1));
        let status = body(program.get(&location, &[]).await, StatusCode::OK).await;
        assert_eq!((text(&status, "state"), &status["factors_done"], &status["ahead"]), ("done", &json!(48), &json!(0)));
        let of = |name: &str| text(&status["links"], name).to_owned();

        // The result says which version it is, and is not sent again to who has it.
        let answer = program.get(&of("result"), &[]).await;
        let tag = header(&answer, "etag");
        let report = body(answer, StatusCode::OK).await;
        assert_eq!((text(&report, "check"), text(&report, "service")), (text(&status, "id"), "Nordhaven"));
        let known = program.get(&of("result"), &[("if-none-match", &format!("W/\"x\", {tag}"))]).await;
        assert_eq!((known.status(), header(&known, "etag")), (StatusCode::NOT_MODIFIED, tag));
        assert_eq!(program.get(&of("result"), &[("if-none-match", "\"other\"")]).await.status(), StatusCode::OK);
        for (form, media, says) in
            [("factors.csv", "text/csv", "SOV-1.1"), ("report.md", "text/markdown", "# Nordhaven"), ("report.html", "text/html", "SEAL-1")]
        {
            let answer = program.get(&format!("{location}/{form}"), &[]).await;
            assert!(header(&answer, "content-type").starts_with(media) && header(&answer, "etag").contains('-'));
            assert!(answer.text().await.expect("a body").contains(says), "{form} does not say {says}");
        }

        pages_are_read(&program, &location, &report).await;

        // The archive is a whole one: the program itself reads it, and finds in it what the site said.
        let archive = program.get(&of("warc"), &[]).await;
        assert_eq!(header(&archive, "content-type"), "application/warc");
        let bytes = archive.bytes().await.expect("an archive");
        let same = program.get(&of("warc"), &[]).await.bytes().await.expect("an archive");
        assert!(bytes == same, "the same check gives the same bytes");
        let path = world.dir.path().join("pages.warc.gz");
        std::fs::write(&path, &bytes).expect("a file");
        let read = world.run(&["check", &path.display().to_string(), "--format", "json"]).await;
        read.done();
        assert_eq!(read.json()["scorecard"]["seal"], report["scorecard"]["seal"]);

        // What is over cannot be ended; what is deleted is gone.
        problem(program.send(Method::POST, &format!("{location}/cancel"), &[], None).await, StatusCode::CONFLICT, "conflict").await;
        assert_eq!(program.send(Method::DELETE, &location, &[], None).await.status(), StatusCode::NO_CONTENT);
        problem(program.get(&location, &[]).await, StatusCode::NOT_FOUND, "not-found").await;
        for process in [&mut service, &mut worker] {
            assert!(process.end("-TERM").await.success(), "processes end in order");
        }
    }
}

/// The pages come in parts, each one once, and evidence stands where the report says.
async fn pages_are_read(program: &Program<'_>, location: &str, report: &Value) {
    let (mut found, mut next) = (Vec::new(), format!("{location}/pages?limit=7"));
    loop {
        let answer = program.get(&next, &[]).await;
        let link = header(&answer, "link");
        let part = body(answer, StatusCode::OK).await;
        let pages = part["pages"].as_array().expect("a list");
        assert!(pages.len() <= 7);
        found.extend(pages.clone());
        let Some(cursor) = part["next"].as_str() else { break };
        next = format!("{location}/pages?limit=7&cursor={cursor}");
        assert!(link.contains(&format!("cursor={cursor}")) && link.ends_with("rel=\"next\""), "{link}");
    }
    let numbers = |pages: &[Value]| pages.iter().map(|page| page["number"].clone()).collect::<Vec<_>>();
    assert_eq!(numbers(&found), numbers(report["pages"].as_array().expect("pages")));
    let evidence = &report["evidence"][0];
    let page = found.iter().find(|page| page["number"] == evidence["page"]).expect("the page of the evidence");
    let answer = program.get(text(page, "text"), &[]).await;
    let tag = header(&answer, "etag");
    let words = answer.text().await.expect("a text");
    let at = |place: usize| usize::try_from(evidence["range"][place].as_u64().expect("a number")).expect("a place");
    assert!(!words[at(0)..at(1)].trim().is_empty(), "{evidence}");
    assert_eq!(program.get(text(page, "text"), &[("if-none-match", &tag)]).await.status(), StatusCode::NOT_MODIFIED);
    problem(program.get(&format!("{location}/pages/9999"), &[]).await, StatusCode::NOT_FOUND, "not-found").await;
}

#[tokio::test]
async fn a_check_that_waits_has_no_result_and_can_be_ended() {
    for world in World::each().await {
        let service = Service::serve(&world, &["--workers", "0"]).await;
        let program = Program(&service);
        let new = json!({ "starts": ["https://docs.example.eu"], "language": "de" });
        let one = body(program.create(None, &new).await, StatusCode::CREATED).await;
        let two = body(program.create(None, &new).await, StatusCode::CREATED).await;
        assert_ne!(one["id"], two["id"], "without a key each request is a new one");
        assert_eq!((text(&two, "state"), &two["ahead"]), ("queued", &json!(1)));
        let own = text(&two["links"], "self").to_owned();
        for form in ["result", "factors.csv", "report.md", "report.html", "pages.warc.gz"] {
            problem(program.get(&format!("{own}/{form}"), &[]).await, StatusCode::CONFLICT, "conflict").await;
        }
        let pages = body(program.get(&format!("{own}/pages"), &[]).await, StatusCode::OK).await;
        assert_eq!(pages, json!({ "pages": [], "next": null }));
        let ended = program.send(Method::POST, &format!("{own}/cancel"), &[], None).await;
        assert_eq!(text(&body(ended, StatusCode::ACCEPTED).await, "state"), "cancelled");
        assert_eq!(service.over(&own).await, "cancelled");
    }
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_with_the_fields_name() {
    let world = World::new();
    let service = Service::serve(&world, &["--workers", "0"]).await;
    let program = Program(&service);
    for (new, field) in [
        (json!({ "starts": ["https://a.eu"], "colour": "red" }), "colour"),
        (json!({ "service": "A" }), "starts"),
        (json!({ "starts": [] }), "starts"),
        (json!({ "starts": ["http://127.0.0.1/"] }), "starts"),
        (json!({ "starts": ["https://a.eu"], "areas": ["atlantis"] }), "areas"),
        (json!({ "starts": ["https://a.eu"], "frameworks": ["../etc"] }), "frameworks"),
        (json!({ "starts": ["https://a.eu"], "service": "a".repeat(121) }), "service"),
    ] {
        let found = problem(program.create(None, &new).await, StatusCode::UNPROCESSABLE_ENTITY, "invalid").await;
        assert_eq!(found["errors"][0]["field"], field, "{found}");
    }
    let fine = json!({ "starts": ["https://a.eu"] });
    let wrong = problem(program.create(Some("1"), &fine).await, StatusCode::BAD_REQUEST, "invalid").await;
    assert_eq!(wrong["errors"][0]["field"], "Idempotency-Key");
    let json = [("content-type", "application/json")];
    let broken = service.send(Method::POST, "/api/v1/checks", &json, Some("{".to_owned())).await;
    problem(broken, StatusCode::BAD_REQUEST, "unreadable").await;
    problem(program.send(Method::POST, "/api/v1/checks", &[], Some(&fine)).await, StatusCode::UNSUPPORTED_MEDIA_TYPE, "unreadable").await;
    let own = text(&body(program.create(None, &fine).await, StatusCode::CREATED).await["links"], "self").to_owned();
    for (query, status, field) in [
        ("cursor=7", StatusCode::UNPROCESSABLE_ENTITY, "cursor"),
        ("limit=0", StatusCode::UNPROCESSABLE_ENTITY, "limit"),
        ("page=2", StatusCode::BAD_REQUEST, "page"),
    ] {
        let found = problem(program.get(&format!("{own}/pages?{query}"), &[]).await, status, "invalid").await;
        assert_eq!(found["errors"][0]["field"], field, "{found}");
    }
}

#[tokio::test]
async fn limits_are_said_and_kept() {
    for mut world in World::each().await {
        let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        world.variables = vec![set("SOVCHECK_PER_CLIENT", "1"), set("SOVCHECK_REQUESTS", "40")];
        let service = Service::serve(&world, &["--workers", "0"]).await;
        let program = Program(&service);
        let first = program.create(None, &json!({ "starts": ["https://a.eu"] })).await;
        assert_eq!((first.status(), header(&first, "ratelimit-policy").as_str()), (StatusCode::CREATED, "\"requests\";q=40;w=60"));
        let full = program.create(None, &json!({ "starts": ["https://b.eu"] })).await;
        assert!(header(&full, "retry-after").parse::<u64>().is_ok_and(|wait| wait > 60));
        problem(full, StatusCode::TOO_MANY_REQUESTS, "busy").await;
        // Twice the limit is over it, wherever in the minute this began.
        let mut over = None;
        for _ in 0..80 {
            let answer = program.get("/api/v1/openapi.json", &[]).await;
            if answer.status() != StatusCode::OK {
                over = Some(answer);
                break;
            }
        }
        let over = over.expect("a limit");
        assert!(header(&over, "retry-after").parse::<u64>().is_ok_and(|wait| (1..=60).contains(&wait)));
        assert!(header(&over, "ratelimit").starts_with("\"requests\";r=0;t="));
        problem(over, StatusCode::TOO_MANY_REQUESTS, "busy").await;
        assert_eq!(service.get("/").await.status(), StatusCode::OK, "pages are not counted");
    }
}

#[tokio::test]
async fn every_path_of_the_document_is_answered_and_shown() {
    let world = World::new();
    let service = Service::serve(&world, &["--workers", "0"]).await;
    let program = Program(&service);
    let document = body(program.get("/api/v1/openapi.json", &[]).await, StatusCode::OK).await;
    assert!(text(&document, "openapi").starts_with("3.1"));
    let page = service.text("/api").await;
    assert!(!page.contains("src=\"http") && !page.contains("href=\"http"), "nothing is loaded from elsewhere");
    let own = body(program.create(None, &json!({ "starts": ["https://a.eu"] })).await, StatusCode::CREATED).await;
    let link = text(&own["links"], "self").rsplit('/').next().expect("a link").to_owned();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            operations.push((path.as_str(), method.to_ascii_uppercase()));
            assert!(page.contains(&format!("{} {path}", method.to_ascii_uppercase())), "{method} {path} is not on the page");
            assert!(operation["summary"].is_string() && operation["operationId"].is_string(), "{method} {path}");
        }
    }
    let expected = [
        ("/checks", "POST"),
        ("/checks/{link}", "DELETE"),
        ("/checks/{link}", "GET"),
        ("/checks/{link}/cancel", "POST"),
        ("/checks/{link}/events", "GET"),
        ("/checks/{link}/factors.csv", "GET"),
        ("/checks/{link}/pages", "GET"),
        ("/checks/{link}/pages.warc.gz", "GET"),
        ("/checks/{link}/pages/{number}", "GET"),
        ("/checks/{link}/report.html", "GET"),
        ("/checks/{link}/report.md", "GET"),
        ("/checks/{link}/result", "GET"),
        ("/openapi.json", "GET"),
    ];
    let mut named: Vec<(&str, &str)> = operations.iter().map(|(path, method)| (*path, method.as_str())).collect();
    named.sort_unstable();
    assert_eq!(named, expected);
    // A link that opens nothing and a route that is not there both say so; what is there never says "not with this method".
    for (path, method) in named {
        let method: Method = method.parse().expect("a method");
        let filled = |link: &str| format!("/api/v1{}", path.replace("{link}", link).replace("{number}", "1"));
        if path.contains("{link}") {
            problem(program.send(method, &filled("AAAAAAAAAAAAAAAAAAAAAA"), &[], None).await, StatusCode::NOT_FOUND, "not-found").await;
        } else {
            let status = program.send(method, &filled(&link), &[], None).await.status();
            assert!(!matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED), "{path}: {status}");
        }
        problem(program.send(Method::PATCH, &filled(&link), &[], None).await, StatusCode::METHOD_NOT_ALLOWED, "unreadable").await;
    }
    problem(program.get("/api/v1/nothing", &[]).await, StatusCode::NOT_FOUND, "not-found").await;
}
