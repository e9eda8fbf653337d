//! What is kept: checks, their pages, what was not read, and the answers. SQLite or Postgres, one SQL text for both.
//!
//! All SQL of the program is below this module. A row that cannot be read back names table, column and row. Findings
//! are kept as the claims they were and are verified anew against the stored page when they are read: there is no back
//! door around verification.

mod answers;
mod backup;
mod checks;
mod crawls;
mod events;
mod pages;
mod queue;
mod requests;
mod secrets;

pub use answers::Settled;
pub use backup::BackupError;
pub use checks::{Check, Stage};
pub use queue::{Beat, Claimed, Ending};
pub use requests::{Ceilings, NewRequest, Placed};

use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{Executor, PgPool, SqlitePool};

use crate::domain::id::CheckId;

/// A handle to the database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pool: Pool,
    /// What a check writes through this handle is kept only while this lease is held.
    lease: Option<Lease>,
}

/// A worker's hold on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The request, and its check.
    pub check: CheckId,
    /// A name that is new each time a request is taken.
    pub by: String,
}

#[derive(Clone, Debug)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Runs one expression on whichever database is in use.
macro_rules! on {
    ($store:expr, $pool:ident => $run:expr) => {
        match &$store.pool {
            $crate::store::Pool::Sqlite($pool) => $run,
            $crate::store::Pool::Postgres($pool) => $run,
        }
    };
}
use on;

/// Runs writes of a check in one transaction; under a lease, only while it is held. The row of the lease is written to, so
/// that nobody takes the request between the look and the write.
macro_rules! hold {
    ($store:expr, $lease:expr, $action:literal, $tx:ident => $run:block) => {{
        const HELD: &str = "UPDATE check_requests SET lease_until_ms = lease_until_ms WHERE id = $1 AND lease_by = $2";
        let lease: Option<&$crate::store::Lease> = $lease;
        let held = $crate::store::on!($store, pool => async {
            let mut $tx = pool.begin().await?;
            if let Some(lease) = lease
                && sqlx::query(HELD).bind(lease.check.to_string()).bind(&lease.by).execute(&mut *$tx).await?.rows_affected() == 0
            {
                return Ok::<bool, sqlx::Error>(false);
            }
            $run
            $tx.commit().await?;
            Ok(true)
        }.await)
        .map_err($crate::store::to($action))?;
        if held { Ok(()) } else { Err($crate::store::StoreError::LeaseLost) }
    }};
}
use hold;

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address names no database that is known.
    #[error("`{0}` is not a database address: use sqlite:PATH or postgres://…")]
    Address(String),
    /// The folder of the database file cannot be made.
    #[error("could not make the folder {}", path.display())]
    Folder {
        /// The folder.
        path: std::path::PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The database did not do it.
    #[error("could not {action}")]
    Sql {
        /// What was asked.
        action: &'static str,
        /// Why not.
        #[source]
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("could not bring the database's schema up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// Another worker has the check, or nobody.
    #[error("the check is no longer this worker's")]
    LeaseLost,
    /// A row that this program did not write, or no longer understands.
    #[error("the database is inconsistent: {table}.{column} of {row}: {problem}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        row: String,
        /// What is wrong with it.
        problem: String,
    },
}

fn to(action: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |source| StoreError::Sql { action, source }
}

fn corrupt(table: &'static str, column: &'static str, row: &str, problem: impl ToString) -> StoreError {
    StoreError::Corrupt { table, column, row: row.to_owned(), problem: problem.to_string() }
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str, table: &'static str, row: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| corrupt(table, "doc", row, error))
}

fn to_json<T: serde::Serialize>(value: &T, table: &'static str, row: &str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| corrupt(table, "doc", row, error))
}

/// A count or a time as the database keeps it.
fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn all<T>(rows: impl Iterator<Item = Result<T, sqlx::Error>>) -> Result<Vec<T>, sqlx::Error> {
    rows.collect()
}

impl Store {
    /// Opens `sqlite:PATH` (made if it is missing), `sqlite::memory:` or `postgres://…`, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError`] says whether address, folder, connection or schema is at fault.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        let migrations = sqlx::migrate!("src/store/migrations");
        if let Some(path) = address.strip_prefix("sqlite:") {
            let folder = std::path::Path::new(path).parent().filter(|p| !p.as_os_str().is_empty() && path != ":memory:");
            if let Some(folder) = folder {
                std::fs::create_dir_all(folder).map_err(|source| StoreError::Folder { path: folder.to_owned(), source })?;
            }
            let options: SqliteConnectOptions = address.parse().map_err(to("read the database address"))?;
            let options = options
                .create_if_missing(true)
                .foreign_keys(true)
                .journal_mode(SqliteJournalMode::Wal)
                .busy_timeout(std::time::Duration::from_secs(10));
            // An in-memory database lives as long as its one connection.
            let connections = if path == ":memory:" { 1 } else { 4 };
            let pool =
                SqlitePoolOptions::new().max_connections(connections).connect_with(options).await.map_err(to("open the database"))?;
            migrations.run(&pool).await.map_err(StoreError::Migrate)?;
            return Ok(Self { pool: Pool::Sqlite(pool), lease: None });
        }
        if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            // A worker that stands still in the middle of a transaction holds up whoever is to go on with its check.
            let impatient = "SET idle_in_transaction_session_timeout = '10s'";
            let pool = PgPoolOptions::new()
                .max_connections(8)
                .after_connect(move |connection, _| Box::pin(async move { connection.execute(impatient).await.map(|_| ()) }))
                .connect(address)
                .await
                .map_err(to("open the database"))?;
            migrations.run(&pool).await.map_err(StoreError::Migrate)?;
            return Ok(Self { pool: Pool::Postgres(pool), lease: None });
        }
        Err(StoreError::Address(address.to_owned()))
    }

    /// The same database, for a check under a lease: once that is lost, nothing of the check is kept any more.
    #[must_use]
    pub fn held_by(&self, lease: &Lease) -> Self {
        Self { lease: Some(lease.clone()), ..self.clone() }
    }

    /// Closes all connections.
    pub async fn close(&self) {
        on!(self, pool => pool.close().await);
    }
}
