//! Factors as the result page lists them, and the filter over the list. A filter is an address, so that it works without
//! scripts and can be handed on.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::answer::{Band, State};
use crate::domain::evidence::{Claim, Origin};
use crate::framework::{Framework, load};
use crate::report::{Evidence, FactorReport, Report};

/// The words of options stand in the framework, not in a report.
static SHIPPED: LazyLock<Option<Framework>> = LazyLock::new(|| load::embedded().ok());

/// Which factors are shown. What is empty or not known filters nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    /// An objective's id.
    pub(super) objective: String,
    /// A state, as [`State::name`] says it.
    pub(super) state: String,
    /// A confidence, as [`Band::name`] says it.
    pub(super) confidence: String,
}

/// One choice of a filter.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) count: usize,
    pub(super) chosen: bool,
}

const STATES: [State; 5] = [State::Answered, State::Contradicted, State::NotFound, State::NotApplicable, State::Failed];
const BANDS: [Band; 3] = [Band::High, Band::Medium, Band::Low];

impl Filter {
    /// The filter without what this report does not know.
    pub(super) fn known(&self, report: &Report) -> Self {
        let kept = |text: &str, known: bool| if known { text.to_owned() } else { String::new() };
        Self {
            objective: kept(&self.objective, report.scorecard.objectives.iter().any(|o| o.id == self.objective)),
            state: kept(&self.state, STATES.iter().any(|state| state.name() == self.state)),
            confidence: kept(&self.confidence, BANDS.iter().any(|band| band.name() == self.confidence)),
        }
    }

    /// Whether it filters at all.
    pub(super) fn filters(&self) -> bool {
        !(self.objective.is_empty() && self.state.is_empty() && self.confidence.is_empty())
    }

    /// Whether a factor is shown.
    pub(super) fn shows(&self, factor: &FactorReport) -> bool {
        (self.objective.is_empty() || factor.objective == self.objective)
            && (self.state.is_empty() || factor.state.name() == self.state)
            && (self.confidence.is_empty() || factor.band.is_some_and(|band| band.name() == self.confidence))
    }

    pub(super) fn objectives(&self, report: &Report) -> Vec<Choice> {
        let choice = |o: &crate::score::ObjectiveScore| Choice {
            value: o.id.clone(),
            label: format!("{} {}", o.id, o.name),
            count: report.factors.iter().filter(|f| f.objective == o.id).count(),
            chosen: self.objective == o.id,
        };
        report.scorecard.objectives.iter().map(choice).collect()
    }

    pub(super) fn states(&self, report: &Report) -> Vec<Choice> {
        let choice = |state: &State| Choice {
            value: state.name().to_owned(),
            label: state.name().to_owned(),
            count: report.count(*state),
            chosen: self.state == state.name(),
        };
        STATES.iter().map(choice).filter(|c| c.count > 0 || c.chosen).collect()
    }

    pub(super) fn confidences(&self, report: &Report) -> Vec<Choice> {
        let choice = |band: &Band| Choice {
            value: band.name().to_owned(),
            label: band.name().to_owned(),
            count: report.factors.iter().filter(|f| f.band == Some(*band)).count(),
            chosen: self.confidence == band.name(),
        };
        BANDS.iter().map(choice).collect()
    }
}

/// One factor.
pub(super) struct FactorView<'a> {
    pub(super) factor: &'a FactorReport,
    pub(super) options: Vec<OptionView<'a>>,
    pub(super) quotes: Vec<QuoteView<'a>>,
}

/// One option of a factor.
pub(super) struct OptionView<'a> {
    pub(super) number: u8,
    /// Empty where the framework is another one than the program's.
    pub(super) label: &'a str,
    pub(super) seal: Option<u8>,
    pub(super) chosen: bool,
    /// Percent, where there are probabilities.
    pub(super) percent: Option<f64>,
}

/// A quote with its page.
pub(super) struct QuoteView<'a> {
    pub(super) evidence: &'a Evidence,
    pub(super) title: &'a str,
    pub(super) says: String,
    pub(super) by: String,
}

pub(super) fn view<'a>(report: &'a Report, factor: &'a FactorReport) -> FactorView<'a> {
    FactorView {
        options: options(report, factor),
        quotes: factor.evidence.iter().filter_map(|id| report.evidence(id)).map(|evidence| quote(report, evidence)).collect(),
        factor,
    }
}

fn options<'a>(report: &Report, factor: &FactorReport) -> Vec<OptionView<'a>> {
    let framework = SHIPPED.as_ref().filter(|framework| framework.sha256 == report.framework.sha256);
    let known = framework.and_then(|framework| framework.factor(&factor.id));
    (1..=factor.options)
        .map(|number| {
            let option = known.and_then(|factor| factor.option(number));
            OptionView {
                number,
                label: option.map_or("", |option| option.label.as_str()),
                seal: option.map(|option| option.seal),
                chosen: factor.option == Some(number),
                percent: factor.probabilities.get(usize::from(number) - 1).map(|p| f64::from(*p) / 10_000.0),
            }
        })
        .collect()
}

pub(super) fn quote<'a>(report: &'a Report, evidence: &'a Evidence) -> QuoteView<'a> {
    let page = report.page(evidence.page);
    QuoteView {
        title: page.map_or("", |page| if page.title.is_empty() { page.address.as_str() } else { page.title.as_str() }),
        says: match evidence.claim {
            Some(Claim::Shows(option)) => format!("shows option {option}"),
            Some(Claim::Limits(option)) => format!("limits to option {option}"),
            None => evidence.because.clone(),
        },
        by: match &evidence.origin {
            Origin::Rule { id } => format!("rule {id}"),
            Origin::Model { name, .. } => format!("model {name}"),
        },
        evidence,
    }
}
