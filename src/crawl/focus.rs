//! How likely an address is to lead to evidence, and what a page under it can carry.
//!
//! The words are data (`focus.toml`), in the languages of the area. The score is whole-numbered and explained by the
//! topics that made it. Nothing here looks into a page's text.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::page::Tier;
use crate::domain::quote::fold;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FocusFile {
    #[serde(rename = "topic")]
    topics: Vec<Topic>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Topic {
    name: String,
    #[serde(default)]
    tier: Option<Tier>,
    weight: i32,
    words: Vec<String>,
}

struct Focus {
    topics: Vec<Topic>,
    /// Phrase to topic, and the longest phrase in words.
    phrases: HashMap<String, usize>,
    longest: usize,
}

static FOCUS: LazyLock<Focus> = LazyLock::new(|| {
    let file: FocusFile = toml::from_str(include_str!("focus.toml")).unwrap_or(FocusFile { topics: Vec::new() });
    let mut phrases = HashMap::new();
    for (i, topic) in file.topics.iter().enumerate() {
        for phrase in &topic.words {
            phrases.entry(words(phrase).join(" ")).or_insert(i);
        }
    }
    let longest = phrases.keys().map(|p| p.split(' ').count()).max().unwrap_or(1);
    Focus { topics: file.topics, phrases, longest }
});

/// A score with its reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Higher is read sooner.
    pub value: i32,
    /// The topics that made it, strongest first.
    pub topics: Vec<&'static str>,
}

/// Scores a link by its path, its words and the heading above it.
pub fn score(path: &str, link: &str, heading: &str) -> Score {
    let mut best: HashMap<usize, i32> = HashMap::new();
    // The words of a link are its author's own summary; the heading above speaks for many links.
    for (text, share) in [(path, 100), (link, 100), (heading, 40)] {
        for topic in topics_in(text) {
            let worth = FOCUS.topics[topic].weight * share / 100;
            let entry = best.entry(topic).or_insert(0);
            if worth.abs() > entry.abs() {
                *entry = worth;
            }
        }
    }
    let mut found: Vec<(usize, i32)> = best.into_iter().collect();
    found.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let good: Vec<i32> = found.iter().map(|(_, w)| *w).filter(|w| *w > 0).collect();
    let bad: i32 = found.iter().map(|(_, w)| *w).filter(|w| *w < 0).sum();
    let depth = i32::try_from(path.trim_matches('/').split('/').filter(|s| !s.is_empty()).count()).unwrap_or(9);
    // A blog post about terms is not the terms: where a page stands outweighs what it is about.
    let told = topics_in(path).iter().any(|t| FOCUS.topics[*t].tier == Some(Tier::Marketing));
    let bad = bad - if told { 40 } else { 0 };
    let value = good.first().copied().unwrap_or(10) + good.iter().skip(1).sum::<i32>() / 8 + bad - depth.min(9) * 2;
    Score { value, topics: found.iter().map(|(t, _)| FOCUS.topics[*t].name.as_str()).collect() }
}

/// What a page can carry, by its path and title. Documentation is technical unless a topic says otherwise.
pub fn tier(path: &str, title: &str) -> Tier {
    let of = |text: &str| topics_in(text).into_iter().filter_map(|t| FOCUS.topics[t].tier).collect::<Vec<_>>();
    let by_path = of(path);
    // A blog post about terms is a blog post: where the page stands outweighs what it is called.
    if by_path.contains(&Tier::Marketing) {
        return Tier::Marketing;
    }
    let strongest = |tiers: Vec<Tier>| tiers.into_iter().min();
    strongest(by_path).or_else(|| strongest(of(title).into_iter().filter(|t| *t != Tier::Marketing).collect())).unwrap_or(Tier::Technical)
}

/// Whether the path says that the page is kept as a record only.
pub fn is_archive(path: &str) -> bool {
    words(path).iter().any(|w| matches!(w.as_str(), "archive" | "archives" | "archived"))
}

fn topics_in(text: &str) -> Vec<usize> {
    let words = words(text);
    let mut topics = Vec::new();
    for start in 0..words.len() {
        for length in 1..=FOCUS.longest.min(words.len() - start) {
            if let Some(topic) = FOCUS.phrases.get(&words[start..start + length].join(" "))
                && !topics.contains(topic)
            {
                topics.push(*topic);
            }
        }
    }
    topics
}

fn words(text: &str) -> Vec<String> {
    let decoded = percent_decode(text);
    fold(&decoded)
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|w| !w.is_empty() && !matches!(*w, "html" | "htm" | "pdf" | "md" | "index"))
        .take(60)
        .map(str::to_owned)
        .collect()
}

fn percent_decode(text: &str) -> String {
    url::form_urlencoded::parse(text.replace('&', "%26").replace('=', "%3D").replace('+', " ").as_bytes())
        .map(|(k, _)| k.into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_load() {
        assert!(toml::from_str::<FocusFile>(include_str!("focus.toml")).is_ok());
        assert!(FOCUS.topics.len() > 20);
    }

    #[test]
    fn evidence_comes_before_detail_in_every_language() {
        let sooner = [
            ("/legal/dpa/", "", ""),
            ("/x1", "Liste des sous-traitants", ""),
            ("/de/auftragsverarbeitung", "", ""),
            ("/a", "Términos y condiciones: condiciones", ""),
            ("/impressum.html", "", ""),
            ("/s", "Nachhaltigkeit", ""),
            ("/it/sostenibilità/", "", ""),
            ("/p", "Verwerkersovereenkomst", ""),
        ];
        let later = [
            ("/blog/2019/our-team", "", ""),
            ("/changelog/1.2", "", ""),
            ("/languages/ruby/getting-started", "Ruby", ""),
            ("/search?q=a", "", ""),
        ];
        for (path, link, heading) in sooner {
            for (path2, link2, heading2) in later {
                assert!(score(path, link, heading).value > score(path2, link2, heading2).value, "{path} {link} / {path2}");
            }
        }
    }

    #[test]
    fn the_tier_follows_the_address_and_then_the_title() {
        assert_eq!(tier("/legal/dpa/index.html", "Data Processing Agreement"), Tier::Contract);
        assert_eq!(tier("/blog/our-new-terms", "Our new terms"), Tier::Marketing);
        assert_eq!(tier("/documents/iso27001-certificate.pdf", ""), Tier::Audit);
        assert_eq!(tier("/docs/kms", "Key management"), Tier::Technical);
        assert_eq!(tier("/x/17", "Allgemeine Geschäftsbedingungen"), Tier::Contract);
    }
}
