//! Reading a sheet by cssparser's events: rules, nested rules, layers, keyframes, declarations. What does not parse is
//! skipped; nothing here knows what a property means.

use std::borrow::Cow;

use cssparser::{
    AtRuleParser, CowRcStr, DeclarationParser, ParseError, Parser, ParserState, QualifiedRuleParser, RuleBodyItemParser, RuleBodyParser,
    StyleSheetParser, Token,
};

use super::selector::{self, Complex};
use super::slot::{Slot, has_variable, spread};
use super::{Declaration, Name, Selecting, Sheet, media, value};

/// Most selectors that are kept of one sheet: several times what the largest sheets in use have.
pub(super) const MAX_SELECTORS: usize = 50_000;
/// Deepest nesting of blocks that is read; reading one calls the reader itself.
const MAX_NESTING: u8 = 24;
/// Most `@layer`s of one sheet that are told apart.
const MAX_LAYERS: usize = 500;
/// Longest value that is kept, in bytes.
const MAX_VALUE: usize = 2_000;
/// Parts of selectors whose rules are left out: a page's own script removes these marks before anybody reads, scrolling
/// does, or one click on a `<summary>`.
const PASSING: &[&str] = &[
    "[x-cloak",
    "[v-cloak",
    "[ng-cloak",
    ".ng-cloak",
    "[data-aos",
    ".wow",
    ".elementor-invisible",
    ".wpb_animate_when_almost_visible",
    ".et-waypoint",
    ".et_animated",
    ".no-js",
    ".nojs",
    "details:not([open",
];

/// See [`Sheet::parse`].
pub(super) fn sheet(css: &str) -> Sheet {
    let mut input = Parser::new(css.trim_start_matches('\u{feff}'));
    input.set_nested_block_limit(MAX_NESTING);
    let mut reader = Reader::default();
    for _ in StyleSheetParser::new(&mut input, &mut reader) {}
    reader.sheet
}

/// The declarations of a `style` attribute that count.
pub(super) fn declarations(style: &str) -> Vec<Declaration> {
    let mut input = Parser::new(style);
    let mut reader = Reader { is_attribute: true, ..Reader::default() };
    for _ in RuleBodyParser::new(&mut input, &mut reader) {}
    reader.open
}

#[derive(Default)]
struct Reader {
    sheet: Sheet,
    /// The selectors of the rules around the one that is being read, joined to one list each.
    around: Vec<Vec<String>>,
    /// Declarations of the rule that is being read.
    open: Vec<Declaration>,
    /// The layer that is being read.
    layer: Option<usize>,
    /// The `@keyframes` that are being read.
    keyframes: Option<String>,
    anonymous: usize,
    /// Whether it is a `style` attribute, which has no rules within it.
    is_attribute: bool,
}

impl Reader {
    /// Makes a rule of the declarations that are open.
    fn keep(&mut self) {
        let declarations = std::mem::take(&mut self.open);
        let Some(list) = self.around.last().filter(|_| !declarations.is_empty()) else { return };
        if let Some(name) = &self.keyframes {
            let seen = |d: &Declaration| d.name == Name::Slot(Slot::Opacity) && value::number(&d.value).is_none_or(|n| n > 0.05);
            if list.iter().any(|step| step == "to" || step == "100%") && declarations.iter().any(seen) {
                self.sheet.revealing.insert(name.clone());
            }
            return;
        }
        let shown = declarations.iter().filter(|d| d.shows()).cloned().collect();
        let behind = declarations.iter().filter_map(Declaration::behind).collect();
        let versions = [declarations, shown, behind];
        let mut kept = [None; 3];
        let sheet = &mut self.sheet;
        for (text, is_opened) in list.iter().filter(|text| !is_passing(text)).flat_map(|text| readings(text)) {
            if sheet.selectors.len() >= MAX_SELECTORS {
                return;
            }
            let Some(selector) = Complex::parse(&text) else { continue };
            let version = if selector.is_generated { 2 } else { usize::from(is_opened) };
            if versions[version].is_empty() {
                continue;
            }
            let block = *kept[version].get_or_insert_with(|| {
                sheet.blocks.push(versions[version].clone());
                sheet.blocks.len() - 1
            });
            sheet.selectors.push(Selecting { selector, block, layer: self.layer });
        }
    }

