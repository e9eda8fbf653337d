//! From an address or a folder to pages: focused, polite, safe.
//!
//! [`Crawl`] is pulled: each [`Crawl::next`] hands out one more page or says why one was not read. Between two pulls
//! everything worth keeping is in the caller's hands, so a stop and a crash are the same as a pause:
//! [`Crawl::resume`] replays what was stored and goes on.
//!
//! A few visits are under way at once, but they are sent out and taken in one by one in the same order, so what is read
//! does not depend on which answer is quicker. All requests go through [`fetch`], the only HTTP client here. Nothing in
//! this module looks for evidence.

pub mod apart;
pub mod directives;
pub mod feed;
pub mod fetch;
pub mod folder;
pub mod frontier;
pub mod guard;
pub mod novelty;
pub mod politeness;
pub mod reach;
pub mod render;
mod request;
pub mod robots;
pub mod scope;
pub mod sitemap;
mod survey;
pub mod url;
pub mod visit;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use ::url::Url;
use sha2::{Digest, Sha256};
use tokio_util::task::AbortOnDropHandle;

use crate::archive::Archive;
use crate::clock;
use crate::domain::id::PageNumber;
use crate::domain::page::{BlockKind, Page, Resource, SiteHost, Unread, Why};
use crate::focus::{self, Ledger, Worth};
use crate::hex;
use crate::read::style::Linked;
use crate::read::{self, Document};
use directives::Directives;
use fetch::{FetchError, Fetcher, MAX_HOPS, Validators};
use folder::Folder;
use frontier::{Clue, Frontier, Next};
use novelty::Lines;
use reach::Reach;
pub use request::{CrawlError, Known, Limits, Source};
use robots::Rules;
use scope::Scope;
use survey::{Resources, Survey, survey};
use visit::{Outcome, Tools, Visited, visit};

/// Visits under way at once where the operator wants a pause between requests: one is fetched while one is parsed.
const POLITE_WINDOW: usize = 2;
/// Visits under way at once where no pause is wanted.
const FAST_WINDOW: usize = 16;
/// Most requests to one host at once where no pause is wanted.
const FAST_AT_ONCE: usize = 8;
/// Pages without anything new, in a row, after which a list of addresses of one shape counts as endless.
const BARREN: u32 = 8;
/// Fewer new words than this are nothing new.
const FEW_WORDS: usize = 20;
/// Most feeds that are read for dates.
const MAX_FEEDS: usize = 2;

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
    /// A page has not changed since the earlier crawl: hand its copy to [`Crawl::restore`].
    Unchanged(Box<Unchanged>),
    /// Something beside the pages was fetched.
    Resource(Resource),
}

/// A page that has not changed.
#[derive(Debug)]
pub struct Unchanged {
    /// Its address.
    pub address: String,
    next: Next,
}

/// A host whose rules are known.
struct Host {
    rules: Arc<Rules>,
    until_ms: u64,
}

/// A crawl under way.
pub struct Crawl {
    tools: Arc<Tools>,
    scope: Scope,
    hosts: HashMap<String, Host>,
    frontier: Frontier,
    ledger: Ledger,
    limits: Limits,
    window: usize,
    known: HashMap<String, Validators>,
    resources: Resources,
    flying: VecDeque<(Next, AbortOnDropHandle<Outcome>)>,
    ready: VecDeque<Step>,
    read: usize,
    asked: usize,
    lines: Lines,
    footers: Lines,
    dates: HashMap<String, String>,
    /// By shape of address: pages in a row that brought nothing new.
    barren: HashMap<String, u32>,
}

