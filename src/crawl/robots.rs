//! robots.txt by RFC 9309: 4xx allows everything, 5xx or no answer forbids everything, 500 KiB are read.
//!
//! Also collects the addresses of sitemaps. The rules of one run are kept for that run only.

use std::collections::HashMap;
use std::time::Duration;

use texting_robots::Robot;
use url::Url;

use super::fetch::{FetchError, Fetcher};
use super::folder::Folder;
use super::sitemap;
use super::url::clean;

/// The name that robots.txt rules address.
pub const AGENT: &str = "sovcheck";
/// How much of a robots.txt is read (RFC 9309, section 2.5).
const MAX_BYTES: usize = 500 << 10;
/// Most sitemaps that are read of one host.
const MAX_SITEMAPS: usize = 8;
/// Most addresses that are taken from the sitemaps of one host.
const MAX_ADDRESSES: usize = 20_000;

enum Rules {
    /// No rules: everything is allowed.
    None,
    /// The site could not say, for this reason: nothing is allowed.
    Silence(String),
    Some(Box<Robot>),
}

/// The rules of every host met so far.
#[derive(Default)]
pub struct Robots {
    hosts: HashMap<String, Rules>,
}

impl Robots {
    /// Reads the rules of the host of `url`, and the addresses that its sitemaps list.
    pub async fn open(&mut self, fetcher: &Fetcher, url: &Url) -> Vec<Url> {
        let Ok(address) = url.join("/robots.txt") else { return Vec::new() };
        let rules = match fetcher.get(&address).await {
            Ok(fetched) => parse(&fetched.bytes),
            Err(FetchError::Status(status)) if (400..500).contains(&status) => Rules::None,
            Err(error) => Rules::Silence(crate::chain(&error)),
        };
        let mut maps: Vec<Url> = match &rules {
            Rules::Some(robot) => robot.sitemaps.iter().filter_map(|map| Url::parse(map).ok()).collect(),
            Rules::None => Vec::new(),
            Rules::Silence(_) => {
                self.hosts.insert(host(url), rules);
                return Vec::new();
            }
        };
        self.hosts.insert(host(url), rules);
        if maps.is_empty() {
            maps.extend(url.join("/sitemap.xml"));
        }
        self.sitemaps(fetcher, maps).await
    }

    /// Reads sitemaps and the sitemaps that they name, within limits.
    async fn sitemaps(&self, fetcher: &Fetcher, mut maps: Vec<Url>) -> Vec<Url> {
        let (mut addresses, mut read) = (Vec::new(), 0);
        maps.reverse();
        while let Some(map) = maps.pop() {
            read += 1;
            if read > MAX_SITEMAPS || addresses.len() >= MAX_ADDRESSES {
                break;
            }
            let Ok(fetched) = fetcher.get(&map).await else { continue };
            let found = sitemap::parse(&fetched.bytes);
            maps.extend(found.maps.iter().rev().filter_map(|m| Url::parse(m).ok()));
            addresses
                .extend(found.pages.iter().filter_map(|p| Url::parse(p).ok()).filter_map(clean).filter(|p| p.host_str() == map.host_str()));
        }
        addresses.truncate(MAX_ADDRESSES);
        addresses
    }

    /// Takes the rules of a folder's own robots.txt.
    pub fn open_folder(&mut self, folder: &Folder) {
        let rules = folder.robots().map_or(Rules::None, |bytes| parse(&bytes));
        self.hosts.insert(host(folder.base()), rules);
    }

    /// Why `url` may not be read; `None` if it may. A host whose rules were not read is not restricted by them.
    pub fn forbids(&self, url: &Url) -> Option<String> {
        match self.hosts.get(&host(url)) {
            None | Some(Rules::None) => None,
            Some(Rules::Silence(why)) => Some(format!("robots.txt could not be read, which forbids the site: {why}")),
            Some(Rules::Some(robot)) => (!robot.allowed(url.as_str())).then(|| "robots.txt forbids it".to_owned()),
        }
    }

    /// The pause that the host asks for.
    pub fn delay(&self, url: &Url) -> Option<Duration> {
        match self.hosts.get(&host(url)) {
            Some(Rules::Some(robot)) => robot.delay.filter(|d| d.is_finite() && *d >= 0.0).map(Duration::from_secs_f32),
            _ => None,
        }
    }
}

fn parse(bytes: &[u8]) -> Rules {
    Robot::new(AGENT, &bytes[..bytes.len().min(MAX_BYTES)]).map_or(Rules::None, |robot| Rules::Some(Box::new(robot)))
}

fn host(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_those_of_the_standard() {
        let url = |path: &str| Url::parse(&format!("https://example.eu{path}")).expect(path);
        let mut robots = Robots::default();
        robots.hosts.insert(host(&url("/")), parse(b"User-agent: *\nDisallow: /private/\nAllow: /private/terms\nCrawl-delay: 2\n\nUser-agent: sovcheck\nDisallow: /never/\nCrawl-delay: 3\n"));
        assert!(robots.forbids(&url("/private/x")).is_none(), "a group of our own replaces the general one");
        assert!(robots.forbids(&url("/never/x")).is_some());
        assert_eq!(robots.delay(&url("/")), Some(Duration::from_secs(3)));
        robots.hosts.insert(host(&url("/")), Rules::Silence("status 500".to_owned()));
        assert!(robots.forbids(&url("/")).is_some_and(|why| why.contains("status 500")));
    }
}
