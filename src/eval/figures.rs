//! From rows to figures: what share is right, by which measure. Pure.

use serde::{Deserialize, Serialize};

use super::Row;
use super::labels::Label;
use super::metrics::{Bin, Forecast, auroc, brier, ece, kappa, quadratic_kappa, reliability, share};
use crate::domain::answer::State;

/// How one answer stands beside its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The reader's best option.
    Exact,
    /// Another option that the reader holds to be defensible.
    Fair,
    /// Neither found anything.
    Silent,
    /// The reader found words and the product did not.
    Missed,
    /// An option that the reader rules out.
    Wrong,
    /// An option where the reader found nothing.
    Invented,
}

impl Outcome {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Fair => "fair",
            Self::Silent => "silent",
            Self::Missed => "missed",
            Self::Wrong => "wrong",
            Self::Invented => "invented",
        }
    }
}

impl Label {
    /// Whether the reader found that an option holds, be it by the framework's convention.
    pub fn is_found(&self) -> bool {
        self.state != State::NotFound
    }
}

impl Row {
    /// Whether the product gives an option, or shows two that contradict each other.
    pub fn is_found(&self) -> bool {
        matches!(self.state, State::Answered | State::NotApplicable | State::Contradicted)
    }

    /// See [`Outcome`].
    pub fn outcome(&self) -> Outcome {
        match (self.is_found(), self.label.is_found()) {
            (false, false) => Outcome::Silent,
            (false, true) => Outcome::Missed,
            (true, false) => Outcome::Invented,
            (true, true) if self.state == self.label.state && self.option == self.label.option => Outcome::Exact,
            (true, true) => match self.option {
                Some(option) if self.label.acceptable.contains(&option) => Outcome::Fair,
                // Two sources shown side by side are no wrong answer, and no answer either.
                None => Outcome::Missed,
                Some(_) => Outcome::Wrong,
            },
        }
    }

    /// The product's and the reader's option, where both have one on the words alone.
    fn pair(&self) -> Option<(u8, u8)> {
        let answered = self.state == State::Answered && self.label.state == State::Answered;
        answered.then_some((self.option?, self.label.option?))
    }

    fn forecast(&self, right: impl Fn(Outcome) -> bool) -> Option<Forecast> {
        Some(Forecast { stated: self.confidence?, right: right(self.outcome()) })
    }
}

/// Figures over a set of rows. Shares are 0 to 1; a share of nothing is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Rows.
    pub factors: usize,
    /// Rows for which the product gives an option.
    pub answered: usize,
    /// Rows in each [`Outcome`], in its order.
    pub outcomes: [usize; 6],
    /// Of the rows that both answered, those with the reader's best option.
    pub exact: Option<f64>,
    /// Of these rows, those at most one option away.
    pub within_one: Option<f64>,
    /// Of these rows, those within the acceptable set.
    pub acceptable: Option<f64>,
    /// Of all answers given, those within the acceptable set: an answer where the reader found nothing counts as wrong.
    pub precision: Option<f64>,
    /// The same against the best option alone.
    pub precision_best: Option<f64>,
    /// Of all rows, those where product and reader agree whether anything is to be found.
    pub found_agreement: Option<f64>,
    /// The same agreement as Cohen's kappa.
    pub found_kappa: Option<f64>,
    /// Of the rows that the reader answered, those that the product answers.
    pub found_recall: Option<f64>,
    /// Of the rows that the product leaves unanswered, those where the reader found nothing either.
    pub silence_precision: Option<f64>,
    /// Quadratic-weighted kappa of the options that both gave.
    pub kappa: Option<f64>,
    /// Calibration of "this is the best option".
    pub ece: Option<f64>,
    /// Brier score of the same.
    pub brier: Option<f64>,
    /// Whether confidence tells right from wrong.
    pub auroc: Option<f64>,
    /// Calibration of "this option can be defended".
    pub ece_acceptable: Option<f64>,
    /// Discrimination of the same.
    pub auroc_acceptable: Option<f64>,
    /// The reliability curve of the best option.
    pub reliability: Vec<Bin>,
    /// The second reader beside the first, where there is one: exact, within one, found or not, kappa.
    pub readers: Option<Readers>,
}

/// How two readers of the same pages agree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Readers {
    /// Rows that both labelled.
    pub factors: usize,
    /// Exact agreement on options.
    pub exact: Option<f64>,
    /// Agreement within one option.
    pub within_one: Option<f64>,
    /// Agreement on found or not found.
    pub found_agreement: Option<f64>,
    /// Quadratic-weighted kappa of options.
    pub kappa: Option<f64>,
}

