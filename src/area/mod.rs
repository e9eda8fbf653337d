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
    /// Words by which documents name it, in lower case.
    #[serde(default)]
    pub names: Vec<String>,
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
    #[serde(default)]
    reach: Vec<Reach>,
}

/// A law that compels a country's companies to hand over data that they hold abroad.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reach {
    code: String,
    law: String,
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

    /// The country that `text` names first; where it names none, the union, by its id in capitals (`EU`).
    pub fn place_in(&self, text: &str) -> Option<String> {
        if let Some(country) = self.named_in(text) {
            return Some(country.code.clone());
        }
        let words = format!(" {} ", split(text).join(" "));
        let named = |union: &&Union| union.names.iter().any(|name| words.contains(&format!(" {name} ")));
        self.file.unions.iter().find(named).map(|union| union.id.to_uppercase())
    }

    /// Whether the country, or every country of the union with that id in capitals, belongs to `union` on a day (RFC 3339
    /// date; dates of that form sort as text).
    pub fn is_member(&self, union: &str, code: &str, on: &str) -> bool {
        let members = self.members(union, on);
        match self.members(&code.to_lowercase(), on) {
            inner if inner.is_empty() || code.chars().any(char::is_lowercase) => members.contains(&code),
            inner => inner.iter().all(|member| members.contains(member)),
        }
    }

    fn members(&self, union: &str, on: &str) -> Vec<&str> {
        let then = |member: &&Member| member.since.as_str() <= on && member.until.as_deref().is_none_or(|until| on <= until);
        let of = self.file.unions.iter().filter(|u| u.id == union).flat_map(|u| &u.members);
        of.filter(then).map(|member| member.code.as_str()).collect()
    }

    /// The area that a person means: a union (`eea`), a country (`FR`, `Japan`), or a list of own choice
    /// (`dach=DE+AT+CH`).
    ///
    /// # Errors
    /// Says what is not known.
    pub fn area(&self, typed: &str) -> Result<Area, UnknownArea> {
        let typed = typed.trim();
        let unknown = |what: &str| UnknownArea(what.to_owned());
        if let Some((name, members)) = typed.split_once('=') {
            let codes: Result<Vec<String>, UnknownArea> = members
                .split([',', '+'])
                .map(|member| self.country_named(member.trim()).map(|c| c.code.clone()).ok_or_else(|| unknown(member.trim())))
                .collect();
            let name = name.trim();
            if name.is_empty() || self.file.unions.iter().any(|u| u.id.eq_ignore_ascii_case(name)) {
                return Err(UnknownArea(format!("{name} as the name of a list of your own")));
            }
            return Ok(Area { id: name.to_lowercase(), name: name.to_owned(), within: Within::Countries(codes?) });
        }
        if let Some(union) = self.file.unions.iter().find(|u| u.id.eq_ignore_ascii_case(typed) || u.name.eq_ignore_ascii_case(typed)) {
            return Ok(Area { id: union.id.clone(), name: union.name.clone(), within: Within::Union(union.id.clone()) });
        }
        let country = self.country_named(typed).ok_or_else(|| unknown(typed))?;
        Ok(Area { id: country.code.to_lowercase(), name: country.name.clone(), within: Within::Countries(vec![country.code.clone()]) })
    }

    fn country_named(&self, typed: &str) -> Option<&Country> {
        let countries = &self.file.countries;
        let known = |c: &&Country| {
            c.code.eq_ignore_ascii_case(typed) || c.name.eq_ignore_ascii_case(typed) || c.names.contains(&typed.to_lowercase())
        };
        countries.iter().find(known)
    }

    /// The law by which the country reaches companies of its own abroad, if one is known.
    pub fn reach(&self, code: &str) -> Option<&str> {
        self.file.reach.iter().find(|reach| reach.code == code).map(|reach| reach.law.as_str())
    }

    /// The decision on the country's protection of personal data, if there is one.
    pub fn adequacy(&self, code: &str) -> Option<&Adequacy> {
        self.file.adequacy.iter().find(|decision| decision.code == code)
    }
}

/// An area of sovereignty: what "inside" and "outside" are seen from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// A union's id, a country's code in lower case, or a name of own choice.
    pub id: String,
    /// For readers.
    pub name: String,
    within: Within,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Within {
    Union(String),
    Countries(Vec<String>),
}

impl Area {
    /// Whether the country, or the union with that id in capitals, lies inside on a day (RFC 3339 date).
    pub fn holds(&self, code: &str, on: &str) -> bool {
        match &self.within {
            Within::Union(union) => AREAS.is_member(union, code, on),
            Within::Countries(codes) => match AREAS.members(&code.to_lowercase(), on) {
                inner if inner.is_empty() => codes.iter().any(|c| c == code),
                inner => inner.iter().all(|member| codes.iter().any(|c| c == member)),
            },
        }
    }

    /// Whether the country, or the union, lies outside on a day: a union that reaches over the area's border lies neither
    /// inside nor outside.
    pub fn excludes(&self, code: &str, on: &str) -> bool {
        let inner = AREAS.members(&code.to_lowercase(), on);
        if inner.is_empty() { !self.holds(code, on) } else { inner.iter().all(|member| !self.holds(member, on)) }
    }
}

/// No place is known by this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no area is known as `{0}`; use eu, eea, a country (FR, Japan) or a list of your own (dach=DE+AT+CH)")]
pub struct UnknownArea(String);

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
        assert!(AREAS.reach("US").is_some() && AREAS.reach("JP").is_none());
        assert!(AREAS.adequacy("JP").is_some() && AREAS.adequacy("CN").is_none());
    }

    #[test]
    fn an_area_is_a_union_a_country_or_a_list() {
        let on = "2026-01-01";
        let area = |typed: &str| AREAS.area(typed).expect(typed);
        assert!(area("EEA").holds("NO", on) && area("eea").holds("EU", on) && !area("eu").holds("EEA", on));
        assert!(area("Japan").holds("JP", on) && area("jp").excludes("EU", on) && area("jp").excludes("US", on));
        let dach = area("dach=DE, AT,CH");
        assert!(dach.holds("CH", on) && dach.excludes("FR", on));
        // Data "in the EU" may or may not be in Germany.
        assert!(!area("DE").holds("EU", on) && !area("DE").excludes("EU", on));
        assert_eq!(AREAS.area("Atlantis").unwrap_err().to_string().split(';').next(), Some("no area is known as `Atlantis`"));
        assert!(AREAS.area("x=DE,Atlantis").is_err() && AREAS.area("eu=DE").is_err() && AREAS.area("").is_err());
    }

    #[test]
    fn a_union_is_a_place_where_no_country_is_named() {
        assert_eq!(AREAS.place_in("Your data stays in the EU (France).").as_deref(), Some("FR"));
        assert_eq!(AREAS.place_in("Your data stays in the EU.").as_deref(), Some("EU"));
        assert_eq!(AREAS.place_in("données hébergées dans l'Espace économique européen").as_deref(), Some("EEA"));
        assert_eq!(AREAS.place_in("wherever you are"), None);
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
