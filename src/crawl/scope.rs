//! Which hosts belong to one service: those under its registered names, and sister hosts elsewhere that its own pages
//! link for a purpose.
//!
//! A status page or a trust portal often stands on another registered name. It counts only if its address carries the
//! vendor's name and its role is known, from the portal (`hosts.toml`) or from the words of host and link; each one is
//! shown with where it was found. Registered names follow the Public Suffix List. No request is made here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use url::{Host, Url};

use crate::domain::page::SiteHost;
use crate::domain::quote::fold;

/// Most sister hosts of one service.
const MAX_SISTERS: usize = 12;
/// Shortest vendor name that is looked for in another host's name: shorter ones occur by chance.
const SHORTEST_NAME: usize = 4;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HostsFile {
    portal: Vec<Portal>,
    role: Vec<Role>,
}

/// A service that keeps pages for other companies.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Portal {
    /// Its registered name.
    site: String,
    role: String,
    name_in: NameIn,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum NameIn {
    /// `vendor.portal.io`.
    Host,
    /// `portal.io/vendor`.
    Path,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    name: String,
    words: Vec<String>,
}

#[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
static HOSTS: LazyLock<HostsFile> = LazyLock::new(|| toml::from_str(include_str!("hosts.toml")).expect("hosts.toml"));

/// The hosts of one service.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Registered names; for bare addresses, host and port.
    sites: Vec<String>,
    /// The label by which the vendor is known: `example` for `docs.example.eu`.
    names: Vec<String>,
    /// Hosts on other registered names, with the path below which they count.
    sisters: BTreeMap<String, String>,
    /// Every host that was met, as it is shown.
    shown: BTreeMap<String, SiteHost>,
    /// Whatever there is belongs to it.
    everything: bool,
}

impl Scope {
    /// The scope of a check that starts at `starts`; `also` are hosts that the operator names.
    pub fn of<'a>(starts: impl IntoIterator<Item = &'a Url>, also: &[String]) -> Self {
        let mut scope = Self { sites: Vec::new(), names: Vec::new(), sisters: BTreeMap::new(), shown: BTreeMap::new(), everything: false };
        for start in starts {
            scope.move_to(start, "start address");
        }
        for host in also {
            scope.sisters.insert(host.to_ascii_lowercase(), "/".to_owned());
            scope.show(host, None, "named by the operator".to_owned());
        }
        scope
    }

    /// Whatever a folder or an archive holds.
    pub fn everything() -> Self {
        Self { everything: true, ..Self::of([], &[]) }
    }

    /// Takes in the site of `url`.
    pub fn move_to(&mut self, url: &Url, how: &str) {
        let site = site_of(url);
        if let Some(name) = vendor_of(url)
            && !self.names.contains(&name)
        {
            self.names.push(name);
        }
        if !self.sites.contains(&site) {
            self.sites.push(site);
        }
        self.show(&host_of(url), role_in(&host_of(url)), how.to_owned());
    }

    /// Whether `url` belongs to it.
    pub fn holds(&self, url: &Url) -> bool {
        self.everything
            || self.sites.contains(&site_of(url))
            || self.sisters.get(&host_of(url)).is_some_and(|below| url.path().starts_with(below.as_str()))
    }

    /// Whether `url`, linked with `words` from the page at `on`, belongs to it; a sister host that is met for the first
    /// time is taken in.
    pub fn takes(&mut self, url: &Url, words: &str, on: &str) -> bool {
        if self.everything {
            return true;
        }
        let host = host_of(url);
        if self.holds(url) {
            if !self.shown.contains_key(&host) {
                self.show(&host, role_in(&host), format!("under the same registered name, first linked on {on}"));
            }
            return true;
        }
        if self.sisters.len() >= MAX_SISTERS || self.sisters.contains_key(&host) || !matches!(url.host(), Some(Host::Domain(_))) {
            return false;
        }
        let Some((role, below)) = self.sister(url, &host, words) else { return false };
        self.sisters.insert(host.clone(), below);
        let words: String = words.chars().take(60).collect();
        self.show(&host, Some(role), format!("linked as “{words}” on {on}"));
        true
    }

    /// Every host that was met, by name.
    pub fn hosts(&self) -> impl Iterator<Item = &SiteHost> {
        self.shown.values()
    }

    /// The role of a sister host and the path below which it counts; `None` if it is none.
    fn sister(&self, url: &Url, host: &str, words: &str) -> Option<(String, String)> {
        let site = site_of(url);
        let names = || self.names.iter().filter(|name| name.len() >= SHORTEST_NAME);
        if let Some(portal) = HOSTS.portal.iter().find(|portal| portal.site == site) {
            let below = match portal.name_in {
                NameIn::Host => {
                    let label = host.strip_suffix(&site)?.trim_end_matches('.');
                    names().any(|name| label.split(['.', '-']).any(|part| part == name)).then(|| "/".to_owned())
                }
                NameIn::Path => {
                    let first = url.path_segments()?.next()?.to_ascii_lowercase();
                    names().any(|name| *name == first).then(|| format!("/{first}"))
                }
            };
            return Some((portal.role.clone(), below?));
        }
        let label = vendor_of(url)?;
        let sister = names().any(|name| label == *name || label.split('-').any(|part| part == name) || label.starts_with(name.as_str()));
        let role = role_in(host).or_else(|| role_in(words))?;
        sister.then(|| (role, "/".to_owned()))
    }

    fn show(&mut self, host: &str, role: Option<String>, how: String) {
        self.shown.entry(host.to_owned()).or_insert_with(|| SiteHost { host: host.to_owned(), role, how });
    }
}

