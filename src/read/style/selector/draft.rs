//! Reading one selector, token by token: what it asks, how much it weighs, and what it can be looked up by.
//!
//! A selector that cannot be read to its end, or that scraper cannot match, is refused as a whole.

use cssparser::{Delimiter, ParseError, Parser, SourcePosition, Token, parse_nth};
use scraper::Selector;

use super::{Bond, Compound, Nth, name_hash};

/// Most steps from element to element that a selector may have.
const MOST_STEPS: usize = 16;
/// Most names under which a selector is looked up.
const MOST_KEYS: usize = 32;

/// What is gathered while a selector is read.
#[derive(Default)]
pub(super) struct Draft {
    /// From left to right.
    pub(super) compounds: Vec<Compound>,
    /// Text of what scraper has to match of the open compound.
    rest: String,
    /// Ids, classes, tags.
    pub(super) counts: [u32; 3],
    /// Names that each match of the open compound carries one of, best choice first.
    inner_keys: Vec<u32>,
    pub(super) is_generated: bool,
}

impl Draft {
    /// Reads to the end of `input`.
    pub(super) fn read(&mut self, input: &mut Parser<'_>) -> Option<()> {
        let mut bond: Option<Bond> = None;
        let mut is_open = false;
        loop {
            let from = input.position();
            let Ok(token) = input.next_including_whitespace().cloned() else { break };
            let sign = match token {
                Token::WhiteSpace(_) => Some(Bond::Above),
                Token::Delim('>') => Some(Bond::Parent),
                Token::Delim('+') => Some(Bond::Before),
                Token::Delim('~') => Some(Bond::Earlier),
                _ => None,
            };
            if let Some(sign) = sign {
                match bond {
                    None | Some(Bond::Above) => bond = Some(sign),
                    Some(_) if sign == Bond::Above => {}
                    Some(_) => return None,
                }
                continue;
            }
            if let Some(bond) = bond.take() {
                if is_open {
                    self.close()?;
                    self.compounds.last_mut()?.bond = Some(bond);
                    is_open = false;
                } else if bond != Bond::Above {
                    return None;
                }
            }
            if !is_open {
                is_open = true;
                self.compounds.push(Compound::default());
            }
            self.simple(&token, input, from)?;
        }
        // A blank at the end is none; another sign there is a mistake.
        (is_open && matches!(bond, None | Some(Bond::Above))).then_some(())
    }

