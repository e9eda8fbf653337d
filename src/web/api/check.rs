//! One check: how far it is, what happens to it, its end and its deletion.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::problem::Problem;
use super::{PageError, ROOT};
use crate::access::Action;
use crate::clock::{self, rfc3339};
use crate::domain::request::{CheckRequest, State as Stage};
use crate::store::Store;
use crate::token::Link;
use crate::web::events;
use crate::web::link::Linked;
use crate::web::progress::Story;

/// Most events that are looked at for the counts.
const MOST: u32 = 5_000;

/// How far a check is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckStatus {
    /// Its id.
    id: String,
    /// `queued`, `running`, `done`, `failed` or `cancelled`.
    #[schema(pattern = "^(queued|running|done|failed|cancelled)$")]
    state: &'static str,
    /// Its end was asked for, and its worker has not yet ended it.
    cancelling: bool,
    /// Why there will be no result; for failed checks alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureView>,
    /// The service's name.
    service: String,
    /// Where its documentation starts.
    starts: Vec<String>,
    /// Areas of sovereignty.
    areas: Vec<String>,
    /// Ids of frameworks.
    frameworks: Vec<String>,
    /// How many checks are taken before it; 0 unless it waits.
    ahead: u64,
    /// Pages read so far.
    pages_read: u64,
    /// Pages known, up to the budget.
    pages_known: u64,
    /// Factors answered so far.
    factors_done: u64,
    /// Factors of the framework; 0 until the first one is answered.
    factors: u64,
    /// When it was asked for.
    #[schema(format = DateTime)]
    created: String,
    /// When a worker first took it.
    #[schema(format = DateTime)]
    started: Option<String>,
    /// When it was over.
    #[schema(format = DateTime)]
    ended: Option<String>,
    /// When it is deleted unless it is claimed.
    #[schema(format = DateTime)]
    expires: String,
    /// Addresses of what belongs to it. They hold the private link.
    pub(super) links: Links,
}

/// Why there will be no result.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FailureView {
    /// `nothing-readable`, `refused`, `given-up` or `fault`.
    #[schema(value_type = String)]
    kind: crate::domain::request::FailureKind,
    /// What happened, for people.
    detail: String,
}

/// Addresses of what belongs to a check.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Links {
    /// This document.
    #[serde(rename = "self")]
    pub(super) own: String,
    /// What happens, as a stream.
    events: String,
    /// The result.
    result: String,
    /// The pages that were read.
    pages: String,
    /// The pages as a web archive.
    warc: String,
    /// The page for people.
    html: String,
}

impl CheckStatus {
    /// The status of a request that was reached by its link.
    pub(super) async fn of(store: &Store, link: &Link, request: &CheckRequest) -> Result<Self, PageError> {
        let story = Story::of(&store.events(request.id, 0, MOST).await?);
        let failure = match &request.state {
            Stage::Failed(failure) => Some(FailureView { kind: failure.kind, detail: failure.detail.clone() }),
            Stage::Queued | Stage::Running | Stage::Done | Stage::Cancelled => None,
        };
        let own = format!("{ROOT}/checks/{}", link.as_str());
        Ok(Self {
            id: request.id.to_string(),
            state: request.state.name(),
            cancelling: request.cancelling && !request.state.is_over(),
            failure,
            service: request.asked.service.clone(),
            starts: request.asked.starts.clone(),
            areas: request.asked.areas.clone(),
            frameworks: request.asked.frameworks.clone(),
            ahead: if request.state == Stage::Queued { store.ahead(request.id).await? } else { 0 },
            pages_read: story.read,
            pages_known: story.known,
            factors_done: story.done,
            factors: story.of,
            created: rfc3339(request.created_ms),
            started: request.started_ms.map(rfc3339),
            ended: request.ended_ms.map(rfc3339),
            expires: rfc3339(request.expires_ms),
            links: Links {
                events: format!("{own}/events"),
                result: format!("{own}/result"),
                pages: format!("{own}/pages"),
                warc: format!("{own}/pages.warc.gz"),
                html: format!("/c/{}", link.as_str()),
                own,
            },
        })
    }
}

/// How far a check is
#[utoipa::path(get, path = "/checks/{link}", tag = "checks", params(("link" = String, Path, description = "The private link")),
    responses((status = 200, description = "How far it is.", body = CheckStatus)))]
pub(super) async fn status(State(store): State<Store>, linked: Result<Linked, PageError>) -> Result<Json<CheckStatus>, Problem> {
    let linked = linked?;
    linked.may(Action::See)?;
    Ok(Json(CheckStatus::of(&store, &linked.link, &linked.request).await?))
}

/// What happens, as a stream
///
/// Server-sent events. Each has a number; a client that comes back with `Last-Event-ID` gets what came after it. The last
/// one is `done`, `failed` or `cancelled`; after it there is no more (204).
#[utoipa::path(get, path = "/checks/{link}/events", tag = "checks",
    params(
        ("link" = String, Path, description = "The private link"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The number of the last event that was seen"),
    ),
    responses(
        (status = 200, description = "Events as they happen.", body = String, content_type = "text/event-stream"),
        (status = 204, description = "There are no more events."),
    ))]
pub(super) async fn events(
    State(store): State<Store>,
    State(stop): State<CancellationToken>,
    linked: Result<Linked, PageError>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Ok(events::stream(State(store), State(stop), linked?, headers).await?)
}

/// End a check before its time
///
/// What waits ends at once; what runs ends as soon as its worker hears of it.
#[utoipa::path(post, path = "/checks/{link}/cancel", tag = "checks", params(("link" = String, Path, description = "The private link")),
    responses(
        (status = 202, description = "It ends.", body = CheckStatus),
        (status = 409, description = "It is over.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn cancel(
    State(store): State<Store>,
    linked: Result<Linked, PageError>,
) -> Result<(StatusCode, Json<CheckStatus>), Problem> {
    let linked = linked?;
    linked.may(Action::Cancel)?;
    if !store.cancel(linked.request.id, clock::now_ms()).await? {
        return Err(PageError::Conflict("The check is over.".to_owned()).into());
    }
    let request = store.request(linked.request.id).await?.ok_or(PageError::NotFound)?;
    Ok((StatusCode::ACCEPTED, Json(CheckStatus::of(&store, &linked.link, &request).await?)))
}

/// Delete a check with all that belongs to it
#[utoipa::path(delete, path = "/checks/{link}", tag = "checks", params(("link" = String, Path, description = "The private link")),
    responses((status = 204, description = "It is gone.")))]
pub(super) async fn delete(State(store): State<Store>, linked: Result<Linked, PageError>) -> Result<StatusCode, Problem> {
    let linked = linked?;
    linked.may(Action::Delete)?;
    store.delete(linked.request.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
