//! How evidence for a factor is found: queries for retrieval, and rules for the extractor that needs no model.
//!
//! Knowledge is data beside the edition, in several languages, with positive and negative examples for every rule;
//! a test runs them all. Patterns are read once here; `extract::rules` applies them.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use toml::Spanned;

use super::Factor;
use super::load::{Fault, File};
pub use super::pattern::Pattern;
use crate::domain::evidence::Claim;
use crate::domain::id::FactorId;
use crate::domain::page::Tier;
use crate::domain::profile::Kind;

/// Everything that an edition knows about finding evidence.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// Retrieval queries per factor: language code to queries.
    pub queries: BTreeMap<FactorId, BTreeMap<String, Vec<String>>>,
    /// For factors that a service may lack the subject of: rules of which one must match for the subject to be there.
    pub subjects: BTreeMap<FactorId, Vec<String>>,
    /// All rules in file order.
    pub rules: Vec<Rule>,
    /// Sentences that no rule reads as a claim: questions, plans, samples, the speech of others.
    pub never: Vec<Never>,
    /// Which facts of the profile each factor sees.
    pub sees: BTreeMap<FactorId, Vec<Kind>>,
    /// What facts of the profile rule out.
    pub caps: Vec<Cap>,
}

/// A form of sentence that claims nothing of the service.
#[derive(Clone, Debug)]
pub struct Never {
    /// Matches within one unit.
    pub pattern: Pattern,
    /// Beginnings of the ids of factors for which it does count.
    pub except: Vec<String>,
    /// Texts that match.
    pub yes: Vec<String>,
    /// Texts that do not.
    pub no: Vec<String>,
}

impl Never {
    /// Whether `unit`, already folded, claims nothing of a factor or a kind of fact.
    pub fn voids(&self, of: &str, unit: &str) -> bool {
        !self.except.iter().any(|beginning| of.starts_with(beginning.as_str())) && self.pattern.is_match(unit)
    }
}

/// A fact that leaves a factor at most an option.
#[derive(Clone, Debug)]
pub struct Cap {
    /// Such as `SOV-2.2/profile/parent-outside`.
    pub id: String,
    /// The factor.
    pub factor: FactorId,
    /// The kind of fact.
    pub kind: Kind,
    /// Where its country must lie, seen from the area.
    pub place: Place,
    /// What its value must be, where that matters.
    pub value: Option<String>,
    /// The highest option left.
    pub option: u8,
    /// Of a hundred services where it holds, for how many the limit is right: 1 to 97.
    pub weight: u8,
    /// The justification, one sentence.
    pub says: String,
}

/// Where a country lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Within the area.
    Inside,
    /// Beyond it.
    Outside,
    /// Wherever, named or not.
    #[default]
    Any,
}

/// One way in which documentation says something about a factor.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Such as `SOV-2.1/eu-governing-law`.
    pub id: String,
    /// The factor.
    pub factor: FactorId,
    /// What it says; `None` for a signal that only other rules look at.
    pub claim: Option<Claim>,
    /// Every one matches within one unit of text (sentence, list item, table row).
    pub all: Vec<Pattern>,
    /// No one matches in that unit.
    pub none: Vec<Pattern>,
    /// Each matches in title, headings, or the units around.
    pub near: Vec<Pattern>,
    /// Source tiers that count; empty for all.
    pub tiers: Vec<Tier>,
    /// Rules that must have matched somewhere in the documentation.
    pub needs: Vec<String>,
    /// Rules that must not have matched anywhere.
    pub unless: Vec<String>,
    /// A number that the unit must hold.
    pub measure: Option<Measure>,
    /// Of a hundred services where it matches, for how many the claim is right: 1 to 97.
    pub weight: u8,
    /// The justification, one sentence.
    pub says: String,
    /// Texts that match.
    pub yes: Vec<String>,
    /// Texts that do not.
    pub no: Vec<String>,
}

/// A number with bounds, such as a PUE below 1.2.
#[derive(Clone, Debug)]
pub struct Measure {
    /// Group 1 is the number, with a point or a comma.
    pub pattern: Pattern,
    /// Least value that counts.
    pub at_least: Option<f64>,
    /// First value that no longer counts.
    pub below: Option<f64>,
}

impl Rule {
    /// Whether `unit`, already folded (see `domain::quote::fold`), satisfies the rule by itself.
    pub fn matches(&self, unit: &str) -> bool {
        self.all.iter().all(|p| p.is_match(unit))
            && !self.none.iter().any(|p| p.is_match(unit))
            && self.measure.as_ref().is_none_or(|m| m.holds(unit))
    }
}

impl Rule {
    /// How much of the rule stands somewhere in a passage, in percent: its patterns, of which what must not stand there
    /// takes half.
    pub fn nearness(&self, passage: &str) -> u32 {
        let (mut hits, mut of) = (0, 0);
        for pattern in self.all.iter().chain(self.measure.iter().map(|m| &m.pattern)) {
            of += 1;
            hits += u32::from(pattern.is_match(passage));
        }
        let share = (hits * 100_u32).checked_div(of).unwrap_or(0);
        // One common word of several is no sign.
        let share = if hits < of.min(2) { 0 } else { share };
        if share > 0 && self.none.iter().any(|p| p.is_match(passage)) { share / 2 } else { share }
    }
}

