//! Asking a model about one factor: fill the prompt, read the reply, ask once more if it cannot be used.
//!
//! What comes back is candidates; a quote that names no passage, or does not stand in it, is refuted later. The model's
//! own confidence is never asked for.

use std::fmt::Write as _;

use serde_json::Value;

use super::mask::Mask;
use super::reply::{self, Reply, ReplyFault, ReplyState};
use crate::domain::evidence::{Candidate, Claim, Origin, Scope};
use crate::domain::id::PageNumber;
use crate::domain::page::{Page, Passage};
use crate::domain::profile::Fact;
use crate::framework::{Factor, Framework};
use crate::llm::endpoint::{Completion, Question, Turn};
use crate::llm::usage::Budget;
use crate::llm::{Endpoint, ModelError, Usage};
use crate::prompt::{EXTRACT, FillError, Prompt, REPAIR};

/// How often, of a hundred, a model's option is right where its quote stands; what this is worth in the end is fitted
/// (see `settle`).
const MODEL_WEIGHT: u8 = 80;
/// The same for a quote that the reply names against its own option.
const COUNTER_WEIGHT: u8 = 30;

/// What a model said of a factor.
#[derive(Clone, Debug)]
pub enum Said {
    /// A usable reply.
    Reply {
        /// The reply's state.
        state: ReplyState,
        /// Its claims, unverified.
        candidates: Vec<Candidate>,
    },
    /// Two replies that could not be used.
    Unusable(ReplyFault),
    /// The budget does not allow asking.
    OverBudget,
    /// This one request failed.
    Failed(String),
}

/// Why no factor can be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The endpoint is at fault.
    #[error("the model cannot be asked")]
    Endpoint(#[source] ModelError),
    /// The prompt and its values do not fit: a fault of this program.
    #[error("the prompt cannot be filled")]
    Prompt(#[source] FillError),
}

/// A passage as it is shown to a model.
#[derive(Clone)]
pub struct Shown<'a> {
    /// The id that quotes name.
    pub id: String,
    /// The passage, with its neighbours.
    pub passage: Passage,
    /// Its page.
    pub page: &'a Page,
}

/// One check's way to its model.
pub struct Asker<'a> {
    /// The endpoint.
    pub endpoint: &'a Endpoint,
    /// What may be spent.
    pub budget: &'a Budget,
    /// The framework.
    pub framework: &'a Framework,
    /// The service's name.
    pub service: &'a str,
    /// Hides the name, where the model is not to know it.
    pub mask: Mask,
}

/// What came of one question.
pub(super) enum Outcome<T> {
    Read(T),
    Unusable(ReplyFault),
    OverBudget,
    Failed(String),
}

