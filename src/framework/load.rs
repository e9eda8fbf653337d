//! Loading an edition, strictly.
//!
//! Unknown keys, duplicate ids, gaps in the options, weights that do not add up to 100, points that do not rise:
//! each is a [`Fault`] that names file, line and key. A file with faults gives no framework; all faults that can be
//! found in one reading are reported together.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use super::knowledge::{self, Knowledge};
use super::points::Points;
use super::{Factor, FactorOption, Framework, NotApplicable, Objective, Provenance, Rounding, SealLevel, Source, WeightSet};
use crate::domain::id::FactorId;
use crate::hex;

/// What is wrong with a data file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The key.
    pub key: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: `{}`: {}", self.file, self.line, self.key, self.problem)
    }
}

/// Why an edition could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file could not be read.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// The files have faults.
    #[error("{}", list(.0))]
    Faults(Vec<Fault>),
}

fn list(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A data file with its name, as faults cite it.
pub struct File<'a> {
    /// The name that faults cite.
    pub name: &'a str,
    /// The contents.
    pub text: &'a str,
}

impl File<'_> {
    /// A fault at byte `at` of this file.
    pub fn fault(&self, at: usize, key: impl Into<String>, problem: impl Into<String>) -> Fault {
        let line = self.text[..at.min(self.text.len())].matches('\n').count() + 1;
        Fault { file: self.name.to_owned(), line, key: key.into(), problem: problem.into() }
    }

    /// Reads the file into `T`.
    ///
    /// # Errors
    /// One fault: TOML stops at the first.
    pub fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<T, Fault> {
        toml::from_str(self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = self.text[..at].rsplit('\n').next().unwrap_or("").len();
            let line = self.text[at - line..].lines().next().unwrap_or("").trim();
            let key = line.split(['=', ' ']).next().unwrap_or("").trim_matches(['[', ']']);
            self.fault(at, key, error.message().to_owned())
        })
    }
}

/// The edition that ships with the program.
pub const EU_CSF: &str = include_str!("editions/eu-csf.toml");

macro_rules! knowledge_files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("editions/eu-csf/", $name)))),*]
    };
}

/// The knowledge files of the edition that ships with the program.
const EU_CSF_KNOWLEDGE: &[(&str, &str)] = knowledge_files![
    "words.toml",
    "guards.toml",
    "profile.toml",
    "sov-1.toml",
    "sov-2.toml",
    "sov-3.toml",
    "sov-4.toml",
    "sov-5.toml",
    "sov-6.toml",
    "sov-7.toml",
    "sov-8.toml",
];

/// The EU Cloud Sovereignty Framework as it ships with the program.
///
/// # Errors
/// Never in a released program: a test loads it and compiles its patterns.
pub fn embedded() -> Result<Framework, LoadError> {
    load("eu-csf.toml", EU_CSF, false, open_embedded)
}

/// The same with every pattern tried.
///
/// # Errors
/// Faults in the files.
pub fn embedded_checked() -> Result<Framework, LoadError> {
    load("eu-csf.toml", EU_CSF, true, open_embedded)
}

fn open_embedded(name: &str) -> Result<String, LoadError> {
    EU_CSF_KNOWLEDGE
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| (*text).to_owned())
        .ok_or_else(|| LoadError::Read { path: PathBuf::from(name), source: std::io::ErrorKind::NotFound.into() })
}

