//! The second stage: each factor from its passages to a settled answer, stored as soon as it is known.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::StreamExt;

use super::request::VectorsAt;
use super::{Event, PipelineError, Run};
use crate::domain::answer::Receipt;
use crate::domain::evidence::{Candidate, Fault, Finding, Refuted};
use crate::domain::id::PageNumber;
use crate::domain::page::Page;
use crate::domain::quote::Searchable;
use crate::extract::model::{self, AskError, Said, Shown};
use crate::extract::reply::ReplyState;
use crate::extract::rules::Matches;
use crate::framework::{Factor, Framework};
use crate::index::retrieve::{DenseError, FUSION, Index, Retrieved};
use crate::index::vectors::local::Local;
use crate::index::vectors::qdrant::Qdrant;
use crate::index::vectors::{VectorError, Vectors};
use crate::llm::usage::Budget;
use crate::llm::{Endpoint, Usage};
use crate::settle::{Context, settle};
use crate::store::Settled;

/// Passages that the rules read of each factor.
pub const FOR_RULES: usize = 60;
/// Passages that a model reads of each factor.
pub const FOR_MODEL: usize = 8;
/// Failures of the endpoint in a row after which it is not asked again.
const GIVE_UP_AFTER: usize = 3;
/// Name of the collections on a Qdrant server.
const COLLECTION: &str = "sovcheck";

/// Stored pages with their texts made ready, so that each is folded once.
pub(crate) struct Shelf {
    pub(crate) pages: Vec<Page>,
    texts: HashMap<PageNumber, (usize, Searchable)>,
}

impl Shelf {
    pub(crate) fn new(pages: Vec<Page>) -> Self {
        let texts = pages.iter().enumerate().map(|(i, page)| (page.number, (i, Searchable::new(&page.text)))).collect();
        Self { pages, texts }
    }

    /// The page that is meant, verified against: the one door.
    pub(crate) fn verify(&self, candidate: Candidate) -> Result<Finding, Refuted> {
        match self.texts.get(&candidate.page) {
            Some((i, text)) => candidate.verify(&self.pages[*i], text),
            None => Err(candidate.refuted(Fault::NoSuchPage)),
        }
    }

    fn page(&self, number: PageNumber) -> Option<&Page> {
        self.texts.get(&number).map(|(i, _)| &self.pages[*i])
    }
}

impl Run<'_> {
    /// Answers every factor that has no answer yet.
    pub(super) async fn extract(&mut self) -> Result<(), PipelineError> {
        let framework = &self.request.framework;
        let shelf = Shelf::new(self.store.pages(self.id).await.map_err(PipelineError::Store)?);
        let before = self.store.answers(self.id).await.map_err(PipelineError::Store)?;
        let known: HashSet<_> = before.iter().map(|s| s.answer.factor.clone()).collect();
        let spent = before.iter().fold(Usage::default(), |sum, s| sum.plus(s.usage));
        let open: Vec<&Factor> = framework.factors.iter().filter(|f| !known.contains(&f.id)).collect();
        if open.is_empty() {
            return Ok(());
        }
        let mut done = before.len();
        let mut index = Index::new(&shelf.pages);
        self.embed(&mut index, &shelf).await?;
        (self.on)(Event::Indexed { passages: index.passages.len() });
        let retrieved: HashMap<&str, Retrieved> =
            framework.factors.iter().map(|f| (f.id.as_str(), index.retrieve(framework, f, FOR_RULES, &FUSION))).collect();
        let passages =
            |factor: &Factor| retrieved[factor.id.as_str()].passages.iter().map(|p| &index.passages[*p as usize]).collect::<Vec<_>>();
        let matches = Matches::find(framework, &shelf.pages, passages);
        let reading = Reading { framework, shelf: &shelf, index: &index, retrieved: &retrieved, matches: &matches };

        let Some(use_of) = &self.request.model else {
            for factor in open {
                let settled = reading.settle(factor, None, Usage::default());
                self.keep(settled, &mut done).await?;
            }
            return Ok(());
        };
        let endpoint = Endpoint::new(use_of.endpoint.clone()).map_err(PipelineError::Model)?;
        let budget = Budget::new(use_of.budget, spent.tokens_in + spent.tokens_out);
        let service = self.request.service.as_str();
        let (reading, endpoint, budget) = (&reading, &endpoint, &budget);
        // An endpoint that fails for factor after factor is not asked again: each try costs its whole timeout.
        let failures = &AtomicUsize::new(0);
        let mut asked = futures::stream::iter(open.into_iter().map(|factor| async move {
            if failures.load(Ordering::Relaxed) >= GIVE_UP_AFTER {
                return (factor, Ok((Said::Failed("the endpoint failed before and was not asked again".to_owned()), Usage::default())));
            }
            let shown = reading.shown(factor);
            let reply = model::ask(endpoint, budget, framework, factor, service, &shown).await;
            match &reply {
                Err(_) => failures.fetch_add(1, Ordering::Relaxed),
                Ok(_) => failures.swap(0, Ordering::Relaxed),
            };
            (factor, reply)
        }))
        .buffer_unordered(use_of.at_once.max(1));
        let mut warned = false;
        while let Some((factor, reply)) = asked.next().await {
            let (said, usage) = match reply {
                Ok((said, usage)) => (said, usage),
                Err(AskError::Endpoint(error)) => {
                    if !warned {
                        (self.on)(Event::Warning(crate::chain(&error)));
                    }
                    warned = true;
                    (Said::Failed(crate::chain(&error)), Usage::default())
                }
                Err(error @ AskError::Prompt(_)) => return Err(PipelineError::Inconsistent(crate::chain(&error))),
            };
            let settled = reading.settle(factor, Some(said), usage);
            self.keep(settled, &mut done).await?;
        }
        Ok(())
    }

    async fn keep(&mut self, settled: Settled, done: &mut usize) -> Result<(), PipelineError> {
        self.store.keep_answer(self.id, &settled).await.map_err(PipelineError::Store)?;
        *done += 1;
        (self.on)(Event::Factor { answer: &settled.answer, done: *done, of: self.request.framework.factors.len() });
        Ok(())
    }

    async fn embed(&mut self, index: &mut Index, shelf: &Shelf) -> Result<(), PipelineError> {
        let Some(settings) = &self.request.embedding else { return Ok(()) };
        let endpoint = Endpoint::new(settings.clone()).map_err(PipelineError::Model)?;
        let server = |source: VectorError| PipelineError::Dense(DenseError::Vectors(source));
        let mut vectors = match &self.request.vectors {
            VectorsAt::Local => Vectors::Local(Local::default()),
            VectorsAt::Qdrant { url, key } => Vectors::Qdrant(Box::new(Qdrant::connect(url, key.as_deref(), COLLECTION).map_err(server)?)),
        };
        let check = self.id.to_string();
        match index.with_dense(&check, &shelf.pages, &self.request.framework, &endpoint, &mut vectors).await {
            Ok(()) => Ok(()),
            // Lexical search answers without it; what is lost is said.
            Err(error) => {
                (self.on)(Event::Warning(format!("dense search is left out: {}", crate::chain(&error))));
                Ok(())
            }
        }
    }
}

