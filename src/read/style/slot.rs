//! The properties that can hide a text, each with a slot in the cascade, and which values browsers take for them.
//!
//! Shorthands are spread over the slots they set. A value that browsers drop as invalid must be dropped here too, else
//! it would win over the one that counts.

use super::value::{components, length, number, paint};

/// A property that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Display,
    Visibility,
    ContentVisibility,
    Opacity,
    FontSize,
    Colour,
    /// `background-color`.
    Ground,
    /// `background-image`.
    Image,
    /// The ground of `::before` or `::after`, which may lie under the whole element.
    Behind,
    ColourScheme,
    TextShadow,
    Position,
    Top,
    Right,
    Bottom,
    Left,
    MarginTop,
    MarginLeft,
    PaddingTop,
    PaddingBottom,
    PaddingLeft,
    PaddingRight,
    TextIndent,
    WhiteSpace,
    Height,
    Width,
    MaxHeight,
    MaxWidth,
    MinHeight,
    MinWidth,
    OverflowX,
    OverflowY,
    /// `flex` or `flex-grow`.
    Grow,
    Float,
    Clip,
    ClipPath,
    Transform,
    Scale,
    Animation,
    /// `animation-fill-mode`.
    Fill,
}

impl Slot {
    /// How many there are.
    pub(super) const COUNT: usize = Self::Fill as usize + 1;
    /// The offsets of a box that is placed.
    pub(super) const BOX: [Self; 4] = [Self::Top, Self::Right, Self::Bottom, Self::Left];
    const ALL: [Self; 15] = [
        Self::Display,
        Self::Visibility,
        Self::Opacity,
        Self::FontSize,
        Self::Colour,
        Self::Ground,
        Self::Image,
        Self::Position,
        Self::TextIndent,
        Self::Height,
        Self::Width,
        Self::MaxHeight,
        Self::Clip,
        Self::ClipPath,
        Self::Transform,
    ];
}

/// Words that every property takes.
pub(super) fn is_global(value: &str) -> bool {
    matches!(value, "inherit" | "initial" | "unset" | "revert" | "revert-layer")
}

/// Whether the value stands for something that is known only on the element.
pub(super) fn has_variable(value: &str) -> bool {
    let ends = |text: &str, name: &str| {
        text.len() >= name.len() && text.as_bytes()[text.len() - name.len()..].eq_ignore_ascii_case(name.as_bytes())
    };
    value.match_indices('(').any(|(at, _)| ["var", "env", "attr"].iter().any(|name| ends(&value[..at], name)))
}

/// Hands the slots that a declaration sets to `set`, each with its value. Both must be in lower case, but for variables.
pub(super) fn spread(property: &str, value: &str, mut set: impl FnMut(Slot, &str)) {
    // Within a `background` a word may be anything; here it must be a colour.
    if property == "background-color" && paint(value).is_none() && !is_global(value) && !has_variable(value) {
        return;
    }
    let mut set = |slot, value: &str| {
        if accepts(slot, value) {
            set(slot, value);
        }
    };
    let one = match property {
        "display" => Slot::Display,
        "visibility" => Slot::Visibility,
        "content-visibility" => Slot::ContentVisibility,
        "opacity" => Slot::Opacity,
        "font-size" => Slot::FontSize,
        // The fill is what is seen of a letter, whatever its colour says.
        "color" | "-webkit-text-fill-color" => Slot::Colour,
        "background-color" => Slot::Ground,
        "background-image" => Slot::Image,
        "color-scheme" => Slot::ColourScheme,
        "text-shadow" => Slot::TextShadow,
        "position" => Slot::Position,
        "top" | "inset-block-start" => Slot::Top,
        "right" | "inset-inline-end" => Slot::Right,
        "bottom" | "inset-block-end" => Slot::Bottom,
        "left" | "inset-inline-start" => Slot::Left,
        "margin-top" | "margin-block-start" => Slot::MarginTop,
        "margin-left" | "margin-inline-start" => Slot::MarginLeft,
        "padding-top" | "padding-block-start" => Slot::PaddingTop,
        "padding-bottom" | "padding-block-end" => Slot::PaddingBottom,
        "padding-left" | "padding-inline-start" => Slot::PaddingLeft,
        "padding-right" | "padding-inline-end" => Slot::PaddingRight,
        "text-indent" => Slot::TextIndent,
        "white-space" => Slot::WhiteSpace,
        "height" | "block-size" => Slot::Height,
        "width" | "inline-size" => Slot::Width,
        "max-height" | "max-block-size" => Slot::MaxHeight,
        "max-width" | "max-inline-size" => Slot::MaxWidth,
        "min-height" | "min-block-size" => Slot::MinHeight,
        "min-width" | "min-inline-size" => Slot::MinWidth,
        "overflow-x" => Slot::OverflowX,
        "overflow-y" => Slot::OverflowY,
        "flex" | "flex-grow" | "-webkit-flex" => Slot::Grow,
        "float" => Slot::Float,
        "clip" => Slot::Clip,
        "clip-path" | "-webkit-clip-path" => Slot::ClipPath,
        "transform" | "-webkit-transform" => Slot::Transform,
        "scale" => Slot::Scale,
        "animation-name" | "-webkit-animation-name" => Slot::Animation,
        "animation-fill-mode" | "-webkit-animation-fill-mode" => Slot::Fill,
        _ => return shorthand(property, value, set),
    };
    set(one, value);
}

