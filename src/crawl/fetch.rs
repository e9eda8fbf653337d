//! The one HTTP client of a crawl: guarded, polite, capped, without proxy, cookies or automatic redirects.
//!
//! [`Fetcher::get`] makes one request and hands a redirect back, so that its target passes scope, robots and guard like
//! any other address. Bodies are read up to a cap on what comes out of decompression, so a bomb costs its cap and no
//! more.

use std::error::Error as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use futures::StreamExt;
use reqwest::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use url::Url;

use super::guard::{Guard, PublicResolver, Refusal};
use super::politeness::{LeftAlone, Politeness};
use crate::clock;

/// Most redirects that are followed in a row.
pub const MAX_HOPS: usize = 8;
/// Most requests for parts of pages under way at once.
const PARTS_AT_ONCE: usize = 4;
/// How often a request is tried again after a 429, a 5xx, or no answer.
const RETRIES: usize = 2;

/// What one request may cost.
#[derive(Clone, Debug)]
pub struct Caps {
    /// Largest body, decompressed, in bytes.
    pub body: usize,
    /// Longest time for one request with its body.
    pub time: Duration,
    /// Longest time without a byte.
    pub silence: Duration,
}

impl Default for Caps {
    fn default() -> Self {
        Self { body: 16 << 20, time: Duration::from_secs(40), silence: Duration::from_secs(15) }
    }
}

/// What the operator sets.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Ports of 127.0.0.1 that may be reached: for tests only.
    pub open_ports: Vec<u16>,
    /// A name server to ask instead of the system's: for tests only.
    pub name_server: Option<SocketAddr>,
    /// An address where a site's owner reaches the operator; part of the user agent.
    pub contact: Option<String>,
    /// What one request may cost.
    pub caps: Caps,
    /// This program's file, to read risky documents in a process of their own; `None` reads them in this one.
    pub reader: Option<PathBuf>,
    /// A Chromium that renders pages which are empty without JavaScript; `None` leaves those unread.
    pub chromium: Option<PathBuf>,
}

/// What makes a request conditional (RFC 9110, section 13): what the server said of the copy that is at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The address that was asked.
    pub url: Url,
    /// HTTP status.
    pub status: u16,
    /// The content type.
    pub media: String,
    /// Values of `X-Robots-Tag`.
    pub robots: Vec<String>,
    /// For a later conditional request.
    pub validators: Validators,
    /// When it was fetched, where that was not just now; milliseconds since the epoch.
    pub read_at_ms: Option<u64>,
    /// The body, decompressed.
    pub bytes: Vec<u8>,
}

