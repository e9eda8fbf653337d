//! The embedded extractor: the framework's rules over retrieved passages. No model, no network, same result each time.
//!
//! It prefers silence to error. `needs` and `unless` look at what matched anywhere in the documentation, whatever the
//! matching rule's own `needs` and `unless` say.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::domain::evidence::{Candidate, Origin, Scope};
use crate::domain::id::PageNumber;
use crate::domain::page::{Page, Passage};
use crate::domain::quote::fold;
use crate::framework::knowledge::Rule;
use crate::framework::{Factor, Framework};
use crate::index::passage::{Unit, units};

/// Most quotes that one rule brings.
const MAX_QUOTES: usize = 3;

/// Where a rule matched.
#[derive(Clone, Debug)]
struct Match {
    page: PageNumber,
    quote: String,
    /// The page does not speak to an assessor: only then can the match carry another rule.
    trusted: bool,
    /// Sorts the best quote first: outdated pages last, then tier, then place.
    order: (bool, crate::domain::page::Tier, PageNumber, usize),
}

/// All matches of all rules over one check's documentation.
#[derive(Debug, Default)]
pub struct Matches {
    by_rule: BTreeMap<String, Vec<Match>>,
}

struct ReadPage<'a> {
    page: &'a Page,
    title: String,
    units: Vec<Unit>,
}

impl Matches {
    /// Runs every rule over the passages that were retrieved for its factor.
    ///
    /// `retrieved` gives the passages of a factor.
    pub fn find<'p>(framework: &Framework, pages: &[Page], retrieved: impl Fn(&Factor) -> Vec<&'p Passage>) -> Self {
        let read: HashMap<PageNumber, ReadPage<'_>> =
            pages.iter().map(|page| (page.number, ReadPage { page, title: fold(&page.title), units: units(page) })).collect();
        let mut by_rule: BTreeMap<String, Vec<Match>> = BTreeMap::new();
        for factor in &framework.factors {
            let rules: Vec<&Rule> = framework.knowledge.rules.iter().filter(|r| r.factor == factor.id).collect();
            if rules.is_empty() {
                continue;
            }
            for passage in retrieved(factor) {
                let Some(page) = read.get(&passage.page) else { continue };
                let first = page.units.partition_point(|u| u.block < passage.blocks.start);
                let last = page.units.partition_point(|u| u.block < passage.blocks.end);
                for i in first..last {
                    if framework.knowledge.never.iter().any(|never| never.voids(factor.id.as_str(), &page.units[i].folded)) {
                        continue;
                    }
                    for rule in rules.iter().filter(|rule| matches(rule, page, i)) {
                        let unit = &page.units[i];
                        by_rule.entry(rule.id.clone()).or_default().push(Match {
                            page: page.page.number,
                            trusted: !page.page.speaks_to_assessor(),
                            quote: page.page.text.text[unit.range.clone()].to_owned(),
                            order: (page.page.outdated, page.page.tier, page.page.number, unit.range.start),
                        });
                    }
                }
            }
        }
        for found in by_rule.values_mut() {
            found.sort_by_key(|m| m.order);
            let mut seen = HashSet::new();
            found.retain(|m| seen.insert(m.quote.clone()));
        }
        Self { by_rule }
    }

    /// What the rules claim of `factor`.
    pub fn candidates(&self, framework: &Framework, factor: &Factor) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for rule in framework.knowledge.rules.iter().filter(|r| r.factor == factor.id) {
            let (Some(claim), Some(found)) = (rule.claim, self.by_rule.get(&rule.id)) else { continue };
            let holds = rule.needs.iter().all(|id| self.by_rule.get(id).is_some_and(|found| found.iter().any(|m| m.trusted)))
                && !rule.unless.iter().any(|id| self.by_rule.contains_key(id));
            if !holds {
                continue;
            }
            candidates.extend(found.iter().take(MAX_QUOTES).map(|m| Candidate {
                factor: factor.id.clone(),
                claim,
                page: m.page,
                quote: m.quote.clone(),
                weight: rule.weight,
                because: rule.says.clone(),
                origin: Origin::Rule { id: rule.id.clone() },
                support: None,
                scope: Scope::default(),
            }));
        }
        candidates
    }

    /// Whether any of these rules matched.
    pub fn any(&self, rules: &[String]) -> bool {
        rules.iter().any(|id| self.by_rule.contains_key(id))
    }
}

fn matches(rule: &Rule, page: &ReadPage<'_>, i: usize) -> bool {
    let unit = &page.units[i];
    if !rule.tiers.is_empty() && !rule.tiers.contains(&page.page.tier) {
        return false;
    }
    if !rule.matches(&unit.folded) {
        return false;
    }
    if rule.near.is_empty() {
        return true;
    }
    let around = |i: Option<usize>| i.and_then(|i| page.units.get(i)).map_or("", |u| u.folded.as_str());
    let context = [page.title.as_str(), unit.heading.as_str(), around(i.checked_sub(1)), &unit.folded, around(Some(i + 1))].join(" ");
    rule.near.iter().all(|pattern| pattern.is_match(&context))
}
