//! What a reader gets: one [`Report`], written as JSON, terminal card, Markdown or a single HTML file.
//!
//! Pure: built from a finished check, without clock, store or network. The JSON form is the published one
//! (`sovcheck schema`); the other forms show the same report and decide nothing. Advice is no part of it.

pub mod html;
pub mod link;
pub mod markdown;
pub mod table;
pub mod terminal;
pub mod verdicts;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::rfc3339;
use crate::domain::answer::{Band, Ppm, Receipt, State};
use crate::domain::evidence::{Claim, Finding, Origin, Scope, Support};
use crate::domain::id::{FactorId, PageNumber};
use crate::domain::page::{HiddenText, SiteHost, Tier, Unread, Why};
use crate::domain::profile::{Fact, Figure, Kind};
use crate::gates::judge::Found;
use crate::llm::Usage;
use crate::pipeline::{Assessment, Request};
use crate::prompt::EXTRACT;
use crate::score::Scorecard;
use crate::settle;
use verdicts::GateReport;

/// Said wherever a result is shown.
pub const NOTICE: &str = "Initial assessment from public documentation. It is not a certification; only an accredited audit certifies. \
What was not found is unknown, not absent.";

/// A finished check as it is published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The form of this document.
    pub format: String,
    /// What this is and is not.
    pub notice: String,
    /// The program's version.
    pub version: String,
    /// The check's id.
    pub check: String,
    /// The service.
    pub service: String,
    /// Its documentation, as it was given.
    pub source: String,
    /// When the check began, RFC 3339.
    pub started: String,
    /// The framework and how it was scored.
    pub framework: FrameworkUsed,
    /// How evidence was found.
    pub extraction: Extraction,
    /// What could not be done; empty if everything was.
    pub gaps: Vec<String>,
    /// The result.
    pub scorecard: Scorecard,
    /// Every factor in the framework's order.
    pub factors: Vec<FactorReport>,
    /// Verdicts of the frameworks that decide by gates, each for every area that was asked for.
    #[serde(default)]
    pub gates: Vec<GateReport>,
    /// Facts that many factors and controls share.
    #[serde(default)]
    pub profile: Vec<FactReport>,
    /// Every quote; factors, facts and controls refer to it by id.
    pub evidence: Vec<Evidence>,
    /// Every page that was read.
    pub pages: Vec<PageReport>,
    /// What was not read.
    pub unread: Vec<Unread>,
    /// The hosts that were met, and why each belongs to the service; none for a folder.
    pub hosts: Vec<SiteHost>,
    /// Text that readers do not see or that speaks to an assessor; never evidence.
    pub hidden: Vec<HiddenReport>,
}

/// The framework and how it was scored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FrameworkUsed {
    /// Its id.
    pub id: String,
    /// Its edition.
    pub edition: String,
    /// Its name.
    pub title: String,
    /// SHA-256 over its files.
    pub sha256: String,
    /// Name of the weight set.
    pub weights: String,
    /// Name of the rounding profile.
    pub rounding: String,
    /// Names of the levels, lowest first.
    pub seals: Vec<String>,
}

/// How evidence was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Extraction {
    /// `embedded` (rules alone) or `model` (a model and the rules).
    pub extractor: String,
    /// The model's name.
    pub model: Option<String>,
    /// SHA-256 of the prompt's template.
    pub prompt: Option<String>,
    /// Version of the weights by which findings become probabilities.
    pub settling: String,
    /// Calls and tokens.
    pub usage: Usage,
    /// What the tokens cost, in the operator's currency, where a price is set.
    pub cost: Option<f64>,
}

/// One factor's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FactorReport {
    /// Its id.
    pub id: FactorId,
    /// Its objective's id.
    pub objective: String,
    /// Its name.
    pub name: String,
    /// What it asks.
    pub question: String,
    /// What is known.
    pub state: State,
    /// The option.
    pub option: Option<u8>,
    /// The option's name.
    pub label: Option<String>,
    /// The level that the option allows.
    pub seal: Option<u8>,
    /// How many options there are.
    pub options: u8,
    /// Probability that the option is right, 0 to 1.
    pub confidence: Option<f64>,
    /// The same in a word.
    pub band: Option<Band>,
    /// Probability of each option in millionths.
    pub probabilities: Vec<Ppm>,
    /// Which words decide, or what was missing.
    pub justification: String,
    /// Ids of evidence, the deciding ones first.
    pub evidence: Vec<String>,
    /// What was searched.
    pub receipt: Receipt,
}

/// A verified quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Such as `e12`, or `f3` where it states a fact.
    pub id: String,
    /// The factor it speaks to.
    pub factor: Option<FactorId>,
    /// What it says of the factor.
    pub claim: Option<Claim>,
    /// The kind of fact that it states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<Kind>,
    /// The page's own words.
    pub quote: String,
    /// The page.
    pub page: PageNumber,
    /// Bytes of the page's text, first and past the last.
    pub range: [usize; 2],
    /// Leads to the words in the live page.
    pub link: String,
    /// How much the page can carry.
    pub tier: Tier,
    /// The page says that it is archived.
    pub outdated: bool,
    /// Why the words say so.
    pub because: String,
    /// Who claimed it.
    pub origin: Origin,
    /// What a second look found, if there was one.
    #[serde(default)]
    pub support: Option<Support>,
    /// What the words speak of, where they name it.
    #[serde(default, skip_serializing_if = "Scope::is_open")]
    pub scope: Scope,
}

