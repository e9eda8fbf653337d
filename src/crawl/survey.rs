//! What a host says of itself before its pages are read: robots.txt, sitemaps, llms.txt.
//!
//! What was fetched is kept by the caller, so that robots.txt is read once a day (RFC 9309, section 2.4) and the rest
//! only if it changed. A server that fails for robots.txt forbids its host until it answers.

use std::collections::HashMap;
use std::sync::Arc;

use url::Url;

use super::fetch::{FetchError, Validators};
use super::reach::Reach;
use super::robots::Rules;
use super::sitemap;
use super::url::{clean, follow};
use crate::clock;
use crate::domain::page::Resource;
use crate::read::{Link, plain};

/// How long a robots.txt, and the word that there is none, may be believed.
const DAY_MS: u64 = 24 * 3600 * 1000;
/// Most sitemaps that are read of one host.
const MAX_SITEMAPS: usize = 8;
/// Most addresses that are taken from the sitemaps of one host.
const MAX_ADDRESSES: usize = 20_000;
/// Largest resource that is kept for the next time.
const MAX_KEPT: usize = 1 << 20;

/// Fetched resources by address: those of earlier crawls, and those of this one.
#[derive(Debug, Default)]
pub struct Resources {
    known: HashMap<String, Resource>,
    /// New or renewed ones that the caller has not taken yet.
    pub fresh: Vec<Resource>,
}

impl Resources {
    /// With what earlier crawls kept.
    pub fn new(known: Vec<Resource>) -> Self {
        Self { known: known.into_iter().map(|r| (r.address.clone(), r)).collect(), fresh: Vec::new() }
    }

    /// The resource at `url`, `None` if the host says that there is none; asked for again after a day, and then only
    /// for a newer version.
    ///
    /// # Errors
    /// [`FetchError`] if the host could not say.
    pub async fn get(&mut self, reach: &Reach, url: &Url) -> Result<Option<Vec<u8>>, FetchError> {
        if !matches!(reach, Reach::Web(_)) {
            return match reach.follow(url, None).await {
                Err(FetchError::Status(_)) => Ok(None),
                read => Ok(read?.map(|file| file.bytes)),
            };
        }
        let now = clock::now_ms();
        let address = url.to_string();
        let known = self.known.get(&address);
        if let Some(known) = known.filter(|r| now.saturating_sub(r.fetched_ms) < DAY_MS) {
            return Ok((known.status < 400).then(|| known.bytes.clone()));
        }
        let validators = known.map(|r| Validators { etag: r.etag.clone(), last_modified: r.last_modified.clone() });
        let resource = match (reach.follow(url, validators.as_ref()).await, known) {
            (Ok(Some(fetched)), _) => Resource {
                address: address.clone(),
                fetched_ms: now,
                status: fetched.status,
                etag: fetched.validators.etag,
                last_modified: fetched.validators.last_modified,
                bytes: fetched.bytes,
            },
            (Ok(None), Some(known)) => Resource { fetched_ms: now, ..known.clone() },
            (Ok(None), None) => return Ok(None),
            (Err(FetchError::Status(status)), _) if (400..500).contains(&status) => {
                Resource { address: address.clone(), fetched_ms: now, status, etag: None, last_modified: None, bytes: Vec::new() }
            }
            (Err(error), _) => return Err(error),
        };
        let bytes = (resource.status < 400).then(|| resource.bytes.clone());
        if resource.bytes.len() <= MAX_KEPT {
            self.fresh.push(resource.clone());
            self.known.insert(address, resource);
        }
        Ok(bytes)
    }
}

/// What a host says of itself.
pub struct Survey {
    /// Its robots.txt.
    pub rules: Arc<Rules>,
    /// When that must be asked for again, milliseconds since the epoch.
    pub until_ms: u64,
    /// Addresses of its sitemaps.
    pub pages: Vec<Url>,
    /// Links of its llms.txt, with the address they are relative to.
    pub links: Option<(Url, Vec<Link>)>,
}

/// Asks the host of `url` for its rules and, if `lists`, for its lists of pages.
pub async fn survey(reach: &Reach, resources: &mut Resources, url: &Url, lists: bool) -> Survey {
    let until_ms = clock::now_ms() + DAY_MS;
    let mut survey = Survey { rules: Arc::new(Rules::None), until_ms, pages: Vec::new(), links: None };
    let Ok(address) = url.join("/robots.txt") else { return survey };
    let rules = match resources.get(reach, &address).await {
        Ok(bytes) => bytes.map_or(Rules::None, |bytes| Rules::parse(&bytes)),
        Err(error) => Rules::Silence(crate::chain(&error)),
    };
    let silent = matches!(rules, Rules::Silence(_));
    survey.rules = Arc::new(rules);
    if let Reach::Web(fetcher) = reach {
        fetcher.ask_for(url, survey.rules.delay());
    }
    if silent || !lists {
        return survey;
    }
    survey.pages = sitemaps(reach, resources, url, &survey.rules).await;
    if let Ok(address) = url.join("/llms.txt")
        && survey.rules.forbids(&address).is_none()
        && let Ok(Some(bytes)) = resources.get(reach, &address).await
    {
        // A list made for models: its links are taken, its words are not evidence.
        survey.links = Some((address, plain::markdown(&String::from_utf8_lossy(&bytes)).links));
    }
    survey
}

/// The addresses of a host's sitemaps and of those that they name, within limits.
async fn sitemaps(reach: &Reach, resources: &mut Resources, url: &Url, rules: &Rules) -> Vec<Url> {
    let mut maps: Vec<Url> = rules.sitemaps().iter().rev().filter_map(|map| url.join(map).ok()).collect();
    if maps.is_empty() {
        maps.extend(url.join("/sitemap.xml"));
    }
    let (mut pages, mut read) = (Vec::new(), 0);
    while let Some(map) = maps.pop() {
        read += 1;
        if read > MAX_SITEMAPS || pages.len() >= MAX_ADDRESSES {
            break;
        }
        if map.host_str() == url.host_str() && rules.forbids(&map).is_some() {
            continue;
        }
        let Ok(Some(bytes)) = resources.get(reach, &map).await else { continue };
        let found = sitemap::parse(&bytes);
        maps.extend(found.maps.iter().rev().filter_map(|m| map.join(m).ok()));
        pages.extend(found.pages.iter().filter_map(|page| match reach {
            Reach::Web(_) => follow(&map, page),
            // A folder's sitemap names the site that it will be.
            Reach::Folder(_) | Reach::Archive(_) => clean(url.join(Url::parse(page).ok()?.path()).ok()?),
        }));
    }
    pages.truncate(MAX_ADDRESSES);
    pages
}
