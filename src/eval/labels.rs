//! Labelled vendors: where their pages and labels are, and how they are read.
//!
//! A folder holds `sites/<vendor>/` with the pages, and `labels/<vendor>/` with `gold.json` (one label for each factor),
//! at will `gold-b.json` (a second reader's) and `facts.json` (quotes with the factors they bear on). The forms are
//! described in `fixtures/labels/README.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::answer::State;
use crate::domain::id::FactorId;
use crate::framework::Framework;

/// What a careful reader found for one factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The factor.
    pub factor: FactorId,
    /// Whether the pages show an option.
    #[serde(deserialize_with = "state")]
    pub state: State,
    /// The best option.
    pub option: Option<u8>,
    /// Every option that can be defended on the same words.
    #[serde(default)]
    pub acceptable: Vec<u8>,
    /// How sure the reader was.
    #[serde(default)]
    pub certainty: String,
    /// The words that decide.
    #[serde(default, skip_serializing)]
    pub quotes: Vec<LabelQuote>,
}

/// Words that a reader marked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LabelQuote {
    /// The page, as its path below the site's folder.
    pub page: String,
    /// The words.
    pub text: String,
}

/// A fact with the page on which it stands and the factors that it bears on.
#[derive(Clone, Debug, Deserialize)]
pub struct Fact {
    /// The words.
    pub quote: String,
    /// The page, as its path below the site's folder.
    pub page: String,
    /// The factors.
    pub factors: Vec<FactorId>,
}

/// One labelled vendor.
#[derive(Clone, Debug)]
pub struct Labelled {
    /// Its folder's name.
    pub vendor: String,
    /// Its pages.
    pub site: PathBuf,
    /// The reader's labels by factor.
    pub gold: BTreeMap<FactorId, Label>,
    /// A second reader's.
    pub second: BTreeMap<FactorId, Label>,
    /// Facts; empty where none were labelled.
    pub facts: Vec<Fact>,
}

/// Labels that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    /// A file or folder cannot be read.
    #[error("could not read {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// A file is not in the form of labels.
    #[error("{}: {problem}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

#[derive(Deserialize)]
struct GoldFile {
    labels: Vec<Label>,
}

#[derive(Deserialize)]
struct FactsFile {
    facts: Vec<Fact>,
}

/// Names are written with `_` by labellers and with `-` in reports.
fn state<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<State, D::Error> {
    let name = String::deserialize(deserializer)?.replace('_', "-");
    State::deserialize(serde::de::value::StringDeserializer::new(name))
}

/// The vendors below `folder` that have any labels, in order.
///
/// # Errors
/// The folder holds no `labels/`.
pub fn vendors(folder: &Path) -> Result<Vec<String>, LabelError> {
    let labels = folder.join("labels");
    let mut found: Vec<String> = std::fs::read_dir(&labels)
        .map_err(|error| LabelError::Read(labels, error))?
        .filter_map(Result::ok)
        .filter(|entry| ["facts.json", "gold.json"].iter().any(|name| entry.path().join(name).exists()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    Ok(found)
}

impl Labelled {
    /// Reads the labels of one vendor and checks them against the framework.
    ///
    /// # Errors
    /// A file is missing or not in the form of labels; the error names it.
    pub fn read(folder: &Path, vendor: &str, framework: &Framework) -> Result<Self, LabelError> {
        let labels = folder.join("labels").join(vendor);
        let site = folder.join("sites").join(vendor);
        if !site.is_dir() {
            return Err(LabelError::Form { path: site, problem: "no such folder: the vendor's pages belong there".to_owned() });
        }
        Ok(Self {
            vendor: vendor.to_owned(),
            site,
            gold: gold(&labels.join("gold.json"), framework)?,
            second: gold(&labels.join("gold-b.json"), framework)?,
            facts: json::<FactsFile>(&labels.join("facts.json"))?.map_or_else(Vec::new, |file| file.facts),
        })
    }
}

fn gold(path: &Path, framework: &Framework) -> Result<BTreeMap<FactorId, Label>, LabelError> {
    let Some(file) = json::<GoldFile>(path)? else { return Ok(BTreeMap::new()) };
    let mut labels = BTreeMap::new();
    for label in file.labels {
        let fault = |what: String| Err(LabelError::Form { path: path.to_owned(), problem: format!("{}: {what}", label.factor) });
        let Some(factor) = framework.factor(&label.factor) else { return fault("no factor of this framework".to_owned()) };
        if let Some(wrong) = label.option.iter().chain(&label.acceptable).find(|o| factor.option(**o).is_none()) {
            return fault(format!("there is no option {wrong}"));
        }
        if label.state == State::Answered && label.option.is_none() {
            return fault("`answered` needs an option".to_owned());
        }
        labels.insert(label.factor.clone(), label);
    }
    Ok(labels)
}

/// A file that need not be there.
fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, LabelError> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LabelError::Read(path.to_owned(), error)),
        Ok(text) => {
            serde_json::from_str(&text).map(Some).map_err(|error| LabelError::Form { path: path.to_owned(), problem: error.to_string() })
        }
    }
}