fn shorthand(property: &str, value: &str, mut set: impl FnMut(Slot, &str)) {
    let is_whole = is_global(value) || has_variable(value);
    let mut sides = |slots: [Option<Slot>; 4]| {
        let parts = if is_whole { vec![value] } else { components(value) };
        for (i, slot) in slots.into_iter().enumerate() {
            let part = match parts.len() {
                1 => 0,
                2 => i % 2,
                3 => [0, 1, 2, 1][i],
                4 => i,
                _ => return,
            };
            if let Some(slot) = slot {
                set(slot, parts[part]);
            }
        }
    };
    match property {
        "inset" => sides(Slot::BOX.map(Some)),
        "margin" => sides([Some(Slot::MarginTop), None, None, Some(Slot::MarginLeft)]),
        "padding" => {
            sides([Some(Slot::PaddingTop), Some(Slot::PaddingRight), Some(Slot::PaddingBottom), Some(Slot::PaddingLeft)]);
        }
        "overflow" => sides([Some(Slot::OverflowX), Some(Slot::OverflowY), None, None]),
        "background" => {
            set(Slot::Ground, value);
            set(Slot::Image, value);
        }
        "animation" | "-webkit-animation" => {
            set(Slot::Animation, value);
            set(Slot::Fill, value);
        }
        "font" => {
            let sized = |part: &&str| FONT_SIZES.contains(part) || part.starts_with(|c: char| c.is_ascii_digit() || c == '.');
            // `bold 0/1 serif`: the size stands before the slash. A weight may be a number too, but comes without a unit.
            let size =
                |part: &str| part.split('/').next().map(str::to_owned).filter(|s| length(s, 16.0).is_some() || FONT_SIZES.contains(&part));
            match value {
                whole if is_whole => set(Slot::FontSize, whole),
                _ => {
                    if let Some(size) = components(value).into_iter().filter(sized).find_map(size) {
                        set(Slot::FontSize, &size);
                    }
                }
            }
        }
        "all" if is_whole => Slot::ALL.into_iter().for_each(|slot| set(slot, value)),
        _ => {}
    }
}

const DISPLAYS: &[&str] = &[
    "none",
    "block",
    "inline",
    "inline-block",
    "flex",
    "inline-flex",
    "grid",
    "inline-grid",
    "contents",
    "flow-root",
    "flow",
    "list-item",
    "run-in",
    "table",
    "inline-table",
    "ruby",
    "math",
    "-webkit-box",
    "-webkit-inline-box",
    "-webkit-flex",
    "-webkit-inline-flex",
];
const SIZES: &[&str] =
    &["auto", "none", "min-content", "max-content", "fit-content", "stretch", "-webkit-fill-available", "-webkit-max-content"];
const FONT_SIZES: &[&str] =
    &["xx-small", "x-small", "small", "medium", "large", "x-large", "xx-large", "xxx-large", "smaller", "larger", "math"];

