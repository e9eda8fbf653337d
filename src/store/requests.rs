//! The table `check_requests`, as visitors see it: placed, looked up by private link, cancelled, deleted, expired.
//!
//! What workers do with the same rows is in `queue.rs`.

use sqlx::Row;

use super::{Store, StoreError, all, corrupt, from_json, on, to, to_json, whole};
use crate::domain::id::CheckId;
use crate::domain::progress::Progress;
use crate::domain::request::{Asked, CheckRequest, State};

/// A request that wants a place in the queue.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// Its id.
    pub id: CheckId,
    /// What is to be checked.
    pub asked: Asked,
    /// SHA-256 of its private link, in hex.
    pub link: String,
    /// SHA-256 of who asked and the key that makes asking twice the same, in hex.
    pub once: Option<String>,
    /// The account that asks, if one does.
    pub owner: Option<String>,
    /// A keyed hash of the client's address, for limits.
    pub client: String,
    /// The target's registered name, for limits.
    pub host: String,
    /// What it must hold while it runs, each with how many there are of it.
    pub needs: Vec<(String, u32)>,
    /// Larger is sooner.
    pub priority: i32,
    /// When it is deleted unless it is claimed.
    pub expires_ms: u64,
}

/// How many requests are taken.
#[derive(Clone, Copy, Debug)]
pub struct Ceilings {
    /// Of one client in the time of `window_ms`.
    pub per_client: u32,
    /// For one target in the time of `window_ms`.
    pub per_host: u32,
    /// How far back arrivals count.
    pub window_ms: u64,
    /// Waiting at once.
    pub queue: u32,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It has its place.
    New,
    /// The same was asked before with the same key: this is it.
    Again(CheckId),
    /// Something else was asked before with the same key.
    Clash,
    /// This client has asked too often.
    ClientFull {
        /// How long until one more is taken.
        wait_ms: u64,
    },
    /// Too many checks of this target were asked for.
    HostFull {
        /// How long until one more is taken.
        wait_ms: u64,
    },
    /// Too many requests wait.
    QueueFull {
        /// How many.
        waiting: u32,
    },
}

const COLUMNS: &str = "id, doc, state, failure, cancelling, owner, created_ms, started_ms, ended_ms, expires_ms";

/// The columns of [`COLUMNS`].
struct RequestRow {
    id: String,
    doc: String,
    state: String,
    failure: Option<String>,
    cancelling: i64,
    owner: Option<String>,
    created_ms: i64,
    started_ms: Option<i64>,
    ended_ms: Option<i64>,
    expires_ms: i64,
}

/// Reads a [`RequestRow`] from the row of either database.
macro_rules! row {
    ($row:expr) => {
        Ok::<_, sqlx::Error>(RequestRow {
            id: $row.try_get(0)?,
            doc: $row.try_get(1)?,
            state: $row.try_get(2)?,
            failure: $row.try_get(3)?,
            cancelling: $row.try_get(4)?,
            owner: $row.try_get(5)?,
            created_ms: $row.try_get(6)?,
            started_ms: $row.try_get(7)?,
            ended_ms: $row.try_get(8)?,
            expires_ms: $row.try_get(9)?,
        })
    };
}

impl RequestRow {
    fn read(self) -> Result<CheckRequest, StoreError> {
        let time = |ms: i64| u64::try_from(ms).unwrap_or(0);
        Ok(CheckRequest {
            id: self.id.parse().map_err(|error| corrupt("check_requests", "id", &self.id, error))?,
            asked: from_json(&self.doc, "check_requests", &self.id)?,
            state: match (self.state.as_str(), &self.failure) {
                ("queued", None) => State::Queued,
                ("running", None) => State::Running,
                ("done", None) => State::Done,
                ("cancelled", None) => State::Cancelled,
                ("failed", Some(failure)) => {
                    State::Failed(serde_json::from_str(failure).map_err(|error| corrupt("check_requests", "failure", &self.id, error))?)
                }
                _ => return Err(corrupt("check_requests", "state", &self.id, self.state)),
            },
            cancelling: self.cancelling != 0,
            owner: self.owner,
            created_ms: time(self.created_ms),
            started_ms: self.started_ms.map(time),
            ended_ms: self.ended_ms.map(time),
            expires_ms: time(self.expires_ms),
        })
    }
}