/// An answer that is no error.
#[derive(Debug)]
pub enum Answer {
    /// A body.
    Body(Fetched),
    /// The copy at hand still holds.
    Unchanged,
    /// It is elsewhere.
    Moved(Url),
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address may not be reached.
    #[error("the address is refused")]
    Refused(#[source] Refusal),
    /// The host is not asked any more.
    #[error("not asked")]
    LeftAlone(#[source] LeftAlone),
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
    #[error("larger than {} MiB", .0 >> 20)]
    TooLarge(usize),
    /// A file could not be read.
    #[error("the file could not be read")]
    File(#[source] std::io::Error),
}

/// The client with its manners.
#[derive(Debug)]
pub struct Fetcher {
    client: reqwest::Client,
    guard: Guard,
    caps: Caps,
    politeness: Politeness,
    /// For parts of pages.
    parts: Politeness,
}

impl Fetcher {
    /// A client with at least `pause` between two requests to one host and at most `at_once` of them under way.
    ///
    /// # Errors
    /// [`FetchError::Transfer`] if the system's certificates cannot be loaded.
    pub fn new(settings: &Settings, pause: Duration, at_once: usize) -> Result<Self, FetchError> {
        let contact = settings.contact.as_deref().unwrap_or("no contact given");
        #[expect(clippy::disallowed_methods, reason = "the crawl's one client is made here")]
        let client = reqwest::Client::builder()
            .user_agent(format!("{}/{} (reads public documentation; {contact})", super::robots::AGENT, env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(PublicResolver::new(settings.name_server))
            .connect_timeout(Duration::from_secs(10).min(settings.caps.time))
            .read_timeout(settings.caps.silence)
            .timeout(settings.caps.time)
            .http2_max_header_list_size(64 << 10)
            .referer(false)
            .build()
            .map_err(FetchError::Transfer)?;
        let guard = Guard { open_ports: settings.open_ports.clone() };
        Ok(Self {
            client,
            guard,
            caps: settings.caps.clone(),
            politeness: Politeness::new(pause, at_once),
            parts: Politeness::new(Duration::ZERO, PARTS_AT_ONCE),
        })
    }

    /// Keeps the pause that the host of `url` asks for.
    pub fn ask_for(&self, url: &Url, delay: Option<Duration>) {
        self.politeness.ask(host(url), delay);
    }

    /// Asks for an address once, or more often where the host was busy; `known` makes it conditional.
    ///
    /// # Errors
    /// [`FetchError`] says what stood in the way.
    pub async fn get(&self, url: &Url, known: Option<&Validators>) -> Result<Answer, FetchError> {
        self.ask(url, known, &self.politeness).await
    }

    async fn ask(&self, url: &Url, known: Option<&Validators>, politeness: &Politeness) -> Result<Answer, FetchError> {
        self.guard.admits(url).map_err(FetchError::Refused)?;
        let mut tries = 0;
        loop {
            tries += 1;
            let turn = politeness.turn(host(url)).await.map_err(FetchError::LeftAlone)?;
            let response = match self.request(url, known).await {
                Ok(response) => response,
                Err(error) => {
                    let error = sort(url, error);
                    let again = matches!(error, FetchError::Connect(..) | FetchError::Timeout | FetchError::Transfer(_));
                    if again && turn.failed(None) && tries <= RETRIES {
                        continue;
                    }
                    return Err(error);
                }
            };
            let status = response.status();
            if matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504) {
                let retry = turn.failed(header(response.headers(), RETRY_AFTER).and_then(|value| later(&value)));
                if retry && tries <= RETRIES {
                    continue;
                }
                return Err(FetchError::Status(status.as_u16()));
            }
            // The turn lasts until the body is read: a slow body is a request under way.
            let answer = self.sorted(url, response).await;
            turn.answered();
            return answer;
        }
    }

    /// Asks for a part of a page, such as a style sheet, and for where it leads: without a pause, since it belongs to the
    /// request for its page, but never many at once.
    ///
    /// # Errors
    /// [`FetchError`] says what stood in the way.
    pub async fn part(&self, url: &Url) -> Result<Fetched, FetchError> {
        let mut url = url.clone();
        for _ in 0..=MAX_HOPS {
            match self.ask(&url, None, &self.parts).await? {
                Answer::Body(fetched) => return Ok(fetched),
                Answer::Unchanged => break,
                Answer::Moved(target) => url = target,
            }
        }
        Err(FetchError::Redirects)
    }

    /// Asks for an address and for where it leads, as far as `MAX_HOPS`.
    ///
    /// # Errors
    /// [`FetchError`] says what stood in the way.
    pub async fn follow(&self, start: &Url, known: Option<&Validators>) -> Result<Option<Fetched>, FetchError> {
        let mut url = start.clone();
        for _ in 0..=MAX_HOPS {
            match self.get(&url, known).await? {
                Answer::Body(fetched) => return Ok(Some(fetched)),
                Answer::Unchanged => return Ok(None),
                Answer::Moved(target) => url = target,
            }
        }
        Err(FetchError::Redirects)
    }

    async fn request(&self, url: &Url, known: Option<&Validators>) -> Result<Response, reqwest::Error> {
        let mut request = self.client.get(url.clone());
        if let Some(known) = known {
            for (name, value) in [(IF_NONE_MATCH, &known.etag), (IF_MODIFIED_SINCE, &known.last_modified)] {
                if let Some(value) = value {
                    request = request.header(name, value);
                }
            }
        }
        request.send().await
    }

    async fn sorted(&self, url: &Url, response: Response) -> Result<Answer, FetchError> {
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED {
            return Ok(Answer::Unchanged);
        }
        if status.is_redirection() {
            let target = header(response.headers(), LOCATION).ok_or(FetchError::BadRedirect)?;
            return url.join(&target).map(Answer::Moved).map_err(|_| FetchError::BadRedirect);
        }
        if !status.is_success() {
            return Err(FetchError::Status(status.as_u16()));
        }
        if response.content_length().is_some_and(|length| length > self.caps.body as u64) {
            return Err(FetchError::TooLarge(self.caps.body));
        }
        let headers = response.headers();
        let mut fetched = Fetched {
            url: url.clone(),
            status: status.as_u16(),
            media: header(headers, CONTENT_TYPE).unwrap_or_default(),
            robots: headers.get_all("x-robots-tag").iter().filter_map(|v| v.to_str().ok()).map(str::to_owned).collect(),
            validators: Validators { etag: header(headers, ETAG), last_modified: header(headers, LAST_MODIFIED) },
            read_at_ms: None,
            bytes: Vec::new(),
        };
        let mut body = response.bytes_stream();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| sort(url, error))?;
            if fetched.bytes.len() + chunk.len() > self.caps.body {
                return Err(FetchError::TooLarge(self.caps.body));
            }
            fetched.bytes.extend_from_slice(&chunk);
        }
        Ok(Answer::Body(fetched))
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
fn later(value: &str) -> Option<Duration> {
    let value = value.trim();
    value.parse().ok().map(Duration::from_secs).or_else(|| {
        let at = httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(at.saturating_sub(Duration::from_millis(clock::now_ms())))
    })
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Whose patience a request costs: the server at one name and port.
fn host(url: &Url) -> &str {
    &url[url::Position::BeforeHost..url::Position::AfterPort]
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that sends `head` and then one byte after another, never fast enough to end.
    async fn drip(head: &'static str, pause: Duration) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let _request = stream.read(&mut [0; 4096]).await;
                    let _sent = stream.write_all(head.as_bytes()).await;
                    let mut ticks = tokio::time::interval(pause);
                    while stream.write_all(b"a").await.is_ok() {
                        ticks.tick().await;
                    }
                });
            }
        });
        Url::parse(&url).expect("an address")
    }

