//! The cascade: which declaration wins for an element, out of all sheets and its own `style`.
//!
//! Elements are visited in document order, each entered and left, so that variables and the names above an element are
//! at hand. Selectors are looked up by the rarest name they ask for; the work is counted and ends at a budget.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use scraper::{ElementRef, Html};

use super::selector::{Complex, Search, names_of, places};
use super::slot::{Slot, has_variable};
use super::{Declaration, Name, Selecting, Sheet, declarations};

/// Work that any page may take, and work more for each of its elements: far above what pages in use need, and it keeps
/// the time linear in the page's size.
const BUDGET: u64 = 10_000_000;
const BUDGET_PER_ELEMENT: u64 = 1_000;
/// Cells of the filter that counts the names above an element.
const CELLS: usize = 1 << 14;
/// Most variables that one value may take, and how long it may grow.
const MAX_SUBSTITUTIONS: usize = 64;
const MAX_LENGTH: usize = 4_000;
/// What setting variables in counts as, beside a look at an element.
const VARIABLE_WORK: u64 = 50;

/// What decides between two declarations; the greater one wins: importance, own style, layer, specificity, order.
type Weight = (bool, bool, usize, u32, usize);

struct Candidate<'a> {
    selector: &'a Complex,
    block: &'a [Declaration],
    layer: usize,
    order: usize,
}

/// The rules of a page, and where in the page the walk is.
pub(in super::super) struct Cascade<'a> {
    by_name: HashMap<u32, Vec<Candidate<'a>>>,
    /// Selectors without a name to look them up by.
    rest: Vec<Candidate<'a>>,
    revealing: HashSet<&'a str>,
    /// Variables that a property which counts may come to use.
    used: HashSet<String>,
    search: Search,
    /// How many elements above the current one carry a name, by its hash.
    above: Vec<u32>,
    names: Vec<u32>,
    variables: HashMap<String, Vec<Option<String>>>,
    /// Names of the variables that the entered elements set, and how many each of them set.
    set: Vec<String>,
    entered: Vec<usize>,
}

/// The values that won for one element.
pub(super) struct Styles {
    values: [Option<String>; Slot::COUNT],
    /// Whether the colour stands in the element itself.
    pub(super) has_own_colour: bool,
    /// Whether its animation ends with it seen.
    pub(super) is_revealed: bool,
}

impl Styles {
    /// The value of a property; `None` if no rule sets it, or one sets it back.
    pub(super) fn get(&self, slot: Slot) -> Option<&str> {
        self.values[slot as usize].as_deref().filter(|value| !matches!(*value, "unset" | "revert" | "revert-layer"))
    }
}

impl<'a> Cascade<'a> {
    /// Sets the rules of `sheets` in order for the page.
    pub(in super::super) fn new(html: &Html, sheets: &'a [Arc<Sheet>]) -> Self {
        let (mut on_page, mut names, mut elements) = (HashSet::<u32>::new(), Vec::new(), 0);
        let mut used = HashSet::new();
        for element in html.tree.nodes().filter_map(|node| node.value().as_element()) {
            names_of(element, &mut names);
            on_page.extend(names.iter().copied());
            elements += 1;
            if let Some(style) = element.attr("style") {
                variables_in(style, &mut used);
            }
        }
        let mut cascade = Self {
            by_name: HashMap::new(),
            rest: Vec::new(),
            revealing: sheets.iter().flat_map(|sheet| &sheet.revealing).map(String::as_str).collect(),
            used,
            search: Search { budget: BUDGET + BUDGET_PER_ELEMENT * elements, ..Search::default() },
            above: vec![0; CELLS],
            names,
            variables: HashMap::new(),
            set: Vec::new(),
            entered: Vec::new(),
        };
        let (mut layers, mut order, mut counts_siblings): (HashMap<&str, usize>, _, _) = (HashMap::new(), 0, false);
        for sheet in sheets {
            for name in &sheet.layers {
                let next = layers.len();
                layers.entry(name).or_insert(next);
            }
            for Selecting { selector, block, layer } in &sheet.selectors {
                order += 1;
                if !selector.needs().all(|name| on_page.contains(&name)) {
                    continue;
                }
                counts_siblings |= selector.counts_siblings();
                let layer = layer.and_then(|at| layers.get(sheet.layers[at].as_str()).copied()).unwrap_or(usize::MAX);
                let block = sheet.blocks[*block].as_slice();
                block.iter().for_each(|declaration| variables_in(&declaration.value, &mut cascade.used));
                let candidate = || Candidate { selector, block, layer, order };
                if selector.keys.is_empty() {
                    cascade.rest.push(candidate());
                }
                for key in selector.keys.iter().filter(|key| on_page.contains(key)) {
                    cascade.by_name.entry(*key).or_default().push(candidate());
                }
            }
        }
        if counts_siblings {
            cascade.search.places = places(html);
        }
        cascade
    }

