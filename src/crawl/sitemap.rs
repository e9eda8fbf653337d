//! Sitemaps and sitemap indexes (sitemaps.org protocol 0.9), gzip too, read leniently: what parses is taken.

use std::io::Read;

use flate2::read::MultiGzDecoder;
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
/// Largest sitemap, decompressed: the protocol's 50 MB are far more than 50,000 addresses need.
const MAX_BYTES: u64 = 16 << 20;

/// Reads a sitemap; what does not parse ends it.
pub fn parse(bytes: &[u8]) -> Sitemap {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return parse_xml(bytes);
    }
    let mut plain = Vec::new();
    // What comes out before an error or the cap is read like a file that was cut short.
    let _cut = MultiGzDecoder::new(bytes).take(MAX_BYTES).read_to_end(&mut plain);
    parse_xml(&plain)
}

fn parse_xml(bytes: &[u8]) -> Sitemap {
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
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn pages_and_maps_are_told_apart_and_a_broken_end_loses_nothing() {
        let found = parse(b"<?xml version='1.0'?><urlset><url><loc>https://a.eu/?a=1&amp;b=2</loc><lastmod>2026-01-01</lastmod></url><url><loc> https://a.eu/b </loc></url><url><lo");
        assert_eq!(found.pages, ["https://a.eu/?a=1&b=2", "https://a.eu/b"]);
        let index = parse(b"<sitemapindex><sitemap><loc>https://a.eu/s1.xml</loc></sitemap></sitemapindex>");
        assert_eq!((index.maps.len(), index.pages.len()), (1, 0));
        assert_eq!(parse(b"not xml at all"), Sitemap::default());
    }

    #[test]
    fn a_gzipped_sitemap_is_read_and_a_bomb_costs_its_cap() {
        let map = b"<urlset><url><loc>https://a.eu/legal</loc></url></urlset>";
        assert_eq!(parse(&gzip(map)).pages, ["https://a.eu/legal"]);
        let cut = gzip(map);
        assert!(parse(&cut[..cut.len() / 2]).pages.len() <= 1);
        let mut bomb = map.to_vec();
        bomb.resize(64 << 20, b' ');
        assert_eq!(parse(&gzip(&bomb)).pages, ["https://a.eu/legal"]);
    }
}