    fn fetcher(port: u16, caps: Caps) -> Fetcher {
        let settings = Settings { open_ports: vec![port], caps, ..Settings::default() };
        Fetcher::new(&settings, Duration::ZERO, 4).expect("a client")
    }

    #[tokio::test]
    async fn a_body_that_drips_in_and_headers_that_never_end_run_out_of_time() {
        let caps = || Caps { time: Duration::from_millis(300), silence: Duration::from_millis(200), ..Caps::default() };
        for (head, pause) in [
            ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", 20),
            ("HTTP/1.1 200 OK\r\nX-Slow: ", 20),
            ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", 60_000),
        ] {
            let url = drip(head, Duration::from_millis(pause)).await;
            let answer = fetcher(url.port().unwrap_or(0), caps()).get(&url, None).await;
            assert!(matches!(answer, Err(FetchError::Timeout)), "{head:?} {answer:?}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(later(" 120 "), Some(Duration::from_secs(120)));
        let soon = UNIX_EPOCH + Duration::from_millis(clock::now_ms()) + Duration::from_secs(90);
        assert!(later(&httpdate::fmt_http_date(soon)).is_some_and(|wait| (80..=90).contains(&wait.as_secs())));
        assert_eq!(later("Thu, 01 Jan 1970 00:00:01 GMT"), Some(Duration::ZERO));
        assert_eq!(later("soon"), None);
    }
}
