//! Which frameworks are used, and `sovcheck framework`: validating editions of one's own.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};

use super::{Ended, Exit, output};
use crate::area::{AREAS, Area};
use crate::domain::profile::Kind;
use crate::framework::load::{self, File, LoadError};
use crate::framework::{Framework, Provenance};
use crate::gates::edition::Role;
use crate::gates::{Edition, edition};
use crate::profile::patterns::Patterns;

/// The factor framework that ships with the program, by name.
const FACTORS: &str = "eu-csf";
/// What is asked unless told otherwise, beside the factors.
const USUAL: &str = "cispe-sr";
/// All that ship with the program.
const ALL: &str = "all";

/// Which frameworks are asked, and for which areas.
#[derive(Debug, Args)]
pub(super) struct FrameworkArgs {
    /// A framework, by id or as a file of your own (see `sovcheck framework list`); may be given several times [default: eu-csf and cispe-sr]. `all` means all that ship with the program.
    #[arg(long, value_name = "ID|FILE", env = "SOVCHECK_FRAMEWORK", value_delimiter = ',')]
    framework: Vec<String>,
    /// An area of sovereignty for frameworks that know one: eu, eea, a country (FR, Japan) or a list (dach=DE+AT+CH); may be given several times [default: eea].
    #[arg(long, value_name = "AREA", env = "SOVCHECK_AREA", value_delimiter = ',')]
    area: Vec<String>,
    /// A file with patterns for facts of your own; may be given several times.
    #[arg(long, value_name = "FILE")]
    facts: Vec<PathBuf>,
}

/// The frameworks of one check.
pub(super) struct Frameworks {
    /// The one whose factors are answered and scored.
    pub(super) factors: Framework,
    /// Those that decide by gates.
    pub(super) gates: Vec<Edition>,
    /// Areas of sovereignty, at least one.
    pub(super) areas: Vec<Area>,
    /// Patterns for facts.
    pub(super) patterns: Patterns,
}

impl FrameworkArgs {
    /// Loads what was asked for.
    pub(super) fn load(&self) -> Result<Frameworks, (Exit, anyhow::Error)> {
        let bad = |error: anyhow::Error| (Exit::BadInput, error);
        let areas: Result<Vec<Area>, _> = self.area.iter().map(|typed| AREAS.area(typed)).collect();
        let mut areas = areas.map_err(|error| bad(anyhow::Error::new(error).context("--area")))?;
        if areas.is_empty() {
            areas.extend(AREAS.area("eea"));
        }
        let mut patterns = with_facts(&self.facts).map_err(bad)?;
        let usual = [FACTORS.to_owned(), USUAL.to_owned()];
        let mut named: Vec<String> = if self.framework.is_empty() { usual.to_vec() } else { self.framework.clone() };
        if named.iter().any(|name| name == ALL) {
            named.retain(|name| name != ALL);
            named.extend(std::iter::once(FACTORS.to_owned()).chain(edition::embedded_ids().map(str::to_owned)));
        }
        let mut seen = std::collections::HashSet::new();
        named.retain(|name| seen.insert(name.clone()));
        let files: Vec<&String> = named.iter().filter(|name| *name != FACTORS && !edition::embedded_ids().any(|id| id == **name)).collect();
        let mut own = None;
        for file in files {
            if !decides_by_gates(Path::new(file)).map_err(bad)? && own.replace(file).is_some() {
                return Err(bad(anyhow::anyhow!("--framework {file}: one framework of factors can be scored at a time")));
            }
        }
        let factors = chosen(own.map(Path::new))?;
        let mut gates = Vec::new();
        for name in named.iter().filter(|name| *name != FACTORS && own != Some(name)) {
            let loaded = edition::embedded(name, &factors, &mut patterns)
                .unwrap_or_else(|| edition::from_path(Path::new(name), &factors, &mut patterns));
            gates.push(loaded.map_err(|error| bad(error.into()))?);
        }
        Ok(Frameworks { factors, gates, areas, patterns })
    }
}

/// The embedded patterns and those of files of one's own.
pub(super) fn with_facts(files: &[PathBuf]) -> anyhow::Result<Patterns> {
    let mut patterns = Patterns::embedded().clone();
    for path in files {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(|| format!("could not read {name}"))?;
        patterns = patterns.with_file(&File { name: &name, text: &text }).map_err(LoadError::Faults)?;
    }
    Ok(patterns)
}

fn decides_by_gates(path: &Path) -> anyhow::Result<bool> {
    let known: Vec<&str> = std::iter::once(FACTORS).chain(edition::embedded_ids()).collect();
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("--framework {}: neither a file that can be read nor one of {}", path.display(), known.join(", ")))?;
    Ok(edition::is_edition(&text))
}

#[derive(Debug, Subcommand)]
pub(super) enum FrameworkCommand {
    /// List the frameworks that ship with the program.
    List,
    /// Print the controls of a framework that decides by gates: what each demands, how it is decided, and what of that is this project's reading.
    Show {
        /// Its id, or a file of your own.
        framework: String,
        /// Only what is not the framework's published text.
        #[arg(long)]
        inferred: bool,
    },
    /// Read an edition with its knowledge files and report every fault with file, line and key.
    Check {
        /// The edition's TOML file; without one, the editions that ship with the program are checked.
        file: Option<PathBuf>,
        /// A file with patterns for facts that the edition rests on; may be given several times.
        #[arg(long, value_name = "FILE", num_args = 1..)]
        facts: Vec<PathBuf>,
    },
}

pub(super) fn run(command: &FrameworkCommand) -> Ended {
    match command {
        FrameworkCommand::List => list(),
        FrameworkCommand::Show { framework, inferred } => show(framework, *inferred),
        FrameworkCommand::Check { file, facts } => check(file.as_deref(), facts),
    }
}

