//! The world of a story: the program, a fresh database, a site on loopback.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use sqlx::{Connection, Executor};

/// A file or folder of the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The fixture vendor's site.
pub fn nordhaven() -> String {
    project("fixtures/sites/nordhaven").display().to_string()
}

/// A place for one story's files and database, gone at its end.
pub struct World {
    pub dir: tempfile::TempDir,
    pub database: String,
    /// Open ports of loopback, for the crawler.
    pub ports: Vec<u16>,
    /// Settings of the service, beside those of every story.
    pub variables: Vec<(String, String)>,
}

/// What the program did.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    /// The program ended with `code` and said all of `words` on standard error.
    pub fn failed(&self, code: i32, words: &[&str]) -> &Self {
        assert_eq!(self.code, Some(code), "out: {}\nerr: {}", self.out, self.err);
        for word in words {
            assert!(self.err.contains(word), "`{word}` is not said in: {}", self.err);
        }
        self
    }

    pub fn done(&self) -> &Self {
        assert_eq!(self.code, Some(0), "out: {}\nerr: {}", self.out, self.err);
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl World {
    /// On SQLite.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let database = format!("sqlite:{}", dir.path().join("checks.db").display());
        Self { dir, database, ports: Vec::new(), variables: Vec::new() }
    }

    /// One world for each database: SQLite, and Postgres where there is one.
    pub async fn each() -> Vec<Self> {
        let mut worlds = vec![Self::new()];
        match std::env::var("TEST_POSTGRES_URL") {
            Ok(server) => {
                let name = format!("story_{}", uuid::Uuid::now_v7().simple());
                let mut admin = sqlx::PgConnection::connect(&server).await.expect("the Postgres server answers");
                let create = format!("CREATE DATABASE {name}");
                admin.execute(sqlx::AssertSqlSafe(create)).await.expect("a database can be made");
                let mut url = url::Url::parse(&server).expect("an address");
                url.set_path(&name);
                worlds.push(Self { database: url.to_string(), ..Self::new() });
            }
            Err(_) if std::env::var("CI").is_ok() => panic!("in CI these stories run on Postgres too: set TEST_POSTGRES_URL"),
            Err(_) => eprintln!("TEST_POSTGRES_URL is not set: this story runs on SQLite alone"),
        }
        worlds
    }

    /// The program with this world's database.
    pub fn command(&self, args: &[&str]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sovcheck"));
        let ports: Vec<String> = self.ports.iter().map(ToString::to_string).collect();
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("SOVCHECK_DATABASE", &self.database)
            .current_dir(self.dir.path())
            .kill_on_drop(true);
        if !ports.is_empty() {
            command.env("SOVCHECK_TEST_OPEN_PORTS", ports.join(","));
        }
        command
    }

    /// Runs the program to its end.
    pub async fn run(&self, args: &[&str]) -> Ran {
        self.command(args).stdin(std::process::Stdio::null()).output().await.expect("the program starts").into()
    }
}

impl World {
    /// The first column of what a query on this world's database gives; it must be text.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        use sqlx::Row;
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        if self.database.starts_with("sqlite:") {
            let mut database = sqlx::SqliteConnection::connect(&self.database).await.expect("the database opens");
            let rows = database.fetch_all(sql).await.expect("a query");
            rows.iter().map(|row| row.get(0)).collect()
        } else {
            let mut database = sqlx::PgConnection::connect(&self.database).await.expect("the database opens");
            let rows = database.fetch_all(sql).await.expect("a query");
            rows.iter().map(|row| row.get(0)).collect()
        }
    }
}

impl World {
    /// Whether nobody holds the lock of the whole database; there is none on Postgres.
    pub async fn can_be_written(&self) -> bool {
        if !self.database.starts_with("sqlite:") {
            return true;
        }
        let mut database = sqlx::SqliteConnection::connect(&self.database).await.expect("the database opens");
        database.execute("PRAGMA busy_timeout = 0").await.expect("a setting");
        let free = database.execute("BEGIN IMMEDIATE").await.is_ok();
        if free {
            database.execute("ROLLBACK").await.expect("it ends");
        }
        free
    }
}

/// Serves `router` on a port of loopback until the story ends.
pub async fn serve(router: axum::Router) -> (String, u16) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://127.0.0.1:{port}"), port)
}

/// The factor of a report.
pub fn factor<'a>(report: &'a Value, id: &str) -> &'a Value {
    report["factors"].as_array().expect("factors").iter().find(|f| f["id"] == id).unwrap_or_else(|| panic!("no {id}"))
}

/// The evidence of a factor.
pub fn evidence<'a>(report: &'a Value, id: &str) -> Vec<&'a Value> {
    let ids = factor(report, id)["evidence"].as_array().expect("a list").clone();
    report["evidence"].as_array().expect("a list").iter().filter(|e| ids.contains(&e["id"])).collect()
}
