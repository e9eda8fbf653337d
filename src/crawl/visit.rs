//! One address, from asking for it to a document: fetched, its style sheets with it, rendered if need be, parsed off the
//! async threads, judged by what its own words and headers say. Visits know nothing of each other; the crawl puts them
//! together.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use url::Url;

use super::apart;
use super::directives::Directives;
use super::fetch::{Answer, FetchError, Fetched, Validators};
use super::reach::Reach;
use super::render::{self, RenderError, Renderer};
use super::robots::Rules;
use crate::domain::page::{BlockKind, Why};
use crate::read::style::{Linked, Sheet};
use crate::read::{self, Document, Kind, ReadError, html};

/// Longest time for reading one document.
const MAX_PARSE: Duration = Duration::from_secs(60);
/// Most style sheets of one page that are fetched.
const MAX_SHEETS: usize = 12;
/// Most style sheets of one crawl that are fetched.
const MAX_ALL_SHEETS: usize = 200;

/// A style sheet that was asked for; `None` if it could not be had.
type Styles = Option<Arc<Sheet>>;

/// What every visit uses.
pub struct Tools {
    /// Where pages come from.
    pub reach: Reach,
    /// The program that reads documents apart; `None` reads all of them in this process.
    pub reader: Option<PathBuf>,
    /// A Chromium for pages that are empty without JavaScript; `None` leaves them unread.
    pub chromium: Option<PathBuf>,
    renderer: OnceCell<Result<Renderer, String>>,
    sheets: Mutex<HashMap<Url, Arc<OnceCell<Styles>>>>,
}

impl Tools {
    /// For pages from `reach`.
    pub fn new(reach: Reach, reader: Option<PathBuf>, chromium: Option<PathBuf>) -> Self {
        Self { reach, reader, chromium, renderer: OnceCell::new(), sheets: Mutex::default() }
    }
}

/// How a visit went.
pub enum Outcome {
    /// A document.
    Read(Box<Visited>),
    /// The copy at hand still holds.
    Unchanged,
    /// It is elsewhere.
    Moved(Url),
    /// It could not be fetched.
    Failed(FetchError),
    /// It was fetched and is not a page to quote from; its links may still count.
    Unfit(Why, String, Option<Box<Document>>),
}

/// A document as it was fetched and read.
pub struct Visited {
    /// As fetched; of a rendered page, the HTML that its scripts made.
    pub fetched: Fetched,
    /// As read.
    pub document: Document,
    /// What its robots tags ask for.
    pub directives: Directives,
    /// Whether its scripts were run.
    pub rendered: bool,
}

/// Visits `url`, whose host has these `rules`.
pub async fn visit(tools: Arc<Tools>, url: Url, known: Option<Validators>, rules: Arc<Rules>) -> Outcome {
    let fetched = match tools.reach.get(&url, known.as_ref()).await {
        Ok(Answer::Body(fetched)) => fetched,
        Ok(Answer::Unchanged) => return Outcome::Unchanged,
        Ok(Answer::Moved(target)) => return Outcome::Moved(target),
        Err(error) => return Outcome::Failed(error),
    };
    let unfit = |(why, detail)| Outcome::Unfit(why, detail, None);
    let styles = tools.styles(&fetched, &rules).await;
    let (mut fetched, mut document) = match parse(fetched, &styles, tools.reader.as_deref()).await {
        Ok(parsed) => parsed,
        Err(error) => return unfit(error),
    };
    let rendered = document.needs_javascript && tools.chromium.is_some();
    if rendered {
        fetched.bytes = match tools.render(&fetched, &rules).await {
            Ok(html) => html.into_bytes(),
            Err(problem) => return unfit((Why::Javascript, format!("shows nothing without JavaScript, and {problem}"))),
        };
        fetched.media = "text/html; charset=utf-8".to_owned();
        // They are those of the empty page.
        fetched.validators = Validators::default();
        (fetched, document) = match parse(fetched, &styles, tools.reader.as_deref()).await {
            Ok(parsed) => parsed,
            Err(error) => return unfit(error),
        };
        // The scripts that made it are in it still; a page that they left empty is one of no text.
        document.needs_javascript = false;
    }
    judge(fetched, document, rendered)
}

impl Tools {
    /// The style sheets that a page links to on its own host, each fetched once in a crawl.
    async fn styles(&self, fetched: &Fetched, rules: &Rules) -> Arc<Linked> {
        let mut linked = Linked::new();
        if Kind::of(&fetched.media, fetched.url.path()) != Some(Kind::Html) {
            return Arc::new(linked);
        }
        let own = |url: &Url| url.origin() == fetched.url.origin() && rules.forbids(url).is_none();
        for href in html::style_links(&String::from_utf8_lossy(&fetched.bytes)) {
            let Some(url) = fetched.url.join(&href).ok().filter(own) else { continue };
            if linked.len() >= MAX_SHEETS {
                break;
            }
            let cell = {
                let mut sheets = self.sheets.lock().unwrap_or_else(PoisonError::into_inner);
                if sheets.len() >= MAX_ALL_SHEETS && !sheets.contains_key(&url) {
                    continue;
                }
                sheets.entry(url.clone()).or_default().clone()
            };
            if let Some(sheet) = cell.get_or_init(|| self.sheet(&url)).await {
                linked.insert(href, sheet.clone());
            }
        }
        Arc::new(linked)
    }

