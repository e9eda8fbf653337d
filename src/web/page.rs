//! What all pages share: the frame around them, rendering, and the files that they load.

use std::sync::LazyLock;

use askama::Template;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::PageError;
use crate::hex;

/// The frame around a page: its language and title, and the address of a loaded file.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// ISO 639-1 code. Words of pages are looked up by it.
    pub(super) lang: &'static str,
    /// For the browser's title.
    pub(super) title: String,
}

impl Frame {
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self { lang: "en", title: title.into() }
    }

    /// The address of a file that pages load; it changes with the file, so that browsers may keep it for good.
    pub(super) fn asset(&self, name: &str) -> String {
        ASSETS.iter().find(|asset| asset.name == name).map_or_else(String::new, |a| format!("/static/{name}?v={}", a.version))
    }
}

/// Renders a page.
pub(super) fn html(page: &impl Template) -> Result<Response, PageError> {
    let text = page.render().map_err(|error| PageError::Internal(Box::new(error)))?;
    Ok(Html(text).into_response())
}

struct Asset {
    name: &'static str,
    media: &'static str,
    text: &'static str,
    version: String,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    [
        ("service.css", "text/css; charset=utf-8", include_str!("static/service.css")),
        ("form.js", "text/javascript; charset=utf-8", include_str!("static/form.js")),
        ("progress.js", "text/javascript; charset=utf-8", include_str!("static/progress.js")),
    ]
    .map(|(name, media, text)| Asset { name, media, text, version: hex(&Sha256::digest(text))[..12].to_owned() })
    .into()
});

/// A file that pages load.
pub(super) async fn asset(Path(file): Path<String>) -> Result<Response, PageError> {
    let asset = ASSETS.iter().find(|asset| asset.name == file).ok_or(PageError::NotFound)?;
    let headers = [(header::CONTENT_TYPE, asset.media), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((StatusCode::OK, headers, asset.text).into_response())
}
