//! How many labelled facts are among the passages that are retrieved for their factors, and among the quotes. Passages
//! count as an extractor reads them: with their neighbours.

use serde::{Deserialize, Serialize};

use super::labels::Fact;
use crate::domain::evidence::Finding;
use crate::domain::page::Page;
use crate::domain::quote::fold;
use crate::framework::{Factor, Framework};
use crate::index::retrieve::{Index, Ways};

/// Numbers of passages at which recall is measured.
pub const KS: [usize; 5] = [1, 3, 8, 20, 60];

/// Recall of (fact, factor) pairs whose page was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactRecall {
    /// Pairs whose page was read.
    pub pairs: usize,
    /// Of these, how many have the quote among the first [`KS`] passages.
    pub found: [usize; 5],
    /// Labelled facts whose page was read.
    #[serde(default)]
    pub facts: usize,
    /// Of these, how many are among the first [`KS`] passages of a factor that they bear on: read once, a fact serves all.
    #[serde(default)]
    pub found_facts: [usize; 5],
    /// Of the pairs, how many have the quote among the accepted quotes of the factor.
    pub quoted: usize,
    /// Pairs that are not among the first 20: page and the quote's first words, for a look.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<String>,
}

impl FactRecall {
    /// Sums two.
    pub fn plus(&mut self, other: &Self) {
        self.pairs += other.pairs;
        self.quoted += other.quoted;
        self.facts += other.facts;
        for (a, b) in self.found.iter_mut().zip(other.found).chain(self.found_facts.iter_mut().zip(other.found_facts)) {
            *a += b;
        }
    }

    /// Measures `facts` against the passages that are read of each factor, best first, and against what was quoted.
    pub fn measure(
        framework: &Framework,
        index: &Index,
        pages: &[Page],
        facts: &[Fact],
        findings: &[Finding],
        ways: &Ways,
        read: impl Fn(&Factor) -> Vec<u32>,
    ) -> Self {
        let mut recall = Self::default();
        for fact in facts {
            let Some(page) = pages.iter().find(|page| page.address == fact.page) else { continue };
            let quote = squeeze(&fact.quote);
            let mut best: Option<usize> = None;
            for factor in fact.factors.iter().filter_map(|id| framework.factor(id)) {
                recall.pairs += 1;
                let ranked = read(factor);
                let rank = index
                    .windows(&ranked, KS[4], ways)
                    .iter()
                    .position(|passage| passage.page == page.number && overlaps(&squeeze(&page.text.text[passage.range.clone()]), &quote));
                best = [best, rank].into_iter().flatten().min();
                for (count, k) in recall.found.iter_mut().zip(KS) {
                    *count += usize::from(rank.is_some_and(|rank| rank < k));
                }
                if rank.is_none_or(|rank| rank >= KS[2]) {
                    let place = rank.map_or_else(|| "not retrieved".to_owned(), |rank| format!("rank {}", rank + 1));
                    let words: String = fact.quote.chars().take(90).collect();
                    recall.missed.push(format!("{} {place}: {} “{words}”", factor.id, fact.page));
                }
                recall.quoted += usize::from(findings.iter().any(|finding| {
                    finding.factor() == &factor.id && finding.page() == page.number && {
                        let found = squeeze(finding.quote());
                        overlaps(&found, &quote) || quote.contains(&found)
                    }
                }));
            }
            recall.facts += 1;
            for (count, k) in recall.found_facts.iter_mut().zip(KS) {
                *count += usize::from(best.is_some_and(|rank| rank < k));
            }
        }
        recall
    }
}

/// Letters and digits alone: cells and items are joined differently by every reader.
fn squeeze(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A quote is in a passage if half of its words in a row are: readers quote over the ends of passages.
fn overlaps(passage: &str, quote: &str) -> bool {
    let chars: Vec<char> = quote.chars().collect();
    let half: String = chars[..chars.len().div_ceil(2)].iter().collect();
    let rest: String = chars[chars.len() / 2..].iter().collect();
    passage.contains(&half) || passage.contains(&rest)
}
