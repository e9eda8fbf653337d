//! The pages: the router is the table of contents, and each page has its file.
//!
//! A page parses, asks and renders; who may do what is decided in [`crate::access`], what may be asked for in
//! [`crate::intake`], and nothing here reads a site or runs a check. No page runs a script or a style that is not served
//! from here.

mod api;
mod chart;
mod client;
mod error;
mod events;
mod evidence;
mod factor;
mod form;
mod headers;
mod health;
mod link;
mod page;
mod progress;
mod result;
mod start;
mod verdict;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef, MatchedPath, Request};
use axum::http::StatusCode;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::config::Config;
use crate::store::{Store, StoreError};
use crate::token::{Key, NoRandom, random};

pub use error::PageError;

/// Longest form, in bytes.
const LONGEST_BODY: usize = 64 * 1024;
/// Longest wait for the beginning of an answer.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What handlers are given; each takes the part that it uses.
#[derive(Clone, FromRef)]
pub struct WebState {
    /// The database.
    pub store: Store,
    /// Settings.
    pub config: Arc<Config>,
    /// The key of forms, links and hashed addresses.
    pub key: Key,
    /// Told of each new request, so that a worker of this process looks at once.
    pub wake: Arc<Notify>,
    /// The end of this process.
    pub stop: CancellationToken,
}

/// Why the pages cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The database fails.
    #[error("the service's key cannot be read")]
    Key(#[source] StoreError),
    /// There are no random bytes.
    #[error("the service's key cannot be made")]
    Random(#[source] NoRandom),
    /// The connection cannot be served.
    #[error("the pages cannot be served")]
    Serve(#[source] std::io::Error),
}

impl WebState {
    /// The state of a service over `store`. Its key is kept there, so that all processes share it.
    ///
    /// # Errors
    /// The database fails, or there are no random bytes.
    pub async fn new(store: Store, config: Arc<Config>, wake: Arc<Notify>, stop: CancellationToken) -> Result<Self, WebError> {
        let fresh = random().map_err(WebError::Random)? + &random().map_err(WebError::Random)?;
        let key = store.secret("web", &fresh).await.map_err(WebError::Key)?;
        Ok(Self { key: Key::new(&key), store, config, wake, stop })
    }
}

/// All that can be asked for.
pub fn router(state: WebState) -> Router {
    let pages = Router::new()
        // For everybody.
        .route("/", get(start::show))
        .route("/checks", post(start::ask))
        .route("/static/{file}", get(page::asset))
        // For holders of a private link.
        .route("/c/{link}", get(progress::show))
        .route("/c/{link}/card", get(result::card))
        .route("/c/{link}/pages/{number}", get(evidence::show))
        .route("/c/{link}/events", get(events::stream))
        .route("/c/{link}/cancel", post(progress::cancel))
        .route("/c/{link}/delete", get(progress::confirm_delete).post(progress::delete))
        // For programs: the same over the API, and the page about it.
        .merge(api::router(&state))
        // For those who keep it running.
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(error::nothing_here);
    pages
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, LONGEST_WAIT))
        .layer(CatchPanicLayer::new())
        .layer(axum::middleware::from_fn_with_state(state.clone(), headers::secure))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .with_state(state)
}

/// The span of a request. It names the route and never the address, which may hold a private link.
fn span(request: &Request) -> tracing::Span {
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok()).unwrap_or("-");
    tracing::info_span!("http", http.method = %request.method(), http.route = route, request.id = id)
}

/// Serves the pages until the state's `stop`; streams end, and what is being answered is answered.
///
/// # Errors
/// The listener fails.
pub async fn serve(listener: TcpListener, state: WebState) -> Result<(), WebError> {
    let stop = state.stop.clone();
    axum::serve(listener, router(state).into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
        .map_err(WebError::Serve)
}
