//! The table `check_events`: what happened to a check, appended by whoever holds it, read by any process.

use sqlx::Row;

use super::{Lease, Store, StoreError, all, from_json, hold, on, to, to_json, whole};
use crate::domain::id::CheckId;
use crate::domain::progress::{Happened, Progress};

impl Store {
    /// Appends what happened to a check that a worker has.
    ///
    /// # Errors
    /// The database fails, or the lease is lost.
    pub async fn append(&self, lease: &Lease, events: &[Progress], now_ms: u64) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO check_events (check_id, number, at_ms, doc) \
                           SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3 FROM check_events WHERE check_id = $1";
        let id = lease.check.to_string();
        let docs: Vec<String> = events.iter().map(|event| to_json(event, "check_events", &id)).collect::<Result<_, _>>()?;
        hold!(self, Some(lease), "append events", tx => {
            for doc in &docs {
                sqlx::query(SQL).bind(&id).bind(whole(now_ms)).bind(doc).execute(&mut *tx).await?;
            }
        })
    }

    /// What happened to a check after event `after`, at most `most` events.
    ///
    /// # Errors
    /// The database fails or a row is corrupt.
    pub async fn events(&self, check: CheckId, after: u64, most: u32) -> Result<Vec<Happened>, StoreError> {
        const SQL: &str = "SELECT number, at_ms, doc FROM check_events WHERE check_id = $1 AND number > $2 ORDER BY number LIMIT $3";
        let id = check.to_string();
        let rows: Vec<(i64, i64, String)> = on!(self, pool => sqlx::query(SQL).bind(&id).bind(whole(after)).bind(i64::from(most))
            .fetch_all(pool).await
            .and_then(|rows| all(rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))))))
        .map_err(to("read events"))?;
        rows.into_iter()
            .map(|(number, at_ms, doc)| {
                Ok(Happened {
                    number: u64::try_from(number).unwrap_or(0),
                    at_ms: u64::try_from(at_ms).unwrap_or(0),
                    progress: from_json(&doc, "check_events", &format!("{id} {number}"))?,
                })
            })
            .collect()
    }
}
