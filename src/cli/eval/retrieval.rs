//! `sovcheck eval retrieval`: how many labelled facts are among the passages that are retrieved for their factors, by
//! each way of finding them: the ablation of retrieval.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use futures::{StreamExt, TryStreamExt};

use super::folder::{Corpora, all_pages, pages};
use crate::cli::framework::with_facts;
use crate::cli::model::ModelArgs;
use crate::cli::{Exit, framework, output};
use crate::domain::id::FactorId;
use crate::domain::page::Page;
use crate::eval::metrics::share;
use crate::eval::recall::{FactRecall, KS};
use crate::extract::mask::Mask;
use crate::extract::model::Asker;
use crate::extract::rank;
use crate::framework::Framework;
use crate::index::retrieve::{Index, WAYS, Ways};
use crate::index::vectors::Vectors;
use crate::index::vectors::local::Local;
use crate::llm::Endpoint;
use crate::llm::usage::Budget;
use crate::pipeline::request::ModelUse;
use crate::profile;

#[derive(Debug, Args)]
pub(super) struct RetrievalArgs {
    #[command(flatten)]
    corpora: Corpora,
    /// A framework edition of your own.
    #[arg(long, value_name = "FILE")]
    framework: Option<PathBuf>,
    /// Weights of your own instead of those that ship with the program (see src/index/fusion.toml).
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// A file with patterns for facts of your own; may be given several times.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    facts: Vec<PathBuf>,
    /// Also print the facts that the last way does not have among the first 20.
    #[arg(long)]
    missed: bool,
    #[command(flatten, next_help_heading = "Models (none is needed): one that embeds, one that chooses")]
    model: ModelArgs,
}

pub(super) async fn run(args: &RetrievalArgs) -> anyhow::Result<Exit> {
    let framework = framework::chosen(args.framework.as_deref()).map_err(|(_, error)| error)?;
    let endpoint = args.model.embedding()?.map(Endpoint::new).transpose()?;
    let chooser = args.model.model()?;
    let whole = match &args.weights {
        None => *WAYS,
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
            toml::from_str(&text).with_context(|| path.display().to_string())?
        }
    };
    let patterns = with_facts(&args.facts)?;
    let plain = Ways { patterns: 0, facts: 0, topic: 0, weak: 100, best: 0, ..whole };
    let mut ways = vec![
        ("lexical alone", Ways { dense: 0, ..plain }),
        ("+ patterns", Ways { dense: 0, patterns: whole.patterns, ..plain }),
        ("+ topics", Ways { dense: 0, facts: 0, ..whole }),
        ("lexical, re-ranked", Ways { dense: 0, ..whole }),
    ];
    if endpoint.is_some() {
        ways.insert(0, ("dense alone", Ways { lexical: 0, ..plain }));
        ways.push(("fused", plain));
        ways.push(("fused, re-ranked", whole));
    }
    let whole = if endpoint.is_some() { whole } else { Ways { dense: 0, ..whole } };
    let mut chosen = FactRecall::default();
    let mut sums = vec![FactRecall::default(); ways.len()];
    let mut out =
        "share of (fact, factor) pairs whose quote is among the first k passages, of the pairs whose page was read\n\n".to_owned();
    out.push_str(&format!("{:<14} {:<20} {:>5} {}\n", "vendor", "way", "pairs", KS.map(|k| format!("{:>6}", format!("@{k}"))).join("")));
    for labelled in args.corpora.labelled(&framework)? {
        let pages = pages(&labelled.site, all_pages()).await?;
        let mut index = Index::new(&pages);
        index.with_facts(&profile::find(&pages, &patterns, &framework.knowledge.never));
        if let Some(endpoint) = &endpoint {
            index.with_dense(&labelled.vendor, &pages, &framework, endpoint, &mut Vectors::Local(Local::default())).await?;
        }
        for ((name, ways), sum) in ways.iter().zip(&mut sums) {
            let recall = FactRecall::measure(&framework, &index, &pages, &labelled.facts, &[], ways, |factor| {
                index.retrieve(&framework, factor, KS[4], ways).passages
            });
            out.push_str(&line(&labelled.vendor, name, &recall));
            sum.plus(&recall);
            sum.missed = recall
                .missed
                .into_iter()
                .map(|missed| format!("{}: {missed}", labelled.vendor))
                .chain(std::mem::take(&mut sum.missed))
                .collect();
        }
        if let Some(use_of) = &chooser {
            let read = choose(use_of, &framework, &labelled.vendor, &index, &pages, &whole).await?;
            let recall = FactRecall::measure(&framework, &index, &pages, &labelled.facts, &[], &whole, |factor| read[&factor.id].clone());
            out.push_str(&line(&labelled.vendor, "chosen by the model", &recall));
            chosen.plus(&recall);
            chosen.missed.extend(recall.missed.into_iter().map(|missed| format!("{}: {missed}", labelled.vendor)));
        }
    }
    let mut names: Vec<&str> = ways.iter().map(|(name, _)| *name).collect();
    if chooser.is_some() {
        names.push("chosen by the model");
        sums.push(chosen);
    }
    for (name, sum) in names.iter().zip(&sums) {
        out.push_str(&line("all", name, sum));
    }
    out.push_str("\nshare of facts whose quote is among the first k passages of one of their factors\n\n");
    for (name, sum) in names.iter().zip(&sums) {
        let shares = sum.found_facts.map(|n| share(n, sum.facts).map_or("     –".to_owned(), |s| format!("{s:>6.2}"))).join("");
        out.push_str(&format!("{:<14} {name:<20} {:>5} {shares}\n", "all", sum.facts));
    }
    if args.missed {
        sums.last().into_iter().flat_map(|sum| &sum.missed).for_each(|missed| out.push_str(&format!("missed {missed}\n")));
    }
    output::print(&out).map_err(|(_, error)| error)
}

/// What a model chooses to read for each factor, of what search found.
async fn choose(
    use_of: &ModelUse,
    framework: &Framework,
    vendor: &str,
    index: &Index,
    pages: &[Page],
    ways: &Ways,
) -> anyhow::Result<BTreeMap<FactorId, Vec<u32>>> {
    let endpoint = Endpoint::new(use_of.endpoint.clone())?;
    let budget = Budget::new(use_of.budget, 0);
    let asker = Asker { endpoint: &endpoint, budget: &budget, framework, service: vendor, mask: Mask::default() };
    let asker = &asker;
    futures::stream::iter(framework.factors.iter().map(|factor| async move {
        let found = index.retrieve(framework, factor, KS[4], ways).passages;
        let (mut read, _) = asker.rank(factor, &rank::candidates(framework, index, pages, factor, &found)).await?;
        read.extend(found.into_iter().filter(|place| !read.contains(place)).collect::<Vec<_>>());
        Ok((factor.id.clone(), read))
    }))
    .buffer_unordered(use_of.at_once.max(1))
    .try_collect()
    .await
}

fn line(vendor: &str, way: &str, recall: &FactRecall) -> String {
    let shares = recall.found.map(|n| share(n, recall.pairs).map_or("     –".to_owned(), |s| format!("{s:>6.2}"))).join("");
    format!("{vendor:<14} {way:<20} {:>5} {shares}\n", recall.pairs)
}
