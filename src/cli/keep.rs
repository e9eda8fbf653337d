//! Pages into a web archive (WARC 1.1), whole or not at all.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

use crate::archive::{Info, Writer};
use crate::clock;
use crate::domain::page::{Page, Unread};

/// An archive that is being written. It gets its name when it is finished, so half of one is never mistaken for a whole.
pub(super) struct Keep {
    path: PathBuf,
    writer: Writer<BufWriter<NamedTempFile<File>>>,
}

impl Keep {
    /// Begins an archive at `path`; gzipped if its name ends so.
    pub(super) fn begin(path: &Path, check: &str, service: &str, contact: Option<&str>, at_ms: u64) -> anyhow::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let failed = || format!("could not write {}", path.display());
        let file = NamedTempFile::new_in(folder).with_context(failed)?;
        let info = Info {
            check: check.to_owned(),
            software: format!("sovcheck/{}", env!("CARGO_PKG_VERSION")),
            description: format!("Pages of {service} as they were read"),
            operator: contact.map(str::to_owned),
            at_ms,
        };
        let gzip = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gz"));
        let writer = Writer::new(BufWriter::new(file), gzip, &info).with_context(failed)?;
        Ok(Self { path: path.to_owned(), writer })
    }

    /// Adds a page, unless its owner asks that no copy be handed on; then that is said.
    pub(super) fn page(&mut self, page: &Page, bytes: Vec<u8>) -> anyhow::Result<()> {
        let failed = || format!("could not write {} to {}", page.address, self.path.display());
        self.writer.page(page, bytes).with_context(failed)
    }

    /// Adds what was not read, and gives the archive its name.
    pub(super) fn end(mut self, unread: &[Unread]) -> anyhow::Result<()> {
        let failed = || format!("could not write {}", self.path.display());
        for unread in unread {
            self.writer.unread(&unread.address, unread.why.name(), &unread.detail, clock::now_ms()).with_context(failed)?;
        }
        let file = self.writer.finish().and_then(|out| out.into_inner().map_err(std::io::Error::from)).with_context(failed)?;
        file.persist(&self.path).with_context(failed)?;
        Ok(())
    }
}
