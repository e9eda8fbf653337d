//! The scorer's promises: the public card, and properties that hold for all answers.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::domain::answer::ONE;
use crate::framework::load::embedded;

static FRAMEWORK: LazyLock<Framework> = LazyLock::new(|| embedded().expect("the edition loads"));

fn card() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cards/scalingo.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the card is there")).expect("the card is JSON")
}

fn answers_of(card: &Value) -> Responses {
    let factors = card["factors"].as_array().expect("a list");
    factors
        .iter()
        .map(|f| {
            (
                FactorId(f["factor"].as_str().expect("an id").to_owned()),
                Response::certain(u8::try_from(f["option"].as_u64().expect("a number")).expect("small")),
            )
        })
        .collect()
}

fn check(responses: &Responses, weights: Option<&str>, rounding: Option<&str>) -> Scorecard {
    let profile = Profile { weights: weights.map(str::to_owned), rounding: rounding.map(str::to_owned), gates: BTreeMap::new() };
    score(&FRAMEWORK, responses, &profile).expect("scores")
}

#[test]
fn the_public_card_is_reproduced_to_the_last_figure() {
    let card = card();
    let result = check(&answers_of(&card), None, None);
    assert_eq!((result.weighted, result.unweighted, result.seal), (Some(Decimal(77.0)), Some(Decimal(75.1)), Some(3)));
    for (objective, expected) in result.objectives.iter().zip(card["objectives"].as_array().expect("a list")) {
        assert_eq!(objective.id, expected["id"]);
        assert_eq!(objective.percent.map(|d| d.0), expected["percent"].as_f64(), "{}", objective.id);
        assert_eq!(objective.seal.map(u64::from), expected["seal"].as_u64(), "{}", objective.id);
    }
    for expected in card["factors"].as_array().expect("a list") {
        let factor = FRAMEWORK.factor(&expected["factor"].as_str().expect("an id").into()).expect("a factor");
        let option = factor.option(u8::try_from(expected["option"].as_u64().expect("a number")).expect("small")).expect("an option");
        let best = factor.options.last().expect("options");
        assert_eq!(Some(option.points.whole().0 / 100), expected["points"].as_i64(), "{}", factor.id);
        assert_eq!(Some(best.points.whole().0 / 100), expected["max"].as_i64(), "{}", factor.id);
        assert_eq!(Some(u64::from(option.seal)), expected["seal"].as_u64(), "{}", factor.id);
    }
    assert_eq!(result.floor.weighted, result.ceiling.weighted);
}

#[test]
fn the_older_weights_give_their_own_score_and_are_named() {
    let result = check(&answers_of(&card()), Some("framework-1.2.1"), None);
    assert_eq!(result.weights, "framework-1.2.1");
    assert!((result.weighted.expect("a score").0 - 74.9).abs() < 0.11);
}

#[test]
fn what_does_not_exist_is_named() {
    let profile = |weights: &str| Profile { weights: Some(weights.to_owned()), ..Profile::default() };
    let said = |responses: &Responses, profile: &Profile| score(&FRAMEWORK, responses, profile).expect_err("a fault").to_string();
    assert!(said(&Responses::new(), &profile("none")).contains("there is calculator-2026-06, framework-1.2.1"));
    let one = |factor: &str, option: u8| Responses::from([(FactorId(factor.to_owned()), Response::certain(option))]);
    assert!(said(&one("SOV-9.1", 1), &Profile::default()).contains("`SOV-9.1` is no factor"));
    assert!(said(&one("SOV-2.1", 4), &Profile::default()).contains("SOV-2.1: there is no option 4; options are 1 to 3"));
    assert!(said(&one("SOV-2.1", 0), &Profile::default()).contains("there is no option 0"));
    let skewed = Responses::from([("SOV-2.1".into(), Response { option: 1, probabilities: vec![ONE, 1, 0] })]);
    assert!(said(&skewed, &Profile::default()).contains("add up to 1"));
}

#[test]
fn nothing_answered_is_unknown_and_not_zero() {
    let result = check(&Responses::new(), None, None);
    assert_eq!((result.weighted, result.seal), (None, None));
    assert_eq!((result.floor.seal, result.ceiling.seal), (0, 4));
    assert_eq!((result.floor.weighted, result.ceiling.weighted), (Decimal(0.0), Decimal(100.0)));
    assert!(result.flips.is_empty());
}

#[test]
fn a_gate_says_what_holds_it_back() {
    let responses = answers_of(&card());
    let profile = Profile { gates: [("SOV-1".to_owned(), 4), ("SOV-3".to_owned(), 4)].into(), ..Profile::default() };
    let result = score(&FRAMEWORK, &responses, &profile).expect("scores");
    assert!(result.gates[0].certain && !result.gates[1].certain);
    assert!(!result.gates[1].held_back_by.is_empty());
}

