//! Patterns for facts: read from data files, tried on their own examples.
//!
//! A file declares kinds of facts and patterns that find them. The files in `facts/` ship with the program; an edition may
//! bring more of the same form. Nothing here reads pages.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use regex::{Captures, Regex};
use serde::Deserialize;
use toml::Spanned;

use super::filter::Filter;
use crate::area::AREAS;
use crate::domain::page::Tier;
use crate::domain::profile::{Figure, Kind};
use crate::domain::quote::fold;
use crate::framework::load::{Fault, File};
use crate::framework::pattern::Pattern as Expression;

macro_rules! fact_files {
    ($($name:literal),* $(,)?) => {
        &[$((concat!("facts/", $name), include_str!(concat!("facts/", $name)))),*]
    };
}

/// The files that ship with the program.
const FILES: &[(&str, &str)] =
    fact_files!["base.toml", "control.toml", "switching.toml", "privacy.toml", "green.toml", "open.toml", "licensing.toml",];

static EMBEDDED: LazyLock<Patterns> = LazyLock::new(|| {
    let mut all = Patterns::default();
    for (name, text) in FILES {
        #[expect(clippy::expect_used, reason = "the files are part of the program, and a test reads them")]
        let file: FactsFile = File { name, text }.parse().expect("a file of facts");
        let faults = all.add(&File { name, text }, file.version, file.kinds, file.patterns, false);
        assert!(faults.is_empty(), "{faults:?}");
    }
    all
});

/// What a file of facts holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactsFile {
    version: String,
    #[serde(default, rename = "kind")]
    kinds: Vec<KindFile>,
    #[serde(rename = "pattern")]
    patterns: Vec<PatternFile>,
}

/// A kind of fact, as a file declares it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindFile {
    id: Spanned<String>,
    name: String,
}

/// A pattern, as a file holds it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatternFile {
    kind: Spanned<Kind>,
    id: Spanned<String>,
    pattern: Spanned<String>,
    value: Option<String>,
    #[serde(default)]
    country: CountryFrom,
    unit: Option<String>,
    #[serde(default)]
    none: Vec<Spanned<String>>,
    #[serde(default)]
    near: Vec<Spanned<String>>,
    #[serde(default)]
    tiers: Vec<Tier>,
    #[serde(default)]
    yes: Vec<Example>,
    #[serde(default)]
    no: Vec<String>,
}

/// A text in which a pattern finds a fact, and what it reads there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    text: String,
    value: Option<String>,
    country: Option<String>,
    amount: Option<String>,
}

/// `named`, `none`, or a country's code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
enum CountryFrom {
    /// The group `country`, or the whole unit where the pattern has none, names it.
    Named,
    /// Facts of this pattern have none.
    #[default]
    None,
    /// What the pattern finds always lies there: a company's name says so.
    Always(String),
}

impl From<String> for CountryFrom {
    fn from(text: String) -> Self {
        match text.as_str() {
            "named" => Self::Named,
            "none" => Self::None,
            _ => Self::Always(text),
        }
    }
}

/// Finds one kind of fact in one unit of text.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// What it finds.
    pub kind: Kind,
    /// Its name.
    pub id: String,
    /// Tiers of pages that it reads; all where empty.
    pub tiers: Vec<Tier>,
    /// One of these matches the unit or what stands around it, each.
    pub near: Vec<Expression>,
    /// Texts in which it finds something.
    pub yes: Vec<Example>,
    /// Texts in which it finds nothing.
    pub no: Vec<String>,
    value: Option<String>,
    country: CountryFrom,
    unit: Option<String>,
    expression: Expression,
    none: Vec<Expression>,
}

/// What a pattern reads in one unit.
#[derive(Debug, PartialEq, Eq)]
pub struct Reading {
    /// See [`crate::domain::profile::Fact`].
    pub value: String,
    /// The country or union.
    pub country: Option<String>,
    /// The number.
    pub figure: Option<Figure>,
    /// What a certificate covers.
    pub scope: Option<String>,
    /// What a sub-processor does.
    pub purpose: Option<String>,
    /// A date.
    pub date: Option<String>,
}