    /// Ends the open compound.
    pub(super) fn close(&mut self) -> Option<()> {
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            self.compounds.last_mut()?.rest = Some(Selector::parse(&rest).ok()?);
        }
        self.inner_keys.clear();
        (self.compounds.len() <= MOST_STEPS).then_some(())
    }

    /// The one place among siblings that is all it asks for. It is counted here, since scraper counts anew each time.
    fn only_nth(&self) -> Option<Nth> {
        match (self.compounds.as_slice(), self.rest.as_str()) {
            ([only], "") if only.tag.is_none() && only.id.is_none() && only.classes.is_empty() && only.nth.len() == 1 => {
                only.nth.first().copied()
            }
            _ => None,
        }
    }

    /// The names to look the whole up by, from its last compound: the rarest kind that it has.
    pub(super) fn keys(&self) -> Vec<u32> {
        let Some(last) = self.compounds.last() else { return Vec::new() };
        let id = last.id.as_deref().map(|id| name_hash(b'#', id));
        let class = last.classes.last().map(|class| name_hash(b'.', class));
        let tag = last.tag.as_deref().map(|tag| name_hash(b't', tag));
        match id.or(class) {
            Some(key) => vec![key],
            None if !self.inner_keys.is_empty() => self.inner_keys.clone(),
            None => last.attributes.last().copied().or(tag).into_iter().collect(),
        }
    }

    fn simple(&mut self, token: &Token<'_>, input: &mut Parser<'_>, from: SourcePosition) -> Option<()> {
        // Nothing may follow `::before`.
        if self.is_generated {
            return None;
        }
        let compound = self.compounds.last_mut()?;
        match token {
            Token::Ident(tag) if compound.is_empty() && self.rest.is_empty() => {
                self.counts[2] += 1;
                compound.tag = Some(tag.to_ascii_lowercase().into());
            }
            Token::Delim('*') => {}
            Token::IDHash(id) => {
                self.counts[0] += 1;
                compound.id = Some((**id).into());
            }
            Token::Delim('.') => {
                let Ok(Token::Ident(class)) = input.next_including_whitespace() else { return None };
                self.counts[1] += 1;
                compound.classes.push((**class).into());
            }
            Token::SquareBracketBlock => {
                let name = input.parse_nested_block(|input| {
                    let name = input.expect_ident_cloned()?;
                    while input.next().is_ok() {}
                    Ok::<_, ParseError<()>>(name)
                });
                self.counts[1] += 1;
                let name = name_hash(b'[', &name.ok()?.to_ascii_lowercase());
                self.compounds.last_mut()?.attributes.push(name);
                self.rest.push_str(input.slice_from(from));
            }
            Token::Colon => self.pseudo(input, from)?,
            _ => return None,
        }
        Some(())
    }

    fn pseudo(&mut self, input: &mut Parser<'_>, from: SourcePosition) -> Option<()> {
        let mut token = input.next_including_whitespace().ok()?.clone();
        let is_element = token == Token::Colon;
        if is_element {
            token = input.next_including_whitespace().ok()?.clone();
        }
        let compound = self.compounds.last_mut()?;
        match token {
            Token::Ident(name) => match name.to_ascii_lowercase().as_str() {
                "before" | "after" => {
                    self.counts[2] += 1;
                    self.is_generated = true;
                    return Some(());
                }
                _ if is_element => return None,
                "first-of-type" | "last-of-type" | "only-of-type" => {
                    let kind = name.to_ascii_lowercase();
                    let nth = Nth { a: 0, b: 1, from_end: false, of_type: true, is_not: false };
                    compound.nth.extend((kind != "last-of-type").then_some(nth));
                    compound.nth.extend((kind != "first-of-type").then_some(Nth { from_end: true, ..nth }));
                }
                "root" => {
                    self.inner_keys = vec![name_hash(b't', "html")];
                    self.rest.push_str(input.slice_from(from));
                }
                _ => self.rest.push_str(input.slice_from(from)),
            },
            Token::Function(name) if !is_element => return self.function(&name.to_ascii_lowercase(), input, from),
            _ => return None,
        }
        self.counts[1] += 1;
        Some(())
    }

    fn function(&mut self, name: &str, input: &mut Parser<'_>, from: SourcePosition) -> Option<()> {
        let compound = self.compounds.last_mut()?;
        if name.starts_with("nth-") {
            let nth = input.parse_nested_block(|input| {
                let (a, b) = parse_nth(input)?;
                let (from_end, of_type) = (name.contains("last"), name.ends_with("of-type"));
                input.expect_exhausted()?;
                Ok::<_, ParseError<()>>(Nth { a, b, from_end, of_type, is_not: false })
            });
            self.counts[1] += 1;
            compound.nth.push(nth.ok()?);
            return Some(());
        }
        let read = input.parse_nested_block(|input| {
            let mut list = Vec::new();
            loop {
                let one = input.parse_until_before(Delimiter::Comma, |input| {
                    let mut draft = Draft::default();
                    // `:has(> p)` begins with a sign.
                    if name == "has" {
                        let before = input.state();
                        if !matches!(input.next(), Ok(Token::Delim('>' | '+' | '~'))) {
                            input.reset(&before);
                        }
                    }
                    draft.read(input).ok_or_else(ParseError::<()>::unexpected_token)?;
                    Ok(draft)
                })?;
                list.push(one);
                if input.next().is_err() {
                    return Ok::<_, ParseError<()>>(list);
                }
            }
        });
        let list = read.ok()?;
        if let ("not", [draft]) = (name, list.as_slice())
            && let Some(nth) = draft.only_nth()
        {
            self.counts[1] += 1;
            compound.nth.push(Nth { is_not: !nth.is_not, ..nth });
            return Some(());
        }
        self.rest.push_str(input.slice_from(from));
        let reach = &mut compound.reach;
        reach.within |= name == "has";
        for inner in list.iter().flat_map(|draft| &draft.compounds) {
            reach.above |= inner.reach.above || matches!(inner.bond, Some(Bond::Above | Bond::Parent));
            reach.beside |= inner.reach.beside || matches!(inner.bond, Some(Bond::Before | Bond::Earlier)) || !inner.nth.is_empty();
            reach.within |= inner.reach.within;
        }
        if list.iter().any(|d| d.is_generated) {
            return None;
        }
        if name != "where" {
            let most = list.iter().map(|d| d.counts).max().unwrap_or_default();
            self.counts = [0, 1, 2].map(|i| self.counts[i] + most[i]);
        }
        if matches!(name, "is" | "where") {
            let keys: Vec<Vec<u32>> = list.iter().map(Draft::keys).collect();
            if keys.iter().all(|k| !k.is_empty()) && keys.len() <= MOST_KEYS {
                self.inner_keys = keys.concat();
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Complex, name_hash};

    #[test]
    fn what_cannot_be_read_is_no_selector() {
        for selector in
            ["", ">", "p >", "> p", "p > > a", "a:hover", "a::marker", "p::before a", "svg|a", "&", "p:not(:hover)", "..a", ".1", "p:", "]"]
        {
            assert!(Complex::parse(selector).is_none(), "{selector}");
        }
        assert!(Complex::parse("p::before").is_some_and(|s| s.is_generated));
    }

    #[test]
    fn specificity_counts_ids_classes_and_tags() {
        let of = |text: &str| Complex::parse(text).map(|s| (s.specificity >> 20, s.specificity >> 10 & 1023, s.specificity & 1023));
        assert_eq!(of("#a .b[c] d:first-child"), Some((1, 3, 1)));
        assert_eq!(of("*"), Some((0, 0, 0)));
        assert_eq!(of(":is(#a, b) c"), Some((1, 0, 1)));
        assert_eq!(of(":where(#a) c"), Some((0, 0, 1)));
        assert_eq!(of("p:not(.a):nth-child(2)::before"), Some((0, 2, 2)));
    }

    #[test]
    fn the_rarest_name_is_the_one_to_look_up_by() {
        let key = |text: &str| Complex::parse(text).map(|s| s.keys).unwrap_or_default();
        assert_eq!(key("div p.a#b"), [name_hash(b'#', "b")]);
        assert_eq!(key("p.a.b"), [name_hash(b'.', "b")]);
        assert_eq!(key(":is(.dark .c)"), [name_hash(b'.', "c")]);
        assert_eq!(key(":where(h1, .d)"), [name_hash(b't', "h1"), name_hash(b'.', "d")]);
        assert_eq!(key("[Hidden]"), [name_hash(b'[', "hidden")]);
        assert!(key("div *").is_empty());
    }
}
