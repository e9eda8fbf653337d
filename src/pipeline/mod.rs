//! The order of the stages: crawl, extract (index, retrieve, extract, verify, settle), done; and from what is stored, the report.
//!
//! Each stage reads what the last one stored and stores its own result, one page or one factor at a time. A crash, a
//! stop and a normal step are the same code: [`run`] looks for an unfinished check of the same request and goes on.

mod crawling;
mod extracting;
mod reading;
pub mod request;
pub mod result;

use crate::clock;
use crate::domain::answer::Answer;
use crate::domain::id::CheckId;
use crate::domain::page::{Page, Unread};
use crate::store::{Check, Stage, Store, StoreError};
pub use request::Request;
pub use result::Assessment;

/// What happens while a check runs.
#[derive(Debug)]
pub enum Event<'a> {
    /// It begins, or goes on.
    Started {
        /// Its id.
        id: CheckId,
        /// Pages that were read before, if it goes on.
        resumed: Option<usize>,
    },
    /// A page was read.
    Page {
        /// The page.
        page: &'a Page,
        /// Pages read so far.
        read: usize,
        /// Pages known, up to the budget.
        known: usize,
    },
    /// An address was not read.
    Unread(&'a Unread),
    /// No page has changed since an earlier check: its answers stand.
    Unchanged {
        /// When that check began, milliseconds since the epoch.
        since_ms: u64,
    },
    /// The passages are ready to be searched.
    Indexed {
        /// How many there are.
        passages: usize,
    },
    /// A factor has its answer.
    Factor {
        /// The answer.
        answer: &'a Answer,
        /// Factors answered or given up so far.
        done: usize,
        /// Factors of the framework.
        of: usize,
    },
    /// Something to know that does not stop the check.
    Warning(String),
}

/// Why a check ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The source cannot be read at all.
    #[error("the documentation cannot be read")]
    Crawl(#[source] crate::crawl::CrawlError),
    /// Not one page could be read; the first reasons.
    #[error("no page could be read. {0}")]
    NothingReadable(String),
    /// The database failed.
    #[error("the check could not be stored")]
    Store(#[source] StoreError),
    /// The model endpoint is not set up.
    #[error("the model cannot be used")]
    Model(#[source] crate::llm::ModelError),
    /// The vector server cannot be used.
    #[error("dense search cannot be used")]
    Dense(#[source] crate::index::retrieve::DenseError),
    /// A page has not changed since an earlier check, which was deleted meanwhile: read anew, it will be there.
    #[error("the earlier check that {0} was compared with is gone")]
    EarlierGone(String),
    /// What was stored does not fit what is stored.
    #[error("the stored check is inconsistent: {0}")]
    Inconsistent(String),
    /// The answers cannot be scored.
    #[error("the answers cannot be scored")]
    Score(#[source] crate::score::ScoreError),
}

/// What every stage is given.
pub(crate) struct Run<'a> {
    pub(crate) store: &'a Store,
    pub(crate) request: &'a Request,
    pub(crate) id: CheckId,
    pub(crate) on: &'a mut (dyn FnMut(Event<'_>) + Send),
}

/// Runs a check, or goes on with the unfinished one of the same request, and returns its assessment.
///
/// Dropping the future stops it; what was done is stored.
///
/// # Errors
/// [`PipelineError`]; a factor that could not be answered is no error.
pub async fn run(store: &Store, request: &Request, on: &mut (dyn FnMut(Event<'_>) + Send)) -> Result<Assessment, PipelineError> {
    let key = request.key();
    let found = if request.fresh { None } else { store.unfinished(&key).await.map_err(PipelineError::Store)? };
    let (id, check, stage, resumed) = match found {
        Some((id, check, stage)) => (id, check, stage, true),
        None => {
            let now = clock::now_ms();
            let id = CheckId::at(now);
            let check = begun(request, now);
            store.begin(id, &key, &check).await.map_err(PipelineError::Store)?;
            (id, check, Stage::Crawl, false)
        }
    };
    Run { store, request, id, on }.through(&key, check, stage, resumed).await
}

/// Runs the check `id`, or goes on with it, whatever other checks of the same request there are.
///
/// # Errors
/// As [`run`].
pub async fn run_as(
    store: &Store,
    request: &Request,
    id: CheckId,
    on: &mut (dyn FnMut(Event<'_>) + Send),
) -> Result<Assessment, PipelineError> {
    let key = request.key();
    let (check, stage, resumed) = match store.check(id).await.map_err(PipelineError::Store)? {
        Some((check, stage)) => (check, stage, true),
        None => {
            let check = begun(request, clock::now_ms());
            store.begin(id, &key, &check).await.map_err(PipelineError::Store)?;
            (check, Stage::Crawl, false)
        }
    };
    Run { store, request, id, on }.through(&key, check, stage, resumed).await
}

fn begun(request: &Request, now_ms: u64) -> Check {
    Check { service: request.service.clone(), source: request.typed.clone(), folder: request.is_folder(), started_ms: now_ms }
}

impl Run<'_> {
    /// The stages from `stage` on.
    async fn through(mut self, key: &str, check: Check, stage: Stage, resumed: bool) -> Result<Assessment, PipelineError> {
        let (store, request, id) = (self.store, self.request, self.id);
        if stage == Stage::Crawl {
            self.crawl(key, resumed).await?;
            store.reach(id, Stage::Extract, clock::now_ms()).await.map_err(PipelineError::Store)?;
        } else {
            (self.on)(Event::Started { id, resumed: Some(store.pages(id).await.map_err(PipelineError::Store)?.len()) });
        }
        let profile = self.extract().await?;
        store.reach(id, Stage::Done, clock::now_ms()).await.map_err(PipelineError::Store)?;
        Assessment::of(store, request, id, check, profile).await
    }
}
