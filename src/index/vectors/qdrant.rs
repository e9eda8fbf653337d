//! Dense search on a Qdrant server: one collection for all checks, points told apart by the check they belong to.
//!
//! Point ids are UUIDv5 of check and passage, so putting the same passage twice changes nothing.

use std::collections::HashMap;

use qdrant_client::qdrant::{
    Condition, CreateCollectionBuilder, CreateFieldIndexCollectionBuilder, DeletePointsBuilder, Distance, FieldType, Filter, PointStruct,
    QueryPointsBuilder, SearchParamsBuilder, UpsertPointsBuilder, Value, VectorParamsBuilder,
};
use qdrant_client::{Qdrant as Client, QdrantError};
use uuid::Uuid;

use super::VectorError;

/// Points that are sent in one request.
const BATCH: usize = 256;

/// A server with the collection that is used on it.
pub struct Qdrant {
    client: Client,
    /// Start of the names of the collections: one for each length of vector.
    prefix: String,
}

fn to(action: &'static str) -> impl Fn(QdrantError) -> VectorError {
    move |source| VectorError::Server { action, source: Box::new(source) }
}

impl Qdrant {
    /// Connects to the gRPC port of a server; nothing is sent yet.
    ///
    /// # Errors
    /// [`VectorError::Server`] if the address is not one.
    pub fn connect(url: &str, api_key: Option<&str>, collection: &str) -> Result<Self, VectorError> {
        let mut config = Client::from_url(url).skip_compatibility_check();
        if let Some(key) = api_key {
            config = config.api_key(key);
        }
        let client = config.build().map_err(to("be set up"))?;
        Ok(Self { client, prefix: collection.to_owned() })
    }

    pub(super) async fn put(&self, check: &str, vectors: Vec<Vec<f32>>) -> Result<(), VectorError> {
        let Some(length) = vectors.first().map(Vec::len) else { return self.forget(check).await };
        self.forget(check).await?;
        let collection = self.ensure_collection(length).await?;
        let mut points = Vec::with_capacity(BATCH);
        for (i, vector) in vectors.into_iter().enumerate() {
            let payload: HashMap<String, Value> =
                [("check".to_owned(), check.to_owned().into()), ("passage".to_owned(), i64::try_from(i).unwrap_or(i64::MAX).into())].into();
            let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{check}/{i}").as_bytes());
            points.push(PointStruct::new(id.to_string(), vector, payload));
            if points.len() == BATCH {
                self.upsert(&collection, std::mem::take(&mut points)).await?;
            }
        }
        self.upsert(&collection, points).await
    }

    async fn upsert(&self, collection: &str, points: Vec<PointStruct>) -> Result<(), VectorError> {
        if points.is_empty() {
            return Ok(());
        }
        let request = UpsertPointsBuilder::new(collection, points).wait(true);
        self.client.upsert_points(request).await.map_err(to("store vectors"))?;
        Ok(())
    }

    async fn ensure_collection(&self, length: usize) -> Result<String, VectorError> {
        let name = format!("{}-{length}", self.prefix);
        if self.client.collection_exists(&name).await.map_err(to("list its collections"))? {
            return Ok(name);
        }
        let params = VectorParamsBuilder::new(length as u64, Distance::Cosine);
        let request = CreateCollectionBuilder::new(&name).vectors_config(params);
        self.client.create_collection(request).await.map_err(to("make a collection"))?;
        let index = CreateFieldIndexCollectionBuilder::new(&name, "check", FieldType::Keyword).wait(true);
        self.client.create_field_index(index).await.map_err(to("index the collection"))?;
        Ok(name)
    }

    pub(super) async fn search(&self, check: &str, query: &[f32], limit: usize) -> Result<Vec<(u32, f32)>, VectorError> {
        let request = QueryPointsBuilder::new(format!("{}-{}", self.prefix, query.len()))
            .query(query.to_vec())
            .filter(Filter::must([Condition::matches("check", check.to_owned())]))
            .params(SearchParamsBuilder::default().exact(true))
            .with_payload(true)
            .limit(limit as u64);
        let found = self.client.query(request).await.map_err(to("search"))?;
        let mut hits: Vec<(u32, f32)> = found
            .result
            .iter()
            .filter_map(|point| {
                let number = point.payload.get("passage")?.as_integer()?;
                Some((u32::try_from(number).ok()?, point.score))
            })
            .collect();
        hits.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Ok(hits)
    }

    pub(super) async fn forget(&self, check: &str) -> Result<(), VectorError> {
        let all = self.client.list_collections().await.map_err(to("list its collections"))?;
        let start = format!("{}-", self.prefix);
        for collection in all.collections.into_iter().filter(|c| c.name.starts_with(&start)) {
            let of_check = Filter::must([Condition::matches("check", check.to_owned())]);
            let request = DeletePointsBuilder::new(collection.name).points(of_check).wait(true);
            self.client.delete_points(request).await.map_err(to("forget vectors"))?;
        }
        Ok(())
    }
}
