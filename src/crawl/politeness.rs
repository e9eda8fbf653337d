//! How often a host may be asked: one request at a time, with a pause between two.
//!
//! The pause is the operator's or the site's crawl-delay, whichever is longer; a `Retry-After` is honoured. Nothing
//! here sends anything.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// Longest pause that a site can ask for; what asks for more is not read often enough to matter.
const LONGEST: Duration = Duration::from_secs(30);

/// When each host may be asked next.
#[derive(Debug)]
pub struct Politeness {
    pause: Duration,
    hosts: HashMap<String, Host>,
}

#[derive(Debug, Default)]
struct Host {
    asked_for: Duration,
    next: Option<Instant>,
}

impl Politeness {
    /// With at least `pause` between two requests to one host.
    pub fn new(pause: Duration) -> Self {
        Self { pause, hosts: HashMap::new() }
    }

    /// The host asks for `delay` between two requests.
    pub fn ask(&mut self, host: &str, delay: Option<Duration>) {
        self.host(host).asked_for = delay.unwrap_or_default().min(LONGEST);
    }

    /// Waits until `host` may be asked, and counts the request that follows.
    pub async fn wait(&mut self, host: &str) {
        let pause = self.pause;
        let entry = self.host(host);
        if let Some(at) = entry.next {
            tokio::time::sleep_until(at).await;
        }
        entry.next = Some(Instant::now() + pause.max(entry.asked_for));
    }

    /// The host said when to come back.
    pub fn retry_after(&mut self, host: &str, delay: Duration) {
        self.host(host).next = Some(Instant::now() + delay.min(LONGEST));
    }

    fn host(&mut self, host: &str) -> &mut Host {
        self.hosts.entry(host.to_ascii_lowercase()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_host_is_asked_no_oftener_than_it_wants() {
        let mut politeness = Politeness::new(Duration::from_secs(1));
        let start = Instant::now();
        politeness.wait("a.eu").await;
        politeness.wait("b.eu").await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        politeness.ask("A.EU", Some(Duration::from_secs(5)));
        politeness.wait("a.eu").await;
        politeness.wait("a.eu").await;
        assert_eq!(start.elapsed(), Duration::from_secs(6));
        politeness.retry_after("b.eu", Duration::from_secs(3600));
        politeness.wait("b.eu").await;
        assert_eq!(start.elapsed(), Duration::from_secs(36));
    }
}
