//! What is asked of a crawl, what it may spend, and why it cannot begin.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::fetch::{FetchError, Validators};
use super::frontier::Order;
use crate::archive::ArchiveError;
use crate::domain::page::Resource;

/// Where the documentation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Public sites, by their start addresses: at least one.
    Site(Vec<Url>),
    /// A folder of files.
    Folder(PathBuf),
    /// A web archive (WARC).
    Archive(PathBuf),
}

/// What a crawl may spend, and how it goes about it.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most pages that are read.
    pub pages: usize,
    /// Least pause between two requests to one host.
    pub pause: Duration,
    /// In which order addresses are read.
    pub order: Order,
    /// Whether addresses come from links alone and not from sitemaps.
    pub links_only: bool,
    /// Whether a folder is walked from its start page as a site would be, instead of being listed.
    pub walk: bool,
    /// Hosts on other names that belong to the service.
    pub hosts: Vec<String>,
}

impl Limits {
    /// A page budget and a pause, everything else as usual.
    pub fn new(pages: usize, pause: Duration) -> Self {
        Self { pages, pause, order: Order::Promise, links_only: false, walk: false, hosts: Vec::new() }
    }
}

/// What an earlier crawl of the same source left.
#[derive(Debug, Default)]
pub struct Known {
    /// By address, what makes a request for a page conditional.
    pub pages: HashMap<String, Validators>,
    /// robots.txt, sitemaps.
    pub resources: Vec<Resource>,
}

/// Why a crawl cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum CrawlError {
    /// The folder could not be read.
    #[error("could not read the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The archive could not be read.
    #[error("could not read the archive")]
    Archive(#[source] ArchiveError),
    /// The HTTP client could not be built.
    #[error("could not set up the network client")]
    Client(#[source] FetchError),
}
