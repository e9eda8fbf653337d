//! The report as Markdown, for tickets and wikis.

use std::fmt::Write as _;

use super::Report;
use crate::domain::answer::State;
use crate::domain::evidence::Claim;

/// Writes the report.
pub fn write(report: &Report) -> String {
    let mut out = String::new();
    let card = &report.scorecard;
    let seal = card.seal.map_or("unknown".to_owned(), |s| format!("SEAL-{s}"));
    let _ = writeln!(out, "# {}: {} ({})\n", plain(&report.service), report.framework.title, report.framework.edition);
    let _ = writeln!(out, "> {}\n", report.notice);
    let _ = writeln!(
        out,
        "| | floor | on evidence | ceiling |\n|---|---|---|---|\n| SEAL | {} | {seal} | {} |\n| Weighted score, % | {} | {} | {} |\n| Unweighted, % | {} | {} | {} |\n",
        card.floor.seal,
        card.ceiling.seal,
        card.floor.weighted,
        card.weighted.map_or("–".to_owned(), |d| d.to_string()),
        card.ceiling.weighted,
        card.floor.unweighted,
        card.unweighted.map_or("–".to_owned(), |d| d.to_string()),
        card.ceiling.unweighted,
    );
    let _ = writeln!(
        out,
        "{} of {} factors answered, {} pages read, {} quotes. Weights: {}. Rounding: {}.\n",
        card.coverage.answered,
        card.coverage.factors,
        report.pages.len(),
        report.quotes(),
        report.framework.weights,
        report.framework.rounding
    );
    let _ = writeln!(out, "| Objective | floor | on evidence | ceiling | SEAL | answered |\n|---|---:|---:|---:|---|---|");
    for o in &card.objectives {
        let _ = writeln!(
            out,
            "| {} {} | {} | {} | {} | {} | {}/{} |",
            o.id,
            o.name,
            o.floor,
            o.percent.map_or("–".to_owned(), |d| d.to_string()),
            o.ceiling,
            o.seal.map_or("–".to_owned(), |s| s.to_string()),
            o.coverage.answered,
            o.coverage.factors
        );
    }
    flips(report, &mut out);
    answers(report, &mut out);
    let _ = writeln!(out, "\n## Not found\n");
    for f in report.factors.iter().filter(|f| f.state == State::NotFound) {
        let _ = writeln!(
            out,
            "- **{} {}**: {} Searched: {} passages on {} pages.",
            f.id, f.name, f.justification, f.receipt.passages, f.receipt.pages
        );
    }
    if !report.hosts.is_empty() {
        let _ = writeln!(out, "\n## Hosts of the service\n");
        for host in &report.hosts {
            let role = host.role.as_deref().map(|role| format!(", {role}")).unwrap_or_default();
            let _ = writeln!(out, "- `{}` ({} pages{role}): {}", host.host, report.pages_of(host), plain(&host.how));
        }
    }
    if !report.unread.is_empty() {
        let _ = writeln!(out, "\n## Not read\n");
        for u in &report.unread {
            let _ = writeln!(out, "- `{}`: {} ({})", u.address.replace('`', "'"), plain(&u.detail), u.why.name());
        }
    }
    if !report.hidden.is_empty() {
        let _ = writeln!(out, "\n## Hidden text, not used\n");
        for h in &report.hidden {
            let _ = writeln!(out, "- `{}` ({}): {}", h.address, h.text.how, plain(&h.text.words));
        }
    }
    out
}

fn flips(report: &Report, out: &mut String) {
    if report.scorecard.flips.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## What would change the SEAL\n");
    for flip in report.scorecard.flips.iter().take(10) {
        let name = report.factors.iter().find(|f| f.id == flip.factor).map_or("", |f| f.name.as_str());
        let to: Vec<String> = flip.would_be.iter().map(|s| format!("SEAL-{s}")).collect();
        let _ = writeln!(
            out,
            "- {} {name}: another answer than option {} gives {} (chance {} %)",
            flip.factor,
            flip.option,
            to.join(" or "),
            flip.probability / 10_000
        );
    }
}

fn answers(report: &Report, out: &mut String) {
    verdicts(out, report);
    let _ = writeln!(out, "\n## Answers\n");
    for f in report.factors.iter().filter(|f| f.state != State::NotFound) {
        let head = match (&f.label, f.option) {
            (Some(label), Some(option)) => format!("option {option} of {}: {label}", f.options),
            _ => f.state.name().to_owned(),
        };
        let band = f.band.map_or(String::new(), |b| format!(" ({} confidence)", b.name()));
        let _ = writeln!(out, "### {} {}\n\n**{}**{band}. {}\n", f.id, f.name, head, f.justification);
        for id in f.evidence.iter().take(4) {
            let Some(e) = report.evidence(id) else { continue };
            let mark = match e.claim {
                Some(Claim::Limits(_)) => " (limits)",
                Some(Claim::Shows(_)) | None => "",
            };
            let _ = writeln!(
                out,
                "> {}\n>\n> [{}]({}){mark}, {}{}\n",
                plain(&e.quote),
                e.page,
                e.link,
                e.tier.name(),
                if e.outdated { ", outdated" } else { "" }
            );
        }
    }
}

/// Page words are data: nothing in them becomes a mark of this document.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '*' | '_' | '[' | ']' | '`' | '#' | '|' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Verdicts by area: a row for each, with the gates that keep it from holding.
fn verdicts(out: &mut String, report: &Report) {
    for gate in &report.gates {
        let _ = writeln!(out, "\n## {} ({})\n\n{}\n", gate.title, gate.edition, gate.summary);
        let _ = writeln!(out, "| Area | Verdict | Gates that hold | Fails | In part | No public evidence |\n|---|---|---:|---|---|---|");
        for area in &gate.results {
            for v in &area.verdicts {
                let name = area.area.as_ref().map_or("", |area| area.name.as_str());
                let lists = [&v.failing, &v.partly, &v.missing].map(|list| list.join(", "));
                let all = v.held.len() + v.partly.len() + v.missing.len() + v.failing.len();
                let _ = writeln!(out, "| {name} | **{}** | {} of {all} | {} |", v.says, v.held.len(), lists.join(" | "));
            }
        }
    }
}