    /// A style sheet: the empty one if it is missing, `None` if it could not be had.
    async fn sheet(&self, url: &Url) -> Styles {
        match self.reach.part(url).await {
            Ok(part) => tokio::task::spawn_blocking(move || Arc::new(Sheet::parse(&String::from_utf8_lossy(&part.bytes)))).await.ok(),
            Err(FetchError::Status(404 | 410)) => Some(Arc::new(Sheet::default())),
            Err(_) => None,
        }
    }

    /// The HTML that a page's scripts make. Whatever they ask for goes through the crawl's own client.
    async fn render(&self, fetched: &Fetched, rules: &Rules) -> Result<String, String> {
        let program = self.chromium.clone().ok_or("no Chromium is set up")?;
        let settings = render::Settings { program, caps: render::Caps::default() };
        let start = || async { Renderer::start(settings).await.map_err(|error| crate::chain(&error)) };
        let renderer = self.renderer.get_or_init(start).await.as_ref().map_err(Clone::clone)?;
        let answer = |part: Fetched| render::Answer { url: part.url, status: part.status, media: part.media, bytes: part.bytes };
        let fetch = |url: Url| async move {
            if url.origin() == fetched.url.origin() && rules.forbids(&url).is_some() {
                return None;
            }
            self.reach.part(&url).await.ok().map(answer)
        };
        renderer.render(&fetched.url, answer(fetched.clone()), fetch).await.map_err(|error: RenderError| crate::chain(&error))
    }
}

/// Reads a document off the async threads, for as long as is allowed; in a process of its own where it could cost much.
async fn parse(fetched: Fetched, styles: &Arc<Linked>, reader: Option<&Path>) -> Result<(Fetched, Document), (Why, String)> {
    if let Some(program) = reader
        && apart::is_risky(&fetched)
    {
        let document = apart::read(program, &fetched).await?;
        return Ok((fetched, document));
    }
    let (address, styles) = (fetched.url.path().to_owned(), Arc::clone(styles));
    let parsing = tokio::task::spawn_blocking(move || (read_now(&fetched.bytes, &fetched.media, &address, &styles), fetched));
    match tokio::time::timeout(MAX_PARSE, parsing).await {
        Ok(Ok((document, fetched))) => Ok((fetched, document?)),
        Ok(Err(_)) => Err((Why::Failed, "the reader gave up on it".to_owned())),
        Err(_) => Err((Why::Failed, "takes longer to read than is allowed".to_owned())),
    }
}

/// Reads a document here and now.
///
/// # Errors
/// Why it could not be read, for the report.
pub fn read_now(bytes: &[u8], media: &str, address: &str, styles: &Linked) -> Result<Document, (Why, String)> {
    read::read(bytes, media, address, styles).map_err(|error| match error {
        ReadError::Kind(_) => (Why::Format, error.to_string()),
        ReadError::Broken { .. } => (Why::Failed, error.to_string()),
    })
}

fn judge(fetched: Fetched, document: Document, rendered: bool) -> Outcome {
    let values = fetched.robots.iter().chain(&document.robots).map(String::as_str);
    let directives = Directives::of(values);
    let unfit = |why: Why, detail: &str, document: Document| {
        let links = (!directives.no_follow).then(|| Box::new(document));
        Outcome::Unfit(why, detail.to_owned(), links)
    };
    match () {
        () if directives.no_quotes => unfit(Why::Robots, "its robots tag forbids quoting", document),
        () if document.needs_javascript => unfit(Why::Javascript, "shows nothing without JavaScript", document),
        () if is_error_page(&document) => {
            Outcome::Unfit(Why::Gone, "an error page, although it was answered as a success".to_owned(), None)
        }
        () if document.text.blocks.is_empty() && document.footer.blocks.is_empty() && document.hidden.is_empty() => {
            unfit(Why::Failed, "holds no text", document)
        }
        () => Outcome::Read(Box::new(Visited { fetched, document, directives, rendered })),
    }
}

/// A page of few words whose title or heading says that nothing is here.
fn is_error_page(document: &Document) -> bool {
    const SIGNS: &[&str] = &[
        "404",
        "page not found",
        "not found",
        "page introuvable",
        "seite nicht gefunden",
        "página no encontrada",
        "pagina non trovata",
        "pagina niet gevonden",
        "internal server error",
        "service unavailable",
        "bad gateway",
        "access denied",
        "error 5",
    ];
    let says = |text: &str| {
        let text = text.to_lowercase();
        SIGNS.iter().any(|sign| text.contains(sign))
    };
    document.text.text.len() < 1_500
        && (says(&document.title)
            || document.text.blocks.iter().take(2).any(|b| matches!(b.kind, BlockKind::Heading(_)) && says(document.text.words(b))))
}
