//! The pages that a check has read, and the text of one.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use super::result::tagged;
use super::{PageError, ROOT};
use crate::access::Action;
use crate::clock::rfc3339;
use crate::domain::page::Page;
use crate::store::Store;
use crate::token::Link;
use crate::web::link::Linked;

/// Pages in one answer unless told otherwise, and at most.
const USUAL: u32 = 50;
const MOST: u32 = 200;

/// Which pages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Where to go on: `next` of the answer before.
    #[param(pattern = "^p[0-9]{1,9}$")]
    cursor: Option<String>,
    /// How many; 50 unless given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Some pages, in the order of reading.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PageList {
    /// The pages.
    pages: Vec<PageView>,
    /// Where to go on; none if these are the last ones so far.
    next: Option<String>,
}

/// A page that was read.
#[derive(Debug, Serialize, ToSchema)]
struct PageView {
    /// Its place in the order of reading.
    number: u32,
    /// Its address.
    address: String,
    /// Its title.
    title: String,
    /// ISO 639-1 code of its language, where it is known.
    language: Option<String>,
    /// How much it can carry: `audit`, `contract`, `technical`, `marketing` or `other`.
    tier: &'static str,
    /// When it was read.
    #[schema(format = DateTime)]
    read: String,
    /// SHA-256 of its bytes.
    sha256: String,
    /// The date that it gives itself.
    dated: Option<String>,
    /// It says that it is archived.
    outdated: bool,
    /// Why it was read when it was.
    reason: String,
    /// The address of its text; none where its owner asks that no copy be handed on.
    text: Option<String>,
}

impl PageView {
    fn of(page: Page, link: &Link) -> Self {
        let number = page.number.0;
        Self {
            number,
            text: (!page.no_archive).then(|| format!("{ROOT}/checks/{}/pages/{number}", link.as_str())),
            address: page.address,
            title: page.title,
            language: page.language,
            tier: page.tier.name(),
            read: rfc3339(page.read_at_ms),
            sha256: page.sha256,
            dated: page.dated,
            outdated: page.outdated,
            reason: page.reason,
        }
    }
}

/// The pages that were read
///
/// In the order of reading, also while the check runs. `next` is also said as `Link` with `rel="next"`.
#[utoipa::path(get, path = "/checks/{link}/pages", tag = "pages",
    params(("link" = String, Path, description = "The private link"), Which),
    responses((status = 200, description = "Some pages.", body = PageList,
        headers(("Link" = String, description = "Where to go on, if there is more")))))]
pub(super) async fn pages(
    State(store): State<Store>,
    linked: Result<Linked, PageError>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Problem> {
    let linked = linked?;
    linked.may(Action::See)?;
    let Query(which) = which?;
    let limit = which.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::field("limit", format!("The limit must be from 1 to {MOST}.")));
    }
    let after = match &which.cursor {
        None => 0,
        Some(cursor) => cursor
            .strip_prefix('p')
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| Problem::field("cursor", "This is not the `next` of an answer."))?,
    };
    // One more than is shown tells whether there is more.
    let mut pages = store.pages_after(linked.request.id, after, limit + 1).await?;
    let more = pages.len() > limit as usize;
    pages.truncate(limit as usize);
    let next = pages.last().filter(|_| more).map(|page| page.number.to_string());
    let follow =
        next.as_ref().map(|next| format!("<{ROOT}/checks/{}/pages?cursor={next}&limit={limit}>; rel=\"next\"", linked.link.as_str()));
    let pages = pages.into_iter().map(|page| PageView::of(page, &linked.link)).collect();
    let mut response = Json(PageList { pages, next }).into_response();
    if let Some(value) = follow.and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(header::LINK, value);
    }
    Ok(response)
}

/// A page's place in an address; the private link before it is read elsewhere.
#[derive(Debug, Deserialize)]
pub(super) struct Place {
    number: u32,
}

/// The text of a page
///
/// As it was read: ranges of evidence in the result are bytes of it.
#[utoipa::path(get, path = "/checks/{link}/pages/{number}", tag = "pages",
    params(
        ("link" = String, Path, description = "The private link"),
        ("number" = u32, Path, description = "The page's place in the order of reading"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of the version that is known"),
    ),
    responses(
        (status = 200, description = "The text.", body = String, content_type = "text/plain"),
        (status = 304, description = "The version that is known is still the right one."),
        (status = 403, description = "The page's owner asks that no copy be handed on.", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(super) async fn text(
    State(store): State<Store>,
    linked: Result<Linked, PageError>,
    place: Result<Path<Place>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let linked = linked?;
    linked.may(Action::See)?;
    let Path(place) = place.map_err(|_| PageError::NotFound)?;
    let page = store.page(linked.request.id, crate::domain::id::PageNumber(place.number)).await?.ok_or(PageError::NotFound)?;
    if page.no_archive {
        return Err(Problem::no_copy());
    }
    let mut response =
        tagged(&headers, &format!("\"{}-text\"", page.sha256), "text/plain; charset=utf-8", None, page.text.text.into_bytes());
    if let Some(value) = page.language.and_then(|code| HeaderValue::from_str(&code).ok()) {
        response.headers_mut().insert(header::CONTENT_LANGUAGE, value);
    }
    Ok(response)
}
