//! The second stage: each factor from its passages to a settled answer, stored as soon as it is known; then, where the
//! operator allows it, another sample for the answers on which most depends.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::StreamExt;

use super::reading::{Reading, Reply, Shelf};
use super::request::VectorsAt;
use super::result::responses;
use super::{Event, PipelineError, Run};
use crate::clock;
use crate::domain::answer::{Answer, State, Voice};
use crate::domain::profile::Profile;
use crate::extract::mask::Mask;
use crate::extract::model::{AskError, Asker, Said};
use crate::extract::rules::Matches;
use crate::framework::Factor;
use crate::index::retrieve::{DenseError, Index, Retrieved, WAYS};
use crate::index::vectors::local::Local;
use crate::index::vectors::qdrant::Qdrant;
use crate::index::vectors::{VectorError, Vectors};
use crate::llm::usage::Budget;
use crate::llm::{Endpoint, Usage};
use crate::profile;
use crate::score::score;
use crate::store::Settled;

/// Passages that the rules read of each factor.
pub const FOR_RULES: usize = 60;
/// Failures of the endpoint in a row after which it is not asked again.
const GIVE_UP_AFTER: usize = 3;
/// Answers less sure than this are worth another sample, in millionths.
const DOUBTFUL: u32 = 700_000;
/// Name of the collections on a Qdrant server.
const COLLECTION: &str = "sovcheck";

