//! Units of `hidden`.

use std::sync::Arc;

use super::super::style::Sheet;
use super::*;

fn all_hidden(page: &str, linked: &Linked) -> Vec<(String, &'static str)> {
    let html = Html::parse_document(page);
    let hidden = hidden(&html, linked);
    let nodes = html.tree.root().descendants().filter_map(|node| Some((node, *hidden.get(&node.id())?)));
    let words = |node: NodeRef<'_, Node>| node.descendants().filter_map(|n| n.value().as_text().map(|t| t.to_string())).collect::<String>();
    nodes.map(|(node, how)| (words(node).trim().to_owned(), how)).collect()
}

/// How `body` under the sheet `css` is hidden, in order.
fn hows(css: &str, body: &str) -> Vec<&'static str> {
    all_hidden(&format!("<style>{css}</style>{body}"), &Linked::new()).into_iter().map(|(_, how)| how).collect()
}

fn how(css: &str, body: &str) -> Option<&'static str> {
    let hows = hows(css, body);
    assert!(hows.len() < 2, "{hows:?}");
    hows.first().copied()
}

#[test]
fn a_sheet_hides_in_every_way_that_an_own_style_does() {
    for (css, wanted) in [
        ("display:none", "display:none"),
        ("visibility:hidden", "visibility:hidden"),
        ("visibility:collapse", "visibility:hidden"),
        ("content-visibility:hidden", "content-visibility:hidden"),
        ("opacity:0", "opacity zero"),
        ("opacity:1%", "opacity zero"),
        ("font-size:0", "font size zero"),
        ("font:0/0 a", "font size zero"),
        ("font-size:.05em", "font size zero"),
        ("color:#fff", "white text"),
        ("color:rgb(253 254 255)", "white text"),
        ("color:white;background:hsl(0 0% 100%)", "text in the colour of its ground"),
        ("color:rgba(0,0,0,0)", "transparent text"),
        ("-webkit-text-fill-color:transparent", "transparent text"),
        ("position:absolute;left:-9999px", "off the page"),
        ("position:fixed;inset:0 auto auto -100em", "off the page"),
        ("text-indent:-9999px", "off the page"),
        ("text-indent:100%;white-space:nowrap;overflow:hidden", "off the page"),
        ("margin-left:-9999px", "off the page"),
        ("transform:translateX(-9999px)", "off the page"),
        ("height:0;overflow:hidden", "size zero"),
        ("max-height:calc(1rem * 0);overflow-y:clip", "size zero"),
        ("transform:scale(0)", "size zero"),
        ("clip-path:inset(50%)", "clipped"),
        ("clip-path:circle(0)", "clipped"),
        ("clip-path:polygon(0 0, 0 0, 0 0)", "clipped"),
        ("position:absolute;clip:rect(1px,1px,1px,1px)", "clipped"),
    ] {
        assert_eq!(how(&format!(".x{{{css}}}"), "<p>Seen.</p><p class=x>All keys are ours.</p>"), Some(wanted), "{css}");
        assert_eq!(how("", &format!("<p>Seen.</p><p style='{css}'>All keys are ours.</p>")), Some(wanted), "own {css}");
    }
    let sr_only = ".sr-only{position:absolute;width:1px;height:1px;padding:0;margin:-1px;overflow:hidden;clip:rect(0,0,0,0);\
        white-space:nowrap;border:0}";
    assert_eq!(how(sr_only, "<span class=sr-only>Secret.</span>"), Some("clipped"));
}

