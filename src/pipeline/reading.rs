//! All that is needed to answer a factor: pages, passages, rules, the profile; what is asked, verified and settled.

use std::collections::{HashMap, HashSet};

use super::request::ModelUse;
use crate::domain::answer::Receipt;
use crate::domain::evidence::{Candidate, Claim, Fault, Finding, Origin, Refuted, Support};
use crate::domain::id::PageNumber;
use crate::domain::page::{HiddenText, Page};
use crate::domain::profile::{Fact, Profile};
use crate::domain::quote::Searchable;
use crate::extract::caps;
use crate::extract::model::{AskError, Asker, Said, Shown};
use crate::extract::rank;
use crate::extract::reply::ReplyState;
use crate::extract::rules::Matches;
use crate::extract::support::{SecondLook, by_rules};
use crate::framework::{Factor, Framework};
use crate::index::retrieve::{Index, Retrieved, WAYS};
use crate::llm::Usage;
use crate::settle::{Context, settle};
use crate::store::Settled;

/// Passages that a model reads of each factor, each with its neighbours.
pub const FOR_MODEL: usize = 8;
/// Most facts of the profile that a model is told for one factor.
const FACTS: usize = 20;
/// How much of the page around a quote a second look sees, in bytes to each side.
const AROUND: usize = 400;
/// On a page that names so many factors of the framework by their ids it is the framework that speaks.
const NAMED_FACTORS: usize = 3;

/// Stored pages with their texts made ready, so that each is folded once.
pub(crate) struct Shelf {
    pub(crate) pages: Vec<Page>,
    texts: HashMap<PageNumber, (usize, Searchable)>,
}

impl Shelf {
    pub(crate) fn new(mut pages: Vec<Page>, framework: &Framework) -> Self {
        pages.iter_mut().for_each(|page| mark_rubric(page, framework));
        let texts = pages.iter().enumerate().map(|(i, page)| (page.number, (i, Searchable::new(&page.text)))).collect();
        Self { pages, texts }
    }

    /// The page that is meant, verified against: the one door.
    pub(crate) fn verify(&self, candidate: Candidate) -> Result<Finding, Refuted> {
        match self.texts.get(&candidate.page) {
            Some((i, text)) => candidate.verify(&self.pages[*i], text),
            None => Err(candidate.refuted(Fault::NoSuchPage)),
        }
    }

    fn page(&self, number: PageNumber) -> Option<&Page> {
        self.texts.get(&number).map(|(i, _)| &self.pages[*i])
    }
}

/// A page that goes through the framework's own factors is a self-assessment: it says what its author wants to be found.
fn mark_rubric(page: &mut Page, framework: &Framework) {
    let text = &page.text.text;
    let named = framework.factors.iter().filter(|factor| text.contains(factor.id.as_str())).take(NAMED_FACTORS).count();
    if named >= NAMED_FACTORS && !page.speaks_to_assessor() {
        let words = text.split_whitespace().take(30).collect::<Vec<_>>().join(" ");
        page.hidden.push(HiddenText {
            how: "a page that assesses itself by the framework".to_owned(),
            words,
            addresses_assessor: true,
            place: String::new(),
        });
    }
}

/// All that is needed to answer a factor.
pub(super) struct Reading<'a> {
    pub(super) framework: &'a Framework,
    pub(super) shelf: &'a Shelf,
    pub(super) index: &'a Index,
    pub(super) retrieved: &'a HashMap<&'a str, Retrieved>,
    pub(super) matches: &'a Matches,
    pub(super) profile: &'a Profile,
    /// The day on which membership of the area counts.
    pub(super) on: String,
}

/// What was asked of a model and what came back.
pub(super) struct Reply {
    pub(super) said: Said,
    pub(super) usage: Usage,
    /// What an earlier sample led to.
    pub(super) before: Option<Settled>,
    /// What a second look found of the reply's quotes, by page and quote.
    pub(super) verdicts: Vec<(PageNumber, String, Support)>,
    /// The order in which the model chose to read passages.
    pub(super) ranked: Vec<u32>,
}

