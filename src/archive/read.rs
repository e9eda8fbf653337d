//! Opens an archive of any crawler and hands out the newest record of each address.
//!
//! An archive is hostile input. One pass over the file finds the records and keeps a place for each address; bodies are read
//! when they are asked for. Memory is bounded by the caps below whatever the file holds, time by how much it unpacks to.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::http::Head;
use super::stream::Stream;
use super::{MAX_BODY, MAX_HEAD, Record, has_prefix, is_web, target};

/// Most records of an archive, of any kind.
const MAX_RECORDS: u32 = 200_000;
/// Longest record, in bytes.
const MAX_RECORD: u64 = 4 << 30;
/// Most bytes that all records may hold, unpacked.
const MAX_UNPACKED: u64 = 16 << 30;
/// How deep in one gzip member a record may begin. To read it, all before it in the member is unpacked again.
const MAX_INSIDE: u64 = 1 << 30;
/// Most bytes of addresses that are kept.
const MAX_INDEX: usize = 64 << 20;
/// Longest record whose body is read, as stored: chunks add to a body.
const MAX_BLOCK: u64 = 2 * MAX_BODY as u64;

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1.
    pub record: u32,
    /// The byte of the file where it begins, or where the gzip member begins that it begins in.
    pub offset: u64,
    /// Its first byte within that member, unpacked; 0 without gzip.
    pub inside: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {} at byte {}", self.record, self.offset)?;
        if self.inside > 0 { write!(f, " (unpacked byte {})", self.inside) } else { Ok(()) }
    }
}

/// Why an archive or one of its records cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file itself cannot be read.
    #[error("could not read the archive {}", path.display())]
    File {
        /// The archive.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A record is not what it should be.
    #[error("{}: could not read {place}", path.display())]
    Record {
        /// The archive.
        path: PathBuf,
        /// The record.
        place: Place,
        /// What is wrong with it.
        #[source]
        problem: Problem,
    },
}

/// What is wrong with a record.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file is something else, or a length before this place is wrong.
    #[error("neither a WARC record nor a gzip member begins here (of a .wacz, give the files in its folder `archive`)")]
    Start,
    /// The header block has no end within the cap.
    #[error("a header block of over {} KiB", MAX_HEAD >> 10)]
    Head,
    /// `Content-Length` is missing, twice there with two values, or no number.
    #[error("no length that can be read")]
    Length,
    /// The record is longer than is read.
    #[error("a record of over {} GiB", MAX_RECORD >> 30)]
    Long,
    /// There are more records than are read.
    #[error("over {MAX_RECORDS} records")]
    Many,
    /// The addresses take more room than is kept for them.
    #[error("over {} MiB of addresses", MAX_INDEX >> 20)]
    Addresses,
    /// The records hold more than is read.
    #[error("over {} GiB of records, unpacked", MAX_UNPACKED >> 30)]
    Unpacked,
    /// One gzip member holds too many records.
    #[error("over {} GiB in one gzip member: pack it anew with one member for each record", MAX_INSIDE >> 30)]
    Member,
    /// The gzip member is damaged.
    #[error("damaged gzip data")]
    Gzip(#[source] io::Error),
    /// The file is no longer the one that was opened.
    #[error("the file was changed while it was in use")]
    Changed,
    /// A record of an HTTP answer without one.
    #[error("no HTTP answer in the record")]
    Http,
    /// The body's chunks do not add up, or their end is missing.
    #[error("broken chunks in the body")]
    Chunks,
    /// The body's compression is not known.
    #[error("a body packed with `{0}`, which is not known")]
    Coding(String),
    /// The body cannot be decompressed.
    #[error("a body that cannot be unpacked")]
    Packed(#[source] io::Error),
    /// The body is larger than is read.
    #[error("a body of over {} MiB", MAX_BODY >> 20)]
    TooLarge,
}

/// What a person should know about an archive before relying on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// How many whole records it holds, of any kind.
    pub records: u32,
    /// The record in which the file ends: it was cut short, and this record is left out.
    pub cut: Option<Place>,
    /// Records that repeat one of another file, and are left out.
    pub elsewhere: u32,
    /// Addresses whose record the crawler itself cut short.
    pub partial: usize,
}

