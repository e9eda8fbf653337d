//! The holder of a private link, as handlers see them.

use axum::extract::{FromRef, FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use super::PageError;
use crate::access::{Action, Actor, may};
use crate::domain::id::CheckId;
use crate::domain::request::CheckRequest;
use crate::store::Store;
use crate::token::Link;

/// A request that was reached by its private link.
pub(super) struct Linked {
    /// The link, for addresses of this check's pages.
    pub(super) link: Link,
    /// The request.
    pub(super) request: CheckRequest,
    actor: Actor,
}

impl Linked {
    /// Goes on if the holder may do this.
    pub(super) fn may(&self, action: impl Fn(CheckId) -> Action) -> Result<(), PageError> {
        may(&self.actor, action(self.request.id)).then_some(()).ok_or(PageError::Forbidden)
    }

    /// The address of a page of this check.
    pub(super) fn path(&self, page: &str) -> String {
        format!("/c/{}{page}", self.link.as_str())
    }
}

impl<S> FromRequestParts<S> for Linked
where
    Store: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        // A link that opens nothing and one that was never given look the same.
        let all = RawPathParams::from_request_parts(parts, state).await.map_err(|_| PageError::NotFound)?;
        let text = all.iter().find_map(|(name, text)| (name == "link").then_some(text)).ok_or(PageError::NotFound)?;
        let link = Link::parse(text).ok_or(PageError::NotFound)?;
        let request = Store::from_ref(state).linked(&link.sha256()).await?.ok_or(PageError::NotFound)?;
        Ok(Self { actor: Actor::LinkHolder(request.id), link, request })
    }
}
