//! `sovcheck eval recall`: how many labelled facts are among the passages that are retrieved for their factors.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::labels::{Corpora, Facts};
use crate::cli::{Exit, framework, output};
use crate::domain::page::Page;
use crate::domain::quote::fold;
use crate::index::retrieve::{FUSION, Fusion, Index};
use crate::index::vectors::Vectors;
use crate::index::vectors::local::Local;
use crate::llm::{Endpoint, EndpointSettings};

#[derive(Debug, Args)]
pub(in crate::cli) struct RecallArgs {
    #[command(flatten)]
    corpora: Corpora,
    /// An OpenAI-compatible endpoint for embeddings: without one, lexical search alone is measured.
    #[arg(long, value_name = "URL", env = "SOVCHECK_EMBED_URL", requires = "embed_model")]
    embed_url: Option<String>,
    /// The embedding model's name.
    #[arg(long, value_name = "NAME", env = "SOVCHECK_EMBED_MODEL")]
    embed_model: Option<String>,
    /// Weights of dense ranks to try beside lexical ones of 100; `lexical 0` is dense alone.
    #[arg(long, value_delimiter = ',', default_value = "0,30,60,100,200")]
    dense: Vec<u32>,
    /// A framework edition of your own.
    #[arg(long, value_name = "FILE")]
    framework: Option<PathBuf>,
}

/// A quote is in a passage if half of its words in a row are: readers quote over the ends of passages.
const KS: [usize; 5] = [1, 3, 8, 20, 60];

pub(super) async fn run(args: &RecallArgs) -> anyhow::Result<Exit> {
    let framework = framework::chosen(args.framework.as_deref()).map_err(|(_, error)| error)?;
    let endpoint = match (&args.embed_url, &args.embed_model) {
        (Some(url), Some(model)) => Some(Endpoint::new(EndpointSettings {
            base_url: url.clone(),
            model: model.clone(),
            key: None,
            timeout: Duration::from_secs(600),
        })?),
        _ => None,
    };
    let mut out = format!(
        "{:<14} {:<16} {:>5} {:>8} {}\n",
        "vendor",
        "weights",
        "pairs",
        "passages",
        KS.map(|k| format!("{:>6}", format!("@{k}"))).join("")
    );
    for vendor in args.corpora.vendors()? {
        let facts = args.corpora.facts(&vendor)?;
        let pages = args.corpora.pages(&vendor).await?;
        let mut index = Index::new(&pages);
        if let Some(endpoint) = &endpoint {
            index.with_dense(&vendor, &pages, &framework, endpoint, &mut Vectors::Local(Local::default())).await?;
        }
        let mut settings: Vec<(String, Fusion)> = Vec::new();
        if endpoint.is_some() {
            settings.extend(args.dense.iter().map(|dense| (format!("100:{dense}"), Fusion { lexical: 100, dense: *dense, ..*FUSION })));
            settings.push(("dense alone".to_owned(), Fusion { lexical: 0, dense: 100, ..*FUSION }));
        } else {
            settings.push(("lexical alone".to_owned(), Fusion { dense: 0, ..*FUSION }));
        }
        for (name, fusion) in settings {
            let (found, pairs) = recall(&framework, &index, &pages, &facts, &fusion);
            #[expect(clippy::cast_precision_loss, reason = "counts of labels")]
            let shares = found.map(|n| format!("{:>6.2}", n as f64 / pairs.max(1) as f64)).join("");
            out.push_str(&format!("{vendor:<14} {name:<16} {pairs:>5} {:>8} {shares}\n", index.passages.len()));
        }
    }
    output::print(&out).map_err(|(_, error)| error)
}

fn recall(framework: &crate::framework::Framework, index: &Index, pages: &[Page], facts: &Facts, fusion: &Fusion) -> ([usize; 5], usize) {
    let (mut found, mut pairs) = ([0; 5], 0);
    for fact in &facts.facts {
        let quote = squeeze(&fact.quote);
        for factor in fact.factors.iter().filter_map(|id| framework.factor(id)) {
            pairs += 1;
            let ranked = index.retrieve(framework, factor, KS[4], fusion).passages;
            let rank = ranked.iter().position(|place| {
                let passage = &index.passages[*place as usize];
                let page = pages.iter().find(|p| p.number == passage.page);
                page.is_some_and(|page| page.address == fact.page && overlaps(&squeeze(&page.text.text[passage.range.clone()]), &quote))
            });
            if let Some(rank) = rank {
                for (count, k) in found.iter_mut().zip(KS) {
                    *count += usize::from(rank < k);
                }
            }
        }
    }
    (found, pairs)
}

/// Letters and digits alone: cells and items are joined differently by every reader.
fn squeeze(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn overlaps(passage: &str, quote: &str) -> bool {
    let chars: Vec<char> = quote.chars().collect();
    let half: String = chars[..chars.len().div_ceil(2)].iter().collect();
    let rest: String = chars[chars.len() / 2..].iter().collect();
    passage.contains(&half) || passage.contains(&rest)
}
