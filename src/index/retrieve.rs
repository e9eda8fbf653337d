//! From a factor to the passages that may settle it: queries in several languages, lexical and dense ranks fused, and
//! what the factor's own patterns match moved up.
//!
//! Fusion is by reciprocal rank (Cormack, Clarke, Büttcher, SIGIR 2009) with weights kept as data in `fusion.toml`,
//! which a measurement chose (`sovcheck eval retrieval`). The re-ranking needs no model: a passage in which a rule of the
//! factor finds all, or most, of its patterns is about the factor, whatever words the query had.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;

use super::lexical::Lexical;
use super::passage;
use super::vectors::{VectorError, Vectors};
use crate::domain::id::PageNumber;
use crate::domain::page::{Page, Passage, Tier};
use crate::domain::profile::{Kind, Profile};
use crate::domain::quote::fold;
use crate::focus;
use crate::framework::knowledge::Rule;
use crate::framework::{Factor, Framework};
use crate::llm::Endpoint;

/// How many ranks of each list count.
const DEPTH: usize = 100;

/// Weights of the ways by which a passage is found.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ways {
    /// Version of these weights.
    pub version: u32,
    /// The constant that ranks are added to.
    pub constant: u32,
    /// Weight of lexical ranks.
    pub lexical: u32,
    /// Weight of dense ranks.
    pub dense: u32,
    /// Weight of the ranks by the factor's own patterns, of what the others found.
    pub patterns: u32,
    /// Weight of the ranks of facts that the factor sees: a passage that states one is about it.
    pub facts: u32,
    /// Percent that a passage gains whose page, by its address and title, tends to serve the factor.
    pub topic: u32,
    /// Percent that is left of a passage on a page that says it is archived, or of advertisements.
    pub weak: u32,
    /// Most bytes of a passage with its neighbours.
    pub window: usize,
    /// What the best single rank of a passage counts for, in percent of the sum of all: what one query wants most is
    /// rarely what all want a little.
    pub best: u32,
}

/// The weights that ship with the program.
pub static WAYS: LazyLock<Ways> = LazyLock::new(|| {
    toml::from_str(include_str!("fusion.toml")).unwrap_or(Ways {
        version: 0,
        constant: 30,
        lexical: 100,
        dense: 100,
        patterns: 0,
        facts: 0,
        topic: 0,
        weak: 100,
        window: 2_800,
        best: 0,
    })
});

/// What was searched for a factor and what came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retrieved {
    /// Places of passages in [`Index::passages`], best first.
    pub passages: Vec<u32>,
    /// The queries that were put.
    pub queries: Vec<String>,
}

/// What a page is, as far as its address and title tell.
struct PageKind {
    /// Factors that such pages tend to serve.
    serves: Vec<&'static str>,
    /// Archived, or an advertisement.
    weak: bool,
}

/// The path of an address: a host named `security` says nothing about one of its pages.
fn path(address: &str) -> &str {
    match address.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => address,
    }
}

/// One check's passages, ready to be searched.
pub struct Index {
    /// All passages in the order of pages.
    pub passages: Vec<Passage>,
    /// Title, heading and words of each, levelled for patterns.
    folded: Vec<String>,
    /// What each page is, by the page's number.
    kinds: BTreeMap<PageNumber, PageKind>,
    lexical: Lexical,
    /// Places of the passages that state facts of a kind, the strongest sources first.
    stated: HashMap<Kind, Vec<u32>>,
    /// Vector of each query, if dense search is on.
    dense: Option<HashMap<String, Vec<(u32, f32)>>>,
}

impl Index {
    /// Cuts and indexes pages. Outdated pages are indexed too: they are evidence, of less weight.
    pub fn new(pages: &[Page]) -> Self {
        let by_number: BTreeMap<_, &Page> = pages.iter().map(|p| (p.number, p)).collect();
        let passages: Vec<Passage> = pages.iter().flat_map(passage::passages).collect();
        // Heading and title say what a passage is about when its own words do not.
        let words = |p: &Passage| {
            let page = by_number[&p.page];
            format!("{}\n{}\n{}", page.title, p.heading, &page.text.text[p.range.clone()])
        };
        let lexical = Lexical::new(passages.iter().map(|p| (by_number[&p.page].language.as_deref(), words(p))));
        let folded = passages.iter().map(|p| fold(&words(p))).collect();
        let kinds = pages
            .iter()
            .map(|page| {
                let weak = page.outdated || page.tier == Tier::Marketing;
                (page.number, PageKind { serves: focus::serves(path(&page.address), &page.title), weak })
            })
            .collect();
        Self { passages, folded, kinds, lexical, stated: HashMap::new(), dense: None }
    }