/// All that is needed to answer a factor.
struct Reading<'a> {
    framework: &'a Framework,
    shelf: &'a Shelf,
    index: &'a Index,
    retrieved: &'a HashMap<&'a str, Retrieved>,
    matches: &'a Matches,
}

impl Reading<'_> {
    fn shown(&self, factor: &Factor) -> Vec<Shown<'_>> {
        self.retrieved[factor.id.as_str()]
            .passages
            .iter()
            .take(FOR_MODEL)
            .filter_map(|place| {
                let passage = &self.index.passages[*place as usize];
                Some(Shown { id: format!("{}.{place}", passage.page), passage, page: self.shelf.page(passage.page)? })
            })
            .collect()
    }

    fn settle(&self, factor: &Factor, said: Option<Said>, usage: Usage) -> Settled {
        let retrieved = &self.retrieved[factor.id.as_str()];
        let mut candidates = self.matches.candidates(self.framework, factor);
        let lacks_subject = self.framework.knowledge.subjects.get(&factor.id).is_some_and(|rules| !self.matches.any(rules));
        let mut context = if lacks_subject && !self.shelf.pages.is_empty() { Context::NotApplicable } else { Context::Findings };
        let failure;
        match said {
            None => {}
            Some(Said::Reply { state, candidates: claims, .. }) => {
                candidates.extend(claims);
                context = match state {
                    ReplyState::Contradicted => Context::Contradicted,
                    ReplyState::NotApplicable => Context::NotApplicable,
                    ReplyState::Answered | ReplyState::NotFound => Context::Findings,
                };
            }
            Some(Said::Unusable(fault)) => {
                failure = format!("The model's reply could not be used, and neither could the second: {fault}.");
                context = Context::Failed(&failure);
            }
            Some(Said::OverBudget) => context = Context::Failed("The token budget was spent before this factor."),
            Some(Said::Failed(why)) => {
                failure = format!("The model could not be asked: {why}.");
                context = Context::Failed(&failure);
            }
        }
        let mut refuted = 0;
        let findings: Vec<Finding> = candidates
            .into_iter()
            .filter_map(|candidate| {
                let factor = candidate.factor.clone();
                match self.shelf.verify(candidate) {
                    Ok(finding) => Some(finding),
                    Err(refusal) => {
                        tracing::debug!(factor.id = %factor, fault = %refusal.fault, "a quote was refuted");
                        refuted += 1;
                        None
                    }
                }
            })
            .collect();
        let pages: HashSet<PageNumber> = retrieved.passages.iter().map(|p| self.index.passages[*p as usize].page).collect();
        let receipt = Receipt {
            queries: retrieved.queries.clone(),
            passages: u32::try_from(retrieved.passages.len()).unwrap_or(u32::MAX),
            pages: u32::try_from(pages.len()).unwrap_or(u32::MAX),
            refuted,
        };
        let answer = settle(factor, &findings, context, receipt);
        Settled { answer, claims: findings.iter().map(Finding::claim_made).collect(), usage }
    }
}
