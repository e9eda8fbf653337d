//! Workers: they take requests from the queue, run the pipeline, and keep what became of it.
//!
//! A check is one job, and [`crate::pipeline::run_as`] goes on at the page or factor where the last worker stopped, so a
//! crash, a stop and a normal step are the same code. What a worker writes counts only while its lease is held. This
//! module serves no pages and decides nothing about answers.
//!
//! The queue is a few statements over the requests' own table (`store/queue.rs`), not a library: see the commit that
//! brought it for what was looked for and missing.

mod check;
pub mod plan;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::config::Config;
use crate::framework::Framework;
use crate::framework::load::LoadError;
use crate::intake;
use crate::store::Store;

/// How often what has had its time is deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(600);

/// The workers of this process.
#[derive(Clone)]
pub struct Workers {
    store: Store,
    config: Arc<Config>,
    factors: Arc<Framework>,
    wake: Arc<Notify>,
    stop: CancellationToken,
}

impl Workers {
    /// Workers over this store. `wake` is told of new requests by this process's pages; those of other processes are seen
    /// at the next look. `stop` ends them: what they have goes back to the queue.
    ///
    /// # Errors
    /// The framework that ships with the program cannot be loaded.
    pub fn new(store: Store, config: Arc<Config>, wake: Arc<Notify>, stop: CancellationToken) -> Result<Self, LoadError> {
        Ok(Self { store, config, factors: Arc::new(plan::factors()?), wake, stop })
    }

    /// Works until it is stopped.
    pub async fn run(&self) {
        let own = (0..self.config.worker.count).map(|_| self.work());
        tokio::join!(futures::future::join_all(own), self.sweep());
    }

    async fn work(&self) {
        let pause = Duration::from_millis(self.config.worker.poll_ms);
        let lease_ms = self.config.worker.lease * 1_000;
        while !self.stop.is_cancelled() {
            let by = uuid::Uuid::now_v7().simple().to_string();
            let worked = match self.store.claim(&by, clock::now_ms(), lease_ms).await {
                Ok(Some(claimed)) => check::work(self, claimed).await.map(|()| true),
                Ok(None) => Ok(false),
                Err(error) => Err(error),
            };
            match worked {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::error!(error = crate::chain(&error), "a worker could not go on with the queue"),
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.wake.notified() => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    async fn sweep(&self) {
        let mut ticks = tokio::time::interval(SWEEP_EVERY);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.stop.cancelled() => return,
            }
            match self.store.expire(clock::now_ms(), intake::WINDOW_MS).await {
                Ok(0) => {}
                Ok(gone) => tracing::info!(checks.deleted = gone, "deleted checks whose time was over"),
                Err(error) => tracing::error!(error = crate::chain(&error), "could not delete what has expired"),
            }
        }
    }
}
