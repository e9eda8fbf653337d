//! Which media queries hold for the reader that is assumed: a screen of 1280 by 800 px, light scheme, a mouse.
//!
//! A feature that is not known here holds neither plainly nor under `not`, as the standard wants.

use cssparser::{ParseError, Parser, Token};

use super::value;

const WIDTH: f32 = 1280.0;
const HEIGHT: f32 = 800.0;

/// Whether a media query list holds, such as `print, screen and (min-width: 768px)`; the empty list does.
pub(super) fn holds(text: &str) -> bool {
    let mut input = Parser::new(text);
    if input.is_exhausted() {
        return true;
    }
    input.parse_comma_separated_ignoring_errors(query).contains(&Some(true))
}

/// Whether a container query holds, the container taken to be as wide as the screen.
pub(super) fn container_holds(text: &str) -> bool {
    let mut input = Parser::new(text);
    let before = input.state();
    // A container's name may stand before the condition.
    if !input.expect_ident().is_ok_and(|name| !name.eq_ignore_ascii_case("not")) {
        input.reset(&before);
    }
    condition(&mut input) == Some(true) && input.is_exhausted()
}

/// `Some` is a known answer, `None` an unknown one.
fn query(input: &mut Parser<'_>) -> Result<Option<bool>, ParseError<()>> {
    let before = input.state();
    let (mut negated, mut kind, mut more) = (false, None, false);
    while let Ok(word) = input.try_parse(Parser::expect_ident_cloned) {
        match word.to_ascii_lowercase().as_str() {
            "not" => negated = true,
            "only" => {}
            "and" => {
                more = true;
                break;
            }
            word => kind = Some(matches!(word, "all" | "screen")),
        }
    }
    let Some(kind) = kind else {
        // Without a medium, `not` belongs to the condition.
        input.reset(&before);
        return Ok(condition(input));
    };
    let rest = if !more && input.is_exhausted() { Some(true) } else { condition(input) };
    let all = if kind { rest } else { Some(false) };
    Ok(all.map(|all| all != negated))
}

/// `(a) and (b)`, `(a) or (b)`, `not (a)`.
fn condition(input: &mut Parser<'_>) -> Option<bool> {
    let mut total: Option<Option<bool>> = None;
    let (mut either, mut negated) = (false, false);
    while let Ok(token) = input.next() {
        match token.clone() {
            Token::Ident(word) if word.eq_ignore_ascii_case("not") => negated = true,
            Token::Ident(word) if word.eq_ignore_ascii_case("or") => either = true,
            Token::Ident(word) if word.eq_ignore_ascii_case("and") => {}
            token @ (Token::ParenthesisBlock | Token::Function(_)) => {
                let is_known = token == Token::ParenthesisBlock;
                let inner = input.parse_nested_block(|input| Ok::<_, ParseError<()>>(in_brackets(input)));
                let inner = inner.ok().flatten().filter(|_| is_known).map(|holds| holds != negated);
                negated = false;
                total = Some(match (total, either) {
                    (None, _) => inner,
                    (Some(Some(true)), true) | (Some(Some(false)), false) => total.flatten(),
                    (Some(Some(_)), _) => inner,
                    (Some(None), either) => inner.filter(|holds| *holds == either),
                });
            }
            _ => return None,
        }
    }
    total.flatten()
}

/// A feature, or a condition within brackets of its own. Reads to the end.
fn in_brackets(input: &mut Parser<'_>) -> Option<bool> {
    let start = input.state();
    let nested = match input.next() {
        Ok(Token::ParenthesisBlock) => true,
        Ok(Token::Ident(word)) if word.eq_ignore_ascii_case("not") => true,
        _ => false,
    };
    input.reset(&start);
    if nested {
        return condition(input);
    }
    let from = input.position();
    while input.next().is_ok() {}
    feature(&input.slice_from(from).to_ascii_lowercase())
}

/// `min-width: 768px`, `hover`, `400px <= width < 90em`.
fn feature(text: &str) -> Option<bool> {
    if text.contains(['<', '>']) {
        return range(text);
    }
    let (name, value) = text.split_once(':').map_or((text.trim(), ""), |(name, value)| (name.trim(), value.trim()));
    let name = name.trim_start_matches("-webkit-");
    let (bound, name) = ["min-", "max-"].into_iter().find_map(|b| Some((b, name.strip_prefix(b)?))).unwrap_or(("", name));
    if let Some(own) = measure(name) {
        if value.is_empty() {
            return Some(true);
        }
        let asked = quantity(value)?;
        return Some(match bound {
            "min-" => own >= asked,
            "max-" => own <= asked,
            _ => (own - asked).abs() < 0.5,
        });
    }
    let own = match name {
        "orientation" => "landscape",
        "prefers-color-scheme" => "light",
        "prefers-reduced-motion" | "prefers-contrast" | "prefers-reduced-transparency" | "prefers-reduced-data" => "no-preference",
        "hover" | "any-hover" => "hover",
        "pointer" | "any-pointer" => "fine",
        "scripting" => "enabled",
        "forced-colors" | "inverted-colors" => "none",
        "display-mode" => "browser",
        "update" => "fast",
        _ => return None,
    };
    Some(value == own || value.is_empty() && !matches!(own, "no-preference" | "none"))
}

