//! Sovereignty Check: how sovereign or resilient is a cloud service, and what proves it?
//!
//! One way through the house. Each stage reads what the last one stored and stores its own result:
//!
//! ```text
//! cli -> pipeline: crawl (read) -> index -> extract -> verify (domain::evidence) -> settle -> score -> report
//!                     |                                                              |
//!                     +---------------------------- store ---------------------------+
//! ```
//!
//! What is deliberately absent, kept by `tests/stories/architecture.rs`:
//! - no finding that has not passed [`domain::evidence::Candidate::verify`], not even one read back from the store;
//! - no float in what decides a score; no clock outside [`clock`]; nothing async in `domain`, `framework`, `score`,
//!   `settle`, `read` and `report`;
//! - no SQL outside [`store`], no HTTP client outside `crawl::fetch` and `llm::endpoint`;
//! - no framework's factor named in code: editions, rules, queries and prompts are data.

pub mod access;
pub mod archive;
pub mod area;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crawl;
pub mod domain;
pub mod eval;
pub mod extract;
pub mod focus;
pub mod framework;
pub mod gates;
pub mod index;
pub mod intake;
pub mod jobs;
pub mod llm;
pub mod pipeline;
pub mod profile;
pub mod prompt;
pub mod read;
pub mod report;
pub mod score;
pub mod settle;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod web;

/// An error with its causes on one line, each said once.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        // Some libraries repeat their cause in their own words.
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = inner.source();
    }
    text
}

/// Bytes in lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
