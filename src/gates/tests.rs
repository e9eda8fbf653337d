//! Gates over a small framework whose results can be told by hand, and properties of those that ship with the program.

use proptest::prelude::*;

use super::edition::{self, Status};
use super::judge::{Found, ItemState, Judgement, Outcome, judge};
use super::{Edition, edition::load};
use crate::area::AREAS;
use crate::domain::id::PageNumber;
use crate::domain::page::Tier;
use crate::domain::profile::{Fact, Figure, Kind, Profile};
use crate::framework::Framework;
use crate::framework::load::{self, File};
use crate::profile::patterns::Patterns;

const SMALL: &str = r#"
id = "small"
edition = "1"
title = "Small"
summary = "Three gates."
by_area = true
never_alone = { fact = "certificate", except = ["SecNumCloud"] }

[[verdict]]
id = "own"
shown = "likely own"
open = "not shown"
failed = "not own"

[[control]]
id = "A"
title = "Owned"
requirement = "Owned inside."
verdicts = ["own"]
role = "gate"
sovereignty = true
provenance = "own"
test = "The parent's place."
test_provenance = "own"
[[control.item]]
says = "The parent sits inside"
shown = [{ fact = "parent", place = "inside" }]
denied = [{ fact = "parent", place = "outside" }, { fact = "holder", place = "outside", over = 50 }]
warned = [{ fact = "holder", place = "outside", over = 24 }, { fact = "holder", place = "outside", over = 39, sum = true }]

[[control]]
id = "B"
title = "Places"
requirement = "Data inside."
verdicts = ["own"]
role = "gate"
minimum = "partly"
provenance = "own"
test = "Every data centre."
test_provenance = "own"
met = 2
[[control.item]]
says = "Every data centre is inside"
shown = [{ fact = "data-centre", place = "inside", every = true }]
[[control.item]]
says = "The share is high"
shown = [{ fact = "share", bounds = [{ from = 2020, at_least = 50 }, { from = 2025, at_least = 75 }] }]

[[control]]
id = "C"
title = "Rests on A"
requirement = "A and a support inside."
verdicts = ["own"]
role = "gate"
provenance = "own"
test = "Both."
test_provenance = "own"
[[control.item]]
says = "A holds and support is inside"
shown = [{ control = "A", and = [{ fact = "support", place = "inside" }] }]

[[kind]]
id = "holder"
name = "holder"
[[kind]]
id = "share"
name = "share"

[[pattern]]
kind = "share"
id = "percent"
pattern = '(?P<amount>\d+) % of the power'
value = "power"
unit = "%"
yes = [{ text = "80 % of the power is ours", amount = "80" }]
no = ["all the power"]
"#;

fn base() -> Framework {
    load::embedded().expect("the embedded edition")
}

fn small() -> Edition {
    let mut patterns = Patterns::default();
    patterns.kinds = kinds();
    load(&File { name: "small.toml", text: SMALL }, &base(), &mut patterns, true).expect("no fault")
}

fn kinds() -> Vec<(Kind, String)> {
    ["parent", "data-centre", "support", "certificate"].map(|id| (Kind(id.to_owned()), id.to_owned())).to_vec()
}

fn fact(kind: &str, country: &str, amount: Option<i64>) -> Fact {
    Fact {
        kind: Kind(kind.to_owned()),
        name: kind.to_owned(),
        value: "it".to_owned(),
        country: Some(country.to_owned()),
        figure: amount.map(|whole| Figure { thousandths: whole * 1_000, unit: "%".to_owned(), year: None }),
        scope: None,
        purpose: None,
        date: None,
        page: PageNumber(1),
        range: [0, 2],
        quote: "it".to_owned(),
        tier: Tier::Contract,
        outdated: false,
        pattern: "test".to_owned(),
    }
}

fn judged(edition: &Edition, area: &str, facts: &[Fact]) -> Judgement {
    let profile = Profile { facts: facts.to_vec() };
    judge(edition, &AREAS.area(area).expect(area), Found { profile: &profile, answers: &[], on: "2026-11-01" })
}

fn status(judgement: &Judgement, id: &str) -> Status {
    judgement.controls.iter().find(|c| c.id == id).expect(id).status
}

#[test]
fn silence_is_no_denial() {
    let judgement = judged(&small(), "eea", &[]);
    assert!(judgement.controls.iter().all(|c| c.status == Status::NoEvidence && c.confidence.is_none()));
    assert_eq!(judgement.verdicts[0].outcome, Outcome::NotShown);
    assert_eq!(judgement.verdicts[0].missing, ["A", "B", "C"]);
}

