//! The cascade: which declaration wins for an element, out of all sheets and its own `style`.
//!
//! Elements are visited in document order, each entered and left, so that variables and the names above an element are
//! at hand. Selectors are looked up by the rarest name they ask for; the work is counted and ends at a budget.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ego_tree::NodeId;
use scraper::node::Element;
use scraper::{ElementRef, Html};

use super::selector::{Complex, Search, is_deep, names_of, places};
use super::slot::{Slot, has_variable};
use super::{Declaration, Name, Selecting, Sheet, declarations};

/// Work that any page may take, and work more for each of its elements: far above what pages in use need, and it keeps
/// the time linear in the page's size.
const BUDGET: u64 = 10_000_000;
const BUDGET_PER_ELEMENT: u64 = 500;
/// Cells of the filter that counts the names above an element.
const CELLS: usize = 1 << 14;
/// Most work, roughly in bytes, that setting the variables into one value may take.
const MAX_VARIABLE_WORK: usize = 20_000;

/// What decides between two declarations; the greater one wins: importance, own style, layer, specificity, order.
type Weight = (bool, bool, usize, u32, usize);

struct Candidate<'a> {
    selector: &'a Complex,
    /// Index of its block of rules.
    block: usize,
    layer: usize,
    order: usize,
}

/// A declaration whose variable, if it sets one, is found without a search.
struct Setting<'s> {
    target: Target,
    value: &'s str,
    is_important: bool,
}

#[derive(Clone, Copy)]
enum Target {
    Slot(Slot),
    /// The number of a variable.
    Variable(usize),
}

