//! A folder of files as a source, so that a vendor can check documentation before it is published.
//!
//! Files get addresses under a host that cannot exist, so that links, robots.txt and scope work as on a site. Links
//! that leave the folder, by path or by symbolic link, are not followed.

use std::io;
use std::path::{Component, Path, PathBuf};

use url::Url;

use super::fetch::{FetchError, Fetched, Validators};
use super::url::clean;
use crate::read::Kind;

const BASE: &str = "http://folder.invalid/";
/// Largest file that is read, in bytes.
const MAX_FILE: u64 = 16 << 20;
/// Most files that are listed.
const MAX_FILES: usize = 50_000;

/// An opened folder.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    base: Url,
    files: Vec<String>,
}

impl Folder {
    /// Lists the documents below `path`.
    ///
    /// # Errors
    /// The folder cannot be read, or holds no document.
    pub fn open(path: &Path) -> io::Result<Self> {
        let root = path.canonicalize()?;
        let base = Url::parse(BASE).map_err(io::Error::other)?;
        let mut files = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if kind.is_dir() && (!name.starts_with('.') || name == ".well-known") {
                    folders.push(entry.path());
                } else if kind.is_file()
                    && Kind::of("", &name).is_some()
                    && name != "robots.txt"
                    && files.len() < MAX_FILES
                    && let Ok(below) = entry.path().strip_prefix(&root)
                {
                    files.push(below.to_string_lossy().replace('\\', "/"));
                }
            }
        }
        files.sort();
        if files.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "it holds no HTML, PDF, Markdown or text file"));
        }
        Ok(Self { root, base, files })
    }

    /// The address that stands for the folder.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Addresses of all documents, in the order of their paths.
    pub fn addresses(&self) -> Vec<Url> {
        self.files.iter().filter_map(|file| url_of(file)).collect()
    }

    /// The address of the file that a link means: `a/` is `a/index.html`; `None` if there is no such file.
    pub fn settle(&self, url: &Url) -> Option<Url> {
        meanings(url).into_iter().find(|url| self.files.binary_search(&path_of(url)).is_ok())
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Status 404 if there is none; else the file cannot be read, is too large, or lies outside the folder.
    pub async fn get(&self, url: &Url) -> Result<Fetched, FetchError> {
        let fault = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => FetchError::Status(404),
            _ => FetchError::File(error),
        };
        let path = self.inside(&path_of(url)).map_err(fault)?;
        let size = tokio::fs::metadata(&path).await.map_err(fault)?.len();
        if size > MAX_FILE {
            return Err(FetchError::TooLarge(MAX_FILE as usize));
        }
        let bytes = tokio::fs::read(&path).await.map_err(fault)?;
        Ok(Fetched {
            url: url.clone(),
            status: 200,
            media: String::new(),
            robots: Vec::new(),
            validators: Validators::default(),
            read_at_ms: None,
            bytes,
        })
    }

    fn inside(&self, path: &str) -> io::Result<PathBuf> {
        let relative = Path::new(path);
        if relative.components().any(|part| !matches!(part, Component::Normal(_))) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "outside the folder"));
        }
        let real = self.root.join(relative).canonicalize()?;
        if real.starts_with(&self.root) { Ok(real) } else { Err(io::Error::new(io::ErrorKind::PermissionDenied, "outside the folder")) }
    }
}

/// Whether an address stands for a file below a folder.
pub fn is_below(url: &Url) -> bool {
    url.as_str().starts_with(BASE)
}

/// The address of a file, by its path below the folder.
pub fn url_of(path: &str) -> Option<Url> {
    let mut url = Url::parse(BASE).ok()?;
    url.path_segments_mut().ok()?.clear().extend(path.split('/'));
    Some(url)
}

/// The path of an address below the folder.
pub fn path_of(url: &Url) -> String {
    let decoded: Vec<String> = url.path_segments().into_iter().flatten().map(decode).collect();
    decoded.join("/")
}

/// The addresses that a link may mean, likeliest first: `a/` may be `a/index.html`, `a` may be `a.md`. Outside a folder
/// an address means itself.
pub fn meanings(url: &Url) -> Vec<Url> {
    if !is_below(url) {
        return vec![url.clone()];
    }
    let path = path_of(url);
    let path = path.trim_matches('/');
    let below = if path.is_empty() { String::new() } else { format!("{path}/") };
    let named = [path.to_owned(), format!("{below}index.html"), format!("{path}.html"), format!("{below}index.md"), format!("{path}.md")];
    named.iter().filter_map(|path| url_of(path)).collect()
}

/// The page at an address of an archive; `None` if it is none that is read.
pub fn page_of(address: &str) -> Option<Url> {
    const LISTS: &[&str] = &["/robots.txt", "/llms.txt"];
    let url = Url::parse(address).ok()?;
    let url = if url.scheme() == "file" { url_of(&path_of(&url))? } else { url };
    clean(url).filter(|url| !LISTS.contains(&url.path()))
}

fn decode(segment: &str) -> String {
    url::form_urlencoded::parse(segment.replace('&', "%26").replace('=', "%3D").replace('+', "%2B").as_bytes())
        .map(|(k, _)| k.into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_are_found_by_the_links_that_mean_them_and_nothing_outside() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(dir.path().join("docs/a b")).expect("folders");
        std::fs::write(dir.path().join("docs/a b/index.html"), "<p>x").expect("a file");
        std::fs::write(dir.path().join("terms.md"), "# Terms").expect("a file");
        let outside = tempfile::NamedTempFile::with_suffix(".html").expect("a file");
        std::os::unix::fs::symlink(outside.path(), dir.path().join("docs/link.html")).expect("a link");
        let folder = Folder::open(dir.path()).expect("opens");
        assert_eq!(folder.addresses().len(), 2);
        let go = |path: &str| folder.settle(&folder.base().join(path).expect("an address")).map(|u| path_of(&u));
        assert_eq!(go("docs/a%20b/").as_deref(), Some("docs/a b/index.html"));
        assert_eq!(go("/terms").as_deref(), Some("terms.md"));
        assert_eq!(go("../../etc/passwd"), None);
        let link = url_of("docs/link.html").expect("an address");
        assert!(folder.get(&link).await.is_err());
    }
}