impl Measure {
    fn holds(&self, unit: &str) -> bool {
        let Some(number) = self.pattern.regex().and_then(|p| p.captures(unit)).and_then(|c| c.get(1)) else { return false };
        let Ok(value) = number.as_str().replace(',', ".").parse::<f64>() else { return false };
        self.at_least.is_none_or(|least| value >= least) && self.below.is_none_or(|top| value < top)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnowledgeFile {
    #[serde(default)]
    words: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    never: Vec<NeverFile>,
    #[serde(default, rename = "factor")]
    factors: Vec<FactorFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactorFile {
    id: Spanned<String>,
    #[serde(default)]
    queries: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    subject: Vec<Spanned<String>>,
    #[serde(default)]
    sees: Vec<Kind>,
    #[serde(default, rename = "cap")]
    caps: Vec<CapFile>,
    #[serde(default, rename = "rule")]
    rules: Vec<RuleFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NeverFile {
    pattern: Spanned<String>,
    #[serde(default)]
    except: Vec<String>,
    yes: Vec<String>,
    no: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CapFile {
    id: Spanned<String>,
    kind: Kind,
    #[serde(default)]
    place: Place,
    value: Option<String>,
    option: u8,
    weight: u8,
    says: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    id: Spanned<String>,
    option: Option<u8>,
    cap: Option<u8>,
    #[serde(default)]
    signal: bool,
    #[serde(default)]
    all: Vec<Spanned<String>>,
    #[serde(default)]
    none: Vec<Spanned<String>>,
    #[serde(default)]
    near: Vec<Spanned<String>>,
    #[serde(default)]
    tiers: Vec<Tier>,
    #[serde(default)]
    needs: Vec<Spanned<String>>,
    #[serde(default)]
    unless: Vec<Spanned<String>>,
    measure: Option<MeasureFile>,
    #[serde(default)]
    weight: Option<u8>,
    #[serde(default)]
    says: String,
    #[serde(default)]
    yes: Vec<String>,
    #[serde(default)]
    no: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MeasureFile {
    pattern: Spanned<String>,
    at_least: Option<String>,
    below: Option<String>,
}

/// Reads the knowledge files of an edition and reports every fault in them. `try_patterns` compiles every pattern,
/// which takes a second or two; without it a pattern that does not compile matches nothing.
pub(super) fn read(files: &[File<'_>], factors: &[Factor], try_patterns: bool, faults: &mut Vec<Fault>) -> Knowledge {
    let mut knowledge = Knowledge::default();
    let mut raw: Vec<(&File<'_>, KnowledgeFile)> = Vec::new();
    for file in files {
        match file.parse() {
            Ok(parsed) => raw.push((file, parsed)),
            Err(fault) => faults.push(fault),
        }
    }
    let mut words = HashMap::new();
    for (file, parsed) in &mut raw {
        for (name, list) in std::mem::take(&mut parsed.words) {
            if words.insert(name.clone(), format!("(?:{})", list.join("|"))).is_some() {
                faults.push(file.fault(0, format!("words.{name}"), "stands in two files"));
            }
        }
    }
    let ids: HashSet<String> = raw.iter().flat_map(|(_, f)| &f.factors).flat_map(|f| &f.rules).map(|r| r.id.get_ref().clone()).collect();
    let mut seen = HashSet::new();
    for (file, parsed) in raw {
        for never in parsed.never {
            let mut reader = RuleReader { file, words: &words, ids: &ids, faults, try_patterns };
            knowledge.never.push(Never {
                pattern: reader.pattern("never", &never.pattern),
                except: never.except,
                yes: never.yes,
                no: never.no,
            });
        }
        for factor in parsed.factors {
            let at = factor.id.span().start;
            let Some(known) = factors.iter().find(|f| f.id.as_str() == factor.id.get_ref()) else {
                faults.push(file.fault(at, factor.id.get_ref(), "is no factor of this edition"));
                continue;
            };
            if !factor.queries.is_empty() && knowledge.queries.insert(known.id.clone(), factor.queries).is_some() {
                faults.push(file.fault(at, known.id.as_str(), "stands twice"));
            }
            if !factor.subject.is_empty() {
                if known.not_applicable.is_none() {
                    faults.push(file.fault(at, known.id.as_str(), "names a subject, but the edition has no convention for lacking it"));
                }
                let mut reader = RuleReader { file, words: &words, ids: &ids, faults, try_patterns };
                let subject = reader.named(known.id.as_str(), factor.subject);
                knowledge.subjects.insert(known.id.clone(), subject);
            }
            if !factor.sees.is_empty() {
                knowledge.sees.insert(known.id.clone(), factor.sees);
            }
            for cap in factor.caps {
                let (at, id) = (cap.id.span().start, cap.id.into_inner());
                if known.option(cap.option).is_none_or(|o| o.repeats.is_some()) {
                    faults.push(file.fault(at, &id, format!("option {} cannot be chosen for {}", cap.option, known.id)));
                }
                if !(1..=97).contains(&cap.weight) {
                    faults.push(file.fault(at, &id, "weight lies between 1 and 97"));
                }
                knowledge.caps.push(Cap {
                    id,
                    factor: known.id.clone(),
                    kind: cap.kind.clone(),
                    place: cap.place,
                    value: cap.value,
                    option: cap.option,
                    weight: cap.weight,
                    says: cap.says,
                });
            }
            for rule in factor.rules {
                let at = rule.id.span().start;
                if !seen.insert(rule.id.get_ref().clone()) {
                    faults.push(file.fault(at, rule.id.get_ref(), "stands twice"));
                }
                let mut reader = RuleReader { file, words: &words, ids: &ids, faults, try_patterns };
                knowledge.rules.push(reader.rule(rule, known));
            }
        }
    }
    knowledge
}

struct RuleReader<'a, 'f> {
    file: &'a File<'f>,
    words: &'a HashMap<String, String>,
    ids: &'a HashSet<String>,
    faults: &'a mut Vec<Fault>,
    try_patterns: bool,
}

impl RuleReader<'_, '_> {
    fn rule(&mut self, raw: RuleFile, factor: &Factor) -> Rule {
        let id = raw.id.get_ref().clone();
        let at = raw.id.span().start;
        let claim = match (raw.option, raw.cap, raw.signal) {
            (Some(option), None, false) => Some(Claim::Shows(option)),
            (None, Some(option), false) => Some(Claim::Limits(option)),
            (None, None, true) => None,
            _ => {
                self.faults.push(self.file.fault(at, &id, "needs exactly one of option, cap and signal"));
                None
            }
        };
        if let Some(Claim::Shows(option) | Claim::Limits(option)) = claim
            && factor.option(option).is_none_or(|o| o.repeats.is_some())
        {
            self.faults.push(self.file.fault(at, &id, format!("option {option} cannot be chosen for {}", factor.id)));
        }
        if !id.starts_with(&format!("{}/", factor.id)) {
            self.faults.push(self.file.fault(at, &id, format!("a rule of {} begins with `{}/`", factor.id, factor.id)));
        }
        if raw.all.is_empty() && raw.measure.is_none() {
            self.faults.push(self.file.fault(at, &id, "matches everything: `all` is empty"));
        }
        let weight = raw.weight.unwrap_or(if claim.is_none() { 50 } else { 0 });
        if !(1..=97).contains(&weight) {
            self.faults.push(self.file.fault(at, &id, "weight lies between 1 and 97"));
        }
        let measure = raw.measure.map(|m| Measure {
            pattern: self.pattern(&id, &m.pattern),
            at_least: self.number(at, &id, m.at_least),
            below: self.number(at, &id, m.below),
        });
        Rule {
            factor: factor.id.clone(),
            claim,
            all: raw.all.iter().map(|p| self.pattern(&id, p)).collect(),
            none: raw.none.iter().map(|p| self.pattern(&id, p)).collect(),
            near: raw.near.iter().map(|p| self.pattern(&id, p)).collect(),
            tiers: raw.tiers,
            needs: self.named(&id, raw.needs),
            unless: self.named(&id, raw.unless),
            measure,
            weight,
            says: raw.says,
            yes: raw.yes,
            no: raw.no,
            id,
        }
    }

    fn named(&mut self, id: &str, rules: Vec<Spanned<String>>) -> Vec<String> {
        for rule in rules.iter().filter(|rule| !self.ids.contains(rule.get_ref())) {
            self.faults.push(self.file.fault(rule.span().start, id, format!("names `{}`, which is no rule", rule.get_ref())));
        }
        rules.into_iter().map(Spanned::into_inner).collect()
    }

    fn number(&mut self, at: usize, id: &str, text: Option<String>) -> Option<f64> {
        let text = text?;
        let number = text.parse().ok();
        if number.is_none() {
            self.faults.push(self.file.fault(at, id, format!("`{text}` is no number")));
        }
        number
    }

    fn pattern(&mut self, id: &str, source: &Spanned<String>) -> Pattern {
        let mut text = String::new();
        let mut rest = source.get_ref().as_str();
        while let Some(open) = rest.find('{') {
            let name = rest[open + 1..].split('}').next().unwrap_or("");
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            text.push_str(&rest[..open]);
            if !is_name {
                text.push('{');
                rest = &rest[open + 1..];
                continue;
            }
            match self.words.get(name) {
                Some(alternatives) => text.push_str(alternatives),
                None => self.faults.push(self.file.fault(source.span().start, id, format!("there are no words `{{{name}}}`"))),
            }
            rest = &rest[open + name.len() + 2..];
        }
        text.push_str(rest);
        let pattern = Pattern::new(&text);
        if self.try_patterns
            && let Err(error) = pattern.build()
        {
            let problem = format!("pattern is not valid: {error}");
            self.faults.push(self.file.fault(source.span().start, id, problem));
        }
        pattern
    }
}