/// A fact about the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FactReport {
    /// What it is about.
    pub kind: Kind,
    /// The kind's name for readers.
    pub name: String,
    /// The company, law, place, certificate, mode or address.
    pub value: String,
    /// ISO 3166-1 alpha-2 of the country that it names, or `EU`, `EEA`.
    pub country: Option<String>,
    /// The number that it gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<Figure>,
    /// What a certificate covers.
    pub scope: Option<String>,
    /// What a sub-processor does.
    pub purpose: Option<String>,
    /// A date that it gives.
    pub date: Option<String>,
    /// The id of its evidence.
    pub evidence: String,
}

/// A page that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PageReport {
    /// Its place in the order of reading.
    pub number: PageNumber,
    /// Its address, or its path below the folder.
    pub address: String,
    /// Its title.
    pub title: String,
    /// Its language.
    pub language: Option<String>,
    /// How much it can carry.
    pub tier: Tier,
    /// When it was read, RFC 3339.
    pub read: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// The date it gives itself.
    pub dated: Option<String>,
    /// It says that it is archived.
    pub outdated: bool,
    /// Why it was read when it was.
    pub reason: String,
}

/// Hidden text with its page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HiddenReport {
    /// The page.
    pub page: PageNumber,
    /// Its address.
    pub address: String,
    /// The text.
    #[serde(flatten)]
    pub text: HiddenText,
}

/// The JSON schema of a report (draft 2020-12).
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}

impl Report {
    /// The report of a finished check.
    pub fn of(request: &Request, assessment: &Assessment) -> Self {
        let framework = &request.framework;
        let card = &assessment.scorecard;
        let weights = framework.weight_set(Some(&card.weights)).map_or("", |w| w.title.as_str());
        let rounding = framework.rounding(Some(&card.rounding)).map_or("", |r| r.title.as_str());
        let on: String = rfc3339(assessment.check.started_ms).chars().take(10).collect();
        let found = Found { profile: &assessment.profile, answers: &assessment.answers, on: &on };
        let address: BTreeMap<PageNumber, &str> = assessment.pages.iter().map(|p| (p.number, p.address.as_str())).collect();
        Self {
            format: "sovcheck-report/1".to_owned(),
            notice: NOTICE.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            check: assessment.id.to_string(),
            service: assessment.check.service.clone(),
            source: assessment.check.source.clone(),
            started: rfc3339(assessment.check.started_ms),
            framework: FrameworkUsed {
                id: framework.id.clone(),
                edition: framework.edition.clone(),
                title: framework.title.clone(),
                sha256: framework.sha256.clone(),
                weights: weights.to_owned(),
                rounding: rounding.to_owned(),
                seals: framework.seals.iter().map(|s| s.name.clone()).collect(),
            },
            extraction: Extraction {
                extractor: if request.model.is_some() { "model" } else { "embedded" }.to_owned(),
                model: request.model.as_ref().map(|m| m.endpoint.model.clone()),
                prompt: request.model.as_ref().map(|_| EXTRACT.sha256()),
                settling: settle::version(),
                usage: assessment.usage,
                cost: request.model.as_ref().and_then(|m| m.price).map(|price| price.of(assessment.usage)),
            },
            gaps: gaps(assessment),
            scorecard: card.clone(),
            factors: factors(request, assessment),
            gates: verdicts::of(&request.gates, &request.areas, found),
            profile: assessment.profile.facts.iter().enumerate().map(|(i, f)| fact(i, f)).collect(),
            evidence: {
                let findings = assessment.findings.iter().enumerate().map(|(i, f)| evidence(i, f, &address));
                findings.chain(assessment.profile.facts.iter().enumerate().map(|(i, f)| stated(i, f, &address))).collect()
            },
            pages: assessment
                .pages
                .iter()
                .map(|p| PageReport {
                    number: p.number,
                    address: p.address.clone(),
                    title: p.title.clone(),
                    language: p.language.clone(),
                    tier: p.tier,
                    read: rfc3339(p.read_at_ms),
                    sha256: p.sha256.clone(),
                    dated: p.dated.clone(),
                    outdated: p.outdated,
                    reason: p.reason.clone(),
                })
                .collect(),
            unread: assessment.unread.clone(),
            hosts: assessment.hosts.clone(),
            hidden: assessment
                .pages
                .iter()
                .flat_map(|p| p.hidden.iter().map(|text| HiddenReport { page: p.number, address: p.address.clone(), text: text.clone() }))
                // Icons hidden from screen readers and closed menus are everywhere; what speaks to an assessor, or is long, is worth a look.
                .filter(|h| h.text.addresses_assessor || h.text.words.chars().count() >= 40)
                .collect(),
        }
    }

