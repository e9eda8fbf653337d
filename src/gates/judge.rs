//! Judging: an edition, the facts and answers of one check, and an area give the status of each control and each verdict.
//!
//! A denial outweighs what speaks for a control and both are named; silence is never a denial, and a page that says of itself
//! that it is archived neither opens a gate nor shuts one. The result says how far it is
//! believed: a control by the items it rests on, a verdict by its weakest gate.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::edition::{Condition, Control, Edition, Item, Place, Proof, Role, Status, Verdict};
use crate::area::{AREAS, Area};
use crate::domain::answer::{Answer, Ppm, State};
use crate::domain::id::FactorId;
use crate::domain::page::Tier;
use crate::domain::profile::{Fact, Profile};

/// A whole probability.
const WHOLE: u64 = 1_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Weights {
    version: String,
    audit: u32,
    contract: u32,
    technical: u32,
    marketing: u32,
    other: u32,
    most: u32,
}

static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the program, and every test of this module reads it")]
    toml::from_str(include_str!("weights.toml")).expect("weights.toml")
});

/// Version of the weights by which facts are believed.
pub fn version() -> &'static str {
    &WEIGHTS.version
}

/// What was found out about a service.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Its facts.
    pub profile: &'a Profile,
    /// Its answers in the factor framework.
    pub answers: &'a [Answer],
    /// The day that counts (RFC 3339 date).
    pub on: &'a str,
}

/// The result of one edition for one area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Every control in the edition's order.
    pub controls: Vec<ControlResult>,
    /// Every verdict in the edition's order.
    pub verdicts: Vec<VerdictResult>,
}

/// One control's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlResult {
    /// The control's id.
    pub id: String,
    /// What is known.
    pub status: Status,
    /// Probability that the status is right; none where nothing was found.
    pub confidence: Option<Ppm>,
    /// Each item in order.
    pub items: Vec<ItemResult>,
}

/// What is known of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ItemState {
    /// Public words show it.
    Shown,
    /// They show some of it.
    Partly,
    /// They show the contrary.
    Denied,
    /// Nothing was found.
    Silent,
}

/// One item's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemResult {
    /// What is known.
    pub state: ItemState,
    /// Words speak for it and against it.
    pub contested: bool,
    /// Something here is for an audit to look at.
    pub warned: bool,
    /// How far the state is believed.
    pub confidence: Ppm,
    /// What the state rests on, the contrary last.
    pub rests_on: BTreeSet<Rest>,
}

/// What an item rests on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rest {
    /// The fact at this place of the profile.
    Fact(usize),
    /// A factor's answer.
    Answer(FactorId),
    /// Another control.
    Control(String),
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every gate that public words can decide holds.
    Likely,
    /// No gate fails, but public words do not show all.
    NotShown,
    /// A gate fails.
    Fails,
}

/// One verdict's result. Gates are named by id, in the edition's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictResult {
    /// The verdict's id.
    pub id: String,
    /// What is decided.
    pub outcome: Outcome,
    /// Gates that hold.
    pub held: Vec<String>,
    /// Gates that public words show in part, and less than is asked.
    pub partly: Vec<String>,
    /// Gates without public evidence.
    pub missing: Vec<String>,
    /// Gates that fail.
    pub failing: Vec<String>,
    /// Gates that only a declaration or an auditor can decide; they do not count here.
    pub beyond: Vec<String>,
    /// Gates that hold, with something that an audit has to look at.
    pub warned: Vec<String>,
    /// The gate that is believed least of those that decided, with its probability.
    pub weakest: Option<(String, Ppm)>,
}

/// Judges one check by one edition, seen from `area`.
pub fn judge(edition: &Edition, area: &Area, found: Found<'_>) -> Judgement {
    let mut judging = Judging { area, found, done: BTreeMap::new() };
    let mut controls: Vec<ControlResult> = Vec::new();
    for control in &edition.controls {
        let result = judging.control(control);
        judging.done.insert(control.id.clone(), (result.status, result.confidence));
        controls.push(result);
    }
    let verdicts = edition.verdicts.iter().map(|verdict| verdict_of(edition, verdict, &controls)).collect();
    Judgement { controls, verdicts }
}

