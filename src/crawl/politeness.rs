//! How often a host may be asked: so many requests at once, a pause between two, and patience when it is busy.
//!
//! The pause is the operator's or the site's crawl-delay, whichever is longer. A host that answers 429 or 503, fails or
//! stays silent is asked more slowly each time (exponential backoff) and its `Retry-After` is honoured; one that goes on
//! so, or asks to come back much later, is left alone for the rest of the crawl. Nothing here sends anything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Longest pause that a site can ask for by crawl-delay; what asks for more is not read often enough to matter.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Longest wait that a `Retry-After` is given; a host that asks for more is left alone.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// Shortest wait after a failure. The first is twice the operator's pause; each further one doubles it.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
/// Failures in a row after which a host is left alone.
const PATIENCE: u32 = 5;

/// Why a host is left alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeftAlone {
    /// It failed too often in a row.
    #[error("the host failed {0} times in a row and is left alone")]
    Failing(u32),
    /// It asks to come back later than a crawl waits.
    #[error("the host asks to come back in {} s", .0.as_secs())]
    Later(Duration),
}

/// The manners of a crawl towards all its hosts.
#[derive(Debug)]
pub struct Politeness {
    pause: Duration,
    at_once: usize,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

#[derive(Debug)]
struct Host {
    permits: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Crawl-delay.
    asked_for: Duration,
    /// When the next request may leave.
    next: Option<Instant>,
    failures: u32,
    left_alone: Option<LeftAlone>,
}

/// Leave to send one request. Tell it how the request went; dropped untold, it counts as neither.
#[derive(Debug)]
pub struct Turn {
    host: Arc<Host>,
    first_wait: Duration,
    _permit: OwnedSemaphorePermit,
}

impl Politeness {
    /// With at least `pause` between two requests to one host, and at most `at_once` of them under way.
    pub fn new(pause: Duration, at_once: usize) -> Self {
        Self { pause, at_once: at_once.max(1), hosts: Mutex::default() }
    }

    /// The host asks for `delay` between two requests.
    pub fn ask(&self, host: &str, delay: Option<Duration>) {
        lock(&self.host(host).state).asked_for = delay.unwrap_or_default().min(LONGEST_PAUSE);
    }

    /// Waits until `host` may be asked.
    ///
    /// # Errors
    /// [`LeftAlone`] if it is not asked any more.
    pub async fn turn(&self, host: &str) -> Result<Turn, LeftAlone> {
        let host = self.host(host);
        // The semaphore lives as long as the host and is never closed.
        let permit = host.permits.clone().acquire_owned().await.map_err(|_| LeftAlone::Failing(0))?;
        loop {
            let at = {
                let mut state = lock(&host.state);
                if let Some(why) = &state.left_alone {
                    return Err(why.clone());
                }
                let now = Instant::now();
                match state.next {
                    Some(at) if at > now => at,
                    _ => {
                        state.next = Some(now + self.pause.max(state.asked_for));
                        break;
                    }
                }
            };
            tokio::time::sleep_until(at).await;
        }
        Ok(Turn { host, first_wait: (self.pause * 2).max(SHORTEST_WAIT), _permit: permit })
    }

    fn host(&self, host: &str) -> Arc<Host> {
        let fresh = || Arc::new(Host { permits: Arc::new(Semaphore::new(self.at_once)), state: Mutex::default() });
        lock(&self.hosts).entry(host.to_ascii_lowercase()).or_insert_with(fresh).clone()
    }
}

impl Turn {
    /// It answered.
    pub fn answered(self) {
        lock(&self.host.state).failures = 0;
    }

    /// It was busy, failed or stayed silent; `later` is its `Retry-After`. Whether it may be tried again.
    pub fn failed(self, later: Option<Duration>) -> bool {
        let mut state = lock(&self.host.state);
        state.failures += 1;
        let wait = later.unwrap_or(self.first_wait * 2_u32.pow(state.failures.min(8) - 1));
        if wait > LONGEST_WAIT {
            state.left_alone = Some(LeftAlone::Later(wait));
        } else if state.failures >= PATIENCE {
            state.left_alone = Some(LeftAlone::Failing(state.failures));
        }
        state.next = state.next.max(Some(Instant::now() + wait));
        state.left_alone.is_none()
    }
}

/// What a panicking thread held is whole: every change here is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_host_is_asked_no_oftener_than_it_wants() {
        let politeness = Politeness::new(Duration::from_secs(1), 1);
        let start = Instant::now();
        let ask = async |host: &str| politeness.turn(host).await.expect("a turn").answered();
        ask("a.eu").await;
        ask("b.eu").await;
        assert_eq!(start.elapsed(), Duration::ZERO, "hosts do not wait for each other");
        politeness.ask("A.EU", Some(Duration::from_secs(5)));
        ask("a.eu").await;
        ask("a.eu").await;
        assert_eq!(start.elapsed(), Duration::from_secs(6), "its crawl-delay counts from when it is known");
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_host_is_waited_for_and_then_left_alone() {
        let politeness = Politeness::new(Duration::from_secs(1), 4);
        let start = Instant::now();
        assert!(politeness.turn("a.eu").await.expect("a turn").failed(Some(Duration::from_secs(30))));
        politeness.turn("a.eu").await.expect("a turn").answered();
        assert_eq!(start.elapsed(), Duration::from_secs(30), "Retry-After is honoured");
        let mut waits = Vec::new();
        loop {
            let begun = Instant::now();
            let Ok(turn) = politeness.turn("a.eu").await else { break };
            waits.push(begun.elapsed().as_secs());
            turn.failed(None);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16], "each failure doubles the wait");
        assert_eq!(politeness.turn("a.eu").await.err(), Some(LeftAlone::Failing(5)));
        assert!(!politeness.turn("b.eu").await.expect("a turn").failed(Some(Duration::from_secs(3600))));
        assert_eq!(politeness.turn("b.eu").await.err(), Some(LeftAlone::Later(Duration::from_secs(3600))));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_requests_are_under_way_than_allowed() {
        let politeness = Politeness::new(Duration::ZERO, 2);
        let (first, _second) = (politeness.turn("a.eu").await, politeness.turn("a.eu").await);
        let third = politeness.turn("a.eu");
        tokio::pin!(third);
        assert!(futures::poll!(&mut third).is_pending());
        drop(first);
        assert!(third.await.is_ok());
    }
}
