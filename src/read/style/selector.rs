//! Selectors: what a rule asks of an element and of what stands before and above it.
//!
//! Names, combinators and `:nth-*` are matched here, so that the work can be counted and cut off; attributes,
//! `:not()`, `:is()` and the like are left to scraper. A selector that cannot be read is no selector.

mod draft;

use std::collections::{HashMap, HashSet};

use cssparser::Parser;
use draft::Draft;
use ego_tree::iter::Edge;
use ego_tree::{NodeId, NodeRef};
use scraper::node::{Element, Node};
use scraper::{ElementRef, Html, Selector};

/// Longest selector that is read, in bytes; nested rules could make them grow without end.
pub(super) const LONGEST: usize = 500;

/// How an element stands to the one that is to its right in the selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bond {
    /// Somewhere above it.
    Above,
    Parent,
    /// Just before it.
    Before,
    /// Somewhere before it.
    Earlier,
}

/// `:nth-child(an+b)` and its kin.
#[derive(Clone, Copy, Debug)]
struct Nth {
    a: i32,
    b: i32,
    from_end: bool,
    of_type: bool,
    /// `:not(:nth-child(an+b))`.
    is_not: bool,
}

/// Which elements around one a part of a selector may look at.
#[derive(Clone, Copy, Debug, Default)]
struct Reach {
    above: bool,
    beside: bool,
    within: bool,
}

/// What is asked of one element.
#[derive(Clone, Debug, Default)]
struct Compound {
    tag: Option<Box<str>>,
    id: Option<Box<str>>,
    classes: Vec<Box<str>>,
    /// Hashes of the attributes that it must carry, whatever they say.
    attributes: Vec<u32>,
    nth: Vec<Nth>,
    rest: Option<Selector>,
    /// Which other elements `rest` may look at.
    reach: Reach,
    bond: Option<Bond>,
}

/// A selector without commas.
#[derive(Clone, Debug)]
pub(super) struct Complex {
    /// From right to left; each bond is the one to the compound before it in this list.
    compounds: Vec<Compound>,
    /// How much it weighs against others.
    pub(super) specificity: u32,
    /// Names of which the element must carry at least one; none if that is not known.
    pub(super) keys: Vec<u32>,
    /// Names that must stand somewhere above the element.
    pub(super) above: Vec<u32>,
    /// Whether it is the `::before` or `::after` of the element that it selects.
    pub(super) is_generated: bool,
}

