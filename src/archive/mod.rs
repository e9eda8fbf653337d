//! Web archives (WARC 1.1, ISO 28500:2017): a check's pages as a file that other tools replay, and such a file as a source.
//!
//! `write` makes archives, `read` opens them and trusts nothing in them, `http` undoes what HTTP did to a body. Nothing here
//! fetches, reads a clock or knows what a page means; `page` only says which of its parts are kept.

mod http;
mod page;
mod read;
mod stream;
mod write;

pub use read::{Archive, ArchiveError, Notes, Place, Problem};
pub use write::{Info, Writer};

use url::Url;

/// Largest body that is read or written, decompressed, in bytes.
pub const MAX_BODY: usize = 16 << 20;
/// Longest block of header lines, of a record or of an HTTP answer, in bytes.
const MAX_HEAD: usize = 64 << 10;
/// The first bytes of a gzip member.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What one record of an archive holds: an answer as it was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The address. In an archive it stands as [`target`] spells it.
    pub address: String,
    /// HTTP status; 200 for what was not fetched over HTTP, 0 where the crawler that wrote the archive knew none.
    pub status: u16,
    /// The content type, empty if there is none.
    pub media: String,
    /// The other HTTP headers, without those that only say how the body was transferred.
    pub headers: Vec<(String, String)>,
    /// When it was read, milliseconds since the epoch; 0 where the archive does not say.
    pub read_at_ms: u64,
    /// The body, decompressed.
    pub bytes: Vec<u8>,
}

/// How an address is spelled in an archive; `None` if it is a web address that cannot be read.
///
/// A web address is spelled as a browser would. Anything else is a path below a folder, with or without `file:` before it,
/// and becomes a `file:///` address below that folder. To spell an address twice changes nothing.
pub fn target(address: &str) -> Option<String> {
    if is_web(address) || has_prefix(address, "file:/") {
        return Url::parse(address).ok().map(String::from);
    }
    let mut url = Url::parse("file:///").ok()?;
    url.path_segments_mut().ok()?.clear().extend(address.strip_prefix("file:").unwrap_or(address).split('/'));
    // Read again, so that what looks like a drive is spelled as on the way back.
    Url::parse(url.as_str()).ok().map(String::from)
}

fn is_web(address: &str) -> bool {
    has_prefix(address, "http://") || has_prefix(address, "https://")
}

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests;
