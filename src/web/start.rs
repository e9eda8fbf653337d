//! The start page with its form, and what the form sends.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Form, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tokio::sync::Notify;

use super::PageError;
use super::client::Client;
use super::form::{self, Doubt};
use super::page::{Frame, html};
use crate::access::{Action, Actor, may};
use crate::clock;
use crate::config::Config;
use crate::intake::{self, Typed, Who};
use crate::store::{Placed, Store};
use crate::token::{Key, Link};

/// How long a check takes, for the wait that a full queue is answered with, in seconds.
const ONE_CHECK: u64 = 120;

/// Seconds after which a full queue is worth another try.
pub(super) fn queue_wait(waiting: u32, config: &Config) -> u64 {
    ONE_CHECK * u64::from(waiting) / (config.worker.count.max(1) as u64) / 4 + 1
}

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    service: String,
    address: String,
    area: String,
    ticket: String,
    proof: String,
    /// Named as something that programs like to fill in; people do not see it.
    website: String,
}

#[derive(Template)]
#[template(path = "start.html", config = "src/web/askama.toml")]
struct StartPage {
    frame: Frame,
    sent: Sent,
    /// What is wrong, and with which field.
    wrong: Option<(String, String)>,
    bits: u32,
    wait: u64,
    pages: u32,
    days: u32,
}

fn page(key: &Key, config: &Config, sent: Sent, wrong: Option<(&str, String)>) -> Result<Response, PageError> {
    let ticket = form::ticket(key, clock::now_ms()).map_err(|error| PageError::Internal(Box::new(error)))?;
    shown(config, Sent { ticket, ..sent }, wrong)
}

fn shown(config: &Config, sent: Sent, wrong: Option<(&str, String)>) -> Result<Response, PageError> {
    html(&StartPage {
        frame: Frame::new("How sovereign is your cloud service?"),
        sent,
        wrong: wrong.map(|(field, text)| (field.to_owned(), text)),
        bits: config.web.form_bits,
        wait: config.web.form_wait,
        pages: config.crawl.pages,
        days: config.keep.days,
    })
}

/// The start page.
pub(super) async fn show(State(key): State<Key>, State(config): State<Arc<Config>>) -> Result<Response, PageError> {
    page(&key, &config, Sent::default(), None)
}

/// Asks for a check.
pub(super) async fn ask(
    State(store): State<Store>,
    State(key): State<Key>,
    State(config): State<Arc<Config>>,
    State(wake): State<Arc<Notify>>,
    Client(client): Client,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    let now = clock::now_ms();
    if !may(&Actor::Visitor, Action::Ask) {
        return Err(PageError::Forbidden);
    }
    let again = |sent: Sent, field: &str, text: String, status| -> Result<Response, PageError> {
        Ok((status, page(&key, &config, Sent { proof: String::new(), ..sent }, Some((field, text)))?).into_response())
    };
    let number = match form::judge(&key, &config.web, &sent.ticket, &sent.proof, &sent.website, now) {
        Ok(number) => number.to_owned(),
        Err(Doubt::Forged | Doubt::Stale) => {
            let text = "This form was open for too long or was not sent from here. Please send it again.".to_owned();
            return again(Sent { website: String::new(), ..sent }, "form", text, StatusCode::UNPROCESSABLE_ENTITY);
        }
        Err(Doubt::Soon { wait }) => {
            // The ticket stays: its time runs on.
            let text = format!("Nearly there: without scripts this form takes a moment. Please send it again in {wait} seconds.");
            let mut response = (StatusCode::TOO_MANY_REQUESTS, shown(&config, sent, Some(("form", text)))?).into_response();
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
            return Ok(response);
        }
    };
    let typed = Typed {
        service: sent.service.clone(),
        starts: vec![sent.address.clone()],
        areas: sent.area.split(',').map(str::to_owned).collect(),
        frameworks: Vec::new(),
        language: "en".to_owned(),
    };
    let asked = match intake::read(&typed, &config) {
        Ok(asked) => asked,
        Err(wrong) => return again(sent, wrong.field(), format!("{wrong}."), StatusCode::UNPROCESSABLE_ENTITY),
    };
    let link = Link::derived(&key, &["form", &number]);
    let who = Who { client, owner: None, link: link.sha256(), once: Some(key.hash("once", &["form", &number])) };
    let (_, placed) = intake::place(&store, &config, asked, who, now).await?;
    match placed {
        Placed::New | Placed::Again(_) => {
            wake.notify_one();
            Ok(Redirect::to(&format!("/c/{}", link.as_str())).into_response())
        }
        Placed::Clash => {
            let text = "This form has already started a check. To start another, send it again.".to_owned();
            again(sent, "form", text, StatusCode::CONFLICT)
        }
        Placed::ClientFull { wait_ms } => Err(PageError::Busy {
            why: "You have started many checks today. Please come back later.".to_owned(),
            wait: wait_ms.div_ceil(1_000),
        }),
        Placed::HostFull { wait_ms } => Err(PageError::Busy {
            why: "This site has been checked many times today; so as not to burden it, please come back later.".to_owned(),
            wait: wait_ms.div_ceil(1_000),
        }),
        Placed::QueueFull { waiting } => Err(PageError::Busy {
            why: format!("{waiting} checks are waiting already. Please come back later."),
            wait: queue_wait(waiting, &config),
        }),
    }
}
