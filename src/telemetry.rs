//! Logs: to standard error, as the environment variable `SOVCHECK_LOG` says. Page text and secrets are never logged.

use tracing_subscriber::EnvFilter;

/// Libraries that log what a server sent are kept quiet: it could hold page text.
const DEFAULT: &str = "warn,async_openai=off,pdf_extract=off,html5ever=off,lopdf=off,sqlx=error";

/// Starts logging. `filter` is in the syntax of tracing's `EnvFilter`, such as `info` or `sovcheck=debug`.
pub fn start(filter: Option<&str>) {
    let filter = EnvFilter::try_new(filter.unwrap_or(DEFAULT)).unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    // A second start (in tests) keeps the first.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true).try_init();
}
