//! Dense search on a Qdrant server: one collection for each length of vector, points told apart by their check.
//!
//! Point ids are UUIDv5 of check and passage, so putting the same passage twice changes nothing.

use std::collections::HashMap;

use qdrant_client::qdrant::{
    Condition, CountPointsBuilder, CreateCollectionBuilder, CreateFieldIndexCollectionBuilder, DeletePointsBuilder, Distance, FieldType,
    Filter, PointStruct, QueryPointsBuilder, SearchParamsBuilder, UpsertPointsBuilder, Value, VectorParamsBuilder,
};
use qdrant_client::{Qdrant as Client, QdrantError};
use uuid::Uuid;

use super::VectorError;

/// Points that are sent in one request.
const BATCH: usize = 256;

/// What gRPC answers if a collection does not exist.
const NOT_FOUND: i32 = 5;

/// A server with the collections that are used on it.
pub struct Qdrant {
    client: Client,
    /// Start of the names of the collections: one for each length of vector.
    prefix: String,
}

fn to(action: &'static str) -> impl Fn(QdrantError) -> VectorError {
    move |source| VectorError::Server { action, source: Box::new(source) }
}

fn of(check: &str) -> Filter {
    Filter::must([Condition::matches("check", check.to_owned())])
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

    fn collection(&self, length: usize) -> String {
        format!("{}-{length}", self.prefix)
    }

    /// The collections there are, each with the length of its vectors. Names that only start the same are others'.
    async fn collections(&self) -> Result<Vec<(String, usize)>, VectorError> {
        let all = self.client.list_collections().await.map_err(to("list its collections"))?;
        let length = |name: &str| name.strip_prefix(&self.prefix)?.strip_prefix('-')?.parse().ok();
        Ok(all.collections.into_iter().filter_map(|c| length(&c.name).map(|length| (c.name, length))).collect())
    }

    async fn exists(&self, collection: &str) -> Result<bool, VectorError> {
        self.client.collection_exists(collection).await.map_err(to("list its collections"))
    }

    async fn ensure_collection(&self, length: usize) -> Result<String, VectorError> {
        let name = self.collection(length);
        if self.exists(&name).await? {
            return Ok(name);
        }
        let params = VectorParamsBuilder::new(length as u64, Distance::Cosine);
        let request = CreateCollectionBuilder::new(&name).vectors_config(params);
        if let Err(refused) = self.client.create_collection(request).await {
            // Another process may have made it in between; to index it twice does no harm.
            if !self.exists(&name).await? {
                return Err(to("make a collection")(refused));
            }
        }
        let index = CreateFieldIndexCollectionBuilder::new(&name, "check", FieldType::Keyword).wait(true);
        self.client.create_field_index(index).await.map_err(to("index the collection"))?;
        Ok(name)
    }

    pub(super) async fn search(&self, check: &str, query: &[f32], limit: usize) -> Result<Vec<(u32, f32)>, VectorError> {
        // A server picks among ties as it likes, so ask until the first that is left out is no tie, and pick here.
        let mut asked = limit.saturating_add(1);
        let mut hits = self.nearest(check, query, asked).await?;
        while hits.len() == asked && limit > 0 && hits[limit - 1].1 == hits[asked - 1].1 {
            asked = asked.saturating_mul(2);
            hits = self.nearest(check, query, asked).await?;
        }
        if hits.is_empty()
            && let Some(expected) = self.length(check).await?.filter(|length| *length != query.len())
        {
            return Err(VectorError::Length { expected, found: query.len() });
        }
        hits.truncate(limit);
        Ok(hits)
    }

    async fn nearest(&self, check: &str, query: &[f32], limit: usize) -> Result<Vec<(u32, f32)>, VectorError> {
        let request = QueryPointsBuilder::new(self.collection(query.len()))
            .query(query.to_vec())
            .filter(of(check))
            .params(SearchParamsBuilder::default().exact(true))
            .with_payload(true)
            .limit(limit as u64);
        let found = match self.client.query(request).await {
            Err(QdrantError::ResponseError { status }) if i32::from(status.code()) == NOT_FOUND => return Ok(Vec::new()),
            answer => answer.map_err(to("search"))?,
        };
        let mut hits: Vec<(u32, f32)> = found
            .result
            .iter()
            .filter_map(|point| {
                let number = point.payload.get("passage")?.as_integer()?;
                // Adding zero makes -0 plain 0, which would else be no tie.
                Some((u32::try_from(number).ok()?, point.score + 0.0))
            })
            .collect();
        hits.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Ok(hits)
    }

    /// The length of the vectors that a check has, if it has any.
    async fn length(&self, check: &str) -> Result<Option<usize>, VectorError> {
        for (collection, length) in self.collections().await? {
            let request = CountPointsBuilder::new(collection).filter(of(check)).exact(true);
            let counted = self.client.count(request).await.map_err(to("count vectors"))?;
            if counted.result.is_some_and(|r| r.count > 0) {
                return Ok(Some(length));
            }
        }
        Ok(None)
    }

    pub(super) async fn forget(&self, check: &str) -> Result<(), VectorError> {
        for (collection, _) in self.collections().await? {
            let request = DeletePointsBuilder::new(collection).points(of(check)).wait(true);
            self.client.delete_points(request).await.map_err(to("forget vectors"))?;
        }
        Ok(())
    }
}
