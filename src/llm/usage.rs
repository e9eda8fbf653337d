//! What a check spent on models, and what it may spend.

use std::sync::atomic::{AtomicU64, Ordering};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Calls and tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Requests that were answered.
    pub calls: u64,
    /// Tokens sent.
    pub tokens_in: u64,
    /// Tokens received.
    pub tokens_out: u64,
}

impl Usage {
    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            tokens_in: self.tokens_in + other.tokens_in,
            tokens_out: self.tokens_out + other.tokens_out,
        }
    }
}

/// What a million tokens cost, in the operator's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Price {
    /// For a million tokens sent.
    pub million_in: f64,
    /// For a million tokens received.
    pub million_out: f64,
}

impl Price {
    /// What `usage` cost.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    pub fn of(&self, usage: Usage) -> f64 {
        (usage.tokens_in as f64 * self.million_in + usage.tokens_out as f64 * self.million_out) / 1e6
    }
}

/// A budget of tokens that several calls draw on at once.
#[derive(Debug)]
pub struct Budget {
    limit: u64,
    spent: AtomicU64,
}

impl Budget {
    /// At most `limit` tokens, sent and received, of which `spent` are gone.
    pub fn new(limit: u64, spent: u64) -> Self {
        Self { limit, spent: AtomicU64::new(spent) }
    }

    /// Whether a call that needs about `tokens` still fits.
    pub fn allows(&self, tokens: u64) -> bool {
        self.spent.load(Ordering::Relaxed) + tokens <= self.limit
    }

    /// Counts what was spent.
    pub fn spend(&self, usage: Usage) {
        self.spent.fetch_add(usage.tokens_in + usage.tokens_out, Ordering::Relaxed);
    }
}
