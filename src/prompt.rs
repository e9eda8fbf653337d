//! Prompts are files with holes. Filling is strict: a hole without a value, or a value without a hole, is an error,
//! since a prompt that silently lost its evidence still gets a confident answer.
//!
//! Page text is a value, never a template: what looks like a hole inside a value is left alone.

use sha2::{Digest, Sha256};

use crate::hex;

/// A template that ships with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Its file below `prompts/`.
    pub name: &'static str,
    text: &'static str,
}

/// Asks for one factor's option with quotes.
pub const EXTRACT: Prompt = Prompt { name: "extract.md", text: include_str!("../prompts/extract.md") };
/// Asks whether quotes support what they were quoted for.
pub const SUPPORT: Prompt = Prompt { name: "support.md", text: include_str!("../prompts/support.md") };
/// Asks which passages to read.
pub const RANK: Prompt = Prompt { name: "rank.md", text: include_str!("../prompts/rank.md") };
/// Asks again after a reply that could not be used.
pub const REPAIR: Prompt = Prompt { name: "repair.md", text: include_str!("../prompts/repair.md") };

/// Values and holes do not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// A hole is left.
    #[error("prompt {0}: no value for {{{{{1}}}}}")]
    NoValue(&'static str, String),
    /// A value has no place.
    #[error("prompt {0}: no hole {{{{{1}}}}}")]
    NoHole(&'static str, String),
}

impl Prompt {
    /// The template with every hole filled.
    ///
    /// # Errors
    /// [`FillError`] names the hole or value that is left over.
    pub fn fill(&self, values: &[(&str, &str)]) -> Result<String, FillError> {
        let mut out = String::new();
        let mut used = vec![false; values.len()];
        let mut rest = self.text;
        while let Some(open) = rest.find("{{") {
            out.push_str(&rest[..open]);
            let after = &rest[open + 2..];
            let close = after.find("}}").unwrap_or(after.len());
            let name = after[..close].trim();
            let Some(i) = values.iter().position(|(known, _)| *known == name) else {
                return Err(FillError::NoValue(self.name, name.to_owned()));
            };
            used[i] = true;
            out.push_str(values[i].1);
            rest = after.get(close + 2..).unwrap_or("");
        }
        out.push_str(rest);
        match used.iter().position(|used| !used) {
            Some(i) => Err(FillError::NoHole(self.name, values[i].0.to_owned())),
            None => Ok(out),
        }
    }

    /// SHA-256 of the template, in hex: its version.
    pub fn sha256(&self) -> String {
        hex(&Sha256::digest(self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: Prompt = Prompt { name: "p", text: "a {{x}} b {{y}}" };

    #[test]
    fn holes_and_values_must_fit() {
        assert_eq!(P.fill(&[("x", "1"), ("y", "{{x}}")]).as_deref(), Ok("a 1 b {{x}}"));
        assert_eq!(P.fill(&[("x", "1")]), Err(FillError::NoValue("p", "y".to_owned())));
        assert_eq!(P.fill(&[("x", "1"), ("y", "2"), ("z", "3")]), Err(FillError::NoHole("p", "z".to_owned())));
    }
}
