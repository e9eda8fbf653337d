//! From a factor and its passages to candidates.
//!
//! Two extractors, one door: [`rules`] needs no model, [`model`] asks one. Both only make
//! [`Candidate`](crate::domain::evidence::Candidate)s; what they say counts after verification.

pub mod caps;
pub mod mask;
pub mod model;
pub mod rank;
pub mod reply;
pub mod rules;
pub mod support;
