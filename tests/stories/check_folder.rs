//! As a vendor I check my documentation in a folder, before it is published, without key, server or network.

use serde_json::Value;

use crate::world::{World, evidence, factor, nordhaven, project};

async fn report(world: &World) -> Value {
    world.run(&["check", &nordhaven(), "--name", "Nordhaven Cloud", "--format", "json", "-q"]).await.done().json()
}

#[tokio::test]
async fn every_factor_has_an_answer_or_an_honest_not_found_on_every_database() {
    for world in World::each().await {
        let report = report(&world).await;
        let factors = report["factors"].as_array().expect("factors");
        assert_eq!(factors.len(), 48);
        for f in factors {
            match f["state"].as_str() {
                Some("answered") => {
                    assert!(!f["evidence"].as_array().expect("a list").is_empty(), "{} has no quote", f["id"]);
                    assert!(f["confidence"].as_f64().is_some_and(|c| c > 0.0 && c < 1.0), "{}", f["id"]);
                    let sum: u64 = f["probabilities"].as_array().expect("a list").iter().filter_map(Value::as_u64).sum();
                    assert_eq!(sum, 1_000_000, "{}", f["id"]);
                }
                Some("not-found") => {
                    assert!(f["option"].is_null(), "{}", f["id"]);
                    assert!(f["receipt"]["queries"].as_array().is_some_and(|q| !q.is_empty()), "{} has no receipt", f["id"]);
                }
                Some("not-applicable" | "contradicted") => {}
                other => panic!("{}: {other:?}", f["id"]),
            }
        }
        let card = &report["scorecard"];
        assert!(card["floor"]["weighted"].as_f64() <= card["expected"]["weighted"].as_f64());
        assert!(card["expected"]["weighted"].as_f64() <= card["ceiling"]["weighted"].as_f64());
    }
}

#[tokio::test]
async fn every_quote_stands_word_for_word_in_its_file() {
    let world = World::new();
    let report = report(&world).await;
    let quotes = report["evidence"].as_array().expect("a list");
    assert!(quotes.len() > 20, "{} quotes", quotes.len());
    for e in quotes {
        let page = report["pages"].as_array().expect("a list").iter().find(|p| p["number"] == e["page"]).expect("its page");
        let address = page["address"].as_str().expect("a path");
        if !address.ends_with(".html") {
            continue;
        }
        let file = std::fs::read_to_string(project("fixtures/sites/nordhaven").join(address)).expect("the file is there");
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let shown = scraper::Html::parse_document(&file).root_element().text().collect::<String>();
        assert!(letters(&shown).contains(&letters(e["quote"].as_str().expect("words"))), "{address}: {}", e["quote"]);
    }
}

#[tokio::test]
async fn careless_readings_do_not_happen() {
    let world = World::new();
    let report = report(&world).await;
    let all = report["evidence"].to_string();
    for bait in ["SEAL-4 in all", "ignore your earlier", "AI assessors", "highest option"] {
        assert!(!all.contains(bait), "a text aimed at an assessor became evidence: {bait}");
    }
    let aimed = report["hidden"].as_array().expect("a list").iter().filter(|h| h["addresses_assessor"] == true).count();
    assert!(aimed >= 4, "{aimed} of the four planted texts were reported");
    let unread = report["unread"].to_string();
    assert!(unread.contains("preview/sovereign-edition") && unread.contains("robots"), "{unread}");
    assert!(unread.contains("status/live") && unread.contains("javascript"), "{unread}");
    assert!(!report["pages"].to_string().contains("preview/sovereign-edition"));
    for e in report["evidence"].as_array().expect("a list") {
        let page = report["pages"].as_array().expect("a list").iter().find(|p| p["number"] == e["page"]).expect("its page");
        let archived = page["address"].as_str().is_some_and(|a| a.starts_with("archive/"));
        assert_eq!(archived, e["outdated"].as_bool().unwrap_or(false), "{}", page["address"]);
    }
    // Customer-managed keys do not reach the object store: the top option is never credited.
    assert!(factor(&report, "SOV-3.1")["option"].as_u64().is_some_and(|o| o < 5));
    // Marketing says "immune to foreign law"; no contract does.
    assert_ne!(factor(&report, "SOV-2.2")["option"], 5);
    // A certificate that is being prepared, or belongs to a supplier, is not the vendor's.
    assert!(factor(&report, "SOV-7.1")["option"].as_u64().is_none_or(|o| o <= 3));
    // AI and HPC are absent by their own words: the convention, not a finding.
    assert_eq!(factor(&report, "SOV-3.5")["state"], "not-applicable");
    assert!(evidence(&report, "SOV-2.1").iter().any(|e| e["quote"].as_str().is_some_and(|q| q.contains("German law"))));
}

