//! `sovcheck eval FOLDER`: whole checks of labelled vendors, held against their labels.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use clap::Args;

use super::folder::{Corpora, all_pages};
use super::table;
use crate::cli::model::ModelArgs;
use crate::cli::progress::Progress;
use crate::cli::{Exit, framework, output};
use crate::crawl::{Source, fetch};
use crate::eval::labels::Labelled;
use crate::eval::recall::{FactRecall, KS};
use crate::eval::{FORMAT, Run, Settings, VendorRun, against, page};
use crate::framework::{Factor, Framework};
use crate::index::retrieve::{Index, WAYS};
use crate::pipeline::{self, Request};
use crate::profile::patterns::Patterns;
use crate::prompt::EXTRACT;
use crate::report::Report;
use crate::score::Profile;
use crate::settle;
use crate::store::Store;

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    corpora: Corpora,
    /// Write eval.json, eval.html and each vendor's report into this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A framework edition of your own.
    #[arg(long, value_name = "FILE")]
    framework: Option<PathBuf>,
    /// Print the run as JSON.
    #[arg(long)]
    json: bool,
    /// Print every factor with its outcome.
    #[arg(long)]
    rows: bool,
    /// Where the checks are kept, so that a run that was stopped goes on [default: nowhere].
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// No progress on standard error.
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten, next_help_heading = "Model (none is needed)")]
    model: ModelArgs,
}

pub(super) async fn run(args: &RunArgs) -> anyhow::Result<Exit> {
    let framework = framework::chosen(args.framework.as_deref()).map_err(|(_, error)| error)?;
    let model = args.model.model()?;
    let labelled = args.corpora.labelled(&framework)?;
    let scratch = tempfile::tempdir().context("no place for the checks")?;
    let address = args.database.clone().unwrap_or_else(|| format!("sqlite:{}", scratch.path().join("eval.db").display()));
    let store = Store::open(&address).await?;
    let mut run = Run {
        format: FORMAT.to_owned(),
        settings: Settings {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            framework: format!("{} {} {}", framework.id, framework.edition, framework.sha256),
            extractor: model.as_ref().map_or_else(|| "embedded".to_owned(), |m| m.endpoint.model.clone()),
            prompt: model.as_ref().map(|_| EXTRACT.sha256()),
            settling: settle::version(),
            changed: args.model.changed(),
        },
        vendors: Vec::new(),
    };
    for one in &labelled {
        run.vendors.push(vendor(args, &framework, &store, one).await.with_context(|| one.vendor.clone())?);
        // What is done is on disk, should the next one be stopped.
        if let Some(folder) = &args.out {
            output::write_file(folder, "eval.json", &format!("{}\n", serde_json::to_string_pretty(&run)?))?;
            output::write_file(folder, "eval.html", &page::write(&run, &framework)?)?;
        }
    }
    store.close().await;
    let shown = if args.json { format!("{}\n", serde_json::to_string_pretty(&run)?) } else { table::run(&run, args.rows) };
    output::print(&shown).map_err(|(_, error)| error)
}

async fn vendor(args: &RunArgs, framework: &Framework, store: &Store, labelled: &Labelled) -> anyhow::Result<VendorRun> {
    let request = Request {
        service: labelled.vendor.clone(),
        source: Source::Folder(labelled.site.clone()),
        typed: labelled.vendor.clone(),
        framework: framework.clone(),
        gates: Vec::new(),
        areas: Vec::new(),
        patterns: Patterns::embedded().clone(),
        profile: Profile::default(),
        limits: all_pages(),
        fetch: fetch::Settings::default(),
        model: args.model.model()?,
        embedding: args.model.embedding()?,
        vectors: args.model.vectors(),
        fresh: args.database.is_none(),
    };
    let begun = Instant::now();
    let progress = Progress::new(args.quiet, false);
    let mut on = |event: pipeline::Event<'_>| progress.on(&event);
    let assessment = pipeline::run(store, &request, &mut on).await;
    progress.end();
    let assessment = assessment?;
    let seconds = begun.elapsed().as_secs_f64();
    let mut index = Index::new(&assessment.pages);
    index.with_facts(&assessment.profile);
    let searched = |factor: &Factor| index.retrieve(framework, factor, KS[4], &WAYS).passages;
    // What a model chose to read comes first.
    let read = |factor: &Factor| {
        let answer = assessment.answers.iter().find(|answer| answer.factor == factor.id);
        let mut places = answer.map(|answer| answer.receipt.ranked.clone()).unwrap_or_default();
        places.extend(searched(factor).into_iter().filter(|place| !places.contains(place)).collect::<Vec<_>>());
        places
    };
    let recall = |read: &dyn Fn(&Factor) -> Vec<u32>| {
        FactRecall::measure(framework, &index, &assessment.pages, &labelled.facts, &assessment.findings, &WAYS, read)
    };
    let (facts, by_search) = (recall(&read), recall(&searched));
    let cost = request.model.as_ref().and_then(|m| m.price).map(|price| price.of(assessment.usage));
    if let Some(folder) = &args.out {
        let report = Report::of(&request, &assessment);
        output::write_file(folder, &format!("{}.json", labelled.vendor), &format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    }
    Ok(VendorRun { seconds, cost, by_search, ..against(labelled, framework, &assessment, facts)? })
}