/// Patterns for all kinds of facts.
#[derive(Clone, Default)]
pub struct Patterns {
    /// Versions of the files, joined.
    pub version: String,
    /// Kinds in the order in which reports list them, with their names.
    pub kinds: Vec<(Kind, String)>,
    /// All patterns in file order.
    pub all: Vec<Pattern>,
    /// Made when pages are first read.
    filter: OnceLock<Arc<Filter>>,
}

impl fmt::Debug for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patterns").field("version", &self.version).field("all", &self.all.len()).finish_non_exhaustive()
    }
}

impl Patterns {
    /// The patterns that ship with the program.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// These patterns and those of a user's file.
    ///
    /// # Errors
    /// Every fault with file, line and key.
    pub fn with_file(&self, file: &File<'_>) -> Result<Self, Vec<Fault>> {
        let read: FactsFile = file.parse().map_err(|fault| vec![fault])?;
        let mut all = self.clone();
        match all.add(file, read.version, read.kinds, read.patterns, true) {
            faults if faults.is_empty() => Ok(all),
            faults => Err(faults),
        }
    }

    /// Adds what a file holds; what has faults is left out. With `try_patterns` each is compiled.
    pub fn add(
        &mut self,
        file: &File<'_>,
        version: String,
        kinds: Vec<KindFile>,
        patterns: Vec<PatternFile>,
        try_patterns: bool,
    ) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.filter = OnceLock::new();
        if !self.version.is_empty() {
            self.version.push('+');
        }
        self.version.push_str(&version);
        for kind in kinds {
            let at = kind.id.span().start;
            let id = Kind(kind.id.into_inner());
            if self.kinds.iter().any(|(known, _)| *known == id) {
                faults.push(file.fault(at, format!("kind {}", id.as_str()), "stands already"));
            } else {
                self.kinds.push((id, kind.name));
            }
        }
        let mut ids: HashSet<(Kind, String)> = self.all.iter().map(|p| (p.kind.clone(), p.id.clone())).collect();
        for pattern in patterns {
            let key = format!("{}/{}", pattern.kind.get_ref().as_str(), pattern.id.get_ref());
            if self.kinds.iter().all(|(known, _)| known != pattern.kind.get_ref()) {
                faults.push(file.fault(pattern.kind.span().start, &key, "is of a kind that no [[kind]] declares"));
            }
            if !ids.insert((pattern.kind.get_ref().clone(), pattern.id.get_ref().clone())) {
                faults.push(file.fault(pattern.id.span().start, &key, "stands twice"));
            }
            match Pattern::of(file, &key, pattern, try_patterns) {
                Ok(pattern) => self.all.push(pattern),
                Err(fault) => faults.push(fault),
            }
        }
        faults
    }

    /// The patterns that can match a unit of folded text.
    pub fn candidates<'a>(&'a self, unit: &str) -> impl Iterator<Item = &'a Pattern> {
        let filter = self.filter.get_or_init(|| Arc::new(Filter::new(self.all.iter().map(|p| &p.expression))));
        filter.candidates(unit).into_iter().filter_map(|place| self.all.get(place))
    }

    /// A kind's name for readers.
    pub fn name<'a>(&'a self, kind: &'a Kind) -> &'a str {
        self.kinds.iter().find(|(known, _)| known == kind).map_or(kind.as_str(), |(_, name)| name)
    }

    /// A kind's place in the order of reports.
    pub fn rank(&self, kind: &Kind) -> usize {
        self.kinds.iter().position(|(known, _)| known == kind).unwrap_or(usize::MAX)
    }

    /// Which patterns do not do with their own examples what these say.
    pub fn wrong(&self) -> Vec<String> {
        let sound = self.all.iter().flat_map(Pattern::wrong);
        // The filter must let through what matches.
        let held_back = self.all.iter().flat_map(|pattern| {
            let examples = pattern.yes.iter().map(|example| fold(&example.text));
            let lost = examples.filter(|unit| !self.candidates(unit).any(|c| std::ptr::eq(c, pattern)));
            lost.map(|unit| format!("{}/{} is never tried on: {unit}", pattern.kind.as_str(), pattern.id)).collect::<Vec<_>>()
        });
        sound.chain(held_back).collect()
    }
}

