//! Stories of settling: few findings, one answer.

use super::*;
use crate::domain::evidence::{Candidate, Scope};
use crate::domain::id::PageNumber;
use crate::domain::quote::Searchable;
use crate::framework::Framework;
use crate::framework::load::embedded;
use crate::index::passage::tests::page;

fn framework() -> Framework {
    embedded().expect("the edition loads")
}

/// A verified finding: `(claim, weight, tier, rule)`, its words made to stand on a page of that tier.
fn finding(framework: &Framework, number: u32, claim: Claim, weight: u8, tier: Tier, rule: &str) -> Finding {
    finding_by(framework, number, claim, weight, tier, Origin::Rule { id: rule.to_owned() })
}

fn finding_by(framework: &Framework, number: u32, claim: Claim, weight: u8, tier: Tier, origin: Origin) -> Finding {
    let words = format!("The words that speak for it stand on page {number}.");
    let page = page(number, "a", tier, &words);
    let text = Searchable::new(&page.text);
    Candidate {
        factor: framework.factors[8].id.clone(),
        claim,
        page: PageNumber(number),
        quote: words,
        weight,
        because: format!("Because of page {number}."),
        origin,
        support: None,
        scope: Scope::default(),
    }
    .verify(&page, &text)
    .expect("the words stand there")
}

fn factor(framework: &Framework) -> &Factor {
    framework.factor(&"SOV-2.2".into()).expect("a factor with five options")
}

fn check(findings: &[Finding]) -> Answer {
    let framework = framework();
    let answer = settle(factor(&framework), findings, Context::Findings, Receipt::default());
    if answer.option.is_some() {
        assert_eq!(answer.probabilities.iter().sum::<Ppm>(), ONE);
    }
    answer
}

#[test]
fn the_weights_load() {
    assert_ne!(WEIGHTS.version, "");
}

#[test]
fn nothing_found_is_said_and_not_guessed() {
    let answer = check(&[]);
    assert_eq!((answer.state, answer.option), (State::NotFound, None));
    assert!(answer.probabilities.is_empty());
}

#[test]
fn agreement_raises_and_contradiction_lowers_confidence() {
    let f = framework();
    let alone = check(&[finding(&f, 1, Claim::Shows(3), 70, Tier::Contract, "a")]);
    let agreed =
        check(&[finding(&f, 1, Claim::Shows(3), 70, Tier::Contract, "a"), finding(&f, 2, Claim::Shows(3), 60, Tier::Technical, "b")]);
    let disputed =
        check(&[finding(&f, 1, Claim::Shows(3), 70, Tier::Contract, "a"), finding(&f, 2, Claim::Shows(4), 60, Tier::Technical, "b")]);
    assert_eq!([alone.option, agreed.option, disputed.option], [Some(3); 3]);
    assert!(agreed.confidence() > alone.confidence() && alone.confidence() > disputed.confidence());
}

#[test]
fn a_claim_repeated_on_a_thousand_pages_is_one_claim() {
    let f = framework();
    let one = check(&[finding(&f, 1, Claim::Shows(5), 60, Tier::Marketing, "a")]);
    let many: Vec<Finding> = (1..=100).map(|n| finding(&f, n, Claim::Shows(5), 60, Tier::Marketing, "a")).collect();
    assert_eq!(check(&many).confidence(), one.confidence());
}

#[test]
fn a_limit_caps_the_option_and_says_so() {
    let f = framework();
    let answer =
        check(&[finding(&f, 1, Claim::Shows(5), 80, Tier::Technical, "a"), finding(&f, 2, Claim::Limits(3), 80, Tier::Contract, "b")]);
    assert_eq!(answer.option, Some(3));
    assert!(answer.justification.contains("limits the factor to option 3"));
    assert_eq!(answer.findings[0], 1, "the limiting quote comes first");
}

#[test]
fn sources_of_equal_weight_that_differ_contradict_each_other() {
    let f = framework();
    let answer =
        check(&[finding(&f, 1, Claim::Shows(2), 70, Tier::Contract, "a"), finding(&f, 2, Claim::Shows(5), 72, Tier::Contract, "b")]);
    assert_eq!((answer.state, answer.option), (State::Contradicted, None));
    assert_eq!(answer.findings.len(), 2);
}

#[test]
fn a_model_and_a_rule_that_differ_are_a_doubt_and_no_contradiction() {
    let f = framework();
    let rule = finding(&f, 1, Claim::Shows(2), 78, Tier::Contract, "a");
    let model =
        finding_by(&f, 2, Claim::Shows(4), 80, Tier::Contract, Origin::Model { name: "m".to_owned(), prompt: String::new(), sample: 0 });
    let alone = check(std::slice::from_ref(&model));
    let both = check(&[rule, model]);
    assert_eq!((both.state, both.option), (State::Answered, Some(4)));
    assert!(both.confidence() < alone.confidence());
}

#[test]
fn weak_words_are_no_answer() {
    let f = framework();
    assert_eq!(check(&[finding(&f, 1, Claim::Shows(5), 50, Tier::Marketing, "a")]).state, State::NotFound);
}

#[test]
fn order_of_findings_does_not_matter() {
    let f = framework();
    let findings = [
        finding(&f, 3, Claim::Shows(4), 60, Tier::Technical, "a"),
        finding(&f, 1, Claim::Shows(3), 60, Tier::Contract, "b"),
        finding(&f, 2, Claim::Limits(4), 60, Tier::Contract, "c"),
    ];
    let backwards: Vec<Finding> = findings.iter().rev().cloned().collect();
    let (a, b) = (check(&findings), check(&backwards));
    assert_eq!((a.option, a.probabilities, a.justification), (b.option, b.probabilities, b.justification));
}

#[test]
fn a_failed_factor_is_never_guessed() {
    let f = framework();
    let findings = [finding(&f, 1, Claim::Shows(3), 90, Tier::Contract, "a")];
    let answer = settle(factor(&f), &findings, Context::Failed("two unusable replies"), Receipt::default());
    assert_eq!((answer.state, answer.option), (State::Failed, None));
}
