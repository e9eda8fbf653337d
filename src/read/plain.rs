//! Markdown and plain text to blocks.
//!
//! Markdown is read for structure only (headings, items, tables, links); inline marks stay out of the words.

use std::sync::LazyLock;

use regex::Regex;

use super::{Document, Link, MAX_TEXT};
use crate::domain::page::{BlockKind, PageText};
use crate::read::assessor::addresses_assessor;

/// Reads Markdown.
pub fn markdown(source: &str) -> Document {
    static LINK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"!?\[([^\]]*)\]\(([^)\s]+)[^)]*\)").ok());
    let mut links = Vec::new();
    if let Some(link) = LINK.as_ref() {
        for found in link.captures_iter(source).filter(|c| !c[0].starts_with('!')) {
            links.push(Link { href: found[2].to_owned(), words: found[1].to_owned(), heading: String::new() });
        }
    }
    let inline = |line: &str| {
        let plain = LINK.as_ref().map_or_else(
            || line.to_owned(),
            |link| {
                link.replace_all(line, |c: &regex::Captures<'_>| if c[0].starts_with('!') { String::new() } else { c[1].to_owned() })
                    .into_owned()
            },
        );
        plain.replace("**", "").replace("__", "").replace('`', "")
    };
    let mut blocks = Blocks::default();
    let mut fenced = false;
    for line in source.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            blocks.end();
            fenced = !fenced;
        } else if fenced {
            blocks.whole(BlockKind::Code, trimmed);
        } else if let Some((level, words)) = heading(trimmed) {
            blocks.whole(BlockKind::Heading(level), &inline(words));
        } else if let Some(words) = item(trimmed) {
            blocks.end();
            blocks.start(BlockKind::Item, &inline(words));
        } else if trimmed.starts_with('|') {
            let cells: Vec<String> = trimmed.trim_matches('|').split('|').map(|cell| inline(cell.trim())).collect();
            if !cells.iter().all(|cell| cell.chars().all(|c| "-: ".contains(c))) {
                blocks.whole(BlockKind::Row, &cells.join(" | "));
            }
        } else if trimmed.is_empty() || trimmed == "---" {
            blocks.end();
        } else {
            blocks.start(BlockKind::Paragraph, &inline(trimmed.trim_start_matches('>').trim()));
        }
    }
    blocks.end();
    document(blocks.text, links)
}

/// Reads plain text: paragraphs are set apart by empty lines, lines that start with a bullet are items.
pub fn plain(source: &str) -> Document {
    let mut blocks = Blocks::default();
    for line in source.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            blocks.end();
        } else if let Some(words) = item(trimmed) {
            blocks.end();
            blocks.start(BlockKind::Item, words);
        } else {
            blocks.start(BlockKind::Paragraph, trimmed);
        }
    }
    blocks.end();
    document(blocks.text, Vec::new())
}

fn document(text: PageText, links: Vec<Link>) -> Document {
    let title = text.blocks.iter().find(|b| matches!(b.kind, BlockKind::Heading(_))).or(text.blocks.first());
    let title = title.map(|b| text.words(b).chars().take(120).collect()).unwrap_or_default();
    let mut document = Document { title, links, ..Document::default() };
    for block in &text.blocks {
        let words = text.words(block);
        if addresses_assessor(words) {
            document.hidden.push(super::hidden::record("visible text that speaks to an assessor", words));
        } else if document.text.text.len() < MAX_TEXT {
            document.text.push(block.kind, words, block.sheet);
        }
    }
    document
}

fn heading(line: &str) -> Option<(u8, &str)> {
    let level = line.bytes().take_while(|b| *b == b'#').count();
    let words = line.get(level..)?.strip_prefix(' ')?;
    (1..=6).contains(&level).then(|| (u8::try_from(level).unwrap_or(6), words.trim()))
}

/// The words of a line that starts with a bullet or a number.
pub(super) fn item(line: &str) -> Option<&str> {
    for bullet in ["- ", "* ", "+ ", "• ", "– ", "● ", "▪ ", "o ", "\u{f0b7} "] {
        if let Some(words) = line.strip_prefix(bullet) {
            return Some(words.trim());
        }
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = line.get(digits..)?;
    (1..=2).contains(&digits).then(|| rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") ")))?.map(str::trim)
}

/// Joins lines into blocks.
#[derive(Default)]
pub(super) struct Blocks {
    pub(super) text: PageText,
    open: Option<(BlockKind, String)>,
    /// The sheet that blocks stand on.
    pub(super) sheet: Option<u32>,
}

impl Blocks {
    /// Goes on with the open block, or opens one.
    pub(super) fn start(&mut self, kind: BlockKind, words: &str) {
        match &mut self.open {
            Some((_, so_far)) => {
                so_far.push(' ');
                so_far.push_str(words);
            }
            none => *none = Some((kind, words.to_owned())),
        }
    }

    /// Closes the open block.
    pub(super) fn end(&mut self) {
        if let Some((kind, words)) = self.open.take() {
            let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
            if !words.is_empty() {
                self.text.push(kind, &words, self.sheet);
            }
        }
    }

    /// A block of one line.
    pub(super) fn whole(&mut self, kind: BlockKind, words: &str) {
        self.end();
        self.start(kind, words);
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_keeps_its_structure() {
        let read = markdown(
            "# Keys\n\nThe **customer** holds\nthe keys, see [KMS](kms.md).\n\n- rotated\n- logged\n\n| Site | PUE |\n|---|---|\n| Kiel | 1.2 |\n\n```\nkms rotate\n```\n",
        );
        assert_eq!(
            read.text.text,
            "# Keys\nThe customer holds the keys, see KMS.\n- rotated\n- logged\nSite | PUE\nKiel | 1.2\nkms rotate\n"
        );
        assert_eq!(read.links[0].href, "kms.md");
        assert_eq!(read.title, "Keys");
    }

    #[test]
    fn plain_text_is_paragraphs_and_items() {
        let read = plain("Contact: a\nb\n\n• one\n• two\n");
        assert_eq!(read.text.text, "Contact: a b\n- one\n- two\n");
    }
}
