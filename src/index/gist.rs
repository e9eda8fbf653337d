//! What of a passage to show to somebody who chooses passages for a factor: the sentences nearest to it, in their order.
//!
//! A reader at the desk said that the first words of a passage often hide the sentence that decides.

use std::collections::HashSet;

use super::passage::sentences;
use crate::domain::quote::fold;
use crate::framework::knowledge::Rule;
use crate::framework::{Factor, Framework};

/// Letters by which words are compared: enough to tell them apart, few enough to level their endings.
const STEM: usize = 6;

/// What a factor is asked by.
pub struct Gist<'a> {
    stems: HashSet<String>,
    rules: Vec<&'a Rule>,
}

fn stems(text: &str) -> impl Iterator<Item = String> {
    let words: Vec<String> = fold(text)
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() > 3)
        .map(|word| word.chars().take(STEM).collect())
        .collect();
    words.into_iter()
}

impl<'a> Gist<'a> {
    /// By the factor's queries in every language, and the patterns of its rules.
    pub fn of(framework: &'a Framework, factor: &Factor) -> Self {
        let queries = framework.knowledge.queries.get(&factor.id);
        let stems = queries.into_iter().flat_map(|q| q.values().flatten()).flat_map(|query| stems(query)).collect();
        Self { stems, rules: framework.knowledge.rules.iter().filter(|rule| rule.factor == factor.id).collect() }
    }

    fn worth(&self, sentence: &str) -> usize {
        let folded = fold(sentence);
        let patterns = self.rules.iter().map(|rule| rule.all.iter().filter(|p| p.is_match(&folded)).count()).max().unwrap_or(0);
        let words: HashSet<String> = stems(sentence).filter(|stem| self.stems.contains(stem)).collect();
        patterns * 3 + words.len().min(6)
    }

    /// The best sentences of `text` in at most `most` bytes, in their order, an ellipsis where some are left out.
    pub fn shorten(&self, text: &str, most: usize) -> String {
        if text.len() <= most {
            return text.to_owned();
        }
        let lines = text.split_inclusive('\n').scan(0, |at, line| {
            let start = *at;
            *at += line.len();
            Some((start, line))
        });
        let mut cut: Vec<(usize, &str)> =
            lines.flat_map(|(start, line)| sentences(line).into_iter().map(move |r| (start + r.start, line[r].trim()))).collect();
        // Of equals the earlier: it introduces.
        cut.sort_by_key(|(at, sentence)| (std::cmp::Reverse(self.worth(sentence)), *at));
        let (mut left, mut kept) = (most, Vec::new());
        for (at, sentence) in cut {
            let end = (0..=sentence.len().min(left)).rev().find(|i| sentence.is_char_boundary(*i)).unwrap_or(0);
            if end == 0 {
                break;
            }
            left -= end;
            kept.push((at, &sentence[..end]));
        }
        kept.sort_unstable();
        kept.into_iter().map(|(_, sentence)| sentence).collect::<Vec<_>>().join(" … ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::load::embedded;

    #[test]
    fn the_sentence_that_bears_on_the_factor_is_kept_wherever_it_stands() {
        let framework = embedded().expect("the edition loads");
        let factor = framework.factor(&"SOV-2.1".into()).expect("a factor");
        let gist = Gist::of(&framework, factor);
        let filler = "The tutorial begins with a look at buttons and menus. ".repeat(20);
        let law = "This agreement is governed by the laws of France.";
        let short = gist.shorten(&format!("{filler}\n{law}\n{filler}"), 300);
        assert!(short.contains(law) && short.len() <= 340, "{short}");
        assert_eq!(gist.shorten(law, 300), law);
        assert!(!gist.shorten(&"é".repeat(400), 301).is_empty(), "cut at a letter");
    }
}
