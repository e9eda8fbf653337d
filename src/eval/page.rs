//! A run as one HTML file with plots: no scripts, no outside resource.

use askama::Template;

use super::figures::Figures;
use super::metrics::{Bin, share};
use super::recall::{FactRecall, KS};
use super::{Outcome, Row, Run, VendorRun};
use crate::framework::Framework;

#[derive(Template)]
#[template(path = "eval.html", config = "src/report/askama.toml")]
struct Page<'a> {
    run: &'a Run,
    figures: Figures,
    measures: Vec<Measure>,
    vendors: Vec<Line<'a>>,
    recall: Vec<(usize, String, f64)>,
    factors: Vec<FactorLine<'a>>,
    confusion: Vec<(u8, Vec<usize>)>,
    highest: usize,
}

struct Measure {
    name: &'static str,
    aim: &'static str,
    value: String,
    /// Whether the aim is met, where there is one.
    met: Option<bool>,
}

struct Line<'a> {
    vendor: &'a VendorRun,
    figures: Figures,
    seals: String,
}

struct FactorLine<'a> {
    id: &'a str,
    name: &'a str,
    cells: Vec<Cell>,
}

struct Cell {
    vendor: String,
    outcome: &'static str,
    text: String,
    title: String,
}

fn figure(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |v| format!("{v:.2}"))
}

/// Writes the page.
///
/// # Errors
/// The template engine fails, which a test of the command rules out.
pub fn write(run: &Run, framework: &Framework) -> Result<String, askama::Error> {
    let figures = run.figures();
    let at_least = |name, aim, least: f64, value: Option<f64>| Measure { name, aim, value: figure(value), met: value.map(|v| v >= least) };
    let measures = vec![
        at_least("Exact option", "≥ 0.85", 0.85, figures.exact),
        at_least("Within one option", "≥ 0.97", 0.97, figures.within_one),
        at_least("Found or not found", "≥ 0.90", 0.90, figures.found_agreement),
        at_least("Kappa, quadratic weights", "≥ 0.90", 0.90, figures.kappa),
        at_least("Precision, acceptable", "≥ 0.85", 0.85, figures.precision),
        Measure { name: "ECE", aim: "≤ 0.08", value: figure(figures.ece), met: figures.ece.map(|v| v <= 0.08) },
        at_least("AUROC", "≥ 0.80", 0.80, figures.auroc),
        Measure { name: "Brier score", aim: "", value: figure(figures.brier), met: None },
    ];
    let mut facts = FactRecall::default();
    run.vendors.iter().for_each(|vendor| facts.plus(&vendor.facts));
    let option = |o: Option<u8>| o.map_or("–".to_owned(), |o| o.to_string());
    let cell = |vendor: &str, row: &Row| Cell {
        vendor: vendor.to_owned(),
        outcome: row.outcome().name(),
        text: option(row.option),
        title: format!(
            "{vendor}: {}, option {}, reader {}{}",
            row.outcome().name(),
            option(row.option),
            option(row.label.option),
            row.confidence.map_or(String::new(), |c| format!(", stated {c:.2}"))
        ),
    };
    let highest = framework.factors.iter().map(|f| f.options.len()).max().unwrap_or(0);
    let both = || run.rows().filter(|(_, row)| matches!(row.outcome(), Outcome::Exact | Outcome::Fair | Outcome::Wrong));
    let confusion = (1..=highest)
        .filter_map(|reader| u8::try_from(reader).ok())
        .map(|reader| {
            let of = |product: usize| {
                both().filter(|(_, row)| row.label.option == Some(reader) && row.option.map(usize::from) == Some(product)).count()
            };
            (reader, (1..=highest).map(of).collect())
        })
        .collect();
    Page {
        measures,
        vendors: run
            .vendors
            .iter()
            .map(|vendor| Line {
                vendor,
                figures: Figures::of(vendor.rows.iter()),
                seals: format!("{} of {}", vendor.seals.iter().filter(|case| case.holds()).count(), vendor.seals.len()),
            })
            .collect(),
        recall: KS
            .iter()
            .zip(facts.found)
            .map(|(k, found)| {
                let share = share(found, facts.pairs);
                (*k, figure(share), share.unwrap_or(0.0) * 100.0)
            })
            .collect(),
        factors: framework
            .factors
            .iter()
            .map(|factor| FactorLine {
                id: factor.id.as_str(),
                name: &factor.name,
                cells: run.rows().filter(|(_, row)| row.factor == factor.id).map(|(vendor, row)| cell(vendor, row)).collect(),
            })
            .collect(),
        confusion,
        highest,
        figures,
        run,
    }
    .render()
}

impl Bin {
    /// Where the bin's dot stands in a plot of 200 by 200, and how large it is.
    fn dot(&self) -> (f64, f64, f64) {
        #[expect(clippy::cast_precision_loss, reason = "counts of labels")]
        let size = 2.5 + (self.count as f64).sqrt();
        (20.0 + self.stated * 200.0, 220.0 - self.right * 200.0, size.min(11.0))
    }
}