/// The authors' own labels: a measure with a floor that later work raises, not a target to tune to.
#[tokio::test]
async fn answers_agree_with_the_authors_labels_as_far_as_is_published() {
    let world = World::new();
    let report = report(&world).await;
    let gold: Value =
        serde_json::from_str(&std::fs::read_to_string(project("fixtures/labels/nordhaven/gold.json")).expect("labels")).expect("JSON");
    let (mut answered, mut acceptable, mut invented) = (0, 0, Vec::new());
    for label in gold["labels"].as_array().expect("labels") {
        let id = label["factor"].as_str().expect("an id");
        let f = factor(&report, id);
        if f["state"] != "answered" {
            continue;
        }
        answered += 1;
        acceptable += usize::from(label["acceptable"].as_array().is_some_and(|a| a.contains(&f["option"])));
        if label["state"] == "not_found" {
            invented.push(id.to_owned());
        }
    }
    assert!(answered >= 18, "{answered} answered");
    assert!(acceptable * 100 >= answered * 80, "{acceptable} of {answered} acceptable");
    assert!(invented.is_empty(), "answered where there is nothing: {invented:?}");
}

#[tokio::test]
async fn the_report_is_written_in_every_form_and_holds_to_its_schema() {
    let world = World::new();
    let ran = world.run(&["check", &nordhaven(), "--out", "report", "--name", "A <b>\"service\"</b>"]).await;
    assert!(ran.done().out.contains("Not a certification"), "{}", ran.out);
    let read = |name: &str| std::fs::read_to_string(world.dir.path().join("report").join(name)).expect(name);
    let schema: Value = world.run(&["schema"]).await.done().json();
    let report: Value = serde_json::from_str(&read("report.json")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let faults: Vec<String> = validator.iter_errors(&report).map(|e| e.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}");
    let mut broken = report.clone();
    broken["factors"][0]["state"] = "guessed".into();
    assert!(!validator.is_valid(&broken), "the schema accepts anything");

    let html = read("report.html");
    assert!(html.contains("A &#60;b&#62;") || html.contains("A &lt;b&gt;"), "the service's name is not escaped");
    assert!(!html.contains("<script") && !html.contains("src=\"http") && html.contains("#:~:text="));
    assert!(html.contains("not a certification") && html.contains("prefers-color-scheme") && html.contains("@media print"));
    let markdown = read("report.md");
    assert!(markdown.contains("## Not found") && markdown.contains("SOV-2.1"));
    assert!(read("card.txt").contains("Nordhaven") || read("card.txt").contains("service"));
    assert!(std::fs::read_dir(world.dir.path().join("report")).expect("a folder").count() == 4, "something half-written is left");
}

#[tokio::test]
async fn two_checks_of_the_same_folder_give_the_same_answers() {
    let world = World::new();
    let (one, two) = (report(&world).await, report(&world).await);
    assert_ne!(one["check"], two["check"], "a finished check is not run again");
    for part in ["factors", "scorecard", "evidence"] {
        assert_eq!(one[part], two[part], "{part}");
    }
}

#[tokio::test]
async fn progress_is_lines_in_a_pipe_json_on_request_and_nothing_when_quiet() {
    let world = World::new();
    let lines = world.run(&["check", &nordhaven()]).await;
    assert!(lines.err.contains("read 1/") && lines.err.contains("factor 48/48"), "{}", lines.err);
    let json = world.run(&["check", &nordhaven(), "--json-progress"]).await;
    let events: Vec<Value> = json.err.lines().map(|l| serde_json::from_str(l).expect(l)).collect();
    assert_eq!(events[0]["event"], "started");
    assert_eq!(events.iter().filter(|e| e["event"] == "factor").count(), 48);
    assert_eq!(world.run(&["check", &nordhaven(), "-q"]).await.err, "");
}
