//! Style sheets, as far as they can hide a text from a reader.
//!
//! A sheet is reduced to the rules that set a property which counts; what does not parse is skipped, as browsers do.
//! The reader that is assumed has a wide, light screen (`media`). `@supports` blocks count; `@import` and `@scope` do
//! not. Nothing is fetched here and no script is run.

pub(super) mod cascade;
pub(super) mod look;
mod media;
mod reader;
mod selector;
mod slot;
pub(super) mod sources;
mod value;

use std::collections::HashSet;

use reader::declarations;
use selector::Complex;
use slot::Slot;
pub use sources::Linked;

/// One style sheet, reduced to the rules that can hide or show text.
#[derive(Debug, Default)]
pub struct Sheet {
    selectors: Vec<Selecting>,
    blocks: Vec<Vec<Declaration>>,
    /// Names of `@layer`s in the order in which they are first named.
    layers: Vec<String>,
    /// Names of `@keyframes` that end with the element seen.
    revealing: HashSet<String>,
}

/// A selector with the block that it leads to.
#[derive(Debug)]
struct Selecting {
    selector: Complex,
    block: usize,
    layer: Option<usize>,
}

/// What a declaration sets.
#[derive(Clone, Debug, PartialEq)]
enum Name {
    /// A property that counts.
    Slot(Slot),
    /// A custom property, `--x`.
    Variable(String),
}

/// A declaration that counts.
#[derive(Clone, Debug, PartialEq)]
struct Declaration {
    name: Name,
    value: String,
    is_important: bool,
}

impl Sheet {
    /// Reads a sheet. Never fails: what does not parse is skipped.
    pub fn parse(css: &str) -> Self {
        reader::sheet(css)
    }

    /// How many selectors it keeps.
    pub fn len(&self) -> usize {
        self.selectors.len()
    }

    /// Whether it keeps none.
    pub fn is_empty(&self) -> bool {
        self.selectors.is_empty()
    }
}

impl Declaration {
    /// Whether it makes an element seen that another may hide.
    fn shows(&self) -> bool {
        let Name::Slot(slot) = self.name else { return false };
        match slot {
            Slot::Display => self.value != "none",
            Slot::Visibility | Slot::ContentVisibility => self.value == "visible",
            Slot::Opacity => value::number(&self.value).is_some_and(|n| n > 0.05),
            Slot::Height | Slot::MaxHeight => value::length(&self.value, 16.0).is_none_or(|l| l.px > 1.0 || l.share > 0.0),
            _ => false,
        }
    }

    /// What it says of the generated box that may lie behind the element's text.
    fn behind(&self) -> Option<Self> {
        matches!(self.name, Name::Slot(Slot::Ground | Slot::Image)).then(|| Self { name: Name::Slot(Slot::Behind), ..self.clone() })
    }
}

#[cfg(test)]
mod tests;
