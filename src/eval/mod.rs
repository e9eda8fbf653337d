//! Answers held against labels: which are right, how honest their probabilities are, and what a change did.
//!
//! A [`Run`] is what one evaluation found, row by row, and is what is written and compared; [`Figures`] are computed from
//! its rows and never stored as truth. Nothing here runs a check or decides an answer.

pub mod diff;
pub mod figures;
pub mod fit;
pub mod labels;
pub mod metrics;
pub mod page;
pub mod recall;

use serde::{Deserialize, Serialize};

use crate::domain::answer::{ONE, Ppm, State};
use crate::domain::evidence::Origin;
use crate::domain::id::FactorId;
use crate::framework::Framework;
use crate::llm::Usage;
use crate::pipeline::Assessment;
use crate::pipeline::result::responses;
use crate::score::{Profile, Response, Responses, ScoreError, score};
pub use figures::{Figures, Outcome};
use labels::{Label, Labelled};
use recall::FactRecall;

/// The form of a stored run.
pub const FORMAT: &str = "sovcheck-eval/1";

/// What one evaluation found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// [`FORMAT`].
    pub format: String,
    /// How the answers came about.
    pub settings: Settings,
    /// Vendor by vendor.
    pub vendors: Vec<VendorRun>,
}

/// What two runs must agree in to be the same experiment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The program's version.
    pub version: String,
    /// The framework's id, edition and SHA-256.
    pub framework: String,
    /// `embedded` or the model's name.
    pub extractor: String,
    /// SHA-256 of the extraction prompt, where a model was asked.
    pub prompt: Option<String>,
    /// Version of the weights by which findings became probabilities.
    pub settling: String,
    /// What was switched away from its default.
    pub changed: Vec<String>,
}

/// One vendor of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VendorRun {
    /// The vendor.
    pub vendor: String,
    /// Pages that were read.
    pub pages: usize,
    /// How long crawl, retrieval and extraction took.
    pub seconds: f64,
    /// Calls and tokens.
    pub usage: Usage,
    /// What they cost, where a price is set.
    pub cost: Option<f64>,
    /// Quotes that a model brought, and those of them that stand on their page.
    pub grounding: Grounding,
    /// Labelled facts among the retrieved passages and among the quotes.
    pub facts: FactRecall,
    /// The same by search alone, without a model's choice.
    #[serde(default)]
    pub by_search: FactRecall,
    /// Stated intervals of levels with what the labels say.
    pub seals: Vec<SealCase>,
    /// One row a factor.
    pub rows: Vec<Row>,
}

/// How many quotes stand where they are said to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grounding {
    /// Quotes that a model brought.
    pub brought: usize,
    /// Of these, quotes that stand on the page word for word.
    pub verbatim: usize,
    /// Quotes in the result, of rules too.
    pub stored: usize,
    /// Of these, quotes that are the page's own bytes.
    pub stored_verbatim: usize,
    /// Quotes that a second pass judged.
    #[serde(default)]
    pub judged: usize,
    /// Of these, quotes that it found to support what they are quoted for.
    #[serde(default)]
    pub supported: usize,
}

/// A stated 90 % interval of a level, and the level by the labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealCase {
    /// `overall` or an objective.
    pub of: String,
    /// Lowest and highest level stated.
    pub stated: [u8; 2],
    /// The lowest level that the reader's options allow, over the factors that both answered.
    pub labelled: u8,
}

impl SealCase {
    /// Whether the interval holds.
    pub fn holds(&self) -> bool {
        (self.stated[0]..=self.stated[1]).contains(&self.labelled)
    }
}

/// One factor of one vendor: the product's answer beside the reader's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The factor.
    pub factor: FactorId,
    /// The product's state.
    pub state: State,
    /// The product's option.
    pub option: Option<u8>,
    /// Probability that it is right, 0 to 1.
    pub confidence: Option<f64>,
    /// The same before calibration.
    #[serde(default)]
    pub raw: Option<f64>,
    /// Who spoke for the option: `rules`, `model` or `both`.
    #[serde(default)]
    pub voice: String,
    /// How many quotes carry it.
    pub quotes: usize,
    /// The reader's label.
    pub label: Label,
    /// The second reader's.
    pub second: Option<Label>,
}

