//! As a vendor I ask in which area my service is likely sovereign or resilient, by which framework, and what proves it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::{World, project};

fn site(name: &str) -> String {
    project("fixtures/sites").join(name).display().to_string()
}

fn framework<'a>(report: &'a Value, id: &str) -> &'a Value {
    report["gates"].as_array().expect("a list").iter().find(|g| g["id"] == id).unwrap_or_else(|| panic!("no {id}"))
}

fn area<'a>(report: &'a Value, framework_id: &str, area: &str) -> &'a Value {
    let results = framework(report, framework_id)["results"].as_array().expect("a list");
    results.iter().find(|r| r["area"]["id"] == area).unwrap_or_else(|| panic!("no {area}"))
}

fn verdict<'a>(report: &'a Value, area_id: &str, id: &str) -> &'a Value {
    let verdicts = area(report, "cispe-sr", area_id)["verdicts"].as_array().expect("a list");
    verdicts.iter().find(|v| v["id"] == id).unwrap_or_else(|| panic!("no {id}"))
}

fn control<'a>(result: &'a Value, id: &str) -> &'a Value {
    result["controls"].as_array().expect("a list").iter().find(|c| c["id"] == id).unwrap_or_else(|| panic!("no {id}"))
}

#[tokio::test]
async fn a_japanese_vendor_is_likely_sovereign_in_japan_and_likely_resilient_in_europe() {
    for world in World::each().await {
        let args = ["check", &site("hinode"), "--framework", "cispe-sr", "--area", "Japan", "--area", "eea", "--format", "json", "-q"];
        let report = world.run(&args).await.done().json();
        assert_eq!(verdict(&report, "jp", "sovereign")["outcome"], "likely", "{}", verdict(&report, "jp", "sovereign"));
        assert_eq!(verdict(&report, "eea", "resilient")["outcome"], "likely", "{}", verdict(&report, "eea", "resilient"));
        let abroad = verdict(&report, "eea", "sovereign");
        assert_eq!(abroad["outcome"], "fails", "{abroad}");
        assert!(abroad["failing"].as_array().is_some_and(|list| list.contains(&"S-2".into())), "{abroad}");
        // What is not on the pages is not claimed.
        assert_eq!(verdict(&report, "jp", "green")["outcome"], "not-shown");
    }
}

#[tokio::test]
async fn an_austrian_vendor_is_likely_sovereign_in_europe_with_both_chevrons() {
    let world = World::new();
    let args = ["check", &site("almgrund"), "--framework", "cispe-sr", "--area", "eea,AT,jp", "--format", "json", "-q"];
    let report = world.run(&args).await.done().json();
    for id in ["sovereign", "resilient", "green"] {
        assert_eq!(verdict(&report, "eea", id)["outcome"], "likely", "{}", verdict(&report, "eea", id));
    }
    assert_eq!(verdict(&report, "at", "sovereign")["outcome"], "likely", "{}", verdict(&report, "at", "sovereign"));
    assert_eq!(verdict(&report, "jp", "sovereign")["outcome"], "fails");
    let energy = control(area(&report, "cispe-sr", "eea"), "G-1");
    assert_eq!(energy["status"], "met", "{energy}");
}

#[tokio::test]
async fn every_control_names_its_evidence_in_the_one_list_and_the_words_stand_on_the_page() {
    let world = World::new();
    let report = world.run(&["check", &site("almgrund"), "--framework", "all", "--format", "json", "-q"]).await.done().json();
    let ids: BTreeSet<&str> = report["evidence"].as_array().expect("a list").iter().filter_map(|e| e["id"].as_str()).collect();
    let mut named = 0;
    for gate in report["gates"].as_array().expect("a list") {
        for result in gate["results"].as_array().expect("a list") {
            for control in result["controls"].as_array().expect("a list") {
                let status = control["status"].as_str().expect("a status");
                let items = control["items"].as_array().expect("a list");
                let of: Vec<&str> =
                    items.iter().flat_map(|i| i["evidence"].as_array().expect("a list")).filter_map(Value::as_str).collect();
                let rests = items.iter().any(|i| i["controls"].as_array().is_some_and(|c| !c.is_empty()));
                assert!(status == "no-evidence" || !of.is_empty() || rests, "{} {} rests on nothing", gate["id"], control["id"]);
                assert!(of.iter().all(|id| ids.contains(id)), "{} {}: {of:?}", gate["id"], control["id"]);
                named += of.len();
            }
        }
    }
    assert!(named > 100, "{named}");
    for e in report["evidence"].as_array().expect("a list") {
        let page = report["pages"].as_array().expect("a list").iter().find(|p| p["number"] == e["page"]).expect("its page");
        let file = std::fs::read_to_string(project("fixtures/sites/almgrund").join(page["address"].as_str().expect("a path")));
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let shown = scraper::Html::parse_document(&file.expect("the file")).root_element().text().collect::<String>();
        assert!(letters(&shown).contains(&letters(e["quote"].as_str().expect("words"))), "{}", e["quote"]);
    }
}

