//! Units of sheets.

use super::reader::{MAX_SELECTORS, within};
use super::*;

#[test]
fn a_sheet_keeps_only_what_can_hide_or_show() {
    let sheet = Sheet::parse("a{cursor:pointer} b{color:red} c:hover{display:none} d::marker{color:red} e{display:bogus} f,g{opacity:1}");
    assert_eq!(sheet.len(), 3);
    assert!(Sheet::parse("x::before{display:none}").is_empty());
    assert!(!sheet.is_empty() && Sheet::parse("").is_empty());
}

#[test]
fn broken_css_is_skipped_up_to_where_it_mends() {
    for css in [
        "}} x{} a{display:none}",
        "x{color:;;display:none} a{display:none}",
        "@media{ } @bogus x; @other { b{display:none} } a{display:none}",
        "<!-- a{display:none} -->",
        "x{color:url( } a{} )} a{display:none}",
        "a{display:none",
        "@import url(x.css); @charset 'utf-8'; a { display : none ! important }",
        "a{;;display:none;x:{y}}",
        "\u{feff}a{display:none}",
    ] {
        assert!(Sheet::parse(css).selectors.iter().any(|s| s.selector.specificity == 1), "{css}");
    }
}

#[test]
fn nested_rules_stand_within_those_around_them() {
    assert_eq!(within(None, "a"), "a");
    let one = vec![".a .b".to_owned()];
    assert_eq!(within(Some(&one), ".c"), ".a .b .c");
    assert_eq!(within(Some(&one), "&.c"), ".a .b.c");
    assert_eq!(within(Some(&one), ".c &"), ".c :is(.a .b)");
    assert_eq!(within(Some(&one), "> p"), ".a .b > p");
    assert_eq!(within(Some(&vec![".a".to_owned(), ".b".to_owned()]), "&:first-child"), ":is(.a,.b):first-child");
    assert_eq!(within(Some(&one), "&p"), ":is(.a .b)p");
    let sheet = Sheet::parse(".a{color:red; &.b{display:none; @media (min-width:1px){opacity:0}} @media print{opacity:0} color:blue}");
    assert_eq!(sheet.blocks.iter().map(|b| b[0].value.as_str()).collect::<Vec<_>>(), ["red", "none", "0", "blue"]);
}

#[test]
fn a_style_attribute_holds_declarations_only() {
    let values = |style: &str| declarations(style).into_iter().map(|d| d.value).collect::<Vec<_>>();
    assert_eq!(values("display:none; x{color:red}; OPACITY: .5 !IMPORTANT"), ["none", ".5"]);
    assert_eq!(values("display:none;@media all{color:red}"), ["none"]);
    assert_eq!(values(r"display:n\6f ne/* x */; DISP\4c AY: n\one; opacity:/**/0"), ["none", "none", "0"]);
    assert_eq!(values("--x: a:b ; color: VAR(--X)"), ["a:b", "VAR(--X)"]);
    assert!(values("color:red !bogus; display").is_empty());
}

#[test]
fn a_hostile_sheet_is_read_in_bounds() {
    for css in [
        "a{".repeat(50_000),
        "a:b{".repeat(50_000),
        "color:x{".repeat(50_000),
        "@media all{".repeat(50_000),
        "a{& &{".repeat(20_000),
        "a,b,c,d{".repeat(20_000),
        format!("{}{{color:red}}", "a ".repeat(50_000)),
        format!("{}{{color:red}}", ":not(".repeat(50_000)),
        format!("a{{color:{}}}", "calc(".repeat(50_000)),
        "@layer a;".repeat(3) + &(0..30_000).map(|i| format!("@layer l{i};")).collect::<String>(),
        "a{color:red}".repeat(MAX_SELECTORS + 10),
        "\0".repeat(1000),
    ] {
        assert!(Sheet::parse(&css).len() <= MAX_SELECTORS);
    }
}

#[test]
fn a_sheet_may_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Sheet>();
}

proptest::proptest! {
    #[test]
    fn no_sheet_stops_the_reader(css in "[a-c.#:>~{};@()!&, \\-\"*0-9]{0,200}", any in ".{0,100}") {
        let _ = (Sheet::parse(&css), Sheet::parse(&any), declarations(&css), declarations(&any));
    }
}
