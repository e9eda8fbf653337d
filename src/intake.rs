//! From what somebody typed to a place in the queue: the same for the form, the API and any other door.
//!
//! What is asked is checked here, before anything is stored: addresses by the rules of the guarded client, hosts by the
//! operator's list, areas and frameworks by what ships with the program. Folders and archives are not known here.

use url::Url;

use crate::area::AREAS;
use crate::config::Config;
use crate::crawl::guard::{Guard, Refusal};
use crate::crawl::scope::site_of;
use crate::crawl::url::clean;
use crate::domain::id::CheckId;
use crate::domain::request::Asked;
use crate::gates::edition;
use crate::store::{Ceilings, NewRequest, Placed, Store, StoreError};

/// The framework whose factors every check answers.
pub const FACTORS: &str = "eu-csf";
/// Frameworks that are used unless others are named.
pub const USUAL: [&str; 2] = [FACTORS, "cispe-sr"];
/// The area that is meant unless one is named.
pub const USUAL_AREA: &str = "eea";
/// How far back arrivals count for limits.
pub const WINDOW_MS: u64 = 24 * 60 * 60 * 1_000;

/// Longest name of a service, in characters.
const LONGEST_NAME: usize = 120;
/// Longest address, in bytes.
const LONGEST_ADDRESS: usize = 2_000;
/// Most areas of one check.
const MOST_AREAS: usize = 8;

/// What somebody typed, as it came.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// The service's name; empty for the host's.
    pub service: String,
    /// Addresses, each a line of its own or apart by spaces.
    pub starts: Vec<String>,
    /// Areas.
    pub areas: Vec<String>,
    /// Ids of frameworks.
    pub frameworks: Vec<String>,
    /// The language of the pages.
    pub language: String,
}

/// What is wrong with what was typed. Each names its field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// There is no address.
    #[error("give the address where the documentation starts")]
    NoStart,
    /// There are too many addresses.
    #[error("give at most {0} addresses")]
    ManyStarts(usize),
    /// Not an address.
    #[error("`{0}` is not an address such as https://docs.example.eu")]
    NotAnAddress(String),
    /// An address that is never read.
    #[error("`{0}` cannot be read: {1}")]
    Refused(String, Refusal),
    /// The operator does not want it checked.
    #[error("`{0}` is not checked here")]
    Denied(String),
    /// The name is too long.
    #[error("the name is longer than {LONGEST_NAME} characters")]
    LongName,
    /// An area that is not known.
    #[error("`{0}` is not an area that is known here: give eea, eu, a country or a list such as dach=DE+AT+CH")]
    Area(String),
    /// A framework that is not known.
    #[error("`{0}` is not a framework that is known here")]
    Framework(String),
}

impl Wrong {
    /// The field that is meant, as forms and replies call it.
    pub fn field(&self) -> &'static str {
        match self {
            Self::NoStart | Self::ManyStarts(_) | Self::NotAnAddress(_) | Self::Refused(..) | Self::Denied(_) => "address",
            Self::LongName => "service",
            Self::Area(_) => "area",
            Self::Framework(_) => "framework",
        }
    }
}

/// Checks what was typed.
///
/// # Errors
/// [`Wrong`] says what a person has to change.
pub fn read(typed: &Typed, config: &Config) -> Result<Asked, Wrong> {
    let words: Vec<&str> = typed.starts.iter().flat_map(|line| line.split_whitespace()).collect();
    if words.is_empty() {
        return Err(Wrong::NoStart);
    }
    if words.len() > config.limits.starts {
        return Err(Wrong::ManyStarts(config.limits.starts));
    }
    let mut starts: Vec<Url> = Vec::new();
    for word in words {
        let url = address(word, config)?;
        if !starts.contains(&url) {
            starts.push(url);
        }
    }
    let service = typed.service.split_whitespace().collect::<Vec<_>>().join(" ");
    if service.chars().count() > LONGEST_NAME || service.chars().any(char::is_control) {
        return Err(Wrong::LongName);
    }
    let named = |list: &[String]| -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for text in list.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
            if !found.iter().any(|before| before == text) {
                found.push(text.to_owned());
            }
        }
        found
    };
    let (mut areas, mut frameworks) = (named(&typed.areas), named(&typed.frameworks));
    areas.truncate(MOST_AREAS);
    for area in &areas {
        // Lists of one's own have members by the dozen at most.
        AREAS.area(area).ok().filter(|_| area.len() <= 400).ok_or_else(|| Wrong::Area(area.chars().take(60).collect()))?;
    }
    for name in &frameworks {
        if name != FACTORS && edition::embedded_ids().all(|id| id != name) {
            return Err(Wrong::Framework(name.chars().take(60).collect()));
        }
    }
    if areas.is_empty() {
        areas.push(USUAL_AREA.to_owned());
    }
    if frameworks.is_empty() {
        frameworks.extend(USUAL.map(str::to_owned));
    }
    let host = starts.first().and_then(Url::host_str).unwrap_or_default().trim_start_matches("www.").to_owned();
    Ok(Asked {
        service: if service.is_empty() { host } else { service },
        starts: starts.into_iter().map(String::from).collect(),
        areas,
        frameworks,
        language: typed.language.clone(),
    })
}