/// Five controls of a framework that nobody has written code for, with a kind of fact of its own.
const FIVE: &str = r#"
id = "harbour"
edition = "1"
title = "Harbour Rules for Clouds"
summary = "Five rules of an invented port authority."
by_area = true

[[verdict]]
id = "berth"
shown = "may berth"
open = "berth not shown"
failed = "may not berth"

[[kind]]
id = "lighthouse"
name = "lighthouse"
[[pattern]]
kind = "lighthouse"
id = "keeps"
pattern = '''\b(?:courts? of|gerichte? in) (?P<value>Graz)'''
country = "named"
yes = [{ text = "The courts of Graz have jurisdiction.", value = "Graz", country = "AT" }]
no = ["The courts of the north have jurisdiction."]

[[control]]
id = "H-1"
title = "Home port"
requirement = "The home port lies inside."
verdicts = ["berth"]
role = "gate"
provenance = "own"
test = "A fact of the framework's own."
test_provenance = "own"
[[control.item]]
says = "The home port is named and lies inside"
shown = [{ fact = "lighthouse", place = "inside" }]

[[control]]
id = "H-2"
title = "Law"
requirement = "The law of the area."
verdicts = ["berth"]
role = "gate"
provenance = "own"
test = "A fact that all frameworks share."
test_provenance = "own"
[[control.item]]
says = "The law of the area governs"
shown = [{ fact = "governing-law", place = "inside" }]

[[control]]
id = "H-3"
title = "Keys"
requirement = "Keys with the customer."
verdicts = ["berth"]
role = "gate"
provenance = "own"
test = "An answer of the factor framework."
test_provenance = "own"
[[control.item]]
says = "The customer holds the keys"
shown = [{ factor = "SOV-3.1", option_at_least = 3 }]

[[control]]
id = "H-4"
title = "Law and keys"
requirement = "Both."
verdicts = ["berth"]
role = "gate"
provenance = "own"
test = "Other controls."
test_provenance = "own"
[[control.item]]
says = "Law and keys hold"
shown = [{ control = "H-2", and = [{ control = "H-3" }] }]

[[control]]
id = "H-5"
title = "Pilot"
requirement = "A pilot inspects the ship."
verdicts = ["berth"]
role = "gate"
proof = "audit"
audit = "The pilot's report."
provenance = "own"
test = "Nothing that a page could show."
test_provenance = "own"
"#;

