//! Levels: bounds, and the overall level as a probability.
//!
//! P(overall ≥ s) is the product over factors of P(factor ≥ s) (product reference 2.6): factors are taken as
//! independent. A factor without an answer counts with every option alike, which is said wherever the result is
//! shown. Products are exact (whole numbers over a power of ten); only the shown millionths are rounded.

use num_bigint::BigUint;
use num_traits::{One, ToPrimitive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Responses;
use crate::domain::answer::{ONE, Ppm};
use crate::framework::{Factor, Framework};

/// The overall level as a probability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SealOutlook {
    /// Millionths for each level from 0, summing to one million: unanswered factors count with every option alike.
    pub all_factors: Vec<Ppm>,
    /// The same over the answered factors alone; empty if none is answered.
    pub answered_factors: Vec<Ppm>,
    /// Lowest and highest level of an interval that holds at least 90 % of `all_factors`.
    pub interval_90: [u8; 2],
    /// The same over the answered factors alone.
    pub interval_90_answered: Option<[u8; 2]>,
}

/// Lowest levels under each way of filling gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) floor: u8,
    pub(super) on_evidence: Option<u8>,
    pub(super) ceiling: u8,
}

/// Bounds of each objective.
pub(super) struct Seals {
    pub(super) objectives: Vec<Bounds>,
}

impl Seals {
    pub(super) fn floor(&self) -> u8 {
        self.objectives.iter().map(|b| b.floor).min().unwrap_or(0)
    }
    pub(super) fn ceiling(&self) -> u8 {
        self.objectives.iter().map(|b| b.ceiling).min().unwrap_or(0)
    }
    pub(super) fn on_evidence(&self) -> Option<u8> {
        self.objectives.iter().filter_map(|b| b.on_evidence).min()
    }
}

pub(super) fn seals(framework: &Framework, responses: &Responses) -> Seals {
    let objectives = (0..framework.objectives.len())
        .map(|i| {
            let mut bounds = Bounds { floor: u8::MAX, on_evidence: None, ceiling: u8::MAX };
            for factor in framework.factors.iter().filter(|f| f.objective == i) {
                let (low, high) = match chosen(factor, responses) {
                    Some(seal) => {
                        bounds.on_evidence = Some(bounds.on_evidence.map_or(seal, |s| s.min(seal)));
                        (seal, seal)
                    }
                    None => {
                        (factor.options.iter().map(|o| o.seal).min().unwrap_or(0), factor.options.iter().map(|o| o.seal).max().unwrap_or(0))
                    }
                };
                bounds.floor = bounds.floor.min(low);
                bounds.ceiling = bounds.ceiling.min(high);
            }
            bounds
        })
        .collect();
    Seals { objectives }
}

/// The level of the chosen option.
pub(super) fn chosen(factor: &Factor, responses: &Responses) -> Option<u8> {
    responses.get(&factor.id).and_then(|r| factor.option(r.option)).map(|o| o.seal)
}

/// Probability in millionths that `factor` allows at least `level`, over its possible million.
pub(super) fn at_least(factor: &Factor, responses: &Responses, level: u8) -> (u64, u64) {
    match responses.get(&factor.id) {
        Some(r) if r.probabilities.is_empty() => {
            let holds = factor.option(r.option).is_some_and(|o| o.seal >= level);
            (u64::from(holds), 1)
        }
        Some(r) => {
            let sum = factor.options.iter().zip(&r.probabilities).filter(|(o, _)| o.seal >= level).map(|(_, p)| u64::from(*p)).sum();
            (sum, u64::from(ONE))
        }
        None => {
            let holding = factor.options.iter().filter(|o| o.seal >= level).count();
            (holding as u64, factor.options.len() as u64)
        }
    }
}

pub(super) fn outlook(framework: &Framework, responses: &Responses) -> SealOutlook {
    let all: Vec<&Factor> = framework.factors.iter().collect();
    let answered: Vec<&Factor> = all.iter().copied().filter(|f| responses.contains_key(&f.id)).collect();
    let levels = framework.seals.len();
    let all_factors = distribution(&all, responses, levels);
    let answered_factors = if answered.is_empty() { Vec::new() } else { distribution(&answered, responses, levels) };
    SealOutlook {
        interval_90: interval(&all_factors),
        interval_90_answered: (!answered_factors.is_empty()).then(|| interval(&answered_factors)),
        all_factors,
        answered_factors,
    }
}

/// Millionths per level; the exact distribution sums to one, and so do its rounded parts (largest remainder).
fn distribution(factors: &[&Factor], responses: &Responses, levels: usize) -> Vec<Ppm> {
    let mut denominator = BigUint::one();
    let mut reach: Vec<BigUint> = vec![BigUint::one(); levels + 1];
    for factor in factors {
        for (level, product) in reach.iter_mut().enumerate() {
            let level = u8::try_from(level).unwrap_or(u8::MAX);
            *product *= at_least(factor, responses, level).0;
        }
        denominator *= at_least(factor, responses, 0).1;
    }
    reach[levels] = BigUint::ZERO;
    let parts: Vec<(u32, BigUint)> = reach
        .windows(2)
        .map(|pair| {
            let scaled = (&pair[0] - &pair[1]) * ONE;
            let whole = &scaled / &denominator;
            let rest = scaled - &whole * &denominator;
            (whole.to_u32().unwrap_or(ONE), rest)
        })
        .collect();
    let mut shown: Vec<Ppm> = parts.iter().map(|(whole, _)| *whole).collect();
    let missing = ONE - shown.iter().sum::<Ppm>();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| parts[*b].1.cmp(&parts[*a].1).then(a.cmp(b)));
    for level in order.into_iter().take(missing as usize) {
        shown[level] += 1;
    }
    shown
}

/// The narrowest run of levels that holds at least 90 %; of equals, the likeliest, then the lowest.
fn interval(distribution: &[Ppm]) -> [u8; 2] {
    let mut best: Option<(usize, Ppm, usize)> = None;
    for low in 0..distribution.len() {
        let mut mass = 0;
        for (high, part) in distribution.iter().enumerate().skip(low) {
            mass += part;
            if mass >= ONE / 10 * 9 {
                let width = high - low;
                if best.is_none_or(|(w, m, _)| width < w || (width == w && mass > m)) {
                    best = Some((width, mass, low));
                }
                break;
            }
        }
    }
    let (width, _, low) = best.unwrap_or((0, 0, 0));
    [u8::try_from(low).unwrap_or(0), u8::try_from(low + width).unwrap_or(0)]
}
