//! How likely an address is to lead to evidence, and what a page under it can carry.
//!
//! The words are data (`focus.toml`), in the languages of the area. The worth of an address is a sum over topics with
//! diminishing returns: what serves factors that pages already read have served counts less, so the budget is spread
//! over what is still lacking. It only ever falls, so the frontier may look again at its best entry alone (lazy greedy
//! evaluation, Minoux 1978). Whole-numbered, and explained by the topics that made it. Nothing here looks into a text.

use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::page::Tier;
use crate::domain::quote::fold;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FocusFile {
    /// After this many pages that serve a factor, another one is worth half.
    half: i32,
    /// Percent of its weight that a topic never falls below: legal pages stay ahead of tutorials.
    least: i32,
    /// What an address of no topic is worth.
    plain: i32,
    /// What each step of an address's depth costs.
    depth: i32,
    /// Percent of its weight that a topic counts for which only the heading above a link names.
    heading: i32,
    /// Percent of their weight that topics beside the leading one count.
    beside: i32,
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
    /// Ids of the factors that its pages tend to serve.
    #[serde(default)]
    factors: Vec<String>,
    words: Vec<String>,
}

struct Focus {
    file: FocusFile,
    /// Phrase to topic, and the longest phrase in words.
    phrases: HashMap<String, usize>,
    longest: usize,
}

static FOCUS: LazyLock<Focus> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
    let file: FocusFile = toml::from_str(include_str!("focus.toml")).expect("focus.toml");
    let mut phrases = HashMap::new();
    for (i, topic) in file.topics.iter().enumerate() {
        for phrase in &topic.words {
            phrases.entry(words(phrase).join(" ")).or_insert(i);
        }
    }
    let longest = phrases.keys().map(|p| p.split(' ').count()).max().unwrap_or(1);
    Focus { file, phrases, longest }
});

/// What an address promises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worth {
    /// Places in the list of topics with their weights, heaviest first.
    topics: Vec<(usize, i32)>,
    /// What counts against it whatever is lacking: depth, and a place among advertisements.
    cost: i32,
}

impl Worth {
    /// Of a link, by its path, its words and the heading above it.
    pub fn of(path: &str, link: &str, heading: &str) -> Self {
        let mut best: HashMap<usize, i32> = HashMap::new();
        let by_path = topics_in(path);
        // The words of a link are its author's own summary; the heading above speaks for many links.
        for (topics, share) in [(by_path.clone(), 100), (topics_in(link), 100), (topics_in(heading), FOCUS.file.heading)] {
            for topic in topics {
                let worth = FOCUS.file.topics[topic].weight * share / 100;
                let entry = best.entry(topic).or_insert(0);
                if worth.abs() > entry.abs() {
                    *entry = worth;
                }
            }
        }
        let mut topics: Vec<(usize, i32)> = best.into_iter().collect();
        topics.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let depth = i32::try_from(path.trim_matches('/').split('/').filter(|s| !s.is_empty()).count()).unwrap_or(9);
        // A blog post about terms is not the terms: where a page stands outweighs what it is about.
        let told = by_path.iter().any(|t| FOCUS.file.topics[*t].tier == Some(Tier::Marketing));
        Self { topics, cost: depth.min(9) * FOCUS.file.depth + if told { 40 } else { 0 } }
    }

    /// The worth in view of what was read: higher is read sooner.
    pub fn value(&self, ledger: &Ledger) -> i32 {
        let mut good: Vec<i32> = self.topics.iter().filter(|(_, w)| *w > 0).map(|(t, w)| w * ledger.need(*t) / 100).collect();
        good.sort_unstable_by(|a, b| b.cmp(a));
        let bad: i32 = self.topics.iter().map(|(_, w)| *w).filter(|w| *w < 0).sum();
        good.first().copied().unwrap_or(FOCUS.file.plain) + good.iter().skip(1).sum::<i32>() * FOCUS.file.beside / 100 + bad - self.cost
    }

    /// How the value comes about.
    pub fn explain(&self, ledger: &Ledger) -> String {
        let mut text = String::new();
        for (topic, weight) in &self.topics {
            let need = ledger.need(*topic);
            let name = &FOCUS.file.topics[*topic].name;
            let _infallible = match (*weight > 0, need) {
                (true, 100) | (false, _) => write!(text, "{name} {weight}, "),
                (true, need) => write!(text, "{name} {weight} (needed {need} %), "),
            };
        }
        if self.topics.is_empty() {
            text.push_str("no topic, ");
        }
        text.push_str(&format!("cost {}", self.cost));
        text
    }
}

/// Which factors the pages read so far have served, and how often.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    served: HashMap<&'static str, i32>,
}

impl Ledger {
    /// A page of this worth was read: the factors of its leading topics are served once more.
    pub fn read(&mut self, worth: &Worth) {
        let best = worth.topics.first().map_or(0, |(_, w)| *w);
        let mut served: Vec<&'static str> = worth
            .topics
            .iter()
            .filter(|(_, weight)| *weight * 10 >= best * 6 && *weight > 0)
            .flat_map(|(topic, _)| FOCUS.file.topics[*topic].factors.iter().map(String::as_str))
            .collect();
        served.sort_unstable();
        served.dedup();
        for factor in served {
            *self.served.entry(factor).or_insert(0) += 1;
        }
    }

