//! Findings of a factor become one answer with a probability for each option.
//!
//! Pure and whole-numbered: the same findings give the same answer, in whatever order they come. Weights are data
//! (`weights.toml`) with a version. Confidence is computed from tier, age, agreement and contradiction; a model's own
//! word on it is never used (product reference 2.4). What the weights make of the evidence is then calibrated
//! ([`calibration`]): a table fitted on labelled answers says how often answers of that strength, by that kind of
//! extractor, were right.

pub mod calibration;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::answer::{Answer, ONE, Ppm, Receipt, State, Voice};
use crate::domain::evidence::{Claim, Finding, Origin, Support as Judged};
use crate::domain::page::Tier;
use crate::framework::Factor;
use calibration::CALIBRATION;

/// See `weights.toml`; all in percent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// Names these weights.
    pub version: String,
    audit: u64,
    contract: u64,
    technical: u64,
    marketing: u64,
    other: u64,
    outdated: u64,
    rival: u64,
    contradiction: u64,
    answer_from: u64,
    limit_from: u64,
    decay: u64,
    partial: u64,
    agreement: u64,
}

const NO_WEIGHTS: Weights = Weights {
    version: String::new(),
    audit: 0,
    contract: 0,
    technical: 0,
    marketing: 0,
    other: 0,
    outdated: 0,
    rival: 0,
    contradiction: 100,
    answer_from: 100,
    limit_from: 100,
    decay: 50,
    partial: 0,
    agreement: 0,
};

/// Names the weights and the calibration in use.
pub fn version() -> String {
    format!("{}+{}", WEIGHTS.version, CALIBRATION.version)
}

/// The weights that ship with the program; a test reads them.
pub static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| toml::from_str(include_str!("weights.toml")).unwrap_or(NO_WEIGHTS));

/// What else is known when a factor is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context<'a> {
    /// Findings decide alone.
    Findings,
    /// An extractor judged that sources contradict each other.
    Contradicted,
    /// The subject does not occur in the documentation, and the framework has a convention for that.
    NotApplicable,
    /// An extractor failed: the factor is not judged.
    Failed(&'a str),
}

/// Support for one option.
#[derive(Clone, Debug, Default)]
struct Support {
    /// Millionths.
    worth: u64,
    /// Places of findings, the best first.
    findings: Vec<(u64, usize)>,
}

/// Settles `factor`. `findings` are those of this factor; the answer names them by place.
pub fn settle(factor: &Factor, findings: &[Finding], context: Context<'_>, receipt: Receipt) -> Answer {
    let settled = Settling { factor, findings, receipt };
    match context {
        Context::Failed(why) => settled.without_option(State::Failed, why.to_owned()),
        Context::NotApplicable => settled.not_applicable(),
        Context::Findings => settled.by_findings(false),
        Context::Contradicted => settled.by_findings(true),
    }
}

struct Settling<'a> {
    factor: &'a Factor,
    findings: &'a [Finding],
    receipt: Receipt,
}

