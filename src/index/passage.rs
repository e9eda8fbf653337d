//! Pages cut into passages, and passages into units.
//!
//! A passage is a run of blocks under one heading, small enough to be read at a glance. A unit is what a single claim
//! stands in: a sentence, a list item, a table row.

use std::ops::Range;

use crate::domain::page::{Block, BlockKind, Page, Passage};
use crate::domain::quote::fold;

/// A passage is closed when it has this many bytes.
const FULL: usize = 900;

/// Cuts a page into passages. Headings belong to the passage that follows them.
pub fn passages(page: &Page) -> Vec<Passage> {
    let mut cutter = Cutter { page, path: Vec::new(), open: None, done: Vec::new() };
    for (i, block) in page.text.blocks.iter().enumerate() {
        cutter.take(i, block);
    }
    cutter.close();
    cutter.done
}

struct Cutter<'a> {
    page: &'a Page,
    path: Vec<(u8, String)>,
    open: Option<Range<usize>>,
    done: Vec<Passage>,
}

impl Cutter<'_> {
    fn take(&mut self, i: usize, block: &Block) {
        if let BlockKind::Heading(level) = block.kind {
            // A heading right after another one goes on; one after text begins anew.
            if self.open.as_ref().is_some_and(|open| open.clone().any(|b| !matches!(self.page.text.blocks[b].kind, BlockKind::Heading(_))))
            {
                self.close();
            }
            self.path.retain(|(above, _)| *above < level);
            self.path.push((level, self.page.text.words(block).to_owned()));
        }
        let open = self.open.get_or_insert(i..i);
        open.end = i + 1;
        let range = open.clone();
        if self.bytes(&range).len() >= FULL {
            self.close();
        }
    }

    fn bytes(&self, blocks: &Range<usize>) -> Range<usize> {
        let all = &self.page.text.blocks;
        all[blocks.start].range.start..all[blocks.end - 1].range.end
    }

    fn close(&mut self) {
        let Some(blocks) = self.open.take() else { return };
        self.done.push(Passage {
            page: self.page.number,
            range: self.bytes(&blocks),
            blocks,
            heading: self.path.iter().map(|(_, words)| words.as_str()).collect::<Vec<_>>().join(" > "),
        });
    }
}

/// A sentence, list item or table row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The block it stands in.
    pub block: usize,
    /// Bytes of the page's text.
    pub range: Range<usize>,
    /// Its words with typography levelled, for matching.
    pub folded: String,
    /// The headings above it.
    pub heading: String,
}

/// All units of a page in order.
pub fn units(page: &Page) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut path: Vec<(u8, &str)> = Vec::new();
    for (i, block) in page.text.blocks.iter().enumerate() {
        let words = page.text.words(block);
        if let BlockKind::Heading(level) = block.kind {
            path.retain(|(above, _)| *above < level);
            path.push((level, words));
        }
        let heading = path.iter().map(|(_, words)| *words).collect::<Vec<_>>().join(" > ");
        for range in sentences(words) {
            units.push(Unit {
                block: i,
                folded: fold(&words[range.clone()]),
                range: block.range.start + range.start..block.range.start + range.end,
                heading: heading.clone(),
            });
        }
    }
    units
}

/// Sentences of a line: a stop, a blank, then something that can begin a sentence.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((_, c)) = chars.next() {
        if !matches!(c, '.' | '!' | '?' | ';') {
            continue;
        }
        let Some(&(blank, next)) = chars.peek() else { continue };
        if !next.is_whitespace() {
            continue;
        }
        while chars.peek().is_some_and(|(_, c)| c.is_whitespace()) {
            chars.next();
        }
        if let Some(&(begin, c)) = chars.peek()
            && (c.is_uppercase() || c.is_ascii_digit() || matches!(c, '"' | '«' | '(' | '\u{201c}' | '\u{201e}'))
        {
            found.push(start..blank);
            start = begin;
        }
    }
    if !text[start..].trim().is_empty() {
        found.push(start..text.len());
    }
    found
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::id::PageNumber;
    use crate::domain::page::{PageText, Tier};

    /// A page for tests, from Markdown.
    pub(crate) fn page(number: u32, address: &str, tier: Tier, markdown: &str) -> Page {
        let read = crate::read::plain::markdown(markdown);
        Page {
            number: PageNumber(number),
            address: address.to_owned(),
            title: read.title,
            language: Some("en".to_owned()),
            tier,
            media: "text/markdown".to_owned(),
            status: 200,
            read_at_ms: 0,
            sha256: String::new(),
            etag: None,
            last_modified: None,
            dated: None,
            outdated: false,
            no_archive: false,
            text: read.text,
            hidden: Vec::new(),
            reason: String::new(),
        }
    }

    #[test]
    fn passages_keep_headings_and_cover_every_block_once() {
        let long = "A sentence about keys that is long enough to matter here. ".repeat(30);
        let page = page(
            1,
            "a",
            Tier::Technical,
            &format!("# Keys\n## Custody\nThe customer holds them.\n\n{long}\n\nMore.\n## Rotation\n- yearly\n"),
        );
        let cut = passages(&page);
        let covered: Vec<usize> = cut.iter().flat_map(|p| p.blocks.clone()).collect();
        assert_eq!(covered, (0..page.text.blocks.len()).collect::<Vec<_>>());
        let headings: Vec<&str> = cut.iter().map(|p| p.heading.as_str()).collect();
        assert_eq!(headings, ["Keys > Custody", "Keys > Custody", "Keys > Rotation"]);
    }

    #[test]
    fn a_line_is_cut_at_sentences_and_not_at_abbreviations_in_lower_case() {
        let text = "We store data in Kiel, e.g. backups. Keys rotate! 24 sites; All in the EU";
        let cut: Vec<&str> = sentences(text).into_iter().map(|r| &text[r]).collect();
        assert_eq!(cut, ["We store data in Kiel, e.g. backups.", "Keys rotate!", "24 sites;", "All in the EU"]);
        assert!(sentences("  ").is_empty());
    }

    #[test]
    fn units_know_their_place() {
        let mut text = PageText::default();
        text.push(BlockKind::Heading(1), "Legal", None);
        text.push(BlockKind::Paragraph, "One. Two here.", None);
        let mut page = page(1, "a", Tier::Contract, "");
        page.text = text;
        let all = units(&page);
        assert_eq!(all.len(), 3);
        assert_eq!((&page.text.text[all[2].range.clone()], all[2].heading.as_str()), ("Two here.", "Legal"));
    }
}
