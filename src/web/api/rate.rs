//! How many requests of one client the API answers in a minute, said in headers (RateLimit, RateLimit-Policy).
//!
//! Each process counts for itself, in memory: this keeps one client from crowding out others and costs no write. How many
//! checks may be asked for is counted in the database and holds across processes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::{Limited, PageError};
use crate::clock;
use crate::web::client::Client;

/// The window in which requests are counted.
const WINDOW_MS: u64 = 60_000;

/// The count of this process.
#[derive(Clone, Debug)]
pub(super) struct Rate {
    most: u32,
    window: Arc<Mutex<Window>>,
}

/// Requests of each client in one window; the next one begins empty, so that nothing is kept for longer.
#[derive(Debug, Default)]
struct Window {
    number: u64,
    counts: HashMap<String, u32>,
}

/// What one more request found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Taken {
    /// Whether it is within the limit.
    fits: bool,
    /// How many more fit.
    left: u32,
    /// Seconds until the next window.
    reset: u64,
}

impl Rate {
    /// A count that allows `most` requests in a minute.
    pub(super) fn new(most: u32) -> Self {
        Self { most, window: Arc::default() }
    }

    fn take(&self, client: &str, now_ms: u64) -> Taken {
        let number = now_ms / WINDOW_MS;
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.number != number {
            *window = Window { number, counts: HashMap::new() };
        }
        let count = window.counts.entry(client.to_owned()).or_default();
        *count = count.saturating_add(1);
        Taken { fits: *count <= self.most, left: self.most.saturating_sub(*count), reset: (WINDOW_MS - now_ms % WINDOW_MS).div_ceil(1_000) }
    }
}

/// Answers within the limit, and says in every answer how much of it is left.
pub(super) async fn limit(
    State(limited): State<Limited>,
    client: Result<Client, PageError>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Client(client) = client?;
    let taken = limited.rate.take(&client, clock::now_ms());
    let mut response = if taken.fits {
        next.run(request).await
    } else {
        let why = "You have sent many requests in this minute.".to_owned();
        Problem::from(PageError::Busy { why, wait: taken.reset }).into_response()
    };
    say(response.headers_mut(), limited.rate.most, taken);
    Ok(response)
}

fn say(headers: &mut HeaderMap, most: u32, taken: Taken) {
    for (name, text) in [
        ("ratelimit-policy", format!("\"requests\";q={most};w={}", WINDOW_MS / 1_000)),
        ("ratelimit", format!("\"requests\";r={};t={}", taken.left, taken.reset)),
    ] {
        // Made of digits and these words alone.
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_counted_apart_and_each_minute_anew() {
        let rate = Rate::new(2);
        let fits = |client: &str, now_ms| rate.take(client, now_ms).fits;
        assert_eq!(rate.take("a", 90_000), Taken { fits: true, left: 1, reset: 30 });
        assert!(fits("a", 90_001) && !fits("a", 119_999) && fits("b", 119_999));
        assert!(fits("a", 120_000));
    }
}