#[test]
fn the_same_facts_are_seen_from_each_area() {
    let facts = [fact("parent", "JP", None), fact("support", "JP", None), fact("data-centre", "JP", None), fact("share", "JP", Some(80))];
    let japan = judged(&small(), "jp", &facts);
    assert_eq!(japan.verdicts[0].outcome, Outcome::Likely, "{japan:#?}");
    let (weakest, confidence) = japan.verdicts[0].weakest.clone().expect("a weakest gate");
    // B and C rest on two facts of a contract each, A on one.
    assert_eq!((weakest.as_str(), confidence), ("B", 846_400));
    let europe = judged(&small(), "eea", &facts);
    assert_eq!((europe.verdicts[0].outcome, europe.verdicts[0].failing.as_slice()), (Outcome::Fails, &["A".to_owned()][..]));
    assert_eq!((status(&europe, "B"), status(&europe, "C")), (Status::Partly, Status::NoEvidence));
}

#[test]
fn holders_outside_warn_alone_and_together_and_fail_over_half() {
    let of = |shares: &[i64]| {
        let mut facts: Vec<Fact> = shares.iter().map(|share| fact("holder", "US", Some(*share))).collect();
        facts.push(fact("parent", "FR", None));
        let judgement = judged(&small(), "eea", &facts);
        (status(&judgement, "A"), judgement.controls[0].items[0].warned)
    };
    assert_eq!(of(&[24]), (Status::Met, false));
    assert_eq!(of(&[25]), (Status::Met, true));
    assert_eq!(of(&[20, 19]), (Status::Met, false));
    assert_eq!(of(&[20, 20]), (Status::Met, true));
    assert_eq!(of(&[50]), (Status::Met, true));
    assert_eq!(of(&[51]), (Status::NotMet, true));
}

#[test]
fn what_speaks_on_both_sides_is_contested_and_believed_less() {
    let judgement = judged(&small(), "eea", &[fact("parent", "FR", None), fact("parent", "US", None)]);
    let item = &judgement.controls[0].items[0];
    assert_eq!((item.state, item.contested, item.rests_on.len()), (ItemState::Denied, true, 2));
    assert!(judgement.controls[0].confidence < judged(&small(), "eea", &[fact("parent", "US", None)]).controls[0].confidence);
}

#[test]
fn an_archived_page_opens_no_gate_and_shuts_none() {
    let archived = |kind, country| Fact { outdated: true, ..fact(kind, country, None) };
    assert_eq!(status(&judged(&small(), "eea", &[archived("parent", "FR")]), "A"), Status::NoEvidence);
    assert_eq!(status(&judged(&small(), "eea", &[archived("parent", "US"), fact("parent", "FR", None)]), "A"), Status::Met);
}

#[test]
fn one_place_outside_spoils_every_place() {
    let inside = [fact("data-centre", "FR", None), fact("share", "FR", Some(80))];
    assert_eq!(status(&judged(&small(), "eea", &inside), "B"), Status::Met);
    let outside = [&inside[..], &[fact("data-centre", "US", None)]].concat();
    assert_eq!(status(&judged(&small(), "eea", &outside), "B"), Status::Partly);
    // Data "in the EU" is neither inside nor outside Germany.
    let union = [fact("data-centre", "EU", None)];
    assert_eq!(judged(&small(), "DE", &union).controls[1].items[0].state, ItemState::Silent);
}

#[test]
fn bounds_follow_the_year_of_the_check() {
    let profile = Profile { facts: vec![fact("share", "FR", Some(60))] };
    let in_year = |on| {
        let judgement = judge(&small(), &AREAS.area("eea").expect("eea"), Found { profile: &profile, answers: &[], on });
        judgement.controls[1].items[1].state
    };
    assert_eq!(
        (in_year("2019-01-01"), in_year("2024-06-01"), in_year("2026-06-01")),
        (ItemState::Silent, ItemState::Shown, ItemState::Silent)
    );
}

