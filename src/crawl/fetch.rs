//! The one HTTP client of a crawl: guarded, capped, without proxy, cookies or automatic redirects.
//!
//! Every hop of a redirect is checked like a first address. Bodies are read up to a cap on what comes out of
//! decompression, so a bomb costs its cap and no more.

use std::error::Error as _;
use std::time::Duration;

use futures::StreamExt;
use reqwest::header::{CONTENT_TYPE, ETAG, HeaderMap, LAST_MODIFIED, LOCATION, RETRY_AFTER};
use tokio::sync::Mutex;
use url::Url;

use super::guard::{Guard, PublicResolver, Refusal};
use super::politeness::Politeness;

/// Largest body that is read, decompressed.
pub const MAX_BODY: usize = 16 << 20;
/// Longest chain of redirects.
const MAX_HOPS: usize = 8;
/// Longest time for one request with its body.
const MAX_TIME: Duration = Duration::from_secs(40);
/// Longest time without a byte.
const MAX_SILENCE: Duration = Duration::from_secs(15);
/// How often a request is tried again after a 429 or a 5xx.
const RETRIES: usize = 1;

/// What the operator sets.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Ports of 127.0.0.1 that may be reached: for tests only.
    pub open_ports: Vec<u16>,
    /// An address where a site's owner reaches the operator; part of the user agent.
    pub contact: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Fetched {
    /// The address after redirects.
    pub url: Url,
    /// HTTP status.
    pub status: u16,
    /// The content type.
    pub media: String,
    /// The robots header, lower case.
    pub robots: String,
    /// For a later conditional request.
    pub etag: Option<String>,
    /// For a later conditional request.
    pub last_modified: Option<String>,
    /// The body, decompressed.
    pub bytes: Vec<u8>,
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address may not be reached.
    #[error("the address is refused")]
    Refused(#[source] Refusal),
    /// The name does not resolve, or nobody answers.
    #[error("no connection to {0}")]
    Connect(String, #[source] reqwest::Error),
    /// It took too long.
    #[error("no answer within the time allowed")]
    Timeout,
    /// It went wrong under way.
    #[error("the transfer failed")]
    Transfer(#[source] reqwest::Error),
    /// An answer that is not a success.
    #[error("answered with status {0}")]
    Status(u16),
    /// More redirects than are followed.
    #[error("redirects without end (over {MAX_HOPS})")]
    Redirects,
    /// A redirect without a usable address.
    #[error("redirects to nowhere")]
    BadRedirect,
    /// Larger than is read.
    #[error("larger than {} MiB", MAX_BODY >> 20)]
    TooLarge,
    /// A file could not be read.
    #[error("the file could not be read")]
    File(#[source] std::io::Error),
}

/// The client with its manners.
pub struct Fetcher {
    client: reqwest::Client,
    guard: Guard,
    politeness: Mutex<Politeness>,
}

impl Fetcher {
    /// A client with at least `pause` between two requests to one host.
    ///
    /// # Errors
    /// [`FetchError::Transfer`] if the system's certificates cannot be loaded.
    pub fn new(settings: &Settings, pause: Duration) -> Result<Self, FetchError> {
        let contact = settings.contact.as_deref().unwrap_or("no contact given");
        #[expect(clippy::disallowed_methods, reason = "the crawl's one client is made here")]
        let client = reqwest::Client::builder()
            .user_agent(format!("{}/{} (reads public documentation; {contact})", super::robots::AGENT, env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(PublicResolver)
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(MAX_SILENCE)
            .timeout(MAX_TIME)
            .referer(false)
            .build()
            .map_err(FetchError::Transfer)?;
        Ok(Self { client, guard: Guard { open_ports: settings.open_ports.clone() }, politeness: Mutex::new(Politeness::new(pause)) })
    }

    /// Sets the pause that a host's robots.txt asks for.
    pub fn set_pause(&mut self, url: &Url, delay: Option<Duration>) {
        self.politeness.get_mut().ask(host(url), delay);
    }

    /// Fetches an address, following redirects.
    ///
    /// # Errors
    /// [`FetchError`] says what stood in the way.
    pub async fn get(&self, start: &Url) -> Result<Fetched, FetchError> {
        let mut url = start.clone();
        for _ in 0..=MAX_HOPS {
            let response = self.send(&url).await?;
            if !response.status().is_redirection() {
                return finish(url, response).await;
            }
            let target = header(response.headers(), LOCATION).ok_or(FetchError::BadRedirect)?;
            url = url.join(&target).map_err(|_| FetchError::BadRedirect)?;
        }
        Err(FetchError::Redirects)
    }

    async fn send(&self, url: &Url) -> Result<reqwest::Response, FetchError> {
        let mut tries = 0;
        loop {
            self.guard.admits(url).map_err(FetchError::Refused)?;
            self.politeness.lock().await.wait(host(url)).await;
            let response = self.client.get(url.clone()).send().await.map_err(|error| sort(url, error))?;
            let status = response.status();
            if tries < RETRIES && (status.as_u16() == 429 || status.as_u16() == 503) {
                tries += 1;
                let wait = header(response.headers(), RETRY_AFTER).and_then(|v| v.trim().parse().ok()).unwrap_or(2);
                self.politeness.lock().await.retry_after(host(url), Duration::from_secs(wait));
                continue;
            }
            return Ok(response);
        }
    }
}

async fn finish(url: Url, response: reqwest::Response) -> Result<Fetched, FetchError> {
    let status = response.status();
    if !status.is_success() {
        return Err(FetchError::Status(status.as_u16()));
    }
    let headers = response.headers();
    let fetched = Fetched {
        status: status.as_u16(),
        media: header(headers, CONTENT_TYPE).unwrap_or_default(),
        robots: headers.get_all("x-robots-tag").iter().filter_map(|v| v.to_str().ok()).collect::<Vec<_>>().join(",").to_ascii_lowercase(),
        etag: header(headers, ETAG),
        last_modified: header(headers, LAST_MODIFIED),
        url: url.clone(),
        bytes: Vec::new(),
    };
    let mut bytes = Vec::new();
    let mut body = response.bytes_stream();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| sort(&url, error))?;
        if bytes.len() + chunk.len() > MAX_BODY {
            return Err(FetchError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Fetched { bytes, ..fetched })
}

fn header(headers: &HeaderMap, name: reqwest::header::HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or("")
}

/// Sorts an error of the client by what a reader of the report does about it.
fn sort(url: &Url, error: reqwest::Error) -> FetchError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(refusal) = inner.downcast_ref::<Refusal>() {
            return FetchError::Refused(refusal.clone());
        }
        cause = inner.source();
    }
    match () {
        () if error.is_timeout() => FetchError::Timeout,
        () if error.is_connect() => FetchError::Connect(host(url).to_owned(), error.without_url()),
        () => FetchError::Transfer(error.without_url()),
    }
}
