//! The pages of a check as a web archive, sent while it is made: one page is in memory at a time.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::Stream;

use super::PageError;
use super::problem::Problem;
use crate::access::Action;
use crate::archive::{Info, Writer};
use crate::domain::id::CheckId;
use crate::store::Store;
use crate::web::link::Linked;

/// The pages as a web archive
///
/// WARC 1.1, gzipped record by record: every page as it was fetched, and what was not read with the reason. Pages whose
/// owner asks that no copy be handed on are named and not held. The same check always gives the same bytes.
#[utoipa::path(get, path = "/checks/{link}/pages.warc.gz", tag = "pages",
    params(("link" = String, Path, description = "The private link")),
    responses(
        (status = 200, description = "The archive.", body = Vec<u8>, content_type = "application/warc"),
        (status = 409, description = "The check is not over.", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn archive(State(store): State<Store>, linked: Result<Linked, PageError>) -> Result<Response, Problem> {
    let linked = linked?;
    linked.may(Action::See)?;
    let request = &linked.request;
    let Some(ended_ms) = request.ended_ms.filter(|_| request.state.is_over()) else {
        return Err(PageError::Conflict("The check is not over: its pages are not complete.".to_owned()).into());
    };
    let info = Info {
        check: request.id.to_string(),
        software: format!("sovcheck/{}", env!("CARGO_PKG_VERSION")),
        description: format!("Pages of {} as they were read", request.asked.service),
        operator: None,
        at_ms: request.started_ms.unwrap_or(request.created_ms),
    };
    let writer = Writer::new(Vec::new(), true, &info).map_err(|error| PageError::Internal(Box::new(error)))?;
    let name = format!("attachment; filename=\"{}.warc.gz\"", request.id);
    let parts = Parts { store, check: request.id, ended_ms, writer, step: Step::Pages { after: 0 } };
    let headers = [(header::CONTENT_TYPE, "application/warc".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(parts.stream())).into_response())
}

/// An archive in the making.
struct Parts {
    store: Store,
    check: CheckId,
    ended_ms: u64,
    writer: Writer<Vec<u8>>,
    step: Step,
}

enum Step {
    Pages { after: u32 },
    Unread,
    Over,
}

impl Parts {
    fn stream(self) -> impl Stream<Item = io::Result<Bytes>> {
        futures::stream::try_unfold(self, |mut parts| async move {
            match parts.next().await {
                Ok(true) => {
                    let bytes = std::mem::take(parts.writer.written());
                    Ok(Some((Bytes::from(bytes), parts)))
                }
                Ok(false) => Ok(None),
                Err(error) => {
                    // The client sees a connection that ends too soon, and so no archive that looks whole.
                    tracing::error!(error = crate::chain(&error), "an archive could not be sent to its end");
                    Err(error)
                }
            }
        })
    }

    /// Writes the next part; `false` after the last one.
    async fn next(&mut self) -> io::Result<bool> {
        match self.step {
            Step::Pages { after } => match self.store.pages_after(self.check, after, 1).await.map_err(io::Error::other)?.pop() {
                Some(page) => {
                    let body = self.store.body(self.check, page.number.0).await.map_err(io::Error::other)?;
                    self.step = Step::Pages { after: page.number.0 };
                    // Compressing a large page takes a while, and other requests share this thread.
                    tokio::task::block_in_place(|| self.writer.page(&page, body.unwrap_or_default()))?;
                }
                None => self.step = Step::Unread,
            },
            Step::Unread => {
                for unread in self.store.unread(self.check).await.map_err(io::Error::other)? {
                    self.writer.unread(&unread.address, unread.why.name(), &unread.detail, self.ended_ms)?;
                }
                self.step = Step::Over;
            }
            Step::Over => return Ok(false),
        }
        Ok(true)
    }
}
