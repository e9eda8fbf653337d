//! The command line: what can be asked, with which exit code it ends.
//!
//! Everything that is typed or set in the environment is read here, once, and turned into the types of the modules
//! that do the work. `--help` documents each setting with its environment variable.

mod apart;
mod backup;
mod check;
mod crawl;
mod eval;
mod exit;
mod explain;
mod facts;
mod framework;
mod keep;
mod model;
mod output;
mod progress;
mod reading;
mod score;
mod serve;
mod source;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use exit::Exit;

const EXAMPLES: &str = "\
Examples:
  sovcheck check https://docs.example.eu --name \"Example Cloud\"
  sovcheck check ./documentation --out report/
  sovcheck crawl docs.example.eu --pages 20
  sovcheck score answers.csv --format json
  sovcheck framework check my-framework.toml
  sovcheck serve

Exit codes:
  0 done   1 a fault of this program or its database   2 bad input
  3 done with gaps   4 nothing readable   130 stopped (run again to go on)";

const CHECK_EXAMPLES: &str = "\
Examples:
  sovcheck check docs.example.eu --contact you@example.org
  sovcheck check ./documentation --format html > report.html
  sovcheck check ./documentation --out report/ --gate SOV-2=3 --gate SOV-3=3
  sovcheck check ./documentation --framework cispe-sr --area eea --area Japan
  sovcheck check https://docs.example.eu --model-url http://127.0.0.1:8080/v1 --model mistral-small

Stop it with Ctrl-C at any time: the same command goes on where it stopped.";

const CRAWL_EXAMPLES: &str = "\
Examples:
  sovcheck crawl docs.example.eu --pages 20 --contact you@example.org
  sovcheck crawl www.example.eu docs.example.eu --host trust-portal.example --texts pages.jsonl";

const SERVE_EXAMPLES: &str = "\
Examples:
  sovcheck serve
  sovcheck serve --listen 0.0.0.0:8080 --config /etc/sovcheck.toml
  sovcheck serve --workers 0 --database postgres://sovcheck@db.example.eu/sovcheck

Without a database it keeps everything in one SQLite file. Stop it with Ctrl-C or SIGTERM: checks that run go back to
the queue, and the next worker goes on where they stopped.";

const WORKER_EXAMPLES: &str = "\
Examples:
  sovcheck worker --database postgres://sovcheck@db.example.eu/sovcheck
  sovcheck worker --workers 8 --config /etc/sovcheck.toml";

const BACKUP_EXAMPLES: &str = "\
Examples:
  sovcheck backup checks.backup --database sqlite:checks.db
  sovcheck restore checks.backup --database postgres://sovcheck@db.example.eu/sovcheck

A backup is made of one moment while the service runs. It holds everything but the service's own secrets; keep it as
safe as the database.";

/// How sovereign is a cloud service, and what proves it?
///
/// Reads a vendor's public documentation, finds evidence for each factor of a framework, and scores it.
/// An initial assessment, not a certification.
#[derive(Debug, Parser)]
#[command(name = "sovcheck", version, after_help = EXAMPLES)]
struct Cli {
    /// What is logged to standard error: error, warn, info, debug, or a filter such as sovcheck=debug.
    #[arg(long, global = true, env = "SOVCHECK_LOG", hide_env_values = true, value_name = "FILTER")]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a service's documentation: an address or a folder of files.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(Box<check::CheckArgs>),
    /// Read a source without judging it: what is read, in which order, and why.
    #[command(after_help = CRAWL_EXAMPLES)]
    Crawl(crawl::CrawlArgs),
    /// Serve the check in the browser, with workers in the same process.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(serve::ServeArgs),
    /// Work on checks that were asked for in the browser, beside other workers.
    #[command(after_help = WORKER_EXAMPLES)]
    Worker(serve::WorkerArgs),
    /// Write everything that is kept into one file.
    #[command(after_help = BACKUP_EXAMPLES)]
    Backup(backup::BackupArgs),
    /// Read a backup back into an empty database, of either kind.
    #[command(after_help = BACKUP_EXAMPLES)]
    Restore(backup::RestoreArgs),
    /// Score a file of answers, without reading any documentation.
    Score(score::ScoreArgs),
    /// List frameworks, and validate an edition of your own.
    #[command(subcommand)]
    Framework(framework::FrameworkCommand),
    /// List the facts that pages state, and try patterns of your own.
    #[command(subcommand)]
    Facts(facts::FactsCommand),
    /// Print the JSON schema of a report.
    Schema,
    /// Read one document from standard input; used by this program itself.
    #[command(hide = true)]
    ReadDocument(apart::ReadDocumentArgs),
    /// Measure against labelled vendors.
    Eval(Box<eval::EvalArgs>),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    crate::telemetry::start(cli.log.as_deref());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Exit::Fault.with(&anyhow::Error::new(error).context("could not start")),
    };
    let done = runtime.block_on(async {
        match cli.command {
            Command::Check(args) => check::run(*args).await,
            Command::ReadDocument(args) => apart::run(&args),
            Command::Crawl(args) => crawl::run(args).await,
            Command::Serve(args) => serve::serve(args).await,
            Command::Worker(args) => serve::worker(args).await,
            Command::Backup(args) => backup::backup(args).await,
            Command::Restore(args) => backup::restore(args).await,
            Command::Score(args) => score::run(&args),
            Command::Framework(command) => framework::run(&command),
            Command::Facts(command) => facts::run(command).await,
            Command::Schema => output::print(&format!("{:#}\n", crate::report::schema())),
            Command::Eval(args) => eval::run(*args).await,
        }
    });
    // Parsers of hostile documents run on threads that nothing can stop; they do not hold up the end.
    runtime.shutdown_background();
    match done {
        Ok(exit) => exit.into(),
        Err((exit, error)) => exit.with(&error),
    }
}

/// The end of a command: how it went, or what went wrong.
type Ended = Result<Exit, (Exit, anyhow::Error)>;

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