/// An archive that was opened, gzipped or not.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    entries: Vec<Entry>,
    by_address: HashMap<Arc<str>, usize>,
    notes: Notes,
}

/// The newest record of an address.
#[derive(Debug)]
struct Entry {
    address: Arc<str>,
    at_ms: u64,
    place: Place,
    /// Where the body is, if this record repeats another.
    repeats: Option<Place>,
    partial: bool,
}

/// Why reading stopped within a record.
#[derive(Debug)]
pub(super) enum Fault {
    /// The file ends here.
    Cut,
    Bad(Problem),
    File(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Cut,
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => Self::Bad(Problem::Gzip(error)),
            _ => Self::File(error),
        }
    }
}

impl Archive {
    /// Opens a `.warc` or `.warc.gz` file and finds its records; what it is shows in its first bytes, not in its name.
    ///
    /// Of a file that was cut short the whole records are there, and [`Archive::notes`] says where it ends.
    ///
    /// # Errors
    /// The file cannot be read, is not an archive, holds a bad record or goes over a cap.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let failed = |source| ArchiveError::File { path: path.to_owned(), source };
        // To open a pipe would wait for its other end.
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "not a file")));
        }
        let mut stream = Stream::open(File::open(path).map_err(failed)?).map_err(failed)?;
        let mut archive = Self { path: path.to_owned(), entries: Vec::new(), by_address: HashMap::new(), notes: Notes::default() };
        let mut scan = Scan::default();
        loop {
            let more = stream.skip_blank();
            let (offset, inside) = stream.position();
            let place = Place { record: archive.notes.records + 1, offset, inside };
            let step = match more {
                Ok(false) if archive.notes.records > 0 => break,
                Ok(false) => Err(Fault::Bad(Problem::Start)),
                Ok(true) => scan.record(&mut archive, &mut stream, place),
                Err(fault) => Err(fault),
            };
            match step {
                Ok(()) => archive.notes.records += 1,
                Err(Fault::Cut) => {
                    archive.notes.cut = Some(place);
                    break;
                }
                Err(fault) => return Err(archive.error(place, fault)),
            }
        }
        for repeat in scan.repeats {
            match repeat.of.iter().find_map(|key| scan.contents.get(key)) {
                Some(&(content, partial)) => archive.enter(Entry { repeats: Some(content), partial, ..repeat.entry }),
                None => archive.notes.elsewhere += 1,
            }
        }
        archive.notes.partial = archive.entries.iter().filter(|entry| entry.partial).count();
        Ok(archive)
    }

    /// The addresses in the order of their first records, as [`target`] spells them: pages, and all else that was fetched.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| &*entry.address)
    }

    /// Whether it holds an address.
    pub fn has(&self, address: &str) -> bool {
        target(address).is_some_and(|spelled| self.by_address.contains_key(spelled.as_str()))
    }

    /// What a person should know about the archive.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// Reads the newest record of an address; `None` if the archive has none.
    ///
    /// Where one gzip member holds many records, all before this one is unpacked again: some seconds at worst.
    ///
    /// # Errors
    /// The file cannot be read or was changed, or the record's body cannot be unpacked or is over [`MAX_BODY`]. Other
    /// addresses may still be read.
    pub fn get(&self, address: &str) -> Result<Option<Record>, ArchiveError> {
        let entry = target(address).and_then(|spelled| self.by_address.get(spelled.as_str())).and_then(|&at| self.entries.get(at));
        let Some(entry) = entry else { return Ok(None) };
        let place = entry.repeats.unwrap_or(entry.place);
        let mut record = self.load(place).and_then(|(head, block)| answer(&head, block)).map_err(|fault| self.error(place, fault))?;
        if entry.repeats.is_some() {
            let (_, block) = self.load(entry.place).map_err(|fault| self.error(entry.place, fault))?;
            // The repeat may have had a status and headers of its own; a 304 only says that nothing changed.
            if let Some((head, _)) = Head::split(&block)
                && let Some(status) = head.status().filter(|&status| status != 304)
            {
                record.status = status;
                record.media = head.get("content-type").unwrap_or_default().to_owned();
                record.headers = head.others();
            }
        }
        record.address = entry.address.to_string();
        record.read_at_ms = entry.at_ms;
        Ok(Some(record))
    }

    /// The head and the block of a record that [`Archive::open`] found.
    fn load(&self, place: Place) -> Result<(Head, Vec<u8>), Fault> {
        let mut stream = Stream::open_at(File::open(&self.path)?, place.offset, place.inside)?;
        let gone = |fault| if matches!(fault, Fault::Cut | Fault::Bad(_)) { Fault::Bad(Problem::Changed) } else { fault };
        let head = read_head(&mut stream).map_err(gone)?;
        let length = length(&head).map_err(Fault::Bad)?;
        if length > MAX_BLOCK {
            return Err(Fault::Bad(Problem::TooLarge));
        }
        let mut block = Vec::new();
        let read = stream.take(length).read_to_end(&mut block).map_err(|error| gone(error.into()))?;
        if read as u64 == length { Ok((head, block)) } else { Err(Fault::Bad(Problem::Changed)) }
    }

    /// Keeps an entry unless there is a newer one.
    fn enter(&mut self, entry: Entry) {
        if let Some(old) = self.by_address.get(&entry.address).and_then(|&at| self.entries.get_mut(at)) {
            if (entry.at_ms, entry.place.record) > (old.at_ms, old.place.record) {
                *old = entry;
            }
        } else {
            self.by_address.insert(entry.address.clone(), self.entries.len());
            self.entries.push(entry);
        }
    }

    fn error(&self, place: Place, fault: Fault) -> ArchiveError {
        let path = self.path.clone();
        match fault {
            Fault::File(source) => ArchiveError::File { path, source },
            Fault::Bad(problem) => ArchiveError::Record { path, place, problem },
            Fault::Cut => ArchiveError::Record { path, place, problem: Problem::Changed },
        }
    }
}

