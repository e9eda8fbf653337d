//! A page of a check as a record of an archive.

use std::io::{self, Write};

use super::{Record, Writer};
use crate::domain::page::Page;

impl<W: Write> Writer<W> {
    /// Writes a page with its bytes as fetched, unless its owner asks that no copy be handed on; then that is said.
    ///
    /// # Errors
    /// As [`Writer::response`].
    pub fn page(&mut self, page: &Page, bytes: Vec<u8>) -> io::Result<()> {
        if page.no_archive {
            return self.unread(&page.address, "no-archive", "its owner asks that no copy be handed on", page.read_at_ms);
        }
        let header = |name: &str, value: &Option<String>| value.as_ref().map(|value| (name.to_owned(), value.clone()));
        let headers = [header("ETag", &page.etag), header("Last-Modified", &page.last_modified)].into_iter().flatten().collect();
        self.response(&Record {
            address: page.address.clone(),
            status: page.status,
            media: page.media.clone(),
            headers,
            read_at_ms: page.read_at_ms,
            bytes,
        })
    }
}
