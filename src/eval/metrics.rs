//! The measures themselves, on plain numbers: agreement, calibration, discrimination. Pure; a test computes each by hand.
//!
//! Nothing here knows a factor or a vendor. A measure of nothing is `None`, never 0.

use serde::{Deserialize, Serialize};

/// A stated probability and whether it came true.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// 0 to 1.
    pub stated: f64,
    /// What happened.
    pub right: bool,
}

/// One bar of a reliability curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Lowest stated probability that falls into it.
    pub from: f64,
    /// First that does not.
    pub to: f64,
    /// How many forecasts it holds.
    pub count: usize,
    /// Their mean.
    pub stated: f64,
    /// The share that came true.
    pub right: f64,
}

/// Bins of equal width that a reliability curve has.
pub const BINS: usize = 10;

/// `part` of `whole`.
#[expect(clippy::cast_precision_loss, reason = "counts of labels")]
pub fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[expect(clippy::cast_precision_loss, reason = "counts of labels")]
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0_usize);
    for value in values {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / count as f64)
}

/// The reliability curve: bins that hold forecasts, lowest first.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ten bins")]
pub fn reliability(forecasts: &[Forecast]) -> Vec<Bin> {
    let width = 1.0 / BINS as f64;
    (0..BINS)
        .filter_map(|i| {
            let inside: Vec<&Forecast> =
                forecasts.iter().filter(|f| ((f.stated * BINS as f64).max(0.0) as usize).min(BINS - 1) == i).collect();
            Some(Bin {
                from: i as f64 * width,
                to: (i + 1) as f64 * width,
                count: inside.len(),
                stated: mean(inside.iter().map(|f| f.stated))?,
                right: share(inside.iter().filter(|f| f.right).count(), inside.len())?,
            })
        })
        .collect()
}

/// Expected calibration error over ten bins of equal width (Naeini, Cooper, Hauskrecht, AAAI 2015): 0 is best.
#[expect(clippy::cast_precision_loss, reason = "counts of labels")]
pub fn ece(forecasts: &[Forecast]) -> Option<f64> {
    (!forecasts.is_empty())
        .then(|| reliability(forecasts).iter().map(|bin| (bin.stated - bin.right).abs() * bin.count as f64 / forecasts.len() as f64).sum())
}

/// Mean squared error of the stated probabilities (Brier 1950): 0 is best, 0.25 is a coin.
pub fn brier(forecasts: &[Forecast]) -> Option<f64> {
    mean(forecasts.iter().map(|f| (f.stated - f64::from(u8::from(f.right))).powi(2)))
}

