//! What the user typed as a source: an address, a bare host name, or a folder.

use std::path::PathBuf;

use anyhow::{Context, bail};
use url::Url;

use crate::crawl::Source;

/// Reads a source: one folder, or one or more addresses.
///
/// # Errors
/// Says which of the two it looks like and what is wrong with it.
pub(super) fn parse(typed: &[String]) -> anyhow::Result<Source> {
    if let [text] = typed {
        let path = PathBuf::from(text);
        if path.is_dir() {
            return Ok(Source::Folder(path));
        }
        if path.is_file() && [".warc", ".warc.gz"].iter().any(|end| text.to_ascii_lowercase().ends_with(end)) {
            return Ok(Source::Archive(path));
        }
    }
    typed.iter().map(|text| address(text)).collect::<anyhow::Result<Vec<Url>>>().map(Source::Site)
}

fn address(text: &str) -> anyhow::Result<Url> {
    let path = PathBuf::from(text);
    if path.is_dir() {
        bail!("`{text}` is a folder; a folder is checked on its own, without other sources");
    }
    if path.is_file() {
        bail!("`{text}` is a file; give the folder that it lies in, or a web archive (.warc, .warc.gz)");
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
    Ok(url)
}

/// A name for the service where none was given: the host, or the folder's name.
pub(super) fn name_of(source: &Source) -> String {
    match source {
        Source::Site(starts) => starts.first().and_then(Url::host_str).unwrap_or("service").trim_start_matches("www.").to_owned(),
        Source::Folder(path) | Source::Archive(path) => path
            .canonicalize()
            .ok()
            .and_then(|p| p.file_name().map(|n| n.to_string_lossy().into_owned()))
            .unwrap_or_else(|| "service".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(typed: &[&str]) -> anyhow::Result<Source> {
        parse(&typed.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn addresses_hosts_and_a_folder_are_told_apart() {
        assert!(matches!(of(&["."]), Ok(Source::Folder(_))));
        let two = of(&["docs.example.eu/a", "http://example.eu"]);
        assert!(matches!(two, Ok(Source::Site(starts)) if starts[0].as_str() == "https://docs.example.eu/a" && starts.len() == 2));
        for (bad, says) in [
            (&["nowhere"][..], "neither"),
            (&["./nowhere"], "neither"),
            (&["ftp://example.eu"], "only http"),
            (&["http://"], "not an address"),
            (&["Cargo.toml"], "is a file"),
            (&["example.eu", "."], "on its own"),
        ] {
            let said = format!("{:#}", of(bad).expect_err(bad[0]));
            assert!(said.contains(says), "{bad:?}: {said}");
        }
    }
}
