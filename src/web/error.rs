//! The outcomes of a page that could not do what was asked. The cause goes to the log, once; the page says one plain
//! sentence.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::page::{Frame, html};
use crate::store::StoreError;

/// What came of it instead. Five outcomes, and one of a free service that is busy: it says when to come back.
#[derive(Debug)]
pub enum PageError {
    /// There is nothing here, or nothing that this visitor may know of.
    NotFound,
    /// This visitor may not.
    Forbidden,
    /// What was sent cannot be used.
    Invalid(String),
    /// It does not fit what is there.
    Conflict(String),
    /// Too much was asked for.
    Busy {
        /// What of.
        why: String,
        /// Seconds after which it is worth another try.
        wait: u64,
    },
    /// This service is at fault.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Self::Internal(Box::new(error))
    }
}

#[derive(Template)]
#[template(path = "error.html", config = "src/web/askama.toml")]
struct ErrorPage<'a> {
    frame: Frame,
    title: &'a str,
    text: &'a str,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, title, text) = match &self {
            Self::NotFound => (StatusCode::NOT_FOUND, "Nothing here", "There is no page at this address, or no longer.".to_owned()),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Not allowed", "You may not do this.".to_owned()),
            Self::Invalid(text) => (StatusCode::UNPROCESSABLE_ENTITY, "That cannot be used", text.clone()),
            Self::Conflict(text) => (StatusCode::CONFLICT, "That does not fit", text.clone()),
            Self::Busy { why, .. } => (StatusCode::TOO_MANY_REQUESTS, "Later, please", why.clone()),
            Self::Internal(error) => {
                tracing::error!(error = crate::chain(error.as_ref()), "a page failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "This service has failed", "It is not your fault. Please try again later.".to_owned())
            }
        };
        let page = ErrorPage { frame: Frame::new(title), title, text: &text };
        // The page of a failure must not fail itself.
        let body = html(&page).unwrap_or_else(|_| text.clone().into_response());
        let mut response = (status, body).into_response();
        if let Self::Busy { wait, .. } = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

/// What is shown where no page is.
pub(super) async fn nothing_here() -> PageError {
    PageError::NotFound
}
