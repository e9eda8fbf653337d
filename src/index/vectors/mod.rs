//! Dense search over one check's passages: exact in process, or on a Qdrant server.
//!
//! A closed set, so an enum: both do the same, and one contract suite runs over both. Vectors can always be made again
//! from stored passages, so neither keeps anything that matters.

pub mod local;
pub mod qdrant;

use local::Local;
use qdrant::Qdrant;

/// Where vectors are searched.
pub enum Vectors {
    /// In process, exactly.
    Local(Local),
    /// On a server.
    Qdrant(Box<Qdrant>),
}

/// What can go wrong with vectors.
#[derive(Debug, thiserror::Error)]
pub enum VectorError {
    /// The server did not do it.
    #[error("the vector server could not {action}")]
    Server {
        /// What was asked.
        action: &'static str,
        /// Why not.
        #[source]
        source: Box<qdrant_client::QdrantError>,
    },
    /// Vectors of one check have different lengths.
    #[error("a vector has {found} numbers where the others have {expected}")]
    Length {
        /// The length of the first.
        expected: usize,
        /// The length of this one.
        found: usize,
    },
}

impl Vectors {
    /// Stores the vectors of a check, replacing those it had. A passage's number is the vector's place.
    ///
    /// # Errors
    /// [`VectorError`] if lengths differ or the server fails.
    pub async fn put(&mut self, check: &str, vectors: Vec<Vec<f32>>) -> Result<(), VectorError> {
        if let Some(first) = vectors.first() {
            let expected = first.len();
            if let Some(odd) = vectors.iter().find(|v| v.len() != expected) {
                return Err(VectorError::Length { expected, found: odd.len() });
            }
        }
        match self {
            Self::Local(local) => {
                local.put(check, vectors);
                Ok(())
            }
            Self::Qdrant(qdrant) => qdrant.put(check, vectors).await,
        }
    }

    /// The `limit` passages nearest to `query` by cosine, best first; ties in the order of passages. A vector of zeros is
    /// at a right angle to every other. A check without vectors, or one that nobody knows, has nothing near.
    ///
    /// # Errors
    /// [`VectorError::Length`] if the check has vectors and the query's length is not theirs: they come from another
    /// model, so silence would pass for "nothing is near". [`VectorError::Server`] if the server fails.
    pub async fn search(&self, check: &str, query: &[f32], limit: usize) -> Result<Vec<(u32, f32)>, VectorError> {
        match self {
            Self::Local(local) => local.search(check, query, limit),
            Self::Qdrant(qdrant) => qdrant.search(check, query, limit).await,
        }
    }

    /// Forgets the vectors of a check.
    ///
    /// # Errors
    /// [`VectorError`] if the server fails.
    pub async fn forget(&mut self, check: &str) -> Result<(), VectorError> {
        match self {
            Self::Local(local) => {
                local.forget(check);
                Ok(())
            }
            Self::Qdrant(qdrant) => qdrant.forget(check).await,
        }
    }
}
