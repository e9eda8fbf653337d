//! Exact cosine search in process. At a few thousand passages nothing is faster, and nothing is more right.

use std::collections::HashMap;

use super::VectorError;

/// Vectors of checks, each scaled to length one.
#[derive(Debug, Default)]
pub struct Local {
    checks: HashMap<String, Vec<Vec<f32>>>,
}

impl Local {
    pub(super) fn put(&mut self, check: &str, mut vectors: Vec<Vec<f32>>) {
        vectors.iter_mut().for_each(|v| scale(v));
        self.checks.insert(check.to_owned(), vectors);
    }

    pub(super) fn search(&self, check: &str, query: &[f32], limit: usize) -> Result<Vec<(u32, f32)>, VectorError> {
        let Some(vectors) = self.checks.get(check) else { return Ok(Vec::new()) };
        if let Some(first) = vectors.first().filter(|first| first.len() != query.len()) {
            return Err(VectorError::Length { expected: first.len(), found: query.len() });
        }
        let mut query = query.to_vec();
        scale(&mut query);
        let mut hits: Vec<(u32, f32)> = vectors
            .iter()
            .enumerate()
            .map(|(i, v)| (u32::try_from(i).unwrap_or(u32::MAX), v.iter().zip(&query).map(|(a, b)| a * b).sum::<f32>() + 0.0))
            .collect();
        hits.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        hits.truncate(limit);
        Ok(hits)
    }

    pub(super) fn forget(&mut self, check: &str) {
        self.checks.remove(check);
    }
}

/// Scales to length one; a zero vector stays zero and is near nothing.
fn scale(vector: &mut [f32]) {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
}
