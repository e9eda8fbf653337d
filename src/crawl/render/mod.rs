//! Pages that show nothing without JavaScript: a local Chromium runs their scripts, and the HTML that results is read.
//!
//! Same guard, same caps: Chromium must never reach the network by itself. Each request of a page is paused and answered
//! by what the caller's `fetch` brings, only GET, and only what a text can need. What cannot be paused fails, see
//! `chromium.rs`. A page's cookies and storage end with it. Nothing here follows a link or judges what a page says.

mod chromium;
mod page;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time;
use url::Url;

use chromium::Chromium;
use page::Page;

/// Longest time for closing a page that was read. What takes longer is ended with its Chromium.
const MAX_CLOSE: Duration = Duration::from_secs(2);

/// What the operator sets.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Chromium or Chrome: a path, or a name that is looked up along `PATH`.
    pub program: PathBuf,
    /// What one page may spend.
    pub caps: Caps,
}

/// What one page may spend.
#[derive(Clone, Debug)]
pub struct Caps {
    /// Longest time for the whole page. After nine tenths of it the page is read as it then stands.
    pub time: Duration,
    /// Most requests that are passed to `fetch`.
    pub requests: usize,
    /// Most bytes of all answers together, the document's included.
    pub bytes: usize,
    /// Most bytes of the resulting HTML.
    pub html: usize,
}

impl Default for Caps {
    /// 20 s, 200 requests, 16 MiB of answers, 8 MiB of HTML.
    fn default() -> Self {
        Self { time: Duration::from_secs(20), requests: 200, bytes: 16 << 20, html: 8 << 20 }
    }
}

/// Why a page was not rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// There is no such program.
    #[error("{} is not there or cannot be started", .0.display())]
    NotFound(PathBuf),
    /// The program starts, but ends or hangs before its first answer; with what it said.
    #[error("Chromium does not start: {0}")]
    Start(String),
    /// The page did not let itself be read within its time.
    #[error("the page does not come to rest within the time allowed")]
    Timeout,
    /// The page went over one of its other caps.
    #[error("the page asks for more than is allowed")]
    TooMuch,
    /// Chromium or the page's process ended under way.
    #[error("Chromium crashed")]
    Crashed,
    /// Chromium refused a command, or said what cannot be understood.
    #[error("Chromium answered: {0}")]
    Protocol(String),
}

/// What a request brought.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The address after redirects.
    pub url: Url,
    /// HTTP status.
    pub status: u16,
    /// The content type, with its charset if one was given.
    pub media: String,
    /// The body, decompressed.
    pub bytes: Vec<u8>,
}

/// One Chromium for one page at a time. When this is dropped the process is killed and its profile folder removed.
pub struct Renderer {
    settings: Settings,
    /// Empty after a page that did not end well: such a Chromium is killed, and the next page starts another.
    chromium: Mutex<Option<Chromium>>,
}

impl Renderer {
    /// Starts Chromium.
    ///
    /// # Errors
    /// [`RenderError::NotFound`] or [`RenderError::Start`].
    pub async fn start(settings: Settings) -> Result<Self, RenderError> {
        let chromium = Chromium::start(&settings.program).await?;
        Ok(Self { settings, chromium: Mutex::new(Some(chromium)) })
    }

    /// Shows `document`, which was fetched from `url`, lets its scripts run until nothing was asked for during half a
    /// second or the time is nearly up, and returns the HTML as it then stands, shadow roots written out in place.
    ///
    /// `fetch` is asked for what the scripts ask for, and says `None` to what may not be had: that request fails in the
    /// page. Frames, images, fonts and media are never asked for, and the page cannot move to another address.
    ///
    /// # Errors
    /// [`RenderError`] says what stood in the way. The next page can be rendered all the same.
    pub async fn render<F, Fut>(&self, url: &Url, document: Answer, fetch: F) -> Result<String, RenderError>
    where
        F: Fn(Url) -> Fut + Send + Sync,
        Fut: Future<Output = Option<Answer>> + Send,
    {
        let mut place = self.chromium.lock().await;
        // Taken out, so that it ends with this call whenever the call does not end well, and if the caller gives up.
        let mut chromium = match place.take_if(|running| running.is_alive()) {
            Some(running) => running,
            None => Chromium::start(&self.settings.program).await?,
        };
        let caps = &self.settings.caps;
        let page = async {
            let mut page = Page::open(&mut chromium.wire, caps, url, document).await?;
            page.settle(fetch).await?;
            let html = page.html().await?;
            Ok((html, page))
        };
        let (html, page) = time::timeout(caps.time, page).await.map_err(|_| RenderError::Timeout)??;
        if let Ok(Ok(())) = time::timeout(MAX_CLOSE, page.close()).await {
            *place = Some(chromium);
        }
        Ok(html)
    }
}
