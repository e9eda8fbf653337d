//! Settings of the service: one struct per concern, read from a file and the environment, checked once.
//!
//! [`SETTINGS`] is the one table: each setting's place in the file, its variable and what it means. What the command line
//! says comes before the environment, that before the file, that before the default. This module reads neither file nor
//! environment itself; it is given their texts.

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;
use toml::{Table, Value};
use url::Url;

/// All settings of `serve` and `worker`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where everything is kept; the command line knows a default.
    pub database: Option<String>,
    /// The pages and the API.
    pub web: Web,
    /// Workers.
    pub worker: Worker,
    /// How sites are read.
    pub crawl: Crawl,
    /// The model that reads passages.
    pub model: Model,
    /// The model that embeds passages, and where vectors are searched.
    pub search: Search,
    /// How much a visitor may ask for.
    pub limits: Limits,
    /// How long things are kept.
    pub keep: Keep,
}

/// The pages and the API.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Web {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The address that visitors use, for links.
    pub public_url: Option<String>,
    /// How many proxies in front are believed about the client's address.
    pub proxies: usize,
    /// Seconds that a form without scripts must be open before it is sent.
    pub form_wait: u64,
    /// Zero bits that a form with scripts has to find: each one doubles the work.
    pub form_bits: u32,
}

impl Default for Web {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)), public_url: None, proxies: 0, form_wait: 8, form_bits: 14 }
    }
}

/// Workers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Worker {
    /// Checks at once in this process.
    pub count: usize,
    /// Seconds after which a worker that is not heard of has lost its check.
    pub lease: u64,
    /// How often a check is taken up before it is given up.
    pub attempts: u32,
    /// Seconds before the first new try of what may heal; each further one waits twice as long.
    pub retry: u64,
    /// Milliseconds between two looks into an empty queue.
    pub poll_ms: u64,
}

impl Default for Worker {
    fn default() -> Self {
        Self { count: 2, lease: 30, attempts: 8, retry: 10, poll_ms: 1_000 }
    }
}

/// How sites are read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Crawl {
    /// How a site's owner reaches the operator; part of the user agent.
    pub contact: Option<String>,
    /// Most pages of one check.
    pub pages: u32,
    /// Least pause between two requests to one host, in seconds.
    pub pause: f64,
    /// Whether pages that are empty without scripts are rendered.
    pub render: bool,
    /// The Chromium for that.
    pub chromium: PathBuf,
    /// Ports of 127.0.0.1 that may be read, for tests of this program.
    pub test_open_ports: Vec<u16>,
    /// A name server to ask instead of the system's, for tests of this program.
    pub test_name_server: Option<SocketAddr>,
    /// This program's file, to read risky documents in a process of their own; set by the command line.
    #[serde(skip)]
    pub reader: Option<PathBuf>,
}

impl Default for Crawl {
    fn default() -> Self {
        Self {
            contact: None,
            pages: 150,
            pause: 1.0,
            render: false,
            chromium: "chromium".into(),
            test_open_ports: Vec::new(),
            test_name_server: None,
            reader: None,
        }
    }
}

/// The model that reads passages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Model {
    /// An OpenAI-compatible endpoint.
    pub url: Option<String>,
    /// The model's name there.
    pub name: Option<String>,
    /// The endpoint's key.
    pub key: Option<SecretString>,
    /// Longest wait for one answer, in seconds.
    pub timeout: u64,
    /// Requests at once for one check.
    pub at_once: u16,
    /// Checks that may use the model at once, of all workers.
    pub checks: u32,
    /// Most tokens for one check, sent and received.
    pub token_budget: u64,
    /// Most further samples for one check.
    pub samples: usize,
    /// Price of a million tokens sent and received.
    pub price: Option<[f64; 2]>,
}

impl Default for Model {
    fn default() -> Self {
        Self { url: None, name: None, key: None, timeout: 120, at_once: 4, checks: 2, token_budget: 500_000, samples: 0, price: None }
    }
}

/// The model that embeds passages, and where vectors are searched.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Search {
    /// An OpenAI-compatible endpoint for embeddings.
    pub embed_url: Option<String>,
    /// The embedding model's name.
    pub embed_model: Option<String>,
    /// A Qdrant server's gRPC address.
    pub qdrant_url: Option<String>,
    /// The Qdrant server's key.
    pub qdrant_key: Option<SecretString>,
}

/// How much a visitor may ask for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Checks of one client in 24 hours.
    pub per_client: u32,
    /// Checks of one target in 24 hours.
    pub per_host: u32,
    /// Checks that wait at once.
    pub queue: u32,
    /// Checks of one target at once, of all workers.
    pub host_checks: u32,
    /// Requests of one client to the API in a minute, for each process.
    pub requests: u32,
    /// Start addresses of one check.
    pub starts: usize,
    /// Hosts that are never checked, each with all below it.
    pub deny: Vec<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_client: 10, per_host: 20, queue: 200, host_checks: 1, requests: 120, starts: 5, deny: Vec::new() }
    }
}