    /// Whether the page asks for more work than any page in use; what it shows can then not be told.
    pub(in super::super) fn is_spent(&self) -> bool {
        self.search.is_spent()
    }

    /// Enters an element below the one that was entered last and not left.
    pub(super) fn enter(&mut self, element: ElementRef<'_>) -> Styles {
        let mut winners = Winners { values: [None; Slot::COUNT], variables: HashMap::new() };
        for (slot, value) in hints(element) {
            winners.take(slot, (false, false, 0, 0, 0), value);
        }
        names_of(element.value(), &mut self.names);
        let lists = self.names.iter().filter_map(|name| self.by_name.get(name)).chain([&self.rest]);
        for Candidate { selector, block, layer, order } in lists.flatten() {
            self.search.spend(1);
            let may_match = selector.above.iter().all(|name| self.above[cell(*name)] > 0);
            if self.search.is_spent() || !may_match || !selector.matches(element, &mut self.search) {
                continue;
            }
            self.search.spend(block.len() as u64);
            for declaration in *block {
                // Among important ones the first layer wins, and layers win over what is in none.
                let layer = if declaration.is_important { usize::MAX - layer } else { *layer };
                winners.add(declaration, (declaration.is_important, false, layer, selector.specificity, *order), &self.used);
            }
        }
        let own = element.value().attr("style").map(declarations).unwrap_or_default();
        self.search.spend(own.len() as u64);
        for (order, declaration) in own.iter().enumerate() {
            winners.add(declaration, (declaration.is_important, true, 0, 0, order), &self.used);
        }
        for name in &self.names {
            self.above[cell(*name)] += 1;
        }
        self.set_variables(&winners.variables);
        let has_own_colour = winners.values[Slot::Colour as usize].is_some_and(|(weight, _)| weight.1 || weight.4 == 0);
        let values = winners.values.map(|winner| winner.map(|(_, value)| self.resolved(value)));
        let mut styles = Styles { values, has_own_colour, is_revealed: false };
        styles.is_revealed = self.reveals(&styles);
        styles
    }

    /// Leaves the element that was entered last.
    pub(in super::super) fn leave(&mut self, element: ElementRef<'_>) {
        names_of(element.value(), &mut self.names);
        for name in &self.names {
            self.above[cell(*name)] = self.above[cell(*name)].saturating_sub(1);
        }
        let kept = self.set.len().saturating_sub(self.entered.pop().unwrap_or(0));
        for name in self.set.drain(kept..) {
            if let Some(values) = self.variables.get_mut(&name) {
                values.pop();
            }
        }
    }

    fn reveals(&self, styles: &Styles) -> bool {
        let stays = styles.get(Slot::Fill).is_some_and(|v| v.contains("forwards") || v.contains("both"));
        let names = |v: &str| v.split([' ', ',']).any(|name| self.revealing.contains(name));
        stays && !self.revealing.is_empty() && styles.get(Slot::Animation).is_some_and(names)
    }

