//! As an operator with a model endpoint I get its reading through the same door: what it invents, breaks or overspends
//! never becomes an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::world::{Ran, World, evidence, factor};

/// Answers each prompt by a function of its text.
struct Desk<F>(F, Arc<AtomicUsize>);

impl<F: Fn(&str, usize) -> ResponseTemplate + Send + Sync> Respond for Desk<F> {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON is sent");
        assert_eq!(body["response_format"]["type"], "json_schema");
        let turns = body["messages"].as_array().expect("messages");
        self.1.fetch_add(1, Ordering::SeqCst);
        (self.0)(turns[0]["content"].as_str().expect("text"), turns.len())
    }
}

fn said(content: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "id": "x", "object": "chat.completion", "created": 0, "model": "m",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": content }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100 },
    }))
}

fn not_found() -> ResponseTemplate {
    said(r#"{"state":"not_found","option":null,"quotes":[],"justification":"nothing"}"#)
}

/// A service of two pages; only one factor of the framework is of interest to these stories.
fn documentation(world: &World) -> String {
    let docs = world.dir.path().join("docs");
    std::fs::create_dir_all(&docs).expect("a folder");
    std::fs::write(
        docs.join("terms.md"),
        "# Terms of service\n\nDisputes go before the courts of Kiel, and the law of Germany applies to this agreement.\n",
    )
    .expect("writes");
    std::fs::write(docs.join("security.md"), "# Security\n\nWe do not hold a copy of customer keys.\n").expect("writes");
    "docs".to_owned()
}

/// Runs a check against a desk and returns what happened with the number of requests.
async fn check(desk: impl Fn(&str, usize) -> ResponseTemplate + Send + Sync + 'static, more: &[&str]) -> (Ran, usize) {
    let world = World::new();
    let docs = documentation(&world);
    let server = MockServer::start().await;
    let calls = Arc::new(AtomicUsize::new(0));
    Mock::given(method("POST")).and(path("/v1/chat/completions")).respond_with(Desk(desk, calls.clone())).mount(&server).await;
    let url = format!("{}/v1", server.uri());
    let mut args = vec!["check", &docs, "--format", "json", "-q", "--model-url", &url, "--model", "reader-1"];
    args.extend(more);
    // Most stories count the questions about factors; those on the second look ask for it.
    if !more.contains(&"--support") {
        args.extend(["--support", "off"]);
    }
    let ran = world.run(&args).await;
    (ran, calls.load(Ordering::SeqCst))
}

/// A desk that answers one factor with `content` and finds nothing elsewhere.
fn on(
    id: &'static str,
    content: impl Fn(&str, usize) -> String + Send + Sync + 'static,
) -> impl Fn(&str, usize) -> ResponseTemplate + Send + Sync {
    move |prompt: &str, turns: usize| {
        if prompt.contains(&format!("Factor {id}:")) { said(&content(prompt, turns)) } else { not_found() }
    }
}

/// The id of the passage that holds `words`.
fn passage(prompt: &str, words: &str) -> String {
    let before = &prompt[..prompt.find(words).unwrap_or_else(|| panic!("`{words}` was not shown in: {prompt}"))];
    let open = before.rfind("\n[").expect("a passage") + 2;
    before[open..].split(']').next().expect("an id").to_owned()
}

fn answer(option: u8, passage: &str, quote: &str) -> String {
    json!({ "state": "answered", "option": option, "quotes": [{ "passage": passage, "text": quote, "shows": option }], "justification": "These words decide." }).to_string()
}

const LAW: &str = "the law of Germany applies to this agreement";

#[tokio::test]
async fn a_good_reply_becomes_an_answer_with_the_pages_own_words_and_its_cost() {
    let whole = "Disputes go before the courts of Kiel, and the law of Germany applies to this agreement.";
    let (ran, calls) = check(on("SOV-2.1", move |p, _| answer(3, &passage(p, LAW), whole)), &["--model-price", "1,10"]).await;
    let report = ran.done().json();
    assert_eq!(calls, 48);
    let f = factor(&report, "SOV-2.1");
    assert_eq!((f["state"].as_str(), f["option"].as_u64()), (Some("answered"), Some(3)));
    let e = evidence(&report, "SOV-2.1");
    assert!(e.iter().any(|e| e["origin"]["by"] == "model" && e["origin"]["name"] == "reader-1" && e["quote"] == whole), "{e:?}");
    assert_eq!(report["extraction"]["extractor"], "model");
    assert_eq!(report["extraction"]["usage"]["tokens_in"], 48_000);
    assert!(report["extraction"]["cost"].as_f64().is_some_and(|c| (c - 0.096).abs() < 1e-9), "{}", report["extraction"]["cost"]);
    assert!(report["extraction"]["prompt"].as_str().is_some_and(|p| p.len() == 64));
}

#[tokio::test]
async fn an_invented_quote_is_refuted_and_counted_and_the_factor_stays_not_found() {
    for (what, quote) in [
        ("invented", "All customer keys are held by the customer alone.".to_owned()),
        ("negation dropped", "hold a copy of customer keys".to_owned()),
        ("shortened", "Disputes go before … this agreement.".to_owned()),
    ] {
        let (ran, _) = check(on("SOV-3.1", move |p, _| answer(5, &passage(p, "customer keys"), &quote)), &[]).await;
        let report = ran.done().json();
        let f = factor(&report, "SOV-3.1");
        assert_eq!((f["state"].as_str(), f["receipt"]["refuted"].as_u64()), (Some("not-found"), Some(1)), "{what}: {f}");
        assert!(evidence(&report, "SOV-3.1").is_empty(), "{what}");
    }
    let (ran, _) = check(on("SOV-3.1", |_, _| answer(5, "p99.9", "We do not hold a copy of customer keys.")), &[]).await;
    assert_eq!(factor(&ran.done().json(), "SOV-3.1")["state"], "not-found", "a quote from a passage that was not shown");
}

#[tokio::test]
async fn a_reply_that_breaks_the_form_is_asked_for_once_more_and_then_recorded_as_failed() {
    let broken: &[(&str, &str)] = &[
        ("prose", "The applicable law is German law."),
        ("truncated JSON", r#"{"state":"answered","option":3,"quotes":[{"pass"#),
        (
            "an option that does not exist",
            r#"{"state":"answered","option":9,"quotes":[{"passage":"p1.0","text":"x","shows":3}],"justification":"x"}"#,
        ),
        ("an unknown field", r#"{"state":"not_found","option":null,"quotes":[],"justification":"x","sure":true}"#),
        ("an answer without a quote", r#"{"state":"answered","option":3,"quotes":[],"justification":"x"}"#),
        ("nothing", ""),
    ];
    for (what, content) in broken {
        let (ran, calls) = check(on("SOV-2.1", move |_, _| (*content).to_owned()), &[]).await;
        assert_eq!((ran.code, calls), (Some(3), 49), "{what}: {}", ran.err);
        let report = ran.json();
        let f = factor(&report, "SOV-2.1");
        assert_eq!((f["state"].as_str(), f["option"].is_null()), (Some("failed"), true), "{what}");
        assert!(report["gaps"].to_string().contains("SOV-2.1"), "{what}: {}", report["gaps"]);

        let mended = on("SOV-2.1", move |p, turns| {
            if turns == 1 {
                (*content).to_owned()
            } else {
                answer(3, &passage(p, LAW), "Disputes go before the courts of Kiel, and the law of Germany applies to this agreement.")
            }
        });
        let (ran, calls) = check(mended, &[]).await;
        assert_eq!(calls, 49, "{what}");
        assert_eq!(factor(&ran.done().json(), "SOV-2.1")["option"], 3, "{what}: mended at the second asking");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_none_ends_in_gaps_and_says_why() {
    for (what, reply, says) in [
        ("a web page", ResponseTemplate::new(200).set_body_string("<html><body>Welcome</body></html>"), "did not answer in the form"),
        ("a refusal", ResponseTemplate::new(401).set_body_json(json!({ "error": { "message": "bad key", "code": 401 } })), "bad key"),
        (
            "a model that is not there",
            ResponseTemplate::new(404).set_body_json(json!({ "error": { "message": "no such model", "type": "x" } })),
            "no such model",
        ),
    ] {
        let (ran, calls) = check(move |_, _| reply.clone(), &["--model-at-once", "1"]).await;
        assert_eq!(ran.code, Some(3), "{what}: {}", ran.err);
        assert_eq!(calls, 3, "{what}: an endpoint that fails is not asked for every factor");
        let report = ran.json();
        assert!(report["gaps"].to_string().contains(says), "{what}: {}", report["gaps"]);
        assert_eq!(report["scorecard"]["coverage"]["answered"], 0, "{what}");
    }
}

#[tokio::test]
async fn a_busy_endpoint_is_asked_again() {
    let refused = Arc::new(AtomicUsize::new(0));
    let counter = refused.clone();
    let desk = move |prompt: &str, _| {
        if prompt.contains("Factor SOV-2.1:") && counter.fetch_add(1, Ordering::SeqCst) < 2 {
            ResponseTemplate::new(429).insert_header("retry-after", "0")
        } else {
            not_found()
        }
    };
    let (ran, calls) = check(desk, &[]).await;
    ran.done();
    assert_eq!((calls, refused.load(Ordering::SeqCst)), (50, 3));
}

#[tokio::test]
async fn a_slow_answer_is_given_up_and_said() {
    let desk =
        |prompt: &str, _| if prompt.contains("Factor SOV-2.1:") { not_found().set_delay(Duration::from_secs(60)) } else { not_found() };
    let (ran, _) = check(desk, &["--model-timeout", "2"]).await;
    assert_eq!(ran.code, Some(3));
    let report = ran.json();
    assert!(factor(&report, "SOV-2.1")["justification"].as_str().is_some_and(|j| j.contains("no answer within 2 s")));
}

#[tokio::test]
async fn the_token_budget_stops_cleanly_and_says_so() {
    let (ran, calls) = check(|_, _| not_found(), &["--token-budget", "14000", "--model-at-once", "1"]).await;
    assert_eq!(ran.code, Some(3));
    assert!((5..14).contains(&calls), "{calls} calls");
    let report = ran.json();
    assert!(report["gaps"].to_string().contains("token budget was spent"), "{}", report["gaps"]);
    let spent = report["extraction"]["usage"]["tokens_in"].as_u64().expect("a number")
        + report["extraction"]["usage"]["tokens_out"].as_u64().expect("a number");
    assert!(spent <= 14_000, "{spent}");
}

#[tokio::test]
async fn a_contradiction_is_shown_with_both_quotes() {
    let reply = |p: &str, _| {
        let id = passage(p, LAW);
        json!({ "state": "contradicted", "option": null, "justification": "x", "quotes": [
            { "passage": id, "text": "Disputes go before the courts of Kiel, and the law of Germany applies to this agreement.", "shows": 3 },
            { "passage": passage(p, "Terms of service"), "text": "Disputes go before the courts of Kiel", "shows": 1 },
        ]}).to_string()
    };
    let (ran, _) = check(on("SOV-2.2", reply), &[]).await;
    let report = ran.done().json();
    let f = factor(&report, "SOV-2.2");
    assert_eq!(f["state"], "contradicted", "{f}");
    assert_eq!(evidence(&report, "SOV-2.2").len(), 2);
}

const WHOLE: &str = "Disputes go before the courts of Kiel, and the law of Germany applies to this agreement.";

#[tokio::test]
async fn a_second_look_takes_away_what_does_not_support_and_counts_it() {
    for (verdict, state, unsupported) in [("full", "answered", 0), ("partial", "answered", 0), ("none", "not-found", 1)] {
        let desk = move |prompt: &str, _| {
            if !prompt.contains("Factor SOV-2.2:") {
                not_found()
            } else if prompt.starts_with("You check quotes") {
                assert!(prompt.contains(WHOLE) && prompt.contains("is quoted for option 3"), "{prompt}");
                assert!(!prompt.contains("These words decide"), "the second look must not see the first answer's reasons");
                said(&json!({ "verdicts": [{ "quote": 1, "support": verdict, "why": "read by itself" }] }).to_string())
            } else {
                said(&answer(3, &passage(prompt, LAW), WHOLE))
            }
        };
        let (ran, calls) = check(desk, &["--support", "model"]).await;
        let report = ran.done().json();
        assert_eq!(calls, 49, "{verdict}");
        let f = factor(&report, "SOV-2.2");
        assert_eq!((f["state"].as_str(), f["receipt"]["unsupported"].as_u64()), (Some(state), Some(unsupported)), "{verdict}: {f}");
        if state == "answered" {
            assert_eq!(evidence(&report, "SOV-2.2")[0]["support"], verdict);
        }
    }
}

#[tokio::test]
async fn a_reply_that_quotes_the_example_of_the_prompt_is_refuted_and_counted() {
    let example = "The lighthouse at Exemplar Point is repainted by the harbour office every spring.";
    let desk = on("SOV-3.1", move |p, _| {
        assert!(p.contains(example), "the example stands in the prompt");
        answer(5, &passage(p, "customer keys"), example)
    });
    let (ran, _) = check(desk, &[]).await;
    let report = ran.done().json();
    assert_eq!(factor(&report, "SOV-3.1")["receipt"]["refuted"], 1);
    assert_ne!(factor(&report, "SOV-3.1")["option"], 5);
}

#[tokio::test]
async fn replies_are_recorded_and_replayed_without_a_model_and_another_question_is_not_answered_from_them() {
    let world = World::new();
    let docs = documentation(&world);
    let server = MockServer::start().await;
    let calls = Arc::new(AtomicUsize::new(0));
    let desk = on("SOV-2.1", move |p, _| answer(3, &passage(p, LAW), WHOLE));
    Mock::given(method("POST")).and(path("/v1/chat/completions")).respond_with(Desk(desk, calls.clone())).mount(&server).await;
    let url = format!("{}/v1", server.uri());
    let common = ["check", docs.as_str(), "--fresh", "--format", "json", "-q", "--support", "off"];
    let recorded = world.run(&[&common[..], &["--model-url", &url, "--model", "reader-1", "--record", "replies.jsonl"]].concat()).await;
    let asked = calls.load(Ordering::SeqCst);
    let replayed = world.run(&[&common[..], &["--replay", "replies.jsonl"]].concat()).await;
    assert_eq!(calls.load(Ordering::SeqCst), asked, "nobody was asked");
    let (recorded, replayed) = (recorded.done().json(), replayed.done().json());
    assert_eq!(recorded["factors"], replayed["factors"]);
    assert_eq!(recorded["evidence"], replayed["evidence"]);
    assert_eq!(recorded["extraction"]["model"], replayed["extraction"]["model"]);

    // A page more, and the passages are others: the recording does not answer what was never asked.
    std::fs::write(world.dir.path().join(&docs).join("law.md"), "# Law\n\nThe governing law of the contract is German law.\n")
        .expect("writes");
    let changed = world.run(&[&common[..], &["--replay", "replies.jsonl"]].concat()).await;
    assert_eq!(changed.code, Some(3), "{}", changed.err);
    assert!(changed.json()["gaps"].to_string().contains("the recording holds no reply"), "{}", changed.out);
}

#[tokio::test]
async fn another_sample_is_asked_where_it_pays_and_disagreement_costs_confidence() {
    let mut sure = Vec::new();
    for agrees in [true, false] {
        let asked = Arc::new(AtomicUsize::new(0));
        let desk = on("SOV-2.2", move |p, _| {
            let first = asked.fetch_add(1, Ordering::SeqCst) == 0;
            answer(if first || agrees { 3 } else { 2 }, &passage(p, LAW), WHOLE)
        });
        let (ran, calls) = check(desk, &["--samples", "3"]).await;
        let report = ran.done().json();
        assert_eq!(calls, 49, "one answer of the model, so one more sample");
        let f = factor(&report, "SOV-2.2");
        assert_eq!(f["receipt"]["samples"], 2);
        sure.push(f["confidence"].as_f64().unwrap_or(0.0));
    }
    let (single, _) = check(on("SOV-2.2", |p, _| answer(3, &passage(p, LAW), WHOLE)), &[]).await;
    let single = factor(&single.done().json(), "SOV-2.2")["confidence"].as_f64().expect("an answer");
    assert!(sure[0] > single && single > sure[1], "agreement is worth something, and disagreement costs: {sure:?}, {single}");
}

#[tokio::test]
async fn the_model_chooses_what_it_reads_and_a_reply_that_cannot_be_used_leaves_the_order_of_search() {
    for usable in [true, false] {
        let world = World::new();
        let docs = documentation(&world);
        for n in 0..20 {
            let words = format!(
                "# Governing law {n}\n\nNotes on governing law and jurisdiction of courts, number {n}, for readers of this agreement.\n"
            );
            std::fs::write(world.dir.path().join(&docs).join(format!("law-{n}.md")), words).expect("writes");
        }
        let server = MockServer::start().await;
        let desk = move |prompt: &str, _: usize| {
            if !prompt.contains("Factor SOV-2.1:") {
                return if prompt.starts_with("You choose") { said(r#"{"passages":[]}"#) } else { not_found() };
            }
            if prompt.starts_with("You choose") {
                assert!(prompt.contains("number 3, for readers"), "{prompt}");
                let number: u32 = passage(prompt, "number 3, for readers").parse().expect("passages are numbered");
                return said(&if usable { json!({ "passages": [number, 999] }).to_string() } else { "none of them".to_owned() });
            }
            let first = prompt.split("best match first").nth(1).expect("passages");
            let first = first.split("<<<").nth(1).expect("a passage");
            assert_eq!(first.contains("number 3,"), usable, "{first}");
            not_found()
        };
        Mock::given(method("POST")).respond_with(Desk(desk, Arc::default())).mount(&server).await;
        let url = format!("{}/v1", server.uri());
        let ran = world.run(&["check", &docs, "--format", "json", "-q", "--model-url", &url, "--model", "m"]).await;
        ran.done();
    }
}

#[tokio::test]
async fn words_of_a_fact_can_be_quoted_by_its_id_although_no_passage_holds_them() {
    let said = |prompt: &str, _| {
        let facts = prompt.split("Facts about the service").nth(1).unwrap_or_default();
        answer(3, &passage(facts, LAW), WHOLE)
    };
    let (ran, _) = check(on("SOV-2.1", said), &[]).await;
    let report = ran.done().json();
    assert_eq!(evidence(&report, "SOV-2.1")[0]["quote"], WHOLE);
}

#[tokio::test]
async fn a_blind_model_never_reads_the_vendors_name() {
    let desk = |prompt: &str, _| {
        assert!(!prompt.to_lowercase().contains("kielcloud"), "{prompt}");
        assert!(prompt.to_lowercase().contains("anbietorix"), "{prompt}");
        not_found()
    };
    let (ran, _) = check(desk, &["--blind", "--name", "Kielcloud"]).await;
    assert_eq!(ran.done().json()["service"], "Kielcloud");
}