fn verdict_of(edition: &Edition, verdict: &Verdict, results: &[ControlResult]) -> VerdictResult {
    let mut result = VerdictResult {
        id: verdict.id.clone(),
        outcome: Outcome::NotShown,
        held: Vec::new(),
        partly: Vec::new(),
        missing: Vec::new(),
        failing: Vec::new(),
        beyond: Vec::new(),
        warned: Vec::new(),
        weakest: None,
    };
    let belongs = |control: &Control| control.verdicts.iter().any(|v| *v == verdict.id || verdict.includes.contains(v));
    for (control, of) in edition.controls.iter().zip(results).filter(|(c, _)| c.role == Role::Gate && belongs(c)) {
        let list = match of.status {
            Status::NotMet => &mut result.failing,
            _ if control.items.is_empty() || (control.proof != Proof::Public && of.status < control.minimum) => &mut result.beyond,
            Status::NoEvidence => &mut result.missing,
            status if status >= control.minimum => &mut result.held,
            _ => &mut result.partly,
        };
        list.push(control.id.clone());
        if of.items.iter().any(|item| item.warned) {
            result.warned.push(control.id.clone());
        }
    }
    result.outcome = match (result.failing.is_empty(), result.missing.is_empty() && result.partly.is_empty() && !result.held.is_empty()) {
        (false, _) => Outcome::Fails,
        (true, true) => Outcome::Likely,
        (true, false) => Outcome::NotShown,
    };
    let decided = match result.outcome {
        Outcome::Fails => &result.failing,
        Outcome::Likely | Outcome::NotShown => &result.held,
    };
    let believed = decided.iter().filter_map(|id| {
        let confidence = results.iter().find(|r| r.id == *id)?.confidence?;
        Some((id.clone(), confidence))
    });
    // One failing gate is enough: the verdict is as sure as the surest of them.
    result.weakest = match result.outcome {
        Outcome::Fails => believed.max_by_key(|(_, p)| *p),
        Outcome::Likely | Outcome::NotShown => believed.min_by_key(|(_, p)| *p),
    };
    result
}

/// What a condition that holds rests on, and how far it is believed.
struct Holds {
    rests_on: BTreeSet<Rest>,
    confidence: u64,
}

struct Judging<'a> {
    area: &'a Area,
    found: Found<'a>,
    done: BTreeMap<String, (Status, Option<Ppm>)>,
}

