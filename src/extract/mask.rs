//! A vendor's name taken out of what a model reads, so that it answers by the words and not by the name.
//!
//! Letters of any case are masked and come back as they were: a quote must stand on the page as it is.

/// Stands for a name; a word that no page has.
const MASK: &str = "Anbietorix";

/// Masks one name.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    /// The ways in which the name is written, the longest first, each with what stands for it.
    pairs: Vec<(String, String)>,
}

impl Mask {
    /// Of a service's name; of each word of it too that is long enough to tell.
    pub fn of(service: &str) -> Self {
        let mut names: Vec<String> = vec![service.to_owned()];
        names.extend(service.split_whitespace().filter(|word| word.chars().count() >= 4).map(str::to_owned));
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.dedup();
        let mut pairs: Vec<(String, String)> = Vec::new();
        for name in &names {
            let mut rest = name.chars();
            let capital: String = rest.next().into_iter().flat_map(char::to_uppercase).chain(rest).collect();
            for written in [name.clone(), capital, name.to_uppercase(), name.to_lowercase()] {
                if !pairs.iter().any(|(known, _)| *known == written) {
                    // Marks of one length: none is the beginning of another.
                    pairs.push((written, format!("{MASK}{:02}", pairs.len() % 100)));
                }
            }
        }
        Self { pairs }
    }

    /// `text` without the name.
    pub fn hide(&self, text: &str) -> String {
        self.pairs.iter().fold(text.to_owned(), |text, (name, stands)| text.replace(name, stands))
    }

    /// `text` with the name where it was.
    pub fn show(&self, text: &str) -> String {
        self.pairs.iter().fold(text.to_owned(), |text, (name, stands)| text.replace(stands, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_typed_in_small_letters_is_hidden_too() {
        let mask = Mask::of("nordhaven");
        let text = "Nordhaven, NORDHAVEN and nordhaven.example";
        let hidden = mask.hide(text);
        assert!(!hidden.to_lowercase().contains("nordhaven"), "{hidden}");
        assert_eq!(mask.show(&hidden), text);
    }

    #[test]
    fn a_name_is_hidden_in_any_case_and_comes_back() {
        let mask = Mask::of("Nordhaven Cloud");
        let text = "NORDHAVEN keeps what Nordhaven Cloud stores at https://docs.nordhaven.example; other clouds do not.";
        let hidden = mask.hide(text);
        assert!(!hidden.to_lowercase().contains("nordhaven"), "{hidden}");
        assert_eq!(mask.show(&hidden), text);
        assert_eq!(Mask::default().hide(text), text);
    }
}
