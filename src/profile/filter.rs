//! Which of several hundred patterns can match a text at all: those whose words stand in it.
//!
//! Every pattern is reduced to the words without which it cannot match (the method of RE2's FilteredRE2, by the crate
//! regex-filtered, of which only the reduction is used: its own set of patterns loses one that asks for a word twice).
//! One pass over the text finds the words. Patterns without such words are always candidates.

use std::collections::{BTreeSet, HashMap, HashSet};

use aho_corasick::AhoCorasick;
use regex_filtered::model::Model;
use regex_syntax::ParserBuilder;

use crate::framework::pattern::Pattern;

/// Shortest word that is looked for, in bytes.
const WORD: usize = 3;

/// Finds the patterns that can match.
pub struct Filter {
    words: Option<AhoCorasick>,
    /// For each word, the patterns that ask for it.
    asking: Vec<Vec<usize>>,
    /// What each pattern asks for; none if it may match anything.
    needs: Vec<Option<Needs>>,
}

/// Words without which a pattern cannot match, by their place in the list of all words.
#[derive(Debug)]
enum Needs {
    Word(usize),
    All(Vec<Needs>),
    Any(Vec<Needs>),
}

impl Needs {
    /// What `model` asks for; words that are too short ask for nothing.
    fn of(model: &Model, words: &mut HashMap<String, usize>) -> Option<Self> {
        match model {
            Model::All(_) | Model::None(_) => None,
            Model::Atom(_, word) if word.len() < WORD => None,
            Model::Atom(_, word) => {
                let next = words.len();
                Some(Self::Word(*words.entry(word.to_string()).or_insert(next)))
            }
            Model::And(_, parts) => {
                let parts: Vec<Self> = parts.iter().filter_map(|part| Self::of(part, words)).collect();
                (!parts.is_empty()).then_some(Self::All(parts))
            }
            Model::Or(_, parts) => parts.iter().map(|part| Self::of(part, words)).collect::<Option<_>>().map(Self::Any),
        }
    }

    fn are_met(&self, found: &HashSet<usize>) -> bool {
        match self {
            Self::Word(word) => found.contains(word),
            Self::All(parts) => parts.iter().all(|part| part.are_met(found)),
            Self::Any(parts) => parts.iter().any(|part| part.are_met(found)),
        }
    }

    fn words(&self, into: &mut HashSet<usize>) {
        match self {
            Self::Word(word) => drop(into.insert(*word)),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.words(into)),
        }
    }
}

impl Filter {
    /// A filter for these patterns.
    pub fn new<'a>(patterns: impl Iterator<Item = &'a Pattern>) -> Self {
        let mut words = HashMap::new();
        let needs: Vec<Option<Needs>> = patterns
            .map(|pattern| {
                let parsed = ParserBuilder::new().case_insensitive(true).build().parse(pattern.text()).ok()?;
                Needs::of(&Model::new(&parsed).ok()?, &mut words)
            })
            .collect();
        let mut asking = vec![Vec::new(); words.len()];
        for (place, needs) in needs.iter().enumerate() {
            let mut of = HashSet::new();
            needs.iter().for_each(|needs| needs.words(&mut of));
            of.into_iter().for_each(|word| asking[word].push(place));
        }
        let mut list = vec![String::new(); words.len()];
        words.into_iter().for_each(|(word, place)| list[place] = word);
        Self { words: AhoCorasick::builder().ascii_case_insensitive(true).build(list).ok(), asking, needs }
    }

    /// Places of the patterns that can match `text`, rising.
    pub fn candidates(&self, text: &str) -> Vec<usize> {
        let Some(words) = &self.words else { return (0..self.needs.len()).collect() };
        let all = |text: &str| words.find_overlapping_iter(text).map(|found| found.pattern().as_usize()).collect::<HashSet<usize>>();
        // Words are kept in small letters, and the search does not fold capitals beyond ASCII.
        let found = if text.chars().any(|c| !c.is_ascii() && c.is_uppercase()) { all(&text.to_lowercase()) } else { all(text) };
        let asked: BTreeSet<usize> = found.iter().flat_map(|word| &self.asking[*word]).copied().collect();
        let free = (0..self.needs.len()).filter(|place| self.needs[*place].is_none());
        let met = asked.into_iter().filter(|place| self.needs[*place].as_ref().is_none_or(|needs| needs.are_met(&found)));
        let mut candidates: Vec<usize> = met.chain(free).collect();
        candidates.sort_unstable();
        candidates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_match_is_a_candidate() {
        let patterns = ["hosted (?:in|on) aws", "hébergé[es]*", "[0-9]{4}", "(?-i:PUE) of"].map(Pattern::new);
        let filter = Filter::new(patterns.iter());
        assert_eq!(filter.candidates("nothing of it"), [2]);
        assert_eq!(filter.candidates("It is Hosted On AWS."), [0, 2]);
        assert_eq!(filter.candidates("HÉBERGÉES en 2024"), [1, 2]);
        assert!(filter.candidates("a PUE of 1.2").contains(&3));
    }

    #[test]
    fn a_word_that_is_asked_for_twice_is_found() {
        let patterns = [r"^[A-Z]\w* \| [^|]+ \| [^|]+ \| sub", r"x \| [a-z]+", r"\| [a-z]+ \| "].map(Pattern::new);
        let filter = Filter::new(patterns.iter());
        assert!(filter.candidates("Acme | Paris | mail | sub-processor").contains(&0));
    }
}
