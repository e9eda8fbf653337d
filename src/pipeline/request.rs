//! What is asked for: a service, its documentation, a framework, and what may be spent.

use sha2::{Digest, Sha256};

use crate::area::Area;
use crate::crawl::{Limits, Source, fetch};
use crate::extract::support::SecondLook;
use crate::framework::Framework;
use crate::gates::Edition;
use crate::hex;
use crate::llm::{EndpointSettings, Price};
use crate::profile::patterns::Patterns;
use crate::prompt::{EXTRACT, RANK, SUPPORT};
use crate::score::Profile;
use crate::settle;

/// A check to run.
#[derive(Clone, Debug)]
pub struct Request {
    /// The service's name for readers.
    pub service: String,
    /// Its documentation.
    pub source: Source,
    /// The source as it was typed, for display.
    pub typed: String,
    /// The framework whose factors are answered and scored.
    pub framework: Framework,
    /// Frameworks that decide by gates, over the same answers and facts.
    pub gates: Vec<Edition>,
    /// Areas of sovereignty for those that know one.
    pub areas: Vec<Area>,
    /// Patterns for facts.
    pub patterns: Patterns,
    /// Weights, rounding and gates.
    pub profile: Profile,
    /// Page budget and pause.
    pub limits: Limits,
    /// Contact and test ports.
    pub fetch: fetch::Settings,
    /// A model that reads passages, if one is configured.
    pub model: Option<ModelUse>,
    /// A model that embeds passages, if one is configured.
    pub embedding: Option<EndpointSettings>,
    /// Where vectors are searched.
    pub vectors: VectorsAt,
    /// Begin anew even if an unfinished check of the same request is there.
    pub fresh: bool,
}

/// How a model may be used.
#[derive(Clone, Debug)]
pub struct ModelUse {
    /// The endpoint.
    pub endpoint: EndpointSettings,
    /// Most tokens for one check, sent and received.
    pub budget: u64,
    /// What tokens cost, if the operator says.
    pub price: Option<Price>,
    /// Requests at once.
    pub at_once: usize,
    /// The model chooses which passages it reads.
    pub rerank: bool,
    /// Who looks a second time at what the model quotes.
    pub second_look: SecondLook,
    /// Most further samples for one check, for answers on which much depends.
    pub extra_samples: usize,
    /// The model is not told the vendor's name.
    pub blind: bool,
}

/// Where vectors are searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VectorsAt {
    /// In process.
    Local,
    /// On a Qdrant server.
    Qdrant {
        /// The address of its gRPC port.
        url: String,
        /// Its key.
        key: Option<String>,
    },
}

impl Request {
    /// What makes two requests the same check.
    pub fn key(&self) -> String {
        let source = match &self.source {
            Source::Site(starts) => starts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            Source::Folder(path) | Source::Archive(path) => path.canonicalize().unwrap_or_else(|_| path.clone()).display().to_string(),
        };
        let model = self.model.as_ref().map(|m| {
            let asked = (m.second_look, m.extra_samples, m.blind, m.rerank.then(|| RANK.sha256()));
            format!("{} {} {} {} {asked:?}", m.endpoint.base_url, m.endpoint.model, EXTRACT.sha256(), SUPPORT.sha256())
        });
        let embedding = self.embedding.as_ref().map(|e| format!("{} {}", e.base_url, e.model));
        let parts = [
            source,
            self.framework.sha256.clone(),
            self.patterns.version.clone(),
            self.limits.pages.to_string(),
            self.limits.hosts.join(" "),
            if self.fetch.chromium.is_some() { "rendered" } else { "" }.to_owned(),
            model.unwrap_or_default(),
            embedding.unwrap_or_default(),
            settle::version(),
            env!("CARGO_PKG_VERSION").to_owned(),
        ];
        hex(&Sha256::digest(parts.join("\n")))
    }

    /// Whether the source is a folder.
    pub fn is_folder(&self) -> bool {
        matches!(self.source, Source::Folder(_))
    }

    /// The page budget of a site unless told otherwise.
    pub const SITE_PAGES: usize = 150;
    /// The page budget of a folder unless told otherwise: reading files harms nobody.
    pub const FOLDER_PAGES: usize = 2_000;
}
