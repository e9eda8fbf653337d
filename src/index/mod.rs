//! From pages to passages, and from a factor to the passages that may settle it.
//!
//! Lexical search always; dense search where an embedding model is configured, exact in process or on a Qdrant
//! server. Nothing here judges a passage.

pub mod gist;
pub mod lexical;
pub mod passage;
pub mod retrieve;
pub mod vectors;
