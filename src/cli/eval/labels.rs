//! Labelled vendors: where their pages and labels are, and how they are read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use serde::Deserialize;

use crate::crawl::{Crawl, Known, Limits, Source, Step, fetch};
use crate::domain::id::FactorId;
use crate::domain::page::Page;

#[derive(Debug, Args)]
pub(super) struct Corpora {
    /// A folder with `sites/<vendor>/` and `labels/<vendor>/facts.json`.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Vendors to measure [default: every one with facts].
    #[arg(long, value_delimiter = ',')]
    vendor: Vec<String>,
}

/// Facts with the pages on which they stand.
#[derive(Deserialize)]
pub(super) struct Facts {
    pub(super) facts: Vec<Fact>,
}

#[derive(Deserialize)]
pub(super) struct Fact {
    pub(super) quote: String,
    pub(super) page: String,
    pub(super) factors: Vec<FactorId>,
}

impl Corpora {
    /// The vendors that were asked for, else all that have facts.
    pub(super) fn vendors(&self) -> anyhow::Result<Vec<String>> {
        if !self.vendor.is_empty() {
            return Ok(self.vendor.clone());
        }
        let labels = self.folder.join("labels");
        let mut found: Vec<String> = std::fs::read_dir(&labels)
            .with_context(|| format!("could not read {}", labels.display()))?
            .filter_map(Result::ok)
            .filter(|entry| entry.path().join("facts.json").exists())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        found.sort();
        Ok(found)
    }

    pub(super) fn facts(&self, vendor: &str) -> anyhow::Result<Facts> {
        read_json(&self.folder.join("labels").join(vendor).join("facts.json"))
    }

    /// Where a vendor's pages are.
    pub(super) fn site(&self, vendor: &str) -> PathBuf {
        self.folder.join("sites").join(vendor)
    }

    /// All pages of a vendor.
    pub(super) async fn pages(&self, vendor: &str) -> anyhow::Result<Vec<Page>> {
        pages(&self.site(vendor), Limits::new(usize::MAX, Duration::ZERO)).await
    }
}

/// The pages of a folder in the order in which `limits` has them read.
pub(super) async fn pages(folder: &Path, limits: Limits) -> anyhow::Result<Vec<Page>> {
    let mut crawl = Crawl::new(&Source::Folder(folder.to_owned()), limits, &fetch::Settings::default(), Known::default())?;
    let mut pages = Vec::new();
    while let Some(step) = crawl.next().await {
        if let Step::Page(read) = step {
            pages.push(read.page);
        }
    }
    Ok(pages)
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}
