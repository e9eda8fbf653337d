//! What the user typed as a source: an address, a bare host name, or a folder.

use std::path::PathBuf;

use anyhow::{Context, bail};
use url::Url;

use crate::crawl::Source;

/// Reads a source.
///
/// # Errors
/// Says which of the two it looks like and what is wrong with it.
pub(super) fn parse(text: &str) -> anyhow::Result<Source> {
    let path = PathBuf::from(text);
    if path.is_dir() {
        return Ok(Source::Folder(path));
    }
    if path.is_file() {
        bail!("`{text}` is a file; give the folder that it lies in");
    }
    let address = if text.contains("://") {
        text.to_owned()
    } else if text.starts_with(['.', '/', '~']) || !text.contains('.') {
        bail!("`{text}` is neither a folder nor an address such as https://docs.example.eu");
    } else {
        format!("https://{text}")
    };
    let url = Url::parse(&address).with_context(|| format!("`{text}` is not an address"))?;
    if !matches!(url.scheme(), "http" | "https") {
        bail!("`{text}`: only http and https addresses are read");
    }
    Ok(Source::Site(url))
}

/// A name for the service where none was given: the host, or the folder's name.
pub(super) fn name_of(source: &Source) -> String {
    match source {
        Source::Site(url) => url.host_str().unwrap_or("service").trim_start_matches("www.").to_owned(),
        Source::Folder(path) => path
            .canonicalize()
            .ok()
            .and_then(|p| p.file_name().map(|n| n.to_string_lossy().into_owned()))
            .unwrap_or_else(|| "service".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_a_host_and_a_folder_are_told_apart() {
        assert!(matches!(parse("."), Ok(Source::Folder(_))));
        assert!(matches!(parse("docs.example.eu/a"), Ok(Source::Site(url)) if url.as_str() == "https://docs.example.eu/a"));
        for (bad, says) in [
            ("nowhere", "neither"),
            ("./nowhere", "neither"),
            ("ftp://example.eu", "only http"),
            ("http://", "not an address"),
            ("Cargo.toml", "is a file"),
        ] {
            let said = format!("{:#}", parse(bad).expect_err(bad));
            assert!(said.contains(says), "{bad}: {said}");
        }
    }
}
