//! Facts about a service that one page settles for many factors, each with its quote.
//!
//! Only types: `profile` finds them, editions say which factor sees which kind and what a kind rules out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id::PageNumber;
use super::page::Tier;

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The company that provides the service.
    LegalEntity,
    /// A company that owns or controls it.
    Parent,
    /// The law of its contract.
    GoverningLaw,
    /// A place where data is kept.
    DataCentre,
    /// A company that processes customer data for it.
    SubProcessor,
    /// A certificate of its own.
    Certificate,
    /// Who holds the keys.
    KeyManagement,
    /// Where support works.
    Support,
    /// Where its security is watched.
    Soc,
    /// Its own public source code.
    Repository,
}

impl Kind {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::LegalEntity => "legal entity",
            Self::Parent => "parent",
            Self::GoverningLaw => "governing law",
            Self::DataCentre => "data centre",
            Self::SubProcessor => "sub-processor",
            Self::Certificate => "certificate",
            Self::KeyManagement => "key management",
            Self::Support => "support",
            Self::Soc => "security operations",
            Self::Repository => "source repository",
        }
    }
}

/// A fact that stands on a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// What it is about.
    pub kind: Kind,
    /// The company, law, place, certificate, mode or address.
    pub value: String,
    /// ISO 3166-1 alpha-2 of the country that it names.
    pub country: Option<String>,
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
