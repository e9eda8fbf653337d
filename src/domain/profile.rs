//! Facts about a service that one page settles for many factors, each with its quote.
//!
//! Only types: `profile` finds them, editions say which factor sees which kind and what a kind rules out.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id::PageNumber;
use super::page::Tier;

/// What a fact is about: the id of a kind that a file of facts declares, such as `legal-entity`. Open, so that a framework
/// can bring kinds of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Kind(pub String);

impl Kind {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A number that a fact gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Figure {
    /// In thousandths of the unit.
    pub thousandths: i64,
    /// Such as `%`, `L/kWh`; empty for a ratio.
    pub unit: String,
    /// The year that it speaks of, where the words name one.
    pub year: Option<u16>,
}

/// A fact that stands on a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// What it is about.
    pub kind: Kind,
    /// The kind's name for readers.
    pub name: String,
    /// The company, law, place, certificate, mode or address.
    pub value: String,
    /// ISO 3166-1 alpha-2 of the country that it names, or the id of a union in capitals (`EU`, `EEA`).
    pub country: Option<String>,
    /// The number that it gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<Figure>,
    /// What a certificate covers.
    pub scope: Option<String>,
    /// What a sub-processor does.
    pub purpose: Option<String>,
    /// A date that it gives.
    pub date: Option<String>,
    /// The page.
    pub page: PageNumber,
    /// Bytes of the page's text.
    pub range: [usize; 2],
    /// The page's own words.
    pub quote: String,
    /// How much the page can carry.
    pub tier: Tier,
    /// The page says that it is archived.
    pub outdated: bool,
    /// The pattern that found it.
    pub pattern: String,
}

impl Fact {
    /// The fact in a line, such as `data centre: Frankfurt, DE`.
    pub fn reads(&self) -> String {
        let mut line = format!("{}: {}", self.name, self.value);
        if let Some(figure) = &self.figure {
            line = format!("{line}, {figure}");
        }
        if let Some(country) = &self.country {
            line = format!("{line}, {country}");
        }
        line
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.thousandths / 1_000, self.thousandths % 1_000);
        let rest = format!("{rest:03}");
        let rest = rest.trim_end_matches('0');
        write!(f, "{whole}{}{rest}", if rest.is_empty() { "" } else { "." })?;
        if !self.unit.is_empty() {
            write!(f, " {}", self.unit)?;
        }
        self.year.map_or(Ok(()), |year| write!(f, " ({year})"))
    }
}

/// All facts of one check, the strongest sources first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// See [`Fact`].
    pub facts: Vec<Fact>,
}

impl Profile {
    /// Facts of these kinds.
    pub fn of<'a>(&'a self, kinds: &'a [Kind]) -> impl Iterator<Item = &'a Fact> {
        self.facts.iter().filter(|fact| kinds.contains(&fact.kind))
    }
}
