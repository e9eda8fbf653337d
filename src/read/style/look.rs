//! What an element looks like to a reader, as far as that can hide its text.
//!
//! Judged with care for pages in use: where a ground, a size or a movement cannot be told, the text counts as seen.

use scraper::ElementRef;
use scraper::node::Element;

use super::cascade::{Cascade, Styles, attribute};
use super::slot::Slot;
use super::value::{Colour, Ground, Length, Paint, components, ground, length, lengths, number, paint};

/// What is known of a whole page before its elements are looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Page {
    /// A sheet that it links to could not be had.
    pub(in super::super) is_short: bool,
    /// It has images or the like, over which text may lie.
    pub(in super::super) has_media: bool,
}

/// What is seen behind a text.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Behind {
    /// Nothing but the page.
    Page,
    Plain(Colour),
    /// An image, or a colour that could not be worked out.
    Unknown,
}

/// How the words that stand right in an element look; it passes down from element to element.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Look {
    pub(in super::super) is_visible: bool,
    font: f32,
    is_indented: bool,
    /// `None` is a colour that could not be worked out.
    colour: Option<Colour>,
    has_own_colour: bool,
    behind: Behind,
    /// Whether the colours can be judged at all.
    is_shaded: bool,
    /// Whether it lays its children out, so that they may grow.
    is_flex: bool,
    /// Whether it is a frame for what is laid over it.
    pub(in super::super) is_positioned: bool,
    /// Whether it is taken out of the flow.
    is_layered: bool,
    /// Whether it stands out of the flow and without a ground, so perhaps over an image.
    is_afloat: bool,
    /// Whether it may be laid under or over all of the element that frames it.
    pub(in super::super) is_backdrop: bool,
    /// Whether it has a ground of its own.
    pub(in super::super) has_ground: bool,
}

