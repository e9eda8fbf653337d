//! What a visitor asks the service to check, and how far that has come.
//!
//! A [`CheckRequest`] and the check that answers it share one id: nobody goes on with another visitor's half-done check.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::CheckId;

/// What is to be checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The service's name.
    pub service: String,
    /// Where its documentation starts: http and https addresses, at least one.
    pub starts: Vec<String>,
    /// Areas of sovereignty, such as `eea`; empty for the usual one.
    #[serde(default)]
    pub areas: Vec<String>,
    /// Ids of frameworks that ship with the program; empty for the usual ones.
    #[serde(default)]
    pub frameworks: Vec<String>,
    /// ISO 639-1 code of the language of the pages that the visitor sees.
    pub language: String,
}

/// How far a request has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// There is a result.
    Done,
    /// There will be none.
    Failed(Failure),
    /// The visitor did not want it any more.
    Cancelled,
}

impl State {
    /// The name in the database, in addresses and in replies.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Done | Self::Failed(_) | Self::Cancelled)
    }
}

/// Why there will be no result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What a page needs to know to explain it.
    pub kind: FailureKind,
    /// What happened, for people.
    pub detail: String,
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// Not one page could be read.
    NothingReadable,
    /// What was asked for cannot be checked any more, such as a framework that is no longer there.
    Refused,
    /// It was tried too often.
    GivenUp,
    /// This service is at fault.
    Fault,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

/// A request as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRequest {
    /// Its id, and that of its check.
    pub id: CheckId,
    /// What is to be checked.
    pub asked: Asked,
    /// How far it has come.
    pub state: State,
    /// Whether its end was asked for while a worker has it.
    pub cancelling: bool,
    /// The account that claimed it.
    pub owner: Option<String>,
    /// When it was placed, milliseconds since the epoch, as are all times here.
    pub created_ms: u64,
    /// When a worker first took it.
    pub started_ms: Option<u64>,
    /// When it was over.
    pub ended_ms: Option<u64>,
    /// When it is deleted unless it is claimed.
    pub expires_ms: u64,
}