/// The chance that a right answer was stated with more confidence than a wrong one, ties counting half (Mann, Whitney
/// 1947): 0.5 is no discrimination. `None` unless there are answers of both kinds.
pub fn auroc(forecasts: &[Forecast]) -> Option<f64> {
    let (right, wrong): (Vec<&Forecast>, Vec<&Forecast>) = forecasts.iter().partition(|f| f.right);
    mean(right.iter().flat_map(|r| {
        wrong.iter().map(move |w| match r.stated.total_cmp(&w.stated) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
    }))
}

/// Cohen's kappa with quadratic weights (Cohen 1968) between two raters on a scale: 1 is full agreement, 0 is chance.
/// `None` without pairs, or where neither rater ever varies.
pub fn quadratic_kappa(pairs: &[(u8, u8)]) -> Option<f64> {
    let distance = |a: u8, b: u8| f64::from(a.abs_diff(b)).powi(2);
    let observed = mean(pairs.iter().map(|(a, b)| distance(*a, *b)))?;
    let by_chance = mean(pairs.iter().flat_map(|(a, _)| pairs.iter().map(move |(_, b)| distance(*a, *b))))?;
    (by_chance > 0.0).then(|| 1.0 - observed / by_chance)
}

/// Cohen's kappa between two raters on names without order (Cohen 1960).
pub fn kappa<T: PartialEq>(pairs: &[(T, T)]) -> Option<f64> {
    let observed = share(pairs.iter().filter(|(a, b)| a == b).count(), pairs.len())?;
    let by_chance =
        share(pairs.iter().flat_map(|(a, _)| pairs.iter().map(move |(_, b)| a == b)).filter(|same| *same).count(), pairs.len().pow(2))?;
    (by_chance < 1.0).then(|| (observed - by_chance) / (1.0 - by_chance))
}

/// The 95 % interval of a share (Wilson 1927).
#[expect(clippy::cast_precision_loss, reason = "counts of labels")]
pub fn wilson(part: usize, whole: usize) -> Option<[f64; 2]> {
    let p = share(part, whole)?;
    let (n, z) = (whole as f64, 1.96_f64);
    let middle = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    Some([((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forecasts(of: &[(f64, bool)]) -> Vec<Forecast> {
        of.iter().map(|(stated, right)| Forecast { stated: *stated, right: *right }).collect()
    }

    fn near(a: Option<f64>, b: f64) {
        assert!(a.is_some_and(|a| (a - b).abs() < 1e-9), "{a:?} is not {b}");
    }

    #[test]
    fn nothing_has_no_measure() {
        assert_eq!((ece(&[]), brier(&[]), auroc(&[]), quadratic_kappa(&[]), kappa::<u8>(&[])), (None, None, None, None, None));
        assert_eq!((share(0, 0), wilson(0, 0)), (None, None));
        assert_eq!(auroc(&forecasts(&[(0.9, true)])), None, "one kind alone cannot be told apart");
        assert_eq!(quadratic_kappa(&[(3, 3), (3, 3)]), None, "nobody varies");
    }

    #[test]
    fn calibration_by_hand() {
        // Bin 0.9: two of 0.95, one right: |0.95 - 0.5| * 2/4. Bin 0.5: 0.5 and 0.6 are two bins of one each.
        let four = forecasts(&[(0.95, true), (0.95, false), (0.55, true), (0.65, false)]);
        near(ece(&four), 0.45 * 0.5 + 0.45 * 0.25 + 0.65 * 0.25);
        near(brier(&four), (0.05_f64.powi(2) + 0.95_f64.powi(2) + 0.45_f64.powi(2) + 0.65_f64.powi(2)) / 4.0);
        assert_eq!(reliability(&four).iter().map(|b| b.count).collect::<Vec<_>>(), [1, 1, 2]);
        near(ece(&forecasts(&[(1.0, true), (0.0, false)])), 0.0);
    }

    #[test]
    fn discrimination_by_hand() {
        // Right: 0.9, 0.6. Wrong: 0.6, 0.3. Of four pairs three are won and one is a tie.
        near(auroc(&forecasts(&[(0.9, true), (0.6, true), (0.6, false), (0.3, false)])), 3.5 / 4.0);
        near(auroc(&forecasts(&[(0.1, true), (0.9, false)])), 0.0);
    }

    #[test]
    fn agreement_by_hand() {
        // Observed 1/4; by chance (1: four, 2: ...) over all 16 pairs of the marginals {1,1,3,3} and {1,1,3,2}: 28/16.
        near(quadratic_kappa(&[(1, 1), (1, 1), (3, 3), (3, 2)]), 1.0 - (1.0 / 4.0) / (28.0 / 16.0));
        near(quadratic_kappa(&[(1, 1), (5, 5)]), 1.0);
        // Observed 0.75; by chance (2*1 + 2*3) / 16 = 0.5.
        near(kappa(&[("a", "a"), ("a", "b"), ("b", "b"), ("b", "b")]), 0.5);
    }

    #[test]
    fn a_share_has_its_interval() {
        let [low, high] = wilson(9, 10).expect("an interval");
        assert!((low - 0.5958).abs() < 1e-3 && (high - 0.9821).abs() < 1e-3, "{low} {high}");
    }
}
