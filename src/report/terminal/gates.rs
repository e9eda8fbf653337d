//! Verdicts on the card: frameworks side by side, an area in each column, and below what fails and what is missing.

use console::Style;

use super::{Pen, cell, longest};
use crate::gates::judge::Outcome;
use crate::report::Report;
use crate::report::verdicts::{AreaReport, ControlText, GateReport, VerdictReport};

/// Most gates that are named in a row.
const NAMED: usize = 4;

impl Pen {
    /// Every framework that decides by gates.
    pub(super) fn verdicts(&mut self, report: &Report) {
        self.side_by_side(report);
        for framework in &report.gates {
            self.title(&format!("{} ({})", framework.title, framework.edition));
            for area in &framework.results {
                self.area(framework, area);
            }
            if framework.controls.iter().any(ControlText::is_inferred) {
                let note = self.dim("  * this project's reading, not the framework's published text");
                self.line(&note);
            }
        }
    }

    /// One line a verdict, one column an area: worth its room where there is something to compare.
    fn side_by_side(&mut self, report: &Report) {
        const FIRST: usize = 26;
        let mut areas: Vec<&str> = Vec::new();
        for area in report.gates.iter().flat_map(|g| &g.results).filter_map(|r| r.area.as_ref()) {
            if !areas.contains(&area.name.as_str()) {
                areas.push(&area.name);
            }
        }
        let columns = areas.len().max(1);
        if report.gates.len() < 2 && columns < 2 {
            return;
        }
        self.title("Side by side");
        let room = (self.width.saturating_sub(FIRST + 4) / columns).saturating_sub(2).max(12);
        let heads: Vec<String> = areas.iter().map(|name| cell(name, room)).collect();
        let heads = self.dim(&format!("  {}  {}", " ".repeat(FIRST), heads.join("  ")));
        self.line(heads.trim_end());
        for framework in &report.gates {
            let verdicts = framework.results.first().map_or(0, |area| area.verdicts.len());
            for row in 0..verdicts {
                let name = if row == 0 { cell(&framework.title, FIRST) } else { " ".repeat(FIRST) };
                // A framework without areas says the same in every column, and says it once.
                let room = if framework.results.len() == 1 { room * columns + 2 * (columns - 1) } else { room };
                let cells: Vec<String> = framework
                    .results
                    .iter()
                    .map(|area| {
                        let (mark, style) = mark(area.verdicts[row].outcome);
                        self.paint(style, &cell(&format!("{mark} {}", area.verdicts[row].says), room))
                    })
                    .collect();
                self.line(format!("  {name}  {}", cells.join("  ")).trim_end());
            }
        }
    }

    fn area(&mut self, framework: &GateReport, area: &AreaReport) {
        let name = area.area.as_ref().map_or("", |area| area.name.as_str());
        if !name.is_empty() {
            let name = self.bold(&format!("  {name}"));
            self.line(&name);
        }
        let room = longest(area.verdicts.iter().map(|v| &v.says)).min(self.width.saturating_sub(40));
        for verdict in &area.verdicts {
            let (mark, style) = mark(verdict.outcome);
            let says = self.paint(style.bold(), &format!("{mark} {}", cell(&verdict.says, room)));
            let count = self.dim(&counted(verdict));
            self.beside(&format!("    {says}"), &count);
            self.named("fails", &verdict.failing, framework);
            if verdict.outcome != Outcome::Fails {
                self.named("in part", &verdict.partly, framework);
                self.named("no public evidence", &verdict.missing, framework);
            }
            if verdict.outcome == Outcome::Likely {
                self.named("for the audit to look at", &verdict.warned, framework);
            }
        }
    }

    fn named(&mut self, what: &str, gates: &[String], framework: &GateReport) {
        if gates.is_empty() {
            return;
        }
        let mut names: Vec<String> = gates
            .iter()
            .take(NAMED)
            .filter_map(|id| framework.control(id))
            .map(|control| format!("{}{} {}", control.id, if control.is_inferred() { "*" } else { "" }, control.title))
            .collect();
        if gates.len() > NAMED {
            names.push(format!("{} more", gates.len() - NAMED));
        }
        self.painted(&format!("{what}: {}", names.join(", ")), 6, Style::new().dim());
    }
}

fn mark(outcome: Outcome) -> (&'static str, Style) {
    match outcome {
        Outcome::Likely => ("✓", Style::new().green()),
        Outcome::NotShown => ("?", Style::new().yellow()),
        Outcome::Fails => ("✗", Style::new().red()),
    }
}

/// How many gates hold, and how many are out of reach of public words.
fn counted(verdict: &VerdictReport) -> String {
    let gates = verdict.held.len() + verdict.partly.len() + verdict.missing.len() + verdict.failing.len();
    let beyond = if verdict.beyond.is_empty() { String::new() } else { format!(", {} for an audit alone", verdict.beyond.len()) };
    format!("{} of {gates} gates hold{beyond}", verdict.held.len())
}
