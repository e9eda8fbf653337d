//! `sovcheck score`: scoring answers that somebody else gave.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use serde_json::Value;

use super::{Ended, Exit, framework, output};
use crate::domain::id::FactorId;
use crate::report::terminal::{Look, draw_score};
use crate::score::{Profile, Response, Responses, score};

#[derive(Debug, Args)]
pub(super) struct ScoreArgs {
    /// Answers: JSON (`{"factors": [{"factor": "SOV-1.1", "option": 4}]}`, a list of such entries, or
    /// `{"SOV-1.1": 4}`), or CSV with the header `factor,option`. `-` reads standard input.
    file: PathBuf,
    /// A framework edition of your own (see `sovcheck framework check`).
    #[arg(long, value_name = "FILE")]
    framework: Option<PathBuf>,
    #[command(flatten)]
    profile: ProfileArgs,
    /// How the scorecard is printed.
    #[arg(long, value_enum, default_value_t = Form::Card)]
    format: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For reading in a terminal.
    Card,
    /// For programs.
    Json,
}

/// How factors are scored.
#[derive(Debug, Args)]
pub(super) struct ProfileArgs {
    /// Weight set, such as calculator-2026-06 or framework-1.2.1.
    #[arg(long, value_name = "ID")]
    weights: Option<String>,
    /// Rounding profile: card, exact or calculator.
    #[arg(long, value_name = "ID")]
    rounding: Option<String>,
    /// A minimum SEAL that a tender asks of an objective, such as SOV-2=3. May be given several times.
    #[arg(long, value_name = "OBJECTIVE=SEAL", value_parser = gate)]
    gate: Vec<(String, u8)>,
}

impl ProfileArgs {
    pub(super) fn profile(&self) -> Profile {
        Profile { weights: self.weights.clone(), rounding: self.rounding.clone(), gates: self.gate.iter().cloned().collect() }
    }

    /// Faults of the profile that can be told before anything is read.
    pub(super) fn check(&self, framework: &crate::framework::Framework) -> anyhow::Result<()> {
        for (objective, minimum) in &self.gate {
            if framework.objectives.iter().all(|o| o.id != *objective) {
                bail!("--gate {objective}={minimum}: the framework has no objective `{objective}`");
            }
            if usize::from(*minimum) >= framework.seals.len() {
                bail!("--gate {objective}={minimum}: the framework has no SEAL {minimum}");
            }
        }
        score(framework, &Responses::new(), &self.profile())?;
        Ok(())
    }
}

fn gate(text: &str) -> Result<(String, u8), String> {
    let (objective, seal) = text.split_once('=').ok_or("expected OBJECTIVE=SEAL, such as SOV-2=3")?;
    let seal = seal.parse().map_err(|_| format!("`{seal}` is no SEAL"))?;
    Ok((objective.to_owned(), seal))
}

pub(super) fn run(args: &ScoreArgs) -> Ended {
    let bad = |error: anyhow::Error| (Exit::BadInput, error);
    let framework = framework::chosen(args.framework.as_deref())?;
    args.profile.check(&framework).map_err(bad)?;
    let responses = read(args).map_err(bad)?;
    let card = score(&framework, &responses, &args.profile.profile()).with_context(|| args.file.display().to_string()).map_err(bad)?;
    match args.format {
        Form::Json => {
            let json = serde_json::to_string_pretty(&card).map_err(|error| (Exit::Fault, error.into()))?;
            output::print(&format!("{json}\n"))
        }
        Form::Card => output::print(&draw_score(&framework, &card, look())),
    }
}

/// The terminal's width and whether it shows colours.
pub(super) fn look() -> Look {
    let terminal = console::Term::stdout();
    Look {
        width: terminal.size_checked().map_or(96, |(_, columns)| usize::from(columns)),
        colour: std::io::stdout().is_terminal() && console::colors_enabled(),
    }
}

fn read(args: &ScoreArgs) -> anyhow::Result<Responses> {
    let name = args.file.display().to_string();
    let mut text = String::new();
    if name == "-" {
        std::io::stdin().read_to_string(&mut text).context("could not read standard input")?;
    } else {
        text = std::fs::read_to_string(&args.file).with_context(|| format!("could not read {name}"))?;
    }
    let text = text.trim_start_matches('\u{feff}');
    let responses = if text.trim_start().starts_with(['{', '[']) { json(text, &name)? } else { table(text, &name)? };
    if responses.is_empty() {
        bail!("{name}: holds no answer");
    }
    Ok(responses)
}

fn json(text: &str, name: &str) -> anyhow::Result<Responses> {
    let value: Value = serde_json::from_str(text).with_context(|| format!("{name}: not JSON"))?;
    let list = match &value {
        Value::Array(list) => list,
        Value::Object(map) => match map.get("factors") {
            Some(Value::Array(list)) => list,
            Some(_) => bail!("{name}: `factors` is not a list"),
            None => {
                let mut responses = BTreeMap::new();
                for (factor, option) in map {
                    if let Some(option) = option_of(option, || format!("{name}: `{factor}`"))? {
                        responses.insert(FactorId(factor.clone()), Response::certain(option));
                    }
                }
                return Ok(responses);
            }
        },
        _ => bail!("{name}: neither a list nor an object"),
    };
    let mut responses = BTreeMap::new();
    for (i, entry) in list.iter().enumerate() {
        let place = || format!("{name}: entry {}", i + 1);
        let factor = entry.get("factor").and_then(Value::as_str).ok_or_else(|| anyhow!("{}: `factor` is missing", place()))?;
        let option = option_of(entry.get("option").unwrap_or(&Value::Null), || format!("{}: `option` of {factor}", place()))?;
        if let Some(option) = option {
            insert(&mut responses, factor, option, &place())?;
        }
    }
    Ok(responses)
}

/// A whole number from 1; null stands for "not answered".
fn option_of(value: &Value, place: impl Fn() -> String) -> anyhow::Result<Option<u8>> {
    match value {
        Value::Null => Ok(None),
        value => match value.as_u64().and_then(|n| u8::try_from(n).ok()) {
            Some(option) => Ok(Some(option)),
            None => bail!("{} is {value}, not a whole number", place()),
        },
    }
}

fn table(text: &str, name: &str) -> anyhow::Result<Responses> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).comment(Some(b'#')).from_reader(text.as_bytes());
    let headers = reader.headers().with_context(|| format!("{name}: not CSV"))?.clone();
    let column = |wanted: &str| {
        headers
            .iter()
            .position(|h| h.eq_ignore_ascii_case(wanted))
            .ok_or_else(|| anyhow!("{name}:1: there is no column `{wanted}`; the header is `factor,option`"))
    };
    let (factor_column, option_column) = (column("factor")?, column("option")?);
    let mut responses = BTreeMap::new();
    for record in reader.records() {
        let record = record.with_context(|| format!("{name}: not CSV"))?;
        let line = record.position().map_or(0, csv::Position::line);
        let factor = record.get(factor_column).unwrap_or("");
        let option = record.get(option_column).unwrap_or("");
        if option.is_empty() {
            continue;
        }
        let option = option.parse().map_err(|_| anyhow!("{name}:{line}: `option` of {factor} is `{option}`, not a whole number"))?;
        insert(&mut responses, factor, option, &format!("{name}:{line}"))?;
    }
    Ok(responses)
}

fn insert(responses: &mut Responses, factor: &str, option: u8, place: &str) -> anyhow::Result<()> {
    if responses.insert(FactorId(factor.to_owned()), Response::certain(option)).is_some() {
        bail!("{place}: {factor} stands twice");
    }
    Ok(())
}
