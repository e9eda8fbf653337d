//! The flip list: which single error would change the overall level.
//!
//! An entry says what happens if one factor's true option were another than the chosen one, everything else as it
//! stands, and how probable that is. Order: most probable first, then the larger change, then the framework's order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::seal::chosen;
use super::{Response, Responses};
use crate::domain::answer::Ppm;
use crate::domain::id::FactorId;
use crate::framework::{Factor, Framework};

/// A factor whose single error would change the overall level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Flip {
    /// The factor.
    pub factor: FactorId,
    /// The chosen option.
    pub option: u8,
    /// The overall level now, on the evidence.
    pub seal: u8,
    /// The other levels that it would bring, lowest first.
    pub would_be: Vec<u8>,
    /// Millionths: how probable it is that the true option is one of those that change the level.
    pub probability: Ppm,
}

pub(super) fn flips(framework: &Framework, responses: &Responses) -> Vec<Flip> {
    let levels: Vec<Option<u8>> = framework.factors.iter().map(|f| chosen(f, responses)).collect();
    let Some(overall) = levels.iter().flatten().min().copied() else { return Vec::new() };
    let at_bottom = levels.iter().flatten().filter(|seal| **seal == overall).count();
    let next = levels.iter().flatten().filter(|seal| **seal > overall).min().copied();
    let mut flips: Vec<Flip> = framework
        .factors
        .iter()
        .filter_map(|factor| {
            let response = responses.get(&factor.id)?;
            let own = chosen(factor, responses)?;
            // Without this factor the others hold the level at `rest`.
            let rest = if own == overall && at_bottom == 1 { next } else { Some(overall) };
            flip(factor, response, overall, rest)
        })
        .collect();
    let swing = |f: &Flip| f.would_be.iter().map(|s| s.abs_diff(f.seal)).max().unwrap_or(0);
    flips.sort_by(|a, b| b.probability.cmp(&a.probability).then(swing(b).cmp(&swing(a))));
    flips
}

fn flip(factor: &Factor, response: &Response, overall: u8, rest: Option<u8>) -> Option<Flip> {
    let mut would_be = Vec::new();
    let mut probability = 0;
    for option in factor.options.iter().filter(|o| o.number != response.option) {
        let level = rest.map_or(option.seal, |rest| rest.min(option.seal));
        if level != overall {
            would_be.push(level);
            probability += response.probabilities.get(usize::from(option.number) - 1).copied().unwrap_or(0);
        }
    }
    would_be.sort_unstable();
    would_be.dedup();
    (!would_be.is_empty()).then(|| Flip { factor: factor.id.clone(), option: response.option, seal: overall, would_be, probability })
}
