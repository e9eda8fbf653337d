//! Links that lead to a quote in the live page: text fragments (WICG, "URL Fragment Text Directives").

/// A quote longer than this is named by its first and last words.
const WHOLE_WORDS: usize = 10;
/// How many words at each end.
const END_WORDS: usize = 4;

/// The address with a fragment that makes a browser jump to `quote` and mark it.
pub fn to_words(address: &str, quote: &str) -> String {
    // Cells of a row are set apart by a mark that does not stand in the live page: the first cell leads there.
    let quote = quote.split(" | ").find(|cell| cell.chars().any(char::is_alphanumeric)).unwrap_or(quote);
    let words: Vec<&str> = quote.split_whitespace().collect();
    let directive = if words.len() <= WHOLE_WORDS {
        encode(&words.join(" "))
    } else {
        format!("{},{}", encode(&words[..END_WORDS].join(" ")), encode(&words[words.len() - END_WORDS..].join(" ")))
    };
    format!("{}#:~:text={directive}", plain(address))
}

/// The address without its fragment. A path of a folder is made a relative link: a file's name is never a scheme.
fn plain(address: &str) -> String {
    if address.starts_with("http://") || address.starts_with("https://") {
        return address.split('#').next().unwrap_or(address).to_owned();
    }
    let segments: Vec<String> = address.split('/').map(|segment| encode(segment).replace("%2D", "-")).collect();
    format!("./{}", segments.join("/"))
}

/// Percent-encodes all but unreserved characters; `-`, `,` and `&` have a meaning in a directive.
fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_quotes_are_whole_and_long_ones_named_by_their_ends() {
        assert_eq!(to_words("https://a.eu/x#top", "Non-EU, \"é\""), "https://a.eu/x#:~:text=Non%2DEU%2C%20%22%C3%A9%22");
        assert_eq!(
            to_words("a.html", "one two three four five six seven eight nine ten eleven twelve"),
            "./a.html#:~:text=one%20two%20three%20four,nine%20ten%20eleven%20twelve"
        );
        assert_eq!(to_words("javascript:a (1).html", "three words here"), "./javascript%3Aa%20%281%29.html#:~:text=three%20words%20here");
        assert_eq!(to_words("a.html", "Brevo | France"), "./a.html#:~:text=Brevo");
    }
}
