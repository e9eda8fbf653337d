//! The vocabulary of a check: pages, passages, evidence, answers.
//!
//! Plain data and the one door that evidence passes ([`evidence::Candidate::verify`]).
//! Nothing here reads a clock, a file or the network, and nothing is async.

pub mod answer;
pub mod evidence;
pub mod id;
pub mod page;
pub mod profile;
pub mod progress;
pub mod quote;
pub mod request;