    /// The layer `name` within the one that is open.
    fn layer_named(&mut self, name: &str) -> Option<usize> {
        let name = match self.layer {
            Some(outer) => format!("{}.{name}", self.sheet.layers[outer]),
            None => name.to_owned(),
        };
        let layers = &mut self.sheet.layers;
        if let Some(known) = layers.iter().position(|known| *known == name) {
            return Some(known);
        }
        (layers.len() < MAX_LAYERS).then(|| {
            layers.push(name);
            layers.len() - 1
        })
    }

    fn body(&mut self, input: &mut Parser<'_>) {
        for _ in RuleBodyParser::new(input, self) {}
        self.keep();
    }
}

fn is_passing(selector: &str) -> bool {
    PASSING.iter().any(|sign| selector.contains(sign))
}

/// The selectors to read for `text`, and whether it is one for what a click on a tab or a box opens.
///
/// `:checked` holds for the boxes that the page checks itself. Since one click opens what belongs to the others, what
/// their rules show counts as shown; what they hide does not count as hidden.
fn readings(text: &str) -> Vec<(Cow<'_, str>, bool)> {
    const CHECKED: &str = ":checked";
    let names = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '\\');
    let is_state = |at: usize| !text[..at].ends_with('\\') && !text[at + CHECKED.len()..].starts_with(names);
    let places: Vec<usize> = text.match_indices(CHECKED).map(|(at, _)| at).filter(|at| is_state(*at)).collect();
    if places.is_empty() {
        return vec![(Cow::Borrowed(text), false)];
    }
    let with = |instead: &str| {
        let mut whole = text.to_owned();
        places.iter().rev().for_each(|at| whole.replace_range(*at..at + CHECKED.len(), instead));
        Cow::Owned(whole)
    };
    // An attribute weighs as much as a state.
    vec![(with("[checked]"), false), (with(":not([_])"), true)]
}

/// What an at-rule does.
enum At {
    /// Its block counts.
    Block,
    /// Its block counts within these layers; without a block it only names them.
    Layer(Vec<String>),
    Keyframes(String),
}

impl<'i> AtRuleParser<'i> for Reader {
    type Prelude = At;
    type AtRule = ();
    type Error = ();

    fn parse_prelude(&mut self, name: CowRcStr<'i>, input: &mut Parser<'i>) -> Result<At, ParseError<()>> {
        let from = input.position();
        while input.next().is_ok() {}
        let text = input.slice_from(from).trim();
        match name.to_ascii_lowercase().as_str() {
            _ if self.is_attribute => Err(ParseError::unexpected_token()),
            "media" if media::holds(text) => Ok(At::Block),
            "container" if media::container_holds(text) => Ok(At::Block),
            "supports" if !text.to_ascii_lowercase().starts_with("not") => Ok(At::Block),
            "layer" => Ok(At::Layer(text.split(',').map(|name| name.trim().to_owned()).collect())),
            "keyframes" | "-webkit-keyframes" => Ok(At::Keyframes(text.trim_matches(['"', '\'']).to_owned())),
            _ => Err(ParseError::unexpected_token()),
        }
    }

    fn rule_without_block(&mut self, prelude: At, _: &ParserState) -> Result<(), ()> {
        let At::Layer(names) = prelude else { return Err(()) };
        for name in names.iter().filter(|name| !name.is_empty()) {
            self.layer_named(name);
        }
        Ok(())
    }

    fn parse_block(&mut self, prelude: At, _: &ParserState, input: &mut Parser<'i>) -> Result<(), ParseError<()>> {
        self.keep();
        let (layer, keyframes) = (self.layer, self.keyframes.take());
        match prelude {
            At::Block => {}
            At::Layer(names) => {
                let name = names.into_iter().next().filter(|name| !name.is_empty()).unwrap_or_else(|| {
                    self.anonymous += 1;
                    format!(" {}", self.anonymous)
                });
                self.layer = self.layer_named(&name).or(self.layer);
            }
            At::Keyframes(name) => self.keyframes = Some(name),
        }
        self.body(input);
        (self.layer, self.keyframes) = (layer, keyframes);
        Ok(())
    }
}

impl<'i> QualifiedRuleParser<'i> for Reader {
    type Prelude = Vec<String>;
    type QualifiedRule = ();
    type Error = ();

    fn parse_prelude(&mut self, input: &mut Parser<'i>) -> Result<Vec<String>, ParseError<()>> {
        let around = if self.keyframes.is_some() { None } else { self.around.last() };
        input.parse_comma_separated(|input| {
            let from = input.position();
            while input.next().is_ok() {}
            Ok(within(around, input.slice_from(from).trim()))
        })
    }