impl Pattern {
    fn of(file: &File<'_>, key: &str, raw: PatternFile, try_patterns: bool) -> Result<Self, Fault> {
        let at = raw.pattern.span().start;
        let expression = |text: &Spanned<String>| {
            let expression = Expression::new(text.get_ref());
            if try_patterns {
                expression.build().map_err(|error| {
                    file.fault(text.span().start, key, error.to_string().lines().last().unwrap_or("is no pattern").to_owned())
                })?;
            }
            Ok(expression)
        };
        // A group is named by its own words; what compiles it would cost too much at every start.
        let has = |group: &str| raw.pattern.get_ref().contains(&format!("(?P<{group}>"));
        if raw.value.is_none() && !has("value") {
            return Err(file.fault(at, key, "has neither a group `value` nor a value of its own"));
        }
        if let CountryFrom::Always(code) = &raw.country
            && AREAS.country(code).is_none()
        {
            return Err(file.fault(at, key, format!("`{code}` is no country, nor `named` or `none`")));
        }
        if raw.unit.is_some() != has("amount") {
            return Err(file.fault(at, key, "has a `unit` without a group `amount`, or the other way round"));
        }
        Ok(Self {
            expression: expression(&raw.pattern)?,
            none: raw.none.iter().map(expression).collect::<Result<_, _>>()?,
            near: raw.near.iter().map(expression).collect::<Result<_, _>>()?,
            kind: raw.kind.into_inner(),
            id: raw.id.into_inner(),
            tiers: raw.tiers,
            yes: raw.yes,
            no: raw.no,
            value: raw.value.filter(|value| !value.is_empty()),
            country: raw.country,
            unit: raw.unit,
        })
    }

    /// What the pattern reads in a unit of folded text.
    pub fn read(&self, unit: &str) -> Option<Reading> {
        let found = self.expression.regex()?.captures(unit)?;
        if self.none.iter().any(|none| none.is_match(unit)) {
            return None;
        }
        let group =
            |name: &str| found.name(name).map(|m| m.as_str().trim().trim_end_matches([',', ';']).to_owned()).filter(|t| !t.is_empty());
        let value = self.value.clone().or_else(|| group("value"))?;
        let country = match &self.country {
            CountryFrom::None => None,
            CountryFrom::Always(code) => Some(code.clone()),
            CountryFrom::Named => AREAS.place_in(found.name("country").map_or(unit, |m| m.as_str())),
        };
        let figure = match &self.unit {
            None => None,
            Some(named) => Some(figure(&found, named, unit)?),
        };
        Some(Reading { value, country, figure, scope: group("scope"), purpose: group("purpose"), date: group("date") })
    }

    fn wrong(&self) -> Vec<String> {
        let name = format!("{}/{}", self.kind.as_str(), self.id);
        let mut wrong = Vec::new();
        for example in &self.yes {
            let Some(read) = self.read(&fold(&example.text)) else {
                wrong.push(format!("{name} misses: {}", example.text));
                continue;
            };
            if example.value.as_ref().is_some_and(|value| *value != read.value) {
                wrong.push(format!("{name} reads `{}` in: {}", read.value, example.text));
            }
            if example.country.is_some() && example.country != read.country {
                wrong.push(format!("{name} places {:?}: {}", read.country, example.text));
            }
            let amount = example.amount.as_deref().map(|amount| thousandths(amount, self.unit.as_deref().unwrap_or_default()));
            if amount.is_some_and(|amount| amount != read.figure.as_ref().map(|f| f.thousandths)) {
                wrong.push(format!("{name} reads {:?} in: {}", read.figure, example.text));
            }
        }
        let found = self.no.iter().filter(|text| self.read(&fold(text)).is_some());
        wrong.extend(found.map(|text| format!("{name} matches: {text}")));
        wrong
    }
}