/// How words are hidden, and whether only by their colour.
pub(in super::super) type Why = (&'static str, bool);

impl Look {
    /// Of an empty page.
    pub(in super::super) const PAGE: Self = Self {
        is_visible: true,
        font: 16.0,
        is_indented: false,
        colour: Some(Colour::BLACK),
        has_own_colour: false,
        behind: Behind::Page,
        is_shaded: false,
        is_flex: false,
        is_positioned: false,
        is_layered: false,
        is_afloat: false,
        is_backdrop: false,
        has_ground: false,
    };

    /// Enters an element within one of this look: its own look, or how the element with all that is in it is hidden.
    pub(in super::super) fn enter(&self, element: ElementRef<'_>, cascade: &mut Cascade<'_>, page: Page) -> (Self, Option<&'static str>) {
        let styles = cascade.enter(element);
        let own = element.value();
        // A page that hides all of itself is shown by its script.
        let is_root = matches!(own.name(), "html" | "body");
        let mut look = self.passed_on(own, &styles);
        look.is_visible |= is_root;
        let why = if is_root { None } else { look.removes(self, own, &styles, page) };
        (look, why)
    }

    /// How the words right in an element of this look are hidden.
    pub(in super::super) fn words(&self, page: Page) -> Option<Why> {
        match self {
            Self { is_visible: false, .. } => Some(("visibility:hidden", false)),
            Self { font, .. } if *font <= 1.0 => Some(("font size zero", false)),
            Self { is_indented: true, .. } => Some(("off the page", false)),
            _ => self.tint(page).map(|how| (how, true)),
        }
    }

    fn tint(&self, page: Page) -> Option<&'static str> {
        // The ground of a colour from a sheet may come from the sheet that is not known.
        if self.is_shaded || !self.has_own_colour && (page.is_short || self.is_afloat && page.has_media) {
            return None;
        }
        let colour = self.colour?;
        match self.behind {
            Behind::Unknown => None,
            _ if colour.is_clear() => Some("transparent text"),
            Behind::Plain(below) => colour.over(below).is_near(below).then_some("text in the colour of its ground"),
            // Without a ground of its own, white stands on the page's white.
            Behind::Page => colour.over(Colour::WHITE).is_near(Colour::WHITE).then_some("white text"),
        }
    }

    fn passed_on(&self, element: &Element, styles: &Styles) -> Self {
        let mut look = *self;
        match styles.get(Slot::Visibility) {
            Some("hidden" | "collapse") => look.is_visible = false,
            Some("visible" | "initial") => look.is_visible = true,
            _ => {}
        }
        if let Some(size) = styles.get(Slot::FontSize) {
            look.font = self.font_of(size);
        }
        let nowrap = || styles.get(Slot::WhiteSpace).is_some_and(|v| v.contains("nowrap")) && is_cut(styles);
        if let Some(indent) = styles.get(Slot::TextIndent).filter(|v| *v != "inherit") {
            let first = components(indent).first().and_then(|first| length(first, look.font)).unwrap_or_default();
            look.is_indented = first.px.abs() >= 999.0 || first.share >= 1.0 && nowrap();
        }
        look.colours(element, styles);
        look.is_flex = styles.get(Slot::Display).is_some_and(|v| v.contains("flex") || v.contains("grid") || v.contains("box"));
        look
    }

    fn font_of(&self, size: &str) -> f32 {
        match (size, length(size, self.font)) {
            (_, Some(Length { px, share, .. })) => px + share * self.font,
            ("inherit", _) => self.font,
            ("smaller", _) => self.font * 0.8,
            ("larger", _) => self.font * 1.2,
            // Words such as `small`, and what could not be worked out.
            _ => 16.0,
        }
    }

    fn colours(&mut self, element: &Element, styles: &Styles) {
        let colour = styles.get(Slot::Colour);
        match colour {
            None if element.name() == "a" && attribute(element, "href").is_some() => self.colour = None,
            None | Some("inherit") => {}
            Some("initial") => self.colour = Some(Colour::BLACK),
            Some(value) => match paint(value) {
                Some(Paint::Plain(colour)) => self.colour = Some(colour),
                Some(Paint::Current) => {}
                _ => self.colour = None,
            },
        }
        if colour.is_some() {
            self.has_own_colour = styles.has_own_colour;
        }
        let position = styles.get(Slot::Position).unwrap_or("static");
        self.is_layered = matches!(position, "absolute" | "fixed");
        self.is_positioned = !matches!(position, "static" | "initial");
        self.is_afloat |= self.is_layered;
        self.is_backdrop = position == "absolute" && Slot::BOX.into_iter().all(|slot| is_edge(styles.get(slot)));
        if element.name() == "mark" {
            self.behind = Behind::Unknown;
        }
        if element.name() == "html" && styles.get(Slot::ColourScheme).is_some_and(|v| v.contains("dark") && !v.contains("light")) {
            self.behind = Behind::Plain(Colour::DARK);
            self.colour = if colour.is_some() { self.colour } else { Some(Colour::WHITE) };
        }
        let is_image = |slot| styles.get(slot).is_some_and(|v| ground(v) == Ground::Image);
        let own = styles.get(Slot::Ground).map_or(Ground::Clear, ground);
        let generated = styles.get(Slot::Behind).is_some_and(|v| match ground(v) {
            Ground::Clear => false,
            Ground::Paint(Paint::Plain(colour)) => !colour.is_clear(),
            _ => true,
        });
        self.has_ground = true;
        match own {
            _ if is_image(Slot::Image) || generated => self.behind = Behind::Unknown,
            Ground::Paint(Paint::Plain(colour)) if !colour.is_clear() => self.behind = under(colour, self.behind),
            Ground::Paint(Paint::Current) => self.behind = self.colour.map_or(Behind::Unknown, Behind::Plain),
            Ground::Paint(Paint::Unknown) | Ground::Image => self.behind = Behind::Unknown,
            _ => self.has_ground = false,
        }
        self.is_afloat &= !self.has_ground;
        if let Some(shadow) = styles.get(Slot::TextShadow).filter(|v| *v != "inherit") {
            self.is_shaded = !matches!(shadow, "none" | "initial");
        }
    }

    /// How the element with all that is in it is taken from the reader's sight.
    fn removes(&self, parent: &Self, element: &Element, styles: &Styles, page: Page) -> Option<&'static str> {
        let display = styles.get(Slot::Display);
        match () {
            // Any `display` of the page's own brings a hidden element back, unless a sheet that is not known forbids it.
            () if attribute(element, "hidden").is_some() && (page.is_short || display.is_none_or(|v| v == "none")) => {
                Some("hidden attribute")
            }
            () if attribute(element, "aria-hidden").is_some_and(|v| v.trim().eq_ignore_ascii_case("true")) => Some("aria-hidden"),
            () if display == Some("none") => Some("display:none"),
            () if styles.get(Slot::ContentVisibility) == Some("hidden") => Some("content-visibility:hidden"),
            () if styles.get(Slot::Opacity).and_then(number).is_some_and(|n| n < 0.05) && !styles.is_revealed => Some("opacity zero"),
            () if self.is_far(styles) => Some("off the page"),
            () if self.is_clipped(styles) => Some("clipped"),
            () if self.is_flat(parent, element, styles) => Some("size zero"),
            () => None,
        }
    }

    fn is_far(&self, styles: &Styles) -> bool {
        let px = |slot| styles.get(slot).and_then(|v| length(v, self.font)).unwrap_or_default().px;
        let moved = self.is_positioned && [Slot::Left, Slot::Top, Slot::Right, Slot::Bottom].into_iter().any(|slot| px(slot) <= -999.0);
        // Pages draw a ground over the full width with a far margin and as much padding; half a wide image is no more
        // than this either.
        let margin = px(Slot::MarginLeft) <= -1999.0 && px(Slot::PaddingLeft) < 999.0 || px(Slot::MarginTop) <= -1999.0;
        let shifted = styles.get(Slot::Transform).is_some_and(|v| {
            arguments(v, "translate").any(|list| list.into_iter().take(2).any(|a| length(a, self.font).is_some_and(|l| l.px <= -999.0)))
        });
        moved || margin || shifted
    }

    fn is_clipped(&self, styles: &Styles) -> bool {
        let path = styles.get(Slot::ClipPath).unwrap_or("none");
        let sides = |name: &str| arguments(path, name).next().map(|list| lengths(&list.join(" "))).unwrap_or_default();
        let nothing =
            |list: &[Option<Length>]| !list.is_empty() && list.iter().all(|l| l.is_some_and(|l| l.px.abs() <= 1.0 && l.share == 0.0));
        // `clip` counts only for what is taken out of the flow.
        if self.is_layered
            && let Some([Some(top), Some(right), Some(bottom), Some(left)]) =
                styles.get(Slot::Clip).and_then(|v| arguments(v, "rect").next()).map(|list| lengths(&list.join(" "))).as_deref()
            && (bottom.px - top.px <= 1.0 || right.px - left.px <= 1.0)
        {
            return true;
        }
        let inset = sides("inset");
        let share = |i: usize| inset.get(i).copied().flatten().map_or(0.0, |l| l.share);
        let (down, across) = match inset.len() {
            0 => (0.0, 0.0),
            1 => (share(0) * 2.0, share(0) * 2.0),
            2 => (share(0) * 2.0, share(1) * 2.0),
            3 => (share(0) + share(2), share(1) * 2.0),
            _ => (share(0) + share(2), share(1) + share(3)),
        };
        let first = |name| nothing(sides(name).get(..1).unwrap_or_default());
        down >= 0.999 || across >= 0.999 || first("circle") || first("ellipse") || nothing(&sides("polygon"))
    }

    /// Whether it has no room for words.
    fn is_flat(&self, parent: &Self, element: &Element, styles: &Styles) -> bool {
        let none = |a: &str| number(a) == Some(0.0);
        let scaled = styles.get(Slot::Transform).is_some_and(|v| arguments(v, "scale").any(|list| list.into_iter().take(2).any(none)))
            || styles.get(Slot::Scale).is_some_and(|v| components(v).into_iter().take(2).any(none));
        if scaled && !styles.is_revealed {
            return true;
        }
        let display = styles.get(Slot::Display).unwrap_or("");
        let is_boxed = self.is_layered || parent.is_flex || styles.get(Slot::Float).is_some_and(|v| matches!(v, "left" | "right"));
        let is_inline = display == "inline" || display.is_empty() && INLINE.contains(&element.name());
        let is_cell = matches!(element.name(), "td" | "th" | "tr" | "tbody" | "thead" | "table") || display.starts_with("table");
        if !is_cut(styles) || is_inline && !is_boxed || is_cell {
            return false;
        }
        let size = |slot| styles.get(slot).and_then(|v| length(v, self.font));
        let flat = |slot| size(slot).is_some_and(|l| l.px.abs() <= 1.0 && l.share == 0.0);
        let room = |slots: [Slot; 3]| slots.into_iter().filter_map(size).any(|l| l.px > 4.0 || l.share > 0.0);
        let grows = parent.is_flex && styles.get(Slot::Grow).is_some_and(grows);
        let low = flat(Slot::MaxHeight) || flat(Slot::Height) && !grows;
        let narrow = flat(Slot::MaxWidth) || flat(Slot::Width) && !grows;
        low && !room([Slot::MinHeight, Slot::PaddingTop, Slot::PaddingBottom])
            || narrow && !room([Slot::MinWidth, Slot::PaddingLeft, Slot::PaddingRight])
    }
}

