//! Asking for a check: through the same intake and under the same limits as the form.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::sync::Notify;
use utoipa::ToSchema;

use super::PageError;
use super::check::CheckStatus;
use super::problem::Problem;
use crate::access::{Action, Actor, may};
use crate::clock;
use crate::config::Config;
use crate::intake::{self, Typed, Who};
use crate::store::{Placed, Store};
use crate::token::{Key, Link};
use crate::web::client::Client;
use crate::web::start::queue_wait;

/// Shortest and longest key. A short one could be guessed, and with it the private link of whoever shares the network.
const KEY_LENGTH: std::ops::RangeInclusive<usize> = 16..=255;

/// What is to be checked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCheck {
    /// The service's name; the host's name unless given.
    #[serde(default)]
    service: String,
    /// Where its documentation starts: public http or https addresses.
    #[schema(min_items = 1, example = json!(["https://docs.example.eu"]))]
    starts: Vec<String>,
    /// Areas of sovereignty: `eea`, `eu`, a country, or a list such as `dach=DE+AT+CH`; `eea` unless given.
    #[serde(default)]
    areas: Vec<String>,
    /// Ids of frameworks, such as `eu-csf` and `cispe-sr`; these two unless given.
    #[serde(default)]
    frameworks: Vec<String>,
    /// The language of the result's page.
    #[serde(default)]
    language: Language,
}

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Language {
    #[default]
    En,
    Fr,
    De,
}

impl Language {
    fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
            Self::De => "de",
        }
    }
}

/// Ask for a check
///
/// The answer holds the private link, in `links` and as `Location`. With an `Idempotency-Key` the same request can be sent
/// again and leads to the same check; the same key with another request is refused.
#[utoipa::path(
    post,
    path = "/checks",
    tag = "checks",
    params(("Idempotency-Key" = Option<String>, Header, description = "16 to 255 visible characters that nobody can guess, such as a \
        UUID; with or without quotes around them", min_length = 16, max_length = 257, pattern = "^\"?[!#-~]{16,255}\"?$")),
    request_body = NewCheck,
    responses(
        (status = 201, description = "The check has its place in the queue.", body = CheckStatus,
            headers(("Location" = String, description = "The check's address"))),
        (status = 422, description = "A field is wrong, or the key was used for something else.", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "A limit is reached.", body = Problem, content_type = "application/problem+json",
            headers(("Retry-After" = u64, description = "Seconds after which to come back"))),
    )
)]
pub(super) async fn create(
    State(store): State<Store>,
    State(key): State<Key>,
    State(config): State<Arc<Config>>,
    State(wake): State<Arc<Notify>>,
    client: Result<Client, PageError>,
    headers: HeaderMap,
    body: Result<Json<NewCheck>, JsonRejection>,
) -> Result<Response, Problem> {
    let Client(client) = client?;
    if !may(&Actor::Visitor, Action::Ask) {
        return Err(PageError::Forbidden.into());
    }
    let once = once(&headers)?;
    let Json(new) = body?;
    let typed = Typed {
        service: new.service,
        starts: new.starts,
        areas: new.areas,
        frameworks: new.frameworks,
        language: new.language.code().to_owned(),
    };
    let asked = intake::read(&typed, &config)?;
    let link = match &once {
        Some(once) => Link::derived(&key, &["api", &client, once]),
        None => Link::new().map_err(|error| PageError::Internal(Box::new(error)))?,
    };
    let once = once.map(|once| key.hash("once", &["api", &client, &once]));
    let now = clock::now_ms();
    let (id, placed) = intake::place(&store, &config, asked, Who { client, owner: None, link: link.sha256(), once }, now).await?;
    let id = match placed {
        Placed::New => id,
        Placed::Again(before) => before,
        Placed::Clash => return Err(Problem::field("Idempotency-Key", "This key was used for another request.")),
        Placed::ClientFull { wait_ms } => {
            return Err(busy("You have started as many checks as one client may in 24 hours.".to_owned(), wait_ms.div_ceil(1_000)));
        }
        Placed::HostFull { wait_ms } => {
            return Err(busy("This site has been checked as often as it may be in 24 hours.".to_owned(), wait_ms.div_ceil(1_000)));
        }
        Placed::QueueFull { waiting } => {
            return Err(busy(format!("{waiting} checks are waiting already."), queue_wait(waiting, &config)));
        }
    };
    wake.notify_one();
    let request = store.request(id).await?.ok_or(PageError::NotFound)?;
    let status = CheckStatus::of(&store, &link, &request).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, status.links.own.clone())], Json(status)).into_response())
}

fn busy(why: String, wait: u64) -> Problem {
    PageError::Busy { why, wait }.into()
}

/// The key that makes asking twice the same: a string of structured headers, or the same without its quotes.
fn once(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let wrong = || Problem::header("Idempotency-Key", "The key must be 16 to 255 visible characters of ASCII.");
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().map_err(|_| wrong())?.trim();
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let fine = KEY_LENGTH.contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    if !fine || values.next().is_some() {
        return Err(wrong());
    }
    Ok(Some(bare.to_owned()))
}
