//! The client of an OpenAI-compatible endpoint, by async-openai with lenient reply types.
//!
//! The library's own reply types refuse what real servers send (unknown finish reasons, missing fields), so requests
//! and replies are ours (`byot`). Its retry by status is used (429, 5xx and refused connections, three times with
//! backoff, Retry-After honoured), not its default one, which gives up where a gateway sends a 429 without a JSON body.
//! A timeout bounds the whole of it.

use std::sync::Arc;
use std::time::Duration;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::ReqwestService;
use async_openai::middleware::retry::SimpleRetryPolicy;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tower::ServiceBuilder;

use super::Usage;
use super::tape::{Take, Tape};
use crate::hex;

/// How often a request is sent again.
const RETRIES: usize = 3;
/// Texts that are embedded in one request.
const BATCH: usize = 64;

/// What the operator sets.
#[derive(Clone, Debug)]
pub struct EndpointSettings {
    /// Such as `https://api.example.eu/v1`.
    pub base_url: String,
    /// The model's name at that endpoint.
    pub model: String,
    /// The key, where one is needed.
    pub key: Option<SecretString>,
    /// Longest time for one answer, retries included.
    pub timeout: Duration,
    /// A recording that replies are added to, or come from.
    pub tape: Option<Arc<Tape>>,
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// No connection, or it broke.
    #[error("the model endpoint could not be reached")]
    Unreachable(#[source] OpenAIError),
    /// It took too long.
    #[error("the model endpoint gave no answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The endpoint refused the request.
    #[error("the model endpoint refused the request: {0}")]
    Refused(String),
    /// The prompt is longer than the model can read.
    #[error("the prompt is longer than the model can read")]
    TooLong,
    /// The answer is not that of such an endpoint (a web page, prose, something else).
    #[error("the model endpoint did not answer in the form of an OpenAI-compatible server: {0}")]
    NotAnEndpoint(String),
    /// The server could not make a whole reply of what its model said.
    #[error("the model server could not use what its model said: {0}")]
    BrokenReply(String),
    /// The recording has no reply to this request.
    #[error("the recording holds no reply for {0}: the prompt, the model or the passages have changed since")]
    NotRecorded(String),
    /// The HTTP client could not be made.
    #[error("the client could not be made")]
    Client(#[source] reqwest::Error),
}

impl ModelError {
    /// Whether asking for another factor can go better.
    pub fn concerns_one_request(&self) -> bool {
        matches!(self, Self::TooLong | Self::Timeout(_) | Self::BrokenReply(_) | Self::NotRecorded(_))
    }
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The text.
    pub content: String,
    /// It was cut off at the model's limit.
    pub cut: bool,
    /// What it cost.
    pub usage: Usage,
}

/// A turn of a conversation.
#[derive(Clone, Copy, Debug)]
pub enum Turn<'a> {
    /// What we ask.
    Ask(&'a str),
    /// What the model said.
    Reply(&'a str),
}

/// What is asked, and how.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What it is about, for records.
    pub about: &'a str,
    /// SHA-256 of the prompt's template, for records.
    pub prompt: &'a str,
    /// The conversation so far.
    pub turns: &'a [Turn<'a>],
    /// What the reply must follow.
    pub schema: &'a Value,
    /// Which of several replies to the same words this is, from 0: later ones are asked with some warmth and a seed.
    pub sample: u8,
}

/// A configured endpoint.
pub struct Endpoint {
    client: Client<OpenAIConfig>,
    settings: EndpointSettings,
}

#[derive(Deserialize)]
struct ChatReply {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<UsageReply>,
}

#[derive(Deserialize)]
struct Choice {
    message: MessageReply,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct MessageReply {
    content: Option<String>,
}

#[derive(Deserialize)]
struct UsageReply {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

#[derive(Deserialize)]
struct EmbeddingsReply {
    data: Vec<EmbeddingReply>,
}

#[derive(Deserialize)]
struct EmbeddingReply {
    index: usize,
    embedding: Vec<f32>,
}

impl Endpoint {
    /// A client for `settings`; nothing is sent.
    ///
    /// # Errors
    /// [`ModelError::Client`] if the system's certificates cannot be loaded.
    pub fn new(settings: EndpointSettings) -> Result<Self, ModelError> {
        #[expect(clippy::disallowed_methods, reason = "the operator's endpoint may be on a private address; its one client is made here")]
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(settings.timeout)
            .build()
            .map_err(ModelError::Client)?;
        let key = settings.key.as_ref().map_or("none", |key| key.expose_secret());
        let config = OpenAIConfig::new().with_api_base(settings.base_url.trim_end_matches('/')).with_api_key(key);
        let service = ServiceBuilder::new().retry(SimpleRetryPolicy::new(RETRIES)).service(ReqwestService::new(http.clone()));
        Ok(Self { client: Client::build(http, config).with_http_service(service), settings })
    }

    /// The model's name.
    pub fn model(&self) -> &str {
        &self.settings.model
    }

