//! Typed identifiers, so that a page can never be passed where a check is meant.
//!
//! Ids of stored things are UUIDv7 made from a given time; this module reads no clock.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::{NoContext, Timestamp, Uuid};

/// An id that could not be read back.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not an id of the form {prefix}_<uuid>")]
pub struct BadId {
    text: String,
    prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident = $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id whose order follows `now_ms`, milliseconds since the epoch.
            pub fn at(now_ms: u64) -> Self {
                let seconds = now_ms / 1000;
                let nanos = u32::try_from(now_ms % 1000).unwrap_or(0) * 1_000_000;
                Self(Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, nanos)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(|rest| Uuid::try_parse(rest).ok())
                    .map(Self)
                    .ok_or_else(|| BadId { text: text.to_owned(), prefix: $prefix })
            }
        }
    };
}

id! {
    /// One service measured against one framework, once.
    CheckId = "chk"
}

/// The place of a page within its check, counted from 1 in the order of reading.
///
/// Small on purpose: it is what a model sees and what a quote points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PageNumber(pub u32);

impl fmt::Display for PageNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.0)
    }
}

/// The id of a factor, such as `SOV-2.1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct FactorId(pub String);

impl FactorId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FactorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for FactorId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_refuses_another_kind() {
        let id = CheckId::at(1_700_000_000_123);
        assert_eq!(id.to_string().parse::<CheckId>().ok(), Some(id));
        assert!("asm_0".parse::<CheckId>().is_err());
    }

    #[test]
    fn ids_sort_by_time() {
        assert!(CheckId::at(1_000) < CheckId::at(2_000));
    }
}
