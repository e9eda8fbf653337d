//! The page of a check: how far it is, or its result; ending and deleting it.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};

use super::PageError;
use super::factor::Filter;
use super::link::Linked;
use super::page::{Frame, html};
use super::result;
use crate::access::Action;
use crate::clock;
use crate::domain::progress::{Happened, Progress};
use crate::domain::request::State as Stage;
use crate::store::Store;

/// Most events that a page looks at.
const MOST: u32 = 5_000;
/// Latest pages that are listed.
const LATEST: usize = 12;

#[derive(Template)]
#[template(path = "progress.html", config = "src/web/askama.toml")]
struct ProgressPage {
    frame: Frame,
    service: String,
    starts: Vec<String>,
    state: &'static str,
    cancelling: bool,
    ahead: u64,
    story: Story,
    here: String,
}

#[derive(Template)]
#[template(path = "over.html", config = "src/web/askama.toml")]
struct OverPage {
    frame: Frame,
    service: String,
    /// Why there is no result; none if the visitor ended it.
    failure: Option<String>,
    here: String,
}

#[derive(Template)]
#[template(path = "delete.html", config = "src/web/askama.toml")]
struct DeletePage {
    frame: Frame,
    service: String,
    here: String,
}

#[derive(Template)]
#[template(path = "deleted.html", config = "src/web/askama.toml")]
struct DeletedPage {
    frame: Frame,
}

/// A page that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Latest {
    /// Its title, or its address.
    pub(super) title: String,
    /// Why it was read now.
    pub(super) reason: String,
}

/// What events tell together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Story {
    /// Pages read.
    pub(super) read: u64,
    /// Pages known, up to the budget.
    pub(super) known: u64,
    /// Addresses not read.
    pub(super) unread: u64,
    /// Factors answered or given up.
    pub(super) done: u64,
    /// Factors of the framework.
    pub(super) of: u64,
    /// The latest pages, the last one first.
    pub(super) latest: Vec<Latest>,
    /// Things to know.
    pub(super) warnings: Vec<String>,
    /// Number of the last event.
    pub(super) last: u64,
}

impl Story {
    /// The story of these events.
    pub(super) fn of(events: &[Happened]) -> Self {
        let mut story = Self::default();
        for happened in events {
            story.last = happened.number;
            match &happened.progress {
                Progress::Page { title, address, reason, read, known } => {
                    (story.read, story.known) = (*read, *known);
                    let title = if title.is_empty() { address.clone() } else { title.clone() };
                    story.latest.insert(0, Latest { title, reason: reason.clone() });
                    story.latest.truncate(LATEST);
                }
                Progress::Started { resumed: Some(pages) } => story.read = story.read.max(*pages),
                Progress::Unread { .. } => story.unread += 1,
                Progress::Factor { done, of, .. } => (story.done, story.of) = (*done, *of),
                Progress::Warning { text } => story.warnings.push(text.clone()),
                Progress::Retrying { detail, .. } => story.warnings.push(detail.clone()),
                Progress::Queued
                | Progress::Started { resumed: None }
                | Progress::Unchanged { .. }
                | Progress::Indexed { .. }
                | Progress::HandedBack
                | Progress::Done
                | Progress::Failed { .. }
                | Progress::Cancelled => {}
            }
        }
        story
    }
}

/// How far a check is, or its result.
pub(super) async fn show(
    State(store): State<Store>,
    linked: Linked,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Response, PageError> {
    linked.may(Action::See)?;
    // A filter that cannot be read filters nothing.
    let filter = filter.map(|Query(filter)| filter).unwrap_or_default();
    let request = &linked.request;
    let service = request.asked.service.clone();
    let failure = match &request.state {
        Stage::Done => return result::show(&store, &linked, &filter).await,
        Stage::Queued | Stage::Running => {
            return html(&ProgressPage {
                frame: Frame::new(format!("Checking {service}")),
                service,
                starts: request.asked.starts.clone(),
                state: request.state.name(),
                cancelling: request.cancelling,
                ahead: store.ahead(request.id).await?,
                story: Story::of(&store.events(request.id, 0, MOST).await?),
                here: linked.path(""),
            });
        }
        Stage::Failed(failure) => Some(failure.to_string()),
        Stage::Cancelled => None,
    };
    html(&OverPage { frame: Frame::new(format!("No result for {service}")), service, failure, here: linked.path("") })
}

/// Ends a check.
pub(super) async fn cancel(State(store): State<Store>, linked: Linked) -> Result<Response, PageError> {
    linked.may(Action::Cancel)?;
    store.cancel(linked.request.id, clock::now_ms()).await?;
    Ok(Redirect::to(&linked.path("")).into_response())
}

/// Asks whether a check is really to be deleted.
pub(super) async fn confirm_delete(linked: Linked) -> Result<Response, PageError> {
    linked.may(Action::Delete)?;
    let service = linked.request.asked.service.clone();
    html(&DeletePage { frame: Frame::new(format!("Delete the check of {service}?")), service, here: linked.path("") })
}

/// Deletes a check with all that belongs to it.
pub(super) async fn delete(State(store): State<Store>, linked: Linked) -> Result<Response, PageError> {
    linked.may(Action::Delete)?;
    store.delete(linked.request.id).await?;
    html(&DeletedPage { frame: Frame::new("Deleted") })
}
