//! A framework as data: objectives, factors, options with points and SEAL, weights, rounding, and the knowledge
//! (queries and rules) by which evidence for each factor is found.
//!
//! An edition is one TOML file plus the knowledge files that it names. Loading is strict (see [`load`]): what an
//! edition says is what is scored. No code anywhere names a factor of a particular framework.

pub mod knowledge;
pub mod load;
pub mod pattern;
pub mod points;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::id::FactorId;
use knowledge::Knowledge;
use points::Points;

/// A checked edition of a framework. Made by [`load`] only.
#[derive(Clone, Debug)]
pub struct Framework {
    /// Short name, such as `eu-csf`.
    pub id: String,
    /// Which edition of it, such as `2026-06`.
    pub edition: String,
    /// Its name for readers.
    pub title: String,
    /// What it is, in two sentences.
    pub summary: String,
    /// The union that "inside" means.
    pub area: String,
    /// Documents it was taken from.
    pub sources: Vec<Source>,
    /// The levels of assurance, lowest first, starting at 0.
    pub seals: Vec<SealLevel>,
    /// Weight sets; each names every objective and adds up to 100.
    pub weights: Vec<WeightSet>,
    /// The weight set that is used unless another is asked for.
    pub default_weights: String,
    /// Rounding profiles.
    pub rounding: Vec<Rounding>,
    /// The profile that is used unless another is asked for.
    pub default_rounding: String,
    /// Objectives in order.
    pub objectives: Vec<Objective>,
    /// Factors in order.
    pub factors: Vec<Factor>,
    /// Where each field of the file comes from, unless a factor or option says otherwise.
    pub provenance: BTreeMap<String, Provenance>,
    /// Queries and rules per factor.
    pub knowledge: Knowledge,
    /// SHA-256 over the edition and its knowledge files, in hex.
    pub sha256: String,
}

/// Where a field comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// A number or name of the framework's owner, read through public transcriptions.
    Official,
    /// Arithmetic on official figures.
    Derived,
    /// This project's own words for an official content.
    Own,
    /// This project's reading where the source is blank or unclear.
    Inferred,
}

impl Provenance {
    /// The name in data files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::Derived => "derived",
            Self::Own => "own",
            Self::Inferred => "inferred",
        }
    }
}

/// A document that an edition was taken from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its title.
    pub title: String,
    /// Its address.
    pub url: Option<String>,
}

/// A level of assurance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealLevel {
    /// 0 to 4 in the EU framework.
    pub level: u8,
    /// Its name.
    pub name: String,
    /// What it means.
    pub meaning: String,
}

/// How much each objective counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightSet {
    /// Its id.
    pub id: String,
    /// Its name for readers: shown wherever the weights are used.
    pub title: String,
    /// Percent of each objective, in the order of the objectives.
    pub values: Vec<u32>,
}

/// How points become percents.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rounding {
    /// Its id.
    pub id: String,
    /// Its name for readers.
    pub title: String,
    /// Whether points are rounded half up to whole numbers before anything else.
    pub points: RoundPoints,
    /// What an objective's points are divided by.
    pub maximum: Maximum,
    /// Decimals of percents that are shown, 0 to 3.
    pub decimals: u8,
}

/// See [`Rounding::points`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoundPoints {
    /// Half up to a whole number.
    Whole,
    /// As published.
    Exact,
}

/// See [`Rounding::maximum`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Maximum {
    /// The sum of the factors' highest points.
    Sum,
    /// A flat 1000, as the published spreadsheet does.
    Thousand,
}

/// A group of factors with a level and a weight of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Such as `SOV-1`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it asks, in one sentence.
    pub summary: String,
}

/// One question with its options.
#[derive(Clone, Debug)]
pub struct Factor {
    /// Such as `SOV-1.1`.
    pub id: FactorId,
    /// Place of its objective in [`Framework::objectives`].
    pub objective: usize,
    /// Its name.
    pub name: String,
    /// What it asks, in one sentence.
    pub question: String,
    /// Which public words count as evidence, and which do not.
    pub counts: String,
    /// Open questions about the source.
    pub note: Option<String>,
    /// The convention for a service that lacks the subject, where the framework has one.
    pub not_applicable: Option<NotApplicable>,
    /// Options 1 to n in order, points rising.
    pub options: Vec<FactorOption>,
    /// Fields of this factor whose provenance differs from the edition's.
    pub provenance: BTreeMap<String, Provenance>,
}

/// When a factor does not apply, and what then counts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotApplicable {
    /// The condition.
    pub when: String,
    /// The option that is scored.
    pub option: u8,
    /// The convention in words.
    pub convention: String,
}

/// One option of a factor.
#[derive(Clone, Debug)]
pub struct FactorOption {
    /// 1 to n.
    pub number: u8,
    /// Its name.
    pub label: String,
    /// What public words must show.
    pub demands: String,
    /// Its points.
    pub points: Points,
    /// The level that it allows.
    pub seal: u8,
    /// The level that another transcription gives.
    pub seal_disputed: Option<u8>,
    /// The option whose label it repeats in the source; such an option is never chosen by an extractor.
    pub repeats: Option<u8>,
    /// Fields whose provenance differs from the edition's.
    pub provenance: BTreeMap<String, Provenance>,
}

impl Framework {
    /// The factor with this id.
    pub fn factor(&self, id: &FactorId) -> Option<&Factor> {
        self.factors.iter().find(|factor| factor.id == *id)
    }

    /// The weight set with this id, or the default one.
    pub fn weight_set(&self, id: Option<&str>) -> Option<&WeightSet> {
        let id = id.unwrap_or(&self.default_weights);
        self.weights.iter().find(|set| set.id == id)
    }

    /// The rounding profile with this id, or the default one.
    pub fn rounding(&self, id: Option<&str>) -> Option<&Rounding> {
        let id = id.unwrap_or(&self.default_rounding);
        self.rounding.iter().find(|profile| profile.id == id)
    }

    /// The name of a level, such as `Digital Resilience`.
    pub fn seal_name(&self, level: u8) -> &str {
        self.seals.get(usize::from(level)).map_or("", |seal| seal.name.as_str())
    }
}

impl Factor {
    /// The option with this number.
    pub fn option(&self, number: u8) -> Option<&FactorOption> {
        self.options.get(usize::from(number).checked_sub(1)?)
    }

    /// Options that an extractor may choose: those that do not repeat another's label.
    pub fn choosable(&self) -> impl Iterator<Item = &FactorOption> {
        self.options.iter().filter(|option| option.repeats.is_none())
    }

    /// Where `field` of option `number` comes from.
    pub fn provenance_of(&self, framework: &Framework, number: u8, field: &str) -> Option<Provenance> {
        self.option(number)
            .and_then(|option| option.provenance.get(field))
            .or_else(|| self.provenance.get(field))
            .or_else(|| framework.provenance.get(field))
            .copied()
    }
}
