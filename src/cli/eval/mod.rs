//! `sovcheck eval`: measured against labelled vendors.

mod compare;
mod crawl;
mod folder;
mod retrieval;
mod run;
mod table;

pub(super) use folder::{all_pages, pages};

use clap::{Args, Subcommand};

use super::{Ended, Exit};

const EXAMPLES: &str = "\
Examples:
  sovcheck eval fixtures
  sovcheck eval corpora --vendor scalingo,aws --out runs/rules
  sovcheck eval corpora --model-url http://127.0.0.1:8080/v1 --model mistral-small --record replies.jsonl --out runs/model
  sovcheck eval diff runs/rules/eval.json runs/model/eval.json
  sovcheck eval fit runs/model/eval.json --fit scalingo,aws --report platformsh --write calibration.toml

The form of labels is described in fixtures/labels/README.md.";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_help = EXAMPLES)]
pub(super) struct EvalArgs {
    #[command(subcommand)]
    command: Option<EvalCommand>,
    #[command(flatten)]
    run: run::RunArgs,
}

#[derive(Debug, Subcommand)]
enum EvalCommand {
    /// What got better and what got worse between two runs, by factor.
    Diff(compare::DiffArgs),
    /// Which replies moved between two recordings of a model.
    Drift(compare::DriftArgs),
    /// Fit the calibration on some vendors of a run and report it on others.
    Fit(compare::FitArgs),
    /// Share of labelled facts among the first k passages, by way of retrieval.
    Retrieval(Box<retrieval::RetrievalArgs>),
    /// Share of the pages with labelled facts among the first n that are read, beside breadth-first order.
    Crawl(crawl::CrawlArgs),
}

pub(super) async fn run(args: EvalArgs) -> Ended {
    match args.command {
        Some(EvalCommand::Diff(args)) => compare::diff(&args),
        Some(EvalCommand::Drift(args)) => compare::drift(&args),
        Some(EvalCommand::Fit(args)) => compare::fit(&args),
        Some(EvalCommand::Retrieval(args)) => retrieval::run(&args).await,
        Some(EvalCommand::Crawl(args)) => crawl::run(&args).await,
        None => run::run(&args.run).await,
    }
    .map_err(|error| (Exit::BadInput, error))
}
