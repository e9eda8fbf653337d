//! The result of a check and its other forms, each with a tag by which a client asks only for what has changed.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::PageError;
use super::problem::Problem;
use crate::access::Action;
use crate::report::{Report, html as card, markdown as text, table};
use crate::store::Store;
use crate::web::link::Linked;

/// The result
///
/// The published form of a report (`sovcheck schema`), with its SHA-256 as `ETag`.
#[utoipa::path(get, path = "/checks/{link}/result", tag = "result",
    params(
        ("link" = String, Path, description = "The private link"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of the version that is known"),
    ),
    responses(
        (status = 200, description = "The report.", body = serde_json::Value, content_type = "application/json",
            headers(("ETag" = String, description = "SHA-256 of the report"))),
        (status = 304, description = "The version that is known is still the right one."),
        (status = 409, description = "There is no result, or not yet.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn report(State(store): State<Store>, linked: Result<Linked, PageError>, headers: HeaderMap) -> Result<Response, Problem> {
    let (text, sha256) = stored(&store, &linked?).await?;
    Ok(tagged(&headers, &format!("\"{sha256}\""), "application/json", None, text.into_bytes()))
}

/// The factors as a table (CSV)
#[utoipa::path(get, path = "/checks/{link}/factors.csv", tag = "result",
    params(("link" = String, Path, description = "The private link")),
    responses(
        (status = 200, description = "One line a factor.", body = String, content_type = "text/csv"),
        (status = 304, description = "The version that is known is still the right one."),
        (status = 409, description = "There is no result, or not yet.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn factors(
    State(store): State<Store>,
    linked: Result<Linked, PageError>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (report, tag) = read(&store, &linked?, "csv").await?;
    let body = table::write(&report).map_err(|error| PageError::Internal(Box::new(error)))?;
    Ok(tagged(&headers, &tag, "text/csv; charset=utf-8", Some("factors.csv"), body))
}

/// The result as Markdown
#[utoipa::path(get, path = "/checks/{link}/report.md", tag = "result",
    params(("link" = String, Path, description = "The private link")),
    responses(
        (status = 200, description = "The report.", body = String, content_type = "text/markdown"),
        (status = 304, description = "The version that is known is still the right one."),
        (status = 409, description = "There is no result, or not yet.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn markdown(
    State(store): State<Store>,
    linked: Result<Linked, PageError>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (report, tag) = read(&store, &linked?, "md").await?;
    Ok(tagged(&headers, &tag, "text/markdown; charset=utf-8", Some("report.md"), text::write(&report).into_bytes()))
}

/// The result as one HTML file, to keep
#[utoipa::path(get, path = "/checks/{link}/report.html", tag = "result",
    params(("link" = String, Path, description = "The private link")),
    responses(
        (status = 200, description = "The report.", body = String, content_type = "text/html"),
        (status = 304, description = "The version that is known is still the right one."),
        (status = 409, description = "There is no result, or not yet.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn html(State(store): State<Store>, linked: Result<Linked, PageError>, headers: HeaderMap) -> Result<Response, Problem> {
    let (report, tag) = read(&store, &linked?, "html").await?;
    let body = card::write(&report).map_err(|error| PageError::Internal(Box::new(error)))?;
    Ok(tagged(&headers, &tag, "text/html; charset=utf-8", Some("report.html"), body.into_bytes()))
}

async fn stored(store: &Store, linked: &Linked) -> Result<(String, String), Problem> {
    linked.may(Action::See)?;
    let missing = || {
        let state = linked.request.state.name();
        PageError::Conflict(format!("There is no result: the check is {state}."))
    };
    Ok(store.report(linked.request.id).await?.ok_or_else(missing)?)
}

/// The report with the tag of one of its forms, which may change with the program.
async fn read(store: &Store, linked: &Linked, form: &str) -> Result<(Report, String), Problem> {
    let (text, sha256) = stored(store, linked).await?;
    let report = serde_json::from_str(&text).map_err(|error| PageError::Internal(Box::new(error)))?;
    Ok((report, format!("\"{sha256}-{}-{form}\"", env!("CARGO_PKG_VERSION"))))
}

/// An answer with its tag, or only that nothing has changed. `file` is the name under which a browser keeps it.
pub(super) fn tagged(headers: &HeaderMap, tag: &str, media: &'static str, file: Option<&str>, body: Vec<u8>) -> Response {
    let mut response = if knows(headers, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, media)], body).into_response()
    };
    let disposition = file.map(|file| format!("attachment; filename=\"{file}\""));
    let said = [(header::ETAG, Some(tag.to_owned())), (header::CONTENT_DISPOSITION, disposition)];
    for (name, text) in said {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    // A client may keep its own copy, and asks each time whether it still holds.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

/// Whether the client knows this version (RFC 9110, 13.1.2: tags are compared weakly).
fn knows(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|list| list.split(',')).map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}
