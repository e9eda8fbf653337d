//! Whether this process lives, and whether it can serve.

use axum::extract::State;
use axum::http::StatusCode;
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// The process lives.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// The process can serve: its database answers, and it is not about to stop.
pub(super) async fn ready(State(store): State<Store>, State(stop): State<CancellationToken>) -> (StatusCode, &'static str) {
    if stop.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match store.ping().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::warn!(error = crate::chain(&error), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}
