//! The style sheets of a page in the order in which they count: `<style>` elements and linked sheets.

use std::collections::HashMap;
use std::sync::Arc;

use ego_tree::iter::Edge;
use scraper::Html;
use scraper::node::{Element, Node};

use super::{Sheet, media};

/// Sheets that a page links to, by the `href` as it stands in the page.
///
/// A sheet that is known to be missing is the empty one; one that could not be had is left out, and then colours that
/// a sheet gives are not judged, since the ground may come from the sheet that is not known.
pub type Linked = HashMap<String, Arc<Sheet>>;

/// Hosts of sheets that hold only fonts.
const FONTS: &[&str] = &["fonts.googleapis.com/", "fonts.bunny.net/", "use.typekit.net/", "p.typekit.net/", "fonts.cdnfonts.com/"];
/// The sheets of a page, and whether one that it links to is not among them.
pub(in super::super) fn sheets(html: &Html, linked: &Linked) -> (Vec<Arc<Sheet>>, bool) {
    let (mut sheets, mut is_short) = (Vec::new(), false);
    each(html, |source| match source {
        Source::Text(css) => sheets.push(Arc::new(Sheet::parse(&css))),
        Source::Link(href) => match linked.get(href) {
            Some(sheet) => sheets.push(Arc::clone(sheet)),
            None => is_short = true,
        },
    });
    (sheets, is_short)
}

enum Source<'a> {
    Text(String),
    Link(&'a str),
}

fn each<'a>(html: &'a Html, mut take: impl FnMut(Source<'a>)) {
    // Depth within elements whose styles do not count.
    let mut unread = 0_usize;
    for edge in html.tree.root().traverse() {
        let (Edge::Open(node) | Edge::Close(node)) = edge;
        let Node::Element(element) = node.value() else { continue };
        let is_open = matches!(edge, Edge::Open(_));
        match element.name() {
            "noscript" | "template" => unread = if is_open { unread + 1 } else { unread.saturating_sub(1) },
            _ if unread > 0 || !is_open => {}
            "style" if counts(element) => {
                take(Source::Text(node.children().filter_map(|child| child.value().as_text().map(|text| &**text)).collect()));
            }
            "link" if is_sheet(element) && counts(element) => {
                let href = element.attr("href").map(str::trim);
                if let Some(href) = href.filter(|href| !href.is_empty() && !is_font(href)) {
                    take(Source::Link(href));
                }
            }
            _ => {}
        }
    }
}

fn is_font(href: &str) -> bool {
    let host = href.split_once("//").map_or("", |(_, host)| host);
    FONTS.iter().any(|font| host.starts_with(font))
}

/// Whether the element's kind and medium are those of a page on a screen.
fn counts(element: &Element) -> bool {
    let kind = element.attr("type").is_none_or(|kind| kind.trim().is_empty() || kind.trim().eq_ignore_ascii_case("text/css"));
    // `media="print" onload="this.media='all'"` is how pages load a sheet late.
    let late = element.attr("onload").is_some_and(|script| script.contains("media"));
    kind && (late || element.attr("media").is_none_or(media::holds))
}

fn is_sheet(element: &Element) -> bool {
    let rel = element.attr("rel").unwrap_or("").to_ascii_lowercase();
    let has = |word: &str| rel.split_ascii_whitespace().any(|w| w == word);
    let late = has("preload") && element.attr("onload").is_some_and(|script| script.contains("stylesheet"));
    element.attr("disabled").is_none() && (has("stylesheet") && !has("alternate") || late)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_that_count_on_a_screen_are_named_in_order() {
        let html = Html::parse_document(
            "<link rel='stylesheet' href=' a.css '><link rel=stylesheet media=print href=print.css><link rel=icon href=x.ico>\
             <link rel='alternate stylesheet' href=dark.css><link rel=stylesheet media=print onload=\"this.media='all'\" href=late.css>\
             <link rel=preload as=style onload=\"this.rel='stylesheet'\" href=b.css><link rel=stylesheet href=a.css>\
             <link rel=stylesheet disabled href=off.css><link rel=stylesheet href='https://fonts.bunny.net/css?a'>\
             <template><link rel=stylesheet href=t.css></template>\
             <noscript><link rel=stylesheet href=n.css></noscript>",
        );
        let mut linked: Vec<String> = Vec::new();
        each(&html, |source| {
            if let Source::Link(href) = source {
                linked.push(href.to_owned())
            }
        });
        assert_eq!(linked, ["a.css", "late.css", "b.css", "a.css"], "in order, as often as they stand there");
        let (sheets, is_short) = sheets(&html, &Linked::from([("a.css".to_owned(), Arc::new(Sheet::parse("p{color:red}")))]));
        assert!(is_short);
        assert_eq!(sheets.len(), 2);
    }

    #[test]
    fn style_elements_count_unless_they_are_for_another_medium() {
        let html = Html::parse_document(
            "<style>p{color:red}</style><style media=print>p{color:red}</style><style type='text/less'>p{color:red}</style>\
             <body><style>a{color:red}b{color:red}</style>",
        );
        let (sheets, is_short) = sheets(&html, &Linked::new());
        assert!(!is_short);
        assert_eq!(sheets.iter().map(|s| s.len()).collect::<Vec<_>>(), [1, 2]);
    }
}
