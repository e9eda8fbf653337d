//! Addresses: which are followed, when two are one, and when they are variants of each other.
//!
//! No request is made here, and nothing is resolved.

use url::Url;

/// Query names that say who came from where, not what is shown.
const NOISE: &[&str] = &[
    "gclid",
    "fbclid",
    "mc_cid",
    "mc_eid",
    "ref",
    "source",
    "sessionid",
    "session_id",
    "sid",
    "phpsessid",
    "jsessionid",
    "print",
    "replytocom",
    "share",
    "printable",
    "lang",
    "locale",
    "hl",
    "sort",
    "order",
];
/// Endings of files that hold no documentation.
const NOT_READ: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "bmp", "css", "js", "mjs", "map", "woff", "woff2", "ttf", "eot", "otf",
    "mp4", "webm", "mp3", "wav", "mov", "avi", "zip", "gz", "tgz", "bz2", "xz", "7z", "rar", "tar", "exe", "dmg", "deb", "rpm", "msi",
    "iso", "bin", "jar", "json", "xml", "rss", "atom", "yaml", "yml", "csv", "xls", "xlsx", "ppt", "pptx", "doc", "docx", "odt", "sig",
    "asc", "ics", "vcf",
];
/// Longest address that is followed.
const MAX_LENGTH: usize = 2_000;
/// Deepest path that is followed: paths grow without end where links are relative by mistake.
const MAX_DEPTH: usize = 14;
/// Languages that address parts name.
const LANGUAGES: &[&str] = &[
    "en", "fr", "de", "es", "it", "nl", "pt", "pl", "sv", "da", "fi", "nb", "no", "cs", "sk", "sl", "hu", "ro", "bg", "el", "et", "lv",
    "lt", "hr", "ja", "ko", "zh", "ru", "tr", "uk", "ar",
];

/// The address that a link in the page at `base` leads to, made comparable; `None` if it is not to be followed.
pub fn follow(base: &Url, href: &str) -> Option<Url> {
    if href.is_empty() || href.starts_with('#') || href.len() > MAX_LENGTH {
        return None;
    }
    clean(base.join(href).ok()?)
}

/// Without fragment, tracking and session parameters; `None` for other schemes, user names and files that are not read.
pub fn clean(mut url: Url) -> Option<Url> {
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    url.set_fragment(None);
    if url.path().len() > MAX_LENGTH || url.path().split('/').count() > MAX_DEPTH + 1 {
        return None;
    }
    let ending = url.path().rsplit('/').next().unwrap_or("").rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    if ending.is_some_and(|e| NOT_READ.contains(&e.as_str())) {
        return None;
    }
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(k, _)| {
            let k = k.to_ascii_lowercase();
            !k.starts_with("utm_") && !NOISE.contains(&k.as_str())
        })
        .map(|(k, v)| (k.into_owned(), v.into_owned()))
        .collect();
    // Addresses with many parameters are searches, facets and calendars.
    if kept.len() > 2 {
        return None;
    }
    if kept.is_empty() {
        url.set_query(None);
    } else {
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    Some(url)
}

/// What makes two addresses the same page: scheme, `www.`, a trailing slash and `index.html` do not count.
pub fn key(url: &Url) -> String {
    let host = url.host_str().unwrap_or("").trim_start_matches("www.");
    let path = url.path().trim_end_matches("index.html").trim_end_matches("index.htm").trim_end_matches('/');
    format!("{host}:{}{path}?{}", url.port().unwrap_or(0), url.query().unwrap_or(""))
}

/// What variants of one page share: its key with languages and versions in host and path left open. `None` if the
/// address names neither.
pub fn variant(url: &Url) -> Option<String> {
    let mut varies = false;
    let mut open = |part: &str, is: bool| {
        varies |= is;
        if is { "*".to_owned() } else { part.to_owned() }
    };
    let host = url.host_str().unwrap_or("").trim_start_matches("www.");
    let host = match host.split_once('.') {
        Some((first, rest)) if rest.contains('.') => format!("{}.{rest}", open(first, LANGUAGES.contains(&first))),
        _ => host.to_owned(),
    };
    let path: Vec<String> = url
        .path()
        .trim_end_matches("index.html")
        .trim_end_matches('/')
        .split('/')
        .map(|part| open(part, is_language(part) || is_version(part)))
        .collect();
    let query = url.query().unwrap_or("");
    // A page without a language in its path is the variant of the one that has it in front.
    let path = path.join("/").replacen("/*/", "/", 1).trim_end_matches("/*").to_owned();
    varies.then(|| variant_of(&host, &path, query))
}

