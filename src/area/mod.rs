//! Countries and unions: what lies inside an area and what outside, by name and by date.
//!
//! Data (`areas.toml`), in the languages that documents are written in. Nothing here judges a service.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// A country with the words by which documents name it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Country {
    /// ISO 3166-1 alpha-2.
    pub code: String,
    /// In English.
    pub name: String,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    adjectives: Vec<String>,
    #[serde(default)]
    cities: Vec<String>,
}

/// A union of countries.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Union {
    /// Such as `eea`.
    pub id: String,
    /// In English.
    pub name: String,
    #[serde(rename = "member")]
    members: Vec<Member>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    code: String,
    since: String,
    #[serde(default)]
    until: Option<String>,
}

/// A decision that a country outside protects personal data as the union does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adequacy {
    /// The country.
    pub code: String,
    /// Since when, RFC 3339 date.
    pub since: String,
    /// Its limits.
    #[serde(default)]
    pub note: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AreasFile {
    version: String,
    #[serde(rename = "country")]
    countries: Vec<Country>,
    #[serde(rename = "union")]
    unions: Vec<Union>,
    #[serde(default)]
    adequacy: Vec<Adequacy>,
}

/// All that is known of places.
#[derive(Debug)]
pub struct Areas {
    file: AreasFile,
    /// Words to the place in the list of countries.
    words: HashMap<String, usize>,
    /// The most words in a row that name a country.
    longest: usize,
}

/// The places that ship with the program; a test reads them.
pub static AREAS: LazyLock<Areas> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
    let file: AreasFile = toml::from_str(include_str!("areas.toml")).expect("areas.toml");
    let mut words = HashMap::new();
    for (i, country) in file.countries.iter().enumerate() {
        for name in country.names.iter().chain(&country.adjectives).chain(&country.cities).chain(std::iter::once(&country.name)) {
            words.entry(split(name).join(" ")).or_insert(i);
        }
    }
    let longest = words.keys().map(|name| name.split(' ').count()).max().unwrap_or(1);
    Areas { file, words, longest }
});

fn split(text: &str) -> Vec<String> {
    text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

impl Areas {
    /// Version of the data.
    pub fn version(&self) -> &str {
        &self.file.version
    }

    /// The country with this code.
    pub fn country(&self, code: &str) -> Option<&Country> {
        self.file.countries.iter().find(|country| country.code == code)
    }

    /// The country that `text` names first, by its name, an adjective or a city.
    pub fn named_in(&self, text: &str) -> Option<&Country> {
        let words = split(text);
        (0..words.len()).find_map(|start| {
            let most = self.longest.min(words.len() - start);
            (1..=most).rev().find_map(|length| self.words.get(&words[start..start + length].join(" "))).map(|i| &self.file.countries[*i])
        })
    }

    /// Whether the country belongs to the union on a day (RFC 3339 date; dates of that form sort as text).
    pub fn is_member(&self, union: &str, code: &str, on: &str) -> bool {
        self.file
            .unions
            .iter()
            .filter(|u| u.id == union)
            .flat_map(|u| &u.members)
            .any(|member| member.code == code && member.since.as_str() <= on && member.until.as_deref().is_none_or(|until| on <= until))
    }

    /// The decision on the country's protection of personal data, if there is one.
    pub fn adequacy(&self, code: &str) -> Option<&Adequacy> {
        self.file.adequacy.iter().find(|decision| decision.code == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_known_by_name_adjective_and_city() {
        for (text, code) in [
            ("a French company", "FR"),
            ("données hébergées à Paris", "FR"),
            ("Rechenzentren in Deutschland", "DE"),
            ("the United States of America", "US"),
            ("operated from the United Kingdom", "GB"),
            ("Zürich, Schweiz", "CH"),
            ("tribunal de Bruxelles", "BE"),
        ] {
            assert_eq!(AREAS.named_in(text).map(|c| c.code.as_str()), Some(code), "{text}");
        }
        assert!(AREAS.named_in("customers all over the world").is_none());
    }

    #[test]
    fn membership_has_dates() {
        assert!(AREAS.is_member("eu", "DE", "2026-01-01"));
        assert!(AREAS.is_member("eea", "NO", "2026-01-01") && !AREAS.is_member("eu", "NO", "2026-01-01"));
        assert!(AREAS.is_member("eu", "GB", "2019-01-01") && !AREAS.is_member("eu", "GB", "2026-01-01"));
        assert!(!AREAS.is_member("eea", "CH", "2026-01-01"));
        assert!(AREAS.adequacy("JP").is_some() && AREAS.adequacy("CN").is_none());
    }

    #[test]
    fn every_country_is_listed_once_and_every_member_is_listed() {
        let codes: Vec<&str> = AREAS.file.countries.iter().map(|c| c.code.as_str()).collect();
        for (i, code) in codes.iter().enumerate() {
            assert!(!codes[..i].contains(code), "{code} twice");
        }
        for member in AREAS.file.unions.iter().flat_map(|u| &u.members) {
            assert!(codes.contains(&member.code.as_str()), "{}", member.code);
        }
        assert_ne!(AREAS.version(), "");
    }
}
