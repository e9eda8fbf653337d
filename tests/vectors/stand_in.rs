//! A Qdrant server in this process: gRPC on a free port, points in memory, exact cosine.
//!
//! It answers the calls that the project makes as a real one does, and refuses the others. Where a real one promises
//! nothing, it does the least convenient thing: ties come back last first, writes that are not waited for and filters
//! over fields without an index are refused.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use qdrant_client::qdrant::collections_server::{Collections, CollectionsServer};
use qdrant_client::qdrant::condition::ConditionOneOf;
use qdrant_client::qdrant::r#match::MatchValue;
use qdrant_client::qdrant::points_selector::PointsSelectorOneOf;
use qdrant_client::qdrant::points_server::{Points, PointsServer};
use qdrant_client::qdrant::qdrant_server::{Qdrant, QdrantServer};
use qdrant_client::qdrant::value::Kind;
use qdrant_client::qdrant::with_payload_selector::SelectorOptions;
use qdrant_client::qdrant::{self, query, vector, vector_input, vectors, vectors_config};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

type Answer<T> = Result<Response<T>, Status>;

/// Starts a server without collections and gives its address. It ends with the test's runtime.
pub async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let server = Arc::new(Server::default());
    let routes = tonic::transport::Server::builder()
        .add_service(QdrantServer::from_arc(server.clone()))
        .add_service(CollectionsServer::from_arc(server.clone()))
        .add_service(PointsServer::from_arc(server));
    tokio::spawn(routes.serve_with_incoming(TcpListenerStream::new(listener)));
    url
}

#[derive(Default)]
struct Server {
    collections: Mutex<BTreeMap<String, Collection>>,
}

struct Collection {
    length: usize,
    /// Fields that may be filtered over.
    indexed: BTreeSet<String>,
    /// In the order in which they first came.
    points: Vec<qdrant::PointStruct>,
}

impl Server {
    fn collections(&self) -> MutexGuard<'_, BTreeMap<String, Collection>> {
        self.collections.lock().expect("no test fails while it has the lock")
    }

    fn with<T>(&self, name: &str, act: impl FnOnce(&mut Collection) -> Result<T, Status>) -> Result<T, Status> {
        let mut collections = self.collections();
        let missing = || Status::not_found(format!("Collection `{name}` doesn't exist!"));
        act(collections.get_mut(name).ok_or_else(missing)?)
    }
}

impl Collection {
    fn upsert(&mut self, point: qdrant::PointStruct) -> Result<(), Status> {
        self.check_length(numbers(&point)?)?;
        match self.points.iter_mut().find(|p| p.id == point.id) {
            Some(old) => *old = point,
            None => self.points.push(point),
        }
        Ok(())
    }

    fn check_length(&self, vector: &[f32]) -> Result<(), Status> {
        if vector.len() == self.length {
            return Ok(());
        }
        Err(Status::invalid_argument(format!("Vector dimension error: expected dim: {}, got {}", self.length, vector.len())))
    }

    /// Tells which points a filter lets through. Of all filters it knows one: a word in an indexed field.
    fn filter(&self, filter: Option<qdrant::Filter>) -> Result<impl Fn(&qdrant::PointStruct) -> bool + use<>, Status> {
        let must = filter.map(|f| f.must).unwrap_or_default();
        let [qdrant::Condition { condition_one_of: Some(ConditionOneOf::Field(field)) }] = must.as_slice() else {
            return Err(Status::unimplemented("filters other than by one field"));
        };
        let Some(MatchValue::Keyword(word)) = field.r#match.clone().and_then(|m| m.match_value) else {
            return Err(Status::unimplemented("filters other than by a word"));
        };
        if !self.indexed.contains(&field.key) {
            return Err(Status::invalid_argument(format!("Index required but not found for \"{}\"", field.key)));
        }
        let (key, kind) = (field.key.clone(), Some(Kind::StringValue(word)));
        Ok(move |point: &qdrant::PointStruct| point.payload.get(&key).is_some_and(|value| value.kind == kind))
    }

    fn nearest(&self, request: qdrant::QueryPoints) -> Result<Vec<qdrant::ScoredPoint>, Status> {
        let limit = request.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(10);
        if limit == 0 {
            return Err(Status::invalid_argument("limit: value 0 invalid, must be 1 or larger"));
        }
        let query = dense_query(request.query)?;
        self.check_length(&query)?;
        let payload = request.with_payload.and_then(|w| w.selector_options) == Some(SelectorOptions::Enable(true));
        let passes = self.filter(request.filter)?;
        let mut hits = Vec::new();
        for point in self.points.iter().rev().filter(|p| passes(p)) {
            hits.push(scored(point, cosine(numbers(point)?, &query), payload));
        }
        hits.sort_by(|a, b| b.score.partial_cmp(&a.score).unwrap_or(Ordering::Equal));
        hits.truncate(limit);
        Ok(hits)
    }
}

