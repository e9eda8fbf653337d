//! Text that a reader does not see: which elements hide it and how, and the record that is kept of it.
//!
//! Attributes, own styles and style sheets count ([`super::style`]); scripts are not run. What a click on a visible
//! control opens is not hidden, as a closed `<details>` is not.

use std::collections::{HashMap, HashSet};

use ego_tree::iter::Edge;
use ego_tree::{NodeId, NodeRef};
use scraper::node::{Element, Node};
use scraper::{ElementRef, Html};

use super::assessor::addresses_assessor;
use super::style::Linked;
use super::style::cascade::{Cascade, attribute};
use super::style::look::{Look, Page, Why};
use super::style::sources::sheets;
use crate::domain::page::HiddenText;

/// A record of hidden words, without a place.
pub(super) fn record(how: &str, words: &str) -> HiddenText {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    HiddenText {
        how: how.to_owned(),
        addresses_assessor: addresses_assessor(&words),
        words: words.chars().take(300).collect(),
        place: String::new(),
    }
}

/// Where a node stands, as a short path that a person can find: `body > main > div#faq.note`.
pub(super) fn place(node: NodeRef<'_, Node>) -> String {
    let own = node.value().as_element().map(|_| node);
    let mut names: Vec<String> =
        own.into_iter().chain(node.ancestors()).filter_map(|n| n.value().as_element().map(label)).take(3).collect();
    names.reverse();
    names.join(" > ")
}

/// An element with its id, else its first class, in 26 characters at most.
fn label(element: &Element) -> String {
    let mut name = element.name().to_owned();
    if let Some(id) = element.id().filter(|id| !id.is_empty()) {
        name = format!("{name}#{id}");
    }
    if let Some(class) = element.attr("class").and_then(|classes| classes.split_ascii_whitespace().next()) {
        name = format!("{name}.{class}");
    }
    if name.chars().count() > 24 { name.chars().take(23).chain(['…']).collect() } else { name }
}

/// Said of what follows where a page's styles ask for more work than those of any page in use. Nothing is known of it
/// then, so it must not be evidence.
const TOO_COSTLY: &str = "styles too costly to judge";
/// Elements of which a reader sees no text.
const UNREAD: &[&str] = &["head", "script", "style", "template", "noscript"];

/// What is hidden on a page, and how: elements with all that is in them, and single text nodes where seen text stands in
/// the same element.
pub(super) fn hidden(html: &Html, linked: &Linked) -> HashMap<NodeId, &'static str> {
    let (sheets, is_short) = sheets(html, linked);
    let has_media = html.tree.nodes().any(|node| node.value().as_element().is_some_and(is_media));
    let mut walk = Walk {
        cascade: Cascade::new(html, &sheets),
        page: Page { is_short, has_media },
        open: Vec::new(),
        unread: 0,
        found: Vec::new(),
        tinted: Vec::new(),
        controlled: HashSet::new(),
    };
    for edge in html.tree.root().traverse() {
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Element(_) => walk.open(ElementRef::wrap(node)),
                Node::Text(text) if walk.unread == 0 && !text.trim().is_empty() => walk.words(node.id()),
                _ => {}
            },
            Edge::Close(node) => walk.close(ElementRef::wrap(node)),
        }
    }
    walk.found.into_iter().chain(walk.tinted).collect()
}