impl Reading<'_> {
    fn shown(&self, places: &[u32]) -> Vec<Shown<'_>> {
        self.index
            .windows(places, FOR_MODEL, &WAYS)
            .into_iter()
            .filter_map(|passage| {
                let page = self.shelf.page(passage.page)?;
                Some(Shown { id: format!("{}.{}", passage.page, passage.blocks.start), passage, page })
            })
            .collect()
    }

    fn facts(&self, factor: &Factor) -> Vec<&Fact> {
        let kinds = self.framework.knowledge.sees.get(&factor.id).map_or(&[][..], Vec::as_slice);
        // The first of each kind before the second of any, and nothing twice: a long list of sub-processors is one kind.
        let mut seen = HashSet::new();
        let mut ranked: Vec<(usize, &Fact)> = Vec::new();
        let mut of_kind: HashMap<&str, usize> = HashMap::new();
        for fact in self.profile.of(kinds).filter(|fact| seen.insert((fact.kind.as_str(), fact.quote.as_str()))) {
            let count = of_kind.entry(fact.kind.as_str()).or_default();
            ranked.push((*count, fact));
            *count += 1;
        }
        ranked.sort_by_key(|(count, _)| *count);
        ranked.into_iter().take(FACTS).map(|(_, fact)| fact).collect()
    }

    /// Asks the model about `factor`, and takes a second look at what it quotes.
    pub(super) async fn ask(
        &self,
        asker: &Asker<'_>,
        factor: &Factor,
        before: Option<Settled>,
        use_of: &ModelUse,
    ) -> Result<Reply, AskError> {
        let look = use_of.second_look;
        let mut spent = Usage::default();
        // Another sample reads what the first one read.
        let mut ranked = before.as_ref().map(|s| s.answer.receipt.ranked.clone()).unwrap_or_default();
        // Where all that was found can be read there is nothing to choose.
        let found = self.retrieved[factor.id.as_str()].passages.len();
        if use_of.rerank && before.is_none() && found > FOR_MODEL {
            (ranked, spent) = asker
                .rank(
                    factor,
                    &rank::candidates(self.framework, self.index, &self.shelf.pages, factor, &self.retrieved[factor.id.as_str()].passages),
                )
                .await?;
        }
        let places = if ranked.is_empty() { &self.retrieved[factor.id.as_str()].passages } else { &ranked };
        let mut shown = self.shown(places);
        let sample = before.as_ref().map_or(0, |s| u8::try_from(s.answer.receipt.samples).unwrap_or(u8::MAX));
        // Another order of the same passages: an answer that hangs on what came first falls apart.
        if sample % 2 == 1 {
            shown.reverse();
        }
        let (said, usage) = asker.ask(factor, &shown, &self.facts(factor), sample).await?;
        let mut usage = spent.plus(usage);
        let mut verdicts = Vec::new();
        if let (SecondLook::Model, Said::Reply { candidates, .. }) = (look, &said) {
            let findings: Vec<Finding> = candidates.iter().filter_map(|c| self.shelf.verify(c.clone()).ok()).collect();
            if !findings.is_empty() {
                let with_context: Vec<(&Finding, String)> = findings.iter().map(|f| (f, self.around(f))).collect();
                let (found, more) = asker.supports(factor, &with_context).await?;
                usage = usage.plus(more);
                verdicts = findings.iter().zip(found).filter_map(|(f, v)| Some((f.page(), f.quote().to_owned(), v?))).collect();
            }
        } else if let (SecondLook::Rules, Said::Reply { candidates, .. }) = (look, &said) {
            let findings = candidates.iter().filter_map(|c| self.shelf.verify(c.clone()).ok());
            verdicts = findings.filter_map(|f| Some((f.page(), f.quote().to_owned(), by_rules(self.framework, &f)?))).collect();
        }
        Ok(Reply { said, usage, before, verdicts, ranked })
    }

    /// The words around a finding.
    fn around(&self, finding: &Finding) -> String {
        let Some(page) = self.shelf.page(finding.page()) else { return String::new() };
        let (text, range) = (&page.text.text, finding.range());
        let start = (range.start.saturating_sub(AROUND)..=range.start).find(|i| text.is_char_boundary(*i)).unwrap_or(range.start);
        let end = (range.end..=(range.end + AROUND).min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(range.end);
        format!("{}\n{}", page.title, &text[start..end])
    }

    /// Verifies what rules, profile and model claim, and settles it.
    pub(super) fn settle(&self, factor: &Factor, reply: Option<Reply>) -> Settled {
        let retrieved = &self.retrieved[factor.id.as_str()];
        let mut candidates = self.matches.candidates(self.framework, factor);
        candidates.extend(caps::candidates(self.framework, factor, self.profile, &self.on));
        let lacks_subject = self.framework.knowledge.subjects.get(&factor.id).is_some_and(|rules| !self.matches.any(rules));
        let mut context = if lacks_subject && !self.shelf.pages.is_empty() { Context::NotApplicable } else { Context::Findings };
        let (mut samples, mut refuted, mut unsupported) = (0, 0, 0);
        let mut usage = Usage::default();
        let (mut verdicts, mut ranked) = (Vec::new(), Vec::new());
        let failure;
        if let Some(reply) = reply {
            usage = reply.usage;
            verdicts = reply.verdicts;
            ranked = reply.ranked;
            samples = 1;
            if let Some(before) = reply.before {
                // What the model said before stands beside what it says now.
                let receipt = &before.answer.receipt;
                (samples, refuted, unsupported) = (receipt.samples + 1, receipt.refuted, receipt.unsupported);
                usage = usage.plus(before.usage);
                candidates.extend(before.claims.into_iter().filter(|claim| matches!(claim.origin, Origin::Model { .. })));
            }
            match reply.said {
                Said::Reply { state, candidates: claims } => {
                    candidates.extend(claims);
                    context = match state {
                        ReplyState::Contradicted => Context::Contradicted,
                        ReplyState::NotApplicable => Context::NotApplicable,
                        ReplyState::Answered | ReplyState::NotFound => Context::Findings,
                    };
                }
                // Another sample that failed takes nothing away.
                Said::Unusable(_) | Said::OverBudget | Said::Failed(_) if samples > 1 => samples -= 1,
                Said::Unusable(fault) => {
                    failure = format!("The model's reply could not be used, and neither could the second: {fault}.");
                    context = Context::Failed(&failure);
                }
                Said::OverBudget => context = Context::Failed("The token budget was spent before this factor."),
                Said::Failed(why) => {
                    failure = format!("The model could not be asked: {why}.");
                    context = Context::Failed(&failure);
                }
            }
        }
        let mut findings: Vec<Finding> = Vec::new();
        for candidate in candidates {
            match self.shelf.verify(candidate) {
                Ok(finding) => {
                    let by_model = matches!(finding.origin(), Origin::Model { .. });
                    let verdict = verdicts.iter().find(|(page, quote, _)| by_model && *page == finding.page() && quote == finding.quote());
                    match verdict {
                        // What a second look rejects is counted and not kept: it would be shown as evidence.
                        Some((_, _, Support::None)) if matches!(finding.claim(), Claim::Shows(_)) => unsupported += 1,
                        Some((_, _, support)) => findings.push(finding.judged(*support)),
                        None => findings.push(finding),
                    }
                }
                Err(refusal) => {
                    tracing::debug!(factor.id = %factor.id, fault = %refusal.fault, "a quote was refuted");
                    refuted += 1;
                }
            }
        }
        let pages: HashSet<PageNumber> = retrieved.passages.iter().map(|p| self.index.passages[*p as usize].page).collect();
        let receipt = Receipt {
            queries: retrieved.queries.clone(),
            passages: u32::try_from(retrieved.passages.len()).unwrap_or(u32::MAX),
            pages: u32::try_from(pages.len()).unwrap_or(u32::MAX),
            refuted,
            unsupported,
            ranked,
            samples,
        };
        let answer = settle(factor, &findings, context, receipt);
        Settled { answer, claims: findings.iter().map(Finding::claim_made).collect(), usage }
    }
}