    /// Sets the variables of the element that is entered.
    fn set_variables(&mut self, variables: &HashMap<&str, (Weight, &str)>) {
        for (name, (_, value)) in variables {
            self.variables.entry((*name).to_owned()).or_default().push(Some((*value).to_owned()));
            self.set.push((*name).to_owned());
        }
        self.entered.push(variables.len());
        // Variables may take one another in any order, so all stand before any is worked out.
        for (name, (_, value)) in variables {
            let value = match *value {
                "initial" => None,
                value if has_variable(value) => self.substitute(value, &mut 0),
                _ => continue,
            };
            self.search.spend(VARIABLE_WORK);
            if let Some(last) = self.variables.get_mut(*name).and_then(|values| values.last_mut()) {
                *last = value;
            }
        }
    }

    /// `value` with its variables set in; as it stands if one of them is not known.
    fn resolved(&mut self, value: &str) -> String {
        if !has_variable(value) {
            return value.to_owned();
        }
        self.search.spend(VARIABLE_WORK);
        self.substitute(value, &mut 0).map_or_else(|| value.to_owned(), |value| value.trim().to_ascii_lowercase())
    }

    /// Sets variables in; calls itself for each, [`MAX_SUBSTITUTIONS`] times at most.
    fn substitute(&self, value: &str, done: &mut usize) -> Option<String> {
        let mut whole = String::new();
        let mut rest = value;
        while let Some(at) = rest.to_ascii_lowercase().find("var(") {
            *done += 1;
            let (inner, after) = bracketed(&rest[at + 4..])?;
            let (name, fallback) = inner.split_once(',').map_or((inner, None), |(name, fallback)| (name, Some(fallback)));
            let known = self.variables.get(name.trim().strip_prefix("--")?).and_then(|values| values.last()?.as_deref());
            if *done > MAX_SUBSTITUTIONS {
                return None;
            }
            let value = known.and_then(|known| self.substitute(known, done)).or_else(|| self.substitute(fallback?.trim(), done))?;
            whole.push_str(&rest[..at]);
            whole.push_str(&value);
            rest = after;
            if whole.len() > MAX_LENGTH {
                return None;
            }
        }
        whole.push_str(rest);
        Some(whole)
    }
}

/// What has won so far for one element.
struct Winners<'s> {
    values: [Option<(Weight, &'s str)>; Slot::COUNT],
    variables: HashMap<&'s str, (Weight, &'s str)>,
}

impl<'s> Winners<'s> {
    fn add(&mut self, declaration: &'s Declaration, weight: Weight, used: &HashSet<String>) {
        match &declaration.name {
            Name::Slot(slot) => self.take(*slot, weight, &declaration.value),
            Name::Variable(name) if used.contains(name) => {
                let winner = self.variables.entry(name).or_insert((weight, &declaration.value));
                if winner.0 <= weight {
                    *winner = (weight, &declaration.value);
                }
            }
            Name::Variable(_) => {}
        }
    }

    fn take(&mut self, slot: Slot, weight: Weight, value: &'s str) {
        let winner = &mut self.values[slot as usize];
        if winner.is_none_or(|(old, _)| old <= weight) {
            *winner = Some((weight, value));
        }
    }
}

/// What attributes of old say of colours; any rule wins over them.
fn hints(element: ElementRef<'_>) -> impl Iterator<Item = (Slot, &str)> {
    let own = element.value();
    let of = |names: &[&str], attribute: &str| own.attr(attribute).filter(|_| names.contains(&own.name())).map(str::trim);
    let boxes = ["body", "table", "thead", "tbody", "tr", "td", "th"];
    let colour = of(&["font"], "color").or_else(|| of(&["body"], "text")).map(|value| (Slot::Colour, value));
    let ground = of(&boxes, "bgcolor").map(|value| (Slot::Ground, value));
    let image = of(&boxes, "background").map(|_| (Slot::Image, "url()"));
    colour.into_iter().chain(ground).chain(image)
}

fn cell(name: u32) -> usize {
    name as usize % CELLS
}

/// Adds the names of the variables that a value takes.
fn variables_in(value: &str, names: &mut HashSet<String>) {
    if !value.contains("--") {
        return;
    }
    for part in value.split("--").skip(1) {
        let end = part.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '\\'))).unwrap_or(part.len());
        names.insert(part[..end].to_owned());
    }
}

/// What stands before the bracket that closes, and what after it.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return Some((&text[..at], &text[at + 1..])),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}
