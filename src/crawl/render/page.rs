//! One page: its tab, the requests it makes, and when it has come to rest.
//!
//! It must answer every paused request, because a request without an answer keeps the page waiting, and it must pass on
//! to `fetch` only what leaves no doubt: GET over http or https for a kind of resource that a text can depend on.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use url::Url;

use super::wire::{Message, Wire};
use super::{Answer, Caps, RenderError};

/// A page is at rest after this time without a request.
const QUIET: Duration = Duration::from_millis(500);
/// A page that needs longer to say a word is busy, and may be about to ask for more.
const BUSY: Duration = Duration::from_millis(250);
/// How many requests may be turned away for each one that may be passed on.
const REFUSALS: usize = 10;

/// Run in each frame before its own scripts. It bars nothing that is not barred elsewhere: pages that look for these
/// find at once that they are not there, and no call waits for a person.
const PRELUDE: &str =
    "for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'WebTransport', 'SharedWorker']) delete self[name];
delete Navigator.prototype.serviceWorker;
self.open = () => null; self.print = self.alert = () => {}; self.confirm = () => false; self.prompt = () => null;";

/// Gives the page's HTML.
const SNAPSHOT: &str = include_str!("snapshot.js");

/// A paused request.
struct Asked {
    id: String,
    url: Url,
    /// Who asks, as the browser puts it to other hosts; empty for requests to the page's own.
    origin: String,
}

/// A page in its tab.
pub(super) struct Page<'a> {
    wire: &'a mut Wire,
    caps: &'a Caps,
    /// When it is read at the latest.
    end: Instant,
    /// The browser context: cookies, storage and tabs of this page alone.
    context: String,
    /// The tab, which is also the name of its main frame.
    target: String,
    session: String,
    address: Url,
    /// Given to the first request of the main frame.
    document: Option<Answer>,
    /// What came from another address than was asked, until the page asks there.
    moved: HashMap<String, Answer>,
    asked: usize,
    refused: usize,
    bytes: usize,
    /// When it last did something that may lead to more.
    active: Instant,
}

impl<'a> Page<'a> {
    /// Opens an empty tab in which every request is paused.
    pub async fn open(wire: &'a mut Wire, caps: &'a Caps, url: &Url, document: Answer) -> Result<Self, RenderError> {
        let end = Instant::now() + caps.time * 9 / 10;
        let mut address = document.url.clone();
        if address.fragment().is_none() {
            // Many such pages choose what to show by it.
            address.set_fragment(url.fragment());
        }
        if !is_web(&address) {
            return Err(RenderError::Protocol(format!("not an address of the web: {address}")));
        }
        let bytes = document.bytes.len();
        if bytes > caps.bytes {
            return Err(RenderError::TooMuch);
        }
        let context = wire.call("", "Target.createBrowserContext", &json!({})).await?;
        let context = text(&context, "browserContextId");
        let deny = json!({ "behavior": "deny", "browserContextId": context });
        wire.call("", "Browser.setDownloadBehavior", &deny).await?;
        let target = wire.call("", "Target.createTarget", &json!({ "url": "about:blank", "browserContextId": context })).await?;
        let target = text(&target, "targetId");
        let session = wire.call("", "Target.attachToTarget", &json!({ "targetId": target, "flatten": true })).await?;
        let session = text(&session, "sessionId");
        wire.call(&session, "Fetch.enable", &json!({ "patterns": [{ "urlPattern": "*" }] })).await?;
        wire.call(&session, "Page.enable", &json!({})).await?;
        wire.call(&session, "Inspector.enable", &json!({})).await?;
        wire.call(&session, "Page.addScriptToEvaluateOnNewDocument", &json!({ "source": PRELUDE })).await?;
        let (document, moved, active) = (Some(document), HashMap::new(), Instant::now());
        Ok(Self { wire, caps, end, context, target, session, address, document, moved, asked: 0, refused: 0, bytes, active })
    }

