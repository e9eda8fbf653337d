//! `sovcheck serve` and `sovcheck worker`: the service's processes.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use toml::Value;

use super::{Ended, Exit, reading};
use crate::config::Config;
use crate::jobs::Workers;
use crate::store::Store;
use crate::web::{self, WebState};

/// What both processes are told.
#[derive(Debug, Args)]
pub(super) struct SettingsArgs {
    /// A file of settings (TOML). Variables come before it, options before both.
    #[arg(long, value_name = "FILE", env = "SOVCHECK_CONFIG")]
    config: Option<PathBuf>,
    /// Where everything is kept: sqlite:PATH or postgres://… [default: a file in the user's data folder].
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Address and port to listen on [default: 127.0.0.1:8080]; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Checks at once in this process [default: 2]; 0 serves pages alone.
    #[arg(long, value_name = "N")]
    workers: Option<u16>,
}

#[derive(Debug, Args)]
pub(super) struct WorkerArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Checks at once in this process [default: 2].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    workers: Option<u16>,
}

impl SettingsArgs {
    /// The settings of file, environment and command line.
    pub(super) fn load(&self, mut said: Vec<(&'static str, Value)>) -> Result<Config, (Exit, anyhow::Error)> {
        let bad = |error: anyhow::Error| (Exit::BadInput, error);
        let file = match &self.config {
            Some(path) => std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display())).map_err(bad)?,
            None => String::new(),
        };
        if let Some(database) = &self.database {
            said.push(("database", Value::String(database.clone())));
        }
        let mut config = Config::read(&file, reading::variable, said).map_err(|error| bad(error.into()))?;
        config.crawl.reader = reading::own_file();
        Ok(config)
    }
}

/// Opens the database of these settings.
pub(super) async fn open(config: &Config) -> Result<Store, (Exit, anyhow::Error)> {
    let address = super::check::database(config.database.as_deref()).map_err(|error| (Exit::BadInput, error))?;
    Store::open(&address).await.map_err(|error| (Exit::Fault, error.into()))
}

fn workers_said(workers: Option<u16>) -> Vec<(&'static str, Value)> {
    workers.map(|count| ("worker.count", Value::Integer(count.into()))).into_iter().collect()
}

/// Serves the pages, and works unless told otherwise.
pub(super) async fn serve(args: ServeArgs) -> Ended {
    let mut said = workers_said(args.workers);
    if let Some(listen) = args.listen {
        said.push(("web.listen", Value::String(listen)));
    }
    let config = Arc::new(args.settings.load(said)?);
    let store = open(&config).await?;
    let fault = |error: anyhow::Error| (Exit::Fault, error);
    let (wake, stop) = (Arc::new(Notify::new()), CancellationToken::new());
    let workers = workers(&store, &config, &wake, &stop)?;
    let listen = config.web.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("could not listen on {listen}")).map_err(fault)?;
    let address = listener.local_addr().context("could not listen").map_err(fault)?;
    let state = WebState::new(store.clone(), config.clone(), wake, stop.clone()).await.map_err(|error| fault(error.into()))?;
    tokio::spawn(stop_on_signal(stop.clone()));
    // Programs that start this one wait for this line.
    eprintln!("listening on http://{address} with {} workers", config.worker.count);
    let working = tokio::spawn(async move {
        if config.worker.count > 0 {
            workers.run().await;
        }
    });
    let served = web::serve(listener, state).await;
    stop.cancel();
    let worked = working.await;
    store.close().await;
    served.map_err(|error| fault(error.into()))?;
    worked.context("a worker has failed").map_err(fault)?;
    Ok(Exit::Done)
}

/// Works without serving pages.
pub(super) async fn worker(args: WorkerArgs) -> Ended {
    let config = Arc::new(args.settings.load(workers_said(args.workers))?);
    let store = open(&config).await?;
    let stop = CancellationToken::new();
    let workers = workers(&store, &config, &Arc::new(Notify::new()), &stop)?;
    tokio::spawn(stop_on_signal(stop));
    eprintln!("working with {} workers", config.worker.count);
    workers.run().await;
    store.close().await;
    Ok(Exit::Done)
}

fn workers(store: &Store, config: &Arc<Config>, wake: &Arc<Notify>, stop: &CancellationToken) -> Result<Workers, (Exit, anyhow::Error)> {
    Workers::new(store.clone(), config.clone(), wake.clone(), stop.clone()).map_err(|error| (Exit::Fault, error.into()))
}

/// Ends the process in order: what runs goes back to the queue.
async fn stop_on_signal(stop: CancellationToken) {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
    eprintln!("stopping; checks that run go back to the queue");
    stop.cancel();
}