    fn parse_block(&mut self, prelude: Vec<String>, _: &ParserState, input: &mut Parser<'i>) -> Result<(), ParseError<()>> {
        self.keep();
        self.around.push(prelude);
        self.body(input);
        self.around.pop();
        Ok(())
    }
}

/// The selector `text` as it counts within the rule `around` it. One that cannot be told becomes empty.
pub(super) fn within(around: Option<&Vec<String>>, text: &str) -> String {
    let Some(around) = around else { return text.to_owned() };
    let outer = match around.as_slice() {
        [one] => one.clone(),
        // Rules within long lists would grow without end.
        list if list.iter().map(String::len).sum::<usize>() <= selector::LONGEST => format!(":is({})", list.join(",")),
        _ => return String::new(),
    };
    let names = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match text.strip_prefix('&') {
        _ if outer.is_empty() || outer.len() + text.len() > selector::LONGEST => String::new(),
        Some(rest) if !rest.contains('&') && !rest.starts_with(names) => outer + rest,
        // A sign within quotes is none, and too rare to be told apart.
        _ if text.contains('&') && text.contains(['"', '\'']) => String::new(),
        _ if text.contains('&') && text.matches('&').count() <= 4 => text.replace('&', &format!(":is({outer})")),
        None if !text.contains('&') => format!("{outer} {text}"),
        _ => String::new(),
    }
}

impl<'i> DeclarationParser<'i> for Reader {
    type Declaration = ();
    type Error = ();

    fn parse_value(&mut self, name: CowRcStr<'i>, input: &mut Parser<'i>, _: &ParserState) -> Result<(), ParseError<()>> {
        let from = input.position();
        let is_important = loop {
            match input.next() {
                Ok(Token::Delim('!')) => break true,
                // It is a nested rule such as `a:hover { … }`. Ending here at once keeps the reading linear.
                Ok(token) if *token == Token::CurlyBracketBlock || token.is_parse_error() => return Err(ParseError::unexpected_token()),
                Ok(_) => {}
                Err(_) => break false,
            }
        };
        let value = input.slice_from(from).trim_end_matches('!').trim();
        if is_important {
            input.expect_ident_matching("important")?;
            input.expect_exhausted()?;
        }
        let value = &*plain(value);
        if value.len() > MAX_VALUE {
            return Ok(());
        }
        if let Some(variable) = name.strip_prefix("--") {
            self.open.push(Declaration { name: Name::Variable(variable.to_owned()), value: value.to_owned(), is_important });
            return Ok(());
        }
        let lower = value.to_ascii_lowercase();
        let value = if has_variable(value) { value } else { &lower };
        let open = &mut self.open;
        spread(&name.to_ascii_lowercase(), value, |slot, value| {
            open.push(Declaration { name: Name::Slot(slot), value: value.to_owned(), is_important });
        });
        Ok(())
    }
}

/// `value` without comments and with its escapes read, so that `n\\6f ne/**/` is `none`.
fn plain(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') && !value.contains("/*") {
        return Cow::Borrowed(value);
    }
    let mut plain = String::new();
    let mut rest = value;
    while let Some(at) = rest.find(['\\', '/']) {
        plain.push_str(&rest[..at]);
        let tail = &rest[at..];
        rest = if let Some(comment) = tail.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, after)| after)
        } else if let Some(escape) = tail.strip_prefix('\\') {
            let digits = escape.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
            let after = &escape[digits..];
            match u32::from_str_radix(&escape[..digits], 16) {
                Ok(code) => {
                    plain.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    after.strip_prefix([' ', '\t', '\n']).unwrap_or(after)
                }
                // Any other character stands for itself.
                Err(_) => {
                    plain.extend(after.chars().next());
                    after.get(after.chars().next().map_or(0, char::len_utf8)..).unwrap_or("")
                }
            }
        } else {
            plain.push('/');
            &tail[1..]
        };
    }
    plain.push_str(rest);
    Cow::Owned(plain.trim().to_owned())
}

impl RuleBodyItemParser<'_, (), ()> for Reader {
    fn parse_declarations(&self) -> bool {
        self.is_attribute || !self.around.is_empty()
    }

    fn parse_qualified(&self) -> bool {
        !self.is_attribute
    }
}
