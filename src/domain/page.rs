//! What was read: pages with their text, and what could not be read.
//!
//! A page's text is a list of blocks (paragraph, heading, list item, table row, …), one line each, so that a
//! quote is a byte range of it. This module holds no parser: `read` makes texts, `crawl` makes pages.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id::PageNumber;

/// How much a source can carry, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// An audit report, a certificate, an attestation.
    Audit,
    /// Terms, data processing agreement, service level agreement, legal notice.
    Contract,
    /// Technical documentation.
    Technical,
    /// Product pages, blog, press.
    Marketing,
    /// A site that is not the vendor's.
    Other,
}

impl Tier {
    /// The name in data files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Contract => "contract",
            Self::Technical => "technical",
            Self::Marketing => "marketing",
            Self::Other => "other",
        }
    }
}

/// What a line of a page's text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlockKind {
    /// A heading of level 1 to 6.
    Heading(u8),
    /// Running text.
    Paragraph,
    /// A list item.
    Item,
    /// A table row, cells set apart by ` | `.
    Row,
    /// Preformatted text.
    Code,
}

/// One line of a page's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// What the line is.
    pub kind: BlockKind,
    /// Bytes of the page's text, without the mark (`- `, `# `) before it.
    pub range: Range<usize>,
    /// For documents with pages, the page it stands on, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<u32>,
}

/// A page's readable text with its structure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageText {
    /// One block a line.
    pub text: String,
    /// The blocks in order; ranges rise and never overlap.
    pub blocks: Vec<Block>,
}

impl PageText {
    /// Appends a block, with the mark that makes the text readable by eye.
    pub fn push(&mut self, kind: BlockKind, words: &str, sheet: Option<u32>) {
        match kind {
            BlockKind::Heading(level) => {
                self.text.extend(std::iter::repeat_n('#', usize::from(level)));
                self.text.push(' ');
            }
            BlockKind::Item => self.text.push_str("- "),
            BlockKind::Paragraph | BlockKind::Row | BlockKind::Code => {}
        }
        let start = self.text.len();
        self.text.push_str(words);
        self.blocks.push(Block { kind, range: start..self.text.len(), sheet });
        self.text.push('\n');
    }

    /// The words of a block.
    pub fn words(&self, block: &Block) -> &str {
        &self.text[block.range.clone()]
    }
}

/// Text that a reader does not see, kept apart so that it never becomes evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HiddenText {
    /// How it is hidden, such as `display:none`.
    pub how: String,
    /// The words, cut at 300 characters.
    pub words: String,
    /// Whether the words speak to a model or an assessor.
    pub addresses_assessor: bool,
    /// Where it stands in the page, such as `body > main > div#faq.note`; empty where a page has no such places.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
}

/// A page as it was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Its place within the check.
    pub number: PageNumber,
    /// The address after redirects, or `file:` and the path below the folder.
    pub address: String,
    /// The title, empty if it has none.
    pub title: String,
    /// ISO 639-1 code, where it is known.
    pub language: Option<String>,
    /// How much it can carry.
    pub tier: Tier,
    /// The media type as served or as the file's name says.
    pub media: String,
    /// HTTP status; 200 for a file.
    pub status: u16,
    /// When it was read, milliseconds since the epoch.
    pub read_at_ms: u64,
    /// SHA-256 of the bytes as fetched, in hex.
    pub sha256: String,
    /// The server's tag of this version, for a conditional request later.
    #[serde(default)]
    pub etag: Option<String>,
    /// When the server says it changed, for a conditional request later.
    #[serde(default)]
    pub last_modified: Option<String>,
    /// Date that the page says of itself (`YYYY-MM-DD`), where it says one.
    pub dated: Option<String>,
    /// Whether the page says that it is archived or superseded.
    pub outdated: bool,
    /// No copy of it may be handed on: its owner asks so.
    #[serde(default)]
    pub no_archive: bool,
    /// The readable text.
    pub text: PageText,
    /// What a reader does not see.
    pub hidden: Vec<HiddenText>,
    /// Why it was read when it was: the words that made the frontier prefer it.
    pub reason: String,
}

impl Page {
    /// Whether the page holds words, seen or hidden, that speak to a model or an assessor.
    pub fn speaks_to_assessor(&self) -> bool {
        self.hidden.iter().any(|hidden| hidden.addresses_assessor)
    }
}

/// A host that a crawl met, and why it belongs to the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SiteHost {
    /// Its name, with the port where it is not the usual one.
    pub host: String,
    /// What it is for (`status`, `trust`, `docs`, …), where that is known.
    pub role: Option<String>,
    /// Why it counts as part of the service.
    pub how: String,
}

/// Something that a crawl fetched beside the pages: robots.txt, a sitemap. Kept so that it need not be fetched again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// The address.
    pub address: String,
    /// When it was fetched or last found unchanged, milliseconds since the epoch.
    pub fetched_ms: u64,
    /// HTTP status: 2xx, or a 4xx that says it is not there.
    pub status: u16,
    /// The server's tag of this version.
    pub etag: Option<String>,
    /// When the server says it changed.
    pub last_modified: Option<String>,
    /// The body, decompressed.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// A page or address that was not read, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unread {
    /// The address.
    pub address: String,
    /// The reason.
    pub why: Why,
    /// What a person needs to know about it, in a few words.
    pub detail: String,
}

/// Why an address was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// robots.txt or a robots tag forbids it.
    Robots,
    /// The page budget was spent on pages that promise more.
    Budget,
    /// The site answers that it is not there: a dead link.
    Gone,
    /// It could not be fetched or parsed.
    Failed,
    /// It shows nothing without JavaScript.
    Javascript,
    /// Its kind is not read (image, archive, video).
    Format,
    /// The address leads to a network that may not be reached from here.
    Refused,
    /// It repeats a page that was read.
    Duplicate,
}

impl Why {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Robots => "robots",
            Self::Budget => "budget",
            Self::Gone => "gone",
            Self::Failed => "failed",
            Self::Javascript => "javascript",
            Self::Format => "format",
            Self::Refused => "refused",
            Self::Duplicate => "duplicate",
        }
    }
}

/// A stretch of a page that is searched and shown to an extractor as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// The page it stands on.
    pub page: PageNumber,
    /// Indices of its blocks within the page.
    pub blocks: Range<usize>,
    /// Bytes of the page's text.
    pub range: Range<usize>,
    /// The headings above it, outermost first, joined by ` > `.
    pub heading: String,
}