impl Crawl {
    /// Begins at `source`. Nothing is fetched yet, but a folder is listed.
    ///
    /// # Errors
    /// [`CrawlError`] if the folder cannot be listed or no client can be made.
    pub fn new(source: &Source, limits: Limits, settings: &fetch::Settings, known: Known) -> Result<Self, CrawlError> {
        let mut frontier = Frontier::new(limits.order);
        let fast = limits.pause.is_zero();
        let mut ready = VecDeque::new();
        let (reach, scope) = match source {
            Source::Site(starts) => {
                let fetcher = Fetcher::new(settings, limits.pause, if fast { FAST_AT_ONCE } else { 1 }).map_err(CrawlError::Client)?;
                starts.iter().for_each(|start| frontier.start(start.clone()));
                (Reach::Web(Box::new(fetcher)), Scope::of(starts, &limits.hosts))
            }
            Source::Folder(path) => {
                let folder = Folder::open(path).map_err(|source| CrawlError::Folder { path: path.clone(), source })?;
                match folder.settle(folder.base()) {
                    Some(start) if limits.walk => frontier.start(start),
                    _ => folder
                        .addresses()
                        .into_iter()
                        .for_each(|address| frontier.add(address, Clue { on: "the folder", ..Clue::default() })),
                }
                (Reach::Folder(folder), Scope::everything())
            }
            Source::Archive(path) => {
                let archive = Archive::open(path).map_err(CrawlError::Archive)?;
                if let Some(place) = archive.notes().cut {
                    let detail = format!("the archive is cut short at record {}, byte {}", place.record, place.offset);
                    ready.push_back(Step::Unread(Unread { address: path.display().to_string(), why: Why::Failed, detail }));
                }
                for page in archive.addresses().filter_map(folder::page_of) {
                    frontier.add(page, Clue { on: "the archive", ..Clue::default() });
                }
                (Reach::Archive(Arc::new(archive)), Scope::everything())
            }
        };
        let window = match reach {
            Reach::Web(_) if !fast => POLITE_WINDOW,
            Reach::Web(_) | Reach::Folder(_) | Reach::Archive(_) => FAST_WINDOW,
        };
        Ok(Self {
            tools: Arc::new(Tools::new(reach, settings.reader.clone(), settings.chromium.clone())),
            scope,
            hosts: HashMap::new(),
            frontier,
            ledger: Ledger::default(),
            window,
            limits,
            known: known.pages,
            resources: Resources::new(known.resources),
            flying: VecDeque::new(),
            ready,
            read: 0,
            asked: 0,
            lines: Lines::default(),
            footers: Lines::default(),
            dates: HashMap::new(),
            barren: HashMap::new(),
        })
    }

    /// How many pages were read, and how many are known to be there (never over the budget).
    pub fn progress(&self) -> (usize, usize) {
        (self.read, (self.read + self.flying.len() + self.frontier.len()).min(self.limits.pages))
    }

    /// The hosts that were met.
    pub fn hosts(&self) -> Vec<SiteHost> {
        self.scope.hosts().cloned().collect()
    }

    /// Takes in a page that was read and stored before, as if it had just been read.
    pub fn resume(&mut self, stored: &Page, bytes: &[u8]) {
        self.number();
        if let Some(url) = self.tools.reach.url_of(&stored.address) {
            let worth = Worth::of(url.path(), &stored.title, "");
            self.replay(&url, stored, bytes, &worth);
        }
    }

    fn replay(&mut self, url: &Url, stored: &Page, bytes: &[u8], worth: &Worth) {
        self.frontier.read(url);
        if let Ok(document) = read::read(bytes, &stored.media, url.path(), &Linked::new()) {
            if !Directives::of(document.robots.iter().map(String::as_str)).no_follow {
                self.follow(&document, url);
            }
            self.learn(&document, url, worth);
        }
    }

    /// Remembers what the next pages are judged by.
    fn learn(&mut self, document: &Document, url: &Url, worth: &Worth) {
        for own in document.canonical.iter().chain(&document.alternates) {
            if let Some(own) = url::follow(url, own)
                && url::key(&own) != url::key(url)
                && own.path() != "/"
            {
                self.frontier.set_aside(&own);
            }
        }
        self.ledger.read(worth);
        self.lines.learn(&document.text);
        self.footers.learn(&document.footer);
    }

    /// Takes in the copy of a page that has not changed.
    pub fn restore(&mut self, unchanged: Unchanged, copy: &Page, bytes: Vec<u8>) -> Read {
        self.replay(&unchanged.next.url, copy, &bytes, &unchanged.next.worth);
        let page = Page { number: self.number(), read_at_ms: clock::now_ms(), reason: unchanged.next.reason, ..copy.clone() };
        Read { page, bytes }
    }

