//! Verdicts on the page: all frameworks in one table, an area in each column, and each control with what it rests on.

use super::{QuoteView, quote};
use crate::gates::edition::{Role, Status};
use crate::gates::judge::{ItemState, Outcome};
use crate::report::Report;
use crate::report::verdicts::{AreaReport, ControlReport, ControlText, GateReport, ItemReport, VerdictReport};

/// Most quotes that are shown for an item.
const QUOTES: usize = 2;

/// All frameworks that decide by gates.
pub(super) struct GatesView<'a> {
    /// Names of the areas: the columns.
    pub(super) areas: Vec<&'a str>,
    /// The frameworks: groups of rows.
    pub(super) frameworks: Vec<FrameworkView<'a>>,
}

/// One framework.
pub(super) struct FrameworkView<'a> {
    pub(super) report: &'a GateReport,
    /// A verdict in each row, an area in each column; one wide column where the framework knows no area.
    pub(super) rows: Vec<Vec<VerdictView<'a>>>,
    pub(super) controls: Vec<ControlView<'a>>,
    /// How many controls are this project's reading in whole or part.
    pub(super) inferred: usize,
}

/// One verdict.
pub(super) struct VerdictView<'a> {
    pub(super) verdict: &'a VerdictReport,
    pub(super) class: &'static str,
    /// How many columns it fills.
    pub(super) wide: usize,
    pub(super) gates: usize,
    /// What keeps it from holding.
    pub(super) reasons: Vec<(&'static str, &'a [String])>,
}

/// One control.
pub(super) struct ControlView<'a> {
    pub(super) text: &'a ControlText,
    pub(super) provenance: &'static str,
    pub(super) areas: Vec<ControlAreaView<'a>>,
}

/// One control's result in one area.
pub(super) struct ControlAreaView<'a> {
    pub(super) area: &'a str,
    pub(super) report: &'a ControlReport,
    pub(super) class: &'static str,
    pub(super) percent: Option<String>,
    pub(super) items: Vec<ItemView<'a>>,
}

/// One item.
pub(super) struct ItemView<'a> {
    pub(super) report: &'a ItemReport,
    pub(super) state: &'static str,
    pub(super) quotes: Vec<QuoteView<'a>>,
    pub(super) more: usize,
}

/// The view of a report's verdicts.
pub(super) fn view(report: &Report) -> GatesView<'_> {
    let mut areas: Vec<&str> = Vec::new();
    for name in report.gates.iter().flat_map(|g| &g.results).filter_map(name) {
        if !areas.contains(&name) {
            areas.push(name);
        }
    }
    let columns = areas.len().max(1);
    GatesView { frameworks: report.gates.iter().map(|gate| framework(report, gate, columns)).collect(), areas }
}

fn name(area: &AreaReport) -> Option<&str> {
    area.area.as_ref().map(|area| area.name.as_str())
}

fn framework<'a>(report: &'a Report, gate: &'a GateReport, columns: usize) -> FrameworkView<'a> {
    let verdicts = gate.results.first().map_or(0, |area| area.verdicts.len());
    let wide = if gate.results.len() == 1 { columns } else { 1 };
    let rows = (0..verdicts).map(|row| gate.results.iter().map(|area| verdict(&area.verdicts[row], wide)).collect());
    let controls = gate.controls.iter().enumerate().filter(|(_, text)| text.role != Role::Process);
    let controls = controls.map(|(place, text)| ControlView {
        text,
        provenance: if text.is_inferred() { "this project's reading in whole or part" } else { "published" },
        areas: gate.results.iter().map(|area| control(report, area, &area.controls[place])).collect(),
    });
    FrameworkView {
        report: gate,
        rows: rows.collect(),
        controls: controls.collect(),
        inferred: gate.controls.iter().filter(|control| control.is_inferred()).count(),
    }
}

fn verdict(verdict: &VerdictReport, wide: usize) -> VerdictView<'_> {
    let all: [(&'static str, &[String]); 4] = [
        ("fails", &verdict.failing),
        ("in part", &verdict.partly),
        ("no public evidence", &verdict.missing),
        ("for the audit to look at", &verdict.warned),
    ];
    VerdictView {
        verdict,
        wide,
        class: match verdict.outcome {
            Outcome::Likely => "high",
            Outcome::NotShown => "medium",
            Outcome::Fails => "low",
        },
        gates: verdict.held.len() + verdict.partly.len() + verdict.missing.len() + verdict.failing.len(),
        reasons: all.into_iter().filter(|(_, gates)| !gates.is_empty()).collect(),
    }
}

fn control<'a>(report: &'a Report, area: &'a AreaReport, of: &'a ControlReport) -> ControlAreaView<'a> {
    ControlAreaView {
        area: name(area).unwrap_or(""),
        report: of,
        class: match of.status {
            Status::Met => "high",
            Status::Partly => "medium",
            Status::NotMet => "low",
            Status::NoEvidence => "none",
        },
        percent: of.confidence.map(|p| format!("{:.0} %", p * 100.0)),
        items: of.items.iter().map(|item| item_view(report, item)).collect(),
    }
}

fn item_view<'a>(report: &'a Report, item: &'a ItemReport) -> ItemView<'a> {
    ItemView {
        report: item,
        state: match item.state {
            ItemState::Shown => "shown",
            ItemState::Partly => "in part",
            ItemState::Denied => "the contrary is shown",
            ItemState::Silent => "nothing found",
        },
        quotes: item.evidence.iter().take(QUOTES).filter_map(|id| report.evidence(id)).map(|e| quote(report, e)).collect(),
        more: item.evidence.len().saturating_sub(QUOTES),
    }
}