/// Whether browsers take `value` for `slot`.
fn accepts(slot: Slot, value: &str) -> bool {
    if is_global(value) || has_variable(value) {
        return true;
    }
    match slot {
        Slot::Display => {
            !value.is_empty()
                && value
                    .split_ascii_whitespace()
                    .all(|word| DISPLAYS.contains(&word) || word.starts_with("table-") || word.starts_with("ruby-"))
        }
        Slot::Visibility => matches!(value, "visible" | "hidden" | "collapse"),
        Slot::ContentVisibility => matches!(value, "visible" | "hidden" | "auto"),
        Slot::Opacity => number(value).is_some(),
        Slot::Scale => components(value).iter().all(|part| number(part).is_some() || *part == "none"),
        Slot::FontSize => FONT_SIZES.contains(&value) || length(value, 16.0).is_some_and(|l| l.px >= 0.0 && l.share >= 0.0),
        Slot::Colour => paint(value).is_some(),
        Slot::Position => matches!(value, "static" | "relative" | "absolute" | "fixed" | "sticky" | "-webkit-sticky"),
        Slot::OverflowX | Slot::OverflowY => matches!(value, "visible" | "hidden" | "clip" | "scroll" | "auto" | "overlay"),
        Slot::Height | Slot::Width | Slot::MaxHeight | Slot::MaxWidth | Slot::MinHeight | Slot::MinWidth => match length(value, 16.0) {
            Some(length) => length.px >= 0.0 && length.share >= 0.0,
            None => SIZES.contains(&value) || value.starts_with("fit-content(") || value.starts_with("calc-size("),
        },
        Slot::PaddingTop | Slot::PaddingBottom | Slot::PaddingLeft | Slot::PaddingRight => {
            length(value, 16.0).is_some_and(|l| l.px >= 0.0 && l.share >= 0.0)
        }
        Slot::Top | Slot::Right | Slot::Bottom | Slot::Left | Slot::MarginTop | Slot::MarginLeft => {
            value == "auto" || value.starts_with("anchor") || length(value, 16.0).is_some()
        }
        Slot::TextIndent => components(value).iter().all(|part| matches!(*part, "hanging" | "each-line") || length(part, 16.0).is_some()),
        Slot::Clip => value == "auto" || value.starts_with("rect("),
        Slot::Grow => matches!(value, "none" | "auto" | "initial") || components(value).iter().any(|part| number(part).is_some()),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(property: &str, value: &str) -> Vec<(Slot, String)> {
        let mut slots = Vec::new();
        spread(property, value, |slot, value| slots.push((slot, value.to_owned())));
        slots
    }

    #[test]
    fn shorthands_set_all_their_slots() {
        assert_eq!(
            slots("inset", "0 auto auto -9999px"),
            [(Slot::Top, "0"), (Slot::Right, "auto"), (Slot::Bottom, "auto"), (Slot::Left, "-9999px")].map(|(s, v)| (s, v.to_owned()))
        );
        assert_eq!(slots("overflow", "hidden"), [(Slot::OverflowX, "hidden".to_owned()), (Slot::OverflowY, "hidden".to_owned())]);
        assert_eq!(slots("font", "bold 0/0 a"), [(Slot::FontSize, "0".to_owned())]);
        assert_eq!(slots("font", "700 12px/1.5 serif"), [(Slot::FontSize, "12px".to_owned())]);
        assert_eq!(slots("margin", "0 -9999px").last(), Some(&(Slot::MarginLeft, "-9999px".to_owned())));
        assert!(slots("all", "unset").contains(&(Slot::Display, "unset".to_owned())));
    }

    #[test]
    fn what_browsers_drop_is_dropped() {
        for (property, value) in [
            ("display", "bogus"),
            ("display", "-ms-flexbox"),
            ("visibility", "none"),
            ("opacity", "0 1"),
            ("height", "5"),
            ("max-height", "-1px"),
            ("color", "bogus"),
            ("background-color", "bogus"),
            ("position", "center"),
            ("font-size", "5"),
            ("inset", "0 0 0 0 0"),
            ("cursor", "none"),
        ] {
            assert_eq!(slots(property, value), [], "{property}:{value}");
        }
        for (property, value) in [("display", "var(--x)"), ("display", "table-cell"), ("height", "fit-content"), ("opacity", "30%")] {
            assert_eq!(slots(property, value).len(), 1, "{property}:{value}");
        }
    }
}
