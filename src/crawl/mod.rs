//! From an address or a folder to pages: focused, polite, safe.
//!
//! [`Crawl`] is pulled: each [`Crawl::next`] reads one more page or says why one was not read. Between two pulls
//! everything worth keeping is in the caller's hands, so a stop and a crash are the same as a pause:
//! [`Crawl::resume`] replays what was stored and goes on.
//!
//! All requests go through [`fetch`], the only HTTP client here. Nothing in this module looks at a factor.

pub mod fetch;
pub mod focus;
pub mod folder;
pub mod frontier;
pub mod guard;
pub mod politeness;
pub mod robots;
pub mod sitemap;
pub mod url;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use ::url::Url;
use sha2::{Digest, Sha256};

use self::url::Scope;
use crate::clock;
use crate::domain::id::PageNumber;
use crate::domain::page::{BlockKind, Page, Unread, Why};
use crate::framework::load::hex;
use crate::read::{self, Document, ReadError};
use fetch::{FetchError, Fetched, Fetcher};
use folder::Folder;
use frontier::{Frontier, Next};
use robots::Robots;

/// Longest time for reading one document.
const MAX_PARSE: Duration = Duration::from_secs(60);

/// Where the documentation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A public site, by its start address.
    Site(Url),
    /// A folder of files.
    Folder(PathBuf),
}

/// What a crawl may spend.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most pages that are read.
    pub pages: usize,
    /// Least pause between two requests to one host.
    pub pause: Duration,
}

/// A page with the bytes it was read from.
#[derive(Debug)]
pub struct Read {
    /// The page.
    pub page: Page,
    /// As fetched, decompressed.
    pub bytes: Vec<u8>,
}

/// One step of a crawl.
#[derive(Debug)]
pub enum Step {
    /// A page was read.
    Page(Box<Read>),
    /// An address was not.
    Unread(Unread),
}

/// Why a crawl cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum CrawlError {
    /// The start address could not be read.
    #[error("could not read {address}")]
    Start {
        /// The address.
        address: String,
        /// Why.
        #[source]
        source: FetchError,
    },
    /// The folder could not be read.
    #[error("could not read the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The HTTP client could not be built.
    #[error("could not set up the network client")]
    Client(#[source] FetchError),
}

enum Reach {
    Web(Box<Fetcher>),
    Folder(Folder),
}

/// A crawl under way.
pub struct Crawl {
    reach: Reach,
    scope: Scope,
    robots: Robots,
    frontier: Frontier,
    limits: Limits,
    read: usize,
    texts: HashSet<String>,
    footers: HashSet<String>,
    opened: HashSet<String>,
}

impl Crawl {
    /// Begins at `source`. Nothing is fetched yet, but a folder is listed.
    ///
    /// # Errors
    /// [`CrawlError`] if the folder cannot be listed or no client can be made.
    pub fn new(source: &Source, limits: Limits, settings: &fetch::Settings) -> Result<Self, CrawlError> {
        let mut frontier = Frontier::default();
        let (reach, scope) = match source {
            Source::Site(start) => {
                let fetcher = Fetcher::new(settings, limits.pause).map_err(CrawlError::Client)?;
                frontier.start(start.clone());
                (Reach::Web(Box::new(fetcher)), Scope::of(start))
            }
            Source::Folder(path) => {
                let folder = Folder::open(path).map_err(|source| CrawlError::Folder { path: path.clone(), source })?;
                for address in folder.addresses() {
                    frontier.add(address, "", "");
                }
                let scope = Scope::of(folder.base());
                (Reach::Folder(folder), scope)
            }
        };
        Ok(Self {
            reach,
            scope,
            robots: Robots::default(),
            frontier,
            limits,
            read: 0,
            texts: HashSet::new(),
            footers: HashSet::new(),
            opened: HashSet::new(),
        })
    }

    /// How many pages were read, and how many are known to be there (never over the budget).
    pub fn progress(&self) -> (usize, usize) {
        (self.read, (self.read + self.frontier.len()).min(self.limits.pages))
    }