/// Elements that stand within a line, where sizes have no effect.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "label", "mark", "q", "s",
    "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var",
];

/// What is seen where `colour` lies over `below`.
fn under(colour: Colour, below: Behind) -> Behind {
    match below {
        Behind::Page => Behind::Plain(colour.over(Colour::WHITE)),
        Behind::Plain(below) => Behind::Plain(colour.over(below)),
        Behind::Unknown if colour.is_full() => Behind::Plain(colour),
        Behind::Unknown => Behind::Unknown,
    }
}

/// Whether an offset keeps a box at the edge or in the middle of its frame, as a ground is placed; a menu is not.
fn is_edge(offset: Option<&str>) -> bool {
    offset.and_then(|v| length(v, 16.0)).is_none_or(|l| l.px <= 1.0 && l.share <= 0.5)
}

/// Whether what is larger than the element is cut off.
fn is_cut(styles: &Styles) -> bool {
    [Slot::OverflowX, Slot::OverflowY]
        .into_iter()
        .any(|slot| styles.get(slot).is_some_and(|v| !matches!(v, "visible" | "inherit" | "initial")))
}

/// Whether a `flex` lets the element grow.
fn grows(flex: &str) -> bool {
    flex == "auto" || components(flex).first().and_then(|first| number(first)).is_some_and(|n| n > 0.0)
}

/// The arguments of each function in `value` whose name begins with `name`, but those of the third axis.
fn arguments<'v>(value: &'v str, name: &'v str) -> impl Iterator<Item = Vec<&'v str>> {
    value.split(name).skip(1).filter_map(|call| {
        let (kind, rest) = call.split_once('(')?;
        let end = rest.find(')').unwrap_or(rest.len());
        // What follows `at` or `round` is no size.
        let list = rest[..end].split([',', ' ']).map(str::trim).filter(|a| !a.is_empty()).take_while(|a| !matches!(*a, "at" | "round"));
        let list = list.collect();
        matches!(kind, "" | "x" | "y" | "3d").then_some(list)
    })
}
