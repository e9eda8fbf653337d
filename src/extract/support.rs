//! A second look: does a quote, read by itself, support the option that it was quoted for, as against its neighbours?
//!
//! With a model a separate question is put, which sees the quotes and the options and not the first answer's reasons.
//! Without one the factor's rules look as far as they can. Neither may add evidence.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};

use super::model::{AskError, Asker, Outcome, fenced, options};
use super::reply::{self, ReplyFault};
use crate::domain::evidence::{Claim, Finding, Support};
use crate::domain::quote::fold;
use crate::framework::{Factor, Framework};
use crate::llm::Usage;
use crate::prompt::SUPPORT;

/// Who takes the second look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecondLook {
    /// Nobody.
    Off,
    /// The factor's rules.
    Rules,
    /// The model.
    #[default]
    Model,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdicts {
    verdicts: Vec<Verdict>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    quote: usize,
    support: Support,
    #[serde(rename = "why")]
    _why: String,
}

fn schema(quotes: usize) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["verdicts"],
        "properties": {
            "verdicts": {
                "type": "array",
                "maxItems": quotes,
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["quote", "support", "why"],
                    "properties": {
                        "quote": { "type": "integer", "minimum": 1, "maximum": quotes },
                        "support": { "enum": ["full", "partial", "none"] },
                        "why": { "type": "string", "maxLength": 300 },
                    },
                },
            },
        },
    })
}

impl Asker<'_> {
    /// What the model finds of each finding: one verdict each, `None` where it gave none.
    ///
    /// `findings` come with the words around them, for context, and the page's title and tier.
    ///
    /// # Errors
    /// [`AskError`] if asking about another factor would fail in the same way.
    pub async fn supports(&self, factor: &Factor, findings: &[(&Finding, String)]) -> Result<(Vec<Option<Support>>, Usage), AskError> {
        let mut verdicts = vec![None; findings.len()];
        let mut quotes = String::new();
        for (i, (finding, around)) in findings.iter().enumerate() {
            let (Claim::Shows(option) | Claim::Limits(option)) = finding.claim();
            let _ = writeln!(
                quotes,
                "\nQuote {} ({}) is quoted for option {option}:\n<<<\n{}\n>>>\nIt stands in:\n<<<\n{}\n>>>",
                i + 1,
                finding.tier().name(),
                fenced(finding.quote()),
                fenced(around),
            );
        }
        let schema = schema(findings.len());
        let prompt = SUPPORT
            .fill(&[
                ("service", &self.mask.hide(self.service)),
                ("factor", factor.id.as_str()),
                ("name", &factor.name),
                ("question", &factor.question),
                ("counts", &factor.counts),
                ("options", options(self.framework, factor).trim_end()),
                ("quotes", &self.mask.hide(quotes.trim())),
                ("schema", &schema.to_string()),
            ])
            .map_err(AskError::Prompt)?;
        let about = format!("{} {} support", self.service, factor.id);
        let read = |content: &str, cut: bool| -> Result<Verdicts, ReplyFault> { reply::object(content, cut) };
        let (outcome, usage) = self.question(&about, SUPPORT, &prompt, &schema, 0, read).await?;
        // A look that could not be taken changes nothing.
        if let Outcome::Read(read) = outcome {
            for verdict in read.verdicts {
                if let Some(slot) = verdict.quote.checked_sub(1).and_then(|i| verdicts.get_mut(i)) {
                    *slot = Some(verdict.support);
                }
            }
        }
        Ok((verdicts, usage))
    }
}

/// What the factor's rules find of a quote: one that a rule would quote for the same option supports it; one that rules
/// would quote for other options alone leaves it open. Of other words they know nothing.
pub fn by_rules(framework: &Framework, finding: &Finding) -> Option<Support> {
    let words = fold(finding.quote());
    let says: Vec<Claim> = framework
        .knowledge
        .rules
        .iter()
        .filter(|rule| rule.factor == *finding.factor() && rule.matches(&words))
        .filter_map(|rule| rule.claim)
        .collect();
    match says.len() {
        0 if framework.knowledge.never.iter().any(|never| never.voids(finding.factor().as_str(), &words)) => Some(Support::Partial),
        0 => None,
        _ if says.contains(&finding.claim()) => Some(Support::Full),
        _ => Some(Support::Partial),
    }
}
