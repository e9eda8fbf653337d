//! Lexical search: BM25 with the words of each language cut and stemmed by its own rules.
//!
//! Passages are indexed by the language of their page; queries are put to the index of their language, and ranks, not
//! scores, are compared between languages (scores of two indexes have no common scale).

use std::collections::BTreeMap;

use bm25::{Document, Language, SearchEngine, SearchEngineBuilder};

/// An index over one check's passages.
pub struct Lexical {
    engines: BTreeMap<&'static str, SearchEngine<u32>>,
}

impl Lexical {
    /// Indexes texts with the language of each (ISO 639-1); a passage's number is its place.
    pub fn new<'a>(texts: impl Iterator<Item = (Option<&'a str>, String)>) -> Self {
        let mut by_language: BTreeMap<&'static str, Vec<Document<u32>>> = BTreeMap::new();
        for (number, (language, text)) in texts.enumerate() {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            by_language.entry(known(language)).or_default().push(Document::new(number, text));
        }
        let engines = by_language
            .into_iter()
            .map(|(language, documents)| (language, SearchEngineBuilder::<u32>::with_documents(rules_of(language), documents).build()))
            .collect();
        Self { engines }
    }

    /// The best passages for a query in `language`, best first, with the engine's own score.
    pub fn search(&self, language: &str, query: &str, limit: usize) -> Vec<(u32, f32)> {
        let Some(engine) = self.engines.get(known(Some(language))) else { return Vec::new() };
        // The library breaks ties by chance; here the earlier passage comes first, so that a check can be repeated.
        let mut hits: Vec<(u32, f32)> = engine.search(query, None).into_iter().map(|hit| (hit.document.id, hit.score)).collect();
        hits.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        hits.truncate(limit);
        hits
    }

    /// Languages that passages are in.
    pub fn languages(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.engines.keys().copied()
    }
}

/// The language whose index holds texts in `language`; English where there is no better one.
fn known(language: Option<&str>) -> &'static str {
    match language {
        Some("fr") => "fr",
        Some("de") => "de",
        Some("es") => "es",
        Some("it") => "it",
        Some("nl") => "nl",
        _ => "en",
    }
}

fn rules_of(language: &str) -> Language {
    match language {
        "fr" => Language::French,
        "de" => Language::German,
        "es" => Language::Spanish,
        "it" => Language::Italian,
        "nl" => Language::Dutch,
        _ => Language::English,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_their_language_and_other_forms() {
        let texts = [
            (Some("en"), "The agreements are governed by French law."),
            (Some("fr"), "Les données sont hébergées en France."),
            (Some("de"), "Es gilt deutsches Recht."),
            (None, "SecNumCloud qualified"),
        ];
        let index = Lexical::new(texts.iter().map(|(l, t)| (*l, (*t).to_owned())));
        let first = |language: &str, query: &str| index.search(language, query, 5).first().map(|hit| hit.0);
        assert_eq!(first("en", "agreement governing law"), Some(0));
        assert_eq!(first("fr", "hébergement des données"), Some(1));
        assert_eq!(first("de", "anwendbares Recht"), Some(2));
        assert_eq!(first("en", "SecNumCloud"), Some(3));
        assert_eq!(first("en", "zzz"), None);
    }
}