/// A user's own edition; the knowledge files it names lie beside it, in a folder of the edition's name or in its own.
///
/// # Errors
/// [`LoadError`] names the file that cannot be read, or every fault with file, line and key.
pub fn from_path(path: &Path) -> Result<Framework, LoadError> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|source| LoadError::Read { path: path.to_owned(), source });
    let text = read(path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let below = path.with_extension("");
    load(&path.display().to_string(), &text, true, |name| {
        let beside = below.join(name);
        read(&if beside.exists() { beside } else { folder.join(name) })
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditionFile {
    id: String,
    edition: String,
    title: String,
    summary: String,
    /// The union that "inside" means, where the framework fixes one.
    #[serde(default = "eea")]
    area: String,
    #[serde(default)]
    knowledge: Vec<String>,
    default_weights: Spanned<String>,
    default_rounding: Spanned<String>,
    #[serde(default)]
    provenance: BTreeMap<String, Provenance>,
    #[serde(default, rename = "source")]
    sources: Vec<Source>,
    #[serde(rename = "seal")]
    seals: Vec<Spanned<SealLevel>>,
    weights: Vec<WeightsFile>,
    rounding: Vec<Spanned<Rounding>>,
    #[serde(rename = "objective")]
    objectives: Vec<Spanned<Objective>>,
    #[serde(rename = "factor")]
    factors: Vec<FactorFile>,
}

fn eea() -> String {
    "eea".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WeightsFile {
    id: Spanned<String>,
    title: String,
    values: Spanned<BTreeMap<String, u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactorFile {
    id: Spanned<String>,
    objective: Spanned<String>,
    name: String,
    question: String,
    counts: String,
    note: Option<String>,
    not_applicable: Option<Spanned<NotApplicable>>,
    #[serde(default)]
    provenance: BTreeMap<String, Provenance>,
    #[serde(default, rename = "option")]
    options: Vec<OptionFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptionFile {
    number: Spanned<u8>,
    label: Spanned<String>,
    demands: String,
    points: Spanned<String>,
    seal: Spanned<u8>,
    seal_disputed: Option<u8>,
    repeats: Option<Spanned<u8>>,
    #[serde(default)]
    provenance: BTreeMap<String, Provenance>,
}

/// Reads an edition from `text`; `open` gives the text of a knowledge file by name.
///
/// # Errors
/// See [`from_path`].
pub fn load(name: &str, text: &str, try_patterns: bool, open: impl Fn(&str) -> Result<String, LoadError>) -> Result<Framework, LoadError> {
    let file = File { name, text };
    let raw: EditionFile = file.parse().map_err(|fault| LoadError::Faults(vec![fault]))?;
    let mut digest = Sha256::new_with_prefix(text);
    let mut faults = Vec::new();

    unique(&file, raw.objectives.iter().map(|o| (o.span().start, o.get_ref().id.as_str())), "objective", &mut faults);
    unique(&file, raw.rounding.iter().map(|r| (r.span().start, r.get_ref().id.as_str())), "rounding", &mut faults);
    unique(&file, raw.weights.iter().map(|w| (w.id.span().start, w.id.get_ref().as_str())), "weights", &mut faults);
    unique(&file, raw.factors.iter().map(|f| (f.id.span().start, f.id.get_ref().as_str())), "factor", &mut faults);
    check_named(&file, &raw.default_weights, "default_weights", raw.weights.iter().map(|w| w.id.get_ref()), &mut faults);
    check_named(&file, &raw.default_rounding, "default_rounding", raw.rounding.iter().map(|r| &r.get_ref().id), &mut faults);
    for (level, seal) in raw.seals.iter().enumerate() {
        if usize::from(seal.get_ref().level) != level {
            faults.push(file.fault(
                seal.span().start,
                "seal.level",
                format!("is {}, and levels count up from 0: {level} belongs here", seal.get_ref().level),
            ));
        }
    }
    for profile in &raw.rounding {
        if profile.get_ref().decimals > 3 {
            faults.push(file.fault(profile.span().start, "rounding.decimals", "is over 3"));
        }
    }

    check_provenance(&file, 0, "provenance", &raw.provenance, &mut faults);
    let objectives: Vec<Objective> = raw.objectives.into_iter().map(Spanned::into_inner).collect();
    let weights = raw.weights.into_iter().map(|set| weight_set(&file, set, &objectives, &mut faults)).collect();
    let levels = raw.seals.len();
    let factors: Vec<Factor> = raw.factors.into_iter().map(|factor| read_factor(&file, factor, &objectives, levels, &mut faults)).collect();
    for objective in objectives.iter().enumerate().filter(|(i, _)| factors.iter().all(|f| f.objective != *i)) {
        faults.push(file.fault(0, format!("objective {}", objective.1.id), "has no factor"));
    }

    let mut knowledge = Knowledge::default();
    let mut parts = Vec::new();
    for part in &raw.knowledge {
        let text = open(part)?;
        digest.update(&text);
        parts.push((part.clone(), text));
    }
    let parts: Vec<File<'_>> = parts.iter().map(|(name, text)| File { name, text }).collect();
    if faults.is_empty() {
        knowledge = knowledge::read(&parts, &factors, try_patterns, &mut faults);
    }
    if !faults.is_empty() {
        return Err(LoadError::Faults(faults));
    }
    Ok(Framework {
        id: raw.id,
        edition: raw.edition,
        title: raw.title,
        summary: raw.summary,
        area: raw.area,
        sources: raw.sources,
        seals: raw.seals.into_iter().map(Spanned::into_inner).collect(),
        weights,
        default_weights: raw.default_weights.into_inner(),
        rounding: raw.rounding.into_iter().map(Spanned::into_inner).collect(),
        default_rounding: raw.default_rounding.into_inner(),
        objectives,
        factors,
        provenance: raw.provenance,
        knowledge,
        sha256: hex(&digest.finalize()),
    })
}

fn unique<'a>(file: &File<'_>, ids: impl Iterator<Item = (usize, &'a str)>, what: &str, faults: &mut Vec<Fault>) {
    let mut seen = HashMap::new();
    for (at, id) in ids {
        if let Some(first) = seen.insert(id, at) {
            let line = file.fault(first, "", "").line;
            faults.push(file.fault(at, format!("{what} {id}"), format!("stands already at line {line}")));
        }
    }
}

/// Fields whose provenance an edition keeps.
const FIELDS: &[&str] = &[
    "name",
    "question",
    "counts",
    "note",
    "not_applicable",
    "label",
    "demands",
    "points",
    "seal",
    "seal_disputed",
    "weight",
    "meaning",
    "summary",
];

fn check_provenance(file: &File<'_>, at: usize, key: &str, provenance: &BTreeMap<String, Provenance>, faults: &mut Vec<Fault>) {
    for field in provenance.keys().filter(|field| !FIELDS.contains(&field.as_str())) {
        let at = file.text[at..].find(&format!("\n{field} ")).map_or(at, |found| at + found + 1);
        faults.push(file.fault(at, format!("{key}.{field}"), format!("unknown field; there is {}", FIELDS.join(", "))));
    }
}

fn check_named<'a>(file: &File<'_>, named: &Spanned<String>, key: &str, known: impl Iterator<Item = &'a String>, faults: &mut Vec<Fault>) {
    let known: Vec<&String> = known.collect();
    if !known.contains(&named.get_ref()) {
        let known = known.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ");
        faults.push(file.fault(named.span().start, key, format!("names `{}`; there is {known}", named.get_ref())));
    }
}

fn weight_set(file: &File<'_>, set: WeightsFile, objectives: &[Objective], faults: &mut Vec<Fault>) -> WeightSet {
    let key = format!("weights {}", set.id.get_ref());
    let at = set.values.span().start;
    let values = set.values.into_inner();
    for id in values.keys().filter(|id| objectives.iter().all(|o| o.id != **id)) {
        faults.push(file.fault(at, &key, format!("weighs `{id}`, which is no objective")));
    }
    for objective in objectives.iter().filter(|o| !values.contains_key(&o.id)) {
        faults.push(file.fault(at, &key, format!("leaves out `{}`", objective.id)));
    }
    let sum: u32 = values.values().sum();
    if sum != 100 {
        faults.push(file.fault(at, &key, format!("adds up to {sum}, not 100")));
    }
    let values = objectives.iter().map(|o| values.get(&o.id).copied().unwrap_or(0)).collect();
    WeightSet { id: set.id.into_inner(), title: set.title, values }
}

fn read_factor(file: &File<'_>, raw: FactorFile, objectives: &[Objective], levels: usize, faults: &mut Vec<Fault>) -> Factor {
    let id = raw.id.get_ref().clone();
    let key = |field: &str| format!("{id}.{field}");
    let objective = objectives.iter().position(|o| o.id == *raw.objective.get_ref());
    if objective.is_none() {
        faults.push(file.fault(
            raw.objective.span().start,
            key("objective"),
            format!("names `{}`, which is no objective", raw.objective.get_ref()),
        ));
    }
    if raw.options.len() < 2 {
        faults.push(file.fault(
            raw.id.span().start,
            key("option"),
            format!("there are {} options; a factor needs at least two", raw.options.len()),
        ));
    }
    check_provenance(file, raw.id.span().start, &key("provenance"), &raw.provenance, faults);
    let count = raw.options.len();
    let mut labels = HashSet::new();
    let mut options: Vec<FactorOption> = Vec::new();
    for (place, option) in raw.options.into_iter().enumerate() {
        let number = *option.number.get_ref();
        if usize::from(number) != place + 1 {
            faults.push(file.fault(
                option.number.span().start,
                key("option.number"),
                format!("is {number} where option {} is missing", place + 1),
            ));
        }
        if !labels.insert(option.label.get_ref().to_lowercase()) {
            faults.push(file.fault(option.label.span().start, key("option.label"), format!("`{}` stands twice", option.label.get_ref())));
        }
        let points = option.points.get_ref().parse::<Points>().unwrap_or_else(|bad| {
            faults.push(file.fault(option.points.span().start, key("option.points"), bad.to_string()));
            Points(0)
        });
        if let Some(before) = options.last().filter(|before| points <= before.points) {
            faults.push(file.fault(
                option.points.span().start,
                key("option.points"),
                format!("do not rise: {points} after {}", before.points),
            ));
        }
        if usize::from(*option.seal.get_ref()) >= levels {
            faults.push(file.fault(
                option.seal.span().start,
                key("option.seal"),
                format!("{} is no level of this framework", option.seal.get_ref()),
            ));
        }
        if let Some(repeats) = option.repeats.as_ref().filter(|r| *r.get_ref() == number || usize::from(*r.get_ref()) > count) {
            faults.push(file.fault(repeats.span().start, key("option.repeats"), "names no other option of this factor"));
        }
        check_provenance(file, option.number.span().start, &key("option.provenance"), &option.provenance, faults);
        options.push(FactorOption {
            number,
            label: option.label.into_inner(),
            demands: option.demands,
            points,
            seal: option.seal.into_inner(),
            seal_disputed: option.seal_disputed,
            repeats: option.repeats.map(Spanned::into_inner),
            provenance: option.provenance,
        });
    }
    if let Some(rule) = raw.not_applicable.as_ref().filter(|rule| usize::from(rule.get_ref().option) > count || rule.get_ref().option == 0)
    {
        faults.push(file.fault(rule.span().start, key("not_applicable"), "names no option of this factor"));
    }
    Factor {
        id: FactorId(id),
        objective: objective.unwrap_or(0),
        name: raw.name,
        question: raw.question,
        counts: raw.counts,
        note: raw.note,
        not_applicable: raw.not_applicable.map(Spanned::into_inner),
        options,
        provenance: raw.provenance,
    }
}

#[cfg(test)]
mod tests;
