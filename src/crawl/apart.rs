//! Documents that could cost too much are read in a process of their own, with a cap on its memory and time.
//!
//! PDF parsers unpack what a file tells them to, and a page of millions of tags is a hundred times larger in memory
//! than on the wire. A child that asks for too much is ended by the system, and the crawl goes on.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::fetch::Fetched;
use crate::domain::page::Why;
use crate::read::{Document, Kind};

/// Address space of the child, in bytes.
pub const MAX_MEMORY: u64 = 1 << 30;
/// Processor time of the child, in seconds.
pub const MAX_SECONDS: u64 = 15;
/// HTML and text up to this size, in bytes, are read in this process.
const SMALL: usize = 2 << 20;
/// HTML that may nest deeper than this is read apart: the time for it grows with the square of its depth.
const DEEP: usize = 5_000;
/// Largest document that a child may hand back, in bytes.
const MAX_REPLY: u64 = 32 << 20;

/// Whether a document is read apart.
pub fn is_risky(fetched: &Fetched) -> bool {
    match Kind::of(&fetched.media, fetched.url.path()) {
        Some(Kind::Pdf) => true,
        Some(Kind::Html) => fetched.bytes.len() > SMALL || depth(&fetched.bytes) > DEEP,
        Some(Kind::Markdown | Kind::Plain) | None => fetched.bytes.len() > SMALL,
    }
}

/// How deep the tags of a page may nest, at most: tags that need no end count too.
fn depth(html: &[u8]) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for pair in html.windows(2) {
        match pair {
            [b'<', b'/'] => open = open.saturating_sub(1),
            [b'<', next] if next.is_ascii_alphabetic() => {
                open += 1;
                deepest = deepest.max(open);
            }
            _ => {}
        }
    }
    deepest
}

/// Reads a document with `program`, which is this program under its subcommand `read-document`.
///
/// # Errors
/// Why the document could not be read, for the report.
pub async fn read(program: &Path, fetched: &Fetched) -> Result<Document, (Why, String)> {
    let failed = |problem: String| (Why::Failed, problem);
    let too_much = || failed("needs more memory or time to read than is allowed".to_owned());
    let mut child = Command::new(program)
        .args(["read-document", "--media", &fetched.media, "--address", fetched.url.path()])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(format!("the reader could not be started: {error}")))?;
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else { return Err(too_much()) };
    let exchange = async {
        let mut reply = Vec::new();
        let mut output = output.take(MAX_REPLY);
        // A child that gives up stops reading; what it said, or that it died, tells why.
        let (_sent, read) = tokio::join!(
            async {
                let sent = input.write_all(&fetched.bytes).await;
                drop(input);
                sent
            },
            output.read_to_end(&mut reply)
        );
        read.map(|_| reply)
    };
    let reply = tokio::time::timeout(Duration::from_secs(MAX_SECONDS * 2), exchange).await.map_err(|_| too_much())?;
    let reply: Result<Document, (Why, String)> = reply.ok().and_then(|reply| serde_json::from_slice(&reply).ok()).ok_or_else(too_much)?;
    reply
}