impl Settling<'_> {
    fn without_option(self, state: State, justification: String) -> Answer {
        let findings = order(self.findings, (0..self.findings.len()).collect());
        Answer {
            factor: self.factor.id.clone(),
            state,
            option: None,
            probabilities: Vec::new(),
            raw: None,
            voice: Voice::None,
            justification,
            findings,
            receipt: self.receipt,
        }
    }

    fn not_applicable(self) -> Answer {
        match &self.factor.not_applicable {
            Some(rule) => {
                let justification = format!("{} {}", rule.when, rule.convention);
                let option = Some(rule.option);
                Answer { option, ..self.without_option(State::NotApplicable, justification) }
            }
            None => self.by_findings(false),
        }
    }

    fn by_findings(self, told_contradicted: bool) -> Answer {
        let w = &*WEIGHTS;
        let supports = self.supports();
        let mut ranked: Vec<(u8, &Support)> = supports.iter().map(|(o, s)| (*o, s)).collect();
        // Of equals the lower option: what is not shown is not credited.
        ranked.sort_by(|a, b| b.1.worth.cmp(&a.1.worth).then(a.0.cmp(&b.0)));
        let Some(&(best, support)) = ranked.first().filter(|(_, s)| s.worth >= percent(w.answer_from)) else {
            return self.not_found();
        };
        let rival = ranked.get(1).copied();
        if let Some((other, against)) = rival {
            let near = against.worth * 100 >= support.worth * w.contradiction;
            // A model and a rule that read the same sources differently are a doubt, not a contradiction of the sources.
            let sources_differ = near && other.abs_diff(best) >= 2 && self.share_a_reader(support, against);
            if sources_differ || (told_contradicted && against.worth >= percent(w.answer_from)) {
                return self.contradicted(best, support, other, against);
            }
        }
        let limit = self.limit().filter(|(cap, _, _)| *cap < best);
        let option = limit.map_or(best, |(cap, _, _)| cap);
        let worth = limit.map_or(support.worth, |(_, worth, _)| worth.min(support.worth));
        let against = rival.map_or(0, |(_, s)| s.worth);
        let raw = worth * (ONE_U64 - against * w.rival / 100) / ONE_U64;
        let voice = self.voice(support);
        let sure = CALIBRATION.apply(voice, raw);
        let mut places: Vec<usize> = Vec::new();
        let mut justification = String::new();
        if let Some((cap, _, place)) = limit {
            places.push(place);
            justification = format!("{} This limits the factor to option {cap}. ", self.findings[place].because());
        }
        places.extend(support.findings.iter().map(|(_, place)| *place));
        justification.push_str(self.findings[support.findings[0].1].because());
        if let Some((other, against)) = rival {
            places.extend(against.findings.iter().map(|(_, place)| *place));
            justification.push_str(&format!(" Other words point to option {other}."));
        }
        places.extend((0..self.findings.len()).filter(|i| !places.contains(i)).collect::<Vec<_>>());
        Answer {
            factor: self.factor.id.clone(),
            state: State::Answered,
            option: Some(option),
            probabilities: self.spread(option, sure, &supports),
            raw: u32::try_from(raw).ok(),
            voice,
            justification,
            findings: places,
            receipt: self.receipt,
        }
    }

    fn not_found(self) -> Answer {
        let said = match (self.findings.len(), self.receipt.refuted) {
            (0, 0) => "No public words on this were found in the pages that were read.".to_owned(),
            (0, n) => format!("No public words on this were found; {n} quotes that were brought do not stand on the pages."),
            _ => "Only words too weak to carry an answer were found (old, or marketing, or not to the point).".to_owned(),
        };
        self.without_option(State::NotFound, said)
    }

    fn contradicted(self, best: u8, support: &Support, other: u8, against: &Support) -> Answer {
        let justification = format!(
            "Two sources contradict each other: words for option {best} and for option {other} stand side by side, and neither outweighs the other."
        );
        let places = [support, against].into_iter().flat_map(|s| s.findings.iter().map(|(_, place)| *place)).collect::<Vec<_>>();
        let mut probabilities = vec![0; self.factor.options.len()];
        let share = u32::try_from(support.worth * ONE_U64 / (support.worth + against.worth)).unwrap_or(ONE / 2);
        probabilities[usize::from(best) - 1] = share;
        probabilities[usize::from(other) - 1] = ONE - share;
        Answer { probabilities, findings: places, ..self.without_option(State::Contradicted, justification) }
    }

    /// Support for each option. One origin votes once, by its best quote: a claim repeated on every page is one claim.
    fn supports(&self) -> BTreeMap<u8, Support> {
        let mut votes: BTreeMap<(u8, String), Support> = BTreeMap::new();
        for (place, finding) in self.findings.iter().enumerate() {
            let Claim::Shows(option) = finding.claim() else { continue };
            let vote = votes.entry((option, voter(finding))).or_default();
            let worth = worth(finding);
            vote.worth = vote.worth.max(worth);
            vote.findings.push((worth, place));
        }
        let mut supports: BTreeMap<u8, Support> = BTreeMap::new();
        for ((option, _), vote) in votes {
            let worth = self.of_samples(&vote);
            let support = supports.entry(option).or_default();
            // Independent voters: the chance that all are wrong is the product.
            support.worth = ONE_U64 - (ONE_U64 - support.worth) * (ONE_U64 - worth) / ONE_U64;
            support.findings.extend(vote.findings);
        }
        for support in supports.values_mut() {
            support.findings.sort_by(|a, b| b.0.cmp(&a.0).then(by_place(&self.findings[a.1], &self.findings[b.1])));
        }
        supports
    }

    /// What a vote is worth in view of the samples that were asked for. Samples of one model are not independent: what
    /// all say counts somewhat more, what only some say counts by their share.
    fn of_samples(&self, vote: &Support) -> u64 {
        let asked = u64::from(self.receipt.samples);
        let sample_of = |place: usize| match self.findings[place].origin() {
            Origin::Model { sample, .. } => Some(*sample),
            Origin::Rule { .. } => None,
        };
        let said: BTreeSet<u8> = vote.findings.iter().filter_map(|(_, place)| sample_of(*place)).collect();
        let said = said.len() as u64;
        match (asked, said) {
            (..2, _) | (_, 0) => vote.worth,
            (asked, said) if said >= asked => ONE_U64 - (ONE_U64 - vote.worth) * (100 - WEIGHTS.agreement) / 100,
            (asked, said) => vote.worth * said / asked,
        }
    }

    /// Who speaks for an option.
    fn voice(&self, support: &Support) -> Voice {
        let of =
            |model: bool| support.findings.iter().any(|(_, place)| matches!(self.findings[*place].origin(), Origin::Model { .. }) == model);
        match (of(false), of(true)) {
            (true, true) => Voice::Both,
            (true, false) => Voice::Rules,
            (false, true) => Voice::Model,
            (false, false) => Voice::None,
        }
    }

    /// Whether one kind of extractor, rules or models, speaks for both.
    fn share_a_reader(&self, one: &Support, other: &Support) -> bool {
        let by_rule = |support: &Support, rule: bool| {
            support.findings.iter().any(|(_, place)| matches!(self.findings[*place].origin(), Origin::Rule { .. }) == rule)
        };
        [true, false].into_iter().any(|rule| by_rule(one, rule) && by_rule(other, rule))
    }

    /// The lowest limit that is worth enough, with its worth and place.
    fn limit(&self) -> Option<(u8, u64, usize)> {
        self.findings
            .iter()
            .enumerate()
            .filter_map(|(place, finding)| match finding.claim() {
                Claim::Limits(option) => Some((option, worth(finding), place)),
                Claim::Shows(_) => None,
            })
            .filter(|(_, worth, _)| *worth >= percent(WEIGHTS.limit_from))
            .min_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)).then(by_place(&self.findings[a.2], &self.findings[b.2])))
    }

    /// Millionths for each option: `sure` for the chosen one, the doubt falling with distance, more where there is
    /// support, none for options that cannot be chosen.
    fn spread(&self, option: u8, sure: u64, supports: &BTreeMap<u8, Support>) -> Vec<Ppm> {
        let shares: Vec<u64> = self
            .factor
            .options
            .iter()
            .map(|o| {
                if o.number == option || o.repeats.is_some() {
                    return 0;
                }
                let near = (1..o.number.abs_diff(option)).fold(ONE_U64, |share, _| share * WEIGHTS.decay / 100);
                near + supports.get(&o.number).map_or(0, |s| s.worth * 2)
            })
            .collect();
        let total: u64 = shares.iter().sum();
        let doubt = ONE_U64 - sure;
        let mut parts: Vec<Ppm> = shares.iter().map(|share| u32::try_from(doubt * share / total.max(1)).unwrap_or(0)).collect();
        let rest: Ppm = parts.iter().sum();
        parts[usize::from(option) - 1] = ONE - rest;
        parts
    }
}

