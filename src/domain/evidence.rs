//! The one door of evidence: a [`Candidate`] is what an extractor claims, a [`Finding`] is what the page proves.
//!
//! Only [`Candidate::verify`] makes a finding. What is stored, scored or shown is a finding, so no invented
//! quote can reach a reader.
//!
//! ```compile_fail
//! use sovcheck::domain::evidence::Finding;
//! // The fields are private: nobody writes a finding by hand.
//! let finding = Finding { quote: "we promise".into() };
//! ```

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id::{FactorId, PageNumber};
use super::page::{Page, Tier};
use super::quote::{QuoteFault, Searchable};

/// Options count up from here.
const LOWEST: u8 = 1;

/// What a quote says about a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "option", rename_all = "kebab-case")]
pub enum Claim {
    /// The words show this option.
    Shows(u8),
    /// The words leave at most this option.
    Limits(u8),
}

/// Who made a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Origin {
    /// A rule of the framework's knowledge files.
    Rule {
        /// Its id, such as `SOV-2.1/eu-governing-law`.
        id: String,
    },
    /// A model.
    Model {
        /// The model's name as the operator set it.
        name: String,
        /// SHA-256 of the filled-in prompt's template.
        prompt: String,
        /// Which of several replies to the same question it stood in, from 0.
        #[serde(default)]
        sample: u8,
    },
}

/// What a second look found: whether the words support the claim as against its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Support {
    /// They do.
    Full,
    /// They bear on the factor and leave a neighbouring option open.
    Partial,
    /// They do not.
    None,
}

impl Support {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::None => "no",
        }
    }

    /// Whether the quote may carry the claim at all.
    pub fn holds(self) -> bool {
        self != Self::None
    }
}

/// What the words of a quote speak of, where they name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// The legal entity.
    pub entity: Option<String>,
    /// The offer.
    pub offer: Option<String>,
    /// The region.
    pub region: Option<String>,
}

impl Scope {
    /// Whether the words name none.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

/// What an extractor claims: not yet evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The factor it speaks to.
    pub factor: FactorId,
    /// What it says of the factor.
    pub claim: Claim,
    /// The page it names.
    pub page: PageNumber,
    /// The words it says stand there.
    pub quote: String,
    /// How often, of a hundred, the claim is right where the quote stands: 1 to 99.
    pub weight: u8,
    /// Why the words say so, one sentence.
    pub because: String,
    /// Who claims it.
    pub origin: Origin,
    /// What a second look found, if there was one.
    #[serde(default)]
    pub support: Option<Support>,
    /// What the words speak of.
    #[serde(default)]
    pub scope: Scope,
}

/// A claim whose words stand on the page that it names.
///
/// It cannot be read back from anywhere: what is stored is the [`Finding::claim_made`], verified anew when it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    factor: FactorId,
    claim: Claim,
    page: PageNumber,
    range: Range<usize>,
    quote: String,
    tier: Tier,
    outdated: bool,
    weight: u8,
    because: String,
    origin: Origin,
    support: Option<Support>,
    scope: Scope,
}

/// A claim that did not pass.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{factor}: {fault}: \u{201c}{quote}\u{201d}")]
pub struct Refuted {
    /// The factor it spoke to.
    pub factor: FactorId,
    /// The words it brought.
    pub quote: String,
    /// Why it was refused.
    #[source]
    pub fault: Fault,
}

/// Why a claim was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It names a page other than the one it is held against, or none that was read.
    #[error("no such page was read")]
    NoSuchPage,
    /// The quote is not the page's.
    #[error(transparent)]
    Quote(QuoteFault),
}

impl Candidate {
    /// Holds the claim against the page it names. `text` is that page, made ready once for all its claims.
    ///
    /// # Errors
    /// [`Refuted`] if the page is another one or the quote does not stand there word for word.
    pub fn verify(self, page: &Page, text: &Searchable) -> Result<Finding, Refuted> {
        if page.number != self.page {
            return Err(self.refuted(Fault::NoSuchPage));
        }
        let range = match text.find(&self.quote) {
            Ok(range) => range,
            Err(fault) => return Err(self.refuted(Fault::Quote(fault))),
        };
        // Whoever speaks to the assessor on a page wants an answer: nothing there raises one. The lowest option raises
        // none and stands, or such words beside a bad fact would be a way to be rid of it.
        let claim = match self.claim {
            Claim::Shows(option) if option > LOWEST && page.speaks_to_assessor() => Claim::Limits(option),
            claim => claim,
        };
        Ok(Finding {
            quote: page.text.text[range.clone()].to_owned(),
            range,
            factor: self.factor,
            claim,
            page: self.page,
            tier: page.tier,
            outdated: page.outdated,
            weight: self.weight.clamp(1, 99),
            because: self.because,
            origin: self.origin,
            support: self.support,
            scope: self.scope,
        })
    }

    /// The same claim as refused.
    pub fn refuted(self, fault: Fault) -> Refuted {
        Refuted { factor: self.factor, quote: self.quote, fault }
    }
}

impl Finding {
    /// The factor it speaks to.
    pub fn factor(&self) -> &FactorId {
        &self.factor
    }
    /// What it says of the factor.
    pub fn claim(&self) -> Claim {
        self.claim
    }
    /// The page it stands on.
    pub fn page(&self) -> PageNumber {
        self.page
    }
    /// Bytes of the page's text.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }
    /// The page's own words.
    pub fn quote(&self) -> &str {
        &self.quote
    }
    /// How much the page can carry.
    pub fn tier(&self) -> Tier {
        self.tier
    }
    /// Whether the page says of itself that it is archived.
    pub fn outdated(&self) -> bool {
        self.outdated
    }
    /// How often, of a hundred, such a claim is right: 1 to 99.
    pub fn weight(&self) -> u8 {
        self.weight
    }
    /// Why the words say so.
    pub fn because(&self) -> &str {
        &self.because
    }
    /// Who claimed it.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
    /// What a second look found, if there was one.
    pub fn support(&self) -> Option<Support> {
        self.support
    }
    /// What the words speak of.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
    /// The same finding after a second look.
    #[must_use]
    pub fn judged(mut self, support: Support) -> Self {
        self.support = Some(support);
        self
    }
    /// The claim that was verified, in the page's own words: what is stored.
    pub fn claim_made(&self) -> Candidate {
        Candidate {
            factor: self.factor.clone(),
            claim: self.claim,
            page: self.page,
            quote: self.quote.clone(),
            weight: self.weight,
            because: self.because.clone(),
            origin: self.origin.clone(),
            support: self.support,
            scope: self.scope.clone(),
        }
    }
}
