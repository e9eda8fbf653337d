//! robots.txt by RFC 9309: 4xx allows everything, 5xx or no answer forbids everything, 500 KiB are read.

use std::time::Duration;

use texting_robots::Robot;
use url::Url;

/// The name that robots.txt rules address.
pub const AGENT: &str = "sovcheck";
/// How the words begin that say that a site did not hand out its robots.txt, which may be otherwise an hour later.
pub const SILENT: &str = "robots.txt could not be read";
/// How much of a robots.txt is read (RFC 9309, section 2.5).
const MAX_BYTES: usize = 500 << 10;

/// The rules of one host.
pub enum Rules {
    /// It has none: everything is allowed.
    None,
    /// It could not say, for this reason: nothing is allowed (RFC 9309, section 2.3.1.4).
    Silence(String),
    /// What its file says.
    Some(Box<Robot>),
}

impl Rules {
    /// Reads a robots.txt; one that cannot be read at all says nothing.
    pub fn parse(bytes: &[u8]) -> Self {
        Robot::new(AGENT, &bytes[..bytes.len().min(MAX_BYTES)]).map_or(Self::None, |robot| Self::Some(Box::new(robot)))
    }

    /// Why `url` may not be read; `None` if it may.
    pub fn forbids(&self, url: &Url) -> Option<String> {
        match self {
            Self::None => None,
            Self::Silence(why) => Some(format!("{SILENT}, which forbids the site: {why}")),
            Self::Some(robot) => (!robot.allowed(url.as_str())).then(|| "robots.txt forbids it".to_owned()),
        }
    }

    /// The pause that the host asks for.
    pub fn delay(&self) -> Option<Duration> {
        match self {
            Self::Some(robot) => robot.delay.filter(|d| d.is_finite() && *d >= 0.0).map(|d| Duration::from_secs_f32(d.min(3600.0))),
            Self::None | Self::Silence(_) => None,
        }
    }

    /// Addresses of sitemaps, as written.
    pub fn sitemaps(&self) -> &[String] {
        match self {
            Self::Some(robot) => &robot.sitemaps,
            Self::None | Self::Silence(_) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str) -> Url {
        Url::parse(&format!("https://example.eu{path}")).expect(path)
    }

    #[test]
    fn rules_are_those_of_the_standard() {
        let rules = Rules::parse(
            b"User-agent: *\nDisallow: /private/\nAllow: /private/terms\nCrawl-delay: 2\n\n\
              User-agent: sovcheck\nDisallow: /never/\nCrawl-delay: 3\nSitemap: https://example.eu/map.xml\n",
        );
        assert!(rules.forbids(&url("/private/x")).is_none(), "a group of our own replaces the general one");
        assert!(rules.forbids(&url("/never/x")).is_some());
        assert_eq!(rules.delay(), Some(Duration::from_secs(3)));
        assert_eq!(rules.sitemaps(), ["https://example.eu/map.xml"]);
        let silent = Rules::Silence("status 500".to_owned());
        assert!(silent.forbids(&url("/")).is_some_and(|why| why.contains("status 500")));
    }

    #[test]
    fn the_longest_match_decides_and_wildcards_count() {
        let rules = Rules::parse(b"User-agent: *\nDisallow: /\nAllow: /legal/\nDisallow: /legal/*.pdf$\n");
        assert!(rules.forbids(&url("/x")).is_some() && rules.forbids(&url("/legal/terms")).is_none());
        assert!(rules.forbids(&url("/legal/a.pdf")).is_some() && rules.forbids(&url("/legal/a.pdfx")).is_none());
    }

    #[test]
    fn no_more_than_the_standard_asks_is_read() {
        let mut long = b"User-agent: *\nDisallow: /a\n".to_vec();
        long.resize(MAX_BYTES, b'\n');
        long.extend_from_slice(b"Disallow: /b\n");
        let rules = Rules::parse(&long);
        assert!(rules.forbids(&url("/a")).is_some() && rules.forbids(&url("/b")).is_none());
    }
}
