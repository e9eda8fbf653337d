//! What a worker runs for a request: the pipeline's request, made from what was asked and what the operator allows.

use std::time::Duration;

use secrecy::ExposeSecret;
use url::Url;

use crate::area::AREAS;
use crate::config::Config;
use crate::crawl::{Limits, Source, fetch};
use crate::domain::request::Asked;
use crate::extract::support::SecondLook;
use crate::framework::Framework;
use crate::framework::load::{self, LoadError};
use crate::gates::edition;
use crate::intake::FACTORS;
use crate::llm::{EndpointSettings, Price};
use crate::pipeline::Request;
use crate::pipeline::request::{ModelUse, VectorsAt};
use crate::profile::patterns::Patterns;
use crate::score::Profile;

/// What was asked cannot be run any more.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// An address, area or framework is not known (any more).
    #[error("`{0}` is not known any more")]
    Unknown(String),
    /// A framework of the program cannot be loaded.
    #[error("a framework cannot be loaded")]
    Framework(#[source] LoadError),
}

/// The pipeline's request for what was asked.
///
/// # Errors
/// [`PlanError`] says what is not known any more.
pub fn plan(asked: &Asked, config: &Config, factors: &Framework) -> Result<Request, PlanError> {
    let unknown = |text: &str| PlanError::Unknown(text.to_owned());
    let starts: Vec<Url> = asked.starts.iter().map(|start| Url::parse(start).map_err(|_| unknown(start))).collect::<Result<_, _>>()?;
    let areas = asked.areas.iter().map(|area| AREAS.area(area).map_err(|_| unknown(area))).collect::<Result<_, _>>()?;
    let mut patterns = Patterns::embedded().clone();
    let mut gates = Vec::new();
    for name in asked.frameworks.iter().filter(|name| *name != FACTORS) {
        let loaded = edition::embedded(name, factors, &mut patterns).ok_or_else(|| unknown(name))?;
        gates.push(loaded.map_err(PlanError::Framework)?);
    }
    let crawl = &config.crawl;
    let model = endpoint(config, &config.model.url, &config.model.name).map(|endpoint| ModelUse {
        endpoint,
        budget: config.model.token_budget,
        price: config.model.price.map(|[million_in, million_out]| Price { million_in, million_out }),
        at_once: usize::from(config.model.at_once),
        rerank: true,
        second_look: SecondLook::Model,
        extra_samples: config.model.samples,
        blind: false,
    });
    let vectors = config.search.qdrant_url.clone().map_or(VectorsAt::Local, |url| VectorsAt::Qdrant {
        url,
        key: config.search.qdrant_key.as_ref().map(|key| key.expose_secret().to_owned()),
    });
    Ok(Request {
        service: asked.service.clone(),
        typed: asked.starts.join(" "),
        source: Source::Site(starts),
        framework: factors.clone(),
        gates,
        areas,
        patterns,
        profile: Profile::default(),
        limits: Limits::new(crawl.pages as usize, Duration::from_secs_f64(crawl.pause)),
        fetch: fetch::Settings {
            open_ports: crawl.test_open_ports.clone(),
            name_server: crawl.test_name_server,
            contact: crawl.contact.clone(),
            chromium: crawl.render.then(|| crawl.chromium.clone()),
            reader: crawl.reader.clone(),
            ..fetch::Settings::default()
        },
        model,
        embedding: endpoint(config, &config.search.embed_url, &config.search.embed_model),
        vectors,
        fresh: false,
    })
}

/// The framework whose factors every check answers.
///
/// # Errors
/// The edition that ships with the program has faults, which a test rules out.
pub fn factors() -> Result<Framework, LoadError> {
    load::embedded()
}

fn endpoint(config: &Config, url: &Option<String>, model: &Option<String>) -> Option<EndpointSettings> {
    let (base_url, model) = (url.clone()?, model.clone()?);
    Some(EndpointSettings {
        base_url,
        model,
        key: config.model.key.clone(),
        timeout: Duration::from_secs(config.model.timeout),
        tape: None,
    })
}
