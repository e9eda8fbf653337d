//! One answer per factor: an option with its probabilities, or an honest reason why there is none.
//!
//! Probabilities are whole millionths, so that scoring stays exact. This module decides nothing: `settle` does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id::FactorId;

/// A probability in millionths, 0 to 1 000 000.
pub type Ppm = u32;

/// Certainty.
pub const ONE: Ppm = 1_000_000;

/// What is known of a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Verified quotes show an option.
    Answered,
    /// Verified quotes show options that cannot both hold, and neither source outweighs the other.
    Contradicted,
    /// Nothing was found. This says nothing about the service.
    NotFound,
    /// The framework's convention for services without the subject applies.
    NotApplicable,
    /// The extractor gave no usable reply; the factor was not judged.
    Failed,
}

impl State {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Contradicted => "contradicted",
            Self::NotFound => "not found",
            Self::NotApplicable => "not applicable",
            Self::Failed => "failed",
        }
    }
}

/// A probability in a word, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Band {
    /// Under 60 %.
    Low,
    /// 60 % to 80 %.
    Medium,
    /// 80 % and more.
    High,
}

impl Band {
    /// The band of a probability.
    pub fn of(probability: Ppm) -> Self {
        match probability {
            800_000.. => Self::High,
            600_000.. => Self::Medium,
            _ => Self::Low,
        }
    }

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Who spoke for the option of an answer: what probability such an answer earns depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Voice {
    /// Nobody: there is no option.
    #[default]
    None,
    /// Rules alone.
    Rules,
    /// A model alone.
    Model,
    /// A model and rules, each by its own quotes.
    Both,
}

impl Voice {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Rules => "rules",
            Self::Model => "model",
            Self::Both => "both",
        }
    }
}

/// What was searched for a factor, so that "not found" can be checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// The queries that were put to the index.
    pub queries: Vec<String>,
    /// How many passages were read for this factor.
    pub passages: u32,
    /// How many pages those passages stand on.
    pub pages: u32,
    /// How many claims an extractor made that the page did not bear out.
    pub refuted: u32,
    /// How many quotes stand on their page and, a second look found, do not support what they were quoted for.
    #[serde(default)]
    pub unsupported: u32,
    /// Places of passages in the order in which a model chose to read them; empty where search alone decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranked: Vec<u32>,
    /// How often a model was asked for an answer to this factor.
    #[serde(default)]
    pub samples: u32,
}

/// The answer to one factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The factor.
    pub factor: FactorId,
    /// What is known.
    pub state: State,
    /// The option, for `Answered` and `NotApplicable`.
    pub option: Option<u8>,
    /// Probability of each option in order, summing to [`ONE`]; empty unless `Answered` or `Contradicted`.
    pub probabilities: Vec<Ppm>,
    /// The probability of the option before calibration.
    #[serde(default)]
    pub raw: Option<Ppm>,
    /// Who spoke for the option.
    #[serde(default)]
    pub voice: Voice,
    /// One or two sentences: which words decide, or what was missing.
    pub justification: String,
    /// Places in the check's list of findings, the deciding ones first.
    pub findings: Vec<usize>,
    /// What was searched.
    pub receipt: Receipt,
}

impl Answer {
    /// The probability that the option is right, if there is an option to be right.
    pub fn confidence(&self) -> Option<Ppm> {
        match (self.state, self.option) {
            (State::Answered, Some(option)) => self.probabilities.get(usize::from(option).checked_sub(1)?).copied(),
            _ => None,
        }
    }
}
