//! An edition of a framework that decides by gates, read strictly from one TOML file.
//!
//! A control rests on items; an item on conditions over facts, answers of the factor framework and other controls: the
//! crosswalk. What the owner of a framework has published and what is this project's reading stand apart, field by field.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use toml::Spanned;

use crate::domain::id::FactorId;
use crate::domain::page::Tier;
use crate::domain::profile::Kind;
use crate::framework::load::{Fault, File, LoadError};
use crate::framework::{Framework, Provenance, Source};
use crate::hex;
use crate::profile::patterns::{KindFile, PatternFile, Patterns};

/// A checked edition. Made by [`load`] only.
#[derive(Clone, Debug)]
pub struct Edition {
    /// Short name, such as `cispe-sr`.
    pub id: String,
    /// Which edition of it.
    pub edition: String,
    /// Its name for readers.
    pub title: String,
    /// What it is and what its verdicts do not mean.
    pub summary: String,
    /// Judged once for each area of sovereignty; otherwise once.
    pub by_area: bool,
    /// Documents it was taken from.
    pub sources: Vec<Source>,
    /// What the gates decide.
    pub verdicts: Vec<Verdict>,
    /// Controls in order.
    pub controls: Vec<Control>,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// Something that gates decide: a verdict, a label's level, a chevron.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Such as `sovereign`.
    pub id: String,
    /// What is said when every gate holds, such as `likely sovereign`.
    pub shown: String,
    /// What is said when nothing fails and something is missing, such as `sovereignty not shown`.
    pub open: String,
    /// What is said when a gate fails, such as `not sovereign`.
    pub failed: String,
    /// Optional on top of the other verdicts, as a chevron is.
    #[serde(default)]
    pub optional: bool,
    /// Verdicts whose gates are gates of this one as well.
    #[serde(default)]
    pub includes: Vec<String>,
}

/// How a control bears on verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Decides.
    Gate,
    /// Is reported and decides nothing.
    Advice,
    /// A rule of the procedure: nothing that a page could show.
    Process,
}

/// Who can show that a control holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// Public words can.
    #[default]
    Public,
    /// Only the provider's declaration can; public words may support it.
    Declaration,
    /// Only an auditor or a certificate can; public words may support it.
    Audit,
}

/// One control.
#[derive(Clone, Debug)]
pub struct Control {
    /// Such as `S-1`. Ids are this project's own unless the edition says otherwise.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it demands, in one or two sentences.
    pub requirement: String,
    /// Ids of the verdicts it belongs to.
    pub verdicts: Vec<String>,
    /// How it bears on them.
    pub role: Role,
    /// The least status at which the gate holds.
    pub minimum: Status,
    /// Who can show that it holds.
    pub proof: Proof,
    /// What an audit, or a declaration, still has to prove.
    pub audit: Option<String>,
    /// Where the requirement comes from.
    pub provenance: Provenance,
    /// How this check decides it, in words.
    pub test: String,
    /// Where that test comes from.
    pub test_provenance: Provenance,
    /// Other documents that the test follows.
    pub derived_from: Vec<String>,
    /// The page it was taken from.
    pub source: Option<String>,
    /// What public words can show.
    pub items: Vec<Item>,
    /// Items that must be shown for `met`.
    pub met: usize,
    /// Items that must be at least partly shown for `partly`.
    pub partly: usize,
}

/// What is known of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Public words show the contrary.
    NotMet,
    /// Public words say nothing of it.
    NoEvidence,
    /// Public words show some of it.
    Partly,
    /// Public words show it.
    Met,
}

impl Status {
    /// For readers.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotMet => "not met",
            Self::NoEvidence => "no public evidence",
            Self::Partly => "partly",
            Self::Met => "met",
        }
    }
}