/// What is known only while the file is gone through.
#[derive(Default)]
struct Scan {
    unpacked: u64,
    addresses: usize,
    /// Records with a body, by each of the ways in which another may refer to them; and whether the crawler cut the body short.
    contents: HashMap<Uuid, (Place, bool)>,
    repeats: Vec<Repeat>,
}

/// A record that repeats another.
struct Repeat {
    entry: Entry,
    of: Vec<Uuid>,
}

impl Scan {
    fn record(&mut self, archive: &mut Archive, stream: &mut Stream, place: Place) -> Result<(), Fault> {
        if place.record > MAX_RECORDS {
            return Err(Fault::Bad(Problem::Many));
        }
        if place.inside > MAX_INSIDE {
            return Err(Fault::Bad(Problem::Member));
        }
        let head = read_head(stream)?;
        let length = length(&head).map_err(Fault::Bad)?;
        self.unpacked = self.unpacked.saturating_add(length);
        if length > MAX_RECORD {
            return Err(Fault::Bad(Problem::Long));
        }
        if self.unpacked > MAX_UNPACKED {
            return Err(Fault::Bad(Problem::Unpacked));
        }
        if io::copy(&mut stream.take(length), &mut io::sink())? < length {
            return Err(Fault::Cut);
        }
        let Some(address) = address(&head) else { return Ok(()) };
        let kind = head.get("warc-type").unwrap_or_default();
        if !matches!((kind, is_web(&address)), ("response" | "revisit", true) | ("resource", _)) {
            return Ok(());
        }
        self.addresses += address.len();
        if self.addresses > MAX_INDEX {
            return Err(Fault::Bad(Problem::Addresses));
        }
        let at_ms = head.get("warc-date").map_or(0, date);
        let partial = head.get("warc-truncated").is_some() || head.get("warc-segment-number").is_some();
        let entry = Entry { address: address.as_str().into(), at_ms, place, repeats: None, partial };
        if kind == "revisit" {
            let at = head.get("warc-refers-to-target-uri").and_then(spelled);
            self.repeats.push(Repeat { entry, of: keys(&head, "warc-refers-to", at, "warc-refers-to-date") });
        } else {
            for key in keys(&head, "warc-record-id", Some(address), "warc-date") {
                self.contents.entry(key).or_insert((place, partial));
            }
            archive.enter(entry);
        }
        Ok(())
    }
}

