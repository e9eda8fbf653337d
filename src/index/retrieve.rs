//! From a factor to the passages that may settle it: queries in several languages, lexical and dense ranks fused.
//!
//! Fusion is by reciprocal rank (Cormack, Clarke, Büttcher, SIGIR 2009) with weights kept as data in `fusion.toml`,
//! which a measurement chose (`sovcheck eval recall`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;

use super::lexical::Lexical;
use super::passage;
use super::vectors::{VectorError, Vectors};
use crate::domain::page::{Page, Passage};
use crate::framework::{Factor, Framework};
use crate::llm::Endpoint;

/// How many ranks of each list count.
const DEPTH: usize = 100;

/// Weights of fusion.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fusion {
    /// Version of these weights.
    pub version: u32,
    /// The constant that ranks are added to.
    pub constant: u32,
    /// Weight of lexical ranks.
    pub lexical: u32,
    /// Weight of dense ranks.
    pub dense: u32,
}

/// The weights that ship with the program.
pub static FUSION: LazyLock<Fusion> =
    LazyLock::new(|| toml::from_str(include_str!("fusion.toml")).unwrap_or(Fusion { version: 0, constant: 30, lexical: 100, dense: 100 }));

/// What was searched for a factor and what came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retrieved {
    /// Places of passages in [`Index::passages`], best first.
    pub passages: Vec<u32>,
    /// The queries that were put.
    pub queries: Vec<String>,
}

/// One check's passages, ready to be searched.
pub struct Index {
    /// All passages in the order of pages.
    pub passages: Vec<Passage>,
    lexical: Lexical,
    /// Vector of each query, if dense search is on.
    dense: Option<HashMap<String, Vec<(u32, f32)>>>,
}

impl Index {
    /// Cuts and indexes pages. Outdated pages are indexed too: they are evidence, of less weight.
    pub fn new(pages: &[Page]) -> Self {
        let by_number: BTreeMap<_, &Page> = pages.iter().map(|p| (p.number, p)).collect();
        let passages: Vec<Passage> = pages.iter().flat_map(passage::passages).collect();
        let lexical = Lexical::new(passages.iter().map(|p| {
            let page = by_number[&p.page];
            // Heading and title say what a passage is about when its own words do not.
            (page.language.as_deref(), format!("{}\n{}\n{}", page.title, p.heading, &page.text.text[p.range.clone()]))
        }));
        Self { passages, lexical, dense: None }
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
    pub fn retrieve(&self, framework: &Framework, factor: &Factor, limit: usize, fusion: &Fusion) -> Retrieved {
        let queries = self.queries(framework, factor);
        let mut score: HashMap<u32, f64> = HashMap::new();
        let mut add = |hits: &[(u32, f32)], weight: u32| {
            for (rank, (passage, _)) in hits.iter().enumerate() {
                #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
                let worth = f64::from(weight) / (f64::from(fusion.constant) + rank as f64);
                *score.entry(*passage).or_default() += worth;
            }
        };
        for (language, query) in &queries {
            add(&self.lexical.search(language, query, DEPTH), fusion.lexical);
        }
        if let Some(dense) = &self.dense {
            for query in queries.iter().map(|(_, q)| q).chain(std::iter::once(&factor.question)) {
                add(dense.get(query).map_or(&[], Vec::as_slice), fusion.dense);
            }
        }
        let mut ranked: Vec<(u32, f64)> = score.into_iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Retrieved {
            passages: ranked.into_iter().take(limit).map(|(p, _)| p).collect(),
            queries: queries.into_iter().map(|(_, q)| q).collect(),
        }
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
