//! Finding a quote in a page: the words must stand there, the typography may differ.
//!
//! White space, quotation marks, dashes, soft hyphens and Unicode compatibility forms may differ between quote and
//! page (product reference 2.2). Words may not: there is no fuzzy match, no ellipsis, no joining of blocks. A quote
//! that leaves out a negation of its own sentence is refused, although its words stand there.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use super::page::PageText;

/// Why a quote was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuoteFault {
    /// Nothing but white space or marks.
    #[error("the quote is empty")]
    Empty,
    /// Under three words or twelve characters: too short to prove anything.
    #[error("the quote is too short to prove anything")]
    TooShort,
    /// The words do not stand on the page within one block.
    #[error("the words do not stand on the page")]
    Missing,
    /// The quote begins or ends inside a word or a number.
    #[error("the quote cuts a word or a number in two")]
    CutsWord,
    /// The sentence says "not" outside the quoted part.
    #[error("the quote leaves out a negation of its sentence")]
    CutsNegation,
}

/// A page's text made ready for looking up quotes. Making it costs one pass over the text.
#[derive(Debug)]
pub struct Searchable {
    folded: String,
    /// For each byte of `folded`, the byte of the page's text it came from.
    origin: Vec<u32>,
}

/// Stands between two blocks, so that no quote can reach over.
const BETWEEN_BLOCKS: char = '\u{1}';

impl Searchable {
    /// Folds every block of `page`.
    pub fn new(page: &PageText) -> Self {
        let mut folded = String::with_capacity(page.text.len());
        let mut origin = Vec::with_capacity(page.text.len());
        for block in &page.blocks {
            fold_into(page.words(block), block.range.start, &mut folded, &mut origin);
            folded.push(BETWEEN_BLOCKS);
            origin.push(u32::try_from(block.range.end).unwrap_or(u32::MAX));
        }
        Self { folded, origin }
    }

    /// The byte range of the page's text where `quote` stands.
    ///
    /// # Errors
    /// [`QuoteFault`] says in which way the quote is not the page's.
    pub fn find(&self, quote: &str) -> Result<Range<usize>, QuoteFault> {
        let needle = fold(quote);
        // A list mark or heading mark before the words is how a page's text is shown, not part of it.
        let needle = needle.trim_matches(|c: char| c == '"' || c.is_whitespace()).trim_start_matches(['-', '#', ' ']);
        if !needle.chars().any(char::is_alphanumeric) {
            return Err(QuoteFault::Empty);
        }
        if needle.split(' ').count() < 3 && needle.chars().count() < 12 {
            return Err(QuoteFault::TooShort);
        }
        let mut fault = QuoteFault::Missing;
        let mut from = 0;
        while let Some(found) = self.folded[from..].find(needle) {
            let at = from + found..from + found + needle.len();
            if cuts_word(&self.folded, &at) {
                fault = QuoteFault::CutsWord;
            } else if cuts_negation(&self.folded, &at) {
                fault = QuoteFault::CutsNegation;
            } else {
                let start = self.origin[at.start] as usize;
                // The end is the start of the next folded byte: the last character may be several bytes long.
                let end = self.origin[at.end] as usize;
                return Ok(start..end);
            }
            from = at.start + self.folded[at.start..].chars().next().map_or(1, char::len_utf8);
        }
        Err(fault)
    }
}

/// Text with typography levelled: NFKC, one kind of quote mark and dash, single blanks, no invisible characters.
pub fn fold(text: &str) -> String {
    let (mut folded, mut origin) = (String::with_capacity(text.len()), Vec::new());
    fold_into(text, 0, &mut folded, &mut origin);
    folded
}

