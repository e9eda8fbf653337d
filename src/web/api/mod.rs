//! The API: what the pages do, for programs. Documented by the code that answers, at `/api/v1/openapi.json` and `/api`.
//!
//! Requests go through the same intake and the same limits as the form, and who has a check's private link may do with it
//! what its pages allow. Every error is a problem document.

mod check;
mod create;
mod document;
mod problem;
mod rate;
mod read;
mod result;
mod warc;

use axum::Router;
use axum::extract::FromRef;
use axum::middleware;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{PageError, WebState};
use problem::Problem;
use rate::Rate;

/// Where the API begins.
const ROOT: &str = "/api/v1";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sovereignty Check",
        description = "How sovereign is a cloud service, and what proves it? Ask for a check, follow it, and read its result. \
                       Whoever has a check's private link may read, end and delete it: keep it as you would keep a key. \
                       A result is an initial assessment from public documentation, not a certification."
    ),
    components(schemas(Problem))
)]
struct Head;

/// What the limits of the API need beside the state of the pages.
#[derive(Clone, FromRef)]
struct Limited {
    web: WebState,
    rate: Rate,
}

/// All that programs can ask for; the document is made of the same list.
fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::with_openapi(Head::openapi())
        .routes(routes!(create::create))
        .routes(routes!(check::status, check::delete))
        .routes(routes!(check::events))
        .routes(routes!(check::cancel))
        .routes(routes!(result::report))
        .routes(routes!(result::factors))
        .routes(routes!(result::markdown))
        .routes(routes!(result::html))
        .routes(routes!(read::pages))
        .routes(routes!(read::text))
        .routes(routes!(warc::archive))
        .routes(routes!(document::openapi))
}

/// The API and the page about it.
pub(super) fn router(state: &WebState) -> Router<WebState> {
    let limited = Limited { web: state.clone(), rate: Rate::new(state.config.limits.requests) };
    let (api, _) = routes().split_for_parts();
    let api = api
        .fallback(async || Problem::from(PageError::NotFound))
        .method_not_allowed_fallback(async || Problem::method())
        .layer(middleware::from_fn_with_state(limited, rate::limit));
    Router::new().nest(ROOT, api).route("/api", get(document::page))
}
