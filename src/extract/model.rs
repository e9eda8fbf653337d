//! Asking a model about one factor: fill the prompt, read the reply, ask once more if it cannot be used.
//!
//! What comes back is candidates; a quote that names no passage, or does not stand in it, is refuted later. The model's
//! own confidence is never asked for.

use std::fmt::Write as _;

use crate::domain::evidence::{Candidate, Claim, Origin};
use crate::domain::page::{Page, Passage};
use crate::framework::{Factor, Framework};
use crate::llm::endpoint::Turn;
use crate::llm::usage::Budget;
use crate::llm::{Endpoint, ModelError, Usage};
use crate::prompt::{EXTRACT, FillError, REPAIR};

use super::reply::{self, Reply, ReplyFault, ReplyState};

/// How often, of a hundred, a model's option is right where its quote stands: a start value until it is fitted.
const MODEL_WEIGHT: u8 = 80;

/// What a model said of a factor.
#[derive(Clone, Debug)]
pub enum Said {
    /// A usable reply.
    Reply {
        /// The reply's state.
        state: ReplyState,
        /// Its claims, unverified.
        candidates: Vec<Candidate>,
        /// Its reason.
        justification: String,
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
pub struct Shown<'a> {
    /// The id that quotes name.
    pub id: String,
    /// The passage.
    pub passage: &'a Passage,
    /// Its page.
    pub page: &'a Page,
}

/// Asks about `factor`.
///
/// # Errors
/// [`AskError`] if asking about another factor would fail in the same way.
pub async fn ask(
    endpoint: &Endpoint,
    budget: &Budget,
    framework: &Framework,
    factor: &Factor,
    service: &str,
    shown: &[Shown<'_>],
) -> Result<(Said, Usage), AskError> {
    let schema = reply::schema(factor);
    let prompt = fill(framework, factor, service, shown, &schema.to_string()).map_err(AskError::Prompt)?;
    let mut usage = Usage::default();
    // About four characters a token, and room for the answer.
    let need = prompt.len() as u64 / 4 + 500;
    if !budget.allows(need) {
        return Ok((Said::OverBudget, usage));
    }
    let first = match endpoint.chat(&[Turn::Ask(&prompt)], &schema).await {
        Ok(completion) => completion,
        Err(error) if error.concerns_one_request() => return Ok((Said::Failed(error.to_string()), usage)),
        Err(error) => return Err(AskError::Endpoint(error)),
    };
    budget.spend(first.usage);
    usage = usage.plus(first.usage);
    let fault = match reply::read(&first.content, first.cut, factor) {
        Ok(reply) => return Ok((said(reply, factor, endpoint.model(), shown), usage)),
        Err(fault) => fault,
    };
    if !budget.allows(need) {
        return Ok((Said::Unusable(fault), usage));
    }
    let again = REPAIR.fill(&[("problem", &fault.to_string())]).map_err(AskError::Prompt)?;
    let second = match endpoint.chat(&[Turn::Ask(&prompt), Turn::Reply(&first.content), Turn::Ask(&again)], &schema).await {
        Ok(completion) => completion,
        Err(error) if error.concerns_one_request() => return Ok((Said::Failed(error.to_string()), usage)),
        Err(error) => return Err(AskError::Endpoint(error)),
    };
    budget.spend(second.usage);
    usage = usage.plus(second.usage);
    match reply::read(&second.content, second.cut, factor) {
        Ok(reply) => Ok((said(reply, factor, endpoint.model(), shown), usage)),
        Err(fault) => Ok((Said::Unusable(fault), usage)),
    }
}

fn said(reply: Reply, factor: &Factor, model: &str, shown: &[Shown<'_>]) -> Said {
    let candidates = reply
        .quotes
        .into_iter()
        .map(|quote| Candidate {
            factor: factor.id.clone(),
            claim: Claim::Shows(if reply.state == ReplyState::Answered { reply.option.unwrap_or(quote.shows) } else { quote.shows }),
            page: shown.iter().find(|s| s.id == quote.passage).map_or(crate::domain::id::PageNumber(0), |s| s.page.number),
            quote: quote.text,
            weight: MODEL_WEIGHT,
            because: reply.justification.clone(),
            origin: Origin::Model { name: model.to_owned(), prompt: EXTRACT.sha256() },
        })
        .collect();
    Said::Reply { state: reply.state, candidates, justification: reply.justification }
}

fn fill(framework: &Framework, factor: &Factor, service: &str, shown: &[Shown<'_>], schema: &str) -> Result<String, FillError> {
    let mut options = String::new();
    for option in factor.choosable() {
        let _ = writeln!(options, "{}. {}: {} (allows {})", option.number, option.label, option.demands, framework.seal_name(option.seal));
    }
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
            // A fence inside the text cannot end the passage.
            s.page.text.text[s.passage.range.clone()].replace("<<<", "‹‹‹").replace(">>>", "›››"),
        );
    }
    EXTRACT.fill(&[
        ("service", service),
        ("factor", factor.id.as_str()),
        ("name", &factor.name),
        ("question", &factor.question),
        ("counts", &factor.counts),
        ("options", options.trim_end()),
        ("not_applicable", &not_applicable),
        ("passages", passages.trim()),
        ("schema", schema),
    ])
}
