//! Sovereignty Check: how sovereign or resilient is a cloud service, and what proves it?

pub mod domain;
pub mod framework;
pub mod score;