/// The role that words speak of: `status`, `trust`, ….
fn role_in(text: &str) -> Option<String> {
    let text = fold(text).to_lowercase();
    let said: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
    let says = |word: &String| {
        let word: Vec<&str> = word.split([' ', '-']).collect();
        said.windows(word.len()).any(|part| part == word.as_slice())
    };
    HOSTS.role.iter().find(|role| role.words.iter().any(says)).map(|role| role.name.clone())
}

fn host_of(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.trim_end_matches('.').to_owned(),
        (None, _) => String::new(),
    }
}

/// The registered name; of a bare address, host and port.
pub fn site_of(url: &Url) -> String {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            psl::domain_str(name).unwrap_or(name).to_owned()
        }
        Some(host) => format!("{host}:{}", url.port_or_known_default().unwrap_or(0)),
        None => String::new(),
    }
}

/// The first label of the registered name.
fn vendor_of(url: &Url) -> Option<String> {
    let Some(Host::Domain(name)) = url.host() else { return None };
    let site = psl::domain_str(name.trim_end_matches('.'))?;
    site.split('.').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    fn scope(start: &str) -> Scope {
        Scope::of([&url(start)], &[])
    }

    #[test]
    fn the_data_loads() {
        let file: Result<HostsFile, _> = toml::from_str(include_str!("hosts.toml"));
        assert!(file.is_ok_and(|file| file.portal.len() > 5 && file.role.len() > 3));
    }

    #[test]
    fn a_service_spans_the_hosts_of_its_registered_name() {
        let scope = scope("https://docs.example.eu/start");
        assert!(scope.holds(&url("https://www.example.eu/legal")) && scope.holds(&url("https://status.example.eu")));
        assert!(!scope.holds(&url("https://example.com/")));
        for (start, other) in [("https://a.co.uk", "https://b.co.uk"), ("https://a.github.io", "https://b.github.io")] {
            assert!(!super::Scope::of([&url(start)], &[]).holds(&url(other)), "{other}");
        }
        assert!(!super::Scope::of([&url("http://127.0.0.1:8101/")], &[]).holds(&url("http://127.0.0.1:8102/")));
    }

    #[test]
    fn sister_hosts_need_the_vendors_name_and_a_role() {
        let mut scope = scope("https://www.nordhaven.eu/");
        let mut takes = |address: &str, words: &str| scope.takes(&url(address), words, "https://www.nordhaven.eu/");
        assert!(takes("https://nordhaven.statuspage.io/", "Status"));
        assert!(takes("https://nordhaven-status.com/", "System status"));
        assert!(takes("https://nordhaven.io/trust", "Trust center"));
        assert!(!takes("https://acme.statuspage.io/", "Status"), "somebody else's");
        assert!(!takes("https://facebook.com/nordhaven", "Facebook"));
        assert!(!takes("https://nordhaven-fans.com/", "Our fans"), "no role");
        assert!(!takes("http://10.0.0.1/status/nordhaven", "Status"));
        let shown: Vec<(&str, Option<&str>)> = scope.hosts().map(|h| (h.host.as_str(), h.role.as_deref())).collect();
        assert!(shown.contains(&("nordhaven.statuspage.io", Some("status"))), "{shown:?}");
    }

    #[test]
    fn the_operator_may_name_hosts() {
        let scope = Scope::of([&url("https://a.eu/")], &["Portal.example".to_owned()]);
        assert!(scope.holds(&url("https://portal.example/x")) && !scope.holds(&url("https://www.portal.example/x")));
    }
}
