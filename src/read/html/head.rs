//! What a page says of itself before its text: language, title, date, links to others, style sheets.

use std::sync::LazyLock;

use regex::Regex;
use scraper::{Html, Selector};

use super::{Document, MAX_RELATED};

/// The `href`s of the style sheets that a page seems to link to, found without parsing it: a few too many do no harm.
pub fn style_links(source: &str) -> Vec<String> {
    static LINK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)<link\b[^>]{0,2000}").ok());
    static HREF: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"(?i)\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))"#).ok());
    let (Some(link), Some(href)) = (LINK.as_ref(), HREF.as_ref()) else { return Vec::new() };
    let sheets = link.find_iter(source).map(|tag| tag.as_str()).filter(|tag| tag.to_ascii_lowercase().contains("stylesheet"));
    let hrefs = sheets.filter_map(|tag| href.captures(tag)?.iter().skip(1).flatten().next());
    hrefs.map(|href| href.as_str().trim().replace("&amp;", "&")).filter(|href| !href.is_empty()).take(MAX_RELATED).collect()
}

pub(super) fn head(html: &Html, document: &mut Document) {
    let first = |selector: &str, attribute: Option<&str>| {
        let selector = Selector::parse(selector).ok()?;
        let found = html.select(&selector).next()?;
        match attribute {
            Some(name) => found.value().attr(name).map(str::to_owned),
            None => Some(found.text().collect::<String>()),
        }
    };
    let neat = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    document.title = first("title", None).map(neat).filter(|t| !t.is_empty()).or_else(|| first("h1", None).map(neat)).unwrap_or_default();
    document.language = first("html", Some("lang"))
        .map(|lang| lang.split(['-', '_']).next().unwrap_or("").to_ascii_lowercase())
        .filter(|lang| lang.len() == 2);
    document.canonical = first("link[rel=canonical]", Some("href"));
    let all = |selector: &str, attribute: &str| -> Vec<String> {
        let Ok(selector) = Selector::parse(selector) else { return Vec::new() };
        html.select(&selector).filter_map(|element| element.value().attr(attribute)).take(MAX_RELATED).map(str::to_owned).collect()
    };
    document.alternates = all("link[rel=alternate][hreflang]", "href");
    document.feeds = all("link[rel=alternate][type='application/rss+xml'], link[rel=alternate][type='application/atom+xml']", "href");
    document.robots = all("meta[name=robots i], meta[name=sovcheck i]", "content");
    document.dated = ["meta[property='article:modified_time']", "meta[name=date]", "meta[name='last-modified']"]
        .iter()
        .find_map(|selector| first(selector, Some("content")))
        .or_else(|| first("time[datetime]", Some("datetime")))
        .and_then(|date| date.get(..10).map(str::to_owned))
        .filter(|date| date.parse::<jiff::civil::Date>().is_ok());
}

pub(super) fn needs_javascript(source: &str) -> bool {
    let lower = source.to_ascii_lowercase();
    let has_script = lower.contains("<script");
    let has_root = ["id=\"root\"", "id=\"app\"", "id=\"__next\"", "id=\"__nuxt\"", "id='root'", "id='app'", "<app-root"]
        .iter()
        .any(|root| lower.contains(root));
    let asks = lower.contains("enable javascript")
        || lower.contains("javascript is required")
        || lower.contains("requires javascript")
        || lower.contains("activer javascript")
        || lower.contains("javascript aktivieren");
    has_script && (has_root || asks)
}
