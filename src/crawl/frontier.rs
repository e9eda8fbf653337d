//! The addresses that are known and not yet read, best first.
//!
//! An address that is found again keeps its best promise. Variants of what was read (another language or version, an
//! address that a page calls not its own) go to the end. Order is total: value, then the order of finding.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap, HashSet};

use url::Url;

use super::url::{key, plain, variant};
use crate::focus::{Ledger, Worth};

/// Most addresses that are remembered; a site that links more is walked in the order of promise all the same.
const MAX_KNOWN: usize = 100_000;
/// What an address loses that is a variant of a page that was read: it comes after all others.
const VARIANT: i32 = 300;
/// What a start address has over all others.
const START: i32 = 100_000;
/// Longest link text that is kept for the explanation, in characters.
const LINK_TEXT: usize = 60;

/// In which order addresses are handed out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The most promising first.
    #[default]
    Promise,
    /// As found: breadth-first. To measure the other one against.
    Found,
}

/// How an address came to be known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clue<'a> {
    /// The words of the link.
    pub words: &'a str,
    /// The heading above the link.
    pub heading: &'a str,
    /// Where it stood: a page's address, `sitemap`, ….
    pub on: &'a str,
}

/// An address to read next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The address.
    pub url: Url,
    /// Why it comes now: value, topics, and how it came to be known.
    pub reason: String,
    /// What it promises.
    pub worth: Worth,
    /// Whether it is a start address.
    pub start: bool,
    /// Asked for without a link; it need not be there.
    pub guess: bool,
    /// Redirects that led here.
    pub hops: usize,
    /// The value it was put with.
    promise: i32,
    /// How it came to be known.
    how: String,
    /// The value when it was last looked at.
    value: i32,
    order: usize,
}

impl Ord for Next {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value).then(other.order.cmp(&self.order))
    }
}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Frontier {
    order: Order,
    heap: BinaryHeap<Next>,
    /// By key, the best promise; an entry of the heap with a lower one is stale.
    best: HashMap<String, i32>,
    done: HashSet<String>,
    /// Keys and variant keys of what is a variant of something that was read.
    variants: HashSet<String>,
    found: usize,
}

impl Frontier {
    /// An empty one.
    pub fn new(order: Order) -> Self {
        Self { order, ..Self::default() }
    }

    /// Puts a start address; start addresses are read first.
    pub fn start(&mut self, url: Url) {
        self.push(url, Worth::default(), "start address".to_owned(), true, false);
    }

    /// Puts an address that a link or a list leads to.
    pub fn add(&mut self, url: Url, clue: Clue<'_>) {
        if self.best.len() < MAX_KNOWN {
            let worth = Worth::of(url.path(), clue.words, clue.heading);
            let words: String = clue.words.chars().take(LINK_TEXT).collect();
            let how = if words.is_empty() { clue.on.to_owned() } else { format!("“{words}” on {}", clue.on) };
            self.push(url, worth, how, false, false);
        }
    }

    /// Puts an address that sites tend to have, whether or not anything leads there.
    pub fn guess(&mut self, url: Url) {
        let worth = Worth::of(url.path(), "security", "");
        self.push(url, worth, "a well-known address".to_owned(), false, true);
    }

    fn push(&mut self, url: Url, worth: Worth, how: String, start: bool, guess: bool) {
        let key = key(&url);
        self.found += 1;
        let value = match (start, self.order) {
            (true, _) => START,
            (false, Order::Promise) => worth.value(&Ledger::default()),
            (false, Order::Found) => 0,
        };
        if self.done.contains(&key) || self.best.get(&key).is_some_and(|best| *best >= value) {
            return;
        }
        self.best.insert(key, value);
        self.heap.push(Next { url, reason: String::new(), worth, start, guess, hops: 0, promise: value, how, value, order: self.found });
    }

    /// The best address that is left in view of what was read.
    pub fn pop(&mut self, ledger: &Ledger) -> Option<Next> {
        while let Some(mut next) = self.heap.pop() {
            let key = key(&next.url);
            if self.best.get(&key) != Some(&next.promise) {
                continue; // Found again with a better promise, or read under another address.
            }
            // Values only fall: an entry that, looked at again, has kept its value still beats the rest.
            let value = self.value(&next, &key, ledger);
            if value < next.value {
                next.value = value;
                self.heap.push(next);
                continue;
            }
            let aside = if self.is_variant(&next.url, &key) { ", a variant of a page that was read" } else { "" };
            next.reason =
                if next.start { next.how.clone() } else { format!("{value}: {}{aside}; {}", next.worth.explain(ledger), next.how) };
            self.best.remove(&key);
            self.done.insert(key);
            return Some(next);
        }
        None
    }

