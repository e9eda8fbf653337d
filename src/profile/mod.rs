//! The profile of a service: facts that one page settles for many factors and controls, each with its quote.
//!
//! Found once, by patterns that are data (`facts/`, and what an edition brings of its own); every factor and every control
//! that depends on a kind of fact sees it. A fact is a byte range of a stored page, as any evidence is; it judges nothing.

mod filter;
pub mod patterns;

use std::ops::Range;

use crate::domain::page::Page;
use crate::domain::profile::{Fact, Profile};
use crate::domain::quote::fold;
use crate::framework::knowledge::Never;
use crate::index::passage::{Unit, units};
use patterns::{Pattern, Patterns, Reading};

/// Most facts that are kept of one kind.
const MOST: usize = 40;

/// The facts that stand on `pages`. A page that speaks to an assessor gives none, nor does a sentence that claims nothing.
pub fn find(pages: &[Page], patterns: &Patterns, never: &[Never]) -> Profile {
    let mut facts: Vec<Fact> = Vec::new();
    for page in pages.iter().filter(|page| !page.speaks_to_assessor()) {
        let title = fold(&page.title);
        let units = units(page);
        for (i, unit) in units.iter().enumerate() {
            for pattern in patterns.candidates(&unit.folded).filter(|p| p.tiers.is_empty() || p.tiers.contains(&page.tier)) {
                let Some(read) = pattern.read(&unit.folded) else { continue };
                let far = !pattern.near.is_empty() && !near(pattern, &title, &units, i);
                if far || never.iter().any(|never| never.voids(pattern.kind.as_str(), &unit.folded)) {
                    continue;
                }
                facts.push(fact(page, &unit.range, pattern, read, patterns.name(&pattern.kind)));
            }
        }
    }
    facts.sort_by_cached_key(|f| (patterns.rank(&f.kind), f.outdated, f.tier, f.page, f.range[0]));
    let mut kept: Vec<Fact> = Vec::new();
    for fact in facts {
        let same = |other: &Fact| {
            other.kind == fact.kind
                && other.value.eq_ignore_ascii_case(&fact.value)
                && other.country == fact.country
                && other.figure == fact.figure
        };
        if !kept.iter().any(same) && kept.iter().filter(|other| other.kind == fact.kind).count() < MOST {
            kept.push(fact);
        }
    }
    Profile { facts: kept }
}

fn near(pattern: &Pattern, title: &str, units: &[Unit], i: usize) -> bool {
    let around = |i: Option<usize>| i.and_then(|i| units.get(i)).map_or("", |u| u.folded.as_str());
    let context = [title, &fold(&units[i].heading), around(i.checked_sub(1)), &units[i].folded, around(Some(i + 1))].join(" ");
    pattern.near.iter().all(|near| near.is_match(&context))
}

fn fact(page: &Page, range: &Range<usize>, pattern: &Pattern, read: Reading, name: &str) -> Fact {
    Fact {
        kind: pattern.kind.clone(),
        name: name.to_owned(),
        value: read.value,
        country: read.country,
        figure: read.figure,
        scope: read.scope,
        purpose: read.purpose,
        date: read.date,
        page: page.number,
        range: [range.start, range.end],
        quote: page.text.text[range.clone()].to_owned(),
        tier: page.tier,
        outdated: page.outdated,
        pattern: pattern.id.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::page::Tier;
    use crate::domain::profile::Kind;
    use crate::index::passage::tests::page;

    #[test]
    fn every_pattern_finds_its_examples_and_nothing_else() {
        let patterns = Patterns::embedded();
        assert_ne!(patterns.version, "");
        let wrong: Vec<String> = patterns.wrong();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn every_kind_has_a_pattern_with_examples_in_three_languages() {
        let patterns = Patterns::embedded();
        for (kind, _) in &patterns.kinds {
            assert!(patterns.all.iter().any(|p| p.kind == *kind && p.yes.len() >= 2 && !p.no.is_empty()), "{}", kind.as_str());
        }
    }

    #[test]
    fn a_fact_is_the_pages_own_words_and_stands_once() {
        let words = "The contract is governed by French law.\n\nThe contract is governed by French law.\n";
        let terms = page(1, "legal/terms", Tier::Contract, &format!("# General terms\n{words}"));
        let profile = find(std::slice::from_ref(&terms), Patterns::embedded(), &[]);
        let kinds = [Kind("governing-law".to_owned())];
        let laws: Vec<&Fact> = profile.of(&kinds).collect();
        assert_eq!(laws.len(), 1, "{profile:#?}");
        assert_eq!(laws[0].country.as_deref(), Some("FR"));
        assert_eq!(&terms.text.text[laws[0].range[0]..laws[0].range[1]], laws[0].quote);
    }
}