/// The rules of a page, and where in the page the walk is.
pub(in super::super) struct Cascade<'a> {
    by_name: HashMap<u32, Vec<Candidate<'a>>>,
    /// Selectors without a name to look them up by.
    rest: Vec<Candidate<'a>>,
    blocks: Vec<Vec<Setting<'a>>>,
    revealing: HashSet<&'a str>,
    /// Numbers of the variables that a property which counts may come to use.
    numbers: HashMap<String, usize>,
    /// What each of them is, on the elements that are entered and set it.
    variables: Vec<Vec<Option<String>>>,
    search: Search,
    /// How many elements above the current one carry a name, by its hash.
    above: Vec<u32>,
    /// Names of the elements that are entered, numbers of the variables that they set, and how many of both there were
    /// before each of them.
    names: Vec<u32>,
    set: Vec<usize>,
    entered: Vec<(NodeId, usize, usize)>,
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
        let mut numbers = HashMap::new();
        for element in html.tree.nodes().filter_map(|node| node.value().as_element()) {
            names.clear();
            names_of(element, &mut names);
            on_page.extend(names.iter().copied());
            elements += 1;
            if let Some(style) = attribute(element, "style") {
                number_variables(style, &mut numbers);
            }
        }
        let mut cascade = Self {
            by_name: HashMap::new(),
            rest: Vec::new(),
            blocks: Vec::new(),
            revealing: sheets.iter().flat_map(|sheet| &sheet.revealing).map(String::as_str).collect(),
            numbers: HashMap::new(),
            variables: Vec::new(),
            search: Search { budget: BUDGET + BUDGET_PER_ELEMENT * elements, ..Search::default() },
            above: vec![0; CELLS],
            names: Vec::new(),
            set: Vec::new(),
            entered: Vec::new(),
        };
        let mut layers: HashMap<&str, usize> = HashMap::new();
        let (mut order, mut counts_siblings, mut looks_within) = (0, false, false);
        let mut blocks = Vec::new();
        for sheet in sheets {
            for name in &sheet.layers {
                let next = layers.len();
                layers.entry(name).or_insert(next);
            }
            let first = blocks.len();
            blocks.extend(&sheet.blocks);
            for Selecting { selector, block, layer } in &sheet.selectors {
                order += 1;
                if !selector.needs().all(|name| on_page.contains(&name)) {
                    continue;
                }
                counts_siblings |= selector.counts_siblings();
                looks_within |= selector.looks_within();
                if selector.looks_back() {
                    cascade.search.earlier.get_or_insert_default();
                }
                sheet.blocks[*block].iter().for_each(|declaration| number_variables(&declaration.value, &mut numbers));
                let layer = layer.and_then(|at| layers.get(sheet.layers[at].as_str()).copied()).unwrap_or(usize::MAX);
                let candidate = || Candidate { selector, block: first + block, layer, order };
                if selector.keys.is_empty() {
                    cascade.rest.push(candidate());
                }
                for key in selector.keys.iter().filter(|key| on_page.contains(key)) {
                    cascade.by_name.entry(*key).or_default().push(candidate());
                }
            }
        }
        cascade.blocks = blocks.into_iter().map(|block| settings(block, &numbers)).collect();
        cascade.variables.resize_with(numbers.len(), Vec::new);
        cascade.numbers = numbers;
        if counts_siblings {
            cascade.search.places = places(html);
        }
        if looks_within {
            cascade.search.is_deep = is_deep(html);
        }
        cascade
    }

    /// Whether the page asks for more work than any page in use; what it shows can then not be told.
    pub(in super::super) fn is_spent(&self) -> bool {
        self.search.is_spent()
    }

    /// Enters an element below the one that was entered last and not left.
    pub(super) fn enter(&mut self, element: ElementRef<'_>) -> Styles {
        let mut winners = Winners { values: [None; Slot::COUNT], variables: Vec::with_capacity(64) };
        for (slot, value) in hints(element.value()).into_iter().flatten() {
            winners.take(slot, (false, false, 0, 0, 0), value);
        }
        let before = self.names.len();
        self.entered.push((element.id(), before, self.set.len()));
        names_of(element.value(), &mut self.names);
        let lists = self.names[before..].iter().filter_map(|name| self.by_name.get(name)).chain([&self.rest]);
        for Candidate { selector, block, layer, order } in lists.flatten() {
            if !self.search.spend(1) {
                break;
            }
            let may_match = selector.above.iter().all(|name| self.above[cell(*name)] > 0);
            if !may_match || !selector.matches(element, &mut self.search) {
                continue;
            }
            let block = &self.blocks[*block];
            self.search.spend(block.len() as u64);
            for setting in block {
                // Among important ones the first layer wins, and layers win over what is in none.
                let layer = if setting.is_important { usize::MAX - layer } else { *layer };
                winners.add(setting, (setting.is_important, false, layer, selector.specificity, *order));
            }
        }
        let own = attribute(element.value(), "style").map(declarations).unwrap_or_default();
        self.search.spend(own.len() as u64);
        for (order, setting) in settings(&own, &self.numbers).iter().enumerate() {
            winners.add(setting, (setting.is_important, true, 0, 0, order));
        }
        for name in &self.names[before..] {
            self.above[cell(*name)] += 1;
        }
        if let (Some(earlier), Some(parent)) = (&mut self.search.earlier, element.parent()) {
            earlier.entry(parent.id()).or_default().extend(&self.names[before..]);
        }
        self.set_variables(winners.variables);
        let has_own_colour = winners.values[Slot::Colour as usize].is_some_and(|(weight, _)| weight.1 || weight.4 == 0);
        let values = winners.values.map(|winner| winner.map(|(_, value)| self.resolved(value)));
        let mut styles = Styles { values, has_own_colour, is_revealed: false };
        styles.is_revealed = self.reveals(&styles);
        styles
    }

    /// Leaves the element that was entered last.
    pub(in super::super) fn leave(&mut self) {
        let Some((id, names, set)) = self.entered.pop() else { return };
        if let Some(earlier) = &mut self.search.earlier {
            earlier.remove(&id);
        }
        for name in self.names.drain(names..) {
            self.above[cell(name)] = self.above[cell(name)].saturating_sub(1);
        }
        for number in self.set.drain(set..) {
            self.variables[number].pop();
        }
    }

    fn reveals(&self, styles: &Styles) -> bool {
        let stays = styles.get(Slot::Fill).is_some_and(|v| v.contains("forwards") || v.contains("both"));
        let names = |v: &str| v.split([' ', ',']).any(|name| self.revealing.contains(name));
        stays && !self.revealing.is_empty() && styles.get(Slot::Animation).is_some_and(names)
    }

    /// Sets the variables of the element that is entered.
    fn set_variables(&mut self, mut variables: Vec<(usize, Weight, &str)>) {
        variables.sort_by_key(|(number, weight, _)| (*number, *weight));
        let before = self.set.len();
        for (i, (number, _, value)) in variables.iter().enumerate() {
            let is_last = variables.get(i + 1).is_none_or(|next| next.0 != *number);
            let values = &mut self.variables[*number];
            // Many sheets set the same on every element.
            if is_last && (has_variable(value) || values.last().is_none_or(|old| old.as_deref() != Some(*value))) {
                values.push(Some((*value).to_owned()).filter(|value| value != "initial"));
                self.set.push(*number);
            }
        }
        // Variables may take one another in any order, so all stand before any is worked out.
        for number in before..self.set.len() {
            let number = self.set[number];
            let value = self.variables[number].last().cloned().flatten();
            if let Some(value) = value.filter(|value| has_variable(value)) {
                let whole = self.worked_out(&value);
                if let Some(last) = self.variables[number].last_mut() {
                    *last = whole;
                }
            }
        }
    }

    /// `value` with its variables set in; as it stands if one of them is not known.
    fn resolved(&mut self, value: &str) -> String {
        match has_variable(value).then(|| self.worked_out(value)).flatten() {
            Some(whole) => whole.trim().to_ascii_lowercase(),
            None => value.to_owned(),
        }
    }

    fn worked_out(&mut self, value: &str) -> Option<String> {
        let mut work = 0;
        let whole = self.substitute(value, &mut work);
        self.search.spend(work as u64 / 4);
        whole
    }

    /// Sets variables in; calls itself for each of them, until the work is too much.
    fn substitute(&self, value: &str, work: &mut usize) -> Option<String> {
        let mut whole = String::new();
        let mut rest = value;
        while let Some(at) = rest.to_ascii_lowercase().find("var(") {
            *work += 100 + rest.len();
            if *work > MAX_VARIABLE_WORK {
                return None;
            }
            let (inner, after) = bracketed(&rest[at + 4..])?;
            let (name, fallback) = inner.split_once(',').map_or((inner, None), |(name, fallback)| (name, Some(fallback)));
            let number = self.numbers.get(name.trim().strip_prefix("--")?);
            let known = number.and_then(|number| self.variables[*number].last()?.as_deref());
            let value = known.and_then(|known| self.substitute(known, work)).or_else(|| self.substitute(fallback?.trim(), work))?;
            whole.push_str(&rest[..at]);
            whole.push_str(&value);
            rest = after;
        }
        whole.push_str(rest);
        *work += whole.len();
        (*work <= MAX_VARIABLE_WORK).then_some(whole)
    }
}