#[test]
fn what_a_reader_sees_is_not_hidden() {
    for (css, body) in [
        // sizes that do not cut, or that other rules make up for
        (".x{height:0}", "<p class=x>Seen.</p>"),
        (".x{height:0;overflow:hidden;padding-bottom:56.25%}", "<div class=x>Seen.</div>"),
        (".x{height:0;min-height:100%;overflow:hidden}", "<div class=x>Seen.</div>"),
        (".r{display:flex}.x{width:0;flex:1 1 0;overflow:hidden}", "<div class=r><div class=x>Seen.</div></div>"),
        (".x{max-width:0;overflow:hidden;text-overflow:ellipsis}", "<table><td class=x>Seen.</table>"),
        (".x{width:0;height:0;overflow:hidden}", "<p><span class=x>Seen.</span></p>"),
        (".x{max-height:1.5em;overflow:hidden}", "<p class=x>Seen.</p>"),
        // places
        (".x{left:-9999px}", "<p class=x>Seen.</p>"),
        (".x{clip:rect(0,0,0,0)}", "<p class=x>Seen.</p>"),
        (".x{position:relative;left:-20px;text-indent:-1em;margin-left:-960px}", "<p class=x>Seen.</p>"),
        (".x{margin:0 -9999rem;padding:.25rem 9999rem}", "<p class=x>Seen.</p>"),
        (".x{clip-path:polygon(0 0,100% 0,100% 90%,0 100%)}", "<p class=x>Seen.</p>"),
        (".x{clip-path:inset(0 round 8px)} .y{clip-path:circle(50% at 0 0)}", "<p class=x>Seen.</p><p class=y>Seen.</p>"),
        (".x{transform:translate(-50%,-50%) scale(1.05)}", "<p class=x>Seen.</p>"),
        // sizes of letters that come back
        ("ul{font-size:0}li{font-size:16px}", "<ul><li>Seen.</li></ul>"),
        (".x{font-size:clamp(1rem,2vw,2rem)}", "<div style='font-size:0'><p class=x>Seen.</p></div>"),
        ("html{font-size:62.5%}body{font-size:1.6rem}", "<p>Seen.</p>"),
        // colours on a ground
        ("body{background:#111;color:#fff}", "<p>Seen.</p>"),
        (".x{background:#000}.x p{color:#fff}", "<div class=x><section><p>Seen.</p></section></div>"),
        (".x{background:url(a.png)}.x p{color:#fff}", "<div class=x><p>Seen.</p></div>"),
        (".x{background-image:linear-gradient(red,blue);-webkit-background-clip:text;color:transparent}", "<h1 class=x>Seen.</h1>"),
        (".x{background:var(--unknown)}.x p{color:#fff}", "<div class=x><p>Seen.</p></div>"),
        (".x{color:#fff;background:rgba(0,0,0,.6)}", "<p class=x>Seen.</p>"),
        (".x{color:#fff;text-shadow:0 0 3px #000}", "<p class=x>Seen.</p>"),
        (".x::before{content:'';position:absolute;background:#123}.x{color:#fff}", "<p class=x>Seen.</p>"),
        ("td{color:#fff}", "<table bgcolor='#000'><td>Seen.</table>"),
        (":root{color-scheme:dark}p{color:#fff}", "<p>Seen.</p>"),
        (".x{color:#fff}", "<div class=x><a href=/>Seen.</a></div>"),
        (".h{position:relative}.h img{position:absolute}.h p{color:#fff}", "<div class=h><p>Seen.</p><img src=a></div>"),
        (
            ".h{position:relative}.g{position:absolute;background:#000}.h p{color:#fff}",
            "<div class=h><div class=g></div><p>Seen.</p></div>",
        ),
        (".c{position:absolute;color:#fff}", "<img src=a><div class=c>Seen.</div>"),
        // what passes by itself
        ("[x-cloak],[v-cloak]{display:none!important}", "<div x-cloak>Seen.</div><div v-cloak>Seen.</div>"),
        ("body{display:none}", "<p>Seen.</p>"),
        ("html{visibility:hidden;opacity:0}", "<p>Seen.</p>"),
        (".no-js .x{display:none}", "<div class=no-js><p class=x>Seen.</p></div>"),
        (".x{opacity:0;animation:in 1s both}@keyframes in{from{opacity:0}to{opacity:1}}", "<p class=x>Seen.</p>"),
        ("details:not([open])>*{display:none}", "<details><p>Seen.</p></details>"),
        // what is not asked of this reader
        (".x:hover{display:none}.x:not(:target){display:none}.x:focus-within{opacity:0}", "<p class=x>Seen.</p>"),
        ("@media print{p{display:none}}", "<p>Seen.</p>"),
        ("@media (max-width:768px){p{display:none}}", "<p>Seen.</p>"),
        ("@media (prefers-color-scheme:dark){p{color:#fff}}", "<p>Seen.</p>"),
        ("@supports not (display:grid){p{display:none}}", "<p>Seen.</p>"),
        ("@starting-style{p{opacity:0}}", "<p>Seen.</p>"),
        // `display` of the page's own brings a hidden element back
        (".x{display:flex}", "<p class=x hidden>Seen.</p>"),
    ] {
        assert_eq!(how(css, body), None, "{css} {body}");
    }
}