    /// Takes in a page that was read and stored before, as if it had just been read.
    pub fn resume(&mut self, stored: &Page, bytes: &[u8]) {
        self.read += 1;
        self.texts.insert(text_key(&stored.text.text));
        self.frontier.done(&self.url_of(&stored.address));
        if let Ok(document) = read::read(bytes, &stored.media, &stored.address) {
            self.footers.extend(document.footer.iter().cloned());
            let base = self.url_of(&stored.address);
            self.follow(&document, base.as_ref());
        }
    }

    /// Reads one more page; `None` when the budget is spent or nothing is left.
    ///
    /// # Errors
    /// [`CrawlError::Start`] if the very first address cannot be read. Later failures are [`Step::Unread`].
    pub async fn next(&mut self) -> Result<Option<Step>, CrawlError> {
        loop {
            if self.read >= self.limits.pages {
                return Ok(self.leave_rest());
            }
            let Some(next) = self.frontier.pop() else { return Ok(None) };
            if let Reach::Web(fetcher) = &self.reach {
                let host = next.url.origin().ascii_serialization();
                if self.opened.insert(host) {
                    for address in self.robots.open(fetcher, &next.url).await {
                        self.frontier.add(address, "", "");
                    }
                    // The sitemap may hold something better than what was popped.
                    self.frontier.put_back(next);
                    continue;
                }
            } else if let (Reach::Folder(folder), true) = (&self.reach, self.opened.insert(String::new())) {
                self.robots.open_folder(folder);
            }
            if let Some(why) = self.robots.forbids(&next.url) {
                return Ok(Some(self.unread(&next.url, Why::Robots, &why)));
            }
            let fetched = match &mut self.reach {
                Reach::Web(fetcher) => {
                    fetcher.set_pause(&next.url, self.robots.delay(&next.url));
                    fetcher.get(&next.url).await
                }
                Reach::Folder(folder) => folder.get(&next.url).await,
            };
            match fetched {
                Ok(fetched) => {
                    if let Some(step) = self.take(fetched, next).await {
                        return Ok(Some(step));
                    }
                }
                Err(source) if self.read == 0 && next.start => {
                    return Err(CrawlError::Start { address: next.url.to_string(), source });
                }
                Err(error) => {
                    let why = match error {
                        FetchError::Refused(_) => Why::Refused,
                        FetchError::Status(404 | 410) => Why::Gone,
                        _ => Why::Failed,
                    };
                    let detail = crate::chain(&error);
                    return Ok(Some(self.unread(&next.url, why, &detail)));
                }
            }
        }
    }