impl Store {
    /// Gives a request its place in the queue, or says why it has none. Requests are judged one after the other, so a
    /// limit holds however many ask at once.
    ///
    /// # Errors
    /// The database fails.
    pub async fn place(&self, new: &NewRequest, ceilings: &Ceilings, now_ms: u64) -> Result<Placed, StoreError> {
        const TURN: &str = "UPDATE turnstile SET turn = turn + 1 WHERE id = 'requests'";
        const ONCE: &str = "SELECT id, doc FROM check_requests WHERE once = $1";
        const WAITING: &str = "SELECT COUNT(*) FROM check_requests WHERE state = 'queued'";
        const CLIENT: &str = "SELECT at_ms FROM arrivals WHERE client = $1 AND at_ms > $2 ORDER BY at_ms DESC LIMIT $3";
        const HOST: &str = "SELECT at_ms FROM arrivals WHERE host = $1 AND at_ms > $2 ORDER BY at_ms DESC LIMIT $3";
        const REQUEST: &str = "INSERT INTO check_requests (id, doc, state, link, once, owner, created_ms, expires_ms, priority, due_ms, \
                               attempts, lease_until_ms, cancelling) VALUES ($1, $2, 'queued', $3, $4, $5, $6, $7, $8, $6, 0, 0, 0)";
        const NEED: &str = "INSERT INTO check_needs (check_id, slot, places) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        const ARRIVAL: &str = "INSERT INTO arrivals (id, client, host, at_ms) VALUES ($1, $2, $3, $4)";
        const EVENT: &str = "INSERT INTO check_events (check_id, number, at_ms, doc) VALUES ($1, 1, $2, $3)";
        let id = new.id.to_string();
        let doc = to_json(&new.asked, "check_requests", &id)?;
        let queued = to_json(&Progress::Queued, "check_events", &id)?;
        let (now, since) = (whole(now_ms), whole(now_ms.saturating_sub(ceilings.window_ms)));
        // The oldest arrival that still counts says when one more is taken.
        let wait = |arrivals: &[i64], most: u32| {
            let oldest = arrivals.len().checked_sub(most.max(1) as usize).and_then(|_| arrivals.last())?;
            Some(u64::try_from(oldest - since).unwrap_or(0).max(1))
        };
        on!(self, pool => async {
            let mut tx = pool.begin().await?;
            sqlx::query(TURN).execute(&mut *tx).await?;
            if let Some(once) = &new.once
                && let Some(row) = sqlx::query(ONCE).bind(once).fetch_optional(&mut *tx).await?
            {
                let (before, asked): (String, String) = (row.try_get(0)?, row.try_get(1)?);
                return Ok(before.parse().ok().filter(|_| asked == doc).map_or(Placed::Clash, Placed::Again));
            }
            let client: Vec<i64> = all(sqlx::query(CLIENT).bind(&new.client).bind(since).bind(i64::from(ceilings.per_client.max(1)))
                .fetch_all(&mut *tx).await?.iter().map(|row| row.try_get(0)))?;
            if let Some(wait_ms) = wait(&client, ceilings.per_client) {
                return Ok(Placed::ClientFull { wait_ms });
            }
            let host: Vec<i64> = all(sqlx::query(HOST).bind(&new.host).bind(since).bind(i64::from(ceilings.per_host.max(1)))
                .fetch_all(&mut *tx).await?.iter().map(|row| row.try_get(0)))?;
            if let Some(wait_ms) = wait(&host, ceilings.per_host) {
                return Ok(Placed::HostFull { wait_ms });
            }
            let waiting: i64 = sqlx::query(WAITING).fetch_one(&mut *tx).await?.try_get(0)?;
            let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
            if waiting >= ceilings.queue {
                return Ok(Placed::QueueFull { waiting });
            }
            sqlx::query(REQUEST).bind(&id).bind(&doc).bind(&new.link).bind(&new.once).bind(&new.owner).bind(now)
                .bind(whole(new.expires_ms)).bind(i64::from(new.priority)).execute(&mut *tx).await?;
            for (slot, places) in &new.needs {
                sqlx::query(NEED).bind(&id).bind(slot).bind(i64::from(*places)).execute(&mut *tx).await?;
            }
            sqlx::query(ARRIVAL).bind(&id).bind(&new.client).bind(&new.host).bind(now).execute(&mut *tx).await?;
            sqlx::query(EVENT).bind(&id).bind(now).bind(&queued).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(Placed::New)
        }.await)
        .map_err(to("place a request"))
    }

