//! What a page asks of robots: the robots meta tag and the `X-Robots-Tag` header, as far as they concern a reader that
//! quotes.
//!
//! A check is not a search index, so `noindex` alone (common on legal pages) does not keep it from reading. It quotes,
//! so `nosnippet` and a `max-snippet` too short for a sentence do; and `none`, which asks robots to keep off, is obeyed.

use super::robots::AGENT;

/// Shortest `max-snippet`, in characters, that leaves room for a sentence.
const SENTENCE: i64 = 200;

/// The wishes that matter here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// Its words may not be quoted.
    pub no_quotes: bool,
    /// Its links are not to be followed.
    pub no_follow: bool,
    /// No copy of it is to be handed on.
    pub no_archive: bool,
}

impl Directives {
    /// Reads header and meta values, each a list such as `noindex, max-snippet:50`; one that begins with the name of an
    /// agent (`otherbot: nosnippet`) counts only if the agent is this one.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut found = Self::default();
        for value in values {
            let value = value.to_ascii_lowercase();
            let mut mine = true;
            for wish in value.split(',').map(str::trim) {
                let mut wish = wish;
                if let Some((agent, rest)) = wish.split_once(':')
                    && !matches!(agent.trim(), "max-snippet" | "max-image-preview" | "max-video-preview" | "unavailable_after")
                {
                    mine = agent.trim() == AGENT;
                    wish = rest.trim();
                }
                if mine {
                    found.take(wish);
                }
            }
        }
        found
    }

    fn take(&mut self, wish: &str) {
        match wish.split_once(':') {
            Some(("max-snippet", length)) => {
                self.no_quotes |= length.trim().parse().is_ok_and(|n: i64| (0..SENTENCE).contains(&n));
            }
            Some(_) => {}
            None => match wish {
                "none" => (self.no_quotes, self.no_follow) = (true, true),
                "nosnippet" => self.no_quotes = true,
                "nofollow" => self.no_follow = true,
                "noarchive" => self.no_archive = true,
                _ => {}
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_as_they_concern_a_reader_that_quotes() {
        let of = |values: &[&str]| {
            let d = Directives::of(values.iter().copied());
            (d.no_quotes, d.no_follow, d.no_archive)
        };
        assert_eq!(of(&["noindex"]), (false, false, false));
        assert_eq!(of(&["NoIndex, NoFollow"]), (false, true, false));
        assert_eq!(of(&["none"]), (true, true, false));
        assert_eq!(of(&["nosnippet"]), (true, false, false));
        assert_eq!(of(&["max-snippet:0"]), (true, false, false));
        assert_eq!(of(&["max-snippet:50, noarchive"]), (true, false, true));
        assert_eq!(of(&["max-snippet:-1"]), (false, false, false));
        assert_eq!(of(&["max-snippet: 400"]), (false, false, false));
        assert_eq!(of(&["otherbot: none", "all"]), (false, false, false));
        assert_eq!(of(&["otherbot: nosnippet, nofollow"]), (false, false, false));
        assert_eq!(of(&["sovcheck: nosnippet"]), (true, false, false));
        assert_eq!(of(&["unavailable_after: 25 Jun 2010 15:00:00 PST, nofollow"]), (false, true, false));
    }
}
