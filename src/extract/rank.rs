//! Re-ranking: which of the passages that search found bear on a factor, by a model that sees where each stands and how
//! it begins. Listwise, in one question (Sun and others, EMNLP 2023, arXiv 2304.09542).
//!
//! It orders what search found and adds nothing; a reply that cannot be used leaves the order as it was.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};

use super::model::{AskError, Asker, Outcome, fenced, options};
use super::reply;
use crate::framework::Factor;
use crate::llm::Usage;
use crate::prompt::RANK;

/// Passages that the model chooses from: at most so many.
pub const CANDIDATES: usize = 48;
/// Passages that it chooses: at most so many.
const MOST: usize = 12;

/// A passage as it is shown for choosing.
pub struct Candidate {
    /// Its place in the index.
    pub place: u32,
    /// Address, title and headings.
    pub stands: String,
    /// Its first words.
    pub begins: String,
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
            let _ = writeln!(passages, "[{}] {}\n<<<{}>>>", i + 1, fenced(&candidate.stands), fenced(&candidate.begins));
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
            [40, 7, 12].into_iter().map(|place| Candidate { place, stands: String::new(), begins: String::new() }).collect();
        assert_eq!(ordered(&candidates, &[3, 3, 9, 0, 1]), [12, 40, 7]);
        assert_eq!(ordered(&candidates, &[]), [40, 7, 12]);
    }
}
