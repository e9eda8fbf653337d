//! The report as one HTML file: no scripts, no outside resource, readable on paper, in the dark and on a phone.
//!
//! Every word of a page is escaped by the template engine; links of evidence lead to http, https or a relative path.

use askama::Template;

use super::{Evidence, FactorReport, Report};
use crate::domain::answer::State;
use crate::domain::evidence::{Claim, Origin};

#[derive(Template)]
#[template(path = "card.html", config = "src/report/askama.toml")]
struct Card<'a> {
    report: &'a Report,
    objectives: Vec<ObjectiveView<'a>>,
    flips: Vec<FlipView<'a>>,
    levels: Vec<LevelView<'a>>,
    missing: Vec<&'a FactorReport>,
    unread: Vec<(&'static str, usize)>,
    seal_name: &'a str,
}

struct ObjectiveView<'a> {
    score: &'a crate::score::ObjectiveScore,
    factors: Vec<FactorView<'a>>,
}

struct FactorView<'a> {
    factor: &'a FactorReport,
    quotes: Vec<QuoteView<'a>>,
    /// Probability of each option, for the small bars.
    options: Vec<(usize, f64, bool)>,
}

struct QuoteView<'a> {
    evidence: &'a Evidence,
    title: &'a str,
    address: &'a str,
    says: String,
    by: String,
}

struct FlipView<'a> {
    flip: &'a crate::score::Flip,
    name: &'a str,
    to: String,
    percent: String,
}

struct LevelView<'a> {
    level: usize,
    name: &'a str,
    answered: Option<f64>,
    all: f64,
}

/// Writes the report.
///
/// # Errors
/// The template engine fails, which a test of every form of report rules out.
pub fn write(report: &Report) -> Result<String, askama::Error> {
    let card = &report.scorecard;
    Card {
        objectives: card
            .objectives
            .iter()
            .map(|score| ObjectiveView {
                score,
                factors: report.factors.iter().filter(|f| f.objective == score.id).map(|f| factor(report, f)).collect(),
            })
            .collect(),
        flips: card
            .flips
            .iter()
            .map(|flip| FlipView {
                flip,
                name: report.factors.iter().find(|f| f.id == flip.factor).map_or("", |f| f.name.as_str()),
                to: flip.would_be.iter().map(|s| format!("SEAL-{s}")).collect::<Vec<_>>().join(" or "),
                percent: format!("{:.0} %", f64::from(flip.probability) / 10_000.0),
            })
            .collect(),
        levels: report
            .framework
            .seals
            .iter()
            .enumerate()
            .map(|(level, name)| {
                let share = |parts: &[u32]| parts.get(level).map(|p| f64::from(*p) / 10_000.0);
                LevelView {
                    level,
                    name,
                    answered: share(&card.seal_outlook.answered_factors),
                    all: share(&card.seal_outlook.all_factors).unwrap_or(0.0),
                }
            })
            .collect(),
        missing: report.factors.iter().filter(|f| f.state == State::NotFound).collect(),
        unread: report.unread_by_reason().into_iter().map(|(why, count)| (why.name(), count)).collect(),
        seal_name: card.seal.and_then(|s| report.framework.seals.get(usize::from(s))).map_or("", String::as_str),
        report,
    }
    .render()
}

fn factor<'a>(report: &'a Report, factor: &'a FactorReport) -> FactorView<'a> {
    FactorView {
        quotes: factor.evidence.iter().filter_map(|id| report.evidence(id)).map(|e| quote(report, e)).collect(),
        options: factor
            .probabilities
            .iter()
            .enumerate()
            .map(|(i, p)| (i + 1, f64::from(*p) / 10_000.0, factor.option == u8::try_from(i + 1).ok()))
            .collect(),
        factor,
    }
}

fn quote<'a>(report: &'a Report, evidence: &'a Evidence) -> QuoteView<'a> {
    let page = report.page(evidence.page);
    QuoteView {
        evidence,
        title: page.map_or("", |p| p.title.as_str()),
        address: page.map_or("", |p| p.address.as_str()),
        says: match evidence.claim {
            Claim::Shows(option) => format!("shows option {option}"),
            Claim::Limits(option) => format!("limits to option {option}"),
        },
        by: match &evidence.origin {
            Origin::Rule { id } => format!("rule {id}"),
            Origin::Model { name, .. } => format!("model {name}"),
        },
    }
}
