//! Random and keyed values: private links, and hashes that only this service can make.
//!
//! A private link carries 128 bits that nobody can guess; only its SHA-256 is kept, so that the database opens none.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::hex;

/// The operating system gives no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("no random bytes are to be had")]
pub struct NoRandom(#[source] getrandom::Error);

/// Random bytes as text for addresses and forms, 22 characters.
///
/// # Errors
/// The operating system gives none.
pub fn random() -> Result<String, NoRandom> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(NoRandom)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The secret part of a check's private address.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(String);

impl Link {
    /// A new one.
    ///
    /// # Errors
    /// No random bytes are to be had.
    pub fn new() -> Result<Self, NoRandom> {
        random().map(Self)
    }

    /// The one that belongs to `parts`, so that asking twice for the same leads to the same place.
    pub fn derived(key: &Key, parts: &[&str]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(&key.mac("link", parts)[..16]))
    }

    /// The one in an address, if it looks like one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 16).then(|| Self(text.to_owned()))
    }

    /// For the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn sha256(&self) -> String {
        hex(&Sha256::digest(&self.0))
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link(…)")
    }
}

/// A secret that all processes of one service share.
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl Key {
    /// The key with this text.
    pub fn new(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }

    /// What only a holder of the key can make of `parts`. `purpose` keeps uses apart.
    pub fn mac(&self, purpose: &str, parts: &[&str]) -> Vec<u8> {
        self.begin(purpose, parts).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
    }

    /// The same in hex.
    pub fn hash(&self, purpose: &str, parts: &[&str]) -> String {
        hex(&self.mac(purpose, parts))
    }

    /// Whether `tag` was made of `parts` by a holder of the key; takes as long for every wrong tag.
    pub fn made(&self, purpose: &str, parts: &[&str], tag: &[u8]) -> bool {
        self.begin(purpose, parts).is_some_and(|mac| mac.verify_slice(tag).is_ok())
    }

    fn begin(&self, purpose: &str, parts: &[&str]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        // Lengths first, so that no two lists of parts are the same bytes.
        for part in std::iter::once(&purpose).chain(parts) {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part.as_bytes());
        }
        Some(mac)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_random_long_and_read_back() {
        let (one, other) = (Link::new().expect("random"), Link::new().expect("random"));
        assert!(one != other && one.as_str().len() == 22 && one.sha256().len() == 64);
        assert_eq!(Link::parse(one.as_str()), Some(one.clone()));
        assert!(Link::parse("short").is_none() && Link::parse(&"a".repeat(23)).is_none() && !format!("{one:?}").contains(one.as_str()));
    }

    #[test]
    fn a_keyed_hash_tells_parts_purposes_and_keys_apart() {
        let key = Key::new("k");
        let tag = key.mac("form", &["ab", "c"]);
        assert!(key.made("form", &["ab", "c"], &tag));
        assert!(!key.made("form", &["a", "bc"], &tag) && !key.made("link", &["ab", "c"], &tag));
        assert!(!Key::new("l").made("form", &["ab", "c"], &tag) && !key.made("form", &["ab", "c"], &tag[..16]));
        assert_eq!(Link::derived(&key, &["x"]), Link::derived(&key, &["x"]));
    }
}
