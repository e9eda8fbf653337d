//! Frameworks that decide by gates: each control is met, partly met, not met or without public evidence, and the gates
//! decide a verdict, seen from an area of sovereignty.
//!
//! Pure: an edition (data), the facts and answers of one check, and an area give a [`judge::Judgement`], which tells what is
//! only missing from what fails. Nothing here reads pages, and no code names a control of a particular framework.

pub mod edition;
pub mod judge;

pub use edition::Edition;
pub use judge::{Judgement, judge};

#[cfg(test)]
mod tests;
