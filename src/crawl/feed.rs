//! Feeds (RSS, Atom, JSON Feed): when a page was published or changed, where the page itself does not say.

use std::collections::HashMap;

use url::Url;

use super::url::key;

/// Most entries that are taken from one feed.
const MAX_ENTRIES: usize = 2_000;

/// Dates (`YYYY-MM-DD`) by the key of the page that an entry links; nothing where it cannot be parsed.
pub fn dates(bytes: &[u8], address: &Url) -> HashMap<String, String> {
    let Ok(feed) = feed_rs::parser::Builder::new().base_uri(Some(address.as_str())).build().parse(bytes) else {
        return HashMap::new();
    };
    let mut dates = HashMap::new();
    for entry in feed.entries.into_iter().take(MAX_ENTRIES) {
        let Some(at) = entry.updated.or(entry.published) else { continue };
        let date = at.to_rfc3339().chars().take(10).collect::<String>();
        for link in &entry.links {
            if let Ok(url) = address.join(&link.href) {
                dates.entry(key(&url)).or_insert_with(|| date.clone());
            }
        }
    }
    dates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_date_their_pages() {
        let address = Url::parse("https://a.eu/feed.xml").expect("an address");
        let rss = b"<rss version='2.0'><channel><title>x</title><link>https://a.eu</link><description>x</description>\
            <item><title>SecNumCloud</title><link>https://a.eu/news/snc</link><pubDate>Tue, 03 Mar 2026 09:00:00 GMT</pubDate></item></channel></rss>";
        let page = Url::parse("https://a.eu/news/snc/").expect("an address");
        assert_eq!(dates(rss, &address).get(&key(&page)).map(String::as_str), Some("2026-03-03"));
        let atom = b"<feed xmlns='http://www.w3.org/2005/Atom'><title>x</title><id>x</id><updated>2026-01-01T00:00:00Z</updated>\
            <entry><title>x</title><id>1</id><link href='/news/snc'/><updated>2026-04-05T10:00:00Z</updated></entry></feed>";
        assert_eq!(dates(atom, &address).get(&key(&page)).map(String::as_str), Some("2026-04-05"));
        assert!(dates(b"<html>no feed", &address).is_empty() && dates(b"", &address).is_empty());
    }
}