/// One thing that a control asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The statement that public words would make, such as `The parent company sits in the area`.
    pub says: String,
    /// Any of these shows it.
    #[serde(default)]
    pub shown: Vec<Condition>,
    /// Any of these shows some of it.
    #[serde(default)]
    pub partly: Vec<Condition>,
    /// Any of these shows the contrary: the control is not met.
    #[serde(default)]
    pub denied: Vec<Condition>,
    /// Any of these is something that an audit has to look at.
    #[serde(default)]
    pub warned: Vec<Condition>,
    /// The control is not met without this item, however many others are.
    #[serde(default)]
    pub needed: bool,
}

/// Where a fact's place lies, seen from the area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In it.
    Inside,
    /// Not in it.
    Outside,
    /// Not in it, in a state whose law reaches companies abroad (`reach` of the areas' data).
    Reaching,
    /// In it, or in a country whose protection of personal data counts as equal to the EU's.
    Adequate,
}

/// A figure's bound from a year on.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// The first year.
    pub from: u16,
    /// The figure is at most this.
    pub at_most: Option<f64>,
    /// The figure is at least this.
    pub at_least: Option<f64>,
}

/// Something that holds or does not, of the facts and answers of a check.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// A fact of this kind stands on a page.
    pub fact: Option<Kind>,
    /// It lies there.
    pub place: Option<Place>,
    /// Its value is one of these, without regard to case.
    #[serde(default)]
    pub value: Vec<String>,
    /// Its value is none of these.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Every fact of the kind that names a place lies there, and one does.
    #[serde(default)]
    pub every: bool,
    /// The figures of all such facts added up, instead of each alone.
    #[serde(default)]
    pub sum: bool,
    /// Its figure is over this.
    pub over: Option<f64>,
    /// Its figure is at most this.
    pub at_most: Option<f64>,
    /// Its figure is at least this.
    pub at_least: Option<f64>,
    /// Its figure has this unit.
    pub unit: Option<String>,
    /// Bounds that change with the years; the latest that has begun counts.
    #[serde(default)]
    pub bounds: Vec<Bound>,
    /// The page is of one of these tiers.
    #[serde(default)]
    pub tiers: Vec<Tier>,
    /// A factor of the factor framework is answered.
    pub factor: Option<FactorId>,
    /// With at least this option.
    pub option_at_least: Option<u8>,
    /// With at most this option.
    pub option_at_most: Option<u8>,
    /// The answer means the same in these areas alone (ids); everywhere where empty.
    #[serde(default)]
    pub areas: Vec<String>,
    /// Another control, which stands before this one.
    pub control: Option<String>,
    /// Has at least this status.
    pub is: Option<Status>,
    /// These hold as well.
    #[serde(default)]
    pub and: Vec<Condition>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditionFile {
    id: String,
    edition: String,
    title: String,
    summary: String,
    #[serde(default)]
    by_area: bool,
    #[serde(default, rename = "source")]
    sources: Vec<Source>,
    #[serde(rename = "verdict")]
    verdicts: Vec<Spanned<Verdict>>,
    /// Facts that alone never open a gate of a control marked `sovereignty`, unless their value is one of the exceptions.
    #[serde(default)]
    never_alone: Option<NeverAlone>,
    #[serde(rename = "control")]
    controls: Vec<ControlFile>,
    #[serde(default, rename = "kind")]
    kinds: Vec<KindFile>,
    #[serde(default, rename = "pattern")]
    patterns: Vec<PatternFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NeverAlone {
    fact: Kind,
    except: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ControlFile {
    id: Spanned<String>,
    title: String,
    requirement: String,
    verdicts: Spanned<Vec<String>>,
    role: Role,
    minimum: Option<Status>,
    #[serde(default)]
    proof: Proof,
    #[serde(default)]
    sovereignty: bool,
    audit: Option<String>,
    provenance: Provenance,
    test: String,
    test_provenance: Provenance,
    #[serde(default)]
    derived_from: Vec<String>,
    source: Option<String>,
    #[serde(default, rename = "item")]
    items: Vec<Item>,
    met: Option<usize>,
    partly: Option<usize>,
}

/// The editions that ship with the program, by id.
const EMBEDDED: &[(&str, &str)] = &[
    ("cispe-sr", include_str!("editions/cispe-sr.toml")),
    ("cispe-code", include_str!("editions/cispe-code.toml")),
    ("gaia-x", include_str!("editions/gaia-x.toml")),
    ("data-act", include_str!("editions/data-act.toml")),
    ("fair-licensing", include_str!("editions/fair-licensing.toml")),
];

/// Ids of the editions that ship with the program.
pub fn embedded_ids() -> impl Iterator<Item = &'static str> {
    EMBEDDED.iter().map(|(id, _)| *id)
}

/// The edition with this id that ships with the program.
///
/// # Errors
/// Never in a released program: a test loads all.
pub fn embedded(id: &str, base: &Framework, patterns: &mut Patterns) -> Option<Result<Edition, LoadError>> {
    let (_, text) = EMBEDDED.iter().find(|(known, _)| *known == id)?;
    Some(load(&File { name: &format!("{id}.toml"), text }, base, patterns, false).map_err(LoadError::Faults))
}

/// A user's own edition.
///
/// # Errors
/// [`LoadError`] names the file that cannot be read, or every fault with file, line and key.
pub fn from_path(path: &Path, base: &Framework, patterns: &mut Patterns) -> Result<Edition, LoadError> {
    let text = std::fs::read_to_string(path).map_err(|source| LoadError::Read { path: PathBuf::from(path), source })?;
    load(&File { name: &path.display().to_string(), text: &text }, base, patterns, true).map_err(LoadError::Faults)
}

/// Whether the text of an edition decides by gates: it has controls.
pub fn is_edition(text: &str) -> bool {
    text.lines().any(|line| line.trim() == "[[control]]")
}

/// Reads an edition; facts of its own are added to `patterns`. `base` is the framework whose factors it may rest on.
///
/// # Errors
/// Every fault with file, line and key.
pub fn load(file: &File<'_>, base: &Framework, patterns: &mut Patterns, try_patterns: bool) -> Result<Edition, Vec<Fault>> {
    let raw: EditionFile = file.parse().map_err(|fault| vec![fault])?;
    let mut faults = Vec::new();
    if !raw.patterns.is_empty() {
        faults.extend(patterns.add(file, format!("{}-{}", raw.id, raw.edition), raw.kinds, raw.patterns, try_patterns));
    }
    let mut verdicts: Vec<Verdict> = Vec::new();
    for verdict in raw.verdicts {
        let at = verdict.span().start;
        let verdict = verdict.into_inner();
        let key = format!("verdict {}", verdict.id);
        if verdicts.iter().any(|v| v.id == verdict.id) {
            faults.push(file.fault(at, &key, "stands twice"));
        }
        for other in verdict.includes.iter().filter(|other| verdicts.iter().all(|v| v.id != **other)) {
            faults.push(file.fault(at, &key, format!("includes `{other}`, which no verdict before it is called")));
        }
        verdicts.push(verdict);
    }
    let mut controls: Vec<Control> = Vec::new();
    let mut seen = HashSet::new();
    for control in raw.controls {
        let at = control.id.span().start;
        let id = control.id.get_ref().clone();
        let mut wrong = |key: &str, problem: String| faults.push(file.fault(at, format!("{id}.{key}"), problem));
        for verdict in control.verdicts.get_ref().iter().filter(|v| verdicts.iter().all(|known| known.id != **v)) {
            wrong("verdicts", format!("names `{verdict}`, which is no verdict"));
        }
        if control.role == Role::Gate && control.items.is_empty() && control.proof == Proof::Public {
            wrong("item", "is missing: a gate that public words decide needs one".to_owned());
        }
        let (met, partly) = (control.met.unwrap_or(control.items.len()), control.partly.unwrap_or(1));
        if met > control.items.len() || partly > met.max(1) || (met == 0 && !control.items.is_empty()) {
            wrong("met", format!("asks for {met} and {partly} of {} items", control.items.len()));
        }
        let known = Known { base, patterns, before: &seen };
        for item in &control.items {
            for condition in item.shown.iter().chain(&item.partly).chain(&item.denied).chain(&item.warned) {
                known.check(condition, &mut |problem| wrong("item", format!("“{}” {problem}", item.says)));
            }
            let alone = |c: &&Condition| raw.never_alone.as_ref().is_some_and(|never| never.forbids(c));
            if control.sovereignty && item.shown.iter().any(|c| alone(&c)) {
                wrong("item", format!("“{}” opens a gate of sovereignty by a certificate alone", item.says));
            }
        }
        if !seen.insert(id.clone()) {
            faults.push(file.fault(at, format!("control {id}"), "stands twice"));
        }
        controls.push(Control {
            id: control.id.into_inner(),
            title: control.title,
            requirement: control.requirement,
            verdicts: control.verdicts.into_inner(),
            role: control.role,
            minimum: control.minimum.unwrap_or(Status::Met),
            proof: control.proof,
            audit: control.audit,
            provenance: control.provenance,
            test: control.test,
            test_provenance: control.test_provenance,
            derived_from: control.derived_from,
            source: control.source,
            items: control.items,
            met,
            partly,
        });
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Edition {
        id: raw.id,
        edition: raw.edition,
        title: raw.title,
        summary: raw.summary,
        by_area: raw.by_area,
        sources: raw.sources,
        verdicts,
        controls,
        sha256: hex(&Sha256::digest(file.text)),
    })
}

impl NeverAlone {
    fn forbids(&self, condition: &Condition) -> bool {
        let is_excepted = !condition.value.is_empty() && condition.value.iter().all(|v| self.except.contains(v));
        let alone = condition.and.iter().all(|more| more.fact.as_ref() == Some(&self.fact));
        condition.fact.as_ref() == Some(&self.fact) && alone && !is_excepted
    }
}

/// What conditions may name.
struct Known<'a> {
    base: &'a Framework,
    patterns: &'a Patterns,
    before: &'a HashSet<String>,
}