/// What has won so far for one element.
struct Winners<'s> {
    values: [Option<(Weight, &'s str)>; Slot::COUNT],
    /// All that is set, winning or not.
    variables: Vec<(usize, Weight, &'s str)>,
}

impl<'s> Winners<'s> {
    fn add(&mut self, setting: &Setting<'s>, weight: Weight) {
        match setting.target {
            Target::Slot(slot) => self.take(slot, weight, setting.value),
            Target::Variable(number) => self.variables.push((number, weight, setting.value)),
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
fn hints(element: &Element) -> [Option<(Slot, &str)>; 3] {
    let of = |slot, name| attribute(element, name).map(|value| (slot, value.trim()));
    let ground = || [of(Slot::Ground, "bgcolor"), attribute(element, "background").map(|_| (Slot::Image, "url()"))];
    match element.name() {
        "font" => [of(Slot::Colour, "color"), None, None],
        "table" | "thead" | "tbody" | "tr" | "td" | "th" => {
            let [colour, image] = ground();
            [colour, image, None]
        }
        "body" => {
            let [colour, image] = ground();
            [of(Slot::Colour, "text"), colour, image]
        }
        _ => [None; 3],
    }
}

/// An attribute, found without making a name of its own for the search.
pub(in super::super) fn attribute<'e>(element: &'e Element, name: &str) -> Option<&'e str> {
    element.attrs().find(|(own, _)| *own == name).map(|(_, value)| value)
}

fn cell(name: u32) -> usize {
    name as usize % CELLS
}

/// Numbers the variables that a value names.
fn number_variables(value: &str, numbers: &mut HashMap<String, usize>) {
    for part in value.split("--").skip(1) {
        let end = part.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '\\'))).unwrap_or(part.len());
        let next = numbers.len();
        numbers.entry(part[..end].to_owned()).or_insert(next);
    }
}

/// The declarations of a block without variables that nothing uses.
fn settings<'s>(block: &'s [Declaration], numbers: &HashMap<String, usize>) -> Vec<Setting<'s>> {
    let of = |Declaration { name, value, is_important }: &'s Declaration| {
        let target = match name {
            Name::Slot(slot) => Target::Slot(*slot),
            Name::Variable(name) => Target::Variable(*numbers.get(name)?),
        };
        Some(Setting { target, value, is_important: *is_important })
    };
    block.iter().filter_map(of).collect()
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