/// Puts one finished check beside the labels.
///
/// # Errors
/// The labels cannot be scored.
pub fn against(labelled: &Labelled, framework: &Framework, assessment: &Assessment, facts: FactRecall) -> Result<VendorRun, ScoreError> {
    let mut grounding = Grounding::default();
    for finding in &assessment.findings {
        let stands = assessment
            .pages
            .iter()
            .find(|page| page.number == finding.page())
            .is_some_and(|page| page.text.text.get(finding.range()) == Some(finding.quote()));
        grounding.stored += 1;
        grounding.stored_verbatim += usize::from(stands);
        grounding.verbatim += usize::from(matches!(finding.origin(), Origin::Model { .. }));
        if let Some(support) = finding.support() {
            grounding.judged += 1;
            grounding.supported += usize::from(support.holds());
        }
    }
    let refuted: u32 = assessment.answers.iter().map(|a| a.receipt.refuted).sum();
    // What the second look rejected is not kept as evidence; it was judged and stood on its page all the same.
    let unsupported: u32 = assessment.answers.iter().map(|a| a.receipt.unsupported).sum();
    grounding.judged += unsupported as usize;
    grounding.verbatim += unsupported as usize;
    grounding.brought = grounding.verbatim + refuted as usize;
    let rows: Vec<Row> = assessment
        .answers
        .iter()
        .filter_map(|answer| {
            let of_one = |p: Ppm| f64::from(p) / f64::from(ONE);
            Some(Row {
                factor: answer.factor.clone(),
                state: answer.state,
                option: answer.option,
                confidence: answer.confidence().map(of_one),
                raw: answer.raw.map(of_one),
                voice: answer.voice.name().to_owned(),
                quotes: answer.findings.len(),
                label: labelled.gold.get(&answer.factor)?.clone(),
                second: labelled.second.get(&answer.factor).cloned(),
            })
        })
        .collect();
    Ok(VendorRun {
        vendor: labelled.vendor.clone(),
        pages: assessment.pages.len(),
        seconds: 0.0,
        usage: assessment.usage,
        cost: None,
        grounding,
        facts,
        by_search: FactRecall::default(),
        seals: seals(framework, assessment, &rows)?,
        rows,
    })
}

/// The stated intervals, overall and for each objective, over the factors that both the product and the reader answered:
/// of the others the labels say nothing.
fn seals(framework: &Framework, assessment: &Assessment, rows: &[Row]) -> Result<Vec<SealCase>, ScoreError> {
    let all = responses(&assessment.answers);
    let mut cases = Vec::new();
    let objectives = framework.objectives.iter().enumerate().map(|(i, o)| (Some(i), o.id.as_str()));
    for (objective, of) in std::iter::once((None, "overall")).chain(objectives) {
        let (mut stated, mut labelled) = (Responses::new(), Responses::new());
        for row in rows {
            let inside = framework.factor(&row.factor).is_some_and(|f| objective.is_none_or(|o| f.objective == o));
            if let (true, Some(response), Some(option)) = (inside, all.get(&row.factor), row.label.option) {
                stated.insert(row.factor.clone(), response.clone());
                labelled.insert(row.factor.clone(), Response::certain(option));
            }
        }
        let interval = score(framework, &stated, &Profile::default())?.seal_outlook.interval_90_answered;
        let truth = score(framework, &labelled, &Profile::default())?.seal;
        if let (Some(stated), Some(labelled)) = (interval, truth) {
            cases.push(SealCase { of: of.to_owned(), stated, labelled });
        }
    }
    Ok(cases)
}

impl Run {
    /// All rows with their vendor.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &Row)> {
        self.vendors.iter().flat_map(|vendor| vendor.rows.iter().map(|row| (vendor.vendor.as_str(), row)))
    }

    /// Figures over all vendors.
    pub fn figures(&self) -> Figures {
        Figures::of(self.rows().map(|(_, row)| row))
    }
}