const ONE_U64: u64 = ONE as u64;

fn percent(percent: u64) -> u64 {
    percent * ONE_U64 / 100
}

fn worth(finding: &Finding) -> u64 {
    let w = &*WEIGHTS;
    let tier = match finding.tier() {
        Tier::Audit => w.audit,
        Tier::Contract => w.contract,
        Tier::Technical => w.technical,
        Tier::Marketing => w.marketing,
        Tier::Other => w.other,
    };
    let age = if finding.outdated() { w.outdated } else { 100 };
    let worth = u64::from(finding.weight()) * tier * age;
    match finding.support() {
        None | Some(Judged::Full) => worth,
        Some(Judged::Partial) => worth * w.partial / 100,
        Some(Judged::None) => 0,
    }
}

fn voter(finding: &Finding) -> String {
    match finding.origin() {
        Origin::Rule { id } => id.clone(),
        Origin::Model { name, .. } => format!("model {name}"),
    }
}

fn by_place(a: &Finding, b: &Finding) -> std::cmp::Ordering {
    a.page().cmp(&b.page()).then(a.range().start.cmp(&b.range().start))
}

fn order(findings: &[Finding], mut places: Vec<usize>) -> Vec<usize> {
    places.sort_by(|a, b| worth(&findings[*b]).cmp(&worth(&findings[*a])).then(by_place(&findings[*a], &findings[*b])));
    places
}

#[cfg(test)]
mod tests;
