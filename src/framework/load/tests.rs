//! The shipped edition holds, and every kind of fault is named with file, line and key.

use super::*;
use crate::domain::quote::fold;

#[test]
fn the_shipped_edition_is_the_published_one() {
    let framework = embedded_checked().unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!((framework.objectives.len(), framework.factors.len()), (8, 48));
    assert_eq!(framework.factors.iter().map(|f| f.options.len()).sum::<usize>(), 235);
    let highest: Vec<i64> = (0..8)
        .map(|i| framework.factors.iter().filter(|f| f.objective == i).filter_map(|f| f.options.last()).map(|o| o.points.0).sum())
        .collect();
    assert_eq!(highest, [100_003, 100_200, 100_000, 100_200, 100_100, 100_000, 100_100, 100_000]);
    let disputed = framework.factors.iter().flat_map(|f| &f.options).filter(|o| o.seal_disputed.is_some()).count();
    assert_eq!(disputed, 21);
}

#[test]
fn every_field_has_a_provenance() {
    let framework = embedded().expect("loads");
    for factor in &framework.factors {
        for option in &factor.options {
            for field in ["label", "points", "seal", "demands"] {
                assert!(factor.provenance_of(&framework, option.number, field).is_some(), "{} {field}", factor.id);
            }
        }
    }
}

#[test]
fn every_factor_has_queries_and_rules_in_three_languages() {
    let framework = embedded().expect("loads");
    for factor in &framework.factors {
        let queries = framework.knowledge.queries.get(&factor.id).unwrap_or_else(|| panic!("{}", factor.id));
        for language in ["en", "fr", "de"] {
            assert!(queries.get(language).is_some_and(|q| !q.is_empty()), "{} {language}", factor.id);
        }
        assert!(framework.knowledge.rules.iter().any(|r| r.factor == factor.id && r.claim.is_some()), "{}", factor.id);
    }
}

#[test]
fn every_rule_matches_its_examples_and_not_its_counter_examples() {
    let framework = embedded().expect("loads");
    for rule in &framework.knowledge.rules {
        assert!(rule.yes.len() >= 3 && rule.no.len() >= 2, "{} has too few examples", rule.id);
        for text in &rule.yes {
            assert!(rule.matches(&fold(text)), "{} misses: {text}", rule.id);
        }
        for text in &rule.no {
            assert!(!rule.matches(&fold(text)), "{} takes: {text}", rule.id);
        }
    }
}

const GOOD: &str = r#"id = "t"
edition = "1"
title = "Test"
summary = "Small."
knowledge = []
default_weights = "w"
default_rounding = "r"
[[seal]]
level = 0
name = "None"
meaning = "x"
[[seal]]
level = 1
name = "Some"
meaning = "x"
[[weights]]
id = "w"
title = "W"
values = { A = 60, B = 40 }
[[rounding]]
id = "r"
title = "R"
points = "exact"
maximum = "sum"
decimals = 1
[[objective]]
id = "A"
name = "A"
summary = "x"
[[objective]]
id = "B"
name = "B"
summary = "x"
[[factor]]
id = "A.1"
objective = "A"
name = "One"
question = "x?"
counts = "x"
option = [{ number = 1, label = "no", demands = "x", points = "0", seal = 0 }, { number = 2, label = "yes", demands = "x", points = "12.5", seal = 1 }]
[[factor]]
id = "B.1"
objective = "B"
name = "Two"
question = "x?"
counts = "x"
option = [{ number = 1, label = "no", demands = "x", points = "0", seal = 0 }, { number = 2, label = "yes", demands = "x", points = "10", seal = 1 }]
"#;

#[test]
fn every_guard_holds_back_its_examples_and_nothing_else() {
    let framework = embedded_checked().expect("the edition loads");
    assert!(!framework.knowledge.never.is_empty());
    for never in &framework.knowledge.never {
        for text in &never.yes {
            assert!(never.pattern.is_match(&fold(text)), "not held back: {text}");
        }
        for text in &never.no {
            assert!(!never.pattern.is_match(&fold(text)), "held back: {text}");
        }
    }
}

/// Faults of the small edition after one change.
fn check(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let none = |name: &str| Err(LoadError::Read { path: PathBuf::from(name), source: std::io::ErrorKind::NotFound.into() });
    match load("own.toml", &GOOD.replacen(from, to, 1), true, none) {
        Ok(_) => "no fault".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn each_fault_names_file_line_and_key() {
    assert_eq!(check("id = \"t\"", "id = \"t\""), "no fault");
    let cases = [
        ("title = \"W\"", "titel = \"W\"", "own.toml:18: `titel`", "unknown field"),
        ("id = \"B.1\"", "id = \"A.1\"", "own.toml:42: `factor A.1`", "already at line 35"),
        ("id = \"B\"\n", "id = \"A\"\n", "own.toml:30: `objective A`", "already"),
        ("number = 2", "number = 3", "own.toml:40: `A.1.option.number`", "option 2 is missing"),
        ("A = 60", "A = 61", "own.toml:19: `weights w`", "adds up to 101"),
        ("A = 60, ", "", "own.toml:19: `weights w`", "leaves out `A`"),
        ("B = 40", "C = 40", "own.toml:19: `weights w`", "`C`, which is no objective"),
        ("points = \"12.5\"", "points = \"0\"", "own.toml:40: `A.1.option.points`", "do not rise"),
        ("points = \"12.5\"", "points = \"12,5\"", "own.toml:40: `A.1.option.points`", "not a number"),
        ("seal = 1 }", "seal = 4 }", "own.toml:40: `A.1.option.seal`", "no level"),
        ("label = \"yes\"", "label = \"No\"", "own.toml:40: `A.1.option.label`", "stands twice"),
        ("objective = \"B\"", "objective = \"Z\"", "own.toml:43: `B.1.objective`", "no objective"),
        ("default_weights = \"w\"", "default_weights = \"v\"", "own.toml:6: `default_weights`", "there is w"),
        ("default_rounding = \"r\"", "default_rounding = \"x\"", "own.toml:7: `default_rounding`", "there is r"),
        ("level = 1", "level = 2", "own.toml:12: `seal.level`", "count up from 0"),
        ("counts = \"x\"\n", "", "own.toml:34", "missing field `counts`"),
        ("decimals = 1", "decimals = \"one\"", "own.toml:25: `decimals`", "invalid type"),
        ("[[seal]]", "[[seal", "own.toml:8", ""),
    ];
    for (from, to, place, problem) in cases {
        let said = check(from, to);
        assert!(said.contains(place) && said.contains(problem), "{to:?} said: {said}");
    }
}

#[test]
fn an_option_list_of_one_is_no_factor() {
    let said = check(", { number = 2, label = \"yes\", demands = \"x\", points = \"12.5\", seal = 1 }", "");
    assert!(said.contains("at least two"), "{said}");
}
