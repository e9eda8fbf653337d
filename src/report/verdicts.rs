//! What frameworks that decide by gates say of a check, for each area: the part of a [`super::Report`] that holds verdicts.
//!
//! Evidence is named by the ids of the report's one list. Nothing is decided here; see `gates::judge`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::area::Area;
use crate::domain::answer::Answer;
use crate::domain::id::FactorId;
use crate::framework::Provenance;
use crate::gates::edition::{Control, Proof, Role, Status};
use crate::gates::judge::{ControlResult, Found, ItemState, Judgement, Outcome, Rest, judge};
use crate::gates::{Edition, judge as judging};

/// One framework's verdicts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateReport {
    /// Its id.
    pub id: String,
    /// Its edition.
    pub edition: String,
    /// Its name.
    pub title: String,
    /// What it is, and what its verdicts do not mean.
    pub summary: String,
    /// SHA-256 of its file.
    pub sha256: String,
    /// Version of the weights by which facts are believed.
    pub weights: String,
    /// Every control, as the framework has it.
    pub controls: Vec<ControlText>,
    /// The results, one for each area; one without an area where the framework knows none.
    pub results: Vec<AreaReport>,
}

/// A control, as the framework has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ControlText {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it demands.
    pub requirement: String,
    /// How it bears on verdicts.
    pub role: Role,
    /// Verdicts it belongs to.
    pub verdicts: Vec<String>,
    /// The least status at which the gate holds.
    pub minimum: Status,
    /// Who can show that it holds.
    pub proof: Proof,
    /// What an audit or a declaration still has to prove.
    pub audit: Option<String>,
    /// Where the requirement comes from.
    pub provenance: Provenance,
    /// How this check decides it.
    pub test: String,
    /// Where that comes from.
    pub test_provenance: Provenance,
    /// Other documents that the test follows.
    pub derived_from: Vec<String>,
}

impl ControlText {
    /// Whether the requirement or its test is this project's reading.
    pub fn is_inferred(&self) -> bool {
        self.provenance != Provenance::Official || self.test_provenance != Provenance::Official
    }
}

/// One framework's result for one area.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AreaReport {
    /// The area of sovereignty.
    pub area: Option<AreaName>,
    /// What is decided.
    pub verdicts: Vec<VerdictReport>,
    /// Every control's result, in the order of [`GateReport::controls`].
    pub controls: Vec<ControlReport>,
}

/// An area of sovereignty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AreaName {
    /// Such as `eea` or `jp`.
    pub id: String,
    /// For readers.
    pub name: String,
}

/// One verdict. Gates are named by the ids of their controls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerdictReport {
    /// Its id.
    pub id: String,
    /// What is decided.
    pub outcome: Outcome,
    /// The same in words.
    pub says: String,
    /// On top of the other verdicts.
    pub optional: bool,
    /// Gates that hold.
    pub held: Vec<String>,
    /// Gates that public words show in part, and less than is asked.
    pub partly: Vec<String>,
    /// Gates without public evidence.
    pub missing: Vec<String>,
    /// Gates that fail.
    pub failing: Vec<String>,
    /// Gates that only a declaration or an auditor can decide.
    pub beyond: Vec<String>,
    /// Gates with something that an audit has to look at.
    pub warned: Vec<String>,
    /// The gate that is believed least of those that decided.
    pub weakest: Option<Weakest>,
}

/// The gate on which a verdict hangs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Weakest {
    /// The control's id.
    pub control: String,
    /// Probability that its status is right, 0 to 1.
    pub confidence: f64,
}

/// One control's result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ControlReport {
    /// The control's id.
    pub id: String,
    /// What is known.
    pub status: Status,
    /// Probability that this is right, 0 to 1; none where nothing was found.
    pub confidence: Option<f64>,
    /// What it asks for, item by item.
    pub items: Vec<ItemReport>,
}

/// One item's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ItemReport {
    /// The statement that public words would make.
    pub says: String,
    /// What is known of it.
    pub state: ItemState,
    /// Words speak for it and against it.
    pub contested: bool,
    /// Something here is for an audit to look at.
    pub warned: bool,
    /// Ids of evidence.
    pub evidence: Vec<String>,
    /// Controls that it rests on.
    pub controls: Vec<String>,
    /// Factors whose answers it rests on.
    pub factors: Vec<FactorId>,
}

