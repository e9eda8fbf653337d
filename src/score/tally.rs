//! Points to percents, with exact fractions until the last step.
//!
//! This file knows nothing of levels; see `seal`.

use num_rational::Ratio;
use num_traits::Zero;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Coverage, ObjectiveScore, Responses, seal::Bounds};
use crate::framework::{Factor, Framework, Maximum, Objective, RoundPoints, Rounding, WeightSet};

type Exact = Ratio<i128>;

/// A figure as shown: rounded half up to the profile's decimals, written as a JSON number.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Decimal(pub f64);

impl Decimal {
    fn round(value: Exact, decimals: u8) -> Self {
        let scale = 10_i128.pow(u32::from(decimals));
        let scaled = value * scale * 2 + 1;
        let whole = (scaled / 2).floor().to_integer();
        // Quotients of small whole numbers: the nearest double is the same on every machine.
        #[expect(clippy::cast_precision_loss, reason = "shown figures are far below 2^53")]
        Self(whole as f64 / scale as f64)
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let precision = f.precision().unwrap_or(1);
        write!(f, "{:.*}", precision, self.0)
    }
}

/// How an unanswered factor is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    Worst,
    Mean,
    Best,
}

/// Sums per objective.
#[derive(Clone, Debug, Default)]
struct Sums {
    points: Exact,
    maximum: Exact,
    open_worst: Exact,
    open_mean: Exact,
    open_best: Exact,
    full: Exact,
    answered: u32,
    factors: u32,
}

pub(super) struct Tally {
    sums: Vec<Sums>,
    weights: Vec<u32>,
    decimals: u8,
}

impl Tally {
    pub(super) fn new(framework: &Framework, responses: &Responses, weights: &WeightSet, rounding: &Rounding) -> Self {
        let mut sums = vec![Sums::default(); framework.objectives.len()];
        for factor in &framework.factors {
            let sum = &mut sums[factor.objective];
            let points = points(factor, rounding);
            let best = points.last().copied().unwrap_or_default();
            sum.factors += 1;
            sum.full += best;
            if let Some(response) = responses.get(&factor.id) {
                sum.answered += 1;
                sum.points += points[usize::from(response.option) - 1];
                sum.maximum += best;
            } else {
                sum.open_worst += points.first().copied().unwrap_or_default();
                sum.open_best += best;
                let count = i128::try_from(points.len()).unwrap_or(1);
                sum.open_mean += points.iter().sum::<Exact>() / count;
            }
        }
        if rounding.maximum == Maximum::Thousand {
            for sum in sums.iter_mut().filter(|sum| !sum.full.is_zero()) {
                let thousand = Exact::from_integer(1000);
                // With gaps left out, the flat thousand shrinks by the answered share.
                sum.maximum = sum.maximum * thousand / sum.full;
                sum.full = thousand;
            }
        }
        Self { sums, weights: weights.values.clone(), decimals: rounding.decimals }
    }

    fn filled(sum: &Sums, fill: Fill) -> Exact {
        let open = match fill {
            Fill::Worst => sum.open_worst,
            Fill::Mean => sum.open_mean,
            Fill::Best => sum.open_best,
        };
        (sum.points + open) * 100 / sum.full
    }

    fn on_evidence(sum: &Sums) -> Option<Exact> {
        (!sum.maximum.is_zero()).then(|| sum.points * 100 / sum.maximum)
    }

    pub(super) fn weighted(&self, fill: Fill) -> Decimal {
        let total: Exact =
            self.sums.iter().zip(&self.weights).map(|(sum, weight)| Self::filled(sum, fill) * i128::from(*weight) / 100).sum();
        Decimal::round(total, self.decimals)
    }

    pub(super) fn unweighted(&self, fill: Fill) -> Decimal {
        let total: Exact = self.sums.iter().map(|sum| Self::filled(sum, fill)).sum();
        Decimal::round(total / self.count(), self.decimals)
    }

    fn count(&self) -> i128 {
        i128::try_from(self.sums.len().max(1)).unwrap_or(1)
    }

    /// Objectives without any answer are left out, and the weights of the others fill the hundred.
    pub(super) fn weighted_on_evidence(&self) -> Option<Decimal> {
        let (mut total, mut weight) = (Exact::zero(), 0_i128);
        for (sum, w) in self.sums.iter().zip(&self.weights) {
            if let Some(percent) = Self::on_evidence(sum) {
                total += percent * i128::from(*w);
                weight += i128::from(*w);
            }
        }
        (weight > 0).then(|| Decimal::round(total / weight, self.decimals))
    }

    pub(super) fn unweighted_on_evidence(&self) -> Option<Decimal> {
        let percents: Vec<Exact> = self.sums.iter().filter_map(Self::on_evidence).collect();
        let count = i128::try_from(percents.len()).unwrap_or(1);
        (count > 0).then(|| Decimal::round(percents.into_iter().sum::<Exact>() / count, self.decimals))
    }

    pub(super) fn objective(&self, index: usize, objective: &Objective, weight: u32, seal: &Bounds) -> ObjectiveScore {
        let sum = &self.sums[index];
        let shown = |fill| Decimal::round(Self::filled(sum, fill), self.decimals);
        ObjectiveScore {
            id: objective.id.clone(),
            name: objective.name.clone(),
            weight,
            points: Decimal::round(sum.points, 2),
            maximum: Decimal::round(sum.maximum, 2),
            percent: Self::on_evidence(sum).map(|p| Decimal::round(p, self.decimals)),
            seal: seal.on_evidence,
            coverage: Coverage { answered: sum.answered, factors: sum.factors },
            floor: shown(Fill::Worst),
            expected: shown(Fill::Mean),
            ceiling: shown(Fill::Best),
            seal_floor: seal.floor,
            seal_ceiling: seal.ceiling,
        }
    }
}

fn points(factor: &Factor, rounding: &Rounding) -> Vec<Exact> {
    factor
        .options
        .iter()
        .map(|option| match rounding.points {
            RoundPoints::Whole => option.points.whole(),
            RoundPoints::Exact => option.points,
        })
        .map(|points| Exact::new(i128::from(points.0), 100))
        .collect()
}
