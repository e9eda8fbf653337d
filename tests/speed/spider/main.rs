//! Crawls one host with the crate `spider` and writes the text of each page, as Markdown of its main content:
//! `speed-spider ADDRESS FILE`. Settings are spider's own; only the waiting between requests is named.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::{Arc, Mutex};

use spider::page::Page;
use spider::tokio::runtime::Handle;
use spider::tokio::sync::broadcast::{Receiver, error::RecvError};
use spider::tokio::{self, task::JoinSet};
use spider::website::Website;
use spider_transformations::transformation::content::{ReturnFormat, TransformConfig, transform_content_send};

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Texts = Arc<Mutex<BufWriter<File>>>;

/// Pages in spider's channel. It keeps that many in memory, and drops what is not taken in time: an error here.
const WAITING: usize = 256;

async fn write(page: Page, texts: Texts) -> Result<(), Failure> {
    let config = TransformConfig { return_format: ReturnFormat::Markdown, main_content: true, ..Default::default() };
    let text = transform_content_send(&page, &config, &None, &None, &None).await;
    let title = page.metadata.as_ref().and_then(|m| m.title.as_deref());
    let record = serde_json::json!({ "address": page.get_url(), "title": title, "text": text });
    let mut texts = texts.lock().map_err(|_| "a writer failed")?;
    writeln!(texts, "{record}")?;
    Ok(())
}

/// Takes every page that arrives until the crawl has ended. It has a thread of its own, so as to be in time.
fn take(mut pages: Receiver<Page>, texts: &Texts, runtime: &Handle) -> Result<JoinSet<Result<(), Failure>>, Failure> {
    let mut writers = JoinSet::new();
    loop {
        match pages.blocking_recv() {
            Ok(page) => drop(writers.spawn_on(write(page, texts.clone()), runtime)),
            Err(RecvError::Closed) => return Ok(writers),
            Err(RecvError::Lagged(lost)) => return Err(format!("{lost} pages were dropped").into()),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let (Some(address), Some(file)) = (words.next(), words.next()) else {
        return Err("speed-spider ADDRESS FILE".into());
    };
    let texts = Arc::new(Mutex::new(BufWriter::new(File::create(file)?)));
    let mut website = Website::new(&address);
    website.with_delay(0);
    let (pages, taken, runtime) = (website.subscribe(WAITING), texts.clone(), Handle::current());
    let taker = tokio::task::spawn_blocking(move || take(pages, &taken, &runtime));
    website.crawl().await;
    website.unsubscribe();
    drop(website);
    let mut writers = taker.await??;
    while let Some(done) = writers.join_next().await {
        done??;
    }
    texts.lock().map_err(|_| "a writer failed")?.flush()?;
    Ok(())
}