    /// Percent of its weight that a topic still has: that of the factor that lacks most among those it serves.
    fn need(&self, topic: usize) -> i32 {
        let served = |factor: &String| self.served.get(factor.as_str()).copied().unwrap_or(0);
        let least = FOCUS.file.topics[topic].factors.iter().map(served).min().unwrap_or(0);
        (100 * FOCUS.file.half / (FOCUS.file.half + least)).max(FOCUS.file.least)
    }
}

/// What a page can carry, by its path and title. Documentation is technical unless a topic says otherwise.
pub fn tier(path: &str, title: &str) -> Tier {
    let of = |text: &str| topics_in(text).into_iter().filter_map(|t| FOCUS.file.topics[t].tier).collect::<Vec<_>>();
    let by_path = of(path);
    // A page that compares speaks of others, wherever it stands.
    if by_path.contains(&Tier::Other) || of(title).contains(&Tier::Other) {
        return Tier::Other;
    }
    // A blog post about terms is a blog post: where the page stands outweighs what it is called.
    if by_path.contains(&Tier::Marketing) {
        return Tier::Marketing;
    }
    let strongest = |tiers: Vec<Tier>| tiers.into_iter().min();
    strongest(by_path).or_else(|| strongest(of(title).into_iter().filter(|t| *t != Tier::Marketing).collect())).unwrap_or(Tier::Technical)
}

/// Ids of the factors that a page tends to serve, by its path and title.
pub fn serves(path: &str, title: &str) -> Vec<&'static str> {
    let mut topics = topics_in(path);
    topics.extend(topics_in(title));
    let mut factors: Vec<&'static str> = topics
        .into_iter()
        .filter(|t| FOCUS.file.topics[*t].weight > 0)
        .flat_map(|t| FOCUS.file.topics[t].factors.iter().map(String::as_str))
        .collect();
    factors.sort_unstable();
    factors.dedup();
    factors
}

/// Whether the path says that the page is kept as a record only.
pub fn is_archive(path: &str) -> bool {
    words(path).iter().any(|w| matches!(w.as_str(), "archive" | "archives" | "archived"))
}

/// The topics of a text. A phrase of weight 0 is ordinary: no word of it counts for another topic.
fn topics_in(text: &str) -> Vec<usize> {
    let words = words(text);
    let mut found: Vec<(usize, Range<usize>)> = Vec::new();
    for start in 0..words.len() {
        for length in 1..=FOCUS.longest.min(words.len() - start) {
            if let Some(topic) = FOCUS.phrases.get(&words[start..start + length].join(" ")) {
                found.push((*topic, start..start + length));
            }
        }
    }
    let ordinary: Vec<Range<usize>> = found.iter().filter(|(t, _)| FOCUS.file.topics[*t].weight == 0).map(|(_, at)| at.clone()).collect();
    let mut topics = Vec::new();
    for (topic, at) in found {
        let inside = ordinary.iter().any(|o| o.start <= at.start && at.end <= o.end);
        if !inside && !topics.contains(&topic) {
            topics.push(topic);
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

    fn value(path: &str, link: &str, heading: &str) -> i32 {
        Worth::of(path, link, heading).value(&Ledger::default())
    }

    #[test]
    fn the_words_load() {
        assert!(toml::from_str::<FocusFile>(include_str!("focus.toml")).is_ok());
        assert!(FOCUS.file.topics.len() > 20);
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
                assert!(value(path, link, heading) > value(path2, link2, heading2), "{path} {link} / {path2}");
            }
        }
    }

    #[test]
    fn links_of_eight_languages_show_their_topic() {
        let rows = include_str!("../fixtures/crawl/links.tsv").lines().skip(1);
        let mut wrong = Vec::new();
        for row in rows {
            let [path, link, heading, expected] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("not four columns: {row}") };
            let worth = Worth::of(path, link, heading);
            let found = worth.topics.iter().any(|(topic, _)| FOCUS.file.topics[*topic].name == expected);
            let none = worth.topics.iter().all(|(_, weight)| *weight <= 0);
            if if expected == "none" { !none } else { !found } {
                wrong.push(format!("{row}: {}", worth.explain(&Ledger::default())));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn what_is_served_again_and_again_is_worth_less_and_what_lacks_is_not() {
        let (certificates, environment) = (Worth::of("/certifications/iso", "", ""), Worth::of("/sustainability", "", ""));
        let mut ledger = Ledger::default();
        let (before, other) = (certificates.value(&ledger), environment.value(&ledger));
        for _ in 0..10 {
            ledger.read(&certificates);
        }
        assert!(certificates.value(&ledger) < before, "{}", certificates.explain(&ledger));
        assert_eq!(environment.value(&ledger), other);
        assert!(certificates.value(&ledger) > value("/blog/2019/our-team", "", ""), "and never less than what serves nothing");
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
