//! Models behind an OpenAI-compatible endpoint: chat with a JSON schema, and embeddings.
//!
//! The endpoint is the operator's, never a request's. Replies are text here; `extract::reply` reads them strictly.
//! Nothing in this module knows a factor.

pub mod endpoint;
pub mod tape;
pub mod usage;

pub use endpoint::{Endpoint, EndpointSettings, ModelError};
pub use tape::Tape;
pub use usage::{Price, Usage};