impl Asker<'_> {
    /// Asks about `factor`; `sample` counts replies to the same question, from 0.
    ///
    /// # Errors
    /// [`AskError`] if asking about another factor would fail in the same way.
    pub async fn ask(&self, factor: &Factor, shown: &[Shown<'_>], facts: &[&Fact], sample: u8) -> Result<(Said, Usage), AskError> {
        let schema = reply::schema(factor);
        let prompt = self.fill(factor, shown, facts, &schema.to_string()).map_err(AskError::Prompt)?;
        let about = format!("{} {} extract{}", self.service, factor.id, if sample > 0 { format!(" {sample}") } else { String::new() });
        let (outcome, usage) =
            self.question(&about, EXTRACT, &prompt, &schema, sample, |content, cut| reply::read(content, cut, factor)).await?;
        let said = match outcome {
            Outcome::Read(reply) => self.said(reply, factor, shown, facts, sample),
            Outcome::Unusable(fault) => Said::Unusable(fault),
            Outcome::OverBudget => Said::OverBudget,
            Outcome::Failed(why) => Said::Failed(why),
        };
        Ok((said, usage))
    }

    /// Puts one prompt, and once more with what was wrong with the first reply.
    pub(super) async fn question<T>(
        &self,
        about: &str,
        template: Prompt,
        prompt: &str,
        schema: &Value,
        sample: u8,
        read: impl Fn(&str, bool) -> Result<T, ReplyFault>,
    ) -> Result<(Outcome<T>, Usage), AskError> {
        // About four characters a token, and room for the answer.
        let need = prompt.len() as u64 / 4 + 500;
        if !self.budget.allows(need) {
            return Ok((Outcome::OverBudget, Usage::default()));
        }
        let hash = template.sha256();
        let first = match self.put(Question { about, prompt: &hash, turns: &[Turn::Ask(prompt)], schema, sample }).await? {
            Ok(completion) => completion,
            Err(why) => return Ok((Outcome::Failed(why), Usage::default())),
        };
        let fault = match read(&first.content, first.cut) {
            Ok(reply) => return Ok((Outcome::Read(reply), first.usage)),
            Err(fault) => fault,
        };
        if !self.budget.allows(need) {
            return Ok((Outcome::Unusable(fault), first.usage));
        }
        let again = REPAIR.fill(&[("problem", &fault.to_string())]).map_err(AskError::Prompt)?;
        let turns = [Turn::Ask(prompt), Turn::Reply(&first.content), Turn::Ask(&again)];
        let about = format!("{about} again");
        let second = match self.put(Question { about: &about, prompt: &hash, turns: &turns, schema, sample }).await? {
            Ok(completion) => completion,
            Err(why) => return Ok((Outcome::Failed(why), first.usage)),
        };
        let usage = first.usage.plus(second.usage);
        Ok((read(&second.content, second.cut).map_or_else(Outcome::Unusable, Outcome::Read), usage))
    }

    /// One request; an error that concerns it alone is told from one of the endpoint.
    async fn put(&self, question: Question<'_>) -> Result<Result<Completion, String>, AskError> {
        match self.endpoint.chat(question).await {
            Ok(completion) => {
                self.budget.spend(completion.usage);
                Ok(Ok(completion))
            }
            Err(error) if error.concerns_one_request() => Ok(Err(error.to_string())),
            Err(error) => Err(AskError::Endpoint(error)),
        }
    }

    fn said(&self, reply: Reply, factor: &Factor, shown: &[Shown<'_>], facts: &[&Fact], sample: u8) -> Said {
        // A fact's words stand on its page, whether that page is among the passages or not.
        let page_of = |id: &str| {
            let fact = || facts.get(id.strip_prefix('f')?.parse::<usize>().ok()?.checked_sub(1)?).map(|fact| fact.page);
            shown.iter().find(|s| s.id == id).map(|s| s.page.number).or_else(fact).unwrap_or(PageNumber(0))
        };
        let because = match reply.would_change.as_deref().map(str::trim) {
            Some(change) if !change.is_empty() => format!("{} What would change this: {change}", reply.justification.trim()),
            _ => reply.justification.clone(),
        };
        let candidates = reply
            .quotes
            .into_iter()
            .map(|quote| Candidate {
                factor: factor.id.clone(),
                claim: Claim::Shows(quote.shows),
                page: page_of(&quote.passage),
                quote: self.mask.show(&quote.text),
                // A quote that the reply itself sets against its answer is a doubt, not a second answer.
                weight: if reply.option.is_none_or(|option| option == quote.shows) { MODEL_WEIGHT } else { COUNTER_WEIGHT },
                because: self.mask.show(&because),
                origin: Origin::Model { name: self.endpoint.model().to_owned(), prompt: EXTRACT.sha256(), sample },
                support: None,
                scope: Scope {
                    entity: quote.entity.map(|words| self.mask.show(&words)),
                    offer: quote.offer.map(|words| self.mask.show(&words)),
                    region: quote.region,
                },
            })
            .collect();
        Said::Reply { state: reply.state, candidates }
    }

    fn fill(&self, factor: &Factor, shown: &[Shown<'_>], facts: &[&Fact], schema: &str) -> Result<String, FillError> {
        let options = options(self.framework, factor);
        let not_applicable =
            factor.not_applicable.as_ref().map_or(String::new(), |rule| format!("State \"not_applicable\" is allowed: {}", rule.when));
        let mut passages = String::new();
        for s in shown {
            let outdated = if s.page.outdated { ", outdated" } else { "" };
            let _ = writeln!(
                passages,
                "\n[{}] {} | {} ({}{outdated}) | {}\n<<<\n{}\n>>>",
                s.id,
                s.page.address,
                s.page.title,
                s.page.tier.name(),
                s.passage.heading,
                fenced(&s.page.text.text[s.passage.range.clone()]),
            );
        }
        let mut known = String::new();
        for (i, fact) in facts.iter().enumerate() {
            let outdated = if fact.outdated { ", outdated" } else { "" };
            let _ = writeln!(known, "[f{}] {} ({}{outdated}) <<<{}>>>", i + 1, fact.reads(), fact.tier.name(), fenced(&fact.quote));
        }
        if known.is_empty() {
            known.push_str("nothing");
        }
        EXTRACT.fill(&[
            ("service", &self.mask.hide(self.service)),
            ("factor", factor.id.as_str()),
            ("name", &factor.name),
            ("question", &factor.question),
            ("counts", &factor.counts),
            ("options", options.trim_end()),
            ("not_applicable", &not_applicable),
            ("profile", &self.mask.hide(known.trim_end())),
            ("passages", &self.mask.hide(passages.trim())),
            ("schema", schema),
        ])
    }
}

/// The options of a factor, a line each, lowest first.
pub(super) fn options(framework: &Framework, factor: &Factor) -> String {
    let mut options = String::new();
    for option in factor.choosable() {
        let _ = writeln!(options, "{}. {}: {} (allows {})", option.number, option.label, option.demands, framework.seal_name(option.seal));
    }
    options
}

/// A fence inside the text cannot end the passage.
pub(super) fn fenced(text: &str) -> String {
    text.replace("<<<", "‹‹‹").replace(">>>", "›››")
}
