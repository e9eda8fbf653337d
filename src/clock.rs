//! The only reader of the clock. Everything else takes `now` as an argument or calls this one function.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the epoch.
#[expect(clippy::disallowed_methods, reason = "this module is the one place that may")]
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A time as people read it, in UTC: `2026-11-22 10:05`.
pub fn date_and_time(ms: u64) -> String {
    format_ms(ms, "%Y-%m-%d %H:%M")
}

/// A time as RFC 3339 in UTC, to the second.
pub fn rfc3339(ms: u64) -> String {
    format_ms(ms, "%Y-%m-%dT%H:%M:%SZ")
}

fn format_ms(ms: u64, format: &str) -> String {
    i64::try_from(ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map(|at| at.strftime(format).to_string())
        .unwrap_or_default()
}