    /// Tells the index which passages state facts: a factor's passages are then also found by the kinds that it sees.
    pub fn with_facts(&mut self, profile: &Profile) {
        for fact in &profile.facts {
            let first = self.passages.partition_point(|p| (p.page, p.range.end) <= (fact.page, fact.range[0]));
            let holds = self.passages.get(first).is_some_and(|p| p.page == fact.page && p.range.start <= fact.range[0]);
            let Some(place) = u32::try_from(first).ok().filter(|_| holds) else { continue };
            let of_kind = self.stated.entry(fact.kind.clone()).or_default();
            if !of_kind.contains(&place) {
                of_kind.push(place);
            }
        }
    }

    /// Embeds every passage and every query of the framework, and keeps the nearest passages of each query.
    ///
    /// # Errors
    /// The model or the vector store fails; the index then stays lexical.
    pub async fn with_dense(
        &mut self,
        check: &str,
        pages: &[Page],
        framework: &Framework,
        embedder: &Endpoint,
        vectors: &mut Vectors,
    ) -> Result<(), DenseError> {
        let texts: Vec<String> = self
            .passages
            .iter()
            .map(|p| {
                let text = pages.iter().find(|page| page.number == p.page).map_or("", |page| &page.text.text[p.range.clone()]);
                format!("{}\n{text}", p.heading)
            })
            .collect();
        vectors.put(check, embedder.embed(texts).await?).await?;
        let queries: BTreeSet<String> = framework
            .factors
            .iter()
            .flat_map(|f| self.queries(framework, f))
            .map(|(_, query)| query)
            .chain(framework.factors.iter().map(|f| f.question.clone()))
            .collect();
        let queries: Vec<String> = queries.into_iter().collect();
        let mut dense = HashMap::new();
        for (query, vector) in queries.iter().zip(embedder.embed(queries.clone()).await?) {
            dense.insert(query.clone(), vectors.search(check, &vector, DEPTH).await?);
        }
        self.dense = Some(dense);
        Ok(())
    }

    /// The queries for a factor in the languages that the passages are in; its question where it has none.
    fn queries(&self, framework: &Framework, factor: &Factor) -> Vec<(String, String)> {
        let mut queries = Vec::new();
        if let Some(by_language) = framework.knowledge.queries.get(&factor.id) {
            for language in self.lexical.languages() {
                for query in by_language.get(language).into_iter().flatten() {
                    queries.push((language.to_owned(), query.clone()));
                }
            }
        }
        if queries.is_empty() {
            queries.push(("en".to_owned(), format!("{} {}", factor.name, factor.question)));
        }
        queries
    }