/// The key under which an address without language or version meets its variants.
pub fn plain(url: &Url) -> String {
    let host = url.host_str().unwrap_or("").trim_start_matches("www.");
    let path = url.path().trim_end_matches("index.html").trim_end_matches('/');
    variant_of(host, path, url.query().unwrap_or(""))
}

fn variant_of(host: &str, path: &str, query: &str) -> String {
    format!("{host}{path}?{query}")
}

fn is_language(part: &str) -> bool {
    let part = part.to_ascii_lowercase();
    let (language, region) = part.split_once(['-', '_']).unwrap_or((&part, ""));
    LANGUAGES.contains(&language) && (region.is_empty() || region.len() == 2)
}

fn is_version(part: &str) -> bool {
    let digits = part.strip_prefix('v').unwrap_or(part);
    let numbered = digits.starts_with(|c: char| c.is_ascii_digit()) && digits.chars().all(|c| c.is_ascii_digit() || c == '.' || c == 'x');
    matches!(part, "latest" | "stable" | "next" | "current") || numbered && (digits.contains('.') || part.starts_with('v'))
}

/// What the addresses of one list, calendar or catalogue share: numbers and the values of parameters left open. `None`
/// if nothing in the address counts.
pub fn shape(url: &Url) -> Option<String> {
    let mut counts = url.query().is_some();
    let mut path = String::new();
    for c in url.path().chars() {
        if !c.is_ascii_digit() {
            path.push(c);
        } else if !path.ends_with('#') {
            counts = true;
            path.push('#');
        }
    }
    let mut names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    names.sort();
    counts.then(|| format!("{}{path}?{}", url.host_str().unwrap_or(""), names.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    #[test]
    fn links_are_made_comparable() {
        let base = url("https://example.eu/docs/a/");
        let go = |href: &str| follow(&base, href).map(|u| u.to_string());
        assert_eq!(go("../b?utm_source=x&v=2#top").as_deref(), Some("https://example.eu/docs/b?v=2"));
        for left in ["#top", "mailto:a@b.eu", "javascript:void(0)", "logo.png", "https://u:p@example.eu/", "", "?a=1&b=2&c=3"] {
            assert_eq!(go(left), None, "{left}");
        }
        assert_eq!(key(&url("http://www.example.eu/a/index.html")), key(&url("https://example.eu/a/")));
    }

    #[test]
    fn languages_and_versions_of_a_page_are_variants_of_it() {
        let same = |a: &str, b: &str| {
            let open = |text: &str| variant(&url(text)).unwrap_or_else(|| plain(&url(text)));
            assert_eq!(open(a), open(b), "{a} {b}");
        };
        same("https://example.eu/en/legal/", "https://example.eu/fr-FR/legal");
        same("https://example.eu/legal", "https://example.eu/de/legal/index.html");
        same("https://docs.example.eu/v1.2/kms", "https://docs.example.eu/latest/kms");
        same("https://de.example.eu/kms", "https://fr.example.eu/kms");
        for plain in ["https://example.eu/legal", "https://example.eu/regions/paris-1", "https://it.eu/x"] {
            assert_eq!(variant(&url(plain)), None, "{plain}");
        }
    }

    #[test]
    fn what_counts_on_has_one_shape() {
        let of = |text: &str| shape(&url(text));
        assert_eq!(of("https://a.eu/events/2026/11?view=day"), of("https://a.eu/events/2027/3?view=week"));
        assert_ne!(of("https://a.eu/events/2026"), of("https://a.eu/news/2026"));
        assert_eq!(of("https://a.eu/legal/terms"), None);
    }
}
