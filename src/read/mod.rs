//! Bytes to readable text: HTML, PDF, Markdown, plain text.
//!
//! A reader keeps headings, lists, tables and code as structure, leaves navigation and banners out, and sets hidden
//! text apart. It never fetches anything and never runs a page's scripts. Parsing can take long on hostile input, so
//! callers run it off the async threads.

pub mod assessor;
mod hidden;
pub mod html;
pub mod pdf;
pub mod plain;
pub mod style;

use serde::{Deserialize, Serialize};

use crate::domain::page::{HiddenText, PageText};

/// Largest text that is kept of one page, in bytes; what lies beyond is cut and said.
pub const MAX_TEXT: usize = 2 << 20;

/// A page as read from its bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The title, empty if it has none.
    pub title: String,
    /// Language that the document names, else the one its words show (ISO 639-1).
    pub language: Option<String>,
    /// The readable text.
    pub text: PageText,
    /// Lines of the page's footer: kept apart, since they repeat on every page.
    pub footer: PageText,
    /// What a reader does not see.
    pub hidden: Vec<HiddenText>,
    /// Links in order.
    pub links: Vec<Link>,
    /// The address that the page calls its own.
    pub canonical: Option<String>,
    /// Addresses of the page in other languages.
    pub alternates: Vec<String>,
    /// Addresses of feeds.
    pub feeds: Vec<String>,
    /// What the page's robots tags ask for, such as `noindex, nofollow`.
    pub robots: Vec<String>,
    /// A date that the page says of itself, `YYYY-MM-DD`.
    pub dated: Option<String>,
    /// It says that it is archived or superseded.
    pub outdated: bool,
    /// It is made of sheets: nothing of it repeats from document to document.
    pub paged: bool,
    /// It shows nothing unless its scripts run.
    pub needs_javascript: bool,
}

/// A link with what surrounds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// As written in the page.
    pub href: String,
    /// Its words.
    pub words: String,
    /// The heading above it.
    pub heading: String,
}

/// Why bytes could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not a kind that holds text for readers.
    #[error("{0} is not a kind of document that is read")]
    Kind(String),
    /// The document is broken.
    #[error("the {kind} is broken: {problem}")]
    Broken {
        /// `PDF`.
        kind: &'static str,
        /// What the parser said.
        problem: String,
    },
}

/// Which reader a media type or a file's name asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// HTML or XHTML.
    Html,
    /// PDF.
    Pdf,
    /// Markdown.
    Markdown,
    /// Plain text.
    Plain,
}