    fn value(&self, next: &Next, key: &str, ledger: &Ledger) -> i32 {
        match (next.promise == START, self.order) {
            (true, _) => START,
            (false, Order::Found) => 0,
            (false, Order::Promise) => next.worth.value(ledger) - if self.is_variant(&next.url, key) { VARIANT } else { 0 },
        }
    }

    fn is_variant(&self, url: &Url, key: &str) -> bool {
        self.variants.contains(key)
            || variant(url).is_some_and(|variant| self.variants.contains(&variant))
            || self.variants.contains(&plain(url))
    }

    /// Returns what was popped, unread, as good as it was.
    pub fn again(&mut self, next: Next) {
        let key = key(&next.url);
        self.done.remove(&key);
        self.best.insert(key, next.promise);
        self.heap.push(next);
    }

    /// Returns what was popped, unread, to come next: under its own address, or the one that it leads to.
    pub fn put_back(&mut self, next: Next, url: Url) {
        let key = key(&url);
        self.done.remove(&key);
        self.best.insert(key, START);
        self.heap.push(Next { url, promise: START, value: START, ..next });
    }

    /// The address is read; neither it nor, before all others, a variant of it will come again.
    pub fn read(&mut self, url: &Url) {
        let key = key(url);
        self.best.remove(&key);
        self.done.insert(key);
        // A page without language or version in its address stands for those that have one.
        self.variants.insert(variant(url).unwrap_or_else(|| plain(url)));
    }

    /// The address is called a variant of a page that was read.
    pub fn set_aside(&mut self, url: &Url) {
        self.variants.insert(key(url));
    }

    /// Whether the address was handed out or read before.
    pub fn is_done(&self, url: &Url) -> bool {
        self.done.contains(&key(url))
    }

    /// How many addresses are left.
    pub fn len(&self) -> usize {
        self.best.len()
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.best.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str) -> Url {
        Url::parse(&format!("https://example.eu{path}")).expect(path)
    }

    fn words(words: &str) -> Clue<'_> {
        Clue { words, ..Clue::default() }
    }

    fn order(mut frontier: Frontier) -> Vec<String> {
        let ledger = Ledger::default();
        std::iter::from_fn(|| frontier.pop(&ledger)).map(|n| n.url.path().to_owned()).collect()
    }

    #[test]
    fn the_best_comes_first_and_each_once() {
        let mut frontier = Frontier::default();
        frontier.start(url("/"));
        frontier.add(url("/blog/a"), Clue::default());
        frontier.add(url("/x"), words("read more"));
        frontier.add(url("/legal/dpa"), Clue::default());
        frontier.add(url("/x/"), words("Sub-processors"));
        assert_eq!(frontier.len(), 4);
        assert_eq!(order(frontier), ["/", "/legal/dpa", "/x/", "/blog/a"]);
    }

    #[test]
    fn breadth_first_is_the_order_of_finding() {
        let mut frontier = Frontier::new(Order::Found);
        frontier.start(url("/"));
        for path in ["/blog/a", "/legal/dpa", "/x"] {
            frontier.add(url(path), Clue::default());
        }
        assert_eq!(order(frontier), ["/", "/blog/a", "/legal/dpa", "/x"]);
    }

    #[test]
    fn other_languages_of_what_was_read_come_last() {
        let mut frontier = Frontier::default();
        for path in ["/fr/legal/dpa", "/en/legal/dpa", "/changelog", "/called-otherwise"] {
            frontier.add(url(path), Clue::default());
        }
        frontier.add(url("/set-aside"), words("Sub-processors"));
        frontier.set_aside(&url("/set-aside"));
        let first = frontier.pop(&Ledger::default()).expect("one");
        frontier.read(&first.url);
        assert_eq!(first.url.path(), "/fr/legal/dpa");
        assert_eq!(order(frontier), ["/called-otherwise", "/changelog", "/en/legal/dpa", "/set-aside"]);
    }

    #[test]
    fn what_is_put_back_comes_again_first() {
        let mut frontier = Frontier::default();
        frontier.add(url("/a"), Clue::default());
        frontier.add(url("/legal/dpa"), Clue::default());
        frontier.add(url("/b"), Clue::default());
        let next = frontier.pop(&Ledger::default()).expect("one");
        frontier.put_back(next, url("/legal/dpa/new"));
        assert_eq!(order(frontier), ["/legal/dpa/new", "/a", "/b"]);
    }
}
