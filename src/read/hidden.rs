//! Text that a reader does not see: how an element hides it, and the record that is kept of it.
//!
//! Only an element's own attributes are looked at; style sheets are not evaluated here.

use scraper::node::Element;

use super::assessor::addresses_assessor;
use crate::domain::page::HiddenText;

/// A record of hidden words.
pub(super) fn record(how: &str, words: &str) -> HiddenText {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    HiddenText { how: how.to_owned(), addresses_assessor: addresses_assessor(&words), words: words.chars().take(300).collect() }
}

/// How an element's own attributes hide it.
pub(super) fn how(element: &Element) -> Option<&'static str> {
    if element.attr("hidden").is_some() {
        return Some("hidden attribute");
    }
    if element.attr("aria-hidden").is_some_and(|v| v.eq_ignore_ascii_case("true")) {
        return Some("aria-hidden");
    }
    let style: String = element.attr("style")?.to_ascii_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let value = |name: &str| {
        style.split(';').filter_map(|d| d.split_once(':')).find(|(k, _)| *k == name).map(|(_, v)| v.trim_end_matches("!important"))
    };
    let colour = value("color").map(plain_colour);
    let ground = value("background-color").or_else(|| value("background")).map(plain_colour);
    let zero = |v: Option<&str>| {
        v.is_some_and(|v| v.trim_end_matches(|c: char| c.is_alphabetic() || c == '%').parse::<f64>().is_ok_and(|n| n < 0.05))
    };
    let far = |v: Option<&str>| v.is_some_and(|v| v.trim_end_matches(char::is_alphabetic).parse::<f64>().is_ok_and(|n| n <= -999.0));
    match () {
        () if value("display") == Some("none") => Some("display:none"),
        () if matches!(value("visibility"), Some("hidden" | "collapse")) => Some("visibility:hidden"),
        () if zero(value("font-size")) => Some("font size zero"),
        () if zero(value("opacity")) => Some("opacity zero"),
        () if far(value("left")) || far(value("top")) || far(value("text-indent")) => Some("off the page"),
        () if (zero(value("height")) || zero(value("width")) || zero(value("max-height"))) && value("overflow") == Some("hidden") => {
            Some("size zero")
        }
        () if value("clip").is_some() || value("clip-path").is_some_and(|v| v.contains("100%")) => Some("clipped"),
        () if colour.is_some() && colour == ground => Some("text in the colour of its ground"),
        // Without a ground of its own, white stands on the page's white.
        () if colour.as_deref() == Some("white") && ground.is_none() => Some("white text"),
        () if colour.as_deref() == Some("transparent") => Some("transparent text"),
        () => None,
    }
}

fn plain_colour(value: &str) -> String {
    match value {
        "#fff" | "#ffffff" | "rgb(255,255,255)" | "rgba(255,255,255,1)" | "#ffff" => "white".to_owned(),
        "#000" | "#000000" | "rgb(0,0,0)" => "black".to_owned(),
        "rgba(0,0,0,0)" => "transparent".to_owned(),
        other => other.to_owned(),
    }
}
