//! The table `checks`.

use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::{Store, StoreError, corrupt, from_json, hold, on, to, to_json, whole};
use crate::domain::id::CheckId;

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Pages are being read.
    Crawl,
    /// All pages are read; factors are being answered.
    Extract,
    /// All factors have an answer.
    Done,
}

impl Stage {
    const ALL: [Self; 3] = [Self::Crawl, Self::Extract, Self::Done];

    /// The name in the database and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crawl => "crawl",
            Self::Extract => "extract",
            Self::Done => "done",
        }
    }
}

/// A check as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The service's name.
    pub service: String,
    /// The start address, or the folder as it was given.
    pub source: String,
    /// Whether the source is a folder.
    pub folder: bool,
    /// When it began, milliseconds since the epoch.
    pub started_ms: u64,
}

impl Store {
    /// Begins a check in stage [`Stage::Crawl`]. Beginning it again changes nothing.
    ///
    /// # Errors
    /// The database fails.
    pub async fn begin(&self, id: CheckId, request: &str, check: &Check) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO checks (id, request, doc, stage, started_ms, changed_ms) VALUES ($1, $2, $3, $4, $5, $5) \
                           ON CONFLICT DO NOTHING";
        let doc = to_json(check, "checks", &id.to_string())?;
        hold!(self, self.lease.as_ref(), "begin a check", tx => {
            sqlx::query(SQL).bind(id.to_string()).bind(request).bind(&doc).bind(Stage::Crawl.name()).bind(whole(check.started_ms))
                .execute(&mut *tx).await?;
        })
    }

    /// The check with this id.
    ///
    /// # Errors
    /// The database fails or the row is corrupt.
    pub async fn check(&self, id: CheckId) -> Result<Option<(Check, Stage)>, StoreError> {
        const SQL: &str = "SELECT id, doc, stage FROM checks WHERE id = $1";
        Ok(self.latest(SQL, &id.to_string()).await?.map(|(_, check, stage)| (check, stage)))
    }

    /// The latest check for `request` that is not done and that nobody ordered from the service: those are their workers'.
    ///
    /// # Errors
    /// The database fails or the row is corrupt.
    pub async fn unfinished(&self, request: &str) -> Result<Option<(CheckId, Check, Stage)>, StoreError> {
        const SQL: &str = "SELECT id, doc, stage FROM checks WHERE request = $1 AND stage <> 'done' \
                           AND NOT EXISTS (SELECT 1 FROM check_requests r WHERE r.id = checks.id) \
                           ORDER BY started_ms DESC, id DESC LIMIT 1";
        self.latest(SQL, request).await
    }

    /// The latest check for `request` that is done.
    ///
    /// # Errors
    /// The database fails or the row is corrupt.
    pub async fn finished(&self, request: &str) -> Result<Option<(CheckId, Check)>, StoreError> {
        const SQL: &str =
            "SELECT id, doc, stage FROM checks WHERE request = $1 AND stage = 'done' ORDER BY started_ms DESC, id DESC LIMIT 1";
        Ok(self.latest(SQL, request).await?.map(|(id, check, _)| (id, check)))
    }

    async fn latest(&self, sql: &'static str, request: &str) -> Result<Option<(CheckId, Check, Stage)>, StoreError> {
        let row: Option<(String, String, String)> = on!(self, pool => sqlx::query(sql).bind(request).fetch_optional(pool).await
            .and_then(|row| row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).transpose()))
        .map_err(to("look for a check"))?;
        let Some((id, doc, stage)) = row else { return Ok(None) };
        let parsed: CheckId = id.parse().map_err(|error| corrupt("checks", "id", &id, error))?;
        let stage = Stage::ALL.into_iter().find(|s| s.name() == stage).ok_or_else(|| corrupt("checks", "stage", &id, stage))?;
        let check: Check = from_json(&doc, "checks", &id)?;
        Ok(Some((parsed, check, stage)))
    }

    /// Moves a check on to `stage`.
    ///
    /// # Errors
    /// The database fails.
    pub async fn reach(&self, id: CheckId, stage: Stage, now_ms: u64) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE checks SET stage = $2, changed_ms = $3 WHERE id = $1";
        hold!(self, self.lease.as_ref(), "move a check on", tx => {
            sqlx::query(SQL).bind(id.to_string()).bind(stage.name()).bind(whole(now_ms)).execute(&mut *tx).await?;
        })
    }
}
