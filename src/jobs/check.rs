//! One job: a request that this worker has taken, until it is over, put back, or lost.

use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

use super::Workers;
use super::plan::plan;
use crate::clock;
use crate::crawl::robots::SILENT;
use crate::domain::id::CheckId;
use crate::domain::page::{Unread, Why};
use crate::domain::progress::Progress;
use crate::domain::request::{Failure, FailureKind};
use crate::pipeline::{self, Event, PipelineError, Request};
use crate::report::Report;
use crate::store::{Beat, Claimed, Ending, Lease, Store, StoreError};

/// A worker tells that it lives at least this often, so that a visitor who cancels does not wait long.
const BEAT: Duration = Duration::from_secs(2);
/// Tries at a site of which nothing could be read, for reasons that may pass.
const TRIES_AT_A_SITE: u32 = 3;
/// Longest wait before a new try.
const LONGEST_WAIT_MS: u64 = 10 * 60 * 1_000;
/// What visitors are told when this service is at fault; the cause is in its log.
const OUR_FAULT: &str = "This service has failed, not the site.";

/// Why a job stops before its check is over.
enum Interrupted {
    /// The worker stops.
    Stop,
    /// The visitor does not want the check any more.
    Cancelled,
    /// The check is another worker's.
    Lost,
}

/// What became of a run.
enum Done {
    Report { report: String, sha256: String },
    Failed(PipelineError),
    Panicked,
}

/// Works on a request.
///
/// # Errors
/// The database fails; the lease then ends by itself and another worker goes on.
pub(super) async fn work(workers: &Workers, claimed: Claimed) -> Result<(), StoreError> {
    let check = claimed.lease.check;
    match attempt(workers, claimed).await {
        // Deleted, or taken over by another worker: whoever did that has the last word.
        Err(StoreError::LeaseLost) => {
            tracing::warn!(assessment.id = %check, "the check is not this worker's any more");
            Ok(())
        }
        done => done,
    }
}

async fn attempt(workers: &Workers, claimed: Claimed) -> Result<(), StoreError> {
    let Claimed { lease, asked, attempts, cancelling } = claimed;
    let (store, config) = (&workers.store, &workers.config);
    tracing::info!(assessment.id = %lease.check, attempts, "takes a check");
    if cancelling {
        return store.finish(&lease, &Ending::Cancelled, clock::now_ms()).await;
    }
    let fail = |kind, detail: String| Ending::Failed(Failure { kind, detail });
    if attempts > config.worker.attempts {
        let detail = format!("It was taken up {} times and never came to an end.", config.worker.attempts);
        return store.finish(&lease, &fail(FailureKind::GivenUp, detail), clock::now_ms()).await;
    }
    let request = match plan(&asked, config, &workers.factors) {
        Ok(request) => request,
        Err(error) => return store.finish(&lease, &fail(FailureKind::Refused, crate::chain(&error)), clock::now_ms()).await,
    };
    let (send, mut events) = unbounded_channel();
    let quit = CancellationToken::new();
    // However this function ends, the pipeline does not go on without it.
    let _quits = quit.clone().drop_guard();
    let run = run(store.held_by(&lease), request, lease.check, send, quit.clone());
    let done = follow(workers, &lease, run, &quit, &mut events).await?;
    let ending = match done {
        Err(Interrupted::Lost) => return Err(StoreError::LeaseLost),
        Err(Interrupted::Stop) => return store.hand_back(&lease, clock::now_ms()).await,
        Err(Interrupted::Cancelled) => Ending::Cancelled,
        Ok(Done::Report { report, sha256 }) => Ending::Done { report, sha256 },
        Ok(Done::Panicked) => return again(workers, &lease, attempts, OUR_FAULT).await,
        Ok(Done::Failed(error)) => match judge(store, &lease, attempts, &error).await? {
            Verdict::Lost => return Err(StoreError::LeaseLost),
            Verdict::Again(detail) => return again(workers, &lease, attempts, &detail).await,
            Verdict::Over(failure) => Ending::Failed(failure),
        },
    };
    store.finish(&lease, &ending, clock::now_ms()).await
}

/// Runs the pipeline on a thread of its own, so that hours of reading and matching hold up no page and no lease.
fn run(
    store: Store,
    request: Request,
    id: CheckId,
    send: UnboundedSender<Progress>,
    quit: CancellationToken,
) -> tokio::task::JoinHandle<Option<Done>> {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        runtime.block_on(async {
            let mut on = |event: Event<'_>| drop(send.send(progress(&event)));
            let done = tokio::select! {
                biased;
                () = quit.cancelled() => return None,
                done = pipeline::run_as(&store, &request, id, &mut on) => done,
            };
            Some(match done {
                Err(error) => Done::Failed(error),
                Ok(assessment) => match serde_json::to_string(&Report::of(&request, &assessment)) {
                    Ok(report) => Done::Report { sha256: crate::hex(&Sha256::digest(&report)), report },
                    Err(error) => Done::Failed(PipelineError::Inconsistent(error.to_string())),
                },
            })
        })
    })
}

