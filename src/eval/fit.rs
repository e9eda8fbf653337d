//! Fitting the calibration: from the strength of evidence to the share of answers that were right.
//!
//! Platt scaling (Platt 1999) with two parameters for each kind of extractor, drawn towards "as it is" where there are
//! few answers, written as a table. What is fitted is never reported on the same vendors.

use std::collections::BTreeMap;

use super::metrics::{Forecast, auroc, brier, ece};
use super::{Outcome, Row, Run};
use crate::domain::answer::{ONE, Voice};
use crate::settle::calibration::{Calibration, KNOTS};

/// How strongly the two parameters are drawn to slope 1 and offset 0: as if by so many answers.
const PRIOR: f64 = 2.0;
/// Nothing is called more certain than this, nor less.
const MOST: f64 = 0.97;

/// Measures on vendors that were not fitted on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Held {
    /// Answers.
    pub count: usize,
    /// See [`ece`].
    pub ece: Option<f64>,
    /// See [`brier`].
    pub brier: Option<f64>,
    /// See [`auroc`].
    pub auroc: Option<f64>,
}

impl Held {
    fn of(forecasts: &[Forecast]) -> Self {
        Self { count: forecasts.len(), ece: ece(forecasts), brier: brier(forecasts), auroc: auroc(forecasts) }
    }
}

/// The rows of some vendors that have an answer of some strength.
fn rows<'a>(runs: &'a [Run], vendors: &'a [String]) -> impl Iterator<Item = &'a Row> {
    runs.iter()
        .flat_map(|run| run.rows())
        .filter(|(vendor, row)| row.raw.is_some() && vendors.iter().any(|v| v == vendor))
        .map(|(_, row)| row)
}

fn right(row: &Row) -> bool {
    row.outcome() == Outcome::Exact
}

fn logit(p: f64) -> f64 {
    let p = p.clamp(1.0 - MOST, MOST);
    (p / (1.0 - p)).ln()
}

fn logistic(x: f64) -> f64 {
    (1.0 / (1.0 + (-x).exp())).clamp(1.0 - MOST, MOST)
}

/// Slope and offset by Newton's method on the penalised log-likelihood.
fn platt(points: &[(f64, bool)]) -> (f64, f64) {
    let (mut slope, mut offset) = (1.0_f64, 0.0_f64);
    for _ in 0..50 {
        let (mut gs, mut go) = (PRIOR * (slope - 1.0), PRIOR * offset / 4.0);
        let (mut hss, mut hso, mut hoo) = (PRIOR, 0.0, PRIOR / 4.0);
        for (x, right) in points {
            let p = 1.0 / (1.0 + (-(slope * x + offset)).exp());
            let (error, weight) = (p - f64::from(u8::from(*right)), (p * (1.0 - p)).max(1e-9));
            gs += error * x;
            go += error;
            hss += weight * x * x;
            hso += weight * x;
            hoo += weight;
        }
        let determinant = hss * hoo - hso * hso;
        let (ds, d_o) = ((hoo * gs - hso * go) / determinant, (hss * go - hso * gs) / determinant);
        slope -= ds;
        offset -= d_o;
        if ds.abs() + d_o.abs() < 1e-9 {
            break;
        }
    }
    // More evidence is never less sure.
    (slope.max(0.0), offset)
}

/// The calibration that fits the answers of `vendors`.
pub fn fit(runs: &[Run], vendors: &[String], version: &str) -> Calibration {
    let mut points: BTreeMap<String, Vec<(f64, bool)>> = BTreeMap::new();
    for row in rows(runs, vendors) {
        points.entry(row.voice.clone()).or_default().push((logit(row.raw.unwrap_or(0.5)), right(row)));
    }
    let table = |points: &Vec<(f64, bool)>| {
        let (slope, offset) = platt(points);
        let mut table = [0; KNOTS];
        for (i, knot) in table.iter_mut().enumerate() {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "eleven knots, 0 to 1"
            )]
            let value = (logistic(slope * logit(i as f64 / (KNOTS as f64 - 1.0)) + offset) * f64::from(ONE)).round() as u32;
            *knot = value;
        }
        table
    };
    Calibration {
        version: version.to_owned(),
        fitted_on: vendors.to_vec(),
        voices: points.iter().map(|(voice, points)| (voice.clone(), table(points))).collect(),
    }
}

fn forecasts(runs: &[Run], vendors: &[String], calibration: Option<&Calibration>) -> Vec<Forecast> {
    let voice = |name: &str| [Voice::Rules, Voice::Model, Voice::Both].into_iter().find(|v| v.name() == name).unwrap_or(Voice::None);
    rows(runs, vendors)
        .filter_map(|row| {
            let raw = row.raw?;
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "millionths")]
            let stated =
                calibration.map_or(raw, |c| c.apply(voice(&row.voice), (raw * f64::from(ONE)).round() as u64) as f64 / f64::from(ONE));
            Some(Forecast { stated, right: right(row) })
        })
        .collect()
}

/// How `vendors` come out, uncalibrated or by a calibration.
pub fn held(runs: &[Run], vendors: &[String], calibration: Option<&Calibration>) -> Held {
    Held::of(&forecasts(runs, vendors, calibration))
}

/// Each vendor by a fit on the others: before and after, over all.
pub fn leave_one_out(runs: &[Run], vendors: &[String]) -> (Held, Held) {
    let mut after = Vec::new();
    for vendor in vendors {
        let others: Vec<String> = vendors.iter().filter(|v| *v != vendor).cloned().collect();
        let calibration = fit(runs, &others, "");
        after.extend(forecasts(runs, std::slice::from_ref(vendor), Some(&calibration)));
    }
    (held(runs, vendors, None), Held::of(&after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_finds_the_share_that_was_right() {
        // At a strength of 0.8 half were right; with many answers the prior is out-weighed.
        let points: Vec<(f64, bool)> = (0..400).map(|i| (logit(0.8), i % 2 == 0)).collect();
        let (slope, offset) = platt(&points);
        assert!((logistic(slope * logit(0.8) + offset) - 0.5).abs() < 0.02, "{slope} {offset}");
        let (slope, offset) = platt(&[]);
        assert!((slope - 1.0).abs() < 1e-6 && offset.abs() < 1e-6, "without answers it stays as it is");
    }

    #[test]
    fn more_evidence_is_never_less_sure() {
        let points: Vec<(f64, bool)> = (0..100).map(|i| (logit(if i % 2 == 0 { 0.9 } else { 0.4 }), i % 2 == 1)).collect();
        assert!(platt(&points).0 >= 0.0);
    }
}
