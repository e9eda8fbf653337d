//! As a maintainer, or somebody who labelled a vendor, I measure the answers by command, compare two runs, and fit the
//! calibration on some vendors and never on those it is reported on.

use serde_json::{Value, json};

use crate::world::{World, project};

fn fixtures() -> String {
    project("fixtures").display().to_string()
}

/// A folder of labels with a vendor of one page.
fn small(world: &World, name: &str, option: u8) {
    let site = world.dir.path().join("own/sites").join(name);
    let labels = world.dir.path().join("own/labels").join(name);
    std::fs::create_dir_all(&site).expect("a folder");
    std::fs::create_dir_all(&labels).expect("a folder");
    let terms = "# Terms of service\n\nThis agreement is governed by German law. The courts of Kiel have exclusive jurisdiction.\n";
    std::fs::write(site.join("terms.md"), terms).expect("writes");
    let gold = json!({ "vendor": name, "labels": [
        { "factor": "SOV-2.1", "state": "answered", "option": option, "acceptable": [option], "quotes": [] },
        { "factor": "SOV-8.1", "state": "not_found", "option": null, "acceptable": [], "quotes": [] },
    ]});
    std::fs::write(labels.join("gold.json"), gold.to_string()).expect("writes");
    let facts = json!({ "facts": [{ "quote": "This agreement is governed by German law.", "page": "terms.md", "factors": ["SOV-2.1"] }] });
    std::fs::write(labels.join("facts.json"), facts.to_string()).expect("writes");
}

#[tokio::test]
async fn the_fixture_vendor_is_measured_and_the_page_and_the_run_are_written() {
    let world = World::new();
    let ran = world.run(&["eval", &fixtures(), "-q", "--out", "run", "--rows"]).await;
    ran.done();
    for words in [
        "nordhaven",
        "exact option",
        "kappa",
        "ECE",
        "AUROC",
        "labelled facts among the first k passages",
        "90 % SEAL intervals",
        "SOV-2.1",
    ] {
        assert!(ran.out.contains(words), "`{words}` is not said in: {}", ran.out);
    }
    let run: Value = serde_json::from_str(&std::fs::read_to_string(world.dir.path().join("run/eval.json")).expect("a run")).expect("JSON");
    assert_eq!(run["format"], "sovcheck-eval/1");
    let vendor = &run["vendors"][0];
    assert_eq!(vendor["rows"].as_array().map(Vec::len), Some(48));
    assert_eq!(vendor["grounding"]["stored"], vendor["grounding"]["stored_verbatim"], "every stored quote is the page's own");
    let page = std::fs::read_to_string(world.dir.path().join("run/eval.html")).expect("a page");
    assert!(page.contains("Reliability curve") && !page.contains("<script"), "a page with plots and without scripts");

    let same = world.run(&["eval", "diff", "run/eval.json", "run/eval.json"]).await;
    assert!(same.done().out.contains("better: 0") && same.out.contains("worse: 0"), "{}", same.out);
}

#[tokio::test]
async fn a_vendor_of_my_own_is_measured_by_hand_countable_labels() {
    let world = World::new();
    small(&world, "right", 3);
    small(&world, "wrong", 1);
    let ran = world.run(&["eval", "own", "-q", "--json"]).await;
    let run = ran.done().json();
    let outcome = |vendor: usize| {
        run["vendors"][vendor]["rows"][0]["option"].as_u64().zip(run["vendors"][vendor]["rows"][0]["label"]["option"].as_u64())
    };
    assert_eq!((outcome(0), outcome(1)), (Some((3, 3)), Some((3, 1))));
    assert_eq!(run["vendors"][0]["facts"]["pairs"], 1);
    assert_eq!(run["vendors"][0]["facts"]["found"][0], 1, "the fact stands in the first passage");
    assert_eq!(run["vendors"][0]["facts"]["quoted"], 1, "and among the quotes");
}

#[tokio::test]
async fn what_is_fitted_on_is_not_reported_on() {
    let world = World::new();
    small(&world, "one", 3);
    small(&world, "two", 3);
    world.run(&["eval", "own", "-q", "--out", "run"]).await.done();
    world.run(&["eval", "fit", "run/eval.json", "--fit", "one", "--report", "one"]).await.failed(2, &["one", "choose one"]);
    world.run(&["eval", "fit", "run/eval.json", "--fit", "three"]).await.failed(2, &["no run holds the vendor three"]);
    let fitted = world.run(&["eval", "fit", "run/eval.json", "--fit", "one", "--report", "two", "--write", "fitted.toml"]).await;
    assert!(fitted.done().out.contains("on two"), "{}", fitted.out);
    let written = std::fs::read_to_string(world.dir.path().join("fitted.toml")).expect("a calibration");
    assert!(written.contains("fitted_on = [\"one\"]"), "{written}");
}

#[tokio::test]
async fn labels_that_cannot_be_used_are_named() {
    let world = World::new();
    world.run(&["eval"]).await.failed(2, &["FOLDER"]);
    world.run(&["eval", "nowhere"]).await.failed(2, &["could not read", "nowhere"]);
    small(&world, "bad", 3);
    let labels = world.dir.path().join("own/labels/bad/gold.json");
    for (text, says) in [
        (r#"{"labels": [{"factor": "SOV-9.9", "state": "answered", "option": 1}]}"#, "SOV-9.9: no factor"),
        (r#"{"labels": [{"factor": "SOV-2.1", "state": "answered", "option": 9}]}"#, "there is no option 9"),
        (r#"{"labels": [{"factor": "SOV-2.1", "state": "answered", "option": null}]}"#, "needs an option"),
        (r#"{"labels": [{"factor": "SOV-2.1", "state": "sure"}]}"#, "sure"),
        ("{", "gold.json"),
    ] {
        std::fs::write(&labels, text).expect("writes");
        world.run(&["eval", "own", "-q"]).await.failed(2, &["gold.json", says]);
    }
    std::fs::write(world.dir.path().join("run.json"), r#"{"format":"other"}"#).expect("writes");
    world.run(&["eval", "diff", "run.json", "run.json"]).await.failed(2, &["run.json"]);
}

#[tokio::test]
async fn what_moved_between_two_recordings_is_said() {
    let world = World::new();
    let take = |about: &str, prompt: &str, option: u8| {
        let reply = json!({ "state": "answered", "option": option, "quotes": [], "justification": "x" }).to_string();
        json!({ "about": about, "model": "m", "prompt": prompt, "request": format!("{about}{prompt}"), "reply": reply, "cut": false,
            "usage": { "calls": 1, "tokens_in": 1, "tokens_out": 1 } })
        .to_string()
    };
    let write = |name: &str, lines: &[String]| std::fs::write(world.dir.path().join(name), lines.join("\n")).expect("writes");
    write("old.jsonl", &[take("V SOV-2.1 extract", "p1", 3), take("V SOV-2.2 extract", "p1", 2)]);
    write("new.jsonl", &[take("V SOV-2.1 extract", "p2", 3), take("V SOV-2.2 extract", "p2", 4)]);
    let ran = world.run(&["eval", "drift", "old.jsonl", "new.jsonl"]).await;
    assert!(ran.done().out.contains("1 of 2 replies moved"), "{}", ran.out);
    assert!(ran.out.contains("SOV-2.2 extract: \"answered\" 2 -> \"answered\" 4 (other prompt, request)"), "{}", ran.out);
}
