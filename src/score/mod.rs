//! The scorer: answers in, scorecard out. Pure, exact, reproducible.
//!
//! The same answers and the same edition give the same bytes. Whole numbers and rationals decide everything; a
//! decimal appears only when a result is shown. The order in which answers are given never matters.
//!
//! - Objective percent = points / maximum, after the rounding profile (framework v1.2.1, section 5).
//! - Objective SEAL = lowest SEAL of its factors; overall SEAL = lowest objective (implementation guidance, p. 9).
//! - *Floor*, *expected* and *ceiling* put unanswered factors at their worst, mean and best option; *evidence only*
//!   leaves them out, with the coverage said beside it.

mod flips;
mod seal;
mod tally;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::answer::Ppm;
use crate::domain::id::FactorId;
use crate::framework::{Framework, Rounding, WeightSet};
pub use flips::Flip;
pub use seal::SealOutlook;
pub use tally::Decimal;
use tally::{Fill, Tally};

/// What the scorer is told of one factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The option, from 1.
    pub option: u8,
    /// Probability of each option, summing to one million; empty if the option is certain.
    pub probabilities: Vec<Ppm>,
}

impl Response {
    /// A certain answer.
    pub fn certain(option: u8) -> Self {
        Self { option, probabilities: Vec::new() }
    }
}

/// Answered factors; the others count as unanswered.
pub type Responses = BTreeMap<FactorId, Response>;

/// Answers that cannot be scored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    /// The framework has no such factor.
    #[error("`{0}` is no factor of this framework")]
    NoFactor(FactorId),
    /// The factor has no such option.
    #[error("{factor}: there is no option {option}; options are 1 to {count}")]
    NoOption {
        /// The factor.
        factor: FactorId,
        /// The option asked for.
        option: u8,
        /// How many options there are.
        count: usize,
    },
    /// The probabilities do not fit the options.
    #[error("{0}: probabilities must be one for each option and add up to 1")]
    Probabilities(FactorId),
    /// The framework has no such weight set.
    #[error("there is no weight set `{0}`; there is {1}")]
    NoWeights(String, String),
    /// The framework has no such rounding profile.
    #[error("there is no rounding profile `{0}`; there is {1}")]
    NoRounding(String, String),
}

/// Which weights and rounding are used, and what is asked of each objective.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// A weight set's id; the edition's default if none.
    pub weights: Option<String>,
    /// A rounding profile's id; the edition's default if none.
    pub rounding: Option<String>,
    /// Minimum SEAL per objective id, as a tender sets it.
    pub gates: BTreeMap<String, u8>,
}

/// The result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scorecard {
    /// The framework's id.
    pub framework: String,
    /// Its edition.
    pub edition: String,
    /// The weight set that was used.
    pub weights: String,
    /// The rounding profile that was used.
    pub rounding: String,
    /// Weighted score of the answered factors in percent; null if none is answered.
    pub weighted: Option<Decimal>,
    /// Plain mean of the objectives' percents, answered factors only.
    pub unweighted: Option<Decimal>,
    /// Lowest SEAL among the answered factors.
    pub seal: Option<u8>,
    /// How much of the framework is answered.
    pub coverage: Coverage,
    /// Unanswered factors at their worst.
    pub floor: Standing,
    /// Unanswered factors at the mean of their options.
    pub expected: Means,
    /// Unanswered factors at their best.
    pub ceiling: Standing,
    /// The overall SEAL as a probability.
    pub seal_outlook: SealOutlook,
    /// Each objective.
    pub objectives: Vec<ObjectiveScore>,
    /// Factors whose single error would change the overall SEAL, most likely first.
    pub flips: Vec<Flip>,
    /// What a tender asked for, and whether it is met.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub gates: Vec<Gate>,
}

/// How much is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Factors with an option.
    pub answered: u32,
    /// Factors of the framework.
    pub factors: u32,
}

/// Scores and level under one way of filling the gaps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    /// Weighted score in percent.
    pub weighted: Decimal,
    /// Plain mean of the objectives in percent.
    pub unweighted: Decimal,
    /// Overall SEAL.
    pub seal: u8,
}

/// Scores where the gaps are filled with the mean of the options.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Means {
    /// Weighted score in percent.
    pub weighted: Decimal,
    /// Plain mean of the objectives in percent.
    pub unweighted: Decimal,
}

/// One objective's result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectiveScore {
    /// The objective.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its weight in percent.
    pub weight: u32,
    /// Points of the answered factors, after rounding.
    pub points: Decimal,
    /// What they are measured against: the answered factors' maximum.
    pub maximum: Decimal,
    /// Percent of the answered factors; null if none is answered.
    pub percent: Option<Decimal>,
    /// Lowest SEAL among the answered factors.
    pub seal: Option<u8>,
    /// How much of it is answered.
    pub coverage: Coverage,
    /// Percent with the gaps at their worst.
    pub floor: Decimal,
    /// Percent with the gaps at their mean.
    pub expected: Decimal,
    /// Percent with the gaps at their best.
    pub ceiling: Decimal,
    /// SEAL with the gaps at their worst.
    pub seal_floor: u8,
    /// SEAL with the gaps at their best.
    pub seal_ceiling: u8,
}

