//! The report as one HTML file: no scripts, no outside resource, readable on paper, in the dark and on a phone.
//!
//! Every word of a page is escaped by the template engine; links of evidence lead to http, https or a relative path.

mod gates;

use askama::Template;

use super::{Evidence, FactorReport, Report};
use crate::domain::answer::State;
use crate::domain::evidence::{Claim, Origin};

#[derive(Template)]
#[template(path = "card.html", config = "src/report/askama.toml")]
struct Card<'a> {
    report: &'a Report,
    gates: gates::GatesView<'a>,
    objectives: Vec<ObjectiveView<'a>>,
    flips: Vec<FlipView<'a>>,
    levels: Vec<LevelView<'a>>,
    /// The factors that allow no more than the overall level.
    held: Vec<&'a FactorReport>,
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
    /// How many quotes stand before the fold.
    shown: usize,
    /// Unfolded from the start: it holds the level, or pages contradict each other.
    open: bool,
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

/// Quotes of a factor that are shown at once; the others fold.
const SHOWN: usize = 3;
/// Writes the report.
///
/// # Errors
/// The template engine fails, which a test of every form of report rules out.
pub fn write(report: &Report) -> Result<String, askama::Error> {
    let card = &report.scorecard;
    Card {
        gates: gates::view(report),
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
        held: held(report),
        missing: report.factors.iter().filter(|f| f.state == State::NotFound).collect(),
        unread: report.unread_by_reason().into_iter().map(|(why, count)| (why.name(), count)).collect(),
        seal_name: card.seal.and_then(|s| report.framework.seals.get(usize::from(s))).map_or("", String::as_str),
        report,
    }
    .render()
}

/// The factors that allow no more than the overall level; none at the highest level.
fn held(report: &Report) -> Vec<&FactorReport> {
    let highest = report.framework.seals.len().checked_sub(1);
    match report.scorecard.seal {
        Some(seal) if Some(usize::from(seal)) != highest => report.factors.iter().filter(|f| f.seal == Some(seal)).collect(),
        _ => Vec::new(),
    }
}

/// A time as people read it: RFC 3339 without seconds.
fn moment(time: &str) -> String {
    format!("{} UTC", time.get(..16).unwrap_or(time).replace('T', " "))
}

fn factor<'a>(report: &'a Report, factor: &'a FactorReport) -> FactorView<'a> {
    let quotes: Vec<_> = factor.evidence.iter().filter_map(|id| report.evidence(id)).map(|e| quote(report, e)).collect();
    FactorView {
        // A single quote is not worth a fold.
        shown: if quotes.len() <= SHOWN + 1 { quotes.len() } else { SHOWN },
        open: factor.state == State::Contradicted || held(report).iter().any(|f| f.id == factor.id),
        quotes,
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
            Some(Claim::Shows(option)) => format!("shows option {option}"),
            Some(Claim::Limits(option)) => format!("limits to option {option}"),
            None => evidence.because.clone(),
        },
        by: match &evidence.origin {
            Origin::Rule { id } => format!("rule {id}"),
            Origin::Model { name, .. } => format!("model {name}"),
        },
    }
}