    /// Hands out the next step; `None` when the budget is spent or nothing is left.
    pub async fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(step) = self.ready.pop_front() {
                return Some(step);
            }
            self.fill().await;
            self.ready.extend(self.resources.fresh.drain(..).map(Step::Resource));
            if !self.ready.is_empty() {
                continue;
            }
            let Some((next, flight)) = self.flying.pop_front() else { return self.leave_rest() };
            let outcome = flight.await.unwrap_or_else(|_| Outcome::Unfit(Why::Failed, "the reader gave up on it".to_owned(), None));
            let step = self.take(next, outcome).await;
            self.ready.extend(step);
        }
    }

    /// Sends out visits until the window is full, the budget is promised away or nothing is left.
    async fn fill(&mut self) {
        // A site that answers with nothing but copies must not be asked for ever.
        let most_asked = self.limits.pages.saturating_mul(4).saturating_add(100);
        while self.flying.len() < self.window && self.read + self.flying.len() < self.limits.pages && self.asked < most_asked {
            let Some(next) = self.frontier.pop(&self.ledger) else { break };
            let origin = next.url.origin().ascii_serialization();
            let now = clock::now_ms();
            let Some(host) = self.hosts.get(&origin).filter(|host| now < host.until_ms) else {
                self.open(origin, &next.url).await;
                // What the host lists may be better than what was popped.
                self.frontier.again(next);
                continue;
            };
            if let Some(why) = host.rules.forbids(&next.url) {
                if !next.guess {
                    self.unread(&next.url, Why::Robots, &why);
                }
                continue;
            }
            if url::shape(&next.url).is_some_and(|shape| self.barren.get(&shape).is_some_and(|pages| *pages >= BARREN)) {
                self.unread(&next.url, Why::Duplicate, "one of a list of addresses that brought nothing new");
                continue;
            }
            self.asked += 1;
            let known = self.known.get(next.url.as_str()).cloned();
            let flight = tokio::spawn(visit(self.tools.clone(), next.url.clone(), known, host.rules.clone()));
            self.flying.push_back((next, AbortOnDropHandle::new(flight)));
        }
    }

    /// Asks a host for its rules and lists.
    async fn open(&mut self, origin: String, url: &Url) {
        let met = self.hosts.contains_key(&origin);
        let lists = !met && !self.limits.links_only && !matches!(self.tools.reach, Reach::Archive(_));
        let Survey { rules, until_ms, pages, links } = survey(&self.tools.reach, &mut self.resources, url, lists).await;
        for page in pages {
            if self.scope.holds(&page)
                && let Some(page) = self.tools.reach.settle(page)
            {
                self.frontier.add(page, Clue { on: "the sitemap", ..Clue::default() });
            }
        }
        if let Some((address, links)) = links {
            self.follow(&Document { links, ..Document::default() }, &address);
        }
        if let (true, Reach::Web(_), Ok(policy)) = (lists, &self.tools.reach, url.join("/.well-known/security.txt")) {
            self.frontier.guess(policy);
        }
        self.hosts.insert(origin, Host { rules, until_ms });
    }

    async fn take(&mut self, next: Next, outcome: Outcome) -> Option<Step> {
        match outcome {
            Outcome::Read(visited) => return self.page(next, *visited).await,
            Outcome::Unchanged => return Some(Step::Unchanged(Box::new(Unchanged { address: self.tools.reach.shown(&next.url), next }))),
            Outcome::Moved(target) => self.moved(next, target),
            Outcome::Unfit(why, detail, document) => {
                if let Some(document) = document {
                    self.follow(&document, &next.url);
                }
                self.unread(&next.url, why, &detail);
            }
            Outcome::Failed(error) => {
                let why = match error {
                    FetchError::Refused(_) => Why::Refused,
                    FetchError::Status(404 | 410) => Why::Gone,
                    _ => Why::Failed,
                };
                if !(next.guess && why == Why::Gone) {
                    self.unread(&next.url, why, &crate::chain(&error));
                }
            }
        }
        None
    }

    /// A redirect is an address like any other: scope, robots and guard are asked anew.
    fn moved(&mut self, mut next: Next, target: Url) {
        next.hops += 1;
        let Some(target) = url::clean(target) else {
            return self.unread(&next.url, Why::Refused, "leads to an address that is not followed");
        };
        if next.start && !self.scope.holds(&target) {
            // The start address has moved house: the check moves with it.
            self.scope.move_to(&target, &format!("where the start address {} leads", next.url));
        }
        let same = url::key(&target) == url::key(&next.url);
        match () {
            () if next.hops > MAX_HOPS => self.unread(&next.url, Why::Failed, &FetchError::Redirects.to_string()),
            () if !self.scope.takes(&target, "", next.url.as_str()) => {
                self.unread(&next.url, Why::Refused, &format!("leads to {target}, outside this check"));
            }
            () if !same && self.frontier.is_done(&target) => {
                self.unread(&next.url, Why::Duplicate, &format!("leads to {target}, which was asked for"));
            }
            () => self.frontier.put_back(next, target),
        }
    }

    /// Makes a page of what was visited, or says why not.
    async fn page(&mut self, next: Next, visited: Visited) -> Option<Step> {
        let Visited { fetched, mut document, directives, rendered } = visited;
        self.frontier.read(&fetched.url);
        if !directives.no_follow {
            self.follow(&document, &fetched.url);
        }
        if next.start {
            self.feeds(&document, &fetched.url).await;
        }
        if let Some(shape) = url::shape(&fetched.url) {
            let new = self.lines.new_words(&document.text);
            let barren = self.barren.entry(shape).or_insert(0);
            *barren = if new < FEW_WORDS { *barren + 1 } else { 0 };
        }
        let silent = !document.hidden.iter().any(|hidden| hidden.addresses_assessor);
        if silent && self.lines.repeats(&document.text) && self.footers.repeats(&document.footer) {
            self.unread(&fetched.url, Why::Duplicate, "says nothing that was not read before");
            return None;
        }
        let text = document.text.clone();
        let mut text = if document.paged { text } else { self.lines.trim(text) };
        // A footer repeats on every page; its lines (the legal entity among them) are kept where they stand first.
        for line in self.footers.new_lines(&document.footer) {
            text.push(BlockKind::Paragraph, line, None);
        }
        self.learn(&document, &fetched.url, &next.worth);
        let dated = document.dated.take().or_else(|| self.dates.get(&url::key(&fetched.url)).cloned());
        let path = fetched.url.path();
        let page = Page {
            number: self.number(),
            tier: focus::tier(path, &document.title),
            title: document.title,
            language: document.language,
            status: fetched.status,
            read_at_ms: fetched.read_at_ms.unwrap_or_else(clock::now_ms),
            sha256: hex(&Sha256::digest(&fetched.bytes)),
            etag: fetched.validators.etag,
            last_modified: fetched.validators.last_modified,
            dated,
            outdated: document.outdated || focus::is_archive(path),
            text,
            hidden: document.hidden,
            address: self.tools.reach.shown(&fetched.url),
            no_archive: directives.no_archive,
            reason: if rendered { format!("{}; rendered", next.reason) } else { next.reason },
            media: fetched.media,
        };
        Some(Step::Page(Box::new(Read { page, bytes: fetched.bytes })))
    }

    /// Counts one more page.
    fn number(&mut self) -> PageNumber {
        self.read += 1;
        PageNumber(u32::try_from(self.read).unwrap_or(u32::MAX))
    }

    /// Reads the feeds that the start page names, for the dates of pages.
    async fn feeds(&mut self, document: &Document, base: &Url) {
        for feed in document.feeds.iter().take(MAX_FEEDS) {
            let Ok(address) = base.join(feed) else { continue };
            let rules = self.hosts.get(&address.origin().ascii_serialization());
            if rules.is_some_and(|host| host.rules.forbids(&address).is_none())
                && let Ok(Some(bytes)) = self.resources.get(&self.tools.reach, &address).await
            {
                self.dates.extend(feed::dates(&bytes, &address));
            }
        }
    }

    fn follow(&mut self, document: &Document, base: &Url) {
        let on = self.tools.reach.shown(base);
        for link in &document.links {
            if let Some(url) = url::follow(base, &link.href)
                && self.scope.takes(&url, &link.words, &on)
                && let Some(url) = self.tools.reach.settle(url)
            {
                self.frontier.add(url, Clue { words: &link.words, heading: &link.heading, on: &on });
            }
        }
    }

    fn unread(&mut self, url: &Url, why: Why, detail: &str) {
        self.ready.push_back(Step::Unread(Unread { address: self.tools.reach.shown(url), why, detail: detail.to_owned() }));
    }

    /// Hands out, one by one, what the budget left unread.
    fn leave_rest(&mut self) -> Option<Step> {
        let left = loop {
            let left = self.frontier.pop(&self.ledger)?;
            if !left.guess {
                break left;
            }
        };
        let detail = format!("the page budget was spent on pages that promise more ({})", left.reason);
        Some(Step::Unread(Unread { address: self.tools.reach.shown(&left.url), why: Why::Budget, detail }))
    }
}
