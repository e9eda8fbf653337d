//! The queue: the same rows as `requests.rs`, as workers see them.
//!
//! A worker takes a request for a while ([`Lease`]) and prolongs that as long as it works. If it dies, the lease ends
//! and another worker takes the request. A worker that was only slow finds its lease gone: every write of a check is
//! made in one transaction with a look at the lease, so what it still writes is not kept. Places of target hosts and
//! models are rows too, so their limits hold for all workers together.

use sqlx::Row;

use super::{Lease, Store, StoreError, all, corrupt, from_json, hold, on, to, to_json, whole};
use crate::domain::id::CheckId;
use crate::domain::progress::Progress;
use crate::domain::request::{Asked, Failure};

/// How many requests are looked at for one that can be taken; the others of the queue are looked at next time.
const LOOKED_AT: i64 = 16;

/// A request that a worker has taken.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The hold on it.
    pub lease: Lease,
    /// What is to be checked.
    pub asked: Asked,
    /// How often it has been taken without being handed back, this time included.
    pub attempts: u32,
    /// The visitor wants it to end.
    pub cancelling: bool,
}

/// What a worker hears when it prolongs its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// It goes on.
    Held,
    /// It goes on until it has ended the check, which the visitor wants.
    Cancelling,
    /// The request is another worker's, or nobody's.
    Lost,
}

/// How a check ended.
#[derive(Clone, Debug)]
pub enum Ending {
    /// With a result: the report as JSON, and its SHA-256 in hex.
    Done {
        /// The report.
        report: String,
        /// Its SHA-256.
        sha256: String,
    },
    /// Without one.
    Failed(Failure),
    /// As the visitor wanted.
    Cancelled,
}