    /// The evidence with this id.
    pub fn evidence(&self, id: &str) -> Option<&Evidence> {
        self.evidence.iter().find(|e| e.id == id)
    }

    /// How many quotes speak to factors.
    pub fn quotes(&self) -> usize {
        self.evidence.iter().filter(|e| e.factor.is_some()).count()
    }

    /// The page with this number.
    pub fn page(&self, number: PageNumber) -> Option<&PageReport> {
        self.pages.iter().find(|p| p.number == number)
    }

    /// How many pages of a host were read.
    pub fn pages_of(&self, host: &SiteHost) -> usize {
        let of =
            |address: &str| address.split("://").nth(1).is_some_and(|rest| rest.split(['/', '?', '#']).next() == Some(host.host.as_str()));
        self.pages.iter().filter(|page| of(&page.address)).count()
    }

    /// How many factors are in `state`.
    pub fn count(&self, state: State) -> usize {
        self.factors.iter().filter(|f| f.state == state).count()
    }

    /// How many addresses were not read, by reason.
    pub fn unread_by_reason(&self) -> BTreeMap<Why, usize> {
        let mut counts = BTreeMap::new();
        for unread in &self.unread {
            *counts.entry(unread.why).or_default() += 1;
        }
        counts
    }
}

fn gaps(assessment: &Assessment) -> Vec<String> {
    let mut gaps = Vec::new();
    let failed: Vec<&str> = assessment.answers.iter().filter(|a| a.state == State::Failed).map(|a| a.factor.as_str()).collect();
    if let Some(first) = assessment.answers.iter().find(|a| a.state == State::Failed) {
        gaps.push(format!("{} factors were not judged ({}). {}", failed.len(), failed.join(", "), first.justification));
    }
    let broken = assessment.unread.iter().filter(|u| u.why == Why::Failed).count();
    if broken > 0 {
        gaps.push(format!("{broken} addresses could not be read."));
    }
    gaps
}

fn factors(request: &Request, assessment: &Assessment) -> Vec<FactorReport> {
    let framework = &request.framework;
    framework
        .factors
        .iter()
        .zip(&assessment.answers)
        .map(|(factor, answer)| {
            let option = answer.option.and_then(|n| factor.option(n));
            let confidence = answer.confidence();
            FactorReport {
                id: factor.id.clone(),
                objective: framework.objectives[factor.objective].id.clone(),
                name: factor.name.clone(),
                question: factor.question.clone(),
                state: answer.state,
                option: answer.option,
                label: option.map(|o| o.label.clone()),
                seal: option.map(|o| o.seal),
                options: u8::try_from(factor.options.len()).unwrap_or(u8::MAX),
                confidence: confidence.map(|p| f64::from(p / 1_000) / 1_000.0),
                band: confidence.map(Band::of),
                probabilities: answer.probabilities.clone(),
                justification: answer.justification.clone(),
                evidence: answer.findings.iter().map(|place| finding_id(*place)).collect(),
                receipt: answer.receipt.clone(),
            }
        })
        .collect()
}

/// The id of the finding at this place.
fn finding_id(place: usize) -> String {
    format!("e{}", place + 1)
}

/// The id of the fact at this place.
fn fact_id(place: usize) -> String {
    format!("f{}", place + 1)
}

fn fact(i: usize, fact: &Fact) -> FactReport {
    FactReport {
        kind: fact.kind.clone(),
        name: fact.name.clone(),
        value: fact.value.clone(),
        country: fact.country.clone(),
        figure: fact.figure.clone(),
        scope: fact.scope.clone(),
        purpose: fact.purpose.clone(),
        date: fact.date.clone(),
        evidence: fact_id(i),
    }
}

fn stated(i: usize, fact: &Fact, address: &BTreeMap<PageNumber, &str>) -> Evidence {
    Evidence {
        id: fact_id(i),
        factor: None,
        claim: None,
        fact: Some(fact.kind.clone()),
        quote: fact.quote.clone(),
        page: fact.page,
        range: fact.range,
        link: link::to_words(address.get(&fact.page).copied().unwrap_or(""), &fact.quote),
        tier: fact.tier,
        outdated: fact.outdated,
        because: fact.reads(),
        origin: Origin::Rule { id: format!("{}/{}", fact.kind.as_str(), fact.pattern) },
        support: None,
        scope: Scope::default(),
    }
}

fn evidence(i: usize, finding: &Finding, address: &BTreeMap<PageNumber, &str>) -> Evidence {
    let range = finding.range();
    Evidence {
        id: finding_id(i),
        factor: Some(finding.factor().clone()),
        claim: Some(finding.claim()),
        fact: None,
        quote: finding.quote().to_owned(),
        page: finding.page(),
        range: [range.start, range.end],
        link: link::to_words(address.get(&finding.page()).copied().unwrap_or(""), finding.quote()),
        tier: finding.tier(),
        outdated: finding.outdated(),
        because: finding.because().to_owned(),
        origin: finding.origin().clone(),
        support: finding.support(),
        scope: finding.scope().clone(),
    }
}