impl Figures {
    /// Of these rows.
    pub fn of<'a>(rows: impl Iterator<Item = &'a Row>) -> Self {
        let rows: Vec<&Row> = rows.collect();
        let count = |wanted: Outcome| rows.iter().filter(|row| row.outcome() == wanted).count();
        let outcomes = [Outcome::Exact, Outcome::Fair, Outcome::Silent, Outcome::Missed, Outcome::Wrong, Outcome::Invented].map(count);
        let [exact, fair, silent, missed, ..] = outcomes;
        let answered = rows.iter().filter(|row| row.is_found() && row.option.is_some()).count();
        let compared: Vec<&&Row> = rows.iter().filter(|row| row.pair().is_some()).collect();
        let pairs: Vec<(u8, u8)> = compared.iter().filter_map(|row| row.pair()).collect();
        let found: Vec<(bool, bool)> = rows.iter().map(|row| (row.is_found(), row.label.is_found())).collect();
        let to_find = found.iter().filter(|(_, label)| *label).count();
        let best: Vec<Forecast> = rows.iter().filter_map(|row| row.forecast(|o| o == Outcome::Exact)).collect();
        let fair_too: Vec<Forecast> = rows.iter().filter_map(|row| row.forecast(|o| matches!(o, Outcome::Exact | Outcome::Fair))).collect();
        Self {
            factors: rows.len(),
            answered,
            outcomes,
            exact: share(pairs.iter().filter(|(a, b)| a == b).count(), pairs.len()),
            within_one: share(pairs.iter().filter(|(a, b)| a.abs_diff(*b) <= 1).count(), pairs.len()),
            acceptable: share(
                compared.iter().filter(|row| matches!(row.outcome(), Outcome::Exact | Outcome::Fair)).count(),
                compared.len(),
            ),
            precision: share(exact + fair, answered),
            precision_best: share(exact, answered),
            found_agreement: share(found.iter().filter(|(a, b)| a == b).count(), found.len()),
            found_kappa: kappa(&found),
            found_recall: share(found.iter().filter(|(a, b)| *a && *b).count(), to_find),
            silence_precision: share(silent, silent + missed),
            kappa: quadratic_kappa(&pairs),
            ece: ece(&best),
            brier: brier(&best),
            auroc: auroc(&best),
            ece_acceptable: ece(&fair_too),
            auroc_acceptable: auroc(&fair_too),
            reliability: reliability(&best),
            readers: Readers::of(&rows),
        }
    }
}

impl Readers {
    fn of(rows: &[&Row]) -> Option<Self> {
        let both: Vec<(&Label, &Label)> = rows.iter().filter_map(|row| Some((&row.label, row.second.as_ref()?))).collect();
        let pairs: Vec<(u8, u8)> = both
            .iter()
            .filter(|(a, b)| a.state == State::Answered && b.state == State::Answered)
            .filter_map(|(a, b)| Some((a.option?, b.option?)))
            .collect();
        (!both.is_empty()).then(|| Self {
            factors: both.len(),
            exact: share(pairs.iter().filter(|(a, b)| a == b).count(), pairs.len()),
            within_one: share(pairs.iter().filter(|(a, b)| a.abs_diff(*b) <= 1).count(), pairs.len()),
            found_agreement: share(both.iter().filter(|(a, b)| a.is_found() == b.is_found()).count(), both.len()),
            kappa: quadratic_kappa(&pairs),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A row by hand: the product's state and option, the reader's, and what else the reader accepts.
    pub(crate) fn row(
        factor: &str,
        state: State,
        option: Option<u8>,
        confidence: f64,
        label: State,
        best: Option<u8>,
        acceptable: &[u8],
    ) -> Row {
        Row {
            factor: factor.into(),
            state,
            option,
            confidence: (state == State::Answered).then_some(confidence),
            raw: None,
            voice: "rules".to_owned(),
            quotes: usize::from(option.is_some()),
            label: Label {
                factor: factor.into(),
                state: label,
                option: best,
                acceptable: acceptable.to_vec(),
                certainty: String::new(),
                quotes: Vec::new(),
            },
            second: None,
        }
    }

    #[test]
    fn eight_answers_by_hand() {
        use State::{Answered, Contradicted, NotApplicable, NotFound};
        let rows = [
            row("a", Answered, Some(3), 0.9, Answered, Some(3), &[3]),
            row("b", Answered, Some(2), 0.8, Answered, Some(3), &[2, 3]),
            row("c", Answered, Some(1), 0.7, Answered, Some(4), &[4]),
            row("d", Answered, Some(4), 0.6, NotFound, None, &[]),
            row("e", NotFound, None, 0.0, Answered, Some(2), &[2]),
            row("f", NotFound, None, 0.0, NotFound, None, &[]),
            row("g", NotApplicable, Some(4), 0.0, NotApplicable, None, &[4]),
            row("h", Contradicted, None, 0.0, Answered, Some(2), &[2]),
        ];
        let outcomes: Vec<Outcome> = rows.iter().map(Row::outcome).collect();
        use Outcome::{Exact, Fair, Invented, Missed, Silent, Wrong};
        assert_eq!(outcomes, [Exact, Fair, Wrong, Invented, Missed, Silent, Fair, Missed]);
        let figures = Figures::of(rows.iter());
        assert_eq!((figures.factors, figures.answered, figures.outcomes), (8, 5, [1, 2, 1, 2, 1, 1]));
        assert_eq!(figures.exact, share(1, 3));
        assert_eq!(figures.within_one, share(2, 3));
        assert_eq!(figures.acceptable, share(2, 3));
        assert_eq!(figures.precision, share(3, 5));
        assert_eq!(figures.found_agreement, share(6, 8), "d and e differ");
        assert_eq!(figures.found_recall, share(5, 6));
        assert_eq!(figures.silence_precision, share(1, 3), "a contradiction is no answer");
        assert_eq!(figures.auroc, Some(1.0), "0.9 beats 0.8, 0.7 and 0.6");
        assert_eq!(figures.readers, None);
    }
}