#[tokio::test]
async fn a_framework_of_five_controls_is_a_file_and_no_code() {
    let world = World::new();
    let file = world.dir.path().join("harbour.toml");
    std::fs::write(&file, FIVE).expect("a file");
    let file = file.display().to_string();
    let checked = world.run(&["framework", "check", &file]).await;
    assert!(checked.done().out.contains("harbour 1: 1 verdicts, 5 controls, 4 of which public words bear on"), "{}", checked.out);
    let args = ["check", &site("almgrund"), "--framework", "cispe-sr", "--framework", &file, "--area", "eea", "--area", "jp"];
    let report = world.run(&[&args[..], &["--format", "json", "-q"]].concat()).await.done().json();
    let status = |area_id: &str, id: &str| control(area(&report, "harbour", area_id), id)["status"].clone();
    for id in ["H-1", "H-2", "H-3", "H-4"] {
        assert_eq!(status("eea", id), "met", "{id}");
    }
    let here = &area(&report, "harbour", "eea")["verdicts"][0];
    assert_eq!((here["outcome"].as_str(), here["says"].as_str()), (Some("likely"), Some("may berth")));
    assert_eq!(here["beyond"], serde_json::json!(["H-5"]));
    // Nothing speaks against it in Japan, and nothing for it.
    assert_eq!((status("jp", "H-1"), status("jp", "H-3")), ("no-evidence".into(), "met".into()));
    assert_eq!(area(&report, "harbour", "jp")["verdicts"][0]["outcome"], "not-shown");
    // A fact is one entry of the list, whichever framework rests on it.
    let law = |framework_id: &str, id: &str| control(area(&report, framework_id, "eea"), id)["items"][0]["evidence"].clone();
    assert!(law("harbour", "H-2").as_array().is_some_and(|list| !list.is_empty()));
    let theirs = law("cispe-sr", "C-6").as_array().cloned().unwrap_or_default();
    assert!(law("harbour", "H-2").as_array().is_some_and(|list| list.iter().all(|id| theirs.contains(id))), "{theirs:?}");
    let card = world.run(&[&args[..], &["-q"]].concat()).await;
    for words in ["Harbour Rules for Clouds (1)", "may berth", "berth not shown", "likely sovereign"] {
        assert!(card.done().out.contains(words), "{words}: {}", card.out);
    }
}

#[tokio::test]
async fn what_is_mistyped_is_named() {
    let world = World::new();
    let source = site("almgrund");
    world.run(&["check", &source, "--area", "Atlantis"]).await.failed(2, &["--area", "`Atlantis`", "eea"]);
    world.run(&["check", &source, "--framework", "cispe"]).await.failed(2, &["--framework cispe", "cispe-sr", "gaia-x"]);
    let file = world.dir.path().join("broken.toml");
    std::fs::write(&file, FIVE.replace("fact = \"governing-law\"", "fact = \"weather\"")).expect("a file");
    let file = file.display().to_string();
    world.run(&["check", &source, "--framework", &file]).await.failed(2, &["broken.toml:", "H-2", "`weather`"]);
    std::fs::write(&file, FIVE.replace("The courts of Graz have", "The judges of Graz have")).expect("a file");
    world.run(&["framework", "check", &file]).await.failed(2, &["lighthouse/keeps misses"]);
    world.run(&["facts", "find", &source, "--kind", "weather"]).await.failed(2, &["--kind weather"]);
}

#[tokio::test]
async fn an_area_of_my_own_is_a_list_of_countries() {
    let world = World::new();
    let args = ["check", &site("almgrund"), "--framework", "cispe-sr", "--area", "dach=DE+AT+CH", "--format", "json", "-q"];
    let report = world.run(&args).await.done().json();
    assert_eq!(area(&report, "cispe-sr", "dach")["area"]["name"], "dach");
    assert_eq!(control(area(&report, "cispe-sr", "dach"), "C-6")["status"], "met");
}

#[tokio::test]
async fn frameworks_stand_side_by_side_and_tell_what_is_our_reading() {
    let world = World::new();
    let args = ["check", &site("almgrund"), "--framework", "cispe-sr,data-act", "--area", "eea,jp", "-q"];
    let card = world.run(&args).await;
    let line =
        |words: &str| card.done().out.lines().find(|l| l.contains(words)).unwrap_or_else(|| panic!("{words}: {}", card.out)).to_owned();
    assert!(line("✓ likely sovereign  ").contains("✗ not sovereign"), "{}", card.out);
    assert!(line("Side by side").contains('─'));
    let shown = world.run(&["framework", "show", "cispe-sr", "--inferred"]).await;
    for words in ["S-1 Owned in the area", "gate of sovereign, at least met", "decided by (inferred):", "left to an audit:"] {
        assert!(shown.done().out.contains(words), "{words}: {}", shown.out);
    }
    assert!(!shown.out.contains("\nFW-1 "), "a rule that is published is no reading of ours");
    world.run(&["framework", "show", "eu-csf"]).await.failed(2, &["eu-csf"]);
}
