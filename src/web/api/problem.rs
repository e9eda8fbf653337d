//! What went wrong, as a problem document (RFC 9457): the same outcomes as those of the pages, for programs.

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::PageError;
use crate::intake::Wrong;
use crate::store::StoreError;

/// What went wrong (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Which kind of problem it is: an address on the page about the API.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in a few words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened this time.
    detail: String,
    /// The fields that are meant, where there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// Seconds after which it is worth another try.
    #[serde(skip)]
    wait: Option<u64>,
}

/// What is wrong with one field.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// The field.
    field: String,
    /// What is wrong with it.
    detail: String,
}

/// Each kind with its name in addresses, its title and when it happens.
pub(super) const KINDS: [(&str, &str, &str); 7] = [
    ("not-found", "Nothing here", "There is no such address, or the private link opens nothing, or no longer."),
    ("forbidden", "Not allowed", "This may not be done, or the owner of a page asks that no copy of it be handed on."),
    ("unreadable", "Not a request", "The request could not be read: its form, its kind or its method."),
    ("invalid", "That cannot be used", "A field or a key is wrong. `errors` names the fields."),
    ("conflict", "That does not fit", "The check is not in a state that allows it, such as a result of a check that still runs."),
    ("busy", "Later, please", "A limit is reached. `Retry-After` says in how many seconds to come back."),
    ("internal", "This service has failed", "It is not your fault. Try again later."),
];

impl Problem {
    fn new(kind: &str, status: StatusCode, detail: impl Into<String>) -> Self {
        let title = KINDS.iter().find(|(name, _, _)| *name == kind).map_or("", |(_, title, _)| title);
        Self { kind: format!("/api#{kind}"), title, status: status.as_u16(), detail: detail.into(), errors: Vec::new(), wait: None }
    }

    /// The address is there, but not with this method.
    pub(super) fn method() -> Self {
        Self::new("unreadable", StatusCode::METHOD_NOT_ALLOWED, "This address does not know that method.")
    }

    /// A field is wrong.
    pub(super) fn field(field: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let errors = vec![FieldError { field: field.to_owned(), detail: detail.clone() }];
        Self { errors, ..Self::new("invalid", StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    /// A header is wrong.
    pub(super) fn header(field: &str, detail: &str) -> Self {
        let errors = vec![FieldError { field: field.to_owned(), detail: detail.to_owned() }];
        Self { errors, ..Self::new("invalid", StatusCode::BAD_REQUEST, detail) }
    }

    /// The owner of a page asks that no copy of it be handed on.
    pub(super) fn no_copy() -> Self {
        Self::new("forbidden", StatusCode::FORBIDDEN, "The owner of this page asks that no copy of it be handed on.")
    }

    /// What a parser said; it names a field between backticks where it knows one.
    fn said(status: StatusCode, text: String) -> Self {
        let named = ["unknown field `", "missing field `"].iter().find_map(|words| text.split(words).nth(1)?.split('`').next());
        let errors: Vec<FieldError> = named.iter().map(|field| FieldError { field: (*field).to_owned(), detail: text.clone() }).collect();
        let kind = if errors.is_empty() { "unreadable" } else { "invalid" };
        Self { errors, ..Self::new(kind, status, text) }
    }
}

impl From<PageError> for Problem {
    fn from(error: PageError) -> Self {
        match error {
            PageError::NotFound => Self::new("not-found", StatusCode::NOT_FOUND, "There is nothing at this address, or no longer."),
            PageError::Forbidden => Self::new("forbidden", StatusCode::FORBIDDEN, "You may not do this."),
            PageError::Invalid(text) => Self::new("invalid", StatusCode::UNPROCESSABLE_ENTITY, text),
            PageError::Conflict(text) => Self::new("conflict", StatusCode::CONFLICT, text),
            PageError::Busy { why, wait } => Self { wait: Some(wait), ..Self::new("busy", StatusCode::TOO_MANY_REQUESTS, why) },
            PageError::Internal(error) => {
                tracing::error!(error = crate::chain(error.as_ref()), "the API failed");
                Self::new("internal", StatusCode::INTERNAL_SERVER_ERROR, "It is not your fault. Please try again later.")
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        PageError::from(error).into()
    }
}

impl From<Wrong> for Problem {
    fn from(wrong: Wrong) -> Self {
        // The form has one box for each list.
        let field = match wrong.field() {
            "address" => "starts",
            "area" => "areas",
            "framework" => "frameworks",
            other => other,
        };
        Self::field(field, format!("{wrong}."))
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::said(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::said(rejection.status(), rejection.body_text())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Texts and numbers can always be written.
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(wait) = self.wait {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}
