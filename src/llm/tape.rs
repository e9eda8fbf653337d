//! Replies on record: written as they come, and given again to the same question.
//!
//! A line of JSON for each reply: what was asked about, the model, the template's hash, the hash of the whole request
//! (words, schema and settings), and the reply. Replaying answers only the same request; another prompt or model is
//! said and never papered over. Keys and addresses are not recorded.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::Usage;

/// One reply on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Take {
    /// What was asked about, such as `Nordhaven SOV-2.1 extract`.
    pub about: String,
    /// The model's name.
    pub model: String,
    /// SHA-256 of the prompt's template.
    pub prompt: String,
    /// SHA-256 of the whole request.
    pub request: String,
    /// What the model said.
    pub reply: String,
    /// It was cut off at the model's limit.
    pub cut: bool,
    /// What it cost.
    pub usage: Usage,
}

/// Where replies are written, or come from.
#[derive(Debug)]
pub enum Tape {
    /// Each reply is added to a file.
    Record(Mutex<File>),
    /// Replies come from a file, by the request's hash.
    Replay(HashMap<String, Take>),
}

/// A recording that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    /// The file cannot be read or written.
    #[error("could not use the recording {}", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// A line is not a recorded reply.
    #[error("{}, line {line}: not a recorded reply ({problem})", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads all replies of a recording.
///
/// # Errors
/// [`TapeError`] names the file and the line.
pub fn takes(path: &Path) -> Result<Vec<Take>, TapeError> {
    let text = std::fs::read_to_string(path).map_err(|error| TapeError::File(path.to_owned(), error))?;
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(i, line)| {
            serde_json::from_str(line).map_err(|error| TapeError::Line { path: path.to_owned(), line: i + 1, problem: error.to_string() })
        })
        .collect()
}

impl Tape {
    /// Adds to the recording at `path`, which is made where it is missing.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn record(path: &Path) -> Result<Self, TapeError> {
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(|error| TapeError::File(path.to_owned(), error))?;
        Ok(Self::Record(Mutex::new(file)))
    }

    /// Answers from the recording at `path`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn replay(path: &Path) -> Result<Self, TapeError> {
        Ok(Self::Replay(takes(path)?.into_iter().map(|take| (take.request.clone(), take)).collect()))
    }

    /// The reply to a request, where replies are replayed.
    pub(super) fn find(&self, request: &str) -> Option<Option<Take>> {
        match self {
            Self::Record(_) => None,
            Self::Replay(takes) => Some(takes.get(request).cloned()),
        }
    }

    /// Writes a reply down, where replies are recorded. A reply that cannot be written is logged: the check goes on.
    pub(super) fn keep(&self, take: &Take) {
        let Self::Record(file) = self else { return };
        let written = serde_json::to_string(take).map_err(std::io::Error::other).and_then(|line| {
            // One write for a line, so that two checks can add to the same file.
            file.lock().unwrap_or_else(std::sync::PoisonError::into_inner).write_all(format!("{line}\n").as_bytes())
        });
        if let Err(error) = written {
            tracing::warn!(%error, "a reply could not be recorded");
        }
    }
}

/// A question whose reply is another than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// What was asked about.
    pub about: String,
    /// The reply before.
    pub before: String,
    /// The reply after.
    pub after: String,
    /// What else differs: `prompt`, `model`, `request`.
    pub because: Vec<&'static str>,
}

/// What moved between two recordings: questions that both asked, whose replies differ by `same`.
pub fn drift(before: &[Take], after: &[Take], same: impl Fn(&str, &str) -> bool) -> Vec<Drift> {
    let old: HashMap<&str, &Take> = before.iter().map(|take| (take.about.as_str(), take)).collect();
    let mut moved: Vec<Drift> = after
        .iter()
        .filter_map(|take| {
            let was = old.get(take.about.as_str())?;
            (!same(&was.reply, &take.reply)).then(|| Drift {
                about: take.about.clone(),
                before: was.reply.clone(),
                after: take.reply.clone(),
                because: [
                    ("prompt", was.prompt != take.prompt),
                    ("model", was.model != take.model),
                    ("request", was.request != take.request),
                ]
                .into_iter()
                .filter_map(|(name, differs)| differs.then_some(name))
                .collect(),
            })
        })
        .collect();
    moved.sort_by(|a, b| a.about.cmp(&b.about));
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(about: &str, prompt: &str, reply: &str) -> Take {
        Take {
            about: about.to_owned(),
            model: "m".to_owned(),
            prompt: prompt.to_owned(),
            request: format!("{about}{prompt}"),
            reply: reply.to_owned(),
            cut: false,
            usage: Usage::default(),
        }
    }

    #[test]
    fn what_is_recorded_is_found_again_and_only_for_the_same_request() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("replies.jsonl");
        let tape = Tape::record(&path).expect("a file");
        let said = take("a", "p1", "yes");
        tape.keep(&said);
        tape.keep(&take("b", "p1", "no"));
        let replay = Tape::replay(&path).expect("readable");
        assert_eq!(replay.find(&said.request), Some(Some(said)));
        assert_eq!(replay.find("ap2"), Some(None), "another prompt has no reply");
        std::fs::write(&path, "{}\n").expect("written");
        assert!(Tape::replay(&path).expect_err("not a reply").to_string().contains("line 1"));
    }

    #[test]
    fn what_moved_is_said_with_what_changed() {
        let before = [take("a", "p1", "3"), take("b", "p1", "2"), take("gone", "p1", "1")];
        let after = [take("a", "p2", "4"), take("b", "p2", "2"), take("new", "p2", "1")];
        let moved = drift(&before, &after, |a, b| a == b);
        assert_eq!(moved.len(), 1);
        assert_eq!((moved[0].about.as_str(), moved[0].because.as_slice()), ("a", ["prompt", "request"].as_slice()));
    }
}