/// The verdicts of every edition for every area, in the order in which they were asked for.
pub fn of(editions: &[Edition], areas: &[Area], found: Found<'_>) -> Vec<GateReport> {
    let answers: BTreeMap<&FactorId, &Answer> = found.answers.iter().map(|a| (&a.factor, a)).collect();
    editions
        .iter()
        .map(|edition| {
            // Where a framework knows no area, inside and outside are not asked for, and any area serves.
            let seen_from = if edition.by_area { areas } else { &areas[..areas.len().min(1)] };
            let results = seen_from.iter().map(|area| {
                let judgement = judge(edition, area, found);
                let named = edition.by_area.then(|| AreaName { id: area.id.clone(), name: area.name.clone() });
                AreaReport {
                    area: named,
                    verdicts: verdicts(edition, &judgement),
                    controls: edition.controls.iter().zip(&judgement.controls).map(|(c, of)| control(c, of, &answers)).collect(),
                }
            });
            GateReport {
                id: edition.id.clone(),
                edition: edition.edition.clone(),
                title: edition.title.clone(),
                summary: edition.summary.clone(),
                sha256: edition.sha256.clone(),
                weights: judging::version().to_owned(),
                results: results.collect(),
                controls: edition.controls.iter().map(text).collect(),
            }
        })
        .collect()
}

fn text(control: &Control) -> ControlText {
    ControlText {
        id: control.id.clone(),
        title: control.title.clone(),
        requirement: control.requirement.clone(),
        role: control.role,
        verdicts: control.verdicts.clone(),
        minimum: control.minimum,
        proof: control.proof,
        audit: control.audit.clone(),
        provenance: control.provenance,
        test: control.test.clone(),
        test_provenance: control.test_provenance,
        derived_from: control.derived_from.clone(),
    }
}

fn verdicts(edition: &Edition, judgement: &Judgement) -> Vec<VerdictReport> {
    let each = edition.verdicts.iter().zip(judgement.verdicts.clone());
    each.map(|(verdict, of)| VerdictReport {
        id: of.id,
        outcome: of.outcome,
        says: match of.outcome {
            Outcome::Likely => &verdict.shown,
            Outcome::NotShown => &verdict.open,
            Outcome::Fails => &verdict.failed,
        }
        .clone(),
        optional: verdict.optional,
        held: of.held,
        partly: of.partly,
        missing: of.missing,
        failing: of.failing,
        beyond: of.beyond,
        warned: of.warned,
        weakest: of.weakest.map(|(control, p)| Weakest { control, confidence: share(p) }),
    })
    .collect()
}

fn control(control: &Control, of: &ControlResult, answers: &BTreeMap<&FactorId, &Answer>) -> ControlReport {
    let items = control.items.iter().zip(&of.items).map(|(item, of)| {
        let (mut evidence, mut controls, mut factors) = (Vec::new(), Vec::new(), Vec::new());
        for rest in &of.rests_on {
            match rest {
                Rest::Fact(place) => evidence.push(super::fact_id(*place)),
                Rest::Control(id) => controls.push(id.clone()),
                Rest::Answer(factor) => {
                    factors.push(factor.clone());
                    let findings = answers.get(factor).map_or(&[][..], |answer| answer.findings.as_slice());
                    evidence.extend(findings.iter().map(|place| super::finding_id(*place)));
                }
            }
        }
        ItemReport { says: item.says.clone(), state: of.state, contested: of.contested, warned: of.warned, evidence, controls, factors }
    });
    ControlReport { id: of.id.clone(), status: of.status, confidence: of.confidence.map(share), items: items.collect() }
}

fn share(ppm: u32) -> f64 {
    f64::from(ppm / 1_000) / 1_000.0
}

impl GateReport {
    /// A control's text.
    pub fn control(&self, id: &str) -> Option<&ControlText> {
        self.controls.iter().find(|control| control.id == id)
    }
}