struct Walk<'a> {
    cascade: Cascade<'a>,
    page: Page,
    open: Vec<Frame>,
    /// Depth within a subtree that needs no look; 0 outside.
    unread: usize,
    found: Vec<(NodeId, &'static str)>,
    /// What only its colour hides, kept apart: an image that is laid under the text comes after it at times.
    tinted: Vec<(NodeId, &'static str)>,
    /// Ids that a control seen so far opens.
    controlled: HashSet<&'a str>,
}

/// An element that is open.
struct Frame {
    look: Look,
    /// The nearest element, counted from the root, that frames what is taken out of the flow: this one or one above.
    base: Option<usize>,
    /// How many were found before it.
    found: usize,
    tinted: usize,
    /// Whether any text in it is seen.
    has_seen: bool,
    has_media: bool,
    /// Whether an image or a coloured box is laid under or over all of it.
    is_covered: bool,
}

impl<'a> Walk<'a> {
    fn open(&mut self, element: Option<ElementRef<'a>>) {
        let Some(element) = element else { return };
        let own = element.value();
        if self.unread > 0 || UNREAD.contains(&own.name()) {
            self.unread += 1;
            return;
        }
        if self.cascade.is_spent() {
            self.found.push((element.id(), TOO_COSTLY));
            self.unread = 1;
            return;
        }
        let outer = self.open.last();
        let (mut look, mut why) = outer.map_or(Look::PAGE, |frame| frame.look).enter(element, &mut self.cascade, self.page);
        if own.id().is_some_and(|id| self.controlled.contains(id)) {
            look.is_visible = true;
            why = why.filter(|how| matches!(*how, "off the page" | "clipped"));
        }
        if self.cascade.is_spent() {
            why = Some(TOO_COSTLY);
        }
        if let Some(how) = why {
            self.found.push((element.id(), how));
            self.cascade.leave();
            self.unread = 1;
            return;
        }
        if look.is_visible {
            self.controlled.extend(controls(own));
        }
        let frames = look.is_positioned && own.name() != "body";
        self.open.push(Frame {
            look,
            base: if frames { Some(self.open.len()) } else { outer.and_then(|frame| frame.base) },
            found: self.found.len(),
            tinted: self.tinted.len(),
            has_seen: false,
            has_media: is_media(own),
            is_covered: false,
        });
    }

    fn words(&mut self, text: NodeId) {
        let Some(frame) = self.open.last_mut() else { return };
        match frame.look.words(self.page) {
            _ if self.cascade.is_spent() => self.found.push((text, TOO_COSTLY)),
            Some((how, true)) => self.tinted.push((text, how)),
            Some((how, false)) => self.found.push((text, how)),
            None => frame.has_seen = true,
        }
    }

    fn close(&mut self, element: Option<ElementRef<'a>>) {
        let Some(element) = element else { return };
        if self.unread > 0 {
            self.unread -= 1;
            return;
        }
        self.cascade.leave();
        let Some(mut frame) = self.open.pop() else { return };
        if frame.is_covered && self.tinted.len() > frame.tinted {
            self.tinted.truncate(frame.tinted);
            frame.has_seen = true;
        }
        let has_hidden = self.found.len() > frame.found || self.tinted.len() > frame.tinted;
        if let Some(why) = frame.look.words(self.page).filter(|_| has_hidden && !frame.has_seen) {
            self.found.truncate(frame.found);
            self.tinted.truncate(frame.tinted);
            let (how, is_tint): Why = why;
            if is_tint { &mut self.tinted } else { &mut self.found }.push((element.id(), how));
        }
        let Some(outer) = self.open.last_mut() else { return };
        outer.has_seen |= frame.has_seen;
        outer.has_media |= frame.has_media;
        if frame.look.is_backdrop
            && (frame.has_media || frame.look.has_ground)
            && let Some(base) = outer.base
            && let Some(base) = self.open.get_mut(base)
        {
            base.is_covered = true;
        }
    }
}

fn is_media(element: &Element) -> bool {
    matches!(element.name(), "img" | "picture" | "video" | "canvas" | "svg" | "iframe" | "object" | "embed")
}

/// The ids of the elements that a control opens: tabs, folding sections. Menus and dialogs are none of them.
fn controls(element: &Element) -> impl Iterator<Item = &str> {
    let own = |name| attribute(element, name);
    let is_control = matches!(element.name(), "button" | "a" | "summary") || matches!(own("role"), Some("tab" | "button"));
    let aria = own("aria-controls").filter(|_| is_control && own("aria-haspopup").is_none_or(|v| v == "false"));
    let folds = |name| matches!(own(name), Some("collapse" | "tab" | "pill"));
    let target = if is_control && (folds("data-bs-toggle") || folds("data-toggle")) {
        ["data-bs-target", "data-target", "href"].into_iter().find_map(|name| own(name)?.strip_prefix('#'))
    } else {
        None
    };
    aria.into_iter().flat_map(str::split_ascii_whitespace).chain(target)
}

#[cfg(test)]
mod tests;
