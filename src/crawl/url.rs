//! Addresses: which belong to a check, and when two are one.
//!
//! No request is made here, and nothing is resolved.

use url::{Host, Url};

/// The addresses that belong to one service: its host and the hosts under the same registered name.
#[derive(Clone, Debug)]
pub struct Scope {
    /// `example.eu` for `docs.example.eu`; for a bare address, host and port.
    site: String,
}

/// Second-level labels under which others register names, as in `example.co.uk`.
const SHARED: &[&str] = &["co", "com", "org", "net", "gov", "ac", "gouv", "asso"];

impl Scope {
    /// The scope of a check that starts at `start`.
    pub fn of(start: &Url) -> Self {
        Self { site: site_of(start) }
    }

    /// Whether `url` belongs to it.
    pub fn holds(&self, url: &Url) -> bool {
        site_of(url) == self.site
    }
}

fn site_of(url: &Url) -> String {
    match url.host() {
        Some(Host::Domain(name)) if name != "localhost" => {
            let labels: Vec<&str> = name.trim_end_matches('.').split('.').collect();
            let n = labels.len();
            let wide = n >= 3 && labels[n - 1].len() == 2 && SHARED.contains(&labels[n - 2]);
            labels[n.saturating_sub(if wide { 3 } else { 2 })..].join(".")
        }
        Some(host) => format!("{host}:{}", url.port_or_known_default().unwrap_or(0)),
        None => String::new(),
    }
}

/// Query names that say who came from where, not what is shown.
const NOISE: &[&str] = &[
    "gclid",
    "fbclid",
    "mc_cid",
    "mc_eid",
    "ref",
    "source",
    "sessionid",
    "session_id",
    "sid",
    "phpsessid",
    "jsessionid",
    "print",
    "replytocom",
    "share",
];
/// Endings of files that hold no documentation.
const NOT_READ: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "bmp", "css", "js", "mjs", "map", "woff", "woff2", "ttf", "eot", "otf",
    "mp4", "webm", "mp3", "wav", "mov", "avi", "zip", "gz", "tgz", "bz2", "xz", "7z", "rar", "tar", "exe", "dmg", "deb", "rpm", "msi",
    "iso", "bin", "jar", "json", "xml", "rss", "atom", "yaml", "yml", "csv", "xls", "xlsx", "ppt", "pptx", "doc", "docx", "odt", "sig",
    "asc", "ics", "vcf",
];
/// Longest address that is followed.
const MAX_LENGTH: usize = 2_000;

/// The address that a link in the page at `base` leads to, made comparable; `None` if it is not to be followed.
pub fn follow(base: &Url, href: &str) -> Option<Url> {
    if href.is_empty() || href.starts_with('#') || href.len() > MAX_LENGTH {
        return None;
    }
    clean(base.join(href).ok()?)
}

/// Without fragment, tracking and session parameters; `None` for other schemes, user names and files that are not read.
pub fn clean(mut url: Url) -> Option<Url> {
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    url.set_fragment(None);
    let ending = url.path().rsplit('/').next().unwrap_or("").rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    if ending.is_some_and(|e| NOT_READ.contains(&e.as_str())) {
        return None;
    }
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(k, _)| {
            let k = k.to_ascii_lowercase();
            !k.starts_with("utm_") && !NOISE.contains(&k.as_str())
        })
        .map(|(k, v)| (k.into_owned(), v.into_owned()))
        .collect();
    // Addresses with many parameters are searches, facets and calendars.
    if kept.len() > 2 {
        return None;
    }
    if kept.is_empty() {
        url.set_query(None);
    } else {
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    Some(url)
}

/// What makes two addresses the same page: scheme, `www.`, a trailing slash and `index.html` do not count.
pub fn key(url: &Url) -> String {
    let host = url.host_str().unwrap_or("").trim_start_matches("www.");
    let path = url.path().trim_end_matches("index.html").trim_end_matches("index.htm").trim_end_matches('/');
    format!("{host}:{}{path}?{}", url.port().unwrap_or(0), url.query().unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    #[test]
    fn a_service_spans_its_sister_hosts_and_no_other() {
        let scope = Scope::of(&url("https://docs.example.eu/start"));
        assert!(scope.holds(&url("https://www.example.eu/legal")));
        assert!(scope.holds(&url("https://status.example.eu")));
        assert!(!scope.holds(&url("https://example.com/")));
        assert!(!Scope::of(&url("https://a.co.uk")).holds(&url("https://b.co.uk")));
        assert!(!Scope::of(&url("http://127.0.0.1:8101/")).holds(&url("http://127.0.0.1:8102/")));
    }

    #[test]
    fn links_are_made_comparable() {
        let base = url("https://example.eu/docs/a/");
        let go = |href: &str| follow(&base, href).map(|u| u.to_string());
        assert_eq!(go("../b?utm_source=x&v=2#top").as_deref(), Some("https://example.eu/docs/b?v=2"));
        for left in ["#top", "mailto:a@b.eu", "javascript:void(0)", "logo.png", "https://u:p@example.eu/", "", "?a=1&b=2&c=3"] {
            assert_eq!(go(left), None, "{left}");
        }
        assert_eq!(key(&url("http://www.example.eu/a/index.html")), key(&url("https://example.eu/a/")));
    }
}
