//! Header lines, and what HTTP did to a body on its way: chunks and compression.
//!
//! Crawlers keep heads as servers sent them and bodies half undone, so this is lenient about spelling, but what cannot be
//! undone is an error and never text. Works on bytes in memory under the caps of the archive; reads no file.

use std::borrow::Cow;
use std::io::{self, Read};

use super::read::Problem;
use super::{GZIP, MAX_BODY, MAX_HEAD};

/// Most transfers and compressions that a body went through.
const MAX_CODINGS: usize = 4;
/// Largest window of zstd as base 2 logarithm: 8 MiB, the most that HTTP allows (RFC 9659).
const ZSTD_WINDOW: u32 = 23;
/// The first bytes of zstd.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A first line and the fields below it: of a record or of an HTTP answer, which have one form.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// The first line.
    pub(super) first: String,
    /// Names as written, with their values.
    pub(super) fields: Vec<(String, String)>,
}

impl Head {
    /// Takes the head off `bytes`; `None` if it is over the cap.
    pub(super) fn split(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let mut head = Self::default();
        let mut at = 0;
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            at += line.len();
            if at > MAX_HEAD {
                return None;
            }
            let text = String::from_utf8_lossy(line);
            let words = text.trim();
            match words.split_once(':') {
                _ if words.is_empty() => break,
                _ if at == line.len() => head.first = words.to_owned(),
                // A line that begins with white space goes on with the last value.
                _ if text.starts_with([' ', '\t']) => {
                    if let Some((_, value)) = head.fields.last_mut() {
                        value.push(' ');
                        value.push_str(words);
                    }
                }
                Some((name, value)) => head.fields.push((name.trim_end().to_owned(), value.trim_start().to_owned())),
                None => {}
            }
        }
        Some((head, bytes.get(at..).unwrap_or_default()))
    }

    /// The first value of a field, whatever the case of its name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The HTTP status, 0 if the crawler wrote none that can be read; `None` if this is no head of an answer.
    pub(super) fn status(&self) -> Option<u16> {
        let rest = self.first.strip_prefix("HTTP/")?;
        Some(rest.split_ascii_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(0))
    }

    /// The fields apart from the content type and those that say how the body was transferred.
    pub(super) fn others(&self) -> Vec<(String, String)> {
        self.fields.iter().filter(|(name, _)| !is_framing(name) && !name.eq_ignore_ascii_case("content-type")).cloned().collect()
    }

    /// The body that `raw` carries.
    pub(super) fn body(&self, raw: &[u8]) -> Result<Vec<u8>, Problem> {
        let fields = self.all("content-encoding").chain(self.all("transfer-encoding"));
        let codings: Vec<&str> = fields.flat_map(|value| value.split(',')).map(str::trim).collect();
        if codings.len() > MAX_CODINGS {
            return Err(Problem::Coding(codings.join(", ")));
        }
        let mut body = Cow::Borrowed(raw);
        for coding in codings.iter().rev() {
            if let Some(decoded) = decode(coding, &body)? {
                body = Cow::Owned(decoded);
            }
        }
        if body.len() > MAX_BODY {
            return Err(Problem::TooLarge);
        }
        Ok(body.into_owned())
    }

    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Whether a header only says how the body was transferred, and is wrong once the body is whole and decompressed.
pub(super) fn is_framing(name: &str) -> bool {
    ["content-length", "content-encoding", "transfer-encoding"].iter().any(|framing| name.eq_ignore_ascii_case(framing))
}

/// Undoes one coding; `None` if there is nothing to undo.
fn decode(coding: &str, raw: &[u8]) -> Result<Option<Vec<u8>>, Problem> {
    let done = match coding.to_ascii_lowercase().as_str() {
        _ if raw.is_empty() => return Ok(None),
        "" | "identity" => return Ok(None),
        "chunked" => return dechunk(raw),
        // Many crawlers keep the header and store the body decompressed.
        "gzip" | "x-gzip" if !raw.starts_with(&GZIP) => return Ok(None),
        "zstd" if !raw.starts_with(&ZSTD) => return Ok(None),
        "gzip" | "x-gzip" => unpack(flate2::bufread::MultiGzDecoder::new(raw)),
        // By the standard with a zlib head; some servers leave it out.
        "deflate" => match unpack(flate2::bufread::ZlibDecoder::new(raw)) {
            Err(Problem::Packed(_)) => all_of(raw, |rest| unpack(flate2::bufread::DeflateDecoder::new(rest))),
            done => done,
        },
        // Brotli with large windows is not HTTP's, and may ask for a window of 1 GiB.
        "br" if raw.first().is_some_and(|byte| byte & 0x7f == 0x11) => Err(Problem::Packed(io::ErrorKind::InvalidData.into())),
        "br" => all_of(raw, |rest| unpack(brotli::Decompressor::new(rest, 4096))),
        "zstd" => zstd::Decoder::with_buffer(raw)
            .and_then(|mut decoder| decoder.window_log_max(ZSTD_WINDOW).map(|()| decoder))
            .map_err(Problem::Packed)
            .and_then(unpack),
        _ => return Err(Problem::Coding(coding.to_owned())),
    };
    match done {
        Err(Problem::Packed(_)) if looks_unpacked(raw) => Ok(None),
        done => done.map(Some),
    }
}

/// Whether a body is stored decompressed, where the format has no mark that would tell: it is text, markup or a PDF.
fn looks_unpacked(raw: &[u8]) -> bool {
    let markup = matches!(raw.trim_ascii_start(), [b'<', b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z', ..]);
    markup || raw.starts_with(b"%PDF-") || std::str::from_utf8(raw).is_ok()
}

fn unpack(mut packed: impl Read) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    packed.by_ref().take(MAX_BODY as u64 + 1).read_to_end(&mut bytes).map_err(Problem::Packed)?;
    if bytes.len() > MAX_BODY {
        return Err(Problem::TooLarge);
    }
    // Brotli says only here that bytes are left over.
    packed.read(&mut [0]).map_err(Problem::Packed)?;
    Ok(bytes)
}

/// Unpacks what must be packed from the first byte to the last. These two formats have no mark of their own, so that some
/// text passes for a short packed body with something after it.
fn all_of(raw: &[u8], unpack: impl FnOnce(&mut &[u8]) -> Result<Vec<u8>, Problem>) -> Result<Vec<u8>, Problem> {
    let mut rest = raw;
    let bytes = unpack(&mut rest)?;
    if rest.is_empty() { Ok(bytes) } else { Err(Problem::Packed(io::ErrorKind::InvalidData.into())) }
}

/// Puts chunks together; `None` if the crawler stored the body without them.
fn dechunk(raw: &[u8]) -> Result<Option<Vec<u8>>, Problem> {
    let mut whole = Vec::new();
    let mut rest = raw;
    loop {
        let Some((size, after)) = chunk_size(rest) else {
            return if rest.len() == raw.len() { Ok(None) } else { Err(Problem::Chunks) };
        };
        if size == 0 {
            return Ok(Some(whole));
        }
        let (chunk, after) = after.split_at_checked(size).ok_or(Problem::Chunks)?;
        whole.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n").or_else(|| after.strip_prefix(b"\n")).ok_or(Problem::Chunks)?;
    }
}

/// The size that opens a chunk, and what comes after its line.
fn chunk_size(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let end = bytes.iter().take(1024).position(|&byte| byte == b'\n')?;
    let (line, rest) = bytes.split_at_checked(end + 1)?;
    let digits = std::str::from_utf8(line).ok()?.split(';').next()?.trim();
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    usize::from_str_radix(digits, 16).ok().map(|size| (size, rest))
}
