//! From the strength of evidence to a probability: a table for each kind of extractor, as data with a version.
//!
//! The table is fitted on labelled answers by `sovcheck eval fit` and interpolated here in whole numbers, so that the
//! same findings give the same bytes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::domain::answer::{ONE, Voice};

/// Strengths at which the table is given: 0 %, 10 %, … 100 %.
pub const KNOTS: usize = 11;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Names this table.
    pub version: String,
    /// What it was fitted on.
    pub fitted_on: Vec<String>,
    /// By who spoke: the share of right answers, in millionths, at each strength.
    pub voices: BTreeMap<String, [u32; KNOTS]>,
}

/// The table that ships with the program; a test reads it.
pub static CALIBRATION: LazyLock<Calibration> = LazyLock::new(|| toml::from_str(include_str!("calibration.toml")).unwrap_or_default());

impl Calibration {
    /// The probability, in millionths, that an answer of strength `raw` (millionths) is right. An extractor without a
    /// table keeps the strength as it is.
    pub fn apply(&self, voice: Voice, raw: u64) -> u64 {
        let Some(table) = self.voices.get(voice.name()) else { return raw };
        let step = u64::from(ONE) / (KNOTS as u64 - 1);
        let low = usize::try_from(raw / step).unwrap_or(KNOTS).min(KNOTS - 2);
        let part = raw - step * low as u64;
        let (from, to) = (u64::from(table[low]), u64::from(table[low + 1]));
        // Tables never fall, so that more evidence is never less sure.
        from + (to.saturating_sub(from)) * part.min(step) / step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_loads_and_never_falls() {
        assert_ne!(CALIBRATION.version, "");
        for (voice, table) in &CALIBRATION.voices {
            assert!(table.windows(2).all(|pair| pair[0] <= pair[1]), "{voice}");
            assert!(table.iter().all(|p| *p < ONE), "{voice}: nothing is certain");
        }
    }

    #[test]
    fn between_knots_it_is_a_line() {
        let mut table = [0; KNOTS];
        (table[5], table[6], table[10]) = (400_000, 600_000, 900_000);
        let calibration = Calibration { voices: BTreeMap::from([("rules".to_owned(), table)]), ..Calibration::default() };
        assert_eq!(calibration.apply(Voice::Rules, 500_000), 400_000);
        assert_eq!(calibration.apply(Voice::Rules, 550_000), 500_000);
        assert_eq!(calibration.apply(Voice::Rules, 1_000_000), 900_000);
        assert_eq!(calibration.apply(Voice::Model, 550_000), 550_000, "no table");
    }
}
