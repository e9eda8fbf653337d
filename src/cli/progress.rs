//! Progress on standard error: bars on a terminal, lines in a pipe, JSON lines on request, or nothing.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::clock;
use crate::domain::answer::State;
use crate::pipeline::Event;

/// How progress is shown.
pub(super) enum Progress {
    Bars { crawl: ProgressBar, extract: ProgressBar },
    Lines,
    Json,
    Quiet,
}

impl Progress {
    pub(super) fn new(quiet: bool, json: bool) -> Self {
        match () {
            () if quiet => Self::Quiet,
            () if json => Self::Json,
            () if std::io::stderr().is_terminal() => {
                let bar = |what: &str| {
                    let style = ProgressStyle::with_template("{prefix:>8} {bar:28.cyan/dim} {pos:>4}/{len} {elapsed:>4} {wide_msg:.dim}");
                    let bar = ProgressBar::no_length().with_prefix(what.to_owned());
                    if let Ok(style) = style {
                        bar.set_style(style.progress_chars("━╸─"));
                    }
                    bar
                };
                Self::Bars { crawl: bar("reading"), extract: bar("factors") }
            }
            () => Self::Lines,
        }
    }

    pub(super) fn on(&self, event: &Event<'_>) {
        match self {
            Self::Quiet => {}
            Self::Json => eprintln!("{}", as_json(event)),
            Self::Lines => {
                if let Some(line) = as_line(event) {
                    eprintln!("{line}");
                }
            }
            Self::Bars { crawl, extract } => bars(crawl, extract, event),
        }
    }

    pub(super) fn end(&self) {
        if let Self::Bars { crawl, extract } = self {
            crawl.finish_and_clear();
            extract.finish_and_clear();
        }
    }
}

fn bars(crawl: &ProgressBar, extract: &ProgressBar, event: &Event<'_>) {
    match event {
        Event::Started { resumed: Some(pages), .. } => crawl.println(format!("going on with {pages} pages that were read before")),
        Event::Started { .. } | Event::Unread(_) => {}
        Event::Page { page, read, known } => {
            crawl.set_length(*known as u64);
            crawl.set_position(*read as u64);
            crawl.set_message(page.address.clone());
        }
        Event::Indexed { passages } => {
            crawl.finish_with_message(format!("{passages} passages"));
        }
        Event::Factor { answer, done, of } => {
            extract.set_length(*of as u64);
            extract.set_position(*done as u64);
            extract.set_message(format!("{} {}", answer.factor, answer.state.name()));
        }
        Event::Unchanged { since_ms } => crawl.println(unchanged(*since_ms)),
        Event::Warning(text) => crawl.println(format!("warning: {text}")),
    }
}

fn as_line(event: &Event<'_>) -> Option<String> {
    Some(match event {
        Event::Started { id, resumed: None } => format!("check {id}"),
        Event::Started { id, resumed: Some(pages) } => format!("check {id}, going on with {pages} pages that were read before"),
        Event::Page { page, read, known } => format!("read {read}/{known} {}", page.address),
        Event::Unread(unread) if unread.why == crate::domain::page::Why::Budget => return None,
        Event::Unread(unread) => format!("not read {}: {}", unread.address, unread.detail),
        Event::Indexed { passages } => format!("indexed {passages} passages"),
        Event::Factor { answer, done, of } => match (answer.state, answer.option) {
            (State::Answered, Some(option)) => format!("factor {done}/{of} {}: option {option}", answer.factor),
            _ => format!("factor {done}/{of} {}: {}", answer.factor, answer.state.name()),
        },
        Event::Unchanged { since_ms } => unchanged(*since_ms),
        Event::Warning(text) => format!("warning: {text}"),
    })
}

fn unchanged(since_ms: u64) -> String {
    format!("no page has changed since the check of {}: its answers stand", clock::date_and_time(since_ms))
}

fn as_json(event: &Event<'_>) -> serde_json::Value {
    match event {
        Event::Started { id, resumed } => json!({ "event": "started", "check": id.to_string(), "resumed_pages": resumed }),
        Event::Page { page, read, known } => {
            json!({ "event": "page", "address": page.address, "read": read, "known": known, "reason": page.reason })
        }
        Event::Unread(unread) => json!({ "event": "unread", "address": unread.address, "why": unread.why, "detail": unread.detail }),
        Event::Indexed { passages } => json!({ "event": "indexed", "passages": passages }),
        Event::Factor { answer, done, of } => {
            json!({ "event": "factor", "factor": answer.factor, "state": answer.state, "option": answer.option, "done": done, "of": of })
        }
        Event::Unchanged { since_ms } => json!({ "event": "unchanged", "since": clock::rfc3339(*since_ms) }),
        Event::Warning(text) => json!({ "event": "warning", "text": text }),
    }
}
