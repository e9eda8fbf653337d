//! Figures as a table for the terminal.

use crate::eval::metrics::{share, wilson};
use crate::eval::recall::{FactRecall, KS};
use crate::eval::{Figures, Grounding, Outcome, Run};
use crate::llm::Usage;

/// A share in three places, or a dash.
pub(super) fn figure(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |v| format!("{v:.3}"))
}

/// The lines of figures with what each is called; the second column is what is aimed at.
pub(super) fn lines(f: &Figures) -> Vec<(&'static str, &'static str, String)> {
    vec![
        ("exact option", "0.85", figure(f.exact)),
        ("within one option", "0.97", figure(f.within_one)),
        ("within the acceptable set", "", figure(f.acceptable)),
        ("precision (acceptable; invented = wrong)", "0.85", figure(f.precision)),
        ("precision (best option)", "", figure(f.precision_best)),
        ("found or not found", "0.90", figure(f.found_agreement)),
        ("found or not found, kappa", "", figure(f.found_kappa)),
        ("answered of what a reader answers", "", figure(f.found_recall)),
        ("silent rightly", "", figure(f.silence_precision)),
        ("kappa, quadratic weights", "0.90", figure(f.kappa)),
        ("ECE", "≤ 0.08", figure(f.ece)),
        ("ECE (acceptable)", "", figure(f.ece_acceptable)),
        ("Brier score", "", figure(f.brier)),
        ("AUROC", "0.80", figure(f.auroc)),
        ("AUROC (acceptable)", "", figure(f.auroc_acceptable)),
    ]
}

/// The whole run.
pub(super) fn run(run: &Run, rows: bool) -> String {
    let s = &run.settings;
    let changed = if s.changed.is_empty() { String::new() } else { format!(", {}", s.changed.join(", ")) };
    let mut out = format!("sovcheck {}, {}, extractor {}{changed}, settling {}\n\n", s.version, s.framework, s.extractor, s.settling);
    let names = ["exact", "fair", "silent", "missed", "wrong", "invented"];
    out.push_str(&format!(
        "{:<14} {:>5} {:>8} {} {:>6} {:>6} {:>6}\n",
        "vendor",
        "pages",
        "answered",
        names.map(|n| format!("{n:>8}")).join(""),
        "exact",
        "ECE",
        "s"
    ));
    let (mut facts, mut by_search) = (FactRecall::default(), FactRecall::default());
    let (mut grounding, mut usage, mut seconds) = (Grounding::default(), Usage::default(), 0.0);
    for vendor in &run.vendors {
        let f = Figures::of(vendor.rows.iter());
        out.push_str(&format!(
            "{:<14} {:>5} {:>8} {} {:>6} {:>6} {:>6.1}\n",
            vendor.vendor,
            vendor.pages,
            f.answered,
            f.outcomes.map(|n| format!("{n:>8}")).join(""),
            figure(f.exact),
            figure(f.ece),
            vendor.seconds
        ));
        facts.plus(&vendor.facts);
        by_search.plus(&vendor.by_search);
        let g = &vendor.grounding;
        grounding.brought += g.brought;
        grounding.verbatim += g.verbatim;
        grounding.stored += g.stored;
        grounding.stored_verbatim += g.stored_verbatim;
        grounding.judged += g.judged;
        grounding.supported += g.supported;
        usage = usage.plus(vendor.usage);
        seconds += vendor.seconds;
    }
    let f = run.figures();
    out.push_str(&format!("\nall {} factors of {} vendors{:>31}{:>8}\n", f.factors, run.vendors.len(), "measured", "aim"));
    for (name, aim, value) in lines(&f) {
        out.push_str(&format!("  {name:<46}{value:>8}{aim:>8}\n"));
    }
    let [exact, fair, ..] = f.outcomes;
    if let Some([low, high]) = wilson(exact + fair, f.answered) {
        out.push_str(&format!("  precision (acceptable), 95 % interval         {low:.3} to {high:.3}\n"));
    }
    let of = |part: usize, whole: usize| format!("{} ({part} of {whole})", figure(share(part, whole)));
    out.push_str(&format!("  quotes of the model that stand on their page  {}\n", of(grounding.verbatim, grounding.brought)));
    out.push_str(&format!("  quotes stored that are the page's own bytes   {}\n", of(grounding.stored_verbatim, grounding.stored)));
    out.push_str(&format!("  quotes that the second look supports          {}\n", of(grounding.supported, grounding.judged)));
    out.push_str("  labelled facts among the first k passages of a factor, and of one of their factors\n");
    for (i, k) in KS.iter().enumerate() {
        let line = format!("{}, {}", of(facts.found[i], facts.pairs), of(facts.found_facts[i], facts.facts));
        let search = format!("{}, {}", of(by_search.found[i], by_search.pairs), of(by_search.found_facts[i], by_search.facts));
        let search = if facts.found == by_search.found { String::new() } else { format!("   by search alone {search}") };
        out.push_str(&format!("    k = {k:<2}                                      {line}{search}\n"));
    }
    out.push_str(&format!("  labelled facts among the quotes               {}\n", of(facts.quoted, facts.pairs)));
    let seals: Vec<_> = run.vendors.iter().flat_map(|v| &v.seals).collect();
    let overall: Vec<_> = seals.iter().filter(|case| case.of == "overall").collect();
    let holds = seals.iter().filter(|case| case.holds()).count();
    out.push_str(&format!("  90 % SEAL intervals that hold                 {}\n", of(holds, seals.len())));
    out.push_str(&format!(
        "  of these, overall                             {}\n",
        of(overall.iter().filter(|c| c.holds()).count(), overall.len())
    ));
    out.push_str(&format!("  calls {}, tokens {} in and {} out, {seconds:.1} s", usage.calls, usage.tokens_in, usage.tokens_out));
    let cost: Vec<f64> = run.vendors.iter().filter_map(|v| v.cost).collect();
    if !cost.is_empty() {
        out.push_str(&format!(", cost {:.4}", cost.iter().sum::<f64>()));
    }
    out.push('\n');
    if let Some(readers) = &f.readers {
        out.push_str(&format!(
            "  two readers on {} factors: exact {}, within one {}, found or not {}, kappa {}\n",
            readers.factors,
            figure(readers.exact),
            figure(readers.within_one),
            figure(readers.found_agreement),
            figure(readers.kappa)
        ));
    }
    if !f.reliability.is_empty() {
        out.push_str("\nreliability (best option): stated, share right, answers\n");
        for bin in &f.reliability {
            let bar: String = std::iter::repeat_n('█', bin.count.min(60)).collect();
            out.push_str(&format!("  {:.2} – {:.2}  {:.2}  {:.2}  {:>4} {bar}\n", bin.from, bin.to, bin.stated, bin.right, bin.count));
        }
    }
    if rows {
        out.push('\n');
        for (vendor, row) in run.rows() {
            let option = |o: Option<u8>| o.map_or("–".to_owned(), |o| o.to_string());
            let mark = match row.outcome() {
                Outcome::Wrong | Outcome::Invented => "!",
                Outcome::Missed => "?",
                Outcome::Exact | Outcome::Fair | Outcome::Silent => " ",
            };
            out.push_str(&format!(
                "{mark} {vendor:<14} {:<8} {:<9} {} label {} {:?} {} {}\n",
                row.factor.as_str(),
                row.outcome().name(),
                option(row.option),
                option(row.label.option),
                row.label.acceptable,
                row.confidence.map_or(String::new(), |c| format!("{c:.2}")),
                row.voice,
            ));
        }
    }
    out
}
