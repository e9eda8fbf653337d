//! `sovcheck facts`: what pages state of a service, and trying patterns of one's own.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::eval::{all_pages, pages};
use super::{Ended, Exit, framework, output};
use crate::domain::profile::Kind;
use crate::profile;

#[derive(Debug, Subcommand)]
pub(super) enum FactsCommand {
    /// List the facts that stand on the pages of a folder, each with its quote.
    Find {
        /// A folder of HTML, PDF, Markdown and text files.
        folder: PathBuf,
        /// A file with patterns of your own; may be given several times.
        #[arg(long, value_name = "FILE", num_args = 1..)]
        facts: Vec<PathBuf>,
        /// Only facts of these kinds.
        #[arg(long, value_delimiter = ',')]
        kind: Vec<String>,
        /// How they are printed.
        #[arg(long, value_enum, default_value_t = Form::Text)]
        format: Form,
    },
    /// Try every pattern on its own examples.
    Check {
        /// Files with patterns of your own; those that ship with the program are always tried.
        facts: Vec<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For reading.
    Text,
    /// For programs.
    Json,
}

pub(super) async fn run(command: FactsCommand) -> Ended {
    let bad = |error: anyhow::Error| (Exit::BadInput, error);
    match command {
        FactsCommand::Check { facts } => {
            let patterns = framework::with_facts(&facts).map_err(bad)?;
            let wrong = patterns.wrong();
            if !wrong.is_empty() {
                return Err(bad(anyhow::anyhow!("{}", wrong.join("\n"))));
            }
            output::print(&format!("{} patterns for {} kinds of facts. No faults.\n", patterns.all.len(), patterns.kinds.len()))
        }
        FactsCommand::Find { folder, facts, kind, format } => {
            let patterns = framework::with_facts(&facts).map_err(bad)?;
            let unknown = kind.iter().find(|kind| patterns.kinds.iter().all(|(known, _)| known.as_str() != **kind));
            if let Some(unknown) = unknown {
                return Err(bad(anyhow::anyhow!("--kind {unknown}: no such kind of fact")));
            }
            let factors = framework::chosen(None)?;
            let pages = pages(&folder, all_pages()).await.map_err(|error| (Exit::NothingReadable, error))?;
            let kinds: Vec<Kind> = kind.into_iter().map(Kind).collect();
            let mut found = profile::find(&pages, &patterns, &factors.knowledge.never);
            found.facts.retain(|fact| kinds.is_empty() || kinds.contains(&fact.kind));
            if format == Form::Json {
                let json = serde_json::to_string_pretty(&found.facts).map_err(|error| (Exit::Fault, error.into()))?;
                return output::print(&format!("{json}\n"));
            }
            let address = |fact: &crate::domain::profile::Fact| {
                pages.iter().find(|page| page.number == fact.page).map_or("", |page| page.address.as_str())
            };
            let lines = found.facts.iter().map(|fact| {
                let outdated = if fact.outdated { ", outdated" } else { "" };
                format!(
                    "{}\n    {}\n    {} ({}{outdated}) [{}/{}]\n",
                    fact.reads(),
                    fact.quote,
                    address(fact),
                    fact.tier.name(),
                    fact.kind.as_str(),
                    fact.pattern
                )
            });
            let lines: String = lines.collect();
            output::print(if lines.is_empty() { "No facts found.\n" } else { &lines })
        }
    }
}
