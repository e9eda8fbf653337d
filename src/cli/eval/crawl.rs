//! `sovcheck eval crawl`: how many of the pages with labelled facts are reached within n pages, beside breadth-first.
//!
//! Each vendor's snapshot is walked from its start page as a site would be: by links, and by its sitemap. The same walk
//! in the order of finding is the peer, with the sitemap and without it.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;

use super::folder::{Corpora, pages};
use crate::cli::{Exit, framework, output};
use crate::crawl::Limits;
use crate::crawl::frontier::Order;

#[derive(Debug, Args)]
pub(super) struct CrawlArgs {
    #[command(flatten)]
    corpora: Corpora,
    /// Numbers of pages at which to measure.
    #[arg(long, value_delimiter = ',', default_value = "25,50,100,150", value_parser = clap::value_parser!(u32).range(1..))]
    at: Vec<u32>,
    /// Also print the labelled pages that the focused crawls have not reached at the last number.
    #[arg(long)]
    missed: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// A way to walk a site.
const WALKS: [(&str, Order, bool); 4] = [
    ("focused", Order::Promise, false),
    ("focused, links alone", Order::Promise, true),
    ("breadth-first", Order::Found, false),
    ("breadth-first, links alone", Order::Found, true),
];

#[derive(serde::Serialize)]
struct Row {
    vendor: String,
    walk: &'static str,
    labelled_pages: usize,
    /// For each number of pages, how many labelled ones are among them.
    reached: Vec<usize>,
    #[serde(skip)]
    missed: Vec<String>,
}

pub(super) async fn run(args: &CrawlArgs) -> anyhow::Result<Exit> {
    let most = args.at.iter().copied().max().unwrap_or(1) as usize;
    let mut rows: Vec<Row> = Vec::new();
    let framework = framework::chosen(None).map_err(|(_, error)| error)?;
    for one in args.corpora.labelled(&framework)? {
        let labelled: BTreeSet<String> = one.facts.into_iter().map(|fact| fact.page).collect();
        for (walk, order, links_only) in WALKS {
            let limits = Limits { order, links_only, walk: true, ..Limits::new(most, Duration::ZERO) };
            let read: Vec<String> = pages(&one.site, limits).await?.into_iter().map(|page| page.address).collect();
            let within = |n: usize| read.iter().take(n).filter(|address| labelled.contains(*address)).count();
            rows.push(Row {
                vendor: one.vendor.clone(),
                walk,
                labelled_pages: labelled.len(),
                reached: args.at.iter().map(|n| within(*n as usize)).collect(),
                missed: labelled.iter().filter(|page| !read.contains(page)).cloned().collect(),
            });
        }
    }
    for (walk, ..) in WALKS {
        let of: Vec<&Row> = rows.iter().filter(|row| row.walk == walk).collect();
        let reached = (0..args.at.len()).map(|i| of.iter().map(|row| row.reached[i]).sum()).collect();
        let labelled_pages = of.iter().map(|row| row.labelled_pages).sum();
        rows.push(Row { vendor: "all".to_owned(), walk, labelled_pages, reached, missed: Vec::new() });
    }
    let shown = if args.json {
        let at = &args.at;
        format!("{:#}\n", serde_json::json!({ "at": at, "rows": rows }))
    } else {
        table(args, &rows)
    };
    output::print(&shown).map_err(|(_, error)| error)
}

#[expect(clippy::cast_precision_loss, reason = "counts of pages")]
fn table(args: &CrawlArgs, rows: &[Row]) -> String {
    let at: String = args.at.iter().map(|n| format!("{:>8}", format!("@{n}"))).collect();
    let mut out = "evidence recall: share of the pages with labelled facts among the first n pages read\n\n".to_owned();
    out.push_str(&format!("{:<14} {:<28} {:>8}{at}\n", "vendor", "order", "labelled"));
    for row in rows {
        let shares: String = row.reached.iter().map(|n| format!("{:>8.2}", *n as f64 / row.labelled_pages.max(1) as f64)).collect();
        out.push_str(&format!("{:<14} {:<28} {:>8}{shares}\n", row.vendor, row.walk, row.labelled_pages));
    }
    if args.missed {
        for row in rows.iter().filter(|row| [WALKS[0].0, WALKS[1].0].contains(&row.walk)) {
            row.missed.iter().for_each(|page| out.push_str(&format!("missed, {}, {}: {page}\n", row.vendor, row.walk)));
        }
    }
    out
}
