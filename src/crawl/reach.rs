//! Where pages come from: the web, a folder, an archive. One way to ask for all three.

use std::sync::Arc;

use url::Url;

use super::fetch::{Answer, FetchError, Fetched, Fetcher, Validators};
use super::folder::{self, Folder};
use crate::archive::{Archive, Record};

/// A place that pages come from.
pub enum Reach {
    /// Sites, over the network.
    Web(Box<Fetcher>),
    /// A folder of files.
    Folder(Folder),
    /// A web archive.
    Archive(Arc<Archive>),
}

impl Reach {
    /// Asks for one address; `known` makes it conditional where the place knows of versions.
    ///
    /// # Errors
    /// [`FetchError`] says what stood in the way.
    pub async fn get(&self, url: &Url, known: Option<&Validators>) -> Result<Answer, FetchError> {
        match self {
            Self::Web(fetcher) => fetcher.get(url, known).await,
            Self::Folder(folder) => folder.get(url).await.map(Answer::Body),
            Self::Archive(archive) => from_archive(archive, url).await,
        }
    }

    /// Asks for an address and for where it leads; `None` if the copy at hand still holds.
    ///
    /// # Errors
    /// [`FetchError`] says what stood in the way.
    pub async fn follow(&self, url: &Url, known: Option<&Validators>) -> Result<Option<Fetched>, FetchError> {
        match self {
            Self::Web(fetcher) => fetcher.follow(url, known).await,
            Self::Folder(_) | Self::Archive(_) => match self.get(url, None).await? {
                Answer::Body(fetched) => Ok(Some(fetched)),
                Answer::Unchanged | Answer::Moved(_) => Err(FetchError::Status(404)),
            },
        }
    }

    /// Asks for a part of a page: a style sheet, a script. It belongs to the request for the page, so no pause of its
    /// own comes before it.
    ///
    /// # Errors
    /// [`FetchError`] says what stood in the way.
    pub async fn part(&self, url: &Url) -> Result<Fetched, FetchError> {
        match self {
            Self::Web(fetcher) => fetcher.part(url).await,
            Self::Folder(_) | Self::Archive(_) => self.follow(url, None).await?.ok_or(FetchError::Status(404)),
        }
    }

    /// How an address is shown: whole for a site, the path below the folder for a folder.
    pub fn shown(&self, url: &Url) -> String {
        match self {
            Self::Folder(_) | Self::Archive(_) if folder::is_below(url) => folder::path_of(url),
            Self::Web(_) | Self::Folder(_) | Self::Archive(_) => url.to_string(),
        }
    }

    /// The address that is shown so.
    pub fn url_of(&self, shown: &str) -> Option<Url> {
        match self {
            Self::Folder(_) | Self::Archive(_) if !shown.contains("://") => folder::url_of(shown),
            Self::Web(_) | Self::Folder(_) | Self::Archive(_) => Url::parse(shown).ok(),
        }
    }

    /// The address that a link means; `None` if there is nothing.
    pub fn settle(&self, url: Url) -> Option<Url> {
        match self {
            Self::Web(_) => Some(url),
            Self::Folder(folder) => folder.settle(&url),
            Self::Archive(archive) => folder::meanings(&url).into_iter().find(|url| archive.has(&in_archive(url))),
        }
    }
}

/// How an address is spelled in an archive: a path below a folder is one there, too.
fn in_archive(url: &Url) -> String {
    if folder::is_below(url) { folder::path_of(url) } else { url.to_string() }
}

async fn from_archive(archive: &Arc<Archive>, url: &Url) -> Result<Answer, FetchError> {
    let (held, address) = (Arc::clone(archive), in_archive(url));
    let read = tokio::task::spawn_blocking(move || held.get(&address)).await;
    let broken = |problem: String| FetchError::File(std::io::Error::other(problem));
    let record = read.map_err(|error| broken(error.to_string()))?.map_err(|error| broken(crate::chain(&error)))?;
    let Some(record) = record else { return Err(FetchError::Status(404)) };
    let header = |name: &str| record.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
    match record.status {
        300..400 => {
            let target = header("location").ok_or(FetchError::BadRedirect)?;
            url.join(&target).map(Answer::Moved).map_err(|_| FetchError::BadRedirect)
        }
        status @ 400.. => Err(FetchError::Status(status)),
        _ => Ok(Answer::Body(body(url, &record, &header))),
    }
}

fn body(url: &Url, record: &Record, header: &dyn Fn(&str) -> Option<String>) -> Fetched {
    Fetched {
        url: url.clone(),
        status: record.status,
        media: record.media.clone(),
        robots: header("x-robots-tag").into_iter().collect(),
        validators: Validators { etag: header("etag"), last_modified: header("last-modified") },
        read_at_ms: (record.read_at_ms > 0).then_some(record.read_at_ms),
        bytes: record.bytes.clone(),
    }
}
