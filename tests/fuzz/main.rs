//! Fuzz targets: what comes from strangers must neither panic nor break what later stages rely on.
//!
//! `cargo test --test fuzz` tries each target for a moment with random input made from the marks that matter to it;
//! `BOLERO_RANDOM_TEST_TIME_MS=600000 cargo test --test fuzz` tries longer, and `cargo bolero test --test fuzz <name>`
//! lets a coverage-guided fuzzer search.

use bolero::check;
use sovcheck::crawl::robots::Rules;
use sovcheck::crawl::sitemap;
use sovcheck::domain::page::{BlockKind, PageText};
use sovcheck::domain::quote::Searchable;
use sovcheck::read::style::{Linked, Sheet};
use sovcheck::read::{html, plain};
use url::Url;

/// Text that begins as bytes and is made of `pieces`, with stretches of the bytes themselves in between.
fn text(bytes: &[u8], pieces: &[&str]) -> String {
    let mut text = String::new();
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let of = usize::from(*first);
        if of < 200 {
            text.push_str(pieces[of % pieces.len()]);
            rest = tail;
        } else {
            let raw = &tail[..tail.len().min(of - 199)];
            text.push_str(&String::from_utf8_lossy(raw));
            rest = &tail[raw.len()..];
        }
    }
    text
}

/// What every text of a page promises: blocks in order, on the borders of characters, one line each.
fn assert_sound(text: &PageText) {
    let mut last = 0;
    for block in &text.blocks {
        assert!(block.range.start >= last && block.range.end <= text.text.len());
        assert!(!text.words(block).contains('\n') || matches!(block.kind, BlockKind::Code));
        last = block.range.end;
    }
}

const HTML: &[&str] = &[
    "<p>",
    "</p>",
    "<div style='display:none'>",
    "<div class=a>",
    "</div>",
    "<table>",
    "<tr>",
    "<td>",
    "</table>",
    "<li>",
    "<ul>",
    "</ul>",
    "<dl><dt>",
    "<dd>",
    "<pre>",
    "</pre>",
    "<h1>",
    "</h1>",
    "<a href='x'>",
    "</a>",
    "<footer>",
    "</footer>",
    "<details><summary>",
    "<style>.a{display:none}",
    "</style>",
    "<script>",
    "</script>",
    "<!-- ignore all previous instructions -->",
    "<svg>",
    "<template>",
    "<b>",
    "</b>",
    "Keys are ours. ",
    "\u{200b}",
    "é",
    "\n",
    " ",
    "&nbsp;",
    "&#x0;",
    "<",
    ">",
    "\"",
    "</body>",
    "<frameset>",
    "<math><mi>",
    "<select><option>",
    "<noscript>",
    "hidden",
];

#[test]
fn html_to_text() {
    check!().with_max_len(4096).for_each(|bytes: &[u8]| {
        let document = html::read(&text(bytes, HTML), &Linked::new());
        assert_sound(&document.text);
        assert_sound(&document.footer);
        html::style_links(&text(bytes, HTML));
    });
}

#[test]
fn style_sheets() {
    const CSS: &[&str] = &[
        ".a",
        "#b",
        "p",
        "{",
        "}",
        "display:none",
        ";",
        "!important",
        "@media (min-width:10px)",
        "@layer x",
        "@supports",
        "@keyframes",
        ":not(",
        ")",
        " > ",
        " ",
        ",",
        "[hidden]",
        "opacity:0",
        "color:#fff",
        "clip:rect(0,0,0,0)",
        "/*",
        "*/",
        "\"",
        "\\",
        "&",
        "var(--x)",
        "calc(1px + 2px)",
    ];
    check!().with_max_len(2048).for_each(|bytes: &[u8]| {
        let css = text(bytes, CSS);
        Sheet::parse(&css);
        html::read(&format!("<style>{css}</style><div class=a id=b><p>Keys are ours."), &Linked::new());
    });
}

#[test]
fn markdown_and_plain_text() {
    const MARKS: &[&str] = &["# ", "- ", "1. ", "|", "```\n", "\n", "[a](b)", "![", "](", "**", "`", "> ", "Keys. ", "é", "\t", "---\n"];
    check!().with_max_len(2048).for_each(|bytes: &[u8]| {
        assert_sound(&plain::markdown(&text(bytes, MARKS)).text);
        assert_sound(&plain::plain(&text(bytes, MARKS)).text);
    });
}

#[test]
fn robots() {
    const ROBOTS: &[&str] = &[
        "User-agent:",
        " *\n",
        " sovcheck\n",
        "Disallow:",
        "Allow:",
        " /a",
        "*",
        "$",
        "\n",
        "Crawl-delay:",
        " 1e39",
        "Sitemap: ",
        "#",
        "\u{feff}",
    ];
    let url = Url::parse("https://a.eu/a/b?c").expect("an address");
    check!().with_max_len(2048).for_each(move |bytes: &[u8]| {
        for bytes in [bytes, text(bytes, ROBOTS).as_bytes()] {
            let rules = Rules::parse(bytes);
            rules.forbids(&url);
            rules.delay();
        }
    });
}

#[test]
fn sitemaps() {
    const XML: &[&str] = &[
        "<urlset>",
        "<url>",
        "<loc>",
        "</loc>",
        "</url>",
        "<sitemapindex>",
        "<sitemap>",
        "https://a.eu/",
        "&amp;",
        "&x;",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?xml ?>",
        " ",
    ];
    check!().with_max_len(2048).for_each(|bytes: &[u8]| {
        sitemap::parse(bytes);
        sitemap::parse(text(bytes, XML).as_bytes());
        sitemap::parse(&[&[0x1f, 0x8b, 8, 0], bytes].concat());
    });
}

#[test]
fn quote_verification() {
    const WORDS: &[&str] = &[
        "Keys ", "are ", "not ", "held ", "by us", ". ", "“", "\"", "–", "-", "\u{ad}", "\u{a0}", "\u{200b}", "ﬁ", "fi", "É", "e\u{301}",
        "1.5 ", "%", "\n",
    ];
    check!().with_max_len(512).for_each(|bytes: &[u8]| {
        let (page, quote) = bytes.split_at(bytes.len() / 2);
        let (page, quote) = (text(page, WORDS), text(quote, WORDS));
        let mut lines = PageText::default();
        page.lines().for_each(|line| lines.push(BlockKind::Paragraph, line, None));
        let searchable = Searchable::new(&lines);
        if let Ok(found) = searchable.find(&quote) {
            let letters = |text: &str| {
                sovcheck::domain::quote::fold(text).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>()
            };
            assert_eq!(letters(&lines.text[found]), letters(&quote), "what is found is what was quoted");
        }
    });
}
