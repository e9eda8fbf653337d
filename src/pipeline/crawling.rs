//! The first stage: pages into the store, one by one.

use super::{Event, PipelineError, Run};
use crate::crawl::{Crawl, Step};
use crate::domain::page::Why;

/// Most unread addresses that are kept for the budget's sake; the site is known to be larger then.
const MAX_LEFT: usize = 500;

impl Run<'_> {
    /// Reads until the budget is spent or nothing is left.
    pub(super) async fn crawl(&mut self, resumed: bool) -> Result<(), PipelineError> {
        let request = self.request;
        let mut crawl = Crawl::new(&request.source, request.limits.clone(), &request.fetch).map_err(PipelineError::Crawl)?;
        let stored = self.store.pages(self.id).await.map_err(PipelineError::Store)?;
        (self.on)(Event::Started { id: self.id, resumed: resumed.then_some(stored.len()) });
        for page in &stored {
            let body = self.store.body(self.id, page.number.0).await.map_err(PipelineError::Store)?.unwrap_or_default();
            crawl.resume(page, &body);
        }
        let mut left = 0;
        while let Some(step) = crawl.next().await.map_err(PipelineError::Crawl)? {
            match step {
                Step::Page(read) => {
                    self.store.keep_page(self.id, &read.page, &read.bytes).await.map_err(PipelineError::Store)?;
                    let (read_so_far, known) = crawl.progress();
                    (self.on)(Event::Page { page: &read.page, read: read_so_far, known });
                }
                Step::Unread(unread) => {
                    left += usize::from(unread.why == Why::Budget);
                    if left > MAX_LEFT {
                        break;
                    }
                    self.store.keep_unread(self.id, &unread).await.map_err(PipelineError::Store)?;
                    (self.on)(Event::Unread(&unread));
                }
            }
        }
        Ok(())
    }
}