/// Answers for some factors: an option each, with or without probabilities.
fn some_answers() -> impl Strategy<Value = Responses> {
    let count = FRAMEWORK.factors.len();
    proptest::collection::vec((any::<bool>(), any::<u8>(), any::<bool>(), proptest::collection::vec(0_u32..1000, 5)), count).prop_map(
        |rows| {
            let mut responses = Responses::new();
            for (factor, (answered, pick, unsure, parts)) in FRAMEWORK.factors.iter().zip(rows) {
                if !answered {
                    continue;
                }
                let n = factor.options.len();
                let option = pick % u8::try_from(n).expect("few options") + 1;
                let probabilities = if unsure {
                    let total: u32 = parts[..n].iter().sum::<u32>().max(1);
                    let mut p: Vec<u32> = parts[..n]
                        .iter()
                        .map(|part| u32::try_from(u64::from(ONE) * u64::from(*part) / u64::from(total)).expect("fits"))
                        .collect();
                    p[usize::from(option) - 1] += ONE - p.iter().sum::<u32>();
                    p
                } else {
                    Vec::new()
                };
                responses.insert(factor.id.clone(), Response { option, probabilities });
            }
            responses
        },
    )
}

fn rounding() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("card"), Just("exact"), Just("calculator")]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn floor_expected_and_ceiling_are_in_order(responses in some_answers(), rounding in rounding()) {
        let result = check(&responses, None, Some(rounding));
        prop_assert!(result.floor.weighted <= result.expected.weighted && result.expected.weighted <= result.ceiling.weighted);
        prop_assert!(result.floor.unweighted <= result.expected.unweighted && result.expected.unweighted <= result.ceiling.unweighted);
        prop_assert!(result.floor.seal <= result.ceiling.seal);
        if let Some(seal) = result.seal {
            prop_assert!(result.floor.seal <= seal && result.ceiling.seal <= seal);
        }
        for o in &result.objectives {
            prop_assert!(o.floor <= o.expected && o.expected <= o.ceiling);
            if let Some(percent) = o.percent {
                prop_assert!(o.floor <= percent && percent <= o.ceiling);
            }
        }
    }

    #[test]
    fn the_distribution_sums_to_one(responses in some_answers()) {
        let outlook = check(&responses, None, None).seal_outlook;
        prop_assert_eq!(outlook.all_factors.iter().sum::<u32>(), ONE);
        if !responses.is_empty() {
            prop_assert_eq!(outlook.answered_factors.iter().sum::<u32>(), ONE);
        }
        let [low, high] = outlook.interval_90;
        let held: u32 = outlook.all_factors[usize::from(low)..=usize::from(high)].iter().sum();
        prop_assert!(held >= 900_000);
    }

    /// The published table falls nowhere (points and SEAL rise with the option), so no exception is needed.
    #[test]
    fn raising_an_option_never_lowers_score_or_seal(responses in some_answers(), which in any::<prop::sample::Index>(), rounding in rounding()) {
        prop_assume!(!responses.is_empty());
        let id = which.get(&responses.keys().cloned().collect::<Vec<_>>()).clone();
        let factor = FRAMEWORK.factor(&id).expect("a factor");
        let now = responses[&id].option;
        prop_assume!(usize::from(now) < factor.options.len());
        let mut raised = responses.clone();
        raised.insert(id, Response::certain(now + 1));
        let (before, after) = (check(&responses, None, Some(rounding)), check(&raised, None, Some(rounding)));
        prop_assert!(before.weighted <= after.weighted && before.unweighted <= after.unweighted);
        prop_assert!(before.seal <= after.seal && before.floor.seal <= after.floor.seal && before.ceiling.seal <= after.ceiling.seal);
    }

    #[test]
    fn the_same_answers_in_any_order_give_the_same_bytes(responses in some_answers()) {
        let mut backwards = Responses::new();
        for (id, response) in responses.iter().rev() {
            backwards.insert(id.clone(), response.clone());
        }
        let bytes = |r: &Responses| serde_json::to_string(&check(r, None, None)).expect("writes");
        prop_assert_eq!(bytes(&responses), bytes(&backwards));
    }

    /// A flip is what it says: the level with that one answer changed, computed anew.
    #[test]
    fn a_flip_changes_the_level_as_it_says(responses in some_answers()) {
        let result = check(&responses, None, None);
        for factor in &FRAMEWORK.factors {
            let Some(response) = responses.get(&factor.id) else { continue };
            let mut levels: Vec<u8> = Vec::new();
            for option in factor.options.iter().filter(|o| o.number != response.option) {
                let mut other = responses.clone();
                other.insert(factor.id.clone(), Response::certain(option.number));
                let level = check(&other, None, None).seal.expect("a level");
                if Some(level) != result.seal {
                    levels.push(level);
                }
            }
            levels.sort_unstable();
            levels.dedup();
            let said = result.flips.iter().find(|f| f.factor == factor.id).map(|f| f.would_be.clone()).unwrap_or_default();
            prop_assert_eq!(said, levels, "{}", &factor.id);
        }
    }
}
