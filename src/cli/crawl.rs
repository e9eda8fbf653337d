//! `sovcheck crawl`: reads a source as `check` would, and shows what was read in which order and why. Nothing is kept.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::explain::{self, Line};
use super::keep::Keep;
use super::reading::ReadingArgs;
use super::{Ended, Exit, output};
use crate::clock;
use crate::crawl::{Crawl, Known, Read, Step};
use crate::domain::id::CheckId;
use crate::domain::page::{Unread, Why};

#[derive(Debug, Args)]
pub(super) struct CrawlArgs {
    #[command(flatten)]
    reading: ReadingArgs,
    /// Write each page with its text as a line of JSON into this file.
    #[arg(long, value_name = "FILE")]
    texts: Option<PathBuf>,
    /// Write the pages as they were read into this web archive (.warc, .warc.gz).
    #[arg(long, value_name = "FILE")]
    warc: Option<PathBuf>,
    /// What is printed to standard output.
    #[arg(long, value_enum, default_value_t = Form::Explained)]
    format: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Each page with its value and how it came about; what was not read and why.
    Explained,
    /// One JSON object with counts, time and peak memory.
    Json,
}

pub(super) async fn run(args: CrawlArgs) -> Ended {
    let bad = |error: anyhow::Error| (Exit::BadInput, error);
    let source = args.reading.source().map_err(bad)?;
    args.reading.remind(&source);
    let limits = args.reading.limits(&source);
    let mut crawl =
        Crawl::new(&source, limits, &args.reading.settings(), Known::default()).map_err(|error| (Exit::NothingReadable, error.into()))?;
    let begun = Instant::now();
    let mut took = Took::new(&args).map_err(bad)?;
    let stopped = loop {
        let step = tokio::select! {
            step = crawl.next() => step,
            _ = tokio::signal::ctrl_c() => break true,
        };
        match step {
            Some(Step::Page(read)) => took.page(*read).map_err(|error| (Exit::Fault, error))?,
            Some(Step::Unread(unread)) => took.unread.push(unread),
            // Nothing was kept before, so no request is conditional.
            Some(Step::Resource(_) | Step::Unchanged(_)) => {}
            None => break false,
        }
    };
    let hosts = crawl.hosts();
    let shown = match args.format {
        Form::Explained => format!(
            "{}{}\n{} pages read, {} addresses not read\n",
            explain::order(took.lines.iter().map(|(number, address, reason)| Line { number: *number, address, reason })),
            explain::rest(&took.unread, &hosts),
            took.pages,
            took.unread.len()
        ),
        Form::Json => {
            let peak = peak_memory();
            let summary = json!({
                "pages": took.pages, "unread": took.unread.len(), "seconds": begun.elapsed().as_secs_f64(),
                "peak_memory_bytes": peak, "hosts": hosts, "not_read": took.unread,
            });
            format!("{summary}\n")
        }
    };
    took.end().map_err(|error| (Exit::Fault, error))?;
    output::print(&shown)?;
    Ok(match () {
        () if stopped => Exit::Stopped,
        () if took.pages == 0 => Exit::NothingReadable,
        () if took.unread.iter().any(|unread| unread.why == Why::Failed) => Exit::Gaps,
        () => Exit::Done,
    })
}

/// What came out of the crawl so far.
struct Took {
    pages: usize,
    explained: bool,
    lines: Vec<(u32, String, String)>,
    unread: Vec<Unread>,
    texts: Option<BufWriter<File>>,
    keep: Option<Keep>,
}

impl Took {
    fn new(args: &CrawlArgs) -> anyhow::Result<Self> {
        let create = |path: &PathBuf| File::create(path).with_context(|| format!("could not write {}", path.display()));
        let texts = args.texts.as_ref().map(create).transpose()?.map(BufWriter::new);
        let now = clock::now_ms();
        let begin =
            |path: &PathBuf| Keep::begin(path, &CheckId::at(now).to_string(), &args.reading.source.join(" "), args.reading.contact(), now);
        let keep = args.warc.as_ref().map(begin).transpose()?;
        Ok(Self { pages: 0, explained: args.format == Form::Explained, lines: Vec::new(), unread: Vec::new(), texts, keep })
    }

    fn page(&mut self, read: Read) -> anyhow::Result<()> {
        let page = read.page;
        self.pages += 1;
        if let Some(texts) = &mut self.texts {
            let line = json!({
                "address": page.address, "title": page.title, "language": page.language, "tier": page.tier,
                "reason": page.reason, "text": page.text.text,
            });
            writeln!(texts, "{line}").context("could not write the texts")?;
        }
        if let Some(keep) = &mut self.keep {
            keep.page(&page, read.bytes)?;
        }
        // What nobody prints need not be kept: memory stays level on a large site.
        if self.explained {
            self.lines.push((page.number.0, page.address, page.reason));
        }
        Ok(())
    }

    fn end(&mut self) -> anyhow::Result<()> {
        self.keep.take().map_or(Ok(()), |keep| keep.end(&self.unread))?;
        self.texts.as_mut().map_or(Ok(()), Write::flush).context("could not write the texts")
    }
}

/// Most memory that this process has held, in bytes, where the system says it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
