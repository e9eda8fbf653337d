//! Two runs side by side: what got better, what got worse, by factor. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Figures, Outcome, Row, Run};
use crate::domain::id::FactorId;

/// A factor of a vendor whose outcome moved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// The vendor.
    pub vendor: String,
    /// The factor.
    pub factor: FactorId,
    /// Outcome and option before.
    pub before: (Outcome, Option<u8>),
    /// Outcome and option after.
    pub after: (Outcome, Option<u8>),
    /// The reader's option.
    pub label: Option<u8>,
}

/// The comparison of two runs over the vendors that both measured.
#[derive(Clone, Debug, Serialize)]
pub struct Diff {
    /// Vendors that both measured.
    pub vendors: Vec<String>,
    /// Settings that differ: name, before, after.
    pub settings: Vec<(String, String, String)>,
    /// Figures before, over those vendors.
    pub before: Figures,
    /// Figures after.
    pub after: Figures,
    /// What got better.
    pub better: Vec<Moved>,
    /// What got worse.
    pub worse: Vec<Moved>,
    /// Other options of the same outcome.
    pub moved: Vec<Moved>,
}

/// How good an outcome is: exact before fair, silence where nothing is before a miss, a miss before a wrong answer.
fn worth(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Exact | Outcome::Silent => 3,
        Outcome::Fair => 2,
        Outcome::Missed => 1,
        Outcome::Wrong | Outcome::Invented => 0,
    }
}

impl Diff {
    /// From `before` to `after`.
    pub fn of(before: &Run, after: &Run) -> Self {
        let rows = |run: &Run| -> BTreeMap<(String, FactorId), Row> {
            run.rows().map(|(vendor, row)| ((vendor.to_owned(), row.factor.clone()), row.clone())).collect()
        };
        let (old, new) = (rows(before), rows(after));
        let shared = |rows: &BTreeMap<(String, FactorId), Row>, other: &BTreeMap<(String, FactorId), Row>| -> Vec<Row> {
            rows.iter().filter(|(key, _)| other.contains_key(*key)).map(|(_, row)| row.clone()).collect()
        };
        let (mut better, mut worse, mut moved) = (Vec::new(), Vec::new(), Vec::new());
        for ((vendor, factor), a) in &old {
            let Some(b) = new.get(&(vendor.clone(), factor.clone())) else { continue };
            let (from, to) = ((a.outcome(), a.option), (b.outcome(), b.option));
            if from == to {
                continue;
            }
            let entry = Moved { vendor: vendor.clone(), factor: factor.clone(), before: from, after: to, label: b.label.option };
            match worth(to.0).cmp(&worth(from.0)) {
                std::cmp::Ordering::Greater => better.push(entry),
                std::cmp::Ordering::Less => worse.push(entry),
                std::cmp::Ordering::Equal => moved.push(entry),
            }
        }
        let (a, b) = (&before.settings, &after.settings);
        let settings = [
            ("version", a.version.clone(), b.version.clone()),
            ("framework", a.framework.clone(), b.framework.clone()),
            ("extractor", a.extractor.clone(), b.extractor.clone()),
            ("prompt", a.prompt.clone().unwrap_or_default(), b.prompt.clone().unwrap_or_default()),
            ("settling", a.settling.clone(), b.settling.clone()),
            ("changed", a.changed.join(" "), b.changed.join(" ")),
        ];
        Self {
            vendors: after.vendors.iter().map(|v| v.vendor.clone()).filter(|v| before.vendors.iter().any(|o| o.vendor == *v)).collect(),
            settings: settings.into_iter().filter(|(_, a, b)| a != b).map(|(name, a, b)| (name.to_owned(), a, b)).collect(),
            before: Figures::of(shared(&old, &new).iter()),
            after: Figures::of(shared(&new, &old).iter()),
            better,
            worse,
            moved,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::figures::tests::row;
    use super::super::{Settings, VendorRun};
    use super::*;
    use crate::domain::answer::State::{Answered, NotFound};

    fn run(rows: Vec<Row>, settling: &str) -> Run {
        Run {
            format: super::super::FORMAT.to_owned(),
            settings: Settings { settling: settling.to_owned(), ..Settings::default() },
            vendors: vec![VendorRun {
                vendor: "nordhaven".to_owned(),
                pages: 1,
                seconds: 0.0,
                usage: crate::llm::Usage::default(),
                cost: None,
                grounding: super::super::Grounding::default(),
                facts: super::super::FactRecall::default(),
                by_search: super::super::FactRecall::default(),
                seals: Vec::new(),
                rows,
            }],
        }
    }

    #[test]
    fn what_moved_is_told_by_whether_it_is_better() {
        let before = run(
            vec![
                row("a", Answered, Some(1), 0.9, Answered, Some(3), &[3]),
                row("b", Answered, Some(3), 0.9, Answered, Some(3), &[3]),
                row("c", NotFound, None, 0.0, NotFound, None, &[]),
                row("gone", NotFound, None, 0.0, NotFound, None, &[]),
            ],
            "1",
        );
        let after = run(
            vec![
                row("a", Answered, Some(3), 0.9, Answered, Some(3), &[3]),
                row("b", NotFound, None, 0.0, Answered, Some(3), &[3]),
                row("c", NotFound, None, 0.0, NotFound, None, &[]),
            ],
            "2",
        );
        let diff = Diff::of(&before, &after);
        let names = |moved: &[Moved]| moved.iter().map(|m| m.factor.to_string()).collect::<Vec<_>>();
        assert_eq!((names(&diff.better), names(&diff.worse), diff.moved.len()), (vec!["a".to_owned()], vec!["b".to_owned()], 0));
        assert_eq!((diff.before.factors, diff.after.factors), (3, 3), "a factor that one run lacks is left out of both");
        assert_eq!(diff.settings, [("settling".to_owned(), "1".to_owned(), "2".to_owned())]);
    }
}