fn numbers(point: &qdrant::PointStruct) -> Result<&[f32], Status> {
    match point.vectors.as_ref().and_then(|v| v.vectors_options.as_ref()) {
        Some(vectors::VectorsOptions::Vector(qdrant::Vector { vector: Some(vector::Vector::Dense(dense)), .. })) => Ok(&dense.data),
        _ => Err(Status::unimplemented("vectors other than one dense one for a point")),
    }
}

fn dense_query(query: Option<qdrant::Query>) -> Result<Vec<f32>, Status> {
    match query.and_then(|q| q.variant) {
        Some(query::Variant::Nearest(qdrant::VectorInput { variant: Some(vector_input::Variant::Dense(dense)) })) => Ok(dense.data),
        _ => Err(Status::unimplemented("queries other than by a dense vector")),
    }
}

fn scored(point: &qdrant::PointStruct, score: f32, payload: bool) -> qdrant::ScoredPoint {
    let payload = if payload { point.payload.clone() } else { HashMap::new() };
    qdrant::ScoredPoint { id: point.id.clone(), score, payload, ..Default::default() }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let lengths = dot(a, a).sqrt() * dot(b, b).sqrt();
    // A vector of zeros is not scaled, so this is 0 or -0 then.
    if lengths > 0.0 { dot(a, b) / lengths } else { dot(a, b) }
}

/// A write that is not waited for may be seen by nobody for a while.
fn waited_for(wait: Option<bool>) -> Result<(), Status> {
    wait.filter(|wait| *wait).map(|_| ()).ok_or_else(|| Status::failed_precondition("the write is not waited for"))
}

fn written() -> Response<qdrant::PointsOperationResponse> {
    let result = qdrant::UpdateResult { status: qdrant::UpdateStatus::Completed.into(), ..Default::default() };
    Response::new(qdrant::PointsOperationResponse { result: Some(result), ..Default::default() })
}

/// Calls that the project does not make, written as `async_trait` would: it cannot see into macros.
macro_rules! refuse {
    ($($call:ident($question:ident) -> $reply:ident;)*) => {
        $(
            fn $call<'a, 'b>(
                &'a self,
                _: Request<qdrant::$question>,
            ) -> Pin<Box<dyn Future<Output = Answer<qdrant::$reply>> + Send + 'b>>
            where
                'a: 'b,
                Self: 'b,
            {
                Box::pin(std::future::ready(Err(Status::unimplemented(stringify!($call)))))
            }
        )*
    };
}

#[tonic::async_trait]
impl Qdrant for Server {
    async fn health_check(&self, _: Request<qdrant::HealthCheckRequest>) -> Answer<qdrant::HealthCheckReply> {
        Ok(Response::new(qdrant::HealthCheckReply { title: "stand-in".to_owned(), ..Default::default() }))
    }
}

#[tonic::async_trait]
impl Collections for Server {
    async fn list(&self, _: Request<qdrant::ListCollectionsRequest>) -> Answer<qdrant::ListCollectionsResponse> {
        let collections = self.collections().keys().map(|name| qdrant::CollectionDescription { name: name.clone() }).collect();
        Ok(Response::new(qdrant::ListCollectionsResponse { collections, ..Default::default() }))
    }

    async fn collection_exists(&self, request: Request<qdrant::CollectionExistsRequest>) -> Answer<qdrant::CollectionExistsResponse> {
        let exists = self.collections().contains_key(&request.into_inner().collection_name);
        let result = Some(qdrant::CollectionExists { exists });
        Ok(Response::new(qdrant::CollectionExistsResponse { result, ..Default::default() }))
    }

    async fn create(&self, request: Request<qdrant::CreateCollection>) -> Answer<qdrant::CollectionOperationResponse> {
        let request = request.into_inner();
        let Some(vectors_config::Config::Params(params)) = request.vectors_config.and_then(|v| v.config) else {
            return Err(Status::unimplemented("collections other than of one kind of vector"));
        };
        if params.distance() != qdrant::Distance::Cosine {
            return Err(Status::unimplemented("distances other than cosine"));
        }
        let length = usize::try_from(params.size).ok().filter(|length| *length > 0);
        let length = length.ok_or_else(|| Status::invalid_argument("size: must be 1 or larger"))?;
        let mut collections = self.collections();
        if collections.contains_key(&request.collection_name) {
            return Err(Status::already_exists(format!("Collection `{}` already exists!", request.collection_name)));
        }
        collections.insert(request.collection_name, Collection { length, indexed: BTreeSet::new(), points: Vec::new() });
        Ok(Response::new(qdrant::CollectionOperationResponse { result: true, ..Default::default() }))
    }