impl Store {
    /// Takes the next request that is due and whose host and model have a free place: one that a worker lost first, then
    /// by priority, then in the order of asking.
    ///
    /// # Errors
    /// The database fails or a row is corrupt.
    pub async fn claim(&self, by: &str, now_ms: u64, lease_ms: u64) -> Result<Option<Claimed>, StoreError> {
        const NEXT: &str = "SELECT r.id FROM check_requests r WHERE r.state IN ('queued', 'running') AND r.due_ms <= $1 \
                            AND r.lease_until_ms <= $1 AND NOT EXISTS (SELECT 1 FROM check_needs n WHERE n.check_id = r.id \
                            AND (SELECT COUNT(*) FROM slots s WHERE s.slot = n.slot AND s.until_ms > $1 AND s.holder <> r.id) >= n.places) \
                            ORDER BY CASE r.state WHEN 'running' THEN 0 ELSE 1 END, r.priority DESC, r.created_ms, r.id LIMIT $2";
        // What the search above has asked is asked again on purpose: when two workers choose the same row, the second waits
        // here for the first, sees what it wrote, and gets nothing.
        const TAKE: &str = "UPDATE check_requests SET state = 'running', lease_by = $2, lease_until_ms = $3, attempts = attempts + 1, \
                            started_ms = COALESCE(started_ms, $4) WHERE id = $1 AND state IN ('queued', 'running') AND due_ms <= $4 \
                            AND lease_until_ms <= $4 RETURNING doc, attempts, cancelling";
        const NEEDS: &str = "SELECT slot, places FROM check_needs WHERE check_id = $1 ORDER BY slot";
        const PLACE: &str = "INSERT INTO slots (slot, place, holder, until_ms) VALUES ($1, $2, $3, $4) ON CONFLICT (slot, place) \
                             DO UPDATE SET holder = EXCLUDED.holder, until_ms = EXCLUDED.until_ms \
                             WHERE slots.until_ms <= $5 OR slots.holder = EXCLUDED.holder";
        let (now, until) = (whole(now_ms), whole(now_ms + lease_ms));
        let next: Vec<String> = on!(self, pool => sqlx::query(NEXT).bind(now).bind(LOOKED_AT).fetch_all(pool).await
            .and_then(|rows| all(rows.iter().map(|row| row.try_get(0)))))
        .map_err(to("look for the next request"))?;
        for id in next {
            let taken: Option<(String, i64, i64)> = on!(self, pool => async {
                let mut tx = pool.begin().await?;
                let taken = sqlx::query(TAKE).bind(&id).bind(by).bind(until).bind(now).fetch_optional(&mut *tx).await?;
                let Some(taken) = taken else { return Ok(None) };
                let taken = (taken.try_get(0)?, taken.try_get(1)?, taken.try_get(2)?);
                let needs: Vec<(String, i64)> = all(sqlx::query(NEEDS).bind(&id).fetch_all(&mut *tx).await?
                    .iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))))?;
                for (slot, places) in needs {
                    let mut found = false;
                    for place in 0..places {
                        found = sqlx::query(PLACE).bind(&slot).bind(place).bind(&id).bind(until).bind(now)
                            .execute(&mut *tx).await?.rows_affected() > 0;
                        if found {
                            break;
                        }
                    }
                    if !found {
                        // Another worker was quicker; the transaction takes back what this one has taken.
                        return Ok(None);
                    }
                }
                tx.commit().await?;
                Ok::<_, sqlx::Error>(Some(taken))
            }.await)
            .map_err(to("take a request"))?;
            let Some((doc, attempts, cancelling)) = taken else { continue };
            let check: CheckId = id.parse().map_err(|error| corrupt("check_requests", "id", &id, error))?;
            return Ok(Some(Claimed {
                lease: Lease { check, by: by.to_owned() },
                asked: from_json(&doc, "check_requests", &id)?,
                attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
                cancelling: cancelling != 0,
            }));
        }
        Ok(None)
    }

    /// Prolongs a lease and the places that go with it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn beat(&self, lease: &Lease, now_ms: u64, lease_ms: u64) -> Result<Beat, StoreError> {
        const REQUEST: &str = "UPDATE check_requests SET lease_until_ms = $3 WHERE id = $1 AND lease_by = $2 RETURNING cancelling";
        const SLOTS: &str = "UPDATE slots SET until_ms = $2 WHERE holder = $1";
        let (id, until) = (lease.check.to_string(), whole(now_ms + lease_ms));
        on!(self, pool => async {
            let mut tx = pool.begin().await?;
            let row = sqlx::query(REQUEST).bind(&id).bind(&lease.by).bind(until).fetch_optional(&mut *tx).await?;
            let Some(row) = row else { return Ok(Beat::Lost) };
            let cancelling: i64 = row.try_get(0)?;
            sqlx::query(SLOTS).bind(&id).bind(until).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok::<_, sqlx::Error>(if cancelling == 0 { Beat::Held } else { Beat::Cancelling })
        }.await)
        .map_err(to("prolong a lease"))
    }

    /// Ends a check: its state, its last event and its result together, once.
    ///
    /// # Errors
    /// The database fails, or the lease is lost.
    pub async fn finish(&self, lease: &Lease, ending: &Ending, now_ms: u64) -> Result<(), StoreError> {
        const STATE: &str = "UPDATE check_requests SET state = $2, failure = $3, ended_ms = $4 WHERE id = $1";
        const REPORT: &str = "INSERT INTO reports (check_id, sha256, doc) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let id = lease.check.to_string();
        let (state, failure, event) = match ending {
            Ending::Done { .. } => ("done", None, Progress::Done),
            Ending::Failed(failure) => {
                ("failed", Some(to_json(failure, "check_requests", &id)?), Progress::Failed { failure: failure.clone() })
            }
            Ending::Cancelled => ("cancelled", None, Progress::Cancelled),
        };
        let event = to_json(&event, "check_events", &id)?;
        let now = whole(now_ms);
        hold!(self, Some(lease), "end a check", tx => {
            if let Ending::Done { report, sha256 } = ending {
                sqlx::query(REPORT).bind(&id).bind(sha256).bind(report).execute(&mut *tx).await?;
            }
            sqlx::query(STATE).bind(&id).bind(state).bind(&failure).bind(now).execute(&mut *tx).await?;
            sqlx::query(EVENT).bind(&id).bind(now).bind(&event).execute(&mut *tx).await?;
            sqlx::query(FREE).bind(&id).execute(&mut *tx).await?;
            sqlx::query(SLOTS).bind(&id).execute(&mut *tx).await?;
        })
    }

    /// Puts a request back into the queue, for a time when what failed may have healed.
    ///
    /// # Errors
    /// The database fails, or the lease is lost.
    pub async fn retry(&self, lease: &Lease, detail: &str, due_ms: u64, now_ms: u64) -> Result<(), StoreError> {
        self.back(lease, &Progress::Retrying { detail: detail.to_owned(), due_ms }, due_ms, now_ms, 0).await
    }

    /// Puts a request back into the queue because this worker stops. It does not count as an attempt.
    ///
    /// # Errors
    /// The database fails, or the lease is lost.
    pub async fn hand_back(&self, lease: &Lease, now_ms: u64) -> Result<(), StoreError> {
        self.back(lease, &Progress::HandedBack, now_ms, now_ms, 1).await
    }

    async fn back(&self, lease: &Lease, event: &Progress, due_ms: u64, now_ms: u64, fewer: i64) -> Result<(), StoreError> {
        const STATE: &str = "UPDATE check_requests SET state = 'queued', due_ms = $2, attempts = attempts - $3 WHERE id = $1";
        let id = lease.check.to_string();
        let event = to_json(event, "check_events", &id)?;
        hold!(self, Some(lease), "put a request back", tx => {
            sqlx::query(STATE).bind(&id).bind(whole(due_ms)).bind(fewer).execute(&mut *tx).await?;
            sqlx::query(EVENT).bind(&id).bind(whole(now_ms)).bind(&event).execute(&mut *tx).await?;
            sqlx::query(FREE).bind(&id).execute(&mut *tx).await?;
            sqlx::query(SLOTS).bind(&id).execute(&mut *tx).await?;
        })
    }

    /// The result of a finished check as JSON, with its SHA-256 in hex.
    ///
    /// # Errors
    /// The database fails.
    pub async fn report(&self, check: CheckId) -> Result<Option<(String, String)>, StoreError> {
        const SQL: &str = "SELECT doc, sha256 FROM reports WHERE check_id = $1";
        on!(self, pool => sqlx::query(SQL).bind(check.to_string()).fetch_optional(pool).await
            .and_then(|row| row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()))
        .map_err(to("read a result"))
    }
}

const EVENT: &str = "INSERT INTO check_events (check_id, number, at_ms, doc) \
                     SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3 FROM check_events WHERE check_id = $1";
const FREE: &str = "UPDATE check_requests SET lease_by = NULL, lease_until_ms = 0 WHERE id = $1";
const SLOTS: &str = "DELETE FROM slots WHERE holder = $1";