impl Run<'_> {
    /// Answers every factor that has no answer yet. Gives the facts that it found, if there was something to do.
    pub(super) async fn extract(&mut self) -> Result<Option<Profile>, PipelineError> {
        let framework = &self.request.framework;
        let shelf = Shelf::new(self.store.pages(self.id).await.map_err(PipelineError::Store)?, framework);
        let before = self.store.answers(self.id).await.map_err(PipelineError::Store)?;
        let known: HashSet<_> = before.iter().map(|s| s.answer.factor.clone()).collect();
        let spent = before.iter().fold(Usage::default(), |sum, s| sum.plus(s.usage));
        let open: Vec<&Factor> = framework.factors.iter().filter(|f| !known.contains(&f.id)).collect();
        if open.is_empty() && self.request.model.as_ref().is_none_or(|m| m.extra_samples == 0) {
            return Ok(None);
        }
        let mut done = before.len();
        let mut index = Index::new(&shelf.pages);
        let profile = profile::find(&shelf.pages, &self.request.patterns, &framework.knowledge.never);
        index.with_facts(&profile);
        self.embed(&mut index, &shelf).await?;
        (self.on)(Event::Indexed { passages: index.passages.len() });
        let retrieved: HashMap<&str, Retrieved> =
            framework.factors.iter().map(|f| (f.id.as_str(), index.retrieve(framework, f, FOR_RULES, &WAYS))).collect();
        let passages =
            |factor: &Factor| retrieved[factor.id.as_str()].passages.iter().map(|p| &index.passages[*p as usize]).collect::<Vec<_>>();
        let matches = Matches::find(framework, &shelf.pages, passages);
        let on = shelf.pages.first().map_or_else(String::new, |page| clock::rfc3339(page.read_at_ms).chars().take(10).collect());
        let reading = Reading { framework, shelf: &shelf, index: &index, retrieved: &retrieved, matches: &matches, profile: &profile, on };

        let Some(use_of) = &self.request.model else {
            for factor in open {
                let settled = reading.settle(factor, None);
                self.keep(settled, false, &mut done).await?;
            }
            return Ok(Some(profile));
        };
        let endpoint = Endpoint::new(use_of.endpoint.clone()).map_err(PipelineError::Model)?;
        let budget = Budget::new(use_of.budget, spent.tokens_in + spent.tokens_out);
        let service = self.request.service.as_str();
        let mask = if use_of.blind { Mask::of(service) } else { Mask::default() };
        let asker = Asker { endpoint: &endpoint, budget: &budget, framework, service, mask };
        self.ask(&reading, &asker, open.into_iter().map(|factor| (factor, None)).collect(), &mut done).await?;
        self.sample(&reading, &asker, &mut done).await?;
        Ok(Some(profile))
    }

    /// Asks about factors, several at once, and keeps each answer as it comes. An answer that is given stands for what a
    /// sample before has found.
    async fn ask(
        &mut self,
        reading: &Reading<'_>,
        asker: &Asker<'_>,
        open: Vec<(&Factor, Option<Settled>)>,
        done: &mut usize,
    ) -> Result<(), PipelineError> {
        let Some(use_of) = &self.request.model else { return Ok(()) };
        // An endpoint that fails for factor after factor is not asked again: each try costs its whole timeout.
        let failures = &AtomicUsize::new(0);
        let mut asked = futures::stream::iter(open.into_iter().map(|(factor, before)| async move {
            let again = before.is_some();
            if failures.load(Ordering::Relaxed) >= GIVE_UP_AFTER {
                let said = Said::Failed("the endpoint failed before and was not asked again".to_owned());
                return (factor, again, Ok(Reply { said, usage: Usage::default(), before, verdicts: Vec::new(), ranked: Vec::new() }));
            }
            let reply = reading.ask(asker, factor, before, use_of).await;
            match &reply {
                Err(_) => failures.fetch_add(1, Ordering::Relaxed),
                Ok(_) => failures.swap(0, Ordering::Relaxed),
            };
            (factor, again, reply)
        }))
        .buffer_unordered(use_of.at_once.max(1));
        let mut warned = false;
        while let Some((factor, again, reply)) = asked.next().await {
            let reply = match reply {
                Ok(reply) => reply,
                Err(AskError::Endpoint(error)) => {
                    if !warned {
                        (self.on)(Event::Warning(crate::chain(&error)));
                    }
                    warned = true;
                    if again {
                        continue; // The answer that is there stands.
                    }
                    Reply {
                        said: Said::Failed(crate::chain(&error)),
                        usage: Usage::default(),
                        before: None,
                        verdicts: Vec::new(),
                        ranked: Vec::new(),
                    }
                }
                Err(error @ AskError::Prompt(_)) => return Err(PipelineError::Inconsistent(crate::chain(&error))),
            };
            let settled = reading.settle(factor, Some(reply));
            self.keep(settled, again, done).await?;
        }
        Ok(())
    }

    /// Asks once more where it pays: for the factors whose error would change the level, and for doubtful answers, as
    /// far as the operator allows.
    async fn sample(&mut self, reading: &Reading<'_>, asker: &Asker<'_>, done: &mut usize) -> Result<(), PipelineError> {
        let most = self.request.model.as_ref().map_or(0, |m| m.extra_samples);
        if most == 0 {
            return Ok(());
        }
        let stored = self.store.answers(self.id).await.map_err(PipelineError::Store)?;
        let gone: usize = stored.iter().map(|s| s.answer.receipt.samples.saturating_sub(1) as usize).sum();
        let answers: Vec<Answer> = stored.iter().map(|s| s.answer.clone()).collect();
        let card = score(&self.request.framework, &responses(&answers), &self.request.profile).map_err(PipelineError::Score)?;
        let flips: Vec<_> = card.flips.iter().map(|flip| flip.factor.clone()).collect();
        let place = |answer: &Answer| flips.iter().position(|id| *id == answer.factor);
        let mut worth: Vec<&Settled> = stored
            .iter()
            .filter(|s| s.answer.receipt.samples == 1 && matches!(s.answer.state, State::Answered | State::Contradicted))
            .filter(|s| s.answer.voice != Voice::Rules)
            .filter(|s| place(&s.answer).is_some() || s.answer.confidence().is_none_or(|sure| sure < DOUBTFUL))
            .collect();
        worth.sort_by_key(|s| (place(&s.answer).unwrap_or(usize::MAX), s.answer.confidence(), s.answer.factor.clone()));
        let chosen: Vec<(&Factor, Option<Settled>)> = worth
            .into_iter()
            .take(most.saturating_sub(gone))
            .filter_map(|s| Some((self.request.framework.factor(&s.answer.factor)?, Some(s.clone()))))
            .collect();
        self.ask(reading, asker, chosen, done).await
    }

    async fn keep(&mut self, settled: Settled, again: bool, done: &mut usize) -> Result<(), PipelineError> {
        let of = self.request.framework.factors.len();
        if again {
            self.store.replace_answer(self.id, &settled).await.map_err(PipelineError::Store)?;
        } else {
            self.store.keep_answer(self.id, &settled).await.map_err(PipelineError::Store)?;
            *done += 1;
        }
        (self.on)(Event::Factor { answer: &settled.answer, done: *done, of });
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