    /// Asks for a reply that follows the question's schema.
    ///
    /// # Errors
    /// [`ModelError`] says whether the endpoint or this one request is at fault.
    pub async fn chat(&self, question: Question<'_>) -> Result<Completion, ModelError> {
        let messages: Vec<Value> = question
            .turns
            .iter()
            .map(|turn| match turn {
                Turn::Ask(text) => json!({ "role": "user", "content": text }),
                Turn::Reply(text) => json!({ "role": "assistant", "content": text }),
            })
            .collect();
        let mut request = json!({
            "model": self.settings.model,
            "messages": messages,
            "temperature": 0,
            "max_tokens": 2048,
            "response_format": { "type": "json_schema", "json_schema": { "name": "answer", "strict": true, "schema": question.schema } },
        });
        if question.sample > 0 {
            request["temperature"] = json!(0.5);
            request["seed"] = json!(question.sample);
        }
        let hash = self.settings.tape.as_ref().map(|_| hex(&Sha256::digest(request.to_string()))).unwrap_or_default();
        if let Some(found) = self.settings.tape.as_ref().and_then(|tape| tape.find(&hash)) {
            let take = found.ok_or_else(|| ModelError::NotRecorded(question.about.to_owned()))?;
            return Ok(Completion { content: take.reply, cut: take.cut, usage: take.usage });
        }
        let completion = self.send(&request).await?;
        if let Some(tape) = &self.settings.tape {
            tape.keep(&Take {
                about: question.about.to_owned(),
                model: self.settings.model.clone(),
                prompt: question.prompt.to_owned(),
                request: hash,
                reply: completion.content.clone(),
                cut: completion.cut,
                usage: completion.usage,
            });
        }
        Ok(completion)
    }

    async fn send(&self, request: &Value) -> Result<Completion, ModelError> {
        let reply: ChatReply = self.bounded(self.client.chat().create_byot(request)).await?;
        let usage = reply.usage.map_or(Usage { calls: 1, ..Usage::default() }, |u| Usage {
            calls: 1,
            tokens_in: u.prompt_tokens,
            tokens_out: u.completion_tokens,
        });
        let Some(choice) = reply.choices.into_iter().next() else {
            return Err(ModelError::NotAnEndpoint("a reply without choices".to_owned()));
        };
        Ok(Completion {
            content: choice.message.content.unwrap_or_default(),
            cut: choice.finish_reason.as_deref() == Some("length"),
            usage,
        })
    }

    /// One vector for each text.
    ///
    /// # Errors
    /// [`ModelError`], also if the endpoint returns another number of vectors than texts.
    pub async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            let request = json!({ "model": self.settings.model, "input": batch });
            let mut reply: EmbeddingsReply = self.bounded(self.client.embeddings().create_byot(&request)).await?;
            if reply.data.len() != batch.len() {
                return Err(ModelError::NotAnEndpoint(format!("{} vectors for {} texts", reply.data.len(), batch.len())));
            }
            reply.data.sort_by_key(|e| e.index);
            vectors.extend(reply.data.into_iter().map(|e| e.embedding));
        }
        Ok(vectors)
    }

    async fn bounded<R>(&self, call: impl Future<Output = Result<R, OpenAIError>>) -> Result<R, ModelError> {
        match tokio::time::timeout(self.settings.timeout, call).await {
            Err(_) => Err(ModelError::Timeout(self.settings.timeout)),
            Ok(reply) => reply.map_err(|error| sort(error, self.settings.timeout)),
        }
    }
}

/// Sorts an error of the library. A body that the library could not read is read again here: servers put whole
/// numbers where it expects text.
fn sort(error: OpenAIError, timeout: Duration) -> ModelError {
    match error {
        OpenAIError::Reqwest(error) if error.is_timeout() => ModelError::Timeout(timeout),
        OpenAIError::ApiError(reply) if is_too_long(&reply.api_error.message) => ModelError::TooLong,
        OpenAIError::ApiError(reply) if is_broken(&reply.api_error.message) => ModelError::BrokenReply(short(&reply.api_error.message)),
        OpenAIError::ApiError(reply) => ModelError::Refused(short(&reply.to_string())),
        OpenAIError::JSONDeserialize(_, body) => match serde_json::from_str::<Value>(&body).ok().and_then(|v| v.get("error").cloned()) {
            Some(inner) if is_too_long(&inner.to_string()) => ModelError::TooLong,
            Some(inner) if is_broken(&inner.to_string()) => ModelError::BrokenReply(short(&inner.to_string())),
            Some(inner) => ModelError::Refused(short(inner.get("message").and_then(Value::as_str).unwrap_or(&inner.to_string()))),
            None => ModelError::NotAnEndpoint(short(&body)),
        },
        other => ModelError::Unreachable(other),
    }
}

/// llama.cpp answers 500 where its model's words, cut at the limit, do not fit the schema: another prompt can go better.
fn is_broken(message: &str) -> bool {
    message.to_lowercase().contains("model produced output that does not match")
}

fn is_too_long(message: &str) -> bool {
    let message = message.to_lowercase();
    message.contains("exceed_context")
        || message.contains("context size")
        || message.contains("context length")
        || message.contains("maximum context")
}

fn short(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(160).collect()
}