fn address(word: &str, config: &Config) -> Result<Url, Wrong> {
    let shown = || word.chars().take(100).collect::<String>();
    if word.len() > LONGEST_ADDRESS {
        return Err(Wrong::NotAnAddress(shown()));
    }
    let text = if word.contains("://") { word.to_owned() } else { format!("https://{word}") };
    let url = Url::parse(&text).map_err(|_| Wrong::NotAnAddress(shown()))?;
    let guard = Guard { open_ports: config.crawl.test_open_ports.clone() };
    guard.admits(&url).map_err(|refusal| Wrong::Refused(shown(), refusal))?;
    let url = clean(url).ok_or_else(|| Wrong::NotAnAddress(shown()))?;
    let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    let denied = config.limits.deny.iter().map(|deny| deny.trim_start_matches("*.").trim_matches('.').to_ascii_lowercase());
    if denied.into_iter().any(|deny| host == deny || host.strip_suffix(&deny).is_some_and(|rest| rest.ends_with('.'))) {
        return Err(Wrong::Denied(host));
    }
    Ok(url)
}

/// Who asks, and under which address the answer is found.
#[derive(Clone, Debug)]
pub struct Who {
    /// A keyed hash of the client's address.
    pub client: String,
    /// The account, if one asks.
    pub owner: Option<String>,
    /// SHA-256 of the private link.
    pub link: String,
    /// What makes asking twice the same, hashed.
    pub once: Option<String>,
}

/// Gives a request its place, under the operator's limits.
///
/// # Errors
/// The database fails.
pub async fn place(store: &Store, config: &Config, asked: Asked, who: Who, now_ms: u64) -> Result<(CheckId, Placed), StoreError> {
    let mut targets: Vec<String> = asked.starts.iter().filter_map(|start| Url::parse(start).ok()).map(|url| site_of(&url)).collect();
    targets.sort();
    targets.dedup();
    let limits = &config.limits;
    let mut needs: Vec<(String, u32)> = targets.iter().map(|target| (format!("host {target}"), limits.host_checks)).collect();
    if let Some(model) = &config.model.name {
        needs.push((format!("model {model}"), config.model.checks));
    }
    let new = NewRequest {
        id: CheckId::at(now_ms),
        asked,
        link: who.link,
        once: who.once,
        owner: who.owner,
        client: who.client,
        host: targets.first().cloned().unwrap_or_default(),
        needs,
        priority: 0,
        expires_ms: now_ms + u64::from(config.keep.days) * 24 * 60 * 60 * 1_000,
    };
    let ceilings = Ceilings { per_client: limits.per_client, per_host: limits.per_host, window_ms: WINDOW_MS, queue: limits.queue };
    let placed = store.place(&new, &ceilings, now_ms).await?;
    Ok((new.id, placed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(start: &str) -> Result<Asked, Wrong> {
        let mut config = Config::default();
        config.limits.deny = vec!["denied.example".to_owned(), "*.gone.example".to_owned()];
        read(&Typed { starts: vec![start.to_owned()], ..Typed::default() }, &config)
    }

    #[test]
    fn an_address_is_made_whole_and_the_rest_is_as_usual() {
        let asked = check(" docs.example.eu/start#top ").expect("fine");
        assert_eq!(asked.starts, ["https://docs.example.eu/start"]);
        assert_eq!((asked.service.as_str(), asked.areas.len(), asked.frameworks.len()), ("docs.example.eu", 1, 2));
        assert_eq!(check("https://www.example.eu https://www.example.eu/").map(|a| a.starts.len()), Ok(1));
    }

    #[test]
    fn what_may_not_be_read_is_refused_before_it_is_stored() {
        for (start, field) in [
            ("", "address"),
            ("/etc", "address"),
            ("file:///etc/passwd", "address"),
            ("ftp://example.eu", "address"),
            ("http://127.0.0.1:80/", "address"),
            ("http://2130706433/", "address"),
            ("http://[::1]/", "address"),
            ("http://user@example.eu", "address"),
            ("localhost", "address"),
            ("denied.example", "address"),
            ("https://www.denied.example./", "address"),
            ("https://a.gone.example", "address"),
            ("a.eu b.eu c.eu d.eu e.eu f.eu", "address"),
        ] {
            assert_eq!(check(start).expect_err(start).field(), field);
        }
        assert!(check("notdenied.example").is_ok());
        let with = |areas: &[&str], frameworks: &[&str]| {
            let typed = Typed {
                starts: vec!["a.eu".to_owned()],
                areas: areas.iter().map(ToString::to_string).collect(),
                frameworks: frameworks.iter().map(ToString::to_string).collect(),
                ..Typed::default()
            };
            read(&typed, &Config::default()).map_err(|wrong| wrong.field())
        };
        assert_eq!(with(&["atlantis"], &[]).err(), Some("area"));
        assert_eq!(with(&["eea", "Japan"], &["../../etc/passwd"]).err(), Some("framework"));
        assert_eq!(with(&["eea", "eea", " "], &["eu-csf"]).map(|a| a.areas.len()), Ok(1));
    }
}