/// Keeps the lease and the events while the pipeline runs.
async fn follow(
    workers: &Workers,
    lease: &Lease,
    mut run: tokio::task::JoinHandle<Option<Done>>,
    quit: &CancellationToken,
    events: &mut UnboundedReceiver<Progress>,
) -> Result<Result<Done, Interrupted>, StoreError> {
    let store = &workers.store;
    let lease_ms = workers.config.worker.lease * 1_000;
    let mut ticks = tokio::time::interval(BEAT.min(Duration::from_millis(lease_ms / 3)));
    let mut held_ms = clock::now_ms();
    let mut batch = Vec::new();
    let interrupted = loop {
        tokio::select! {
            biased;
            () = workers.stop.cancelled() => break Interrupted::Stop,
            _ = ticks.tick() => {
                let now = clock::now_ms();
                match store.beat(lease, now, lease_ms).await {
                    Ok(Beat::Held) => held_ms = now,
                    Ok(Beat::Cancelling) => break Interrupted::Cancelled,
                    Ok(Beat::Lost) => break Interrupted::Lost,
                    Err(error) => {
                        tracing::warn!(error = crate::chain(&error), "a lease could not be prolonged");
                        if clock::now_ms() > held_ms + lease_ms {
                            break Interrupted::Lost;
                        }
                    }
                }
            }
            _ = events.recv_many(&mut batch, 100), if !events.is_closed() || !events.is_empty() => {
                match store.append(lease, &batch, clock::now_ms()).await {
                    Err(StoreError::LeaseLost) => break Interrupted::Lost,
                    done => done?,
                }
                batch.clear();
            }
            done = &mut run => {
                while let Ok(event) = events.try_recv() {
                    batch.push(event);
                }
                match store.append(lease, &batch, clock::now_ms()).await {
                    Err(StoreError::LeaseLost) => return Ok(Err(Interrupted::Lost)),
                    kept => kept?,
                }
                return Ok(match done {
                    Ok(Some(done)) => Ok(done),
                    Ok(None) => Err(Interrupted::Stop),
                    Err(_) => Ok(Done::Panicked),
                });
            }
        }
    };
    quit.cancel();
    // It ends at its next step; until then the check is not given to another.
    let _ = run.await;
    Ok(Err(interrupted))
}

/// What is done about a run that failed.
enum Verdict {
    Again(String),
    Over(Failure),
    Lost,
}

/// Only what can heal is tried again: a database or a server that did not answer, a site that was not there.
async fn judge(store: &Store, lease: &Lease, attempts: u32, error: &PipelineError) -> Result<Verdict, StoreError> {
    let text = crate::chain(error);
    let ours = |kind| {
        tracing::error!(assessment.id = %lease.check, error = text.clone(), "a check has failed");
        Verdict::Over(Failure { kind, detail: OUR_FAULT.to_owned() })
    };
    Ok(match error {
        PipelineError::Store(StoreError::LeaseLost) => Verdict::Lost,
        PipelineError::Store(StoreError::Sql { .. }) | PipelineError::Dense(_) => {
            tracing::warn!(assessment.id = %lease.check, error = text, "a check is tried again");
            Verdict::Again(OUR_FAULT.to_owned())
        }
        PipelineError::EarlierGone(_) => Verdict::Again(text),
        PipelineError::NothingReadable(_) => {
            let passes = |unread: &Unread| unread.why == Why::Failed || unread.detail.starts_with(SILENT);
            let may_heal = store.unread(lease.check).await?.iter().any(passes);
            if may_heal && attempts < TRIES_AT_A_SITE {
                Verdict::Again(text)
            } else {
                Verdict::Over(Failure { kind: FailureKind::NothingReadable, detail: text })
            }
        }
        PipelineError::Store(_)
        | PipelineError::Crawl(_)
        | PipelineError::Model(_)
        | PipelineError::Inconsistent(_)
        | PipelineError::Score(_) => ours(FailureKind::Fault),
    })
}

async fn again(workers: &Workers, lease: &Lease, attempts: u32, detail: &str) -> Result<(), StoreError> {
    let now = clock::now_ms();
    let wait = wait_ms(workers.config.worker.retry * 1_000, attempts);
    workers.store.retry(lease, detail, now + wait, now).await
}

/// Twice as long after each attempt.
fn wait_ms(first_ms: u64, attempts: u32) -> u64 {
    first_ms.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST_WAIT_MS)
}

/// What is kept of an event of the pipeline.
fn progress(event: &Event<'_>) -> Progress {
    match event {
        Event::Started { resumed, .. } => Progress::Started { resumed: resumed.map(|n| n as u64) },
        Event::Page { page, read, known } => Progress::Page {
            address: page.address.clone(),
            title: page.title.clone(),
            reason: page.reason.clone(),
            read: *read as u64,
            known: *known as u64,
        },
        Event::Unread(unread) => Progress::Unread { address: unread.address.clone(), why: unread.why, detail: unread.detail.clone() },
        Event::Unchanged { since_ms } => Progress::Unchanged { since_ms: *since_ms },
        Event::Indexed { passages } => Progress::Indexed { passages: *passages as u64 },
        Event::Factor { answer, done, of } => Progress::Factor {
            factor: answer.factor.clone(),
            state: answer.state,
            option: answer.option,
            done: *done as u64,
            of: *of as u64,
        },
        Event::Warning(text) => Progress::Warning { text: text.clone() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end_somewhere() {
        assert_eq!([1, 2, 3, 4].map(|attempt| wait_ms(10_000, attempt)), [10_000, 20_000, 40_000, 80_000]);
        assert_eq!(wait_ms(10_000, 60), LONGEST_WAIT_MS);
        assert_eq!(wait_ms(0, 3), 0);
    }
}
