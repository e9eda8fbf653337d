//! The folder of labelled vendors that a measurement is given.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::crawl::{Crawl, Known, Limits, Source, Step, fetch};
use crate::domain::page::Page;
use crate::eval::labels::{self, Labelled};
use crate::framework::Framework;

#[derive(Debug, Args)]
pub(super) struct Corpora {
    /// A folder with `sites/<vendor>/` and `labels/<vendor>/`.
    #[arg(value_name = "FOLDER", required = true)]
    folder: Option<PathBuf>,
    /// Vendors to measure [default: all that are labelled].
    #[arg(long, value_delimiter = ',')]
    vendor: Vec<String>,
}

impl Corpora {
    /// The vendors that were asked for, else all that are labelled.
    pub(super) fn labelled(&self, framework: &Framework) -> anyhow::Result<Vec<Labelled>> {
        let Some(folder) = &self.folder else { anyhow::bail!("give a folder with labelled vendors (see `sovcheck eval --help`)") };
        let vendors = if self.vendor.is_empty() { labels::vendors(folder)? } else { self.vendor.clone() };
        if vendors.is_empty() {
            anyhow::bail!("{} holds no labelled vendor", folder.join("labels").display());
        }
        vendors.iter().map(|vendor| Ok(Labelled::read(folder, vendor, framework)?)).collect()
    }
}

/// The pages of a folder in the order in which `limits` has them read.
pub(in crate::cli) async fn pages(folder: &Path, limits: Limits) -> anyhow::Result<Vec<Page>> {
    let mut crawl = Crawl::new(&Source::Folder(folder.to_owned()), limits, &fetch::Settings::default(), Known::default())?;
    let mut pages = Vec::new();
    while let Some(step) = crawl.next().await {
        if let Step::Page(read) = step {
            pages.push(read.page);
        }
    }
    Ok(pages)
}

/// No budget and no pause: reading files harms nobody.
pub(in crate::cli) fn all_pages() -> Limits {
    Limits::new(usize::MAX, Duration::ZERO)
}
