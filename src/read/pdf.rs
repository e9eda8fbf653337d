//! PDF text with page numbers, by pdf-extract.
//!
//! Of three libraries tried on real contracts, two gave the same words; this one has a third of the other's
//! dependencies and was quicker. It can panic on broken files, so it runs behind a catch.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::plain::{Blocks, item};
use super::{Document, MAX_TEXT, ReadError};
use crate::domain::page::BlockKind;
use crate::read::assessor::addresses_assessor;

/// Most sheets that are read of one document.
const MAX_SHEETS: usize = 300;

/// Reads a PDF.
///
/// # Errors
/// [`ReadError::Broken`] if it cannot be parsed, is encrypted, or holds no text (a scan).
pub fn read(bytes: &[u8]) -> Result<Document, ReadError> {
    let broken = |problem: String| ReadError::Broken { kind: "PDF", problem };
    let sheets = catch_unwind(AssertUnwindSafe(|| pdf_extract::extract_text_from_mem_by_pages(bytes)))
        .map_err(|_| broken("the parser gave up on it".to_owned()))?
        .map_err(|error| broken(error.to_string()))?;
    let mut blocks = Blocks::default();
    for (i, sheet) in sheets.iter().take(MAX_SHEETS).enumerate() {
        blocks.sheet = u32::try_from(i + 1).ok();
        lines(sheet, &mut blocks);
        blocks.end();
    }
    let mut document = Document { paged: true, ..Document::default() };
    for block in &blocks.text.blocks {
        let words = blocks.text.words(block);
        if addresses_assessor(words) {
            document.hidden.push(super::hidden::record("text that speaks to an assessor", words));
        } else if document.text.text.len() < MAX_TEXT {
            document.text.push(block.kind, words, block.sheet);
        }
    }
    if document.text.blocks.is_empty() {
        return Err(broken("it holds no text (a scan?)".to_owned()));
    }
    document.title = document.text.words(&document.text.blocks[0]).chars().take(120).collect();
    Ok(document)
}

/// Lines are joined to paragraphs: a bullet, or a capital after a full stop or a short line, begins a new one.
fn lines(sheet: &str, blocks: &mut Blocks) {
    let widest = sheet.lines().map(|line| line.trim().chars().count()).max().unwrap_or(0);
    let mut last = String::new();
    for line in sheet.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            // Extractors put an empty line between the lines of one paragraph now and then: a sentence that has
            // not ended goes on.
            if last.ends_with(['.', ':', ';', '!', '?']) || last.is_empty() {
                blocks.end();
            }
            continue;
        }
        let starts_anew = trimmed.chars().next().is_some_and(char::is_uppercase)
            && (last.ends_with(['.', ':', ';', '!', '?']) || last.chars().count() * 10 < widest * 6);
        if let Some(words) = item(trimmed) {
            blocks.end();
            blocks.start(BlockKind::Item, words);
        } else {
            if starts_anew {
                blocks.end();
            }
            blocks.start(BlockKind::Paragraph, trimmed);
        }
        trimmed.clone_into(&mut last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_files_are_errors_not_panics() {
        for bytes in [&b"%PDF-1.7\nnothing"[..], b"", b"\x00\x01", b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>"] {
            assert!(read(bytes).is_err());
        }
    }

    #[test]
    fn lines_become_paragraphs_and_items() {
        let mut blocks = Blocks::default();
        lines("Data stays in the European\nUnion at all times.\nBackups too.\n• Kiel\n• Lille\n", &mut blocks);
        blocks.end();
        assert_eq!(blocks.text.text, "Data stays in the European Union at all times.\nBackups too.\n- Kiel\n- Lille\n");
    }
}