impl Judging<'_> {
    fn control(&self, control: &Control) -> ControlResult {
        let items: Vec<ItemResult> = control.items.iter().map(|item| self.item(item)).collect();
        let of = |states: &[ItemState]| {
            let mut found: Vec<u64> = items.iter().filter(|i| states.contains(&i.state)).map(|i| u64::from(i.confidence)).collect();
            found.sort_unstable_by(|a, b| b.cmp(a));
            found
        };
        let needed = |least: &[ItemState]| control.items.iter().zip(&items).all(|(item, of)| !item.needed || least.contains(&of.state));
        let (denied, shown, some) = (of(&[ItemState::Denied]), of(&[ItemState::Shown]), of(&[ItemState::Shown, ItemState::Partly]));
        let product = |ps: &[u64]| ps.iter().fold(WHOLE, |all, p| all * p / WHOLE);
        let (status, confidence) = if let Some(surest) = denied.first() {
            (Status::NotMet, Some(*surest))
        } else if !items.is_empty() && shown.len() >= control.met && needed(&[ItemState::Shown]) {
            (Status::Met, Some(product(&shown[..control.met])))
        } else if !some.is_empty() && some.len() >= control.partly {
            (Status::Partly, Some(product(&some[..control.partly.max(1)])))
        } else {
            (Status::NoEvidence, None)
        };
        let confidence = confidence.map(|p| Ppm::try_from(p).unwrap_or(0));
        ControlResult { id: control.id.clone(), status, confidence, items }
    }

    fn item(&self, item: &Item) -> ItemResult {
        let any = |conditions: &[Condition]| either(conditions.iter().filter_map(|c| self.holds(c)).collect());
        let (shown, partly, denied, warned) = (any(&item.shown), any(&item.partly), any(&item.denied), any(&item.warned));
        let speaks_for = shown.as_ref().or(partly.as_ref());
        let contested = denied.is_some() && speaks_for.is_some();
        let (state, confidence) = match (&denied, &shown, &partly) {
            (Some(denied), _, _) => (ItemState::Denied, denied.confidence),
            (None, Some(shown), _) => (ItemState::Shown, shown.confidence),
            (None, None, Some(partly)) => (ItemState::Partly, partly.confidence),
            (None, None, None) => (ItemState::Silent, 0),
        };
        // What speaks on both sides is believed less.
        let confidence = if contested { confidence * 3 / 4 } else { confidence };
        let is_warned = warned.is_some();
        let rests_on = [denied, shown, partly, warned].into_iter().flatten().flat_map(|holds| holds.rests_on).collect();
        ItemResult { state, contested, warned: is_warned, confidence: Ppm::try_from(confidence).unwrap_or(0), rests_on }
    }

    fn holds(&self, condition: &Condition) -> Option<Holds> {
        let mut holds = if condition.fact.is_some() {
            self.fact(condition)?
        } else if let Some(factor) = &condition.factor {
            self.answer(condition, factor)?
        } else {
            self.other(condition)?
        };
        for more in &condition.and {
            let more = self.holds(more)?;
            holds.confidence = holds.confidence * more.confidence / WHOLE;
            holds.rests_on.extend(more.rests_on);
        }
        Some(holds)
    }

    fn other(&self, condition: &Condition) -> Option<Holds> {
        let id = condition.control.as_ref()?;
        let (status, confidence) = self.done.get(id)?;
        let enough = *status >= condition.is.unwrap_or(Status::Met);
        enough.then(|| Holds { rests_on: BTreeSet::from([Rest::Control(id.clone())]), confidence: confidence.map_or(0, u64::from) })
    }

    fn answer(&self, condition: &Condition, factor: &FactorId) -> Option<Holds> {
        if !condition.areas.is_empty() && !condition.areas.contains(&self.area.id) {
            return None;
        }
        let answer = self.found.answers.iter().find(|a| a.factor == *factor && a.state == State::Answered)?;
        let option = answer.option?;
        let fits = |option: u8| {
            condition.option_at_least.is_none_or(|least| option >= least) && condition.option_at_most.is_none_or(|most| option <= most)
        };
        let fitting = (1_u8..).zip(&answer.probabilities).filter(|(option, _)| fits(*option)).map(|(_, p)| u64::from(*p)).sum();
        fits(option).then(|| Holds { rests_on: BTreeSet::from([Rest::Answer(factor.clone())]), confidence: fitting })
    }

    fn fact(&self, condition: &Condition) -> Option<Holds> {
        let kind = condition.fact.as_ref()?;
        let of_kind: Vec<(usize, &Fact)> = self
            .found
            .profile
            .facts
            .iter()
            .enumerate()
            .filter(|(_, fact)| {
                fact.kind == *kind && !fact.outdated && (condition.tiers.is_empty() || condition.tiers.contains(&fact.tier))
            })
            .collect();
        let lies = |fact: &Fact| condition.place.is_none_or(|place| self.lies(fact, place));
        if condition.every && of_kind.iter().any(|(_, fact)| fact.country.is_some() && !lies(fact)) {
            return None;
        }
        let named = |list: &[String], fact: &Fact| list.iter().any(|value| plain(value) == plain(&fact.value));
        let fitting: Vec<(usize, &Fact)> = of_kind
            .into_iter()
            .filter(|(_, fact)| {
                lies(fact)
                    && (condition.value.is_empty() || named(&condition.value, fact))
                    && !named(&condition.unless, fact)
                    && condition.unit.as_ref().is_none_or(|unit| fact.figure.as_ref().is_some_and(|figure| figure.unit == *unit))
            })
            .collect();
        let fitting = self.measured(condition, fitting);
        let confidence = believed(&fitting);
        (!fitting.is_empty()).then(|| Holds { rests_on: fitting.into_iter().map(|(i, _)| Rest::Fact(i)).collect(), confidence })
    }

    /// The facts whose figure, alone or added up, lies within the condition's bounds.
    fn measured<'f>(&self, condition: &Condition, facts: Vec<(usize, &'f Fact)>) -> Vec<(usize, &'f Fact)> {
        let year: u16 = self.found.on.get(..4).and_then(|year| year.parse().ok()).unwrap_or(0);
        let bound = condition.bounds.iter().filter(|bound| bound.from <= year).max_by_key(|bound| bound.from);
        if !condition.bounds.is_empty() && bound.is_none() {
            return Vec::new();
        }
        let at_most = condition.at_most.or(bound.and_then(|b| b.at_most));
        let at_least = condition.at_least.or(bound.and_then(|b| b.at_least));
        if at_most.is_none() && at_least.is_none() && condition.over.is_none() {
            return facts;
        }
        let within = |thousandths: i64| {
            at_most.is_none_or(|most| thousandths <= scaled(most))
                && at_least.is_none_or(|least| thousandths >= scaled(least))
                && condition.over.is_none_or(|over| thousandths > scaled(over))
        };
        let with_figure: Vec<(usize, &Fact)> = facts.into_iter().filter(|(_, fact)| fact.figure.is_some()).collect();
        let figure = |fact: &Fact| fact.figure.as_ref().map_or(0, |f| f.thousandths);
        if condition.sum {
            let sum = with_figure.iter().map(|(_, fact)| figure(fact)).sum();
            return if !with_figure.is_empty() && within(sum) { with_figure } else { Vec::new() };
        }
        with_figure.into_iter().filter(|(_, fact)| within(figure(fact))).collect()
    }

    fn lies(&self, fact: &Fact, place: Place) -> bool {
        let Some(code) = fact.country.as_deref() else { return false };
        let inside = self.area.holds(code, self.found.on);
        match place {
            Place::Inside => inside,
            Place::Outside => self.area.excludes(code, self.found.on),
            Place::Reaching => self.area.excludes(code, self.found.on) && AREAS.reach(code).is_some(),
            Place::Adequate => inside || AREAS.adequacy(code).is_some() || AREAS.is_member("eea", code, self.found.on),
        }
    }
}

