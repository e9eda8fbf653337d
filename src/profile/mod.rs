//! The profile of a service: facts that one page settles for many factors, each with its quote.
//!
//! Found once, by patterns that are data (`facts.toml`); every factor that depends on a kind of fact sees it, and what an
//! answer says against it is found by the edition's caps. A fact is a byte range of a stored page, as any evidence is.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use crate::area::AREAS;
use crate::domain::page::{Page, Tier};
use crate::domain::profile::{Fact, Kind, Profile};
use crate::domain::quote::fold;
use crate::index::passage::{Unit, units};

/// Most facts that are kept of one kind.
const MOST: usize = 40;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactsFile {
    version: String,
    #[serde(rename = "pattern")]
    patterns: Vec<PatternFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PatternFile {
    kind: Kind,
    id: String,
    pattern: String,
    #[serde(default)]
    value: Option<String>,
    country: CountryFrom,
    #[serde(default)]
    none: Vec<String>,
    #[serde(default)]
    near: Vec<String>,
    #[serde(default)]
    tiers: Vec<Tier>,
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "examples are read by a test"))]
    yes: Vec<Example>,
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "examples are read by a test"))]
    no: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "examples are read by a test"))]
struct Example {
    text: String,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    country: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum CountryFrom {
    /// The group `country`, or the whole unit where the pattern has none, names it.
    Named,
    /// Facts of this kind have none.
    None,
}

struct Pattern {
    file: PatternFile,
    regex: Regex,
    none: Vec<Regex>,
    near: Vec<Regex>,
}

struct Patterns {
    version: String,
    all: Vec<Pattern>,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
    let file: FactsFile = toml::from_str(include_str!("facts.toml")).expect("facts.toml");
    #[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
    let build = |text: &String| RegexBuilder::new(text).case_insensitive(true).build().expect("a pattern of facts.toml");
    let all = file
        .patterns
        .into_iter()
        .map(|file| Pattern {
            regex: build(&file.pattern),
            none: file.none.iter().map(build).collect(),
            near: file.near.iter().map(build).collect(),
            file,
        })
        .collect();
    Patterns { version: file.version, all }
});

/// Version of the patterns.
pub fn version() -> &'static str {
    &PATTERNS.version
}

/// What a pattern reads in one unit.
struct Reading {
    value: String,
    country: Option<String>,
    scope: Option<String>,
    purpose: Option<String>,
    date: Option<String>,
}

impl Pattern {
    fn read(&self, unit: &str) -> Option<Reading> {
        let found = self.regex.captures(unit)?;
        if self.none.iter().any(|none| none.is_match(unit)) {
            return None;
        }
        let group =
            |name: &str| found.name(name).map(|m| m.as_str().trim().trim_end_matches([',', ';']).to_owned()).filter(|t| !t.is_empty());
        let value = self.file.value.clone().filter(|v| !v.is_empty()).or_else(|| group("value"))?;
        let country = match self.file.country {
            CountryFrom::None => None,
            CountryFrom::Named => AREAS.named_in(found.name("country").map_or(unit, |m| m.as_str())).map(|c| c.code.clone()),
        };
        Some(Reading { value, country, scope: group("scope"), purpose: group("purpose"), date: group("date") })
    }
}

/// The facts that stand on `pages`. A page that speaks to an assessor gives none.
pub fn find(pages: &[Page]) -> Profile {
    let mut facts: Vec<Fact> = Vec::new();
    for page in pages.iter().filter(|page| !page.speaks_to_assessor()) {
        let title = fold(&page.title);
        let units = units(page);
        for (i, unit) in units.iter().enumerate() {
            for pattern in PATTERNS.all.iter().filter(|p| p.file.tiers.is_empty() || p.file.tiers.contains(&page.tier)) {
                let Some(read) = pattern.read(&unit.folded) else { continue };
                if !pattern.near.is_empty() && !near(pattern, &title, &units, i) {
                    continue;
                }
                facts.push(fact(page, &unit.range, pattern, read));
            }
        }
    }
    facts.sort_by(|a, b| (a.kind, a.outdated, a.tier, a.page, a.range[0]).cmp(&(b.kind, b.outdated, b.tier, b.page, b.range[0])));
    let mut kept: Vec<Fact> = Vec::new();
    for fact in facts {
        let same = |other: &Fact| other.kind == fact.kind && other.value.eq_ignore_ascii_case(&fact.value) && other.country == fact.country;
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

fn fact(page: &Page, range: &Range<usize>, pattern: &Pattern, read: Reading) -> Fact {
    Fact {
        kind: pattern.file.kind,
        value: read.value,
        country: read.country,
        scope: read.scope,
        purpose: read.purpose,
        date: read.date,
        page: page.number,
        range: [range.start, range.end],
        quote: page.text.text[range.clone()].to_owned(),
        tier: page.tier,
        outdated: page.outdated,
        pattern: pattern.file.id.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::passage::tests::page;

    #[test]
    fn every_pattern_finds_its_examples_and_nothing_else() {
        assert_ne!(version(), "");
        let mut wrong = Vec::new();
        for pattern in &PATTERNS.all {
            for example in &pattern.file.yes {
                match pattern.read(&fold(&example.text)) {
                    None => wrong.push(format!("{} misses: {}", pattern.file.id, example.text)),
                    Some(read) => {
                        if example.value.as_ref().is_some_and(|value| *value != read.value) {
                            wrong.push(format!("{} reads `{}` in: {}", pattern.file.id, read.value, example.text));
                        }
                        if example.country.is_some() && example.country != read.country {
                            wrong.push(format!("{} places {:?}: {}", pattern.file.id, read.country, example.text));
                        }
                    }
                }
            }
            for text in &pattern.file.no {
                if pattern.read(&fold(text)).is_some() {
                    wrong.push(format!("{} matches: {text}", pattern.file.id));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn a_fact_is_the_pages_own_words_and_stands_once() {
        let words = "The contract is governed by French law.\n\nThe contract is governed by French law.\n";
        let terms = page(1, "legal/terms", Tier::Contract, &format!("# General terms\n{words}"));
        let profile = find(std::slice::from_ref(&terms));
        let laws: Vec<&Fact> = profile.of(&[Kind::GoverningLaw]).collect();
        assert_eq!(laws.len(), 1, "{profile:#?}");
        assert_eq!(laws[0].country.as_deref(), Some("FR"));
        assert_eq!(&terms.text.text[laws[0].range[0]..laws[0].range[1]], laws[0].quote);
    }
}
