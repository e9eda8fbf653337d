//! The first stage: pages into the store, one by one. What an earlier check of the same request left makes the requests
//! conditional; if no page has changed, its answers stand.

use std::collections::HashMap;

use super::{Event, PipelineError, Run};
use crate::crawl::fetch::Validators;
use crate::crawl::{Crawl, Known, Source, Step};
use crate::domain::id::CheckId;
use crate::domain::page::{Page, Why};

/// Most unread addresses that are kept for the budget's sake; the site is known to be larger then.
const MAX_LEFT: usize = 500;

/// The earlier check of the same request.
struct Earlier {
    id: CheckId,
    started_ms: u64,
    pages: HashMap<String, Page>,
}

impl Run<'_> {
    /// Reads until the budget is spent or nothing is left.
    pub(super) async fn crawl(&mut self, key: &str, resumed: bool) -> Result<(), PipelineError> {
        let request = self.request;
        let earlier = self.earlier(key).await?;
        let known = self.known(earlier.as_ref()).await?;
        let mut crawl = Crawl::new(&request.source, request.limits.clone(), &request.fetch, known).map_err(PipelineError::Crawl)?;
        let stored = self.store.pages(self.id).await.map_err(PipelineError::Store)?;
        (self.on)(Event::Started { id: self.id, resumed: resumed.then_some(stored.len()) });
        for page in &stored {
            let body = self.store.body(self.id, page.number.0).await.map_err(PipelineError::Store)?.unwrap_or_default();
            crawl.resume(page, &body);
        }
        let (mut left, mut reasons) = (0, Vec::new());
        while let Some(step) = crawl.next().await {
            match step {
                Step::Page(read) => self.take_in(&crawl, &read.page, &read.bytes).await?,
                Step::Unchanged(unchanged) => {
                    let copy = earlier.as_ref().and_then(|earlier| Some((earlier.id, earlier.pages.get(&unchanged.address)?)));
                    let (id, copy) = copy.ok_or_else(|| PipelineError::Inconsistent(format!("no copy of {}", unchanged.address)))?;
                    let bytes = self.store.body(id, copy.number.0).await.map_err(PipelineError::Store)?;
                    let bytes = bytes.ok_or_else(|| PipelineError::EarlierGone(unchanged.address.clone()))?;
                    let read = crawl.restore(*unchanged, copy, bytes);
                    self.take_in(&crawl, &read.page, &read.bytes).await?;
                }
                Step::Resource(resource) => self.store.keep_resource(&resource).await.map_err(PipelineError::Store)?,
                Step::Unread(unread) => {
                    left += usize::from(unread.why == Why::Budget);
                    if left > MAX_LEFT {
                        break;
                    }
                    self.store.keep_unread(self.id, &unread).await.map_err(PipelineError::Store)?;
                    (self.on)(Event::Unread(&unread));
                    if reasons.len() < 5 {
                        reasons.push(format!("{}: {}", unread.address, unread.detail));
                    }
                }
            }
        }
        if crawl.progress().0 == 0 {
            return Err(PipelineError::NothingReadable(reasons.join("; ")));
        }
        self.store.keep_hosts(self.id, &crawl.hosts()).await.map_err(PipelineError::Store)?;
        if let Some(earlier) = earlier {
            self.stand(&earlier).await?;
        }
        Ok(())
    }

    async fn take_in(&mut self, crawl: &Crawl, page: &Page, bytes: &[u8]) -> Result<(), PipelineError> {
        self.store.keep_page(self.id, page, bytes).await.map_err(PipelineError::Store)?;
        let (read, known) = crawl.progress();
        (self.on)(Event::Page { page, read, known });
        Ok(())
    }

    /// The latest finished check of the same request, unless everything is to be read anew.
    async fn earlier(&self, key: &str) -> Result<Option<Earlier>, PipelineError> {
        if self.request.fresh || !matches!(self.request.source, Source::Site(_)) {
            return Ok(None);
        }
        let Some((id, check)) = self.store.finished(key).await.map_err(PipelineError::Store)? else { return Ok(None) };
        let pages = self.store.pages(id).await.map_err(PipelineError::Store)?;
        let pages = pages.into_iter().map(|page| (page.address.clone(), page)).collect();
        Ok(Some(Earlier { id, started_ms: check.started_ms, pages }))
    }

    async fn known(&self, earlier: Option<&Earlier>) -> Result<Known, PipelineError> {
        let mut known = Known::default();
        let Source::Site(starts) = &self.request.source else { return Ok(known) };
        let mut origins: Vec<String> = starts.iter().map(|start| format!("{}/", start.origin().ascii_serialization())).collect();
        if let Some(earlier) = earlier {
            for (address, page) in &earlier.pages {
                let validators = Validators { etag: page.etag.clone(), last_modified: page.last_modified.clone() };
                if validators != Validators::default() {
                    known.pages.insert(address.clone(), validators);
                }
            }
            let hosts = self.store.hosts(earlier.id).await.map_err(PipelineError::Store)?;
            origins.extend(hosts.iter().map(|host| format!("https://{}/", host.host)));
        }
        origins.sort();
        origins.dedup();
        if !self.request.fresh {
            for origin in origins {
                known.resources.extend(self.store.resources(&origin).await.map_err(PipelineError::Store)?);
            }
        }
        Ok(known)
    }

    /// If the pages are the same as those of an earlier check, its answers are this one's too.
    async fn stand(&mut self, earlier: &Earlier) -> Result<(), PipelineError> {
        let pages = self.store.pages(self.id).await.map_err(PipelineError::Store)?;
        let same =
            |page: &Page| earlier.pages.get(&page.address).is_some_and(|old| (old.number, &old.sha256) == (page.number, &page.sha256));
        if pages.len() == earlier.pages.len() && pages.iter().all(same) {
            self.store.copy_answers(earlier.id, self.id).await.map_err(PipelineError::Store)?;
            (self.on)(Event::Unchanged { since_ms: earlier.started_ms });
        }
        Ok(())
    }
}