#[test]
fn utility_classes_in_wide_use_hide_and_show_as_their_authors_mean() {
    let css = r":root{--bs-white-rgb:255,255,255;--bs-dark-rgb:33,37,41}*,::before,::after{--tw-translate-x:0;--tw-ring-inset: ;}
        .text-white{--bs-text-opacity:1;color:rgba(var(--bs-white-rgb),var(--bs-text-opacity))!important}
        .bg-dark{--bs-bg-opacity:1;background-color:rgba(var(--bs-dark-rgb),var(--bs-bg-opacity))!important}
        .btn{--bs-btn-bg:transparent;color:var(--bs-btn-color);background-color:var(--bs-btn-bg)}
        .btn-primary{--bs-btn-color:#fff;--bs-btn-bg:#0d6efd}
        .visually-hidden{position:absolute!important;width:1px!important;height:1px!important;overflow:hidden!important;
            clip:rect(0,0,0,0)!important}
        .collapse:not(.show){display:none}.tab-content>.tab-pane{display:none}.tab-content>.active{display:block}
        .fade:not(.show){opacity:0}
        .d-none{display:none!important}@media (min-width:992px){.d-lg-none{display:none!important}.d-lg-block{display:block!important}}
        @media print{.d-print-none{display:none!important}}
        .bg-slate-900{--tw-bg-opacity:1;background-color:rgb(15 23 42/var(--tw-bg-opacity,1))}
        .text-slate-50{--tw-text-opacity:1;color:rgb(248 250 252/var(--tw-text-opacity,1))}
        .dark .dark\:text-white{color:#fff}.translate-y-0{transform:translate(var(--tw-translate-x),0)}.opacity-0{opacity:0}
        @media (min-width:640px){.sm\:opacity-100{opacity:1}}.group:hover .group-hover\:opacity-100{opacity:1}
        .truncate{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.min-w-0{min-width:0}
        .line-clamp-3{overflow:hidden;display:-webkit-box}
        .prose :where(p):not(:where([class~='not-prose'],[class~='not-prose'] *)){color:var(--tw-prose-body)}
        .prose{--tw-prose-body:#374151}
        .space-y-4>:not([hidden])~:not([hidden]){margin-top:1rem}.hidden{display:none}.peer:checked~.peer-checked\:block{display:block}
        .aspect{position:relative;height:0;padding-bottom:56.25%;overflow:hidden}.container{max-width:1140px;overflow:hidden}";
    for seen in [
        "<div class=bg-dark><h1 class=text-white>Seen.</h1></div>",
        "<p class='btn btn-primary'>Seen.</p>",
        "<div class='collapse show'>Seen.</div><div class='tab-content'><div class='tab-pane fade active show'>Seen.</div></div>",
        "<p class='d-none d-lg-block'>Seen.</p><p class=d-print-none>Seen.</p>",
        "<section class=bg-slate-900><p class=text-slate-50>Seen.</p></section>",
        "<div class='opacity-0 sm:opacity-100'>Seen.</div><p class='dark:text-white translate-y-0'>Seen.</p>",
        "<div class='container space-y-4'><p class='truncate min-w-0'>Seen.</p><p class=line-clamp-3>Seen.</p></div>",
        "<article class=prose><p>Seen.</p></article><div class=aspect><p>Seen.</p></div>",
        "<input type=checkbox class=peer><div class='hidden peer-checked:block'>Seen.</div>",
    ] {
        assert_eq!(hows(css, seen), [""; 0], "{seen}");
    }
    for (hidden, how) in [
        ("<span class=visually-hidden>Secret.</span>", "clipped"),
        ("<div class=collapse>Secret.</div>", "display:none"),
        ("<div class='tab-content'><div class=tab-pane>Secret.</div></div>", "display:none"),
        ("<div class=fade>Secret.</div>", "opacity zero"),
        ("<p class=d-lg-none>Secret.</p>", "display:none"),
        ("<p class=text-white>Secret.</p>", "white text"),
        ("<p class='btn btn-primary' style='--bs-btn-bg:#fff'>Secret.</p>", "text in the colour of its ground"),
        ("<div class=group><p class='opacity-0 group-hover:opacity-100'>Secret.</p></div>", "opacity zero"),
    ] {
        assert_eq!(hows(css, hidden), [how], "{hidden}");
    }
}

#[test]
fn a_menu_or_a_banner_over_the_page_does_not_excuse_white_text() {
    for box_ in [
        ".m{position:absolute;top:100%;left:0;background:#000}",
        ".m{position:fixed;top:0;left:0;background:#000}",
        ".w{position:static}.m{position:absolute;background:#000}",
    ] {
        let css = format!(".w{{position:relative}}.x{{color:#fff}}{box_}");
        assert_eq!(how(&css, "<div class=w><div class=m></div><p>Seen.</p><p class=x>Secret.</p></div>"), Some("white text"), "{css}");
    }
    assert_eq!(how("", "<img src=a><p style='position:absolute;color:#fff'>Secret.</p>"), Some("white text"));
}

#[test]
fn an_animation_that_does_not_end_with_it_seen_reveals_nothing() {
    for css in [
        ".x{opacity:0;animation:in 1s}@keyframes in{to{opacity:1}}",
        ".x{opacity:0;animation:out 1s both}@keyframes in{to{opacity:1}}@keyframes out{to{opacity:0}}",
    ] {
        assert_eq!(how(css, "<p class=x>Secret.</p>"), Some("opacity zero"), "{css}");
    }
}

#[test]
fn the_cascade_decides_which_rule_counts() {
    let utilities = ".hidden{display:none} @media (min-width:768px){.md\\:block{display:block}}";
    assert_eq!(how(utilities, "<div class='hidden md:block'>Seen.</div>"), None);
    assert_eq!(how(utilities, "<div class='hidden lg:block'>Secret.</div>"), Some("display:none"));
    for (css, is_hidden) in [
        ("p{display:none}p{display:block}", false),
        ("p{display:block}p{display:none}", true),
        (".x{display:block}p{display:none}", false),
        ("#i{display:block}.x.x.x{display:none}", false),
        ("p{display:none!important}#i{display:block}", true),
        ("p{display:none}:where(#i){display:block}", true),
        ("p{display:none}:is(#i){display:block}", false),
        ("p{display:none;display:bogus}", true),
        ("@layer a{#i{display:block}}p{display:none}", true),
        ("@layer b,a;@layer a{p{display:none}}@layer b{#i{display:block}}", true),
        ("@layer a{p{display:none!important}}#i{display:block!important}", true),
        ("@media screen{@supports(display:grid){div{p&{display:none} .x{display:none}}}}", true),
        ("p{all:revert;display:none}p{all:unset}", false),
        ("div{p{display:none}}", true),
        (".y{p{display:none}}", false),
    ] {
        assert_eq!(how(css, "<div><p class=x id=i>All keys.</p></div>").is_some(), is_hidden, "{css}");
    }
    assert_eq!(how("p{display:none}", "<p style='display:block'>Seen.</p>"), None);
    assert_eq!(how("p{display:none!important}", "<p style='display:block'>Secret.</p>"), Some("display:none"));
    assert_eq!(how("p{display:block!important}", "<p style='display:none!important'>Secret.</p>"), Some("display:none"));
}

#[test]
fn variables_take_the_value_of_the_nearest_element() {
    assert_eq!(how(":root{--d:none}p{display:var(--d)}", "<p>Secret.</p>"), Some("display:none"));
    assert_eq!(how(":root{--d:none}p{display:var( --d )}", "<div style='--d:block'><p>Seen.</p></div>"), None);
    assert_eq!(how("p{display:var(--d, var(--e, none))}", "<p>Secret.</p>"), Some("display:none"));
    assert_eq!(how(":root{--fg:#fff;--t:var(--fg)}p{color:var(--t)}", "<p>Secret.</p>"), Some("white text"));
    assert_eq!(how(".d{--a:.5;color:rgb(255 255 255 / var(--a))} .d{background:rgb(0 0 0/var(--a))}", "<p class=d>Seen.</p>"), None);
    assert_eq!(how(":root{--a:var(--b);--b:var(--a)}p{color:var(--a)}", "<p>Seen.</p>"), None);
    let bomb: String = (0..60).map(|i| format!("--v{i}:var(--v{n})var(--v{n});", n = i + 1)).collect();
    assert_eq!(how(&format!(":root{{{bomb}}}p{{color:var(--v0)}}"), "<p>Seen.</p>"), None);
}

#[test]
fn the_topmost_hidden_element_is_named_and_seen_text_within_is_kept() {
    let page = |css: &str, body: &str| all_hidden(&format!("<style>{css}</style>{body}"), &Linked::new());
    let nested = "<div class=x>one <p>two <b>three</b></p></div>";
    assert_eq!(page(".x{visibility:hidden}", nested), [("one two three".to_owned(), "visibility:hidden")]);
    assert_eq!(
        page(".x{visibility:hidden}b{visibility:visible}", nested),
        [("one", "visibility:hidden"), ("two", "visibility:hidden")].map(|(words, how)| (words.to_owned(), how))
    );
    assert_eq!(page(".x{display:none}b{display:block}", nested), [("one two three".to_owned(), "display:none")]);
    assert_eq!(page(".x{color:#fff}b{color:#000}", nested).len(), 2);
}

#[test]
fn linked_sheets_count_where_they_are_linked() {
    let linked: Linked = [("a.css", "p{display:none}"), ("b.css", "p{display:block}")]
        .map(|(href, css)| (href.to_owned(), Arc::new(Sheet::parse(css))))
        .into();
    let page = |links: &str| all_hidden(&format!("{links}<p>All keys.</p>"), &linked).len();
    let [a, b] = ["a", "b"].map(|name| format!("<link rel=stylesheet href={name}.css>"));
    assert_eq!(page(&a), 1);
    assert_eq!(page(&format!("{a}{b}")), 0);
    assert_eq!(page(&format!("{b}{a}")), 1);
    assert_eq!(page(&format!("{a}<style>p{{display:block}}</style>")), 0);
    assert_eq!(page("<link rel=stylesheet media=print href=a.css>"), 0);
    // A ground may come from a sheet that could not be had.
    assert_eq!(page("<link rel=stylesheet href=unknown.css><style>p{color:#fff}</style>"), 0);
    assert_eq!(page(&format!("{b}<style>p{{color:#fff}}</style>")), 1);
}

#[test]
fn what_one_click_on_a_seen_control_opens_is_not_hidden() {
    let css = ".panel{display:none}";
    let tabs = "<button role=tab aria-controls='one two'>Two</button><div id=one hidden>A</div><div id=two class=panel>B</div>";
    assert_eq!(hows(css, tabs), [""; 0]);
    assert_eq!(hows(css, "<a data-toggle=collapse href='#q'>More</a><div id=q class=panel>B</div>"), [""; 0]);
    assert_eq!(hows(css, "<div class=panel><button aria-controls=two>Two</button></div><div id=two class=panel>B</div>").len(), 2);
    assert_eq!(hows(css, "<button aria-haspopup=true aria-controls=two>Menu</button><div id=two class=panel>B</div>").len(), 1);
    assert_eq!(hows(css, "<p aria-controls=two>Two</p><div id=two class=panel>B</div>").len(), 1);
}

#[test]
fn what_a_box_or_tab_shows_by_a_click_is_not_hidden() {
    let css = ".tab{display:none}input:checked~.tab{display:block}";
    assert_eq!(hows(css, "<input type=radio><div class=tab>A</div>"), [""; 0]);
    assert_eq!(hows(css, "<div class=tab>A</div>").len(), 1);
    assert_eq!(hows("input:checked~.tab{display:none}", "<input type=radio><div class=tab>A</div>"), [""; 0]);
    assert_eq!(hows("input:checked~.tab{display:none}", "<input type=radio checked><div class=tab>A</div>").len(), 1);
    assert_eq!(hows(".\\:checked{display:none}", "<div class=':checked'>A</div>").len(), 1);
}

#[test]
fn noscript_and_template_styles_do_not_count() {
    assert_eq!(
        how("", "<noscript><style>p{display:none}</style></noscript><template><style>p{display:none}</style></template><p>Seen."),
        None
    );
}

#[test]
fn lists_of_many_siblings_stay_within_bounds() {
    let css = "tr:nth-child(odd) td{background:#eee} li:nth-last-child(2n):not(.a)~li{opacity:1} p+p{color:#000}";
    let rows = "<tr><td>Row.".repeat(20_000);
    assert_eq!(hows(css, &format!("<table>{rows}</table>{}", "<p>Text.".repeat(20_000))), [""; 0]);
}

#[test]
fn deep_pages_and_hostile_sheets_end_soon() {
    let has = format!("<style>div:has(b){{color:red}}</style>{}x", "<div>".repeat(20_000));
    assert_eq!(all_hidden(&has, &Linked::new()).len(), 1);
    let deep = format!("<style>{}</style>{}x", "b div > div div > div{display:none}".repeat(300), "<div>".repeat(20_000));
    assert!(all_hidden(&deep, &Linked::new()).len() <= 1);
    let wide: String = (0..3_000).map(|i| format!(".c:not(b ~ .d{i}){{opacity:1}}")).collect();
    let page = format!("<style>{wide}</style>{}", "<p class=c>x".repeat(3_000));
    assert!(all_hidden(&page, &Linked::new()).iter().all(|(_, how)| *how == TOO_COSTLY));
}

#[test]
fn a_place_is_a_short_path_that_a_person_can_find() {
    let html = Html::parse_document("<main id=m><div id=faq class='note wide'><p>Here.</p></div></main>");
    let text = html.tree.root().descendants().find(|n| n.value().is_text()).expect("a text");
    assert_eq!(place(text), "main#m > div#faq.note > p");
    assert_eq!(place(html.tree.root()), "");
    let long = format!("<p id={0}><b id={0}><i id={0}>Here.", "é".repeat(99));
    let html = Html::parse_document(&long);
    let text = html.tree.root().descendants().find(|n| n.value().is_text()).expect("a text");
    assert!(place(text).chars().count() <= 80);
}

proptest::proptest! {
    #[test]
    fn no_page_stops_the_walk(
        selectors in proptest::collection::vec("([a-c]|[.]x|:root|[*]|:not[(][.]x[)]|[ >+~,]){1,6}", 0..8),
        block in "(display:none;|visibility:(hidden|visible);|color:var[(]--a[)];|--a:#fff;|opacity:0;|position:absolute;){0,3}",
        body in "(<(/)?(a|b|c|p|table|td|div|img)( class=x| id=x| hidden| style='color:red')?>|text ){0,20}",
    ) {
        let css: String = selectors.iter().map(|selector| format!("{selector}{{{block}}}")).collect();
        let page = format!("<style>{css}</style>{body}");
        let html = Html::parse_document(&page);
        for (node, _) in hidden(&html, &Linked::new()) {
            let node = html.tree.get(node).expect("a node of the page");
            proptest::prop_assert!(place(node).chars().count() <= 80);
        }
    }
}
