//! `sovcheck eval`: measured against labelled vendors.

mod crawl;
mod labels;
mod recall;

use clap::Subcommand;

use super::{Ended, Exit};

#[derive(Debug, Subcommand)]
pub(super) enum EvalCommand {
    /// Share of (fact, factor) pairs whose quote is among the first k passages.
    Recall(recall::RecallArgs),
    /// Share of the pages with labelled facts among the first n that are read, beside breadth-first order.
    Crawl(crawl::CrawlArgs),
}

pub(super) async fn run(command: EvalCommand) -> Ended {
    match command {
        EvalCommand::Recall(args) => recall::run(&args).await,
        EvalCommand::Crawl(args) => crawl::run(&args).await,
    }
    .map_err(|error| (Exit::BadInput, error))
}
