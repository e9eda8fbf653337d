//! Settings of models, shared by the commands that may ask one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use secrecy::SecretString;

use crate::extract::support::SecondLook;
use crate::llm::{EndpointSettings, Price, Tape, tape};
use crate::pipeline::request::{ModelUse, VectorsAt};

#[derive(Debug, Args)]
pub(super) struct ModelArgs {
    /// An OpenAI-compatible endpoint, such as http://127.0.0.1:8080/v1.
    #[arg(long, value_name = "URL", env = "SOVCHECK_MODEL_URL", requires = "model")]
    model_url: Option<String>,
    /// The model's name at that endpoint.
    #[arg(long, value_name = "NAME", env = "SOVCHECK_MODEL")]
    model: Option<String>,
    /// The endpoint's key; better set in the environment than typed.
    #[arg(long, value_name = "KEY", env = "SOVCHECK_MODEL_KEY", hide_env_values = true)]
    model_key: Option<SecretString>,
    /// Longest wait for one answer, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, env = "SOVCHECK_MODEL_TIMEOUT", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    model_timeout: u64,
    /// Requests to the model at once.
    #[arg(long, value_name = "N", default_value_t = 4, env = "SOVCHECK_MODEL_AT_ONCE", value_parser = clap::value_parser!(u16).range(1..=64))]
    model_at_once: u16,
    /// Most tokens for one check, sent and received; what does not fit is said.
    #[arg(long, value_name = "TOKENS", default_value_t = 1_000_000, env = "SOVCHECK_TOKEN_BUDGET")]
    token_budget: u64,
    /// Who chooses, of the passages that search found, those that the model reads.
    #[arg(long, value_enum, value_name = "WHO", default_value_t = Ranker::Model, env = "SOVCHECK_RERANK")]
    rerank: Ranker,
    /// Who looks a second time at what the model quotes, and whether it supports the option.
    #[arg(long, value_enum, value_name = "WHO", default_value_t = Look::Model, env = "SOVCHECK_SUPPORT")]
    support: Look,
    /// Most further samples for one check, spent where an error would change the level or the answer is doubtful.
    #[arg(long, value_name = "N", default_value_t = 0, env = "SOVCHECK_SAMPLES")]
    samples: usize,
    /// Do not tell the model the vendor's name.
    #[arg(long)]
    blind: bool,
    /// Add every reply of the model to this recording.
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    record: Option<PathBuf>,
    /// Answer from this recording instead of asking a model; another prompt or other passages are said, not answered.
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// Price of a million tokens sent and received, such as 0.4,1.2, for the report.
    #[arg(long, value_name = "IN,OUT", env = "SOVCHECK_MODEL_PRICE", value_parser = price)]
    model_price: Option<Price>,
    /// An OpenAI-compatible endpoint for embeddings, for dense search.
    #[arg(long, value_name = "URL", env = "SOVCHECK_EMBED_URL", requires = "embed_model")]
    embed_url: Option<String>,
    /// The embedding model's name.
    #[arg(long, value_name = "NAME", env = "SOVCHECK_EMBED_MODEL")]
    embed_model: Option<String>,
    /// A Qdrant server's gRPC address, to search vectors there instead of in process.
    #[arg(long, value_name = "URL", env = "SOVCHECK_QDRANT_URL")]
    qdrant_url: Option<String>,
    /// The Qdrant server's key.
    #[arg(long, value_name = "KEY", env = "SOVCHECK_QDRANT_KEY", hide_env_values = true)]
    qdrant_key: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Look {
    /// The model, by a question of its own.
    Model,
    /// The factor's rules, as far as they can.
    Rules,
    /// Nobody.
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Ranker {
    /// The model, by a question of its own.
    Model,
    /// Search alone.
    Off,
}

fn price(text: &str) -> Result<Price, String> {
    let parts: Vec<f64> = text.split(',').filter_map(|p| p.trim().parse().ok()).collect();
    match parts[..] {
        [million_in, million_out] if million_in >= 0.0 && million_out >= 0.0 => Ok(Price { million_in, million_out }),
        _ => Err("expected two prices such as 0.4,1.2".to_owned()),
    }
}

impl ModelArgs {
    fn settings(&self, url: &str, model: &str, tape: Option<Arc<Tape>>) -> anyhow::Result<EndpointSettings> {
        url::Url::parse(url).with_context(|| format!("`{url}` is not an address"))?;
        let timeout = Duration::from_secs(self.model_timeout);
        Ok(EndpointSettings { base_url: url.to_owned(), model: model.to_owned(), key: self.model_key.clone(), timeout, tape })
    }

    /// How a model is used, if one is.
    pub(super) fn model(&self) -> anyhow::Result<Option<ModelUse>> {
        let endpoint = match (&self.replay, &self.model_url, &self.model) {
            (Some(file), _, named) => {
                let Some(first) = tape::takes(file)?.into_iter().next() else { bail!("the recording {} is empty", file.display()) };
                let model = named.clone().unwrap_or(first.model);
                // No request leaves: every reply comes from the recording.
                self.settings("http://replay.invalid/v1", &model, Some(Arc::new(Tape::replay(file)?)))?
            }
            (None, Some(url), Some(model)) => {
                let tape = self.record.as_ref().map(|file| Tape::record(file)).transpose()?.map(Arc::new);
                self.settings(url, model, tape)?
            }
            (None, _, _) => {
                if self.record.is_some() {
                    bail!("--record needs a model to record: give --model-url and --model");
                }
                return Ok(None);
            }
        };
        Ok(Some(ModelUse {
            endpoint,
            budget: self.token_budget,
            price: self.model_price,
            at_once: usize::from(self.model_at_once),
            rerank: self.rerank == Ranker::Model,
            second_look: match self.support {
                Look::Model => SecondLook::Model,
                Look::Rules => SecondLook::Rules,
                Look::Off => SecondLook::Off,
            },
            extra_samples: self.samples,
            blind: self.blind,
        }))
    }

    /// The model that embeds passages, if there is one.
    pub(super) fn embedding(&self) -> anyhow::Result<Option<EndpointSettings>> {
        match (&self.embed_url, &self.embed_model) {
            (Some(url), Some(model)) => self.settings(url, model, None).map(Some),
            _ => Ok(None),
        }
    }

    /// Where vectors are searched.
    pub(super) fn vectors(&self) -> VectorsAt {
        self.qdrant_url.clone().map_or(VectorsAt::Local, |url| VectorsAt::Qdrant { url, key: self.qdrant_key.clone() })
    }

    /// What is set otherwise than by default, for records.
    pub(super) fn changed(&self) -> Vec<String> {
        let mut changed = Vec::new();
        if self.support != Look::Model {
            changed.push(format!("support={}", if self.support == Look::Rules { "rules" } else { "off" }));
        }
        if self.rerank == Ranker::Off {
            changed.push("rerank=off".to_owned());
        }
        if self.samples > 0 {
            changed.push(format!("samples={}", self.samples));
        }
        if self.blind {
            changed.push("blind".to_owned());
        }
        if let Some(model) = &self.embed_model {
            changed.push(format!("embeddings={model}"));
        }
        changed
    }
}
