//! The bytes of an archive, unpacked, with the place in the file of each.
//!
//! Members of a gzip file are read one after the other as one stream, whether each holds one record, many, or part of one.
//! Knows nothing of records.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use flate2::bufread::GzDecoder;

use super::read::{Fault, Problem};
use super::{GZIP, MAX_HEAD};

const BUFFER: usize = 64 << 10;

/// A file that is read from some place on.
pub(super) struct Stream {
    source: Source,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Where the buffer begins: in the file, or in the unpacked bytes of the member.
    base: u64,
    /// Where the member begins in the file.
    member: u64,
}

enum Source {
    Plain(Counted),
    Gzip(GzDecoder<Counted>),
    /// Only between two members.
    Empty,
}

/// A file that knows how far it was read.
struct Counted {
    file: BufReader<File>,
    at: u64,
}

impl Stream {
    /// Reads from the start.
    pub(super) fn open(file: File) -> io::Result<Self> {
        Self::seek(file, 0)
    }

    /// Reads from a place that [`Stream::position`] named.
    pub(super) fn open_at(file: File, offset: u64, inside: u64) -> io::Result<Self> {
        let mut stream = Self::seek(file, offset)?;
        io::copy(&mut (&mut stream).take(inside), &mut io::sink())?;
        Ok(stream)
    }

    fn seek(mut file: File, offset: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(offset))?;
        let mut file = Counted { file: BufReader::with_capacity(BUFFER, file), at: offset };
        let gzip = file.fill_buf()?.starts_with(&GZIP);
        let source = if gzip { Source::Gzip(GzDecoder::new(file)) } else { Source::Plain(file) };
        let base = if gzip { 0 } else { offset };
        Ok(Self { source, buffer: vec![0; BUFFER], start: 0, end: 0, base, member: offset })
    }

    /// Where the next byte stands: the byte of the file, or the start of the member and the byte within it.
    ///
    /// At the end of what is at hand that may be the end of a member; after [`Stream::skip_blank`] it is not.
    pub(super) fn position(&self) -> (u64, u64) {
        let at = self.base + self.start as u64;
        if matches!(self.source, Source::Plain(_)) { (at, 0) } else { (self.member, at) }
    }

    /// Skips the blank lines between records; `false` at the end of the file.
    pub(super) fn skip_blank(&mut self) -> Result<bool, Fault> {
        // Two line ends are right, more are tolerated, but not without end.
        for _ in 0..MAX_HEAD {
            match self.fill_buf()?.first() {
                Some(b'\r' | b'\n') => self.consume(1),
                found => return Ok(found.is_some()),
            }
        }
        Err(Fault::Bad(Problem::Start))
    }

    fn refill(&mut self) -> io::Result<()> {
        self.base += self.end as u64;
        (self.start, self.end) = (0, 0);
        loop {
            match &mut self.source {
                Source::Plain(file) => self.end = file.read(&mut self.buffer)?,
                Source::Gzip(member) => self.end = member.read(&mut self.buffer)?,
                Source::Empty => {}
            }
            if self.end > 0 || !self.next_member()? {
                return Ok(());
            }
        }
    }

    /// Goes on to the next member; `false` if there is none.
    fn next_member(&mut self) -> io::Result<bool> {
        let Source::Gzip(member) = &mut self.source else { return Ok(false) };
        let next = member.get_mut().fill_buf()?;
        if next.is_empty() {
            return Ok(false);
        }
        let gzip = next.iter().zip(&GZIP).all(|(found, wanted)| found == wanted);
        if let Source::Gzip(member) = std::mem::replace(&mut self.source, Source::Empty) {
            let file = member.into_inner();
            (self.member, self.base) = (file.at, 0);
            self.source = Source::Gzip(GzDecoder::new(file));
        }
        // The decoder would take a few bytes of something else for a member that was cut short.
        if gzip { Ok(true) } else { Err(io::Error::new(io::ErrorKind::InvalidData, "something else follows the last member")) }
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Stream {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.refill()?;
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.start = (self.start + amount).min(self.end);
    }
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.file.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.file.consume(amount);
        self.at += amount as u64;
    }
}
