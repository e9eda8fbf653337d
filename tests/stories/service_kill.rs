//! As an operator I lose a worker at any moment, by kill -9 or by a machine that sleeps: another goes on, and every check
//! ends right, exactly once, with nothing read, asked or stored twice.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::response::Html;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::door::Door;
use crate::service::Service;
use crate::world::{World, serve};

const PAGES: usize = 12;

/// The vendor's site and the model, each with its door and a count of what was asked.
#[derive(Clone)]
struct Outside {
    site: Arc<Door>,
    model: Arc<Door>,
    pages: Arc<Mutex<BTreeMap<usize, usize>>>,
    factors: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Outside {
    fn new(site_closes: Option<usize>, model_closes: Option<usize>) -> Self {
        let door = |number| Arc::new(Door::closing_at(number));
        Self { site: door(site_closes), model: door(model_closes), pages: Arc::default(), factors: Arc::default() }
    }

    /// Serves both on one port.
    async fn serve(&self) -> (String, u16) {
        let reply = |State(outside): State<Self>, Json(body): Json<Value>| async move { outside.reply(&body).await };
        let router = Router::new()
            .route("/", get(|State(outside): State<Self>| async move { outside.page(0).await }))
            .route("/p/{n}", get(|State(outside): State<Self>, Path(n): Path<usize>| async move { outside.page(n).await }))
            .route("/v1/chat/completions", post(reply))
            .with_state(self.clone());
        serve(router).await
    }

    async fn page(&self, n: usize) -> Html<String> {
        *self.pages.lock().expect("no panic").entry(n).or_default() += 1;
        self.site.pass().await;
        let links: String = (1..PAGES).map(|i| format!("<a href='/p/{i}'>Terms part {i}</a> ")).collect();
        Html(format!(
            "<title>Part {n}</title><h1>Terms, part {n}</h1><p>This agreement is governed by German law; part {n}.</p>\
             <p>Customer data is stored in Germany; part {n}.</p>{links}"
        ))
    }

    async fn reply(&self, body: &Value) -> Json<Value> {
        let prompt = body["messages"][0]["content"].as_str().expect("text");
        let factor = prompt.split("Factor ").nth(1).and_then(|rest| rest.split(':').next()).unwrap_or("").to_owned();
        // What to read is asked first, where there is more than can be read.
        let (key, content) = if prompt.starts_with("You choose") {
            (choice(&factor), r#"{"passages":[1,2,3]}"#)
        } else {
            (factor, r#"{"state":"not_found","option":null,"quotes":[],"justification":"nothing"}"#)
        };
        *self.factors.lock().expect("no panic").entry(key).or_default() += 1;
        self.model.pass().await;
        Json(json!({
            "id": "x", "object": "chat.completion", "created": 0, "model": "m",
            "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": content } }],
            "usage": { "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100 },
        }))
    }

    fn open(&self) {
        self.site.open();
        self.model.open();
    }
}

/// The key by which the question of what to read for a factor is counted.
fn choice(factor: &str) -> String {
    format!("{factor}, what to read")
}

fn prepare(world: &mut World, address: &str, port: u16) {
    world.ports.push(port);
    for (name, value) in [
        ("SOVCHECK_MODEL_URL", format!("{address}/v1").as_str()),
        ("SOVCHECK_MODEL", "reader-1"),
        ("SOVCHECK_MODEL_AT_ONCE", "1"),
        ("SOVCHECK_LEASE", "2"),
        ("SOVCHECK_WORKERS", "1"),
    ] {
        world.variables.push((name.to_owned(), value.to_owned()));
    }
}

/// The stored result without ids and times.
async fn result(world: &World) -> Value {
    let rows = world.rows("SELECT doc FROM reports").await;
    assert_eq!(rows.len(), 1, "one result");
    let mut report: Value = serde_json::from_str(&rows[0]).expect("JSON");
    for field in ["check", "started"] {
        report[field] = Value::Null;
    }
    for page in report["pages"].as_array_mut().expect("pages") {
        page["read"] = Value::Null;
    }
    report
}

/// A failing write, as deep in the end of a check as it goes: the transaction that would store its result.
async fn spoil_the_end(world: &World, spoilt: bool) {
    let sqlite = world.database.starts_with("sqlite:");
    let statements: &[&str] = match (sqlite, spoilt) {
        (true, true) => &["CREATE TRIGGER spoilt BEFORE INSERT ON reports BEGIN SELECT RAISE(ABORT, 'spoilt'); END"],
        (true, false) => &["DROP TRIGGER spoilt"],
        (false, true) => &[
            "CREATE FUNCTION spoil() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'spoilt'; END $$ LANGUAGE plpgsql",
            "CREATE TRIGGER spoilt BEFORE INSERT ON reports FOR EACH ROW EXECUTE FUNCTION spoil()",
        ],
        (false, false) => &["DROP TRIGGER spoilt ON reports"],
    };
    for statement in statements {
        world.rows(statement).await;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Crawl,
    FirstFactor,
    MiddleFactor,
    End,
}

/// What one check does without a disturbance.
async fn undisturbed() -> (Value, u16) {
    let outside = Outside::new(None, None);
    let (address, port) = outside.serve().await;
    let mut world = World::new();
    prepare(&mut world, &address, port);
    let service = Service::serve(&world, &[]).await;
    let check = service.asked(&address).await;
    assert_eq!(service.over(&check).await, "done");
    assert!(outside.factors.lock().expect("no panic").values().all(|n| *n == 1));
    (result(&world).await, port)
}

async fn disturbed(mut world: World, moment: Moment, signal: &str) {
    let (site, model) = match moment {
        Moment::Crawl => (Some(6), None),
        Moment::FirstFactor => (None, Some(1)),
        Moment::MiddleFactor => (None, Some(20)),
        Moment::End => (None, None),
    };
    let outside = Outside::new(site, model);
    let (address, port) = outside.serve().await;
    prepare(&mut world, &address, port);
    let web = Service::serve(&world, &["--workers", "0"]).await;
    let check = web.asked(&address).await;
    if moment == Moment::End {
        spoil_the_end(&world, true).await;
    }
    let mut first = Service::worker(&world, &[]).await;
    match moment {
        Moment::Crawl => {
            outside.site.reached().await;
            drop(web.events(&check, 0, |name, _| name == "page").await);
        }
        Moment::FirstFactor | Moment::MiddleFactor => outside.model.reached().await,
        // The last answer's event is stored in the step before the end.
        Moment::End => drop(web.events(&check, 0, |name, data| name == "factor" && data["done"] == data["of"]).await),
    }
    if signal == "-STOP" {
        // On SQLite a process that stands still in the middle of a write holds up the whole file, and everybody waits for it.
        loop {
            first.signal(signal);
            if world.can_be_written().await {
                break;
            }
            first.signal("-CONT");
        }
    } else {
        first.end(signal).await;
    }
    // What the first has left is what the second must not do again.
    let stored = world.rows("SELECT address FROM pages").await;
    let answered = world.rows("SELECT factor FROM answers").await;
    assert_eq!((stored.is_empty(), answered.is_empty()), (false, matches!(moment, Moment::Crawl | Moment::FirstFactor)));
    if moment == Moment::End {
        spoil_the_end(&world, false).await;
    }
    outside.open();
    let mut second = Service::worker(&world, &[]).await;
    assert_eq!(web.over(&check).await, "done", "{moment:?} {signal}");
    if signal == "-STOP" {
        // The sleeper wakes up with a check that is over, and has nothing to add.
        let before = world.rows("SELECT CAST(COUNT(*) AS TEXT) FROM check_events").await;
        first.signal("-CONT");
        first.end("-TERM").await;
        assert_eq!(world.rows("SELECT CAST(COUNT(*) AS TEXT) FROM check_events").await, before);
    }
    second.end("-TERM").await;

    let events = web.events(&check, 0, |name, _| name == "done").await;
    let count = |wanted: &str| events.iter().filter(|(_, name, _)| name == wanted).count();
    assert_eq!((count("queued"), count("done"), count("failed")), (1, 1, 0), "{moment:?} {signal}");
    let resumed = events.iter().filter(|(_, name, data)| name == "started" && !data["resumed"].is_null()).count();
    assert_eq!(resumed, 1, "{moment:?} {signal}: the second worker goes on");

    {
        let (pages, factors) = (outside.pages.lock().expect("no panic"), outside.factors.lock().expect("no panic"));
        let answers = factors.keys().filter(|key| !key.ends_with(", what to read")).count();
        assert_eq!((pages.len(), answers), (PAGES, 48), "{moment:?} {signal}");
        for address in &stored {
            let n = address.rsplit('/').next().and_then(|n| n.parse().ok()).unwrap_or(0);
            assert_eq!(pages[&n], 1, "{moment:?} {signal}: {address} was read again");
        }
        for factor in &answered {
            assert_eq!(factors[factor], 1, "{moment:?} {signal}: {factor} was asked about again");
            assert!(factors.get(&choice(factor)).is_none_or(|n| *n == 1), "{moment:?} {signal}: what to read for {factor} was asked again");
        }
    }
    for (sql, expected) in [
        ("SELECT CAST(COUNT(*) AS TEXT) FROM pages", PAGES.to_string()),
        ("SELECT CAST(COUNT(DISTINCT address) AS TEXT) FROM pages", PAGES.to_string()),
        ("SELECT CAST(COUNT(*) AS TEXT) FROM answers", "48".to_owned()),
        ("SELECT CAST(COUNT(*) AS TEXT) FROM checks", "1".to_owned()),
        ("SELECT CAST(COUNT(*) AS TEXT) FROM slots", "0".to_owned()),
    ] {
        assert_eq!(world.rows(sql).await, [expected], "{moment:?} {signal}: {sql}");
    }
    // The site stands at another port for each run.
    let (expected, own) = undisturbed().await;
    let found = result(&world).await.to_string().replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{own}"));
    same(&serde_json::from_str(&found).expect("JSON"), &expected, &format!("{moment:?} {signal}"));
}

/// Two documents are the same; if not, the first place where they differ is said.
fn same(found: &Value, expected: &Value, place: &str) {
    match (found, expected) {
        (Value::Object(one), Value::Object(other)) if one.len() == other.len() => {
            one.iter().for_each(|(key, value)| same(value, &expected[key], &format!("{place}.{key}")));
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).enumerate().for_each(|(i, (one, other))| same(one, other, &format!("{place}[{i}]")));
        }
        _ => assert_eq!(found, expected, "{place}"),
    }
}

#[tokio::test]
async fn a_worker_is_killed_while_it_reads() {
    for world in World::each().await {
        disturbed(world, Moment::Crawl, "-KILL").await;
    }
}

#[tokio::test]
async fn a_worker_is_killed_before_its_first_answer() {
    for world in World::each().await {
        disturbed(world, Moment::FirstFactor, "-KILL").await;
    }
}

#[tokio::test]
async fn a_worker_is_killed_between_two_answers() {
    for world in World::each().await {
        disturbed(world, Moment::MiddleFactor, "-KILL").await;
    }
}

#[tokio::test]
async fn a_worker_is_killed_before_the_result_is_stored() {
    for world in World::each().await {
        disturbed(world, Moment::End, "-KILL").await;
    }
}

#[tokio::test]
async fn a_worker_that_slept_finds_its_check_gone_and_writes_nothing() {
    for world in World::each().await {
        disturbed(world, Moment::MiddleFactor, "-STOP").await;
    }
}

#[tokio::test]
async fn a_worker_that_stops_in_order_hands_its_check_back_at_once() {
    for mut world in World::each().await {
        let outside = Outside::new(None, Some(20));
        let (address, port) = outside.serve().await;
        prepare(&mut world, &address, port);
        // Nobody waits for this lease to end.
        world.variables.push(("SOVCHECK_LEASE".to_owned(), "3600".to_owned()));
        let web = Service::serve(&world, &["--workers", "0"]).await;
        let check = web.asked(&address).await;
        let mut first = Service::worker(&world, &[]).await;
        outside.model.reached().await;
        assert_eq!(first.end("-TERM").await.code(), Some(0));
        outside.open();
        let _second = Service::worker(&world, &[]).await;
        assert_eq!(web.over(&check).await, "done");
        let events = web.events(&check, 0, |name, _| name == "done").await;
        assert_eq!(events.iter().filter(|(_, name, _)| name == "handed-back").count(), 1);
        assert_eq!(world.rows("SELECT CAST(attempts AS TEXT) FROM check_requests").await, ["1"], "being handed back counts for nothing");
    }
}

#[tokio::test]
async fn a_visitor_ends_a_check_that_another_process_works_on() {
    for mut world in World::each().await {
        let outside = Outside::new(Some(4), None);
        let (address, port) = outside.serve().await;
        prepare(&mut world, &address, port);
        let web = Service::serve(&world, &["--workers", "0"]).await;
        let check = web.asked(&address).await;
        let _worker = Service::worker(&world, &[]).await;
        outside.site.reached().await;
        assert_eq!(web.post(&format!("{check}/cancel"), &[]).await.status(), 303);
        assert_eq!(web.over(&check).await, "cancelled");
        assert!(web.text(&check).await.contains("You have ended this check"));
        assert_eq!(world.rows("SELECT CAST(COUNT(*) AS TEXT) FROM slots").await, ["0"], "its host is free again");
    }
}
