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

    /// The `limit` passages nearest to `query` by cosine, best first; ties in the order of passages.
    ///
    /// # Errors
    /// [`VectorError`] if the server fails or the query's length is another one.
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