#[test]
fn faults_name_the_control() {
    let faults = |from: &str, to: &str| {
        let text = SMALL.replacen(from, to, 1);
        assert_ne!(text, SMALL, "{from}");
        let mut patterns = Patterns::default();
        patterns.kinds = kinds();
        let faults = load(&File { name: "small.toml", text: &text }, &base(), &mut patterns, true).expect_err(to);
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    for (from, to, said) in [
        ("id = \"B\"", "id = \"A\"", "`control A`: stands twice"),
        ("verdicts = [\"own\"]", "verdicts = [\"mine\"]", "`A.verdicts`: names `mine`"),
        ("fact = \"support\"", "fact = \"weather\"", "kind `weather`"),
        ("control = \"A\"", "control = \"Z\"", "control `Z`, which does not stand before it"),
        ("met = 2", "met = 3", "asks for 3 and 1 of 2 items"),
        ("{ fact = \"parent\", place = \"inside\" }", "{ fact = \"certificate\" }", "opens a gate of sovereignty by a certificate alone"),
        ("{ fact = \"parent\", place = \"inside\" }", "{ factor = \"SOV-9.9\", option_at_least = 2 }", "factor `SOV-9.9`"),
        ("{ fact = \"parent\", place = \"inside\" }", "{ factor = \"SOV-2.1\" }", "without an option"),
        ("{ fact = \"parent\", place = \"inside\" }", "{ place = \"inside\" }", "needs one of"),
    ] {
        let list = faults(from, to);
        assert!(list.contains(said) && list.starts_with("small.toml:"), "{said}: {list}");
    }
}

#[test]
fn a_certificate_with_ownership_in_its_rules_may_stand_alone() {
    let text = SMALL.replacen("{ fact = \"parent\", place = \"inside\" }", "{ fact = \"certificate\", value = [\"SecNumCloud\"] }", 1);
    let mut patterns = Patterns::default();
    patterns.kinds = kinds();
    assert!(load(&File { name: "small.toml", text: &text }, &base(), &mut patterns, true).is_ok());
}

fn shipped() -> Vec<Edition> {
    let (base, mut patterns) = (base(), Patterns::embedded().clone());
    edition::embedded_ids().map(|id| edition::embedded(id, &base, &mut patterns).expect(id).expect("no fault")).collect()
}

#[test]
fn every_shipped_edition_loads_and_fails_nobody_who_is_silent() {
    for edition in shipped() {
        for area in ["eea", "jp"] {
            let judgement = judged(&edition, area, &[]);
            let failing = judgement.controls.iter().filter(|c| c.status == Status::NotMet || c.status == Status::Met);
            assert_eq!(failing.count(), 0, "{}", edition.id);
            assert!(judgement.verdicts.iter().all(|v| v.outcome == Outcome::NotShown), "{}", edition.id);
        }
    }
}

#[test]
fn no_security_certificate_opens_a_gate_of_sovereignty() {
    let held = ["ISO 27001", "SOC 2", "C5", "HDS", "ENS", "ISO 27017"]
        .map(|value| Fact { value: value.to_owned(), ..fact("certificate", "FR", None) });
    let edition = shipped().into_iter().find(|e| e.id == "cispe-sr").expect("cispe-sr");
    let judgement = judged(&edition, "eea", &held);
    let of_sovereignty = judgement.controls.iter().filter(|c| c.id.starts_with("S-"));
    assert!(of_sovereignty.clone().count() >= 10);
    for control in of_sovereignty {
        assert_eq!(control.status, Status::NoEvidence, "{}", control.id);
    }
}

proptest! {
    /// What speaks for a control never makes it worse, and no order of facts matters.
    #[test]
    fn more_support_never_hurts(kinds in prop::collection::vec(0_usize..4, 0..6), turn in 0_usize..6) {
        let all = [fact("parent", "FR", None), fact("data-centre", "FR", None), fact("share", "FR", Some(90)), fact("support", "DE", None)];
        let mut facts: Vec<Fact> = kinds.iter().map(|k| all[*k].clone()).collect();
        let edition = small();
        let before: Vec<Status> = judged(&edition, "eea", &facts).controls.iter().map(|c| c.status).collect();
        let turn = turn % facts.len().max(1);
        facts.rotate_left(turn);
        let turned: Vec<Status> = judged(&edition, "eea", &facts).controls.iter().map(|c| c.status).collect();
        prop_assert_eq!(&before, &turned);
        facts.extend(all);
        let after = judged(&edition, "eea", &facts);
        prop_assert!(before.iter().zip(&after.controls).all(|(b, a)| *b <= a.status));
        prop_assert_eq!(after.verdicts[0].outcome, Outcome::Likely);
    }
}
