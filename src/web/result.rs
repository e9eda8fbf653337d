//! The result of a check, as its stored report says.

use askama::Template;
use axum::response::Response;

use super::PageError;
use super::link::Linked;
use super::page::{Frame, html};
use crate::domain::answer::State;
use crate::report::verdicts::VerdictReport;
use crate::report::{Evidence, FactorReport, Report};
use crate::score::ObjectiveScore;
use crate::store::Store;

#[derive(Template)]
#[template(path = "result.html", config = "src/web/askama.toml")]
struct ResultPage<'a> {
    frame: Frame,
    report: &'a Report,
    seal: Option<(u8, &'a str)>,
    verdicts: Vec<VerdictView<'a>>,
    objectives: Vec<ObjectiveView<'a>>,
    missing: Vec<&'a FactorReport>,
    here: String,
}

struct VerdictView<'a> {
    framework: &'a str,
    area: Option<&'a str>,
    verdict: &'a VerdictReport,
}

struct ObjectiveView<'a> {
    score: &'a ObjectiveScore,
    factors: Vec<FactorView<'a>>,
}

struct FactorView<'a> {
    factor: &'a FactorReport,
    quotes: Vec<&'a Evidence>,
}

/// The result page.
pub(super) async fn show(store: &Store, linked: &Linked) -> Result<Response, PageError> {
    let (text, _) =
        store.report(linked.request.id).await?.ok_or_else(|| PageError::Internal("a finished check without a report".into()))?;
    let report: Report = serde_json::from_str(&text).map_err(|error| PageError::Internal(Box::new(error)))?;
    let seal = report.scorecard.seal.map(|seal| (seal, report.framework.seals.get(usize::from(seal)).map_or("", String::as_str)));
    let factor = |factor| FactorView { quotes: quotes(&report, factor), factor };
    html(&ResultPage {
        frame: Frame::new(format!("{}: initial assessment", report.service)),
        seal,
        verdicts: report
            .gates
            .iter()
            .flat_map(|gate| gate.results.iter().map(move |result| (gate, result)))
            .flat_map(|(gate, result)| {
                let area = result.area.as_ref().map(|area| area.name.as_str());
                result.verdicts.iter().map(move |verdict| VerdictView { framework: &gate.title, area, verdict })
            })
            .collect(),
        objectives: report
            .scorecard
            .objectives
            .iter()
            .map(|score| ObjectiveView {
                score,
                factors: report.factors.iter().filter(|f| f.objective == score.id && f.state != State::NotFound).map(factor).collect(),
            })
            .collect(),
        missing: report.factors.iter().filter(|f| f.state == State::NotFound).collect(),
        here: linked.path(""),
        report: &report,
    })
}

fn quotes<'a>(report: &'a Report, factor: &FactorReport) -> Vec<&'a Evidence> {
    factor.evidence.iter().filter_map(|id| report.evidence(id)).collect()
}