    /// Loads the document, and answers requests until the page is at rest or its time is nearly up.
    pub async fn settle<F, Fut>(&mut self, fetch: F) -> Result<(), RenderError>
    where
        F: Fn(Url) -> Fut + Send + Sync,
        Fut: Future<Output = Option<Answer>> + Send,
    {
        let loading = self.command("Page.navigate", &json!({ "url": self.address.as_str() }));
        let mut under_way = FuturesUnordered::new();
        let mut loaded = false;
        let mut ping: Option<(u64, Instant)> = None;
        loop {
            tokio::select! {
                message = self.wire.next() => {
                    let message = message?;
                    if message.id == loading {
                        self.active = Instant::now();
                        loaded = true;
                        let failure = text(&message.result()?, "errorText");
                        if !failure.is_empty() {
                            return Err(RenderError::Protocol(failure));
                        }
                    } else if let Some((id, sent)) = ping && message.id == id {
                        ping = None;
                        if is_ready(message) && sent.elapsed() < BUSY && self.active < sent {
                            return Ok(());
                        }
                        self.active = Instant::now();
                    } else if let Some(asked) = self.notice(&message)? {
                        let answer = fetch(asked.url.clone());
                        under_way.push(async move { (asked, answer.await) });
                    }
                }
                Some((asked, answer)) = under_way.next() => self.pass(&asked, answer)?,
                () = sleep_until(self.active + QUIET), if loaded && under_way.is_empty() && ping.is_none() => {
                    let state = json!({ "expression": "document.readyState" });
                    ping = Some((self.command("Runtime.evaluate", &state), Instant::now()));
                }
                () = sleep_until(self.end) => return if loaded { Ok(()) } else { Err(RenderError::Timeout) },
            }
        }
    }

    /// The page as it stands.
    pub async fn html(&mut self) -> Result<String, RenderError> {
        let world = json!({ "frameId": self.target, "worldName": "reader" });
        let world = self.wire.call(&self.session, "Page.createIsolatedWorld", &world).await?;
        let script = json!({
            "expression": format!("({})({})", SNAPSHOT, self.caps.html),
            "contextId": world["executionContextId"],
            "returnByValue": true,
        });
        let found = self.wire.call(&self.session, "Runtime.evaluate", &script).await?;
        match &found["result"]["value"] {
            Value::String(html) if html.len() <= self.caps.html => Ok(html.clone()),
            Value::String(_) | Value::Null if found["exceptionDetails"].is_null() => Err(RenderError::TooMuch),
            _ => Err(RenderError::Protocol(found["exceptionDetails"].to_string())),
        }
    }

    /// Closes the tab, with all that the page opened or stored.
    pub async fn close(self) -> Result<(), RenderError> {
        self.wire.call("", "Target.disposeBrowserContext", &json!({ "browserContextId": self.context })).await?;
        Ok(())
    }

    fn command(&mut self, method: &str, params: &Value) -> u64 {
        self.wire.send(&self.session, method, params)
    }

    /// Takes in an event, and says what is to be fetched for it.
    fn notice(&mut self, event: &Message) -> Result<Option<Asked>, RenderError> {
        if event.session_id != self.session {
            return Ok(None);
        }
        match event.method.as_str() {
            "Fetch.requestPaused" => self.sort(&event.params),
            "Inspector.targetCrashed" | "Inspector.detached" => Err(RenderError::Crashed),
            _ => Ok(None),
        }
    }