fn list() -> Ended {
    let bad = |error: LoadError| (Exit::Fault, anyhow::Error::new(error));
    let factors = load::embedded().map_err(bad)?;
    let mut patterns = Patterns::embedded().clone();
    let mut out = format!("{FACTORS:<16} {} ({}), {} factors\n", factors.title, factors.edition, factors.factors.len());
    for id in edition::embedded_ids() {
        let Some(loaded) = edition::embedded(id, &factors, &mut patterns) else { continue };
        let edition = loaded.map_err(bad)?;
        let areas = if edition.by_area { ", by area" } else { "" };
        out += &format!("{id:<16} {} ({}), {} controls{areas}\n", edition.title, edition.edition, edition.controls.len());
    }
    output::print(&out)
}

fn show(name: &str, inferred: bool) -> Ended {
    let bad = |error: anyhow::Error| (Exit::BadInput, error);
    let factors = chosen(None)?;
    let mut patterns = Patterns::embedded().clone();
    let edition = match edition::embedded(name, &factors, &mut patterns) {
        Some(loaded) => loaded,
        None if decides_by_gates(Path::new(name)).map_err(bad)? => edition::from_path(Path::new(name), &factors, &mut patterns),
        None => return Err(bad(anyhow::anyhow!("{name} does not decide by gates"))),
    };
    let edition = edition.map_err(|error| bad(error.into()))?;
    let mut out = format!("{} ({})\n{}\n", edition.title, edition.edition, edition.summary);
    let is_inferred = |provenance| provenance != Provenance::Official;
    for control in edition.controls.iter().filter(|c| !inferred || is_inferred(c.provenance) || is_inferred(c.test_provenance)) {
        let minimum = if control.role == Role::Gate { format!(", at least {}", control.minimum.name()) } else { String::new() };
        let role = match control.role {
            Role::Gate => "gate",
            Role::Advice => "advice",
            Role::Process => "procedure",
        };
        out += &format!("\n{} {}\n  {role} of {}{minimum}\n", control.id, control.title, control.verdicts.join(", "));
        out += &format!("  demands ({}): {}\n", control.provenance.name(), control.requirement);
        out += &format!("  decided by ({}): {}\n", control.test_provenance.name(), control.test);
        if let Some(audit) = &control.audit {
            out += &format!("  left to an audit: {audit}\n");
        }
    }
    output::print(&out)
}

fn check(file: Option<&Path>, facts: &[PathBuf]) -> Ended {
    let bad = |error: anyhow::Error| (Exit::BadInput, error);
    let mut patterns = with_facts(facts).map_err(bad)?;
    let mut out = String::new();
    match file {
        Some(file) if decides_by_gates(file).map_err(bad)? => {
            let base = load::embedded().map_err(|error| bad(error.into()))?;
            out += &gates(&edition::from_path(file, &base, &mut patterns).map_err(|error| bad(error.into()))?);
        }
        Some(file) => out += &factors(&load::from_path(file).map_err(|error| bad(error.into()))?, &patterns).map_err(bad)?,
        None => {
            let base = load::embedded_checked().map_err(|error| bad(error.into()))?;
            out += &factors(&base, &patterns).map_err(bad)?;
            for loaded in edition::embedded_ids().filter_map(|id| edition::embedded(id, &base, &mut patterns)) {
                out += &gates(&loaded.map_err(|error| bad(error.into()))?);
            }
        }
    }
    let wrong = patterns.wrong();
    if !wrong.is_empty() {
        return Err(bad(anyhow::anyhow!("{}", wrong.join("\n"))));
    }
    output::print(&out)
}

fn factors(framework: &Framework, patterns: &Patterns) -> anyhow::Result<String> {
    let knowledge = &framework.knowledge;
    let kinds = knowledge.sees.values().flatten().chain(knowledge.caps.iter().map(|cap| &cap.kind));
    let unknown: Vec<&str> = kinds.filter(|kind| patterns.kinds.iter().all(|(known, _)| known != *kind)).map(Kind::as_str).collect();
    if !unknown.is_empty() {
        anyhow::bail!("{} sees facts of kinds that no file declares: {}", framework.id, unknown.join(", "));
    }
    let options: usize = framework.factors.iter().map(|f| f.options.len()).sum();
    let with_rules = framework.factors.iter().filter(|f| knowledge.rules.iter().any(|r| r.factor == f.id && r.claim.is_some())).count();
    Ok(format!(
        "{} {}: {} objectives, {} factors, {options} options, {} weight sets, {} rules for {with_rules} factors. No faults.\nsha256 {}\n",
        framework.id,
        framework.edition,
        framework.objectives.len(),
        framework.factors.len(),
        framework.weights.len(),
        knowledge.rules.len(),
        framework.sha256,
    ))
}

fn gates(edition: &Edition) -> String {
    let with_items = edition.controls.iter().filter(|c| !c.items.is_empty()).count();
    let inferred = edition.controls.iter().filter(|c| [c.provenance, c.test_provenance].contains(&Provenance::Inferred)).count();
    format!(
        "{} {}: {} verdicts, {} controls, {with_items} of which public words bear on, {inferred} inferred in whole or part. No faults.\nsha256 {}\n",
        edition.id,
        edition.edition,
        edition.verdicts.len(),
        edition.controls.len(),
        edition.sha256,
    )
}

/// The user's edition of factors, or the one that ships with the program.
pub(super) fn chosen(file: Option<&Path>) -> Result<Framework, (Exit, anyhow::Error)> {
    match file {
        Some(file) => load::from_path(file),
        None => load::embedded(),
    }
    .map_err(|error| (Exit::BadInput, error.into()))
}
