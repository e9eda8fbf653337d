//! `sovcheck eval diff`, `drift` and `fit`: what is read off runs and recordings that are there.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;

use super::table::{figure, lines};
use crate::cli::{Exit, output};
use crate::eval::diff::{Diff, Moved};
use crate::eval::{FORMAT, Run, fit};
use crate::llm::tape;

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// An earlier run (eval.json).
    before: PathBuf,
    /// A later one.
    after: PathBuf,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct DriftArgs {
    /// An earlier recording (see `--record`).
    before: PathBuf,
    /// A later one.
    after: PathBuf,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct FitArgs {
    /// Runs to fit on (eval.json), several for several extractors.
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// Vendors to fit on.
    #[arg(long, value_delimiter = ',', required = true)]
    fit: Vec<String>,
    /// Vendors to report on: none of those fitted on. Without any, each vendor is reported by a fit on the others.
    #[arg(long, value_delimiter = ',')]
    report: Vec<String>,
    /// Write the calibration into this file.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// The name of the calibration.
    #[arg(long, default_value = "fitted")]
    version: String,
}

fn read(path: &Path) -> anyhow::Result<Run> {
    let text = std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    let run: Run = serde_json::from_str(&text).with_context(|| format!("{} is no run of `sovcheck eval`", path.display()))?;
    if run.format != FORMAT {
        bail!("{} has the form {}; this program reads {FORMAT}", path.display(), run.format);
    }
    Ok(run)
}

pub(super) fn diff(args: &DiffArgs) -> anyhow::Result<Exit> {
    let diff = Diff::of(&read(&args.before)?, &read(&args.after)?);
    if diff.vendors.is_empty() {
        bail!("the two runs have no vendor in common");
    }
    let shown = if args.json { format!("{:#}\n", serde_json::to_value(&diff)?) } else { diff_table(&diff) };
    output::print(&shown).map_err(|(_, error)| error)
}

fn diff_table(diff: &Diff) -> String {
    let mut out = format!("{} factors of {}\n", diff.after.factors, diff.vendors.join(", "));
    for (name, before, after) in &diff.settings {
        out.push_str(&format!("  {name}: {before} -> {after}\n"));
    }
    out.push_str(&format!("\n  {:<46}{:>8}{:>8}\n", "", "before", "after"));
    for ((name, _, before), (_, _, after)) in lines(&diff.before).into_iter().zip(lines(&diff.after)) {
        let mark = if before == after { "" } else { "  *" };
        out.push_str(&format!("  {name:<46}{before:>8}{after:>8}{mark}\n"));
    }
    let option = |o: Option<u8>| o.map_or("–".to_owned(), |o| o.to_string());
    for (title, moved) in [("better", &diff.better), ("worse", &diff.worse), ("moved, neither better nor worse", &diff.moved)] {
        out.push_str(&format!("\n{title}: {}\n", moved.len()));
        for Moved { vendor, factor, before, after, label } in moved {
            out.push_str(&format!(
                "  {vendor:<14} {:<8} {} {} -> {} {} (label {})\n",
                factor.as_str(),
                before.0.name(),
                option(before.1),
                after.0.name(),
                option(after.1),
                option(*label)
            ));
        }
    }
    out
}

/// State and option of a reply: other words for the same answer are no drift.
fn answer(reply: &str) -> Option<(Value, Value)> {
    let reply: Value = serde_json::from_str(reply).ok()?;
    Some((reply.get("state")?.clone(), reply.get("option").cloned().unwrap_or_default()))
}

pub(super) fn drift(args: &DriftArgs) -> anyhow::Result<Exit> {
    let (before, after) = (tape::takes(&args.before)?, tape::takes(&args.after)?);
    let moved = tape::drift(&before, &after, |a, b| match (answer(a), answer(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    });
    if args.json {
        return output::print(&format!("{:#}\n", serde_json::to_value(&moved)?)).map_err(|(_, error)| error);
    }
    let short = |reply: &str| match answer(reply) {
        Some((state, Value::Null)) => state.to_string(),
        Some((state, option)) => format!("{state} {option}"),
        None => reply.chars().take(60).collect(),
    };
    let both = after.iter().filter(|take| before.iter().any(|b| b.about == take.about)).count();
    let mut out = format!("{} of {both} replies moved\n", moved.len());
    for drift in &moved {
        let because = if drift.because.is_empty() { "same request".to_owned() } else { format!("other {}", drift.because.join(", ")) };
        out.push_str(&format!("  {}: {} -> {} ({because})\n", drift.about, short(&drift.before), short(&drift.after)));
    }
    output::print(&out).map_err(|(_, error)| error)
}

pub(super) fn fit(args: &FitArgs) -> anyhow::Result<Exit> {
    if let Some(both) = args.fit.iter().find(|vendor| args.report.contains(vendor)) {
        bail!("{both} is fitted on and reported on: choose one");
    }
    let runs: Vec<Run> = args.runs.iter().map(|path| read(path)).collect::<anyhow::Result<_>>()?;
    for vendor in args.fit.iter().chain(&args.report) {
        if !runs.iter().flat_map(|run| &run.vendors).any(|v| v.vendor == *vendor) {
            bail!("no run holds the vendor {vendor}");
        }
    }
    let calibration = fit::fit(&runs, &args.fit, &args.version);
    let mut out = String::new();
    let mut report = |name: &str, before: fit::Held, after: fit::Held| {
        out.push_str(&format!(
            "{name:<30} {:>5} answers   ECE {} -> {}   Brier {} -> {}   AUROC {} -> {}\n",
            before.count,
            figure(before.ece),
            figure(after.ece),
            figure(before.brier),
            figure(after.brier),
            figure(before.auroc),
            figure(after.auroc)
        ));
    };
    if args.report.is_empty() {
        let (before, after) = fit::leave_one_out(&runs, &args.fit);
        report("each by a fit on the others", before, after);
    } else {
        let (before, after) = (fit::held(&runs, &args.report, None), fit::held(&runs, &args.report, Some(&calibration)));
        report(&format!("on {}", args.report.join(", ")), before, after);
    }
    if let Some(path) = &args.write {
        let text = format!(
            "# How often answers of a given strength were right, in millionths at 0 %, 10 %, … 100 %. Written by `sovcheck eval fit`.\n{}",
            toml::to_string(&calibration)?
        );
        std::fs::write(path, text).with_context(|| format!("could not write {}", path.display()))?;
        out.push_str(&format!("wrote {}\n", path.display()));
    }
    output::print(&out).map_err(|(_, error)| error)
}
