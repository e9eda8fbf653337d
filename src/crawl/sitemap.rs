//! Sitemaps and sitemap indexes (sitemaps.org protocol 0.9), read leniently: what parses is taken.

use quick_xml::Reader;
use quick_xml::events::Event;

/// What a sitemap lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sitemap {
    /// Addresses of pages.
    pub pages: Vec<String>,
    /// Addresses of further sitemaps.
    pub maps: Vec<String>,
}

/// Most entries that are taken from one file, as the protocol allows.
const MAX_ENTRIES: usize = 50_000;

/// Reads a sitemap; what does not parse ends it.
pub fn parse(bytes: &[u8]) -> Sitemap {
    let mut reader = Reader::from_reader(bytes);
    let (mut found, mut in_loc, mut index) = (Sitemap::default(), false, false);
    let mut text = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => match tag.local_name().as_ref() {
                "sitemapindex" | "sitemap" => index = true,
                "url" => index = false,
                "loc" => {
                    in_loc = true;
                    text.clear();
                }
                _ => {}
            },
            Ok(Event::Text(words)) if in_loc => text.push_str(words.as_ref()),
            Ok(Event::CData(words)) if in_loc => text.push_str(words.as_ref()),
            Ok(Event::GeneralRef(name)) if in_loc && name.as_ref() == "amp" => text.push('&'),
            Ok(Event::End(tag)) if tag.local_name().as_ref() == "loc" => {
                in_loc = false;
                let list = if index { &mut found.maps } else { &mut found.pages };
                list.push(text.trim().to_owned());
                if found.pages.len() + found.maps.len() >= MAX_ENTRIES {
                    return found;
                }
            }
            Ok(Event::Eof) | Err(_) => return found,
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_maps_are_told_apart_and_a_broken_end_loses_nothing() {
        let found = parse(b"<?xml version='1.0'?><urlset><url><loc>https://a.eu/?a=1&amp;b=2</loc><lastmod>2026-01-01</lastmod></url><url><loc> https://a.eu/b </loc></url><url><lo");
        assert_eq!(found.pages, ["https://a.eu/?a=1&b=2", "https://a.eu/b"]);
        let index = parse(b"<sitemapindex><sitemap><loc>https://a.eu/s1.xml</loc></sitemap></sitemapindex>");
        assert_eq!((index.maps.len(), index.pages.len()), (1, 0));
        assert_eq!(parse(b"not xml at all"), Sitemap::default());
    }
}
