//! Verdicts as the result page shows them: frameworks one below the other, an area beside an area.

use super::factor::{QuoteView, quote};
use crate::gates::edition::{Role, Status};
use crate::gates::judge::{ItemState, Outcome};
use crate::report::Report;
use crate::report::verdicts::{AreaReport, ControlText, GateReport, ItemReport, VerdictReport};

/// Most quotes that are shown for an item.
const QUOTES: usize = 2;

/// One framework.
pub(super) struct FrameworkView<'a> {
    pub(super) gate: &'a GateReport,
    pub(super) verdicts: Vec<VerdictView<'a>>,
    pub(super) controls: Vec<ControlView<'a>>,
    /// How many controls are this project's reading in whole or part.
    pub(super) inferred: usize,
}

/// One verdict in one area.
pub(super) struct VerdictView<'a> {
    /// Empty where the framework knows no area.
    pub(super) area: &'a str,
    pub(super) verdict: &'a VerdictReport,
    pub(super) class: &'static str,
    pub(super) gates: usize,
    pub(super) sure: Option<(String, String)>,
    /// What keeps it from holding.
    pub(super) reasons: Vec<(&'static str, &'a [String])>,
}

/// One control.
pub(super) struct ControlView<'a> {
    pub(super) text: &'a ControlText,
    pub(super) areas: Vec<ControlAreaView<'a>>,
}

/// One control in one area.
pub(super) struct ControlAreaView<'a> {
    pub(super) area: &'a str,
    pub(super) status: &'static str,
    pub(super) class: &'static str,
    pub(super) items: Vec<ItemView<'a>>,
}

/// One item of a control.
pub(super) struct ItemView<'a> {
    pub(super) item: &'a ItemReport,
    pub(super) state: &'static str,
    pub(super) quotes: Vec<QuoteView<'a>>,
}

pub(super) fn view(report: &Report) -> Vec<FrameworkView<'_>> {
    let framework = |gate| FrameworkView {
        verdicts: verdicts(gate),
        controls: controls(report, gate),
        inferred: gate.controls.iter().filter(|control| control.is_inferred()).count(),
        gate,
    };
    report.gates.iter().map(framework).collect()
}

fn name(area: &AreaReport) -> &str {
    area.area.as_ref().map_or("", |area| area.name.as_str())
}

fn verdicts(gate: &GateReport) -> Vec<VerdictView<'_>> {
    let each = gate.results.iter().flat_map(|area| area.verdicts.iter().map(move |verdict| (area, verdict)));
    each.map(|(area, verdict)| {
        let reasons: [(&'static str, &[String]); 4] = [
            ("fails", &verdict.failing),
            ("in part", &verdict.partly),
            ("no public evidence", &verdict.missing),
            ("for the audit to look at", &verdict.warned),
        ];
        VerdictView {
            area: name(area),
            class: match verdict.outcome {
                Outcome::Likely => "high",
                Outcome::NotShown => "medium",
                Outcome::Fails => "low",
            },
            gates: verdict.held.len() + verdict.partly.len() + verdict.missing.len() + verdict.failing.len(),
            sure: verdict.weakest.as_ref().map(|weakest| (weakest.control.clone(), format!("{:.0} %", weakest.confidence * 100.0))),
            reasons: reasons.into_iter().filter(|(_, gates)| !gates.is_empty()).collect(),
            verdict,
        }
    })
    .collect()
}

fn controls<'a>(report: &'a Report, gate: &'a GateReport) -> Vec<ControlView<'a>> {
    let shown = gate.controls.iter().enumerate().filter(|(_, text)| text.role != Role::Process);
    shown
        .map(|(place, text)| ControlView { text, areas: gate.results.iter().filter_map(|area| control(report, area, place)).collect() })
        .collect()
}

fn control<'a>(report: &'a Report, area: &'a AreaReport, place: usize) -> Option<ControlAreaView<'a>> {
    let of = area.controls.get(place)?;
    Some(ControlAreaView {
        area: name(area),
        status: of.status.name(),
        class: match of.status {
            Status::Met => "high",
            Status::Partly => "medium",
            Status::NotMet => "low",
            Status::NoEvidence => "none",
        },
        items: of.items.iter().map(|item| item_view(report, item)).collect(),
    })
}

fn item_view<'a>(report: &'a Report, item: &'a ItemReport) -> ItemView<'a> {
    ItemView {
        state: match item.state {
            ItemState::Shown => "shown",
            ItemState::Partly => "in part",
            ItemState::Denied => "the contrary is shown",
            ItemState::Silent => "nothing found",
        },
        quotes: item.evidence.iter().take(QUOTES).filter_map(|id| report.evidence(id)).map(|e| quote(report, e)).collect(),
        item,
    }
}
