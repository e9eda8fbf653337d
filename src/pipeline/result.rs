//! A finished check read back from the store: everything a report needs, verified and scored anew.

use std::collections::BTreeMap;

use super::PipelineError;
use super::reading::Shelf;
use super::request::Request;
use crate::domain::answer::{Answer, State};
use crate::domain::evidence::Finding;
use crate::domain::id::CheckId;
use crate::domain::page::{Page, SiteHost, Unread};
use crate::domain::profile::Profile;
use crate::llm::Usage;
use crate::profile;
use crate::score::{Response, Responses, Scorecard, score};
use crate::store::{Check, Store};

/// A finished check.
#[derive(Debug)]
pub struct Assessment {
    /// The check's id.
    pub id: CheckId,
    /// What was asked.
    pub check: Check,
    /// The pages that were read.
    pub pages: Vec<Page>,
    /// What was not read.
    pub unread: Vec<Unread>,
    /// The hosts that were met.
    pub hosts: Vec<SiteHost>,
    /// One answer a factor, in the framework's order; findings are places in `findings`.
    pub answers: Vec<Answer>,
    /// All evidence.
    pub findings: Vec<Finding>,
    /// Facts that many factors share.
    pub profile: Profile,
    /// What models cost.
    pub usage: Usage,
    /// The result.
    pub scorecard: Scorecard,
}

impl Assessment {
    /// Reads a check back, verifies every claim against its stored page, and scores it. `profile` is what the extraction found,
    /// if it has just run.
    ///
    /// # Errors
    /// The store fails, or a stored claim no longer stands on its page.
    pub async fn of(store: &Store, request: &Request, id: CheckId, check: Check, profile: Option<Profile>) -> Result<Self, PipelineError> {
        let shelf = Shelf::new(store.pages(id).await.map_err(PipelineError::Store)?, &request.framework);
        let mut unread = store.unread(id).await.map_err(PipelineError::Store)?;
        // What failed before a stop may have been read after it.
        unread.retain(|u| shelf.pages.iter().all(|page| page.address != u.address));
        let mut stored: BTreeMap<_, _> =
            store.answers(id).await.map_err(PipelineError::Store)?.into_iter().map(|s| (s.answer.factor.clone(), s)).collect();
        let (mut answers, mut findings, mut usage) = (Vec::new(), Vec::new(), Usage::default());
        for factor in &request.framework.factors {
            let Some(mut settled) = stored.remove(&factor.id) else {
                return Err(PipelineError::Inconsistent(format!("factor {} has no answer", factor.id)));
            };
            let first = findings.len();
            for claim in settled.claims {
                findings.push(shelf.verify(claim).map_err(|refuted| PipelineError::Inconsistent(crate::chain(&refuted)))?);
            }
            settled.answer.findings.iter_mut().for_each(|place| *place += first);
            answers.push(settled.answer);
            usage = usage.plus(settled.usage);
        }
        let hosts = store.hosts(id).await.map_err(PipelineError::Store)?;
        let scorecard = score(&request.framework, &responses(&answers), &request.profile).map_err(PipelineError::Score)?;
        let profile = profile.unwrap_or_else(|| profile::find(&shelf.pages, &request.patterns, &request.framework.knowledge.never));
        Ok(Self { id, check, profile, pages: shelf.pages, unread, hosts, answers, findings, usage, scorecard })
    }
}

/// What the scorer is told of answers.
pub fn responses(answers: &[Answer]) -> Responses {
    answers
        .iter()
        .filter_map(|answer| {
            let option = answer.option?;
            let probabilities = match answer.state {
                State::Answered => answer.probabilities.clone(),
                State::NotApplicable => Vec::new(),
                State::Contradicted | State::NotFound | State::Failed => return None,
            };
            Some((answer.factor.clone(), Response { option, probabilities }))
        })
        .collect()
}