/// What the screen has of a feature that is a number.
fn measure(name: &str) -> Option<f32> {
    match name {
        "width" | "device-width" | "inline-size" => Some(WIDTH),
        "height" | "device-height" | "block-size" => Some(HEIGHT),
        "resolution" | "device-pixel-ratio" => Some(1.0),
        "aspect-ratio" | "device-aspect-ratio" => Some(WIDTH / HEIGHT),
        "color" => Some(8.0),
        "monochrome" | "grid" => Some(0.0),
        _ => None,
    }
}

fn quantity(text: &str) -> Option<f32> {
    let plain = |text: &str| text.trim().parse::<f32>().ok();
    if let Some((a, b)) = text.split_once('/') {
        return Some(plain(a)? / plain(b)?);
    }
    let dots = text.strip_suffix("dppx").or_else(|| text.strip_suffix('x').filter(|t| !t.ends_with('p')));
    let inch = text.strip_suffix("dpi").and_then(plain).map(|dots| dots / 96.0);
    value::length(text, 16.0).map(|l| l.px).or_else(|| plain(text)).or_else(|| dots.and_then(plain)).or(inch)
}

/// `400px <= width`, `width < 90em`, `400px < width <= 90em`.
fn range(text: &str) -> Option<bool> {
    let side = |text: &str| measure(text.trim()).or_else(|| quantity(text.trim()));
    let mut rest = text;
    let mut answer = None;
    while let Some(at) = rest.find(['<', '>']) {
        let less = rest[at..].starts_with('<');
        let right = &rest[at + 1..];
        let (equal, right) = right.strip_prefix('=').map_or((false, right), |right| (true, right));
        let end = right.find(['<', '>']).unwrap_or(right.len());
        let (a, b) = (side(&rest[..at])?, side(&right[..end])?);
        let holds = if equal && a == b {
            true
        } else if less {
            a < b
        } else {
            a > b
        };
        answer = Some(answer.unwrap_or(true) && holds);
        rest = right;
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_answered_for_a_wide_light_screen() {
        for query in [
            "",
            "screen",
            "all",
            "ALL",
            "only screen and (min-width: 768px)",
            "(min-width:48em)",
            "(min-width: 80rem)",
            "(max-width: 1280px)",
            "print, screen",
            "not print",
            "not all and (max-width: 600px)",
            "screen and (min-width:640px) and (max-width:1400px)",
            "(prefers-color-scheme: light)",
            "(prefers-reduced-motion: no-preference)",
            "(hover: hover) and (pointer: fine)",
            "(width >= 600px)",
            "(400px <= width < 90em)",
            "(1280px = width), (width > 1000px)",
            "not (max-width: 600px)",
            "(not (max-width: 600px)) and (color)",
            "(max-width: 1px) or (min-width: 2px)",
            "screen and (-webkit-min-device-pixel-ratio:0)",
            "(min-aspect-ratio: 4/3)",
            "((min-width: 1px))",
            "(color)",
        ] {
            assert!(holds(query), "{query}");
        }
        for query in [
            "print",
            "speech",
            "not screen",
            "(max-width: 767.98px)",
            "screen and (max-width: 79.9em)",
            "(min-width: 1281px)",
            "(prefers-color-scheme: dark)",
            "(prefers-reduced-motion)",
            "(made-up: 1)",
            "not (made-up: 1)",
            "screen and (made-up: 1)",
            "(min-width: 1px) and (made-up: 1)",
            "(width < 600px)",
            "(400px > width)",
            "(-ms-high-contrast: none)",
            "(min-resolution: 2dppx)",
            "(min-resolution: 192dpi)",
            "screen and",
            "(",
            "{}",
            "(min-width: var(--x))",
        ] {
            assert!(!holds(query), "{query}");
        }
        assert!(container_holds("sidebar (min-width: 400px)") && container_holds("(inline-size > 30em)"));
        assert!(!container_holds("style(--x: 1)") && !container_holds("(max-width: 400px)"));
    }

    proptest::proptest! {
        #[test]
        fn no_query_stops_the_reader(text in "[a-z0-9(),:<>=. -]{0,60}", any in ".{0,40}") {
            let _ = (holds(&text), holds(&any), container_holds(&text));
        }
    }
}