    /// The request with this id.
    ///
    /// # Errors
    /// The database fails or the row is corrupt.
    pub async fn request(&self, id: CheckId) -> Result<Option<CheckRequest>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM check_requests WHERE id = $1"));
        let row = on!(self, pool => sqlx::query(sql).bind(id.to_string()).fetch_optional(pool).await
            .and_then(|row| row.map(|row| row!(row)).transpose()))
        .map_err(to("look up a request"))?;
        row.map(RequestRow::read).transpose()
    }

    /// The request whose private link has this SHA-256. Looking up a hash tells a guesser nothing by its time.
    ///
    /// # Errors
    /// The database fails or the row is corrupt.
    pub async fn linked(&self, link: &str) -> Result<Option<CheckRequest>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM check_requests WHERE link = $1"));
        let row = on!(self, pool => sqlx::query(sql).bind(link).fetch_optional(pool).await
            .and_then(|row| row.map(|row| row!(row)).transpose()))
        .map_err(to("look up a private link"))?;
        row.map(RequestRow::read).transpose()
    }

    /// How many requests would be taken before this one.
    ///
    /// # Errors
    /// The database fails.
    pub async fn ahead(&self, id: CheckId) -> Result<u64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM check_requests o, check_requests own WHERE own.id = $1 AND o.state = 'queued' \
                           AND o.id <> own.id AND (o.priority > own.priority \
                           OR (o.priority = own.priority AND (o.created_ms < own.created_ms OR (o.created_ms = own.created_ms AND o.id < own.id))))";
        let ahead: i64 = on!(self, pool => sqlx::query(SQL).bind(id.to_string()).fetch_one(pool).await.and_then(|row| row.try_get(0)))
            .map_err(to("count who waits"))?;
        Ok(u64::try_from(ahead).unwrap_or(0))
    }

    /// Ends a request that is not over: at once if no worker has it, otherwise its worker is told. `false` if it is over.
    ///
    /// # Errors
    /// The database fails.
    pub async fn cancel(&self, id: CheckId, now_ms: u64) -> Result<bool, StoreError> {
        const WAITS: &str = "UPDATE check_requests SET state = 'cancelled', ended_ms = $2, lease_by = NULL, lease_until_ms = 0 \
                             WHERE id = $1 AND (state = 'queued' OR (state = 'running' AND lease_until_ms <= $2))";
        const RUNS: &str = "UPDATE check_requests SET cancelling = 1 WHERE id = $1 AND state = 'running'";
        const SLOTS: &str = "DELETE FROM slots WHERE holder = $1";
        const EVENT: &str = "INSERT INTO check_events (check_id, number, at_ms, doc) \
                             SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3 FROM check_events WHERE check_id = $1";
        let (id, now) = (id.to_string(), whole(now_ms));
        let doc = to_json(&Progress::Cancelled, "check_events", &id)?;
        on!(self, pool => async {
            let mut tx = pool.begin().await?;
            let mut changed = sqlx::query(WAITS).bind(&id).bind(now).execute(&mut *tx).await?.rows_affected();
            if changed > 0 {
                sqlx::query(SLOTS).bind(&id).execute(&mut *tx).await?;
                sqlx::query(EVENT).bind(&id).bind(now).bind(&doc).execute(&mut *tx).await?;
            } else {
                changed = sqlx::query(RUNS).bind(&id).execute(&mut *tx).await?.rows_affected();
            }
            tx.commit().await?;
            Ok(changed > 0)
        }.await)
        .map_err(to("cancel a request"))
    }

    /// Deletes a request with its check, pages, answers, events and result. A worker that has it loses it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn delete(&self, id: CheckId) -> Result<bool, StoreError> {
        let id = id.to_string();
        on!(self, pool => async {
            let mut tx = pool.begin().await?;
            let mut gone = 0;
            for sql in DELETE {
                gone += sqlx::query(sql).bind(&id).execute(&mut *tx).await?.rows_affected();
            }
            tx.commit().await?;
            Ok(gone > 0)
        }.await)
        .map_err(to("delete a check"))
    }

    /// Deletes what has had its time: unclaimed requests with all that belongs to them, and arrivals older than
    /// `window_ms`. Gives how many requests were deleted.
    ///
    /// # Errors
    /// The database fails.
    pub async fn expire(&self, now_ms: u64, window_ms: u64) -> Result<u64, StoreError> {
        const OVER: &str = "SELECT id FROM check_requests WHERE owner IS NULL AND expires_ms <= $1 ORDER BY expires_ms LIMIT 500";
        const ARRIVALS: &str = "DELETE FROM arrivals WHERE at_ms <= $1";
        let over: Vec<String> = on!(self, pool => sqlx::query(OVER).bind(whole(now_ms)).fetch_all(pool).await
            .and_then(|rows| all(rows.iter().map(|row| row.try_get(0)))))
        .map_err(to("look for what has expired"))?;
        let mut gone = 0;
        for id in over {
            let id = id.parse().map_err(|error| corrupt("check_requests", "id", &id, error))?;
            gone += u64::from(self.delete(id).await?);
        }
        on!(self, pool => sqlx::query(ARRIVALS).bind(whole(now_ms.saturating_sub(window_ms))).execute(pool).await.map(|_| ()))
            .map_err(to("forget old arrivals"))?;
        Ok(gone)
    }
}

/// The request comes first: its row is what a worker's writes wait for.
const DELETE: [&str; 3] =
    ["DELETE FROM check_requests WHERE id = $1", "DELETE FROM slots WHERE holder = $1", "DELETE FROM checks WHERE id = $1"];