/// The number in group `amount` with the year in group `year`, or the only year that the unit names.
fn figure(found: &Captures<'_>, named: &str, unit: &str) -> Option<Figure> {
    static YEAR: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b20[0-4]\d\b").ok());
    let years = || {
        let mut years: Vec<&str> = YEAR.as_ref().into_iter().flat_map(|year| year.find_iter(unit)).map(|m| m.as_str()).collect();
        years.dedup();
        if let [only] = years[..] { only.parse().ok() } else { None }
    };
    let year = found.name("year").map_or_else(years, |year| year.as_str().parse().ok());
    Some(Figure { thousandths: thousandths(found.name("amount")?.as_str(), named)?, unit: named.to_owned(), year })
}

/// Numbers that contracts write in words.
const IN_WORDS: &[(i64, &[&str])] = &[
    (1, &["one", "un", "une", "ein", "einem", "einen", "einer"]),
    (2, &["two", "deux", "zwei"]),
    (3, &["three", "trois", "drei"]),
    (6, &["six", "sechs"]),
    (10, &["ten", "dix", "zehn"]),
    (12, &["twelve", "douze", "zwölf"]),
    (14, &["fourteen", "quatorze", "vierzehn"]),
    (15, &["fifteen", "quinze", "fünfzehn"]),
    (30, &["thirty", "trente", "dreißig", "dreissig"]),
    (60, &["sixty", "soixante", "sechzig"]),
    (90, &["ninety", "quatre-vingt-dix", "neunzig"]),
];

/// `1.25`, `1,25`, `98` or `thirty` in thousandths. A separator before exactly three digits stands between thousands, but not
/// in a percentage.
fn thousandths(text: &str, unit: &str) -> Option<i64> {
    let text = text.trim();
    if let Some((number, _)) = IN_WORDS.iter().find(|(_, words)| words.contains(&text.to_lowercase().as_str())) {
        return Some(number * 1_000);
    }
    if text.chars().all(|c| !c.is_ascii_digit()) {
        return None;
    }
    let (whole, rest) = match text.rsplit_once(['.', ',']) {
        Some((whole, rest)) if rest.len() != 3 || whole == "0" || unit == "%" => (whole, rest),
        _ => (text, ""),
    };
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (whole, rest) = (digits(whole), digits(rest));
    if whole.len() > 12 {
        return None;
    }
    let part: i64 = format!("{:0<3}", &rest[..rest.len().min(3)]).parse().ok()?;
    Some(whole.parse::<i64>().ok()? * 1_000 + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, thousandth) in
            [("1.25", 1_250), ("1,25", 1_250), ("98", 98_000), ("0.125", 125), ("1,000", 1_000_000), ("99.95", 99_950)]
        {
            assert_eq!(thousandths(text, ""), Some(thousandth), "{text}");
        }
        assert_eq!(thousandths("99.999", "%"), Some(99_999));
        assert_eq!(thousandths("Thirty", "d"), Some(30_000));
        assert_eq!(thousandths("many", ""), None);
    }

    #[test]
    fn a_file_with_faults_says_where() {
        let text = "version = \"1\"\n[[pattern]]\nkind = \"weather\"\nid = \"rain\"\npattern = \"rain(\"\n";
        let faults = Patterns::default().with_file(&File { name: "own.toml", text }).unwrap_err();
        let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].starts_with("own.toml:3: `weather/rain`"), "{said:?}");
        assert!(said[1].starts_with("own.toml:5: `weather/rain`"), "{said:?}");
    }
}