    refuse! {
        get(GetCollectionInfoRequest) -> GetCollectionInfoResponse;
        update(UpdateCollection) -> CollectionOperationResponse;
        delete(DeleteCollection) -> CollectionOperationResponse;
        update_aliases(ChangeAliases) -> CollectionOperationResponse;
        list_collection_aliases(ListCollectionAliasesRequest) -> ListAliasesResponse;
        list_aliases(ListAliasesRequest) -> ListAliasesResponse;
        collection_cluster_info(CollectionClusterInfoRequest) -> CollectionClusterInfoResponse;
        update_collection_cluster_setup(UpdateCollectionClusterSetupRequest) -> UpdateCollectionClusterSetupResponse;
        create_shard_key(CreateShardKeyRequest) -> CreateShardKeyResponse;
        delete_shard_key(DeleteShardKeyRequest) -> DeleteShardKeyResponse;
        list_shard_keys(ListShardKeysRequest) -> ListShardKeysResponse;
    }
}

#[tonic::async_trait]
impl Points for Server {
    async fn upsert(&self, request: Request<qdrant::UpsertPoints>) -> Answer<qdrant::PointsOperationResponse> {
        let request = request.into_inner();
        waited_for(request.wait)?;
        self.with(&request.collection_name, |c| request.points.into_iter().try_for_each(|p| c.upsert(p)))?;
        Ok(written())
    }

    async fn delete(&self, request: Request<qdrant::DeletePoints>) -> Answer<qdrant::PointsOperationResponse> {
        let request = request.into_inner();
        waited_for(request.wait)?;
        let Some(PointsSelectorOneOf::Filter(filter)) = request.points.and_then(|p| p.points_selector_one_of) else {
            return Err(Status::unimplemented("deleting other than by filter"));
        };
        self.with(&request.collection_name, |c| {
            let passes = c.filter(Some(filter))?;
            c.points.retain(|p| !passes(p));
            Ok(written())
        })
    }

    async fn create_field_index(&self, request: Request<qdrant::CreateFieldIndexCollection>) -> Answer<qdrant::PointsOperationResponse> {
        let request = request.into_inner();
        waited_for(request.wait)?;
        if request.field_type() != qdrant::FieldType::Keyword {
            return Err(Status::unimplemented("indexes other than of words"));
        }
        self.with(&request.collection_name, |c| {
            c.indexed.insert(request.field_name);
            Ok(written())
        })
    }

    async fn query(&self, request: Request<qdrant::QueryPoints>) -> Answer<qdrant::QueryResponse> {
        let request = request.into_inner();
        let name = request.collection_name.clone();
        let result = self.with(&name, |c| c.nearest(request))?;
        Ok(Response::new(qdrant::QueryResponse { result, ..Default::default() }))
    }

    async fn count(&self, request: Request<qdrant::CountPoints>) -> Answer<qdrant::CountResponse> {
        let request = request.into_inner();
        let count = self.with(&request.collection_name, |c| {
            let passes = c.filter(request.filter)?;
            Ok(c.points.iter().filter(|p| passes(p)).count() as u64)
        })?;
        Ok(Response::new(qdrant::CountResponse { result: Some(qdrant::CountResult { count }), ..Default::default() }))
    }

    refuse! {
        get(GetPoints) -> GetResponse;
        update_vectors(UpdatePointVectors) -> PointsOperationResponse;
        delete_vectors(DeletePointVectors) -> PointsOperationResponse;
        set_payload(SetPayloadPoints) -> PointsOperationResponse;
        overwrite_payload(SetPayloadPoints) -> PointsOperationResponse;
        delete_payload(DeletePayloadPoints) -> PointsOperationResponse;
        clear_payload(ClearPayloadPoints) -> PointsOperationResponse;
        delete_field_index(DeleteFieldIndexCollection) -> PointsOperationResponse;
        create_vector_name(CreateVectorNameRequest) -> PointsOperationResponse;
        delete_vector_name(DeleteVectorNameRequest) -> PointsOperationResponse;
        search(SearchPoints) -> SearchResponse;
        search_batch(SearchBatchPoints) -> SearchBatchResponse;
        search_groups(SearchPointGroups) -> SearchGroupsResponse;
        scroll(ScrollPoints) -> ScrollResponse;
        recommend(RecommendPoints) -> RecommendResponse;
        recommend_batch(RecommendBatchPoints) -> RecommendBatchResponse;
        recommend_groups(RecommendPointGroups) -> RecommendGroupsResponse;
        discover(DiscoverPoints) -> DiscoverResponse;
        discover_batch(DiscoverBatchPoints) -> DiscoverBatchResponse;
        update_batch(UpdateBatchPoints) -> UpdateBatchResponse;
        query_batch(QueryBatchPoints) -> QueryBatchResponse;
        query_groups(QueryPointGroups) -> QueryGroupsResponse;
        facet(FacetCounts) -> FacetResponse;
        search_matrix_pairs(SearchMatrixPoints) -> SearchMatrixPairsResponse;
        search_matrix_offsets(SearchMatrixPoints) -> SearchMatrixOffsetsResponse;
    }
}