/// How long things are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keep {
    /// Days after which a check that nobody claimed is deleted with its pages.
    pub days: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self { days: 30 }
    }
}

/// How a variable's text becomes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it is.
    Text,
    /// As it is, and never shown.
    Secret,
    /// A whole number, or one with a point.
    Number,
    /// `true` or `false`.
    Flag,
    /// Texts with commas between.
    Texts,
    /// Numbers with commas between.
    Numbers,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its place in the file, such as `limits.queue`.
    pub key: &'static str,
    /// Its variable.
    pub variable: &'static str,
    /// How the variable is read.
    pub kind: Kind,
    /// What it means, in a few words.
    pub about: &'static str,
}

const fn setting(key: &'static str, variable: &'static str, kind: Kind, about: &'static str) -> Setting {
    Setting { key, variable, kind, about }
}

/// Every setting of the service. Those that `check` knows too have the same variable there.
pub const SETTINGS: &[Setting] = &[
    setting("database", "SOVCHECK_DATABASE", Kind::Text, "where everything is kept: sqlite:PATH or postgres://…"),
    setting("web.listen", "SOVCHECK_LISTEN", Kind::Text, "address and port to listen on"),
    setting("web.public_url", "SOVCHECK_PUBLIC_URL", Kind::Text, "the address that visitors use, for links"),
    setting("web.proxies", "SOVCHECK_PROXIES", Kind::Number, "how many proxies in front are believed about the client's address"),
    setting("web.form_wait", "SOVCHECK_FORM_WAIT", Kind::Number, "seconds that a form without scripts must be open"),
    setting("web.form_bits", "SOVCHECK_FORM_BITS", Kind::Number, "work of a form with scripts, in bits"),
    setting("worker.count", "SOVCHECK_WORKERS", Kind::Number, "checks at once in this process"),
    setting("worker.lease", "SOVCHECK_LEASE", Kind::Number, "seconds after which a silent worker has lost its check"),
    setting("worker.attempts", "SOVCHECK_ATTEMPTS", Kind::Number, "how often a check is taken up before it is given up"),
    setting("worker.retry", "SOVCHECK_RETRY", Kind::Number, "seconds before the first new try of what may heal"),
    setting("worker.poll_ms", "SOVCHECK_POLL_MS", Kind::Number, "milliseconds between two looks into an empty queue"),
    setting("crawl.contact", "SOVCHECK_CONTACT", Kind::Text, "how a site's owner reaches you; sent with every request"),
    setting("crawl.pages", "SOVCHECK_PAGES", Kind::Number, "most pages of one check"),
    setting("crawl.pause", "SOVCHECK_PAUSE", Kind::Number, "least pause between two requests to one host, in seconds"),
    setting("crawl.render", "SOVCHECK_RENDER", Kind::Flag, "render pages that are empty without scripts"),
    setting("crawl.chromium", "SOVCHECK_CHROMIUM", Kind::Text, "the Chromium for that"),
    setting("crawl.test_open_ports", "SOVCHECK_TEST_OPEN_PORTS", Kind::Numbers, ""),
    setting("crawl.test_name_server", "SOVCHECK_TEST_NAME_SERVER", Kind::Text, ""),
    setting("model.url", "SOVCHECK_MODEL_URL", Kind::Text, "an OpenAI-compatible endpoint"),
    setting("model.name", "SOVCHECK_MODEL", Kind::Text, "the model's name there"),
    setting("model.key", "SOVCHECK_MODEL_KEY", Kind::Secret, "the endpoint's key"),
    setting("model.timeout", "SOVCHECK_MODEL_TIMEOUT", Kind::Number, "longest wait for one answer, in seconds"),
    setting("model.at_once", "SOVCHECK_MODEL_AT_ONCE", Kind::Number, "requests at once for one check"),
    setting("model.checks", "SOVCHECK_MODEL_CHECKS", Kind::Number, "checks that may use the model at once, of all workers"),
    setting("model.token_budget", "SOVCHECK_TOKEN_BUDGET", Kind::Number, "most tokens for one check"),
    setting("model.samples", "SOVCHECK_SAMPLES", Kind::Number, "most further samples for one check"),
    setting("model.price", "SOVCHECK_MODEL_PRICE", Kind::Numbers, "price of a million tokens sent and received"),
    setting("search.embed_url", "SOVCHECK_EMBED_URL", Kind::Text, "an OpenAI-compatible endpoint for embeddings"),
    setting("search.embed_model", "SOVCHECK_EMBED_MODEL", Kind::Text, "the embedding model's name"),
    setting("search.qdrant_url", "SOVCHECK_QDRANT_URL", Kind::Text, "a Qdrant server's gRPC address"),
    setting("search.qdrant_key", "SOVCHECK_QDRANT_KEY", Kind::Secret, "the Qdrant server's key"),
    setting("limits.per_client", "SOVCHECK_PER_CLIENT", Kind::Number, "checks of one client in 24 hours"),
    setting("limits.per_host", "SOVCHECK_PER_HOST", Kind::Number, "checks of one target in 24 hours"),
    setting("limits.queue", "SOVCHECK_QUEUE", Kind::Number, "checks that wait at once"),
    setting("limits.host_checks", "SOVCHECK_HOST_CHECKS", Kind::Number, "checks of one target at once, of all workers"),
    setting("limits.requests", "SOVCHECK_REQUESTS", Kind::Number, "requests of one client to the API in a minute"),
    setting("limits.starts", "SOVCHECK_STARTS", Kind::Number, "start addresses of one check"),
    setting("limits.deny", "SOVCHECK_DENY", Kind::Texts, "hosts that are never checked, each with all below it"),
    setting("keep.days", "SOVCHECK_KEEP_DAYS", Kind::Number, "days after which an unclaimed check is deleted"),
];

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not TOML.
    #[error("the settings file cannot be read")]
    Syntax(#[source] Box<toml::de::Error>),
    /// A setting is not known or has the wrong kind.
    #[error("a setting is wrong")]
    Shape(#[source] Box<toml::de::Error>),
    /// A variable has the wrong kind.
    #[error("{variable}: expected {expected}")]
    Variable {
        /// The variable.
        variable: &'static str,
        /// What is expected.
        expected: &'static str,
    },
    /// A setting has a value that cannot be.
    #[error("{0}")]
    Value(String),
}

impl Config {
    /// The settings of a file's text, of variables, and of what was said last (keys such as `web.listen`), each of which
    /// comes before the ones before it.
    ///
    /// # Errors
    /// [`ConfigError`] names the setting.
    pub fn read(
        file: &str,
        variable: impl Fn(&str) -> Option<String>,
        said: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Result<Self, ConfigError> {
        let mut table: Table = file.parse().map_err(|error| ConfigError::Syntax(Box::new(error)))?;
        for setting in SETTINGS {
            if let Some(text) = variable(setting.variable).filter(|text| !text.is_empty()) {
                put(&mut table, setting.key, value(setting, &text)?);
            }
        }
        for (key, value) in said {
            put(&mut table, key, value);
        }
        let config: Self = Value::Table(table).try_into().map_err(|error| ConfigError::Shape(Box::new(error)))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |text: String| Err(ConfigError::Value(text));
        for (key, address) in [
            ("web.public_url", &self.web.public_url),
            ("model.url", &self.model.url),
            ("search.embed_url", &self.search.embed_url),
            ("search.qdrant_url", &self.search.qdrant_url),
        ] {
            let parsed = address.as_deref().map(Url::parse).transpose();
            if !parsed.is_ok_and(|url| url.is_none_or(|url| matches!(url.scheme(), "http" | "https"))) {
                return wrong(format!("{key} is not an http or https address"));
            }
        }
        for (key, one, other) in
            [("model", &self.model.url, &self.model.name), ("search.embed", &self.search.embed_url, &self.search.embed_model)]
        {
            if one.is_some() != other.is_some() {
                return wrong(format!("{key}: address and model's name are needed together"));
            }
        }
        if !(0.0..=3600.0).contains(&self.crawl.pause) {
            return wrong("crawl.pause must be from 0 to 3600 seconds".to_owned());
        }
        for (key, number, least, most) in [
            ("crawl.pages", u64::from(self.crawl.pages), 1, 100_000),
            ("worker.lease", self.worker.lease, 1, 3_600),
            ("worker.attempts", u64::from(self.worker.attempts), 1, 1_000),
            ("worker.retry", self.worker.retry, 0, 3_600),
            ("worker.poll_ms", self.worker.poll_ms, 10, 60_000),
            ("web.form_bits", u64::from(self.web.form_bits), 0, 24),
            ("web.form_wait", self.web.form_wait, 0, 600),
            ("model.at_once", u64::from(self.model.at_once), 1, 64),
            ("model.checks", u64::from(self.model.checks), 1, 10_000),
            ("model.timeout", self.model.timeout, 1, 86_400),
            ("limits.per_client", u64::from(self.limits.per_client), 1, 1_000_000),
            ("limits.per_host", u64::from(self.limits.per_host), 1, 1_000_000),
            ("limits.queue", u64::from(self.limits.queue), 1, 1_000_000),
            ("limits.host_checks", u64::from(self.limits.host_checks), 1, 100),
            ("limits.requests", u64::from(self.limits.requests), 1, 1_000_000),
            ("keep.days", u64::from(self.keep.days), 1, 36_500),
        ] {
            if !(least..=most).contains(&number) {
                return wrong(format!("{key} must be from {least} to {most}"));
            }
        }
        Ok(())
    }
}

fn put(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => drop(table.insert(key.to_owned(), value)),
        Some((section, key)) => {
            let inner = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            // A section that is no table is found wrong when the whole is read.
            if let Value::Table(inner) = inner {
                put(inner, key, value);
            }
        }
    }
}

fn value(setting: &Setting, text: &str) -> Result<Value, ConfigError> {
    let wrong = |expected| ConfigError::Variable { variable: setting.variable, expected };
    let number = |text: &str| {
        let text = text.trim();
        let whole = text.parse().map(Value::Integer).ok();
        whole.or_else(|| text.parse().ok().filter(|n: &f64| n.is_finite()).map(Value::Float)).ok_or_else(|| wrong("a number"))
    };
    Ok(match setting.kind {
        Kind::Text | Kind::Secret => Value::String(text.to_owned()),
        // A field with a point takes a whole number too.
        Kind::Number if setting.key == "crawl.pause" => Value::Float(text.trim().parse().map_err(|_| wrong("a number"))?),
        Kind::Number => number(text)?,
        Kind::Flag => Value::Boolean(text.trim().parse().map_err(|_| wrong("true or false"))?),
        Kind::Texts => text.split(',').map(|part| Value::String(part.trim().to_owned())).collect::<Vec<_>>().into(),
        Kind::Numbers => Value::Array(text.split(',').map(number).collect::<Result<_, _>>()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn read(file: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Config::read(file, variable, []).map_err(|error| crate::chain(&error))
    }

    #[test]
    fn the_environment_comes_before_the_file_and_that_before_defaults() {
        let config = read("[limits]\nqueue = 7\nper_host = 3", &[("SOVCHECK_QUEUE", "9"), ("SOVCHECK_DENY", "a.example, b.example")]);
        let config = config.expect("settings");
        assert_eq!((config.limits.queue, config.limits.per_host, config.limits.per_client), (9, 3, 10));
        assert_eq!(config.limits.deny, ["a.example", "b.example"]);
        let said = Config::read("", |_| None, [("web.listen", Value::String("0.0.0.0:1".to_owned()))]).expect("settings");
        assert_eq!(said.web.listen.port(), 1);
    }

    #[test]
    fn every_setting_can_be_set_by_its_variable() {
        for setting in SETTINGS {
            let text = match (setting.kind, setting.key) {
                (_, "web.listen" | "crawl.test_name_server") => "127.0.0.1:9",
                (Kind::Text | Kind::Secret | Kind::Texts, _) => "https://a.example",
                (Kind::Number, _) => "10",
                (Kind::Flag, _) => "true",
                (Kind::Numbers, _) => "1,2",
            };
            let mut set = vec![(setting.variable, text)];
            for (one, other) in [("SOVCHECK_MODEL_URL", "SOVCHECK_MODEL"), ("SOVCHECK_EMBED_URL", "SOVCHECK_EMBED_MODEL")] {
                if [one, other].contains(&setting.variable) {
                    set = vec![(one, "https://a.example"), (other, "m")];
                }
            }
            assert!(read("", &set).is_ok(), "{}: {:?}", setting.variable, read("", &set).err());
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (file, variables, says) in [
            ("[limits]\nqeue = 7", &[][..], "qeue"),
            ("[limits", &[], "settings file"),
            ("", &[("SOVCHECK_QUEUE", "many")], "SOVCHECK_QUEUE"),
            ("", &[("SOVCHECK_RENDER", "yes")], "true or false"),
            ("", &[("SOVCHECK_LISTEN", "here")], "wrong"),
            ("[model]\nurl = 'http://m.example'", &[], "together"),
            ("[web]\npublic_url = 'ftp://a.example'", &[], "web.public_url"),
            ("[worker]\nlease = 0", &[], "worker.lease"),
        ] {
            let said = read(file, variables).expect_err(file);
            assert!(said.contains(says), "{said}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let config = read("", &[("SOVCHECK_MODEL_KEY", "geheim")]).expect("settings");
        assert_eq!(config.model.key.as_ref().map(ExposeSecret::expose_secret), Some("geheim"));
        assert!(!format!("{config:?}").contains("geheim"));
    }
}