/// The hash of a tag, id, class or attribute name, by the sign before it.
pub(super) fn name_hash(sign: u8, name: &str) -> u32 {
    name.bytes()
        .fold((0x811c_9dc5 ^ u32::from(sign)).wrapping_mul(0x0100_0193), |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Adds the hashes of all that an element can be looked up by.
pub(super) fn names_of(element: &Element, names: &mut Vec<u32>) {
    names.push(name_hash(b't', element.name()));
    names.extend(element.id().map(|id| name_hash(b'#', id)));
    names.extend(element.classes().map(|class| name_hash(b'.', class)));
    names.extend(element.attrs().map(|(name, _)| name_hash(b'[', name)));
}

impl Complex {
    /// Reads a selector.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let mut draft = Draft::default();
        draft.read(&mut Parser::new(text))?;
        let keys = draft.keys();
        draft.close()?;
        let mut compounds = draft.compounds;
        compounds.reverse();
        let mut above = Vec::new();
        // Siblings have the same elements above them, so this holds whatever stands between.
        for compound in compounds.iter().filter(|compound| compound.is_above()) {
            above.extend(compound.names());
        }
        let [ids, classes, tags] = draft.counts.map(|n| n.min(1023));
        let specificity = ids << 20 | classes << 10 | tags;
        Some(Self { compounds, specificity, keys, above, is_generated: draft.is_generated })
    }

    /// Whether it asks for `:nth-child()` or the like.
    pub(super) fn counts_siblings(&self) -> bool {
        self.compounds.iter().any(|c| !c.nth.is_empty())
    }

    /// Whether it asks for earlier siblings.
    pub(super) fn looks_back(&self) -> bool {
        self.compounds.iter().any(|c| c.bond == Some(Bond::Earlier))
    }

    /// Whether it asks for what is in an element.
    pub(super) fn looks_within(&self) -> bool {
        self.compounds.iter().any(|c| c.reach.within)
    }

    /// Names without which nothing on a page can match.
    pub(super) fn needs(&self) -> impl Iterator<Item = u32> {
        self.compounds.iter().flat_map(Compound::names)
    }

    /// Whether it selects `element`.
    pub(super) fn matches(&self, element: ElementRef<'_>, search: &mut Search) -> bool {
        self.compounds.first().is_some_and(|first| first.fits(element, search)) && self.rest_fits(1, element, search) == Fit::Yes
    }

    /// Whether the compounds from `at` on fit to the left of `element`. Calls itself once a compound at most.
    fn rest_fits(&self, at: usize, element: ElementRef<'_>, search: &mut Search) -> Fit {
        let Some(compound) = self.compounds.get(at) else { return Fit::Yes };
        let (next, repeats, up): (fn(ElementRef<'_>) -> Option<ElementRef<'_>>, _, _) = match compound.bond {
            Some(Bond::Above) => (parent, true, true),
            Some(Bond::Parent) => (parent, false, true),
            Some(Bond::Before) => (before, false, false),
            Some(Bond::Earlier) => (before, true, false),
            None => return Fit::No,
        };
        if compound.bond == Some(Bond::Earlier) && !search.may_follow(element, compound) {
            return Fit::No;
        }
        let mut other = next(element);
        while let Some(candidate) = other {
            if compound.fits(candidate, search) {
                match self.rest_fits(at + 1, candidate, search) {
                    // What is asked of elements above is the same for all siblings.
                    Fit::No if !up && self.compounds.get(at + 1).is_some_and(Compound::is_above) => return Fit::No,
                    Fit::No => {}
                    sure => return sure,
                }
            }
            if search.is_spent() || !repeats {
                return Fit::No;
            }
            other = next(candidate);
        }
        // Nothing above is left to try, so no other choice below can help.
        if up && repeats { Fit::Never } else { Fit::No }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Yes,
    /// Not here; perhaps from another element on.
    No,
    /// From nowhere.
    Never,
}

fn parent(element: ElementRef<'_>) -> Option<ElementRef<'_>> {
    element.parent().and_then(ElementRef::wrap)
}

fn before(element: ElementRef<'_>) -> Option<ElementRef<'_>> {
    element.prev_siblings().find_map(ElementRef::wrap)
}

impl Compound {
    fn is_empty(&self) -> bool {
        self.tag.is_none() && self.id.is_none() && self.classes.is_empty() && self.nth.is_empty()
    }

    fn is_above(&self) -> bool {
        matches!(self.bond, Some(Bond::Above | Bond::Parent))
    }

    fn names(&self) -> impl Iterator<Item = u32> {
        let tag = self.tag.iter().map(|tag| name_hash(b't', tag));
        let id = self.id.iter().map(|id| name_hash(b'#', id));
        tag.chain(id).chain(self.classes.iter().map(|class| name_hash(b'.', class))).chain(self.attributes.iter().copied())
    }

    fn fits(&self, element: ElementRef<'_>, search: &mut Search) -> bool {
        search.spend(1);
        let own = element.value();
        self.tag.as_deref().is_none_or(|tag| own.name() == tag)
            && self.id.as_deref().is_none_or(|id| own.id() == Some(id))
            && self.classes.iter().all(|class| own.has_class(class, scraper::CaseSensitivity::CaseSensitive))
            && self.nth.iter().all(|nth| search.places.get(&element.id()).is_some_and(|place| nth.fits(place)))
            && self.rest.as_ref().is_none_or(|rest| {
                if self.reach.within && search.is_deep {
                    // Nothing can be told of such a page.
                    search.budget = 0;
                }
                search.spend(self.reach.work(*element)) && rest.matches(&element)
            })
    }
}

impl Reach {
    /// How much there may be to look at from `node`.
    fn work(self, node: NodeRef<'_, Node>) -> u64 {
        let mut work = 4;
        if self.above {
            work += node.ancestors().count();
        }
        if self.beside {
            work += node.prev_siblings().count() + node.next_siblings().count();
        }
        if self.within {
            work += node.descendants().count();
        }
        work as u64
    }
}

impl Nth {
    fn fits(self, place: &Place) -> bool {
        let (index, count) = if self.of_type { place.of_type } else { place.of_all };
        let index = i64::from(if self.from_end { count - index + 1 } else { index });
        let (a, distance) = (i64::from(self.a), index - i64::from(self.b));
        let is_there = if a == 0 { distance == 0 } else { distance % a == 0 && distance / a >= 0 };
        is_there != self.is_not
    }
}

/// Where an element stands among its siblings: from 1, and of how many.
#[derive(Clone, Copy)]
pub(super) struct Place {
    of_all: (u32, u32),
    of_type: (u32, u32),
}

/// Where each element of a page stands among its siblings.
pub(super) fn places(html: &Html) -> HashMap<NodeId, Place> {
    let mut places = HashMap::new();
    for parent in html.tree.nodes() {
        let mut counts: HashMap<&str, u32> = HashMap::new();
        let mut all = 0;
        let elements = || parent.children().filter_map(ElementRef::wrap);
        for element in elements() {
            let count = counts.entry(element.value().name()).or_default();
            *count += 1;
            all += 1;
            places.insert(element.id(), Place { of_all: (all, 0), of_type: (*count, 0) });
        }
        for element in elements() {
            if let Some(place) = places.get_mut(&element.id()) {
                place.of_all.1 = all;
                place.of_type.1 = counts.get(element.value().name()).copied().unwrap_or(0);
            }
        }
    }
    places
}

/// Deepest page on which `:has()` is matched, for which scraper calls itself from element to element. Browsers nest no
/// deeper than this when they parse.
const DEEPEST: usize = 512;

/// Whether a page is nested deeper than [`DEEPEST`].
pub(super) fn is_deep(html: &Html) -> bool {
    let mut depth = 0_usize;
    html.tree.root().traverse().any(|edge| {
        depth = match edge {
            Edge::Open(_) => depth + 1,
            Edge::Close(_) => depth.saturating_sub(1),
        };
        depth > DEEPEST
    })
}

/// What matching needs to know and may spend.
#[derive(Default)]
pub(super) struct Search {
    /// Where elements stand among their siblings, if any selector asks.
    pub(super) places: HashMap<NodeId, Place>,
    /// Names that the children of each open element carry so far; `None` if no selector asks for earlier siblings.
    pub(super) earlier: Option<HashMap<NodeId, HashSet<u32>>>,
    /// Whether the page is nested too deep for `:has()`.
    pub(super) is_deep: bool,
    /// Elements that may still be looked at.
    pub(super) budget: u64,
}

impl Search {
    /// Whether an earlier sibling of `element` may be what `compound` asks for.
    fn may_follow(&self, element: ElementRef<'_>, compound: &Compound) -> bool {
        let Some(earlier) = &self.earlier else { return true };
        let names = element.parent().and_then(|parent| earlier.get(&parent.id()));
        names.is_some_and(|names| compound.names().all(|name| names.contains(&name)))
    }

    /// Counts work; false once the budget is spent.
    pub(super) fn spend(&mut self, work: u64) -> bool {
        self.budget = self.budget.saturating_sub(work);
        self.budget > 0
    }

    /// Whether the budget is spent.
    pub(super) fn is_spent(&self) -> bool {
        self.budget == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ids of the elements that `selector` matches; `None` if it cannot be read.
    fn matched(html: &str, selector: &str) -> Option<Vec<String>> {
        let html = Html::parse_document(html);
        let selector = Complex::parse(selector)?;
        let mut search = Search { places: places(&html), budget: 100_000, ..Search::default() };
        let elements = html.tree.root().descendants().filter_map(ElementRef::wrap);
        let found = elements.filter(|e| selector.matches(*e, &mut search)).filter_map(|e| e.value().id().map(str::to_owned));
        Some(found.collect())
    }

    fn ids(selector: &str) -> Vec<String> {
        let page = "<body id=body><div id=a class='x md:block'><p id=b>1</p><p id=c class='x y' data-k='v'>2</p><span id=d>3</span></div>\
                    <div id=e><section id=f class=y><p id=g></p></section></div>";
        let found = matched(page, selector).unwrap_or_else(|| panic!("{selector} is read"));
        // scraper's own matcher is the measure, as far as it goes.
        let html = Html::parse_document(page);
        let theirs = Selector::parse(selector).expect("scraper reads it");
        assert_eq!(found, html.select(&theirs).filter_map(|e| e.value().id().map(str::to_owned)).collect::<Vec<_>>(), "{selector}");
        found
    }

    #[test]
    fn selectors_match_as_scraper_matches_them() {
        assert_eq!(ids(".md\\:block"), ["a"]);
        assert_eq!(ids("body > div p.y[data-k]"), ["c"]);
        assert_eq!(ids("#b ~ span"), ["d"]);
        for selector in [
            "*",
            "p",
            "P",
            "p:first-child",
            "div p",
            "div > p",
            "p + p",
            "p ~ *",
            ":root",
            "body *:not(p)",
            "p:nth-child(2n)",
            "p:nth-child(odd)",
            "p:nth-last-child(2)",
            "div:nth-of-type(2) p",
            "p:first-of-type",
            "p:last-of-type",
            "p:not(:first-of-type)",
            "p:not(:nth-child(2)):not(:nth-last-child(1))",
            "p:not(:not(:nth-child(2)))",
            "span:only-of-type",
            ":is(.x, .y) p",
            ":where(#e) p",
            "div:has(> span)",
            "p:empty",
            "[data-k=v]",
            "[id^='a' i]",
            "div:not(.x) > section",
            ":is(div > p)",
            ".x .x",
            "html body div#a p",
            "p:nth-child(-n+1)",
            "div section > p",
            "div > section p",
            "body div + div p",
            "div ~ div > section p",
            "body > div > p ~ :not([hidden]) ~ span",
            "p + p ~ span",
            "#e > * ~ p",
        ] {
            ids(selector);
        }
    }

    #[test]
    fn work_without_end_is_cut_off() {
        let html = Html::parse_document(&("<div><p>".repeat(2_000) + "x"));
        let selector = Complex::parse("b div p").expect("a selector");
        let mut search = Search { budget: 100_000, ..Search::default() };
        for element in html.tree.root().descendants().filter_map(ElementRef::wrap) {
            selector.matches(element, &mut search);
        }
        assert!(search.is_spent());
    }
}