/// The ways in which a record is referred to, surest first, each as a digest so that they take little room.
fn keys(head: &Head, id: &str, address: Option<String>, date: &str) -> Vec<Uuid> {
    let by_id = head.get(id).map(|id| format!("id {id}"));
    let by_time = address.zip(head.get(date)).map(|(address, date)| format!("at {date} {address}"));
    let by_payload = head.get("warc-payload-digest").map(|digest| format!("payload {}", digest.to_ascii_lowercase()));
    [by_id, by_time, by_payload].iter().flatten().map(|text| Uuid::new_v5(&Uuid::nil(), text.as_bytes())).collect()
}

/// The address of a record, if it is one that a page may have.
fn address(head: &Head) -> Option<String> {
    head.get("warc-target-uri").and_then(spelled)
}

fn spelled(address: &str) -> Option<String> {
    // Some versions of wget put the address in angle brackets.
    let bare = address.trim_start_matches('<').trim_end_matches('>');
    if is_web(bare) || has_prefix(bare, "file:/") { target(bare) } else { None }
}

/// Reads the head of a record, from `WARC/` to the blank line.
fn read_head(stream: &mut Stream) -> Result<Head, Fault> {
    let mut bytes = Vec::new();
    loop {
        let before = bytes.len();
        (&mut *stream).take((MAX_HEAD + 1 - before) as u64).read_until(b'\n', &mut bytes)?;
        if !bytes.iter().zip(b"WARC/").all(|(found, wanted)| found == wanted) {
            return Err(Fault::Bad(Problem::Start));
        }
        match bytes.get(before..).unwrap_or_default() {
            _ if bytes.len() > MAX_HEAD => return Err(Fault::Bad(Problem::Head)),
            b"\r\n" | b"\n" => break,
            line if line.ends_with(b"\n") => {}
            _ => return Err(Fault::Cut),
        }
    }
    Head::split(&bytes).map(|(head, _)| head).ok_or(Fault::Bad(Problem::Head))
}

fn length(head: &Head) -> Result<u64, Problem> {
    let text = head.get("content-length").ok_or(Problem::Length)?;
    let same = head.all("content-length").all(|other| other == text);
    if !same || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::Length);
    }
    text.parse().map_err(|_| Problem::Length)
}

/// Milliseconds since the epoch of a date that may stop anywhere after the year, as the standard allows.
fn date(text: &str) -> u64 {
    let start = text.trim_end_matches('Z');
    let whole = "0000-01-01T00:00:00Z".get(start.len()..).map(|rest| format!("{start}{rest}"));
    let time: Option<Timestamp> = text.parse().ok().or_else(|| whole?.parse().ok());
    time.and_then(|time| u64::try_from(time.as_millisecond()).ok()).unwrap_or(0)
}

/// The answer in a record's block; address and time are for the caller to fill in.
fn answer(head: &Head, block: Vec<u8>) -> Result<Record, Fault> {
    let media = |head: &Head| head.get("content-type").unwrap_or_default().to_owned();
    let (status, media, headers, bytes) = if head.get("warc-type") == Some("resource") {
        (200, media(head), Vec::new(), block)
    } else {
        let (http, raw) = Head::split(&block).ok_or(Fault::Bad(Problem::Http))?;
        let status = http.status().ok_or(Fault::Bad(Problem::Http))?;
        (status, media(&http), http.others(), http.body(raw).map_err(Fault::Bad)?)
    };
    if bytes.len() > MAX_BODY {
        return Err(Fault::Bad(Problem::TooLarge));
    }
    Ok(Record { address: String::new(), status, media, headers, read_at_ms: 0, bytes })
}
