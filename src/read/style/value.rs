//! Values of style declarations: lengths, plain numbers, colours and grounds.
//!
//! A value is worked out for a screen of 1280 by 800 px. What cannot be worked out is `None` or unknown and must not
//! hide a text.

use cssparser::color::{parse_hash_color, parse_named_color};
use cssparser::{ParseError, Parser, Token};

/// A length: pixels, and a share of the box around it (1.0 is 100 %).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Length {
    /// Pixels.
    pub(super) px: f32,
    /// Share of the box around it.
    pub(super) share: f32,
    /// A number without a unit, as `calc()` has them.
    plain: f32,
}

impl Length {
    fn times(self, by: f32) -> Self {
        Self { px: self.px * by, share: self.share * by, plain: self.plain * by }
    }

    fn plus(self, other: Self) -> Self {
        Self { px: self.px + other.px, share: self.share + other.share, plain: self.plain + other.plain }
    }

    /// Width that counts for a comparison within `min()` and `max()`.
    fn rough(self) -> f32 {
        self.px + self.share * 1280.0 + self.plain
    }
}

/// The length that `text` is, where `1em` is `em` pixels; `0` is the only number without a unit that is one.
pub(super) fn length(text: &str, em: f32) -> Option<Length> {
    amount(text, em).filter(|l| l.plain == 0.0)
}

/// The number or percentage that `text` is.
pub(super) fn number(text: &str) -> Option<f32> {
    amount(text, 16.0).filter(|l| l.px == 0.0).map(|l| l.plain + l.share)
}

fn amount(text: &str, em: f32) -> Option<Length> {
    let mut input = Parser::new(text);
    let found = sum(&mut input, em)?;
    input.is_exhausted().then_some(found)
}

/// All lengths of a list such as `0 auto -9999px`, with `None` for what is no length.
pub(super) fn lengths(text: &str) -> Vec<Option<Length>> {
    components(text).into_iter().map(|part| length(part, 16.0)).collect()
}

/// The parts of a value that blanks set apart at its top level.
pub(super) fn components(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut from) = (0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if c.is_ascii_whitespace() && depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts.retain(|part| !part.is_empty());
    parts
}

fn sum(input: &mut Parser<'_>, em: f32) -> Option<Length> {
    let mut total = product(input, em)?;
    loop {
        let before = input.state();
        let by = match input.next() {
            Ok(Token::Delim('+')) => 1.0,
            Ok(Token::Delim('-')) => -1.0,
            _ => {
                input.reset(&before);
                return Some(total);
            }
        };
        total = total.plus(product(input, em)?.times(by));
    }
}

fn product(input: &mut Parser<'_>, em: f32) -> Option<Length> {
    let mut total = unit(input, em)?;
    loop {
        let before = input.state();
        let divides = match input.next() {
            Ok(Token::Delim('*')) => false,
            Ok(Token::Delim('/')) => true,
            _ => {
                input.reset(&before);
                return Some(total);
            }
        };
        let next = unit(input, em)?;
        let is_plain = |l: Length| l.px == 0.0 && l.share == 0.0;
        total = match divides {
            true if is_plain(next) && next.plain != 0.0 => total.times(1.0 / next.plain),
            false if is_plain(next) => total.times(next.plain),
            false if is_plain(total) => next.times(total.plain),
            _ => return None,
        };
    }
}

fn unit(input: &mut Parser<'_>, em: f32) -> Option<Length> {
    let token = input.next().ok()?.clone();
    match token {
        Token::Number { value, .. } => Some(Length { plain: value, ..Length::default() }),
        Token::Percentage { unit_value, .. } => Some(Length { share: unit_value, ..Length::default() }),
        Token::Dimension { value, unit, .. } => Some(Length { px: value * pixels(&unit, em)?, ..Length::default() }),
        Token::ParenthesisBlock => nested(input, |input| sum(input, em)),
        Token::Function(name) => nested(input, |input| {
            let name = name.to_ascii_lowercase();
            if matches!(name.as_str(), "calc" | "-webkit-calc") {
                return sum(input, em);
            }
            let list = input.parse_comma_separated(|input| sum(input, em).ok_or_else(ParseError::<()>::unexpected_token)).ok()?;
            let least = list.iter().copied().min_by(|a, b| a.rough().total_cmp(&b.rough()));
            let most = list.iter().copied().max_by(|a, b| a.rough().total_cmp(&b.rough()));
            match (name.as_str(), list.as_slice()) {
                ("min", _) => least,
                ("max", _) => most,
                ("clamp", [low, value, high]) => {
                    let value = if value.rough() > high.rough() { high } else { value };
                    Some(if value.rough() < low.rough() { *low } else { *value })
                }
                _ => None,
            }
        }),
        _ => None,
    }
}