    /// Decides on a paused request.
    fn sort(&mut self, params: &Value) -> Result<Option<Asked>, RenderError> {
        let (id, request) = (text(params, "requestId"), &params["request"]);
        let Ok(url) = Url::parse(&text(request, "url")) else { return self.refuse(&id, "BlockedByClient") };
        let asked = Asked { id, url, origin: text(&request["headers"], "Origin") };
        let get = request["method"] == "GET" && is_web(&asked.url);
        match text(params, "resourceType").as_str() {
            "Document" if get && params["frameId"] == self.target.as_str() && self.document.is_some() => {
                if let Some(document) = self.document.take() {
                    self.fulfil(&asked, 200, &document);
                }
                Ok(None)
            }
            // Aborted, a frame stays as it is; refused, it would give way to an error page.
            "Document" => self.refuse(&asked.id, "Aborted"),
            "Script" | "Stylesheet" | "XHR" | "Fetch" | "Other" if get && is_wanted(&request["headers"]) => {
                self.active = Instant::now();
                if let Some(answer) = self.moved.remove(asked.url.as_str()) {
                    self.fulfil(&asked, answer.status, &answer);
                    return Ok(None);
                }
                self.asked += 1;
                if self.asked > self.caps.requests { Err(RenderError::TooMuch) } else { Ok(Some(asked)) }
            }
            "Script" | "XHR" | "Fetch" if matches!(asked.url.scheme(), "data" | "blob") => {
                // These hold their answer themselves.
                self.command("Fetch.continueRequest", &json!({ "requestId": asked.id }));
                Ok(None)
            }
            _ => self.refuse(&asked.id, "BlockedByClient"),
        }
    }

    fn refuse(&mut self, id: &str, reason: &str) -> Result<Option<Asked>, RenderError> {
        self.refused += 1;
        self.command("Fetch.failRequest", &json!({ "requestId": id, "errorReason": reason }));
        if self.refused > self.caps.requests.saturating_mul(REFUSALS) { Err(RenderError::TooMuch) } else { Ok(None) }
    }

    /// Passes on what `fetch` brought.
    fn pass(&mut self, asked: &Asked, answer: Option<Answer>) -> Result<(), RenderError> {
        self.active = Instant::now();
        // A redirect that was not followed leads nowhere a page may go by itself.
        let Some(mut answer) = answer.filter(|answer| matches!(answer.status, 200..=299 | 400..=599)) else {
            return self.refuse(&asked.id, "BlockedByClient").map(|_| ());
        };
        self.bytes = self.bytes.saturating_add(answer.bytes.len());
        if self.bytes > self.caps.bytes {
            return Err(RenderError::TooMuch);
        }
        answer.url.set_fragment(None);
        if answer.url == asked.url {
            self.fulfil(asked, answer.status, &answer);
        } else {
            // The page must know the last address, because a script resolves what it imports against it.
            self.reply(asked, 302, ("Location", answer.url.as_str()), &[]);
            self.moved.insert(answer.url.to_string(), answer);
        }
        Ok(())
    }

    fn fulfil(&mut self, asked: &Asked, status: u16, answer: &Answer) {
        let media: String = answer.media.chars().filter(|c| !c.is_control()).collect();
        let media = if media.is_empty() { "text/html" } else { &media };
        self.reply(asked, status, ("Content-Type", media), &answer.bytes);
    }

    fn reply(&mut self, asked: &Asked, status: u16, (name, value): (&str, &str), body: &[u8]) {
        // A page may read what it asked of other hosts: nothing is sent along that would open more to it than to anyone.
        let own = self.address.origin().ascii_serialization();
        let origin = if asked.origin.is_empty() { &own } else { &asked.origin };
        let headers = json!([
            { "name": name, "value": value },
            { "name": "Access-Control-Allow-Origin", "value": origin },
            { "name": "Access-Control-Allow-Credentials", "value": "true" },
        ]);
        let body = STANDARD.encode(body);
        let reply = json!({ "requestId": asked.id, "responseCode": status, "responseHeaders": headers, "body": body });
        self.command("Fetch.fulfillRequest", &reply);
    }
}

/// Whether a page waits for this: not a prefetch, a stream of events or, among what has no kind of its own, its icon.
fn is_wanted(headers: &Value) -> bool {
    let accept = text(headers, "Accept");
    headers["Sec-Purpose"].is_null() && !accept.starts_with("image/") && accept != "text/event-stream"
}

/// Whether a page has read its own document to the end.
fn is_ready(reply: Message) -> bool {
    reply.result().is_ok_and(|found| matches!(found["result"]["value"].as_str(), Some("interactive" | "complete")))
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
