//! What the profile of a service rules out: facts that leave a factor at most an option, by the edition's caps.

use crate::area::AREAS;
use crate::domain::evidence::{Candidate, Claim, Origin, Scope};
use crate::domain::profile::{Fact, Profile};
use crate::framework::knowledge::{Cap, Place};
use crate::framework::{Factor, Framework};

/// The limits on `factor` that follow from `profile`, each with the fact's own words. `on` is the day (RFC 3339 date).
pub fn candidates(framework: &Framework, factor: &Factor, profile: &Profile, on: &str) -> Vec<Candidate> {
    let caps = framework.knowledge.caps.iter().filter(|cap| cap.factor == factor.id);
    caps.flat_map(|cap| {
        profile.facts.iter().filter(move |fact| holds(framework, cap, fact, on)).take(1).map(move |fact| Candidate {
            factor: cap.factor.clone(),
            claim: Claim::Limits(cap.option),
            page: fact.page,
            quote: fact.quote.clone(),
            weight: cap.weight,
            because: cap.says.clone(),
            origin: Origin::Rule { id: cap.id.clone() },
            support: None,
            scope: Scope::default(),
        })
    })
    .collect()
}

fn holds(framework: &Framework, cap: &Cap, fact: &Fact, on: &str) -> bool {
    let inside = fact.country.as_deref().map(|code| AREAS.is_member(&framework.area, code, on));
    cap.kind == fact.kind
        && !fact.outdated
        && cap.value.as_ref().is_none_or(|value| *value == fact.value)
        && match cap.place {
            Place::Any => true,
            Place::Inside => inside == Some(true),
            Place::Outside => inside == Some(false),
        }
}