impl Kind {
    /// The reader for a media type such as `text/html; charset=utf-8`; the address's ending decides where the type
    /// is missing or says only "bytes".
    pub fn of(media: &str, address: &str) -> Option<Self> {
        let media = media.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        let path = address.split(['?', '#']).next().unwrap_or("").to_ascii_lowercase();
        let ending = path.rsplit('/').next().unwrap_or("").rsplit_once('.').map_or("", |(_, e)| e);
        match media.as_str() {
            "text/html" | "application/xhtml+xml" => Some(Self::Html),
            "application/pdf" => Some(Self::Pdf),
            "text/markdown" => Some(Self::Markdown),
            "text/plain" if ending == "md" || path.ends_with("llms.txt") => Some(Self::Markdown),
            "text/plain" => Some(Self::Plain),
            "" | "application/octet-stream" => match ending {
                "html" | "htm" | "xhtml" => Some(Self::Html),
                "pdf" => Some(Self::Pdf),
                "md" | "markdown" => Some(Self::Markdown),
                "txt" => Some(Self::Plain),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Reads `bytes` as served under `media` from `address`; `styles` are the style sheets that the document links to.
///
/// # Errors
/// [`ReadError::Kind`] for images, archives and the like; [`ReadError::Broken`] for a document that cannot be parsed.
pub fn read(bytes: &[u8], media: &str, address: &str, styles: &style::Linked) -> Result<Document, ReadError> {
    let mut document = match Kind::of(media, address) {
        Some(Kind::Html) => html::read(&decode(bytes, media), styles),
        Some(Kind::Pdf) => pdf::read(bytes)?,
        Some(Kind::Markdown) => plain::markdown(&decode(bytes, media)),
        Some(Kind::Plain) => plain::plain(&decode(bytes, media)),
        None => return Err(ReadError::Kind(if media.is_empty() { address.to_owned() } else { media.to_owned() })),
    };
    if document.language.is_none() {
        document.language = language_of(&document.text.text);
    }
    document.outdated = is_outdated(&document);
    Ok(document)
}

/// Decodes by byte order mark, then the charset of `media`, then a `<meta charset>` in the first 1024 bytes, else UTF-8.
fn decode(bytes: &[u8], media: &str) -> String {
    let label = |text: &str| {
        let lower = text.to_ascii_lowercase();
        let rest = lower.split("charset=").nth(1)?.trim_start_matches(['"', '\'', ' ']).to_owned();
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_:".contains(*c)).collect();
        encoding_rs::Encoding::for_label(name.as_bytes())
    };
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]);
    let encoding = label(media).or_else(|| label(&head)).unwrap_or(encoding_rs::UTF_8);
    encoding.decode(bytes).0.into_owned()
}

fn language_of(text: &str) -> Option<String> {
    let mut end = text.len().min(4000);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let info = whatlang::detect(&text[..end])?;
    let code = match info.lang() {
        whatlang::Lang::Eng => "en",
        whatlang::Lang::Fra => "fr",
        whatlang::Lang::Deu => "de",
        whatlang::Lang::Spa => "es",
        whatlang::Lang::Ita => "it",
        whatlang::Lang::Nld => "nl",
        whatlang::Lang::Por => "pt",
        whatlang::Lang::Pol => "pl",
        whatlang::Lang::Swe => "sv",
        whatlang::Lang::Dan => "da",
        whatlang::Lang::Fin => "fi",
        _ => return None,
    };
    info.is_reliable().then(|| code.to_owned())
}

/// Words by which a page says, near its top, that it no longer holds. In title or the first six lines.
fn is_outdated(document: &Document) -> bool {
    const SIGNS: &[&str] = &[
        "this page is archived",
        "archived page",
        "archived version",
        "archived copy",
        "kept for reference",
        "superseded by",
        "this version is outdated",
        "this page is outdated",
        "out of date",
        "no longer in force",
        "no longer maintained",
        "former version",
        "previous version of",
        "this document is deprecated",
        "valid until 20",
        "replaced by the",
        "(archive",
        "[archive",
        "version archivée",
        "page archivée",
        "ancienne version",
        "n'est plus en vigueur",
        "remplacée par",
        "archivierte version",
        "archivierte seite",
        "nicht mehr gültig",
        "veraltet",
        "ersetzt durch",
        "frühere fassung",
    ];
    let says = |text: &str| {
        let text = crate::domain::quote::fold(text).to_lowercase();
        SIGNS.iter().any(|sign| text.contains(sign))
    };
    says(&document.title)
        || document.text.blocks.iter().take(6).any(|block| {
            let words = document.text.words(block);
            words.len() < 400 && says(words)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_decides_before_the_name() {
        assert_eq!(Kind::of("text/html; charset=utf-8", "/a.pdf"), Some(Kind::Html));
        assert_eq!(Kind::of("", "docs/terms.PDF"), Some(Kind::Pdf));
        assert_eq!(Kind::of("application/octet-stream", "https://x.eu/a.md?x=1"), Some(Kind::Markdown));
        assert_eq!(Kind::of("image/png", "/a.html"), None);
        assert_eq!(Kind::of("", "/a.zip"), None);
    }

    #[test]
    fn text_is_decoded_by_its_charset() {
        assert_eq!(decode(b"caf\xe9", "text/html; charset=ISO-8859-1"), "café");
        assert_eq!(decode(b"<meta charset=\"windows-1252\">caf\xe9", "text/html"), "<meta charset=\"windows-1252\">café");
        assert_eq!(decode("café".as_bytes(), ""), "café");
    }

    #[test]
    fn an_archived_page_is_known_by_its_own_words() {
        let page = |html: &str| read(html.as_bytes(), "text/html", "/x", &style::Linked::new()).map(|d| d.outdated).ok();
        assert_eq!(page("<h1>Terms</h1><p>This page is archived. See the current terms.</p>"), Some(true));
        assert_eq!(page("<h1>Backups</h1><p>Archived logs are kept for a year.</p>"), Some(false));
    }
}