    /// The `limit` passages that most likely bear on `factor`.
    pub fn retrieve(&self, framework: &Framework, factor: &Factor, limit: usize, ways: &Ways) -> Retrieved {
        let queries = self.queries(framework, factor);
        // Sum of what each query gives, and the best of it.
        let mut score: HashMap<u32, (f64, f64)> = HashMap::new();
        let mut add = |hits: &[(u32, f32)], weight: u32| {
            for (rank, (passage, _)) in hits.iter().enumerate() {
                #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
                let worth = f64::from(weight) / (f64::from(ways.constant) + rank as f64);
                let (sum, best) = score.entry(*passage).or_default();
                *sum += worth;
                *best = best.max(worth);
            }
        };
        for (language, query) in &queries {
            add(&self.lexical.search(language, query, DEPTH), ways.lexical);
        }
        if let Some(dense) = &self.dense {
            for query in queries.iter().map(|(_, q)| q).chain(std::iter::once(&factor.question)) {
                add(dense.get(query).map_or(&[], Vec::as_slice), ways.dense);
            }
        }
        // The first of each kind before the second of any: one sub-processor list does not crowd out the rest.
        let seen = framework.knowledge.sees.get(&factor.id).map_or(&[][..], Vec::as_slice);
        for kind in seen {
            let stated = self.stated.get(kind).map_or(&[][..], Vec::as_slice);
            add(&stated.iter().take(DEPTH).map(|place| (*place, 0.0)).collect::<Vec<_>>(), ways.facts);
        }
        let best = f64::from(ways.best) / 100.0;
        #[expect(clippy::cast_precision_loss, reason = "a handful of queries")]
        let count = queries.len().max(1) as f64;
        let mut ranked: Vec<(u32, f64)> =
            score.into_iter().map(|(place, (sum, top))| (place, sum * (1.0 - best) + top * count.sqrt() * best)).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        self.rerank(framework, factor, &mut ranked, ways);
        Retrieved {
            passages: ranked.into_iter().take(limit).map(|(p, _)| p).collect(),
            queries: queries.into_iter().map(|(_, q)| q).collect(),
        }
    }
}

impl Index {
    /// The first `most` of `places`, each joined with the passages beside it on its page, so that a quote has its
    /// context. What an earlier window holds is not shown twice.
    pub fn windows(&self, places: &[u32], most: usize, ways: &Ways) -> Vec<Passage> {
        let mut windows: Vec<Passage> = Vec::new();
        for place in places {
            if windows.len() >= most {
                break;
            }
            let Some(core) = self.passages.get(*place as usize) else { continue };
            if windows.iter().any(|w| w.page == core.page && w.blocks.start <= core.blocks.start && core.blocks.end <= w.blocks.end) {
                continue;
            }
            let mut window = core.clone();
            // What comes after explains more often than what comes before.
            let (mut first, mut last) = (*place as usize, *place as usize);
            let mut grew = true;
            while grew {
                grew = false;
                for at in [Some(last + 1), first.checked_sub(1)].into_iter().flatten() {
                    let Some(near) = self.passages.get(at).filter(|p| p.page == core.page) else { continue };
                    let (start, end) = (window.range.start.min(near.range.start), window.range.end.max(near.range.end));
                    if end - start <= ways.window {
                        window.range = start..end;
                        window.blocks = window.blocks.start.min(near.blocks.start)..window.blocks.end.max(near.blocks.end);
                        (first, last, grew) = (first.min(at), last.max(at), true);
                    }
                }
            }
            windows.push(window);
        }
        windows
    }

    /// Adds to each passage what its rank by the factor's patterns is worth.
    fn rerank(&self, framework: &Framework, factor: &Factor, ranked: &mut [(u32, f64)], ways: &Ways) {
        let rules: Vec<&Rule> = framework.knowledge.rules.iter().filter(|rule| rule.factor == factor.id).collect();
        let mut order: Vec<(usize, u32)> = ranked
            .iter()
            .take(DEPTH)
            .enumerate()
            .map(|(place, (passage, _))| {
                (place, rules.iter().map(|rule| rule.nearness(&self.folded[*passage as usize])).max().unwrap_or(0))
            })
            .collect();
        order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        for (rank, (place, nearness)) in order.into_iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
            let worth = f64::from(ways.patterns * nearness) / 100.0 / (f64::from(ways.constant) + rank as f64);
            ranked[place].1 += worth;
        }
        for (place, score) in ranked.iter_mut() {
            let Some(kind) = self.kinds.get(&self.passages[*place as usize].page) else { continue };
            let gain = if kind.serves.contains(&factor.id.as_str()) { 100 + ways.topic } else { 100 };
            let left = if kind.weak { ways.weak } else { 100 };
            *score *= f64::from(gain * left) / 10_000.0;
        }
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    }
}

/// Why dense search could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum DenseError {
    /// The embedding model failed.
    #[error("the embedding model failed")]
    Model(#[from] crate::llm::ModelError),
    /// The vector store failed.
    #[error("the vector store failed")]
    Vectors(#[from] VectorError),
}
