//! The addresses that are known and not yet read, best first.
//!
//! An address that is found again keeps its best score. Order is total: score, then the order of finding.

use std::collections::{BinaryHeap, HashMap, HashSet};

use url::Url;

use super::focus;
use super::url::key;

/// Most addresses that are remembered; a site that links more is walked in the order of promise all the same.
const MAX_KNOWN: usize = 100_000;

/// An address to read next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The address.
    pub url: Url,
    /// Why it comes now: topics and score.
    pub reason: String,
    /// Whether it is the start address.
    pub start: bool,
    score: i32,
    order: usize,
}

impl Ord for Next {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.start.cmp(&other.start).then(self.score.cmp(&other.score)).then(other.order.cmp(&self.order))
    }
}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Frontier {
    heap: BinaryHeap<Next>,
    /// Best score by key; an entry of the heap with a lower one is stale.
    best: HashMap<String, i32>,
    done: HashSet<String>,
    found: usize,
}

impl Frontier {
    /// Puts the start address, which is read first.
    pub fn start(&mut self, url: Url) {
        self.push(url, 1_000, "the start address".to_owned(), true);
    }

    /// Puts an address with the words and heading of the link that leads there, if any.
    pub fn add(&mut self, url: Url, words: &str, heading: &str) {
        if self.best.len() >= MAX_KNOWN {
            return;
        }
        let score = focus::score(url.path(), words, heading);
        let reason = if score.topics.is_empty() { "no topic".to_owned() } else { score.topics.join(", ") };
        self.push(url, score.value, format!("{reason} ({})", score.value), false);
    }

    fn push(&mut self, url: Url, score: i32, reason: String, start: bool) {
        let key = key(&url);
        if self.done.contains(&key) || self.best.get(&key).is_some_and(|best| *best >= score) {
            return;
        }
        self.best.insert(key, score);
        self.found += 1;
        self.heap.push(Next { url, reason, start, score, order: self.found });
    }

    /// The best address that is left.
    pub fn pop(&mut self) -> Option<Next> {
        while let Some(next) = self.heap.pop() {
            let key = key(&next.url);
            if self.best.get(&key) == Some(&next.score) && self.done.insert(key.clone()) {
                self.best.remove(&key);
                return Some(next);
            }
        }
        None
    }

    /// Returns what was popped, unread.
    pub fn put_back(&mut self, next: Next) {
        let key = key(&next.url);
        self.done.remove(&key);
        self.best.insert(key, next.score);
        self.heap.push(next);
    }

    /// The address is read; it will not come again.
    pub fn done(&mut self, url: &Option<Url>) {
        if let Some(url) = url {
            let key = key(url);
            self.best.remove(&key);
            self.done.insert(key);
        }
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

    #[test]
    fn the_best_comes_first_and_each_once() {
        let mut frontier = Frontier::default();
        frontier.start(url("/"));
        frontier.add(url("/blog/a"), "", "");
        frontier.add(url("/x"), "read more", "");
        frontier.add(url("/legal/dpa"), "", "");
        frontier.add(url("/x/"), "Sub-processors", "");
        assert_eq!(frontier.len(), 4);
        let order: Vec<String> = std::iter::from_fn(|| frontier.pop()).map(|n| n.url.path().to_owned()).collect();
        assert_eq!(order, ["/", "/legal/dpa", "/x/", "/blog/a"]);
    }

    #[test]
    fn what_is_put_back_comes_again() {
        let mut frontier = Frontier::default();
        frontier.add(url("/a"), "", "");
        let next = frontier.pop().expect("one");
        frontier.put_back(next);
        assert!(frontier.pop().is_some() && frontier.pop().is_none());
    }
}
