//! Re-ranking: which of the passages that search found bear on a factor, by a model that sees where each stands and what
//! of it is nearest to the factor. Listwise, in one question (Sun and others, EMNLP 2023, arXiv 2304.09542).
//!
//! It orders what search found and adds nothing; a reply that cannot be used leaves the order as it was.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};

use super::model::{AskError, Asker, Outcome, fenced, options};
use super::reply;
use crate::domain::page::Page;
use crate::framework::{Factor, Framework};
use crate::index::gist::Gist;
use crate::index::retrieve::Index;
use crate::llm::Usage;
use crate::prompt::RANK;

/// Passages that the model chooses from: at most so many.
const CANDIDATES: usize = 48;
/// How much of a passage it sees, in bytes.
const SHOWN: usize = 450;
/// Passages that it chooses: at most so many.
const MOST: usize = 12;

/// A passage as it is shown for choosing.
pub struct Candidate {
    /// Its place in the index.
    pub place: u32,
    /// Address, title and headings.
    pub stands: String,
    /// Its sentences that are nearest to the factor.
    pub gist: String,
}

/// What a model is shown to choose from: the first of `places`, which search found.
pub fn candidates(framework: &Framework, index: &Index, pages: &[Page], factor: &Factor, places: &[u32]) -> Vec<Candidate> {
    let gist = Gist::of(framework, factor);
    let candidate = |place: &u32| {
        let passage = index.passages.get(*place as usize)?;
        let page = pages.iter().find(|page| page.number == passage.page)?;
        let outdated = if page.outdated { ", outdated" } else { "" };
        let stands = format!("{} | {} ({}{outdated}) | {}", page.address, page.title, page.tier.name(), passage.heading);
        Some(Candidate { place: *place, stands, gist: gist.shorten(&page.text.text[passage.range.clone()], SHOWN) })
    };
    places.iter().take(CANDIDATES).filter_map(candidate).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    passages: Vec<usize>,
}

fn schema(of: usize) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["passages"],
        "properties": {
            "passages": { "type": "array", "maxItems": MOST, "items": { "type": "integer", "minimum": 1, "maximum": of } },
        },
    })
}

impl Asker<'_> {
    /// The places of the passages to read, the chosen ones first, then the others in the order in which they came.
    ///
    /// # Errors
    /// [`AskError`] if asking about another factor would fail in the same way.
    pub async fn rank(&self, factor: &Factor, candidates: &[Candidate]) -> Result<(Vec<u32>, Usage), AskError> {
        let mut passages = String::new();
        for (i, candidate) in candidates.iter().enumerate() {
            let _ = writeln!(passages, "[{}] {}\n<<<{}>>>", i + 1, fenced(&candidate.stands), fenced(&candidate.gist));
        }
        let schema = schema(candidates.len());
        let prompt = RANK
            .fill(&[
                ("service", &self.mask.hide(self.service)),
                ("factor", factor.id.as_str()),
                ("name", &factor.name),
                ("question", &factor.question),
                ("counts", &factor.counts),
                ("options", options(self.framework, factor).trim_end()),
                ("most", &MOST.to_string()),
                ("passages", &self.mask.hide(passages.trim_end())),
                ("schema", &schema.to_string()),
            ])
            .map_err(AskError::Prompt)?;
        let about = format!("{} {} rank", self.service, factor.id);
        let (outcome, usage) = self.question(&about, RANK, &prompt, &schema, 0, reply::object).await?;
        let chosen = match outcome {
            Outcome::Read(Chosen { passages }) => passages,
            Outcome::Unusable(_) | Outcome::OverBudget | Outcome::Failed(_) => Vec::new(),
        };
        Ok((ordered(candidates, &chosen), usage))
    }
}

/// The chosen (counted from 1) first, each once, then the rest.
fn ordered(candidates: &[Candidate], chosen: &[usize]) -> Vec<u32> {
    let mut places: Vec<u32> = Vec::new();
    let picked = chosen.iter().filter_map(|number| candidates.get(number.checked_sub(1)?));
    for candidate in picked.chain(candidates) {
        if !places.contains(&candidate.place) {
            places.push(candidate.place);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_come_first_and_nothing_is_lost_or_added() {
        let candidates: Vec<Candidate> =
            [40, 7, 12].into_iter().map(|place| Candidate { place, stands: String::new(), gist: String::new() }).collect();
        assert_eq!(ordered(&candidates, &[3, 3, 9, 0, 1]), [12, 40, 7]);
        assert_eq!(ordered(&candidates, &[]), [40, 7, 12]);
    }
}
