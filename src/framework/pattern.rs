//! A regular expression of a data file, compiled when it is first needed.

use std::sync::{Arc, OnceLock};

use regex::{Regex, RegexBuilder};

/// Largest compiled size of one pattern, so that a user's own file cannot eat the memory.
const PATTERN_BYTES: usize = 8 << 20;
/// Largest search cache of one pattern: there are over a thousand, most of which match nowhere.
const PATTERN_CACHE: usize = 256 << 10;

/// A pattern that is compiled when it is first needed: an edition has over a thousand, and scoring needs none.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: Arc<str>,
    compiled: Arc<OnceLock<Option<Regex>>>,
}

impl Pattern {
    /// Of this text; whether it is sound shows when it is built.
    pub fn new(text: &str) -> Self {
        Self { text: text.into(), compiled: Arc::default() }
    }

    /// Compiles it, without keeping the result.
    ///
    /// # Errors
    /// It is no pattern, or too large.
    pub fn build(&self) -> Result<Regex, regex::Error> {
        RegexBuilder::new(&self.text).case_insensitive(true).size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_CACHE).build()
    }

    /// The compiled pattern; none if it is unsound.
    pub fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| self.build().ok()).as_ref()
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it stands in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }
}