/// A value without regard to case, and a standard's name without its co-publisher and its year: `ISO/IEC 27001:2022` is
/// `iso 27001`.
fn plain(value: &str) -> String {
    let name = value.to_lowercase().replace("/iec", "");
    name.split(':').next().unwrap_or_default().trim().to_owned()
}

#[expect(clippy::cast_possible_truncation, reason = "bounds of editions are small numbers")]
fn scaled(bound: f64) -> i64 {
    (bound * 1_000.0).round() as i64
}

/// Of several conditions that hold: what all rest on, and the belief in the best.
fn either(all: Vec<Holds>) -> Option<Holds> {
    all.into_iter()
        .reduce(|a, b| Holds { confidence: a.confidence.max(b.confidence), rests_on: a.rests_on.into_iter().chain(b.rests_on).collect() })
}

/// How far facts that say the same are believed: pages count, not repetitions on one.
fn believed(facts: &[(usize, &Fact)]) -> u64 {
    let mut by_page: BTreeMap<u32, u64> = BTreeMap::new();
    for (_, fact) in facts {
        let tier = match fact.tier {
            Tier::Audit => WEIGHTS.audit,
            Tier::Contract => WEIGHTS.contract,
            Tier::Technical => WEIGHTS.technical,
            Tier::Marketing => WEIGHTS.marketing,
            Tier::Other => WEIGHTS.other,
        };
        let worth = u64::from(tier) * WHOLE / 100;
        let of_page = by_page.entry(fact.page.0).or_default();
        *of_page = worth.max(*of_page);
    }
    let doubt = by_page.values().fold(WHOLE, |doubt, worth| doubt * (WHOLE - worth) / WHOLE);
    (WHOLE - doubt).min(u64::from(WEIGHTS.most) * WHOLE / 100)
}
