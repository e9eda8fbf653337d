//! `sovcheck check`: the main job.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::explain::{self, Line};
use super::framework::{FrameworkArgs, Frameworks};
use super::keep::Keep;
use super::model::ModelArgs;
use super::progress::Progress;
use super::reading::ReadingArgs;
use super::score::{ProfileArgs, look};
use super::{Ended, Exit, output, source};
use crate::crawl::CrawlError;
use crate::pipeline::{self, Assessment, PipelineError, Request};
use crate::report::{Report, html, markdown, terminal};
use crate::store::Store;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    reading: ReadingArgs,
    /// The service's name, for the report.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    frameworks: FrameworkArgs,
    #[command(flatten)]
    profile: ProfileArgs,
    /// What is printed to standard output.
    #[arg(long, value_enum, default_value_t = Form::Card)]
    format: Form,
    /// Write the report in every form into this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Also print which pages were read in which order and why, and what was not read.
    #[arg(long)]
    explain_crawl: bool,
    /// Write the pages as they were read into this web archive (.warc, .warc.gz).
    #[arg(long, value_name = "FILE")]
    warc: Option<PathBuf>,
    /// Begin anew even if an unfinished check of the same source is there.
    #[arg(long)]
    fresh: bool,
    /// No progress on standard error.
    #[arg(long, short, conflicts_with = "json_progress")]
    quiet: bool,
    /// Progress as JSON lines on standard error.
    #[arg(long)]
    json_progress: bool,
    /// Where checks are kept: sqlite:PATH or postgres://… [default: a file in the user's data folder].
    #[arg(long, value_name = "URL", env = "SOVCHECK_DATABASE", hide_env_values = true)]
    database: Option<String>,
    #[command(flatten, next_help_heading = "Model (none is needed)")]
    model: ModelArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For reading in a terminal.
    Card,
    /// For programs; see `sovcheck schema`.
    Json,
    /// One file that stands alone.
    Html,
    /// Markdown.
    Md,
}

impl CheckArgs {
    fn request(&self) -> Result<Request, (Exit, anyhow::Error)> {
        let bad = |error: anyhow::Error| (Exit::BadInput, error);
        let source = self.reading.source().map_err(bad)?;
        let Frameworks { factors, gates, areas, patterns } = self.frameworks.load()?;
        self.profile.check(&factors).map_err(bad)?;
        let model = self.model.model().map_err(bad)?;
        let embedding = self.model.embedding().map_err(bad)?;
        Ok(Request {
            service: self.name.clone().unwrap_or_else(|| source::name_of(&source)),
            limits: self.reading.limits(&source),
            fetch: self.reading.settings(),
            source,
            typed: self.reading.source.join(" "),
            framework: factors,
            gates,
            areas,
            patterns,
            profile: self.profile.profile(),
            model,
            embedding,
            vectors: self.model.vectors(),
            fresh: self.fresh,
        })
    }
}

/// The database that is meant: the one that is named, or a file in the user's data folder.
pub(super) fn database(named: Option<&str>) -> anyhow::Result<String> {
    if let Some(url) = named {
        return Ok(url.to_owned());
    }
    let folder = dirs::data_dir().ok_or_else(|| anyhow!("no data folder is known for this user; give --database sqlite:PATH"))?;
    Ok(format!("sqlite:{}", folder.join("sovcheck").join("checks.db").display()))
}

pub(super) async fn run(args: CheckArgs) -> Ended {
    let request = args.request()?;
    let address = database(args.database.as_deref()).map_err(|error| (Exit::BadInput, error))?;
    if !args.quiet {
        args.reading.remind(&request.source);
    }
    let store = Store::open(&address).await.map_err(|error| (Exit::Fault, error.into()))?;
    let progress = Progress::new(args.quiet, args.json_progress);
    let mut on = |event: pipeline::Event<'_>| progress.on(&event);
    let done = tokio::select! {
        done = pipeline::run(&store, &request, &mut on) => Some(done),
        _ = tokio::signal::ctrl_c() => None,
    };
    progress.end();
    let Some(done) = done else {
        store.close().await;
        eprintln!("stopped; what was read is kept, and the same command goes on from here");
        return Ok(Exit::Stopped);
    };
    let assessment = done.map_err(|error| (exit_of(&error), error.into()))?;
    if let Some(path) = &args.warc {
        archive(path, &args, &store, &assessment).await.map_err(|error| (Exit::Fault, error))?;
    }
    store.close().await;
    let report = Report::of(&request, &assessment);
    write(&args, &report).map_err(|error| (Exit::Fault, error))?;
    let shown = match args.format {
        Form::Card => terminal::draw(&report, look()),
        form => render(&report, form).map_err(|error| (Exit::Fault, error))?,
    };
    output::print(&shown)?;
    if args.explain_crawl {
        let lines = report.pages.iter().map(|p| Line { number: p.number.0, address: &p.address, reason: &p.reason });
        let explained = format!("\n{}{}", explain::order(lines), explain::rest(&report.unread, &report.hosts));
        // What programs read must stay what it says it is.
        match args.format {
            Form::Card => drop(output::print(&explained)?),
            Form::Json | Form::Html | Form::Md => eprint!("{explained}"),
        }
    }
    Ok(if report.gaps.is_empty() { Exit::Done } else { Exit::Gaps })
}

async fn archive(path: &Path, args: &CheckArgs, store: &Store, assessment: &Assessment) -> anyhow::Result<()> {
    let check = &assessment.check;
    let mut keep = Keep::begin(path, &assessment.id.to_string(), &check.service, args.reading.contact(), check.started_ms)?;
    for page in &assessment.pages {
        let body = store.body(assessment.id, page.number.0).await?;
        keep.page(page, body.unwrap_or_default())?;
    }
    keep.end(&assessment.unread)?;
    if !args.quiet {
        eprintln!("wrote {} pages to {}", assessment.pages.len(), path.display());
    }
    Ok(())
}

fn exit_of(error: &PipelineError) -> Exit {
    match error {
        PipelineError::NothingReadable(_) | PipelineError::Crawl(CrawlError::Folder { .. } | CrawlError::Archive(_)) => {
            Exit::NothingReadable
        }
        PipelineError::Crawl(CrawlError::Client(_))
        | PipelineError::Store(_)
        | PipelineError::EarlierGone(_)
        | PipelineError::Inconsistent(_)
        | PipelineError::Score(_) => Exit::Fault,
        PipelineError::Model(_) | PipelineError::Dense(_) => Exit::BadInput,
    }
}

fn render(report: &Report, form: Form) -> anyhow::Result<String> {
    Ok(match form {
        Form::Card => terminal::draw(report, terminal::Look { width: 100, colour: false }),
        Form::Json => format!("{}\n", serde_json::to_string_pretty(report)?),
        Form::Html => html::write(report)?,
        Form::Md => markdown::write(report),
    })
}

fn write(args: &CheckArgs, report: &Report) -> anyhow::Result<()> {
    let Some(folder) = &args.out else { return Ok(()) };
    for (name, form) in [("report.json", Form::Json), ("report.html", Form::Html), ("report.md", Form::Md), ("card.txt", Form::Card)] {
        output::write_file(folder, name, &render(report, form)?)?;
    }
    if !args.quiet {
        eprintln!("wrote report.json, report.html, report.md and card.txt to {}", folder.display());
    }
    Ok(())
}
