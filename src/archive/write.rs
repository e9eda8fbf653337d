//! Makes an archive, record by record, so that the same check always gives the same bytes.
//!
//! Ids come from the check and from what a record holds, never from chance or a clock. Nothing that a page or a server said
//! can add a line to a header block.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{MAX_BODY, MAX_HEAD, Record, is_web, target};

const FIELDS: &str = "application/warc-fields";
const STANDARD: &str = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/";

/// Facts about the archive itself.
#[derive(Clone, Debug)]
pub struct Info {
    /// The id of the check; the ids of all records follow from it.
    pub check: String,
    /// Name and version of the program that read the pages.
    pub software: String,
    /// What the archive holds, for a person.
    pub description: String,
    /// An address where a site's owner reaches the operator.
    pub operator: Option<String>,
    /// When the check began, milliseconds since the epoch.
    pub at_ms: u64,
}

/// Writes an archive. After an error what was written so far is cut short and of no use.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    gzip: bool,
    check: Uuid,
    info: Option<Uuid>,
}

/// What goes into a record; the payload is `body`.
struct Draft<'a> {
    kind: &'static str,
    target: Option<&'a str>,
    at_ms: u64,
    media: &'a str,
    head: &'a [u8],
    body: &'a [u8],
}

impl<W: Write> Writer<W> {
    /// Begins an archive with a record about the archive. With `gzip` each record is a gzip member of its own, as readers
    /// need it to find one record without unpacking all.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn new(out: W, gzip: bool, info: &Info) -> io::Result<Self> {
        let check = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("urn:sovcheck:check:{}", info.check).as_bytes());
        let mut writer = Self { out, gzip, check, info: None };
        let mut block = String::new();
        line(&mut block, "software", &info.software);
        line(&mut block, "format", "WARC File Format 1.1");
        line(&mut block, "conformsTo", STANDARD);
        line(&mut block, "description", &info.description);
        line(&mut block, "isPartOf", &info.check);
        if let Some(operator) = &info.operator {
            line(&mut block, "operator", operator);
        }
        let draft = Draft { kind: "warcinfo", target: None, at_ms: info.at_ms, media: FIELDS, head: &[], body: block.as_bytes() };
        writer.info = Some(writer.put(&draft)?);
        Ok(writer)
    }

    /// Writes what was read at an address: a `response` record for a web address, a `resource` record for a file, which has
    /// neither status nor headers.
    ///
    /// # Errors
    /// `out` cannot be written. [`io::ErrorKind::InvalidInput`] for a web address that is none, for headers over 64 KiB and
    /// for a body over [`MAX_BODY`].
    pub fn response(&mut self, record: &Record) -> io::Result<()> {
        let Some(target) = target(&record.address) else {
            return Err(invalid(format!("`{}` is no address", record.address)));
        };
        if record.bytes.len() > MAX_BODY {
            return Err(invalid(format!("the body of {target} is over {} MiB", MAX_BODY >> 20)));
        }
        let web = is_web(&target);
        let head = if web { http_head(record) } else { String::new() };
        if head.len() > MAX_HEAD {
            return Err(invalid(format!("the headers of {target} are over {} KiB", MAX_HEAD >> 10)));
        }
        let (kind, media) = if web { ("response", "application/http;msgtype=response") } else { ("resource", record.media.as_str()) };
        let draft = Draft { kind, target: Some(&target), at_ms: record.read_at_ms, media, head: head.as_bytes(), body: &record.bytes };
        self.put(&draft).map(|_| ())
    }

    /// Writes that an address was not read: why in one word, and what a person needs to know about it.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn unread(&mut self, address: &str, why: &str, detail: &str, at_ms: u64) -> io::Result<()> {
        let mut block = String::new();
        line(&mut block, "address", address);
        line(&mut block, "unread", why);
        line(&mut block, "detail", detail);
        let target = target(address);
        let draft = Draft { kind: "metadata", target: target.as_deref(), at_ms, media: FIELDS, head: &[], body: block.as_bytes() };
        self.put(&draft).map(|_| ())
    }

    /// What was written to; whoever sends an archive on while it is made takes from here what is ready.
    pub fn written(&mut self) -> &mut W {
        &mut self.out
    }

    /// Ends the archive and gives back what it was written to.
    ///
    /// # Errors
    /// `out` cannot be flushed.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn put(&mut self, draft: &Draft<'_>) -> io::Result<Uuid> {
        let date = date(draft.at_ms);
        let digest = digest(&[draft.head, draft.body]);
        let name = [draft.kind, draft.target.unwrap_or(""), &date, &digest].join("\n");
        let id = Uuid::new_v5(&self.check, name.as_bytes());
        let mut head = String::from("WARC/1.1\r\n");
        line(&mut head, "WARC-Type", draft.kind);
        line(&mut head, "WARC-Record-ID", &format!("<{}>", id.urn()));
        line(&mut head, "WARC-Date", &date);
        if let Some(target) = draft.target {
            line(&mut head, "WARC-Target-URI", target);
        }
        if let Some(info) = self.info {
            line(&mut head, "WARC-Warcinfo-ID", &format!("<{}>", info.urn()));
        }
        line(&mut head, "WARC-Block-Digest", &digest);
        if matches!(draft.kind, "response" | "resource") {
            line(&mut head, "WARC-Payload-Digest", &self::digest(&[draft.body]));
        }
        if !draft.media.is_empty() {
            line(&mut head, "Content-Type", draft.media);
        }
        line(&mut head, "Content-Length", &(draft.head.len() + draft.body.len()).to_string());
        head.push_str("\r\n");
        if head.len() > MAX_HEAD {
            return Err(invalid(format!("the address or type of a record is over {} KiB", MAX_HEAD >> 10)));
        }
        let parts: [&[u8]; 4] = [head.as_bytes(), draft.head, draft.body, b"\r\n\r\n"];
        if self.gzip {
            // Neither a time nor a file's name goes into the member.
            let mut member = GzBuilder::new().mtime(0).write(&mut self.out, Compression::default());
            parts.iter().try_for_each(|part| member.write_all(part))?;
            member.finish()?;
        } else {
            parts.iter().try_for_each(|part| self.out.write_all(part))?;
        }
        Ok(id)
    }
}

/// Builds the HTTP head for the body as it is stored: whole and decompressed.
fn http_head(record: &Record) -> String {
    // The phrase after the status means nothing and is not kept.
    let mut head = format!("HTTP/1.1 {:03} \r\n", record.status);
    if !record.media.is_empty() {
        line(&mut head, "Content-Type", &record.media);
    }
    for (name, value) in &record.headers {
        let repeated = !record.media.is_empty() && name.eq_ignore_ascii_case("content-type");
        if !repeated && !super::http::is_framing(name) && is_token(name) {
            line(&mut head, name, value);
        }
    }
    line(&mut head, "Content-Length", &record.bytes.len().to_string());
    head.push_str("\r\n");
    head
}

fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Adds a header line; a line break within the value becomes a space.
fn line(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str(": ");
    text.push_str(value.replace(|c: char| c.is_control(), " ").trim());
    text.push_str("\r\n");
}

/// The SHA-256 as browsers' archives spell it, in hex: base 32 would end in `=`, which the standard does not allow there.
fn digest(parts: &[&[u8]]) -> String {
    let sum = parts.iter().fold(Sha256::new(), |sum, part| sum.chain_update(part)).finalize();
    format!("sha256:{sum:x}")
}

fn date(at_ms: u64) -> String {
    let time = i64::try_from(at_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX);
    format!("{time:.3}")
}

fn invalid(problem: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, problem)
}
