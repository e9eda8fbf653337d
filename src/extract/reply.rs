//! What a model replies, read strictly: unknown fields, options that do not exist and answers without quotes are faults.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::framework::Factor;

/// A reply that holds to the form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// What the model says it knows.
    pub state: ReplyState,
    /// The option, for `answered`.
    pub option: Option<u8>,
    /// Words that decide.
    pub quotes: Vec<ReplyQuote>,
    /// Why these words show this option and not its neighbours.
    pub justification: String,
    /// Which words, were they there, would lead to another option.
    #[serde(default)]
    pub would_change: Option<String>,
}

/// See [`Reply::state`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplyState {
    /// An option is shown.
    Answered,
    /// Sources contradict each other.
    Contradicted,
    /// The passages do not settle it.
    NotFound,
    /// The framework's convention applies.
    NotApplicable,
}

/// Words with the passage that they stand in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyQuote {
    /// The passage's id as it was given.
    pub passage: String,
    /// The words.
    pub text: String,
    /// The option that these words show: differs between quotes only in a contradiction.
    pub shows: u8,
    /// The legal entity that the words speak of, where they name one.
    #[serde(default)]
    pub entity: Option<String>,
    /// The offer that they speak of, where they name one.
    #[serde(default)]
    pub offer: Option<String>,
    /// The region that they speak of, where they name one.
    #[serde(default)]
    pub region: Option<String>,
}

/// Why a reply cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyFault {
    /// Cut off at the model's limit.
    #[error("it was cut off before its end")]
    Cut,
    /// Not the JSON that was asked for.
    #[error("it is not the JSON object that was asked for ({0})")]
    Form(String),
    /// An option that the factor does not have.
    #[error("option {0} does not exist; options are {1}")]
    Option(u8, String),
    /// An answer without an option, or without a quote.
    #[error("state \"{0}\" needs {1}")]
    Incomplete(&'static str, &'static str),
    /// The framework has no convention for this.
    #[error("\"not_applicable\" is not allowed for this factor")]
    NotApplicable,
}

/// Reads a reply. A fenced block around the object is forgiven, nothing else.
///
/// # Errors
/// [`ReplyFault`], in words that a model can act on.
pub fn read(content: &str, cut: bool, factor: &Factor) -> Result<Reply, ReplyFault> {
    let reply: Reply = object(content, cut)?;
    let allowed: Vec<u8> = factor.choosable().map(|o| o.number).collect();
    let known = || allowed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    for option in reply.option.into_iter().chain(reply.quotes.iter().map(|q| q.shows)) {
        let stated = reply.state != ReplyState::NotFound && reply.state != ReplyState::NotApplicable;
        if stated && !allowed.contains(&option) {
            return Err(ReplyFault::Option(option, known()));
        }
    }
    match reply.state {
        ReplyState::Answered if reply.option.is_none() => Err(ReplyFault::Incomplete("answered", "an option")),
        ReplyState::Answered if reply.quotes.is_empty() => Err(ReplyFault::Incomplete("answered", "at least one quote")),
        ReplyState::Contradicted if reply.quotes.len() < 2 => Err(ReplyFault::Incomplete("contradicted", "two quotes")),
        ReplyState::NotApplicable if factor.not_applicable.is_none() => Err(ReplyFault::NotApplicable),
        _ => Ok(reply),
    }
}

/// The one JSON object of a reply.
pub(super) fn object<T: serde::de::DeserializeOwned>(content: &str, cut: bool) -> Result<T, ReplyFault> {
    if cut {
        return Err(ReplyFault::Cut);
    }
    let body = content.trim();
    let body = body.strip_prefix("```json").or_else(|| body.strip_prefix("```")).unwrap_or(body);
    let body = body.strip_suffix("```").unwrap_or(body).trim();
    serde_json::from_str(body).map_err(|error| ReplyFault::Form(error.to_string()))
}

/// The schema of a reply for `factor`, in the subset that servers enforce.
pub fn schema(factor: &Factor) -> Value {
    let options: Vec<u8> = factor.choosable().map(|o| o.number).collect();
    let mut states = vec!["answered", "contradicted", "not_found"];
    if factor.not_applicable.is_some() {
        states.push("not_applicable");
    }
    let mut or_null: Vec<Value> = options.iter().map(|o| json!(o)).collect();
    or_null.push(Value::Null);
    let named = json!({ "type": ["string", "null"], "maxLength": 80 });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["state", "option", "quotes", "justification", "would_change"],
        "properties": {
            "state": { "enum": states },
            "option": { "enum": or_null },
            "quotes": {
                "type": "array",
                "maxItems": 6,
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["passage", "text", "shows", "entity", "offer", "region"],
                    "properties": {
                        "passage": { "type": "string", "maxLength": 20 },
                        "text": { "type": "string", "maxLength": 1200 },
                        "shows": { "enum": options },
                        "entity": named,
                        "offer": named,
                        "region": named,
                    },
                },
            },
            "justification": { "type": "string", "maxLength": 600 },
            "would_change": { "type": ["string", "null"], "maxLength": 300 },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::load::embedded;

    #[test]
    fn only_the_form_that_was_asked_for_is_read() {
        let framework = embedded().expect("the edition loads");
        let factor = framework.factor(&"SOV-2.1".into()).expect("a factor");
        let good =
            r#"{"state":"answered","option":3,"quotes":[{"passage":"p1.1","text":"French law applies.","shows":3}],"justification":"x"}"#;
        assert!(read(good, false, factor).is_ok());
        assert!(read(&format!("```json\n{good}\n```"), false, factor).is_ok());
        assert!(read(r#"{"state":"not_found","option":null,"quotes":[],"justification":""}"#, false, factor).is_ok());
        let bad = [
            ("<html><body>502</body></html>", "JSON"),
            ("The law is French.", "JSON"),
            (&good[..40], "JSON"),
            (
                r#"{"state":"answered","option":9,"quotes":[{"passage":"p1.1","text":"x","shows":3}],"justification":""}"#,
                "option 9 does not exist",
            ),
            (r#"{"state":"answered","option":3,"quotes":[],"justification":""}"#, "at least one quote"),
            (r#"{"state":"answered","option":null,"quotes":[],"justification":""}"#, "an option"),
            (r#"{"state":"not_applicable","option":null,"quotes":[],"justification":""}"#, "not allowed"),
            (r#"{"state":"sure","option":3,"quotes":[],"justification":""}"#, "JSON"),
            (r#"{"state":"not_found","option":null,"quotes":[],"justification":"","confidence":1}"#, "unknown field"),
        ];
        for (content, says) in bad {
            let fault = read(content, false, factor).expect_err(content).to_string();
            assert!(fault.contains(says), "{content}: {fault}");
        }
        assert_eq!(read(good, true, factor), Err(ReplyFault::Cut));
    }

    #[test]
    fn the_schema_offers_only_options_that_can_be_chosen() {
        let framework = embedded().expect("the edition loads");
        let factor = framework.factor(&"SOV-8.2".into()).expect("a factor");
        assert_eq!(schema(factor)["properties"]["option"]["enum"], json!([1, 3, 4, 5, null]));
    }
}