impl Known<'_> {
    fn check(&self, condition: &Condition, wrong: &mut dyn FnMut(String)) {
        let named = [condition.fact.is_some(), condition.factor.is_some(), condition.control.is_some()];
        if named.iter().filter(|named| **named).count() != 1 {
            wrong("needs one of `fact`, `factor`, `control`".to_owned());
        }
        if let Some(kind) = condition.fact.as_ref().filter(|kind| self.patterns.kinds.iter().all(|(known, _)| known != *kind)) {
            wrong(format!("rests on facts of kind `{}`, which no [[kind]] declares", kind.as_str()));
        }
        if let Some(id) = &condition.factor {
            match self.base.factor(id) {
                None => wrong(format!("rests on factor `{id}`, which {} does not have", self.base.id)),
                Some(factor) => {
                    let options = [condition.option_at_least, condition.option_at_most];
                    if options == [None, None] {
                        wrong(format!("rests on factor `{id}` without an option"));
                    }
                    for option in options.into_iter().flatten().filter(|option| factor.option(*option).is_none()) {
                        wrong(format!("asks for option {option}, which {id} does not have"));
                    }
                }
            }
        }
        if !condition.areas.is_empty() && condition.factor.is_none() {
            wrong("gives `areas`, which bind answers of factors alone".to_owned());
        }
        if let Some(control) = condition.control.as_ref().filter(|control| !self.before.contains(*control)) {
            wrong(format!("rests on control `{control}`, which does not stand before it"));
        }
        condition.and.iter().for_each(|more| self.check(more, wrong));
    }
}