fn fold_into(text: &str, base: usize, folded: &mut String, origin: &mut Vec<u32>) {
    let mut blank = true;
    let mut put = |c: char, at: usize, folded: &mut String| {
        folded.push(c);
        origin.extend(std::iter::repeat_n(u32::try_from(base + at).unwrap_or(u32::MAX), c.len_utf8()));
    };
    let mut pending: Option<usize> = None;
    // Combining marks compose with the letter before them, so a cluster is folded as one.
    let mut clusters = text.char_indices().peekable();
    while let Some((at, first)) = clusters.next() {
        if first.is_whitespace() {
            if !blank && pending.is_none() {
                pending = Some(at);
            }
            continue;
        }
        if is_invisible(first) {
            continue;
        }
        let mut write = |c: char, folded: &mut String| {
            if let Some(gap) = pending.take() {
                put(' ', gap, folded);
            }
            blank = false;
            put(c, at, folded);
        };
        let marks_follow = clusters.peek().is_some_and(|(_, c)| unicode_normalization::char::is_combining_mark(*c));
        if first.is_ascii() && !marks_follow {
            write(first, folded);
            continue;
        }
        let mut cluster = String::from(first);
        while let Some((_, mark)) = clusters.next_if(|(_, c)| unicode_normalization::char::is_combining_mark(*c)) {
            cluster.push(mark);
        }
        for c in cluster.nfkc() {
            if c.is_whitespace() {
                continue;
            }
            write(level(c), folded);
        }
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

fn level(c: char) -> char {
    match c {
        '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{b4}' | '`' => '\'',
        '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{2033}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    }
}

/// Whether the ends of `at` lie inside a word (`un|able`, `non-|compliant`) or a number (`1|.25`).
fn cuts_word(text: &str, at: &Range<usize>) -> bool {
    let inner = &text[at.clone()];
    let (Some(first), Some(last)) = (inner.chars().next(), inner.chars().next_back()) else {
        return true;
    };
    let mut before = text[..at.start].chars().rev();
    let (b1, b2) = (before.next(), before.next());
    let mut after = text[at.end..].chars();
    let (a1, a2) = (after.next(), after.next());
    let joins = |outer: Option<char>, beyond: Option<char>| match outer {
        Some(c) if c.is_alphanumeric() => true,
        Some('-') => beyond.is_some_and(char::is_alphanumeric),
        _ => false,
    };
    let splits_number = |edge: char, outer: Option<char>, beyond: Option<char>| {
        edge.is_ascii_digit() && matches!(outer, Some('.' | ',')) && beyond.is_some_and(|c| c.is_ascii_digit())
    };
    (first.is_alphanumeric() && (joins(b1, b2) || splits_number(first, b1, b2)))
        || (last.is_alphanumeric() && (joins(a1, a2) || splits_number(last, a1, a2)))
}

/// Negations in the languages that are read. Whole words, lower case.
const NEGATIONS: &[&str] = &[
    "not",
    "no",
    "never",
    "none",
    "neither",
    "nor",
    "without",
    "cannot",
    "except",
    "unless",
    "ne",
    "n",
    "pas",
    "aucun",
    "aucune",
    "sans",
    "jamais",
    "ni",
    "sauf",
    "nicht",
    "kein",
    "keine",
    "keinen",
    "keiner",
    "keinem",
    "keines",
    "ohne",
    "nie",
    "niemals",
    "ausgenommen",
    "sin",
    "nunca",
    "ningún",
    "ninguna",
    "salvo",
    "non",
    "senza",
    "mai",
    "nessun",
    "nessuna",
    "niet",
    "geen",
    "zonder",
    "nooit",
];

/// Whether the sentence around `at` holds a negation that the quote leaves out.
///
/// Looked for in the whole sentence before the quote, and after it up to the end of the clause (in German
/// and Dutch the negation can follow).
fn cuts_negation(text: &str, at: &Range<usize>) -> bool {
    let start = sentence_start(text, at.start);
    let before = &text[start..at.start];
    let after = &text[at.end..];
    let clause = if text[at.clone()].ends_with(['.', '!', '?', ';']) {
        ""
    } else {
        let end = after.find(['.', ',', ';', ':', '!', '?', BETWEEN_BLOCKS, '|']);
        &after[..end.unwrap_or(after.len())]
    };
    has_negation(before) || has_negation(clause)
}

fn sentence_start(text: &str, at: usize) -> usize {
    let mut next = text[at..].chars().next();
    for (i, c) in text[..at].char_indices().rev() {
        if c == BETWEEN_BLOCKS || c == '|' {
            return i + c.len_utf8();
        }
        if matches!(c, '.' | '!' | '?' | ';') && next.is_none_or(char::is_whitespace) {
            return i + c.len_utf8();
        }
        next = Some(c);
    }
    0
}

/// Whether `text` holds a word that turns a statement round, in any of the languages that are read.
pub fn has_negation(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric())
        .any(|word| NEGATIONS.iter().any(|n| word.eq_ignore_ascii_case(n)) || word.to_lowercase() == "ningún")
        || text.to_lowercase().contains("n't")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::page::BlockKind;

    fn page(blocks: &[&str]) -> PageText {
        let mut page = PageText::default();
        for block in blocks {
            page.push(BlockKind::Paragraph, block, None);
        }
        page
    }

    fn look(blocks: &[&str], quote: &str) -> Result<String, QuoteFault> {
        let page = page(blocks);
        Searchable::new(&page).find(quote).map(|range| page.text[range].to_owned())
    }

    #[test]
    fn typography_may_differ() {
        let stands =
            "The customer\u{2019}s \u{201c}own\u{201d} keys \u{2013} held  in\u{a0}an HSM \u{2013} are rotated auto\u{ad}matically.";
        let quote = "The customer's \"own\" keys - held in an HSM - are rotated automatically.";
        assert_eq!(look(&[stands], quote).as_deref(), Ok(stands));
        assert_eq!(
            look(&["Le droit franc\u{327}ais s\u{2019}applique ici."], "droit fran\u{e7}ais s'applique"),
            Ok("droit franc\u{327}ais s\u{2019}applique".to_owned())
        );
    }

    #[test]
    fn tries_at_bending_a_quote_are_refused() {
        use QuoteFault::*;
        let page = &[
            "Customer-managed keys are not available for the object store.",
            "We do not transfer personal data outside the EU. Backups stay in France.",
            "The average PUE was 1.25 in 2025, and 24 of 36 sites report it.",
            "Support is unable to read customer data. The service is non-compliant with the old rule.",
            "Data is stored in Frankfurt.",
            "Die Daten werden an Dritte weitergegeben, jedoch nicht ohne Zustimmung.",
            "Schlüssel des Kunden werden von uns gespeichert nicht.",
        ];
        let tries: &[(&str, &str, QuoteFault)] = &[
            ("dropped negation", "Customer-managed keys are available for the object store.", Missing),
            ("negation cut off at the front", "transfer personal data outside the EU", CutsNegation),
            ("negation cut off at the back", "Customer-managed keys are", CutsNegation),
            ("negation behind the words", "Schlüssel des Kunden werden von uns gespeichert", CutsNegation),
            ("swapped number", "The average PUE was 1.15 in 2025", Missing),
            ("number cut in two", "The average PUE was 1", CutsWord),
            ("number cut at the front", "25 in 2025, and 24 of 36 sites", CutsWord),
            ("prefix cut off", "able to read customer data", CutsWord),
            ("hyphenated prefix cut off", "compliant with the old rule", CutsWord),
            ("sentences joined out of order", "Backups stay in France. We do not transfer personal data outside the EU.", Missing),
            ("sentences joined over a gap", "We do not transfer personal data. Backups stay in France.", Missing),
            ("ellipsis", "The average PUE was ... 24 of 36 sites report it", Missing),
            ("typographic ellipsis", "The average PUE was \u{2026} 24 of 36 sites", Missing),
            ("bracketed ellipsis", "We do not transfer [...] outside the EU", Missing),
            ("blocks joined", "24 of 36 sites report it. Support is unable", Missing),
            ("homoglyph", "D\u{430}ta is stored in Frankfurt.", Missing),
            ("other case", "data is stored in frankfurt.", Missing),
            ("word swapped", "Data is stored in Frankfurt only.", Missing),
            ("invented", "All keys are held by the customer.", Missing),
            ("blank", "  \u{201c} \u{201d} ", Empty),
            ("one word", "France", TooShort),
        ];
        for (what, quote, fault) in tries {
            assert_eq!(look(page, quote), Err(*fault), "{what}: {quote}");
        }
    }

    #[test]
    fn the_mark_of_a_list_item_is_not_part_of_its_words() {
        let mut page = PageText::default();
        page.push(BlockKind::Item, "The data key is destroyed.", None);
        let found = Searchable::new(&page).find("- The data key is destroyed.").map(|range| page.text[range].to_owned());
        assert_eq!(found.as_deref(), Ok("The data key is destroyed."));
    }

    #[test]
    fn the_range_is_exact_at_multibyte_ends() {
        let blocks = &["Début. Données hébergées à Orléans, côté été", "fin"];
        assert_eq!(look(blocks, "hébergées à Orléans, côté été").as_deref(), Ok("hébergées à Orléans, côté été"));
    }

    #[test]
    fn a_repeated_phrase_is_found_where_it_stands_clean() {
        let blocks = &["We never store data in the US cloud.", "Some vendors store data in the US cloud."];
        assert_eq!(look(blocks, "store data in the US cloud."), Ok("store data in the US cloud.".to_owned()));
    }
}
