//! Everything that is kept, as one stream of lines that either database can read back.
//!
//! The first line names the form and the schema; each table begins with its columns; each row is one line; the last line has
//! the counts and the SHA-256 of all bytes before it. Tables and columns are asked of the database, so that a new one cannot
//! be forgotten; that question is the one statement that differs between the databases. Secrets are not in a backup: a
//! restored service makes its own, and forms that are open at that time have to be opened again.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::Row;

use super::{Pool, Store, StoreError, to};

/// The form of the stream.
const FORMAT: &str = "sovcheck-backup/1";
/// What belongs to one database and not to what is kept in it.
const OWN: [&str; 3] = ["_sqlx_migrations", "secrets", "turnstile"];

/// Why a backup was not made or not read back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database fails.
    #[error("the database fails")]
    Store(#[source] StoreError),
    /// The stream cannot be written.
    #[error("the backup cannot be written")]
    Write(#[source] io::Error),
    /// The stream cannot be read.
    #[error("the backup cannot be read")]
    Read(#[source] io::Error),
    /// A line is not what it should be.
    #[error("line {line} of the backup: {problem}")]
    Line {
        /// Its number.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// Its schema is newer than this program's.
    #[error("the backup was made by a newer version of this program")]
    Newer,
    /// There is something in the database already.
    #[error("the database is not empty: `{0}` has rows; restore into a new one")]
    NotEmpty(String),
    /// The end is missing.
    #[error("the backup is cut off")]
    CutOff,
    /// The bytes are not those that were written.
    #[error("the backup is damaged: its checksum does not fit")]
    Damaged,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Whole,
    Bytes,
}

#[derive(Debug)]
struct Table {
    name: String,
    columns: Vec<(String, Kind)>,
}

/// A line of the stream.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Begin { format: String, schema: i64, made: u64 },
    Table { name: String, columns: Vec<String> },
    Row(Vec<Cell>),
    End { rows: BTreeMap<String, u64>, sha256: String },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Cell {
    #[serde(rename = "n")]
    Null,
    #[serde(rename = "t")]
    Text(String),
    #[serde(rename = "w")]
    Whole(i64),
    /// As base64.
    #[serde(rename = "b")]
    Bytes(String),
}

/// The cell of a row of either database.
macro_rules! cell {
    ($row:expr, $at:expr, $kind:expr) => {
        match $kind {
            Kind::Text => $row.try_get::<Option<String>, _>($at)?.map_or(Cell::Null, Cell::Text),
            Kind::Whole => $row.try_get::<Option<i64>, _>($at)?.map_or(Cell::Null, Cell::Whole),
            Kind::Bytes => $row.try_get::<Option<Vec<u8>>, _>($at)?.map_or(Cell::Null, |bytes| Cell::Bytes(STANDARD.encode(bytes))),
        }
    };
}

/// Runs the same on whichever database is in use, in a transaction.
macro_rules! within {
    ($store:expr, $tx:ident => $run:block) => {
        match &$store.pool {
            Pool::Sqlite(pool) => {
                let mut $tx = pool.begin().await.map_err(sql("begin"))?;
                $run
            }
            Pool::Postgres(pool) => {
                let mut $tx = pool.begin().await.map_err(sql("begin"))?;
                $run
            }
        }
    };
}

fn sql(action: &'static str) -> impl Fn(sqlx::Error) -> BackupError {
    move |error| BackupError::Store(to(action)(error))
}

/// Writes lines and remembers what was written.
struct Lines<W> {
    out: W,
    hash: Sha256,
    rows: BTreeMap<String, u64>,
}

impl<W: Write> Lines<W> {
    fn put(&mut self, line: &Line) -> Result<(), BackupError> {
        let mut text = serde_json::to_vec(line).map_err(|error| BackupError::Write(error.into()))?;
        text.push(b'\n');
        self.hash.update(&text);
        self.out.write_all(&text).map_err(BackupError::Write)
    }
}

impl Store {
    /// Writes everything that is kept, as it is at one moment, and gives the rows of each table.
    ///
    /// # Errors
    /// The database fails, or the stream.
    pub async fn back_up(&self, out: impl Write, now_ms: u64) -> Result<BTreeMap<String, u64>, BackupError> {
        let tables = self.tables().await?;
        let mut lines = Lines { out, hash: Sha256::new(), rows: BTreeMap::new() };
        lines.put(&Line::Begin { format: FORMAT.to_owned(), schema: self.schema().await?, made: now_ms })?;
        within!(self, tx => {
            // SQLite reads one moment in any transaction; Postgres has to be told, and a slow disk is no reason to give up.
            if let Pool::Postgres(_) = &self.pool {
                for statement in ["SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", "SET LOCAL idle_in_transaction_session_timeout = 0"] {
                    sqlx::query(statement).execute(&mut *tx).await.map_err(sql("choose a moment"))?;
                }
            }
            for table in &tables {
                let names: Vec<String> = table.columns.iter().map(|(name, _)| name.clone()).collect();
                let select = sqlx::AssertSqlSafe(format!("SELECT {} FROM {}", names.join(", "), table.name));
                lines.put(&Line::Table { name: table.name.clone(), columns: names })?;
                let mut count = 0;
                let mut rows = sqlx::query(select).fetch(&mut *tx);
                while let Some(row) = rows.try_next().await.map_err(sql("read a table"))? {
                    let read = || table.columns.iter().enumerate().map(|(at, (_, kind))| Ok(cell!(row, at, kind))).collect();
                    let cells: Result<Vec<Cell>, sqlx::Error> = read();
                    lines.put(&Line::Row(cells.map_err(sql("read a row"))?))?;
                    count += 1;
                }
                lines.rows.insert(table.name.clone(), count);
            }
        });
        let Lines { mut out, hash, rows } = lines;
        let end = Line::End { rows: rows.clone(), sha256: crate::hex(&hash.finalize()) };
        serde_json::to_writer(&mut out, &end).map_err(|error| BackupError::Write(error.into()))?;
        out.write_all(b"\n").and_then(|()| out.flush()).map_err(BackupError::Write)?;
        Ok(rows)
    }

    /// Reads a backup back into an empty database, all of it or nothing, and gives the rows of each table.
    ///
    /// # Errors
    /// The database is not empty or fails; the backup is damaged, cut off or newer than this program.
    pub async fn restore(&self, mut input: impl BufRead) -> Result<BTreeMap<String, u64>, BackupError> {
        let tables = self.tables().await?;
        let schema = self.schema().await?;
        let mut reader = Reader { hash: Sha256::new(), line: 0, rows: BTreeMap::new() };
        within!(self, tx => {
            for table in &tables {
                let any = sqlx::AssertSqlSafe(format!("SELECT 1 FROM {} LIMIT 1", table.name));
                if sqlx::query(any).fetch_optional(&mut *tx).await.map_err(sql("look into a table"))?.is_some() {
                    return Err(BackupError::NotEmpty(table.name.clone()));
                }
            }
            match reader.next(&mut input)? {
                Line::Begin { format, schema: made_with, .. } if format == FORMAT => {
                    if made_with > schema {
                        return Err(BackupError::Newer);
                    }
                }
                _ => return Err(reader.wrong("this is not a backup of this program")),
            }
            let mut into: Option<(String, Vec<Kind>, String)> = None;
            loop {
                match reader.next(&mut input)? {
                    Line::Begin { .. } => return Err(reader.wrong("a second beginning")),
                    Line::Table { name, columns } => into = Some(insert(&tables, name, &columns).map_err(|problem| reader.wrong(problem))?),
                    Line::Row(cells) => {
                        let Some((name, kinds, insert)) = &into else { return Err(reader.wrong("a row before its table")) };
                        if cells.len() != kinds.len() {
                            return Err(reader.wrong("not as many cells as columns"));
                        }
                        let mut query = sqlx::query(sqlx::AssertSqlSafe(insert.clone()));
                        for (cell, kind) in cells.into_iter().zip(kinds) {
                            query = match (kind, cell) {
                                (Kind::Text, Cell::Null) => query.bind(None::<String>),
                                (Kind::Whole, Cell::Null) => query.bind(None::<i64>),
                                (Kind::Bytes, Cell::Null) => query.bind(None::<Vec<u8>>),
                                (Kind::Text, Cell::Text(text)) => query.bind(text),
                                (Kind::Whole, Cell::Whole(number)) => query.bind(number),
                                (Kind::Bytes, Cell::Bytes(text)) => {
                                    query.bind(STANDARD.decode(text).map_err(|error| reader.wrong(error.to_string()))?)
                                }
                                _ => return Err(reader.wrong("a cell of another kind than its column")),
                            };
                        }
                        query.execute(&mut *tx).await.map_err(sql("write a row"))?;
                        *reader.rows.entry(name.clone()).or_insert(0) += 1;
                    }
                    Line::End { rows, sha256 } => {
                        if sha256 != crate::hex(&reader.hash.finalize()) {
                            return Err(BackupError::Damaged);
                        }
                        tx.commit().await.map_err(sql("keep what was restored"))?;
                        return Ok(rows);
                    }
                }
            }
        })
    }

    /// The number of the last migration.
    async fn schema(&self) -> Result<i64, BackupError> {
        const SQL: &str = "SELECT MAX(version) FROM _sqlx_migrations";
        super::on!(self, pool => sqlx::query(SQL).fetch_one(pool).await.and_then(|row| row.try_get(0)))
            .map_err(sql("read the schema's version"))
    }

    /// The tables in the order in which they were made, which puts what is referred to first.
    async fn tables(&self) -> Result<Vec<Table>, BackupError> {
        const SQLITE: &str = "SELECT m.name, p.name, lower(p.type) FROM sqlite_master m, pragma_table_info(m.name) p \
                              WHERE m.type = 'table' ORDER BY m.rowid, p.cid";
        const POSTGRES: &str = "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL)::text FROM pg_class c \
                                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
                                WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace ORDER BY c.oid, a.attnum";
        let columns: Vec<(String, String, String)> = match &self.pool {
            Pool::Sqlite(pool) => sqlx::query_as(SQLITE).fetch_all(pool).await,
            Pool::Postgres(pool) => sqlx::query_as(POSTGRES).fetch_all(pool).await,
        }
        .map_err(sql("list the tables"))?;
        let mut tables: Vec<Table> = Vec::new();
        for (table, column, kind) in columns.into_iter().filter(|(table, ..)| !OWN.contains(&table.as_str())) {
            let kind = match kind.as_str() {
                "text" => Kind::Text,
                "bigint" => Kind::Whole,
                "bytea" => Kind::Bytes,
                other => {
                    let problem = format!("columns of kind {other} cannot be backed up");
                    return Err(BackupError::Store(super::corrupt("schema", "type", &format!("{table}.{column}"), problem)));
                }
            };
            match tables.last_mut().filter(|last| last.name == table) {
                Some(last) => last.columns.push((column, kind)),
                None => tables.push(Table { name: table, columns: vec![(column, kind)] }),
            }
        }
        Ok(tables)
    }
}

/// How rows of a table are written. Names are taken from the database's own list, never from the backup.
fn insert(tables: &[Table], name: String, columns: &[String]) -> Result<(String, Vec<Kind>, String), String> {
    let table = tables.iter().find(|table| table.name == name).ok_or_else(|| format!("`{name}` is no table of this program"))?;
    let known: Vec<&(String, Kind)> = columns.iter().filter_map(|column| table.columns.iter().find(|(own, _)| own == column)).collect();
    if known.len() != columns.len() {
        return Err(format!("`{name}` has columns that this program does not know"));
    }
    let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
    let holes: Vec<String> = (1..=known.len()).map(|n| format!("${n}")).collect();
    let insert = format!("INSERT INTO {} ({}) VALUES ({})", table.name, names.join(", "), holes.join(", "));
    Ok((name, known.iter().map(|(_, kind)| *kind).collect(), insert))
}

/// Reads lines and remembers what was read.
struct Reader {
    hash: Sha256,
    line: u64,
    rows: BTreeMap<String, u64>,
}

impl Reader {
    fn next(&mut self, input: &mut impl BufRead) -> Result<Line, BackupError> {
        let mut text = Vec::new();
        input.read_until(b'\n', &mut text).map_err(BackupError::Read)?;
        self.line += 1;
        if text.last() != Some(&b'\n') {
            return Err(BackupError::CutOff);
        }
        let line: Line = serde_json::from_slice(&text).map_err(|error| self.wrong(error.to_string()))?;
        if !matches!(line, Line::End { .. }) {
            self.hash.update(&text);
        }
        Ok(line)
    }

    fn wrong(&self, problem: impl Into<String>) -> BackupError {
        BackupError::Line { line: self.line, problem: problem.into() }
    }
}