    /// Makes a page of what was fetched, or says why not; `None` if it was read before under another address.
    async fn take(&mut self, mut fetched: Fetched, asked: Next) -> Option<Step> {
        let address = fetched.url.clone();
        if asked.start && !self.scope.holds(&address) {
            // The start address has moved house: the check moves with it, and asks the new host for its rules first.
            self.scope = Scope::of(&address);
            self.frontier.start(address);
            return None;
        }
        if !self.scope.holds(&address) {
            return Some(self.unread(&address, Why::Refused, "leads to a site outside this check"));
        }
        if let Some(why) = self.robots.forbids(&address) {
            return Some(self.unread(&address, Why::Robots, &why));
        }
        self.frontier.done(&Some(address.clone()));
        let (media, name) = (fetched.media.clone(), address.path().to_owned());
        let bytes = std::mem::take(&mut fetched.bytes);
        let parsing = tokio::task::spawn_blocking(move || (read::read(&bytes, &media, &name), bytes));
        let Ok(parsed) = tokio::time::timeout(MAX_PARSE, parsing).await else {
            return Some(self.unread(&address, Why::Failed, "takes longer to read than is allowed"));
        };
        let (document, bytes) = match parsed {
            Ok((Ok(document), bytes)) => (document, bytes),
            Ok((Err(error @ ReadError::Kind(_)), _)) => return Some(self.unread(&address, Why::Format, &error.to_string())),
            Ok((Err(error), _)) => return Some(self.unread(&address, Why::Failed, &error.to_string())),
            Err(_) => return Some(self.unread(&address, Why::Failed, "the reader gave up on it")),
        };
        if document.robots.contains("none")
            || fetched.robots.contains("none")
            || document.robots.contains("noindex") && document.robots.contains("nosnippet")
        {
            return Some(self.unread(&address, Why::Robots, "its robots tag forbids quoting"));
        }
        if !document.robots.contains("nofollow") {
            self.follow(&document, Some(&address));
        }
        if document.needs_javascript {
            return Some(self.unread(&address, Why::Javascript, "shows nothing without JavaScript"));
        }
        if is_error_page(&document) {
            return Some(self.unread(&address, Why::Gone, "an error page, although it was answered as a success"));
        }
        if document.text.blocks.is_empty() && document.footer.is_empty() && document.hidden.is_empty() {
            return Some(self.unread(&address, Why::Failed, "holds no text"));
        }
        if !self.texts.insert(text_key(&document.text.text)) {
            return Some(self.unread(&address, Why::Duplicate, "repeats a page that was read"));
        }
        self.read += 1;
        fetched.bytes = bytes;
        Some(Step::Page(Box::new(self.page(fetched, document, asked.reason))))
    }

    fn page(&mut self, fetched: Fetched, document: Document, reason: String) -> Read {
        let mut text = document.text;
        // A footer repeats on every page; its lines (the legal entity among them) are kept where they stand first.
        for line in document.footer {
            if self.footers.insert(line.clone()) {
                text.push(BlockKind::Paragraph, &line, None);
            }
        }
        let address = self.shown(&fetched.url);
        let path = fetched.url.path();
        Read {
            page: Page {
                number: PageNumber(u32::try_from(self.read).unwrap_or(u32::MAX)),
                tier: focus::tier(path, &document.title),
                title: document.title,
                language: document.language,
                media: fetched.media,
                status: fetched.status,
                read_at_ms: clock::now_ms(),
                sha256: hex(&Sha256::digest(&fetched.bytes)),
                etag: fetched.etag,
                last_modified: fetched.last_modified,
                dated: document.dated,
                outdated: document.outdated || focus::is_archive(path),
                text,
                hidden: document.hidden,
                address,
                reason,
            },
            bytes: fetched.bytes,
        }
    }

    /// How an address is shown: whole for a site, the path below the folder for a folder.
    fn shown(&self, url: &Url) -> String {
        match &self.reach {
            Reach::Web(_) => url.to_string(),
            Reach::Folder(folder) => folder.path_of(url),
        }
    }

    fn url_of(&self, address: &str) -> Option<Url> {
        match &self.reach {
            Reach::Web(_) => Url::parse(address).ok(),
            Reach::Folder(folder) => folder.url_of(address),
        }
    }

    fn follow(&mut self, document: &Document, base: Option<&Url>) {
        let Some(base) = base else { return };
        for link in &document.links {
            if let Some(url) = url::follow(base, &link.href)
                && self.scope.holds(&url)
            {
                let url = match &self.reach {
                    Reach::Folder(folder) => folder.settle(&url),
                    Reach::Web(_) => Some(url),
                };
                if let Some(url) = url {
                    self.frontier.add(url, &link.words, &link.heading);
                }
            }
        }
    }

    fn unread(&self, url: &Url, why: Why, detail: &str) -> Step {
        Step::Unread(Unread { address: self.shown(url), why, detail: detail.to_owned() })
    }

    /// Hands out, one by one, what the budget left unread.
    fn leave_rest(&mut self) -> Option<Step> {
        let left = self.frontier.pop()?;
        Some(self.unread(&left.url, Why::Budget, "the page budget was spent on pages that promise more"))
    }
}

fn text_key(text: &str) -> String {
    hex(&Sha256::digest(text))
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
