//! A readable copy of a stored page with its quotes lit. A page's text is data: every word is escaped, nothing of its
//! markup is shown.

use std::collections::BTreeSet;
use std::ops::Range;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::PageError;
use super::factor::{QuoteView, quote};
use super::link::Linked;
use super::page::{Frame, html};
use super::result::{self, moment};
use crate::access::Action;
use crate::domain::id::PageNumber;
use crate::domain::page::{Block, BlockKind, Page};
use crate::report::{Evidence, PageReport, Report};
use crate::store::Store;

#[derive(Template)]
#[template(path = "evidence.html", config = "src/web/askama.toml")]
struct EvidencePage<'a> {
    frame: Frame,
    report: &'a Report,
    page: &'a PageReport,
    /// Name of the page's language, or its code.
    language: Option<&'a str>,
    quotes: Vec<QuoteView<'a>>,
    parts: Vec<Part<'a>>,
    /// Only the quoted lines are shown, for its owner wants no copies.
    excerpt: bool,
    read: String,
    here: String,
}

/// Lines of one kind that belong together.
struct Part<'a> {
    /// `heading`, `text`, `list`, `rows` or `code`.
    kind: &'static str,
    /// Of a heading, 3 to 6: the page's own headings stand below this page's.
    level: u8,
    /// For documents with pages, the page on which it begins.
    sheet: Option<u32>,
    lines: Vec<Vec<Piece<'a>>>,
}

/// Words that are lit or not.
#[derive(Debug, PartialEq, Eq)]
struct Piece<'a> {
    words: &'a str,
    lit: bool,
    /// Evidence that begins here.
    begins: Vec<&'a str>,
}

/// The copy of one page.
pub(super) async fn show(
    State(store): State<Store>,
    Path((_, number)): Path<(String, u32)>,
    linked: Linked,
) -> Result<Response, PageError> {
    linked.may(Action::See)?;
    let report = result::report(&store, &linked).await?;
    let number = PageNumber(number);
    let page = report.page(number).ok_or(PageError::NotFound)?;
    let stored = store.page(linked.request.id, number).await?.ok_or(PageError::NotFound)?;
    let mut evidence: Vec<&Evidence> = report.evidence.iter().filter(|e| e.page == number).collect();
    evidence.sort_by_key(|e| e.range);
    let title = if page.title.is_empty() { page.address.clone() } else { page.title.clone() };
    html(&EvidencePage {
        frame: Frame::new(format!("{title}: stored copy")),
        language: page.language.as_deref().map(language),
        parts: parts(&stored, &evidence),
        quotes: evidence.iter().map(|e| quote(&report, e)).collect(),
        excerpt: stored.no_archive,
        read: moment(&page.read),
        here: linked.path(""),
        report: &report,
        page,
    })
}

/// A language's name, for readers of English.
fn language(code: &str) -> &str {
    const NAMES: [(&str, &str); 12] = [
        ("cs", "Czech"),
        ("de", "German"),
        ("en", "English"),
        ("es", "Spanish"),
        ("fi", "Finnish"),
        ("fr", "French"),
        ("it", "Italian"),
        ("ja", "Japanese"),
        ("nl", "Dutch"),
        ("pl", "Polish"),
        ("pt", "Portuguese"),
        ("sv", "Swedish"),
    ];
    NAMES.iter().find(|(known, _)| *known == code).map_or(code, |(_, name)| name)
}

fn parts<'a>(page: &'a Page, evidence: &[&'a Evidence]) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    let mut begun = BTreeSet::new();
    let mut sheet = None;
    for block in &page.text.blocks {
        let pieces = pieces(&page.text.text, &block.range, evidence, &mut begun);
        if page.no_archive && !pieces.iter().any(|piece| piece.lit) {
            continue;
        }
        let (kind, level) = kind(block);
        let turned = (block.sheet != sheet).then_some(block.sheet).flatten();
        sheet = block.sheet;
        match parts.last_mut() {
            Some(last) if last.kind == kind && turned.is_none() && matches!(kind, "list" | "rows" | "code") => last.lines.push(pieces),
            _ => parts.push(Part { kind, level, sheet: turned, lines: vec![pieces] }),
        }
    }
    parts
}

fn kind(block: &Block) -> (&'static str, u8) {
    match block.kind {
        BlockKind::Heading(level) => ("heading", level.saturating_add(2).clamp(3, 6)),
        BlockKind::Paragraph => ("text", 0),
        BlockKind::Item => ("list", 0),
        BlockKind::Row => ("rows", 0),
        BlockKind::Code => ("code", 0),
    }
}

/// A line cut where evidence begins or ends. Quotes may overlap, and may go over several lines; each begins once.
fn pieces<'a>(text: &'a str, line: &Range<usize>, evidence: &[&'a Evidence], begun: &mut BTreeSet<&'a str>) -> Vec<Piece<'a>> {
    let within: Vec<&'a Evidence> = evidence.iter().copied().filter(|e| e.range[0] < line.end && e.range[1] > line.start).collect();
    let ends = within.iter().flat_map(|e| e.range).map(|at| at.clamp(line.start, line.end));
    let mut cuts: Vec<usize> = ends.chain([line.start, line.end]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts.windows(2)
        .map(|cut| {
            let here: Vec<&'a str> =
                within.iter().filter(|e| e.range[0] <= cut[0] && e.range[1] >= cut[1]).map(|e| e.id.as_str()).collect();
            let begins = here.iter().copied().filter(|id| begun.insert(id)).collect();
            Piece { words: text.get(cut[0]..cut[1]).unwrap_or(""), lit: !here.is_empty(), begins }
        })
        .collect()
}
