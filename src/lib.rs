//! Sovereignty Check: how sovereign or resilient is a cloud service, and what proves it?

pub mod cli;
pub mod clock;
pub mod crawl;
pub mod domain;
pub mod extract;
pub mod framework;
pub mod index;
pub mod llm;
pub mod pipeline;
pub mod prompt;
pub mod read;
pub mod report;
pub mod score;
pub mod settle;
pub mod store;
pub mod telemetry;

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
