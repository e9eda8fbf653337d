//! A check's events as a stream (server-sent events), from those that are stored: any process can serve them, and a
//! browser that comes back goes on where it was.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use tokio_util::sync::CancellationToken;

use super::PageError;
use super::link::Linked;
use crate::access::Action;
use crate::domain::id::CheckId;
use crate::domain::progress::Happened;
use crate::store::Store;

/// Time between two looks for new events.
const LOOK: Duration = Duration::from_millis(400);
/// Most events that are read at once.
const MOST: u32 = 200;

/// Streams the events after `Last-Event-ID`, until the check is over.
pub(super) async fn stream(
    State(store): State<Store>,
    State(stop): State<CancellationToken>,
    linked: Linked,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    linked.may(Action::See)?;
    let after = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok()).unwrap_or(0);
    let first = store.events(linked.request.id, after, MOST).await?;
    if first.is_empty() && linked.request.state.is_over() {
        // Browsers do not come back after this.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let events = Events { store, stop, check: linked.request.id, after, ready: first.into(), over: false };
    Ok(Sse::new(events.stream()).keep_alive(KeepAlive::default()).into_response())
}

struct Events {
    store: Store,
    stop: CancellationToken,
    check: CheckId,
    after: u64,
    ready: VecDeque<Happened>,
    over: bool,
}

impl Events {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        futures::stream::unfold(self, |mut events| async move {
            let happened = events.next().await?;
            Some((Ok(event(&happened)), events))
        })
    }

    async fn next(&mut self) -> Option<Happened> {
        loop {
            if let Some(happened) = self.ready.pop_front() {
                self.after = happened.number;
                self.over = happened.progress.is_last();
                return Some(happened);
            }
            if self.over {
                return None;
            }
            match self.store.events(self.check, self.after, MOST).await {
                Ok(more) if !more.is_empty() => {
                    self.ready = more.into();
                    continue;
                }
                // A check that was deleted has no more events.
                Ok(_) => {
                    self.store.request(self.check).await.ok()??;
                }
                Err(error) => {
                    tracing::warn!(error = crate::chain(&error), "a stream of events ends");
                    return None;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = self.stop.cancelled() => return None,
            }
        }
    }
}

fn event(happened: &Happened) -> Event {
    let event = Event::default().id(happened.number.to_string()).event(happened.progress.name());
    // A document without numbers that JSON lacks can always be written.
    let data = serde_json::to_string(&happened.progress).unwrap_or_default();
    event.data(data)
}