/// Reads the block that was just opened to its end.
fn nested<'i, T>(input: &mut Parser<'i>, read: impl FnOnce(&mut Parser<'i>) -> Option<T>) -> Option<T> {
    input.parse_nested_block(|input| read(input).ok_or_else(ParseError::<()>::unexpected_token)).ok()
}

fn pixels(unit: &str, em: f32) -> Option<f32> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "px" => 1.0,
        "em" => em,
        "rem" => 16.0,
        "ex" | "ch" => em / 2.0,
        "lh" => em * 1.2,
        "rlh" => 19.2,
        "pt" => 4.0 / 3.0,
        "pc" => 16.0,
        "in" => 96.0,
        "cm" => 37.8,
        "mm" => 3.78,
        "q" => 0.945,
        "vw" | "svw" | "lvw" | "dvw" | "vi" | "cqw" | "cqi" | "vmax" => 12.8,
        "vh" | "svh" | "lvh" | "dvh" | "vb" | "cqh" | "cqb" | "vmin" => 8.0,
        _ => return None,
    })
}

/// A colour with its opacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Colour {
    rgb: [u8; 3],
    alpha: f32,
}

impl Colour {
    pub(super) const BLACK: Self = Self { rgb: [0; 3], alpha: 1.0 };
    pub(super) const WHITE: Self = Self { rgb: [255; 3], alpha: 1.0 };
    /// What browsers show under a page that asks for a dark scheme.
    pub(super) const DARK: Self = Self { rgb: [18; 3], alpha: 1.0 };

    /// Whether nothing of it is seen.
    pub(super) fn is_clear(self) -> bool {
        self.alpha < 0.05
    }

    /// Whether nothing below it is seen.
    pub(super) fn is_full(self) -> bool {
        self.alpha > 0.95
    }

    /// What is seen where it lies over `below`.
    pub(super) fn over(self, below: Self) -> Self {
        let mix = |i: usize| (f32::from(self.rgb[i]) * self.alpha + f32::from(below.rgb[i]) * (1.0 - self.alpha)).round() as u8;
        Self { rgb: [mix(0), mix(1), mix(2)], alpha: 1.0 }
    }

    /// Whether no eye tells the two apart: `#fefefe` on white is hidden as white on white is.
    pub(super) fn is_near(self, other: Self) -> bool {
        (0..3).all(|i| self.rgb[i].abs_diff(other.rgb[i]) <= 8)
    }
}

/// What a colour value says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Paint {
    /// A colour that could be worked out.
    Plain(Colour),
    /// `currentcolor`.
    Current,
    /// A valid colour that is not worked out, such as `color-mix()` or a colour of the system.
    Unknown,
}

/// What a background value says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ground {
    /// It names neither colour nor image.
    Clear,
    /// A colour.
    Paint(Paint),
    /// An image or a gradient.
    Image,
}

/// The colour that `text` is; `None` if it is none.
pub(super) fn paint(text: &str) -> Option<Paint> {
    let mut input = Parser::new(text);
    let found = one_paint(&mut input)?;
    input.is_exhausted().then_some(found)
}

/// The ground that a `background`, `background-color` or `background-image` value makes.
pub(super) fn ground(text: &str) -> Ground {
    let mut input = Parser::new(text);
    let mut found = Ground::Clear;
    loop {
        let before = input.state();
        if let Some(paint) = one_paint(&mut input) {
            found = Ground::Paint(paint);
            continue;
        }
        input.reset(&before);
        match input.next() {
            Ok(Token::UnquotedUrl(_)) => return Ground::Image,
            // Positions and sizes may be worked out by a function too.
            Ok(Token::Function(name)) if !matches!(name.to_ascii_lowercase().as_str(), "calc" | "min" | "max" | "clamp") => {
                return Ground::Image;
            }
            Ok(_) => {}
            Err(_) => return found,
        }
    }
}