/// A minimum that a tender sets for an objective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gate {
    /// The objective.
    pub objective: String,
    /// The minimum SEAL.
    pub minimum: u8,
    /// Met by what is answered, even with the gaps at their worst.
    pub certain: bool,
    /// Met by what is answered, the gaps left out.
    pub on_evidence: bool,
    /// The factors that hold it back.
    pub held_back_by: Vec<FactorId>,
}

/// Scores `responses` against `framework`.
///
/// # Errors
/// [`ScoreError`] names the factor, option or profile that does not exist; nothing is scored then.
pub fn score(framework: &Framework, responses: &Responses, profile: &Profile) -> Result<Scorecard, ScoreError> {
    check(framework, responses)?;
    let weights = weight_set(framework, profile)?;
    let rounding = rounding(framework, profile)?;
    let tally = Tally::new(framework, responses, weights, rounding);
    let standing = |fill: Fill, seal: u8| Standing { weighted: tally.weighted(fill), unweighted: tally.unweighted(fill), seal };
    let seals = seal::seals(framework, responses);
    Ok(Scorecard {
        framework: framework.id.clone(),
        edition: framework.edition.clone(),
        weights: weights.id.clone(),
        rounding: rounding.id.clone(),
        weighted: tally.weighted_on_evidence(),
        unweighted: tally.unweighted_on_evidence(),
        seal: seals.on_evidence(),
        coverage: Coverage {
            answered: u32::try_from(responses.len()).unwrap_or(u32::MAX),
            factors: u32::try_from(framework.factors.len()).unwrap_or(u32::MAX),
        },
        floor: standing(Fill::Worst, seals.floor()),
        expected: Means { weighted: tally.weighted(Fill::Mean), unweighted: tally.unweighted(Fill::Mean) },
        ceiling: standing(Fill::Best, seals.ceiling()),
        seal_outlook: seal::outlook(framework, responses),
        objectives: framework
            .objectives
            .iter()
            .enumerate()
            .map(|(i, objective)| tally.objective(i, objective, weights.values[i], &seals.objectives[i]))
            .collect(),
        flips: flips::flips(framework, responses),
        gates: gates(framework, responses, profile, &seals),
    })
}

fn check(framework: &Framework, responses: &Responses) -> Result<(), ScoreError> {
    for (id, response) in responses {
        let factor = framework.factor(id).ok_or_else(|| ScoreError::NoFactor(id.clone()))?;
        let count = factor.options.len();
        if factor.option(response.option).is_none() {
            return Err(ScoreError::NoOption { factor: id.clone(), option: response.option, count });
        }
        let p = &response.probabilities;
        let sum: u64 = p.iter().map(|p| u64::from(*p)).sum();
        if !p.is_empty() && (p.len() != count || sum != u64::from(crate::domain::answer::ONE)) {
            return Err(ScoreError::Probabilities(id.clone()));
        }
    }
    Ok(())
}

fn weight_set<'a>(framework: &'a Framework, profile: &Profile) -> Result<&'a WeightSet, ScoreError> {
    framework.weight_set(profile.weights.as_deref()).ok_or_else(|| {
        let known: Vec<&str> = framework.weights.iter().map(|set| set.id.as_str()).collect();
        ScoreError::NoWeights(profile.weights.clone().unwrap_or_default(), known.join(", "))
    })
}

fn rounding<'a>(framework: &'a Framework, profile: &Profile) -> Result<&'a Rounding, ScoreError> {
    framework.rounding(profile.rounding.as_deref()).ok_or_else(|| {
        let known: Vec<&str> = framework.rounding.iter().map(|r| r.id.as_str()).collect();
        ScoreError::NoRounding(profile.rounding.clone().unwrap_or_default(), known.join(", "))
    })
}

fn gates(framework: &Framework, responses: &Responses, profile: &Profile, seals: &seal::Seals) -> Vec<Gate> {
    let mut gates = Vec::new();
    for (i, objective) in framework.objectives.iter().enumerate() {
        let Some(&minimum) = profile.gates.get(&objective.id) else { continue };
        let bounds = &seals.objectives[i];
        let held_back_by = framework
            .factors
            .iter()
            .filter(|f| f.objective == i)
            .filter(|f| match responses.get(&f.id).and_then(|r| f.option(r.option)) {
                Some(option) => option.seal < minimum,
                None => f.options.iter().any(|option| option.seal < minimum),
            })
            .map(|f| f.id.clone())
            .collect();
        gates.push(Gate {
            objective: objective.id.clone(),
            minimum,
            certain: bounds.floor >= minimum,
            on_evidence: bounds.on_evidence.is_some_and(|seal| seal >= minimum),
            held_back_by,
        });
    }
    gates
}

#[cfg(test)]
mod tests;
