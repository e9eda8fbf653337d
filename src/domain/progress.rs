//! What has happened to a check, in the words in which it is kept and streamed.
//!
//! The stored form of the pipeline's events: small, without page text, readable by any process.

use serde::{Deserialize, Serialize};

use super::answer::State as AnswerState;
use super::id::FactorId;
use super::page::Why;
use super::request::Failure;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Progress {
    /// The request was accepted.
    Queued,
    /// A worker began, or goes on.
    Started {
        /// Pages that were read before, if it goes on.
        resumed: Option<u64>,
    },
    /// A page was read.
    Page {
        /// Its address.
        address: String,
        /// Its title.
        title: String,
        /// Why it was read now: the words and sums that the crawl went by.
        reason: String,
        /// Pages read so far.
        read: u64,
        /// Pages known, up to the budget.
        known: u64,
    },
    /// An address was not read.
    Unread {
        /// The address.
        address: String,
        /// The reason.
        why: Why,
        /// The same for people.
        detail: String,
    },
    /// No page has changed since an earlier check: its answers stand.
    Unchanged {
        /// When that check began, milliseconds since the epoch.
        since_ms: u64,
    },
    /// The passages are ready to be searched.
    Indexed {
        /// How many there are.
        passages: u64,
    },
    /// A factor has its answer.
    Factor {
        /// The factor.
        factor: FactorId,
        /// What is known.
        state: AnswerState,
        /// The option.
        option: Option<u8>,
        /// Factors answered or given up so far.
        done: u64,
        /// Factors of the framework.
        of: u64,
    },
    /// Something to know that does not stop the check.
    Warning {
        /// What.
        text: String,
    },
    /// A step failed in a way that can heal; it is tried again.
    Retrying {
        /// What happened.
        detail: String,
        /// When, milliseconds since the epoch.
        due_ms: u64,
    },
    /// The worker stops; another goes on.
    HandedBack,
    /// There is a result.
    Done,
    /// There will be none.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// The visitor did not want it any more.
    Cancelled,
}

impl Progress {
    /// The event's name in streams.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Started { .. } => "started",
            Self::Page { .. } => "page",
            Self::Unread { .. } => "unread",
            Self::Unchanged { .. } => "unchanged",
            Self::Indexed { .. } => "indexed",
            Self::Factor { .. } => "factor",
            Self::Warning { .. } => "warning",
            Self::Retrying { .. } => "retrying",
            Self::HandedBack => "handed-back",
            Self::Done => "done",
            Self::Failed { .. } => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will follow.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Done | Self::Failed { .. } | Self::Cancelled)
    }
}

/// One thing that happened, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// Its place in the check's events, from 1 without gaps.
    pub number: u64,
    /// When, milliseconds since the epoch.
    pub at_ms: u64,
    /// What.
    pub progress: Progress,
}