fn one_paint(input: &mut Parser<'_>) -> Option<Paint> {
    const OF_THE_SYSTEM: &[&str] = &[
        "canvas",
        "canvastext",
        "linktext",
        "visitedtext",
        "activetext",
        "buttontext",
        "buttonface",
        "buttonborder",
        "field",
        "fieldtext",
        "highlight",
        "highlighttext",
        "selecteditem",
        "selecteditemtext",
        "graytext",
        "mark",
        "marktext",
        "accentcolor",
        "accentcolortext",
        "windowtext",
        "window",
        "-webkit-link",
        "-webkit-text",
    ];
    let token = input.next().ok()?.clone();
    match token {
        Token::Hash(hex) | Token::IDHash(hex) => {
            parse_hash_color(hex.as_bytes()).ok().map(|(r, g, b, alpha)| Paint::Plain(Colour { rgb: [r, g, b], alpha }))
        }
        Token::Ident(name) => match name.to_ascii_lowercase().as_str() {
            "transparent" => Some(Paint::Plain(Colour { alpha: 0.0, ..Colour::BLACK })),
            "currentcolor" => Some(Paint::Current),
            other if OF_THE_SYSTEM.contains(&other) => Some(Paint::Unknown),
            other => parse_named_color(other).ok().map(|(r, g, b)| Paint::Plain(Colour { rgb: [r, g, b], alpha: 1.0 })),
        },
        Token::Function(name) => {
            let name = name.to_ascii_lowercase();
            match name.as_str() {
                "rgb" | "rgba" | "hsl" | "hsla" | "oklch" | "oklab" | "lch" | "lab" | "hwb" => {
                    nested(input, |input| Some(by_parts(&name, input).map_or(Paint::Unknown, Paint::Plain)))
                }
                "light-dark" => nested(input, |input| {
                    let light = one_paint(input)?;
                    while input.next().is_ok() {}
                    Some(light)
                }),
                "color" | "color-mix" | "device-cmyk" => Some(Paint::Unknown),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A colour written as a function. `input` is read to its end whatever it holds.
fn by_parts(name: &str, input: &mut Parser<'_>) -> Option<Colour> {
    let (mut parts, mut odd) = (Vec::new(), false);
    while let Ok(token) = input.next() {
        match token {
            // The value, and whether it is a share.
            Token::Number { value, .. } => parts.push((*value, false)),
            Token::Percentage { unit_value, .. } => parts.push((*unit_value, true)),
            Token::Dimension { value, unit, .. } if unit.eq_ignore_ascii_case("deg") => parts.push((*value, false)),
            Token::Ident(none) if none.eq_ignore_ascii_case("none") => parts.push((0.0, false)),
            Token::Comma | Token::Delim('/') => {}
            _ => odd = true,
        }
    }
    if odd || !(3..=4).contains(&parts.len()) {
        return None;
    }
    let alpha = parts.get(3).map_or(1.0, |(value, _)| value.clamp(0.0, 1.0));
    let of = |i: usize, whole: f32| if parts[i].1 { parts[i].0 * whole } else { parts[i].0 };
    let byte = |value: f32| value.clamp(0.0, 255.0).round() as u8;
    match name {
        "rgb" | "rgba" => Some(Colour { rgb: [byte(of(0, 255.0)), byte(of(1, 255.0)), byte(of(2, 255.0))], alpha }),
        "hsl" | "hsla" => {
            let share = |i: usize| (if parts[i].1 { parts[i].0 } else { parts[i].0 / 100.0 }).clamp(0.0, 1.0);
            let (hue, saturation, lightness) = (parts[0].0 / 30.0, share(1), share(2));
            let spread = saturation * lightness.min(1.0 - lightness);
            let channel = |n: f32| {
                let k = (n + hue).rem_euclid(12.0);
                byte(255.0 * (lightness - spread * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)))
            };
            Some(Colour { rgb: [channel(0.0), channel(8.0), channel(4.0)], alpha })
        }
        // Of these only white and black are worked out: their lightness says it alone.
        "oklch" | "oklab" | "lch" | "lab" => {
            let lightness = if parts[0].1 || name.starts_with("ok") { parts[0].0 } else { parts[0].0 / 100.0 };
            match lightness {
                l if l >= 0.99 => Some(Colour { alpha, ..Colour::WHITE }),
                l if l <= 0.01 => Some(Colour { alpha, ..Colour::BLACK }),
                _ => (alpha < 0.05).then_some(Colour { alpha, ..Colour::BLACK }),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn px(text: &str) -> Option<f32> {
        length(text, 10.0).map(|l| l.px)
    }

    #[test]
    fn lengths_are_worked_out_with_their_units() {
        assert_eq!(px("0"), Some(0.0));
        assert_eq!(px("-999em"), Some(-9990.0));
        assert_eq!(px("2rem"), Some(32.0));
        assert_eq!(px("calc(1px + (2px * 3))"), Some(7.0));
        assert_eq!(px("calc(.25rem * 0)"), Some(0.0));
        assert_eq!(px("clamp(1px, 5vw, 20px)"), Some(20.0));
        assert_eq!(px("min(4px, 1em)"), Some(4.0));
        assert_eq!(length("50%", 16.0).map(|l| l.share), Some(0.5));
        for none in ["5", "auto", "5zz", "calc(1px", "calc(1px * 1px)", "1px 2px", "calc(1px / 0)", ""] {
            assert!(px(none).is_none_or(|_| none == "calc(1px"), "{none}");
        }
        assert_eq!(number(".5"), Some(0.5));
        assert_eq!(number("0%"), Some(0.0));
        assert_eq!(number("1px"), None);
    }

    #[test]
    fn one_colour_is_known_in_all_its_spellings() {
        let white = Some(Paint::Plain(Colour::WHITE));
        for text in [
            "#fff",
            "#FFFFFF",
            "#ffff",
            "white",
            "White",
            "rgb(255,255,255)",
            "rgb(255 255 255 / 1)",
            "rgb(100% 100% 100%)",
            "rgba(255, 255, 255, 1)",
            "hsl(0,0%,100%)",
            "hsl(120deg 50% 100%)",
            "oklch(1 0 0)",
            "lab(100% 0 0)",
            "light-dark(#fff, #000)",
        ] {
            assert_eq!(paint(text), white, "{text}");
        }
        assert_eq!(paint("hsl(240 100% 50%)"), Some(Paint::Plain(Colour { rgb: [0, 0, 255], alpha: 1.0 })));
        assert!(matches!(paint("rgb(0 0 0 / 0%)"), Some(Paint::Plain(c)) if c.is_clear()));
        for unknown in ["color-mix(in srgb, red, blue)", "rgb(var(--x))", "oklch(.5 .1 20)", "CanvasText", "rgb(calc(1) 2 3)"] {
            assert_eq!(paint(unknown), Some(Paint::Unknown), "{unknown}");
        }
        for none in ["bogus", "#12", "1px", "white black", "url(x)", ""] {
            assert_eq!(paint(none), None, "{none}");
        }
    }

    #[test]
    fn a_ground_is_a_colour_an_image_or_nothing() {
        let white = Ground::Paint(Paint::Plain(Colour::WHITE));
        assert_eq!(ground("#fff"), white);
        assert_eq!(ground("no-repeat center / calc(100% - 1px) #fff"), white);
        assert_eq!(ground("none"), Ground::Clear);
        for image in ["url(a.png) #fff", "URL('a.png')", "linear-gradient(#fff, #000)", "#fff image-set('a' 1x)", "var(--x)"] {
            assert_eq!(ground(image), Ground::Image, "{image}");
        }
    }

    #[test]
    fn colours_are_mixed_and_compared_as_an_eye_does() {
        let Some(Paint::Plain(half)) = paint("rgb(0 0 0 / 50%)") else { panic!("a colour") };
        assert_eq!(half.over(Colour::WHITE).rgb, [128; 3]);
        let Some(Paint::Plain(off_white)) = paint("#fdfdfe") else { panic!("a colour") };
        assert!(off_white.is_near(Colour::WHITE) && !off_white.is_near(Colour::BLACK));
    }

    proptest::proptest! {
        #[test]
        fn no_value_stops_the_reader(text in ".{0,60}", css in "[a-z0-9%#()+*/ ,.-]{0,60}") {
            for text in [text, css] {
                let _ = (length(&text, 16.0), number(&text), paint(&text), ground(&text), lengths(&text));
            }
        }
    }
}
