//! The result of a check, as its stored report says: the whole of it, and a card of one page. Decides nothing.

use askama::Template;
use axum::extract::State as Part;
use axum::response::Response;

use super::PageError;
use super::chart::Radar;
use super::factor::{self, Choice, FactorView, Filter};
use super::link::Linked;
use super::page::{Frame, html};
use super::verdict::{self, FrameworkView};
use crate::access::Action;
use crate::domain::answer::State;
use crate::report::{FactorReport, Report};
use crate::score::{Flip, ObjectiveScore};
use crate::store::Store;

#[derive(Template)]
#[template(path = "result.html", config = "src/web/askama.toml")]
struct ResultPage<'a> {
    frame: Frame,
    report: &'a Report,
    summary: Summary<'a>,
    levels: Vec<LevelView<'a>>,
    flips: Vec<FlipView<'a>>,
    /// The factors that allow no more than the overall level.
    held: Vec<&'a FactorReport>,
    frameworks: Vec<FrameworkView<'a>>,
    filter: Filter,
    by_objective: Vec<Choice>,
    by_state: Vec<Choice>,
    by_confidence: Vec<Choice>,
    shown: usize,
    objectives: Vec<ObjectiveView<'a>>,
    missing: Vec<&'a FactorReport>,
    unread: Vec<(&'static str, usize)>,
    here: String,
}

#[derive(Template)]
#[template(path = "card.html", config = "src/web/askama.toml")]
struct CardPage<'a> {
    frame: Frame,
    report: &'a Report,
    summary: Summary<'a>,
    frameworks: Vec<FrameworkView<'a>>,
    here: String,
}

/// What both pages begin with.
struct Summary<'a> {
    seal: Option<(u8, &'a str)>,
    radar: Option<Radar>,
    /// When the check began, for people.
    when: String,
}

struct LevelView<'a> {
    level: usize,
    name: &'a str,
    answered: Option<f64>,
    all: f64,
}

struct FlipView<'a> {
    flip: &'a Flip,
    name: &'a str,
    to: String,
    percent: f64,
}

struct ObjectiveView<'a> {
    score: &'a ObjectiveScore,
    factors: Vec<FactorView<'a>>,
}

/// The stored report of a check that is done.
pub(super) async fn report(store: &Store, linked: &Linked) -> Result<Report, PageError> {
    let (text, _) = store.report(linked.request.id).await?.ok_or(PageError::NotFound)?;
    serde_json::from_str(&text).map_err(|error| PageError::Internal(Box::new(error)))
}

/// The result page.
pub(super) async fn show(store: &Store, linked: &Linked, filter: &Filter) -> Result<Response, PageError> {
    let report = report(store, linked).await?;
    let filter = filter.known(&report);
    let objectives: Vec<ObjectiveView<'_>> = report
        .scorecard
        .objectives
        .iter()
        .map(|score| {
            let own = report.factors.iter().filter(|f| f.objective == score.id && filter.shows(f));
            ObjectiveView { factors: own.map(|f| factor::view(&report, f)).collect(), score }
        })
        .collect();
    html(&ResultPage {
        frame: Frame::new(format!("{}: initial assessment", report.service)),
        summary: summary(&report),
        levels: levels(&report),
        flips: flips(&report),
        held: held(&report),
        frameworks: verdict::view(&report),
        by_objective: filter.objectives(&report),
        by_state: filter.states(&report),
        by_confidence: filter.confidences(&report),
        filter,
        shown: objectives.iter().map(|o| o.factors.len()).sum(),
        objectives,
        missing: report.factors.iter().filter(|f| f.state == State::NotFound).collect(),
        unread: report.unread_by_reason().into_iter().map(|(why, count)| (why.name(), count)).collect(),
        here: linked.path(""),
        report: &report,
    })
}

/// The card: what is known, on one page.
pub(super) async fn card(Part(store): Part<Store>, linked: Linked) -> Result<Response, PageError> {
    linked.may(Action::See)?;
    let report = report(&store, &linked).await?;
    html(&CardPage {
        frame: Frame::new(format!("{}: sovereignty card", report.service)),
        summary: summary(&report),
        frameworks: verdict::view(&report),
        here: linked.path(""),
        report: &report,
    })
}

fn summary(report: &Report) -> Summary<'_> {
    let name = |seal: u8| report.framework.seals.get(usize::from(seal)).map_or("", String::as_str);
    Summary {
        seal: report.scorecard.seal.map(|seal| (seal, name(seal))),
        radar: Radar::of(&report.scorecard.objectives),
        when: moment(&report.started),
    }
}

/// A time as people read it: RFC 3339 without seconds.
pub(super) fn moment(time: &str) -> String {
    format!("{} UTC", time.get(..16).unwrap_or(time).replace('T', " "))
}

fn levels(report: &Report) -> Vec<LevelView<'_>> {
    let outlook = &report.scorecard.seal_outlook;
    let share = |parts: &[u32], level: usize| parts.get(level).map(|p| f64::from(*p) / 10_000.0);
    let each = report.framework.seals.iter().enumerate();
    each.map(|(level, name)| LevelView {
        level,
        name,
        answered: share(&outlook.answered_factors, level),
        all: share(&outlook.all_factors, level).unwrap_or(0.0),
    })
    .collect()
}

fn flips(report: &Report) -> Vec<FlipView<'_>> {
    let each = report.scorecard.flips.iter();
    each.map(|flip| FlipView {
        name: report.factors.iter().find(|f| f.id == flip.factor).map_or("", |f| f.name.as_str()),
        to: flip.would_be.iter().map(|seal| format!("SEAL-{seal}")).collect::<Vec<_>>().join(" or "),
        percent: f64::from(flip.probability) / 10_000.0,
        flip,
    })
    .collect()
}

/// The factors that allow no more than the overall level; none at the highest level.
fn held(report: &Report) -> Vec<&FactorReport> {
    let highest = report.framework.seals.len().checked_sub(1);
    match report.scorecard.seal {
        Some(seal) if Some(usize::from(seal)) != highest => report.factors.iter().filter(|f| f.seal == Some(seal)).collect(),
        _ => Vec::new(),
    }
}
