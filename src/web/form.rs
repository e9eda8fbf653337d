//! Whether a person fills in the form, without a captcha of strangers.
//!
//! Each form carries a ticket that only this service can make. With scripts, the browser finds a number whose hash with the
//! ticket begins with zeros: about a second of work. Without scripts, the form must have been open for some seconds. A field
//! that people do not see stays empty. A ticket is good for one check: it is the key under which asking twice is the same.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::config::Web;
use crate::token::{Key, NoRandom, random};

/// How long a form may stay open.
const LONGEST_MS: u64 = 12 * 60 * 60 * 1_000;

/// Why a form is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It is not one of ours.
    Forged,
    /// It is too old.
    Stale,
    /// It was sent sooner than a person does.
    Soon {
        /// Seconds until it is taken.
        wait: u64,
    },
}

/// A new ticket.
pub(super) fn ticket(key: &Key, now_ms: u64) -> Result<String, NoRandom> {
    let (issued, number) = (now_ms.to_string(), random()?);
    let tag = URL_SAFE_NO_PAD.encode(key.mac("form", &[&issued, &number]));
    Ok(format!("{issued}.{number}.{tag}"))
}

/// The number of the ticket that came back, if a person seems to have sent it.
pub(super) fn judge<'a>(key: &Key, web: &Web, ticket: &'a str, proof: &str, trap: &str, now_ms: u64) -> Result<&'a str, Doubt> {
    let parts: Vec<&str> = ticket.split('.').collect();
    let [issued, number, tag] = parts[..] else { return Err(Doubt::Forged) };
    let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| Doubt::Forged)?;
    if !key.made("form", &[issued, number], &tag) || !trap.is_empty() {
        return Err(Doubt::Forged);
    }
    let age = now_ms.saturating_sub(issued.parse().map_err(|_| Doubt::Forged)?);
    if age > LONGEST_MS {
        return Err(Doubt::Stale);
    }
    if !proof.is_empty() && proves(ticket, proof, web.form_bits) {
        return Ok(number);
    }
    match (web.form_wait * 1_000).checked_sub(age) {
        None | Some(0) => Ok(number),
        Some(left) => Err(Doubt::Soon { wait: left.div_ceil(1_000) }),
    }
}

/// Whether the hash of ticket and proof begins with so many zero bits.
fn proves(ticket: &str, proof: &str, bits: u32) -> bool {
    proof.len() <= 20 && proof.bytes().all(|byte| byte.is_ascii_digit()) && {
        let hash = Sha256::digest(format!("{ticket}.{proof}"));
        let first = hash.iter().take(4).fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
        first.leading_zeros() >= bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(ticket: &str, proof: &str, trap: &str, now_ms: u64) -> Result<String, Doubt> {
        let web = Web { form_wait: 8, form_bits: 8, ..Web::default() };
        judge(&Key::new("k"), &web, ticket, proof, trap, now_ms).map(str::to_owned)
    }

    #[test]
    fn work_or_waiting_opens_the_form() {
        let ticket = ticket(&Key::new("k"), 1_000).expect("random");
        assert_eq!(judged(&ticket, "", "", 1_500), Err(Doubt::Soon { wait: 8 }));
        assert!(judged(&ticket, "", "", 9_000).is_ok());
        let proof = (0..).map(|n: u32| n.to_string()).find(|n| proves(&ticket, n, 8)).expect("a proof");
        assert!(judged(&ticket, &proof, "", 1_500).is_ok());
        let wrong = (0..).map(|n: u32| n.to_string()).find(|n| !proves(&ticket, n, 8)).expect("no proof");
        assert!(matches!(judged(&ticket, &wrong, "", 1_500), Err(Doubt::Soon { .. })));
    }

    #[test]
    fn forged_old_and_trapped_forms_are_not_taken() {
        let ticket = ticket(&Key::new("k"), 1_000).expect("random");
        assert_eq!(judged(&ticket, "", "https://spam.example", 9_000), Err(Doubt::Forged));
        assert_eq!(judged(&ticket.replacen("1000", "0", 1), "", "", 9_000), Err(Doubt::Forged));
        assert_eq!(judged(&super::ticket(&Key::new("l"), 1_000).expect("random"), "", "", 9_000), Err(Doubt::Forged));
        assert_eq!(judged("a.b", "", "", 9_000), Err(Doubt::Forged));
        assert_eq!(judged(&ticket, "", "", 2_000 + LONGEST_MS), Err(Doubt::Stale));
    }
}
