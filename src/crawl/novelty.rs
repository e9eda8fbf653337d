//! What a page says that was not read before, line by line: duplicates, near-duplicates and boilerplate.
//!
//! A page counts as repeated only if no line of it that could be quoted is new, so that dropping it loses no evidence:
//! two data centres' pages that differ in one figure are two pages. What stands at the head or foot of page after page
//! (menus, breadcrumbs, related links) is kept where it stood first and left out later. Sixteen bytes a line are
//! remembered, up to a limit; nothing of the words is.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::domain::page::PageText;

/// On how many pages a line is kept, at their head or foot, before it counts as boilerplate.
const KEPT_ON: u32 = 2;
/// Most new words of a near-duplicate: a date of printing, a page number.
const FEW: usize = 8;
/// A near-duplicate has at least this many words for each new one.
const SHARE: usize = 12;
/// Most lines that are remembered: those of some thousand pages. A page beyond them is never taken for a repeat.
const MAX_LINES: usize = 100_000;

/// The lines of all pages read so far.
#[derive(Debug, Default)]
pub struct Lines {
    pages: HashMap<u64, u32>,
}

impl Lines {
    /// How many words of `text` stand in lines that were not read before.
    pub fn new_words(&self, text: &PageText) -> usize {
        self.new_lines(text).map(|line| line.split_whitespace().count()).sum()
    }

    /// The lines of `text` that were not read before.
    pub fn new_lines<'a>(&'a self, text: &'a PageText) -> impl Iterator<Item = &'a str> {
        text.blocks.iter().map(|block| text.words(block)).filter(|line| !self.pages.contains_key(&key(line)))
    }

    /// Whether `text` repeats what was read: nothing in it that could be quoted is new.
    pub fn repeats(&self, text: &PageText) -> bool {
        let words: usize = text.text.split_whitespace().count();
        let mut new = 0;
        for line in self.new_lines(text) {
            let count = line.split_whitespace().count();
            // A figure with a unit is evidence however short its line is; so is a sentence.
            if count > FEW || line.contains(" | ") || count > 1 && line.contains('%') {
                return false;
            }
            new += count;
        }
        new == 0 || new <= FEW && new * SHARE <= words
    }

    /// Remembers the lines of a page.
    pub fn learn(&mut self, text: &PageText) {
        let mut own: Vec<u64> = text.blocks.iter().map(|block| key(text.words(block))).collect();
        own.sort_unstable();
        own.dedup();
        for key in own {
            if self.pages.len() < MAX_LINES || self.pages.contains_key(&key) {
                *self.pages.entry(key).or_insert(0) += 1;
            }
        }
    }

    /// `text` without what repeats at its head and foot; whole if nothing else would be left.
    pub fn trim(&self, text: PageText) -> PageText {
        let old = |i: &usize| self.pages.get(&key(text.words(&text.blocks[*i]))).is_some_and(|pages| *pages >= KEPT_ON);
        let count = text.blocks.len();
        let head = (0..count).take_while(old).count();
        let foot = (head..count).rev().take_while(old).count();
        if head == count || head + foot == 0 {
            return text;
        }
        let mut trimmed = PageText::default();
        for block in &text.blocks[head..count - foot] {
            trimmed.push(block.kind, text.words(block), block.sheet);
        }
        trimmed
    }
}

/// The same process compares what it hashed itself; the value is never stored.
fn key(line: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::page::BlockKind;

    fn text(lines: &[&str]) -> PageText {
        let mut text = PageText::default();
        for line in lines {
            text.push(BlockKind::Paragraph, line, None);
        }
        text
    }

    const LONG: &str = "Customer data is stored in two data centres near Kiel, on servers that Nordhaven owns, and is copied between \
        them every ten minutes; no copy leaves Schleswig-Holstein unless the customer asks for it in writing.";

    #[test]
    fn a_printed_copy_repeats_its_page_and_a_page_with_another_figure_does_not() {
        let mut lines = Lines::default();
        lines.learn(&text(&["Data centres", LONG, "PUE | 1.30"]));
        assert!(lines.repeats(&text(&["Data centres", LONG, "PUE | 1.30"])));
        assert!(lines.repeats(&text(&["Printed on 22", "Data centres", LONG])));
        assert!(!lines.repeats(&text(&["Data centres", LONG, "PUE | 1.50"])));
        assert!(!lines.repeats(&text(&["Data centres", LONG, "Renewable: 80 %"])));
        assert!(!lines.repeats(&text(&["Data centres", LONG, "Keys are held by the customer in a module of his own."])));
    }

    #[test]
    fn menus_and_feet_are_kept_twice_and_the_middle_always() {
        let mut lines = Lines::default();
        let page = |own: &str| text(&["Home", "Pricing", own, "Support comes from Kiel.", own, "Follow us"]);
        for own in ["one", "two"] {
            assert_eq!(lines.trim(page(own)), page(own));
            lines.learn(&page(own));
        }
        assert_eq!(lines.trim(page("three")).text, "three\nSupport comes from Kiel.\nthree\n");
        assert_eq!(lines.trim(text(&["Home", "Pricing"])), text(&["Home", "Pricing"]), "a page is never emptied");
    }
}
