//! The table `answers`: one settled factor a row, with its claims.

use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::{Store, StoreError, from_json, hold, on, to, to_json};
use crate::domain::answer::Answer;
use crate::domain::evidence::Candidate;
use crate::domain::id::CheckId;
use crate::llm::Usage;

/// A settled factor as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The answer; its findings are places in `claims`.
    pub answer: Answer,
    /// The claims that were verified. They are verified anew when they are read.
    pub claims: Vec<Candidate>,
    /// What the factor cost.
    pub usage: Usage,
}

impl Store {
    /// Keeps a settled factor. Keeping it again changes nothing: the first answer stands.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keep_answer(&self, check: CheckId, settled: &Settled) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO answers (check_id, factor, doc) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let factor = settled.answer.factor.as_str();
        let doc = to_json(settled, "answers", factor)?;
        hold!(self, self.lease.as_ref(), "keep an answer", tx => {
            sqlx::query(SQL).bind(check.to_string()).bind(factor).bind(&doc).execute(&mut *tx).await?;
        })
    }

    /// Puts a settled factor in the place of the one that is kept.
    ///
    /// # Errors
    /// The database fails.
    pub async fn replace_answer(&self, check: CheckId, settled: &Settled) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE answers SET doc = $3 WHERE check_id = $1 AND factor = $2";
        let factor = settled.answer.factor.as_str();
        let doc = to_json(settled, "answers", factor)?;
        hold!(self, self.lease.as_ref(), "replace an answer", tx => {
            sqlx::query(SQL).bind(check.to_string()).bind(factor).bind(&doc).execute(&mut *tx).await?;
        })
    }

    /// Keeps the answers of one check as those of another, whose pages are the same.
    ///
    /// # Errors
    /// The database fails.
    pub async fn copy_answers(&self, from: CheckId, to_check: CheckId) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO answers (check_id, factor, doc) SELECT $2, factor, doc FROM answers WHERE check_id = $1 \
                           ON CONFLICT DO NOTHING";
        hold!(self, self.lease.as_ref(), "copy answers", tx => {
            sqlx::query(SQL).bind(from.to_string()).bind(to_check.to_string()).execute(&mut *tx).await?;
        })
    }

    /// The settled factors of a check.
    ///
    /// # Errors
    /// The database fails or a row is corrupt.
    pub async fn answers(&self, check: CheckId) -> Result<Vec<Settled>, StoreError> {
        const SQL: &str = "SELECT factor, doc FROM answers WHERE check_id = $1 ORDER BY factor";
        let rows: Vec<(String, String)> = on!(self, pool => sqlx::query(SQL).bind(check.to_string()).fetch_all(pool).await
            .and_then(|rows| rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()))
        .map_err(to("read answers"))?;
        rows.iter().map(|(factor, doc)| from_json(doc, "answers", factor)).collect()
    }
}
