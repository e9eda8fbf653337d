//! What every place promises. A statement is a function; the list at the top says where each is tried: everywhere.

use sovcheck::index::vectors::{VectorError, Vectors};

/// Makes of each statement one test for each place.
macro_rules! everywhere {
    ($($statement:ident)*) => {
        mod in_process {
            $(#[tokio::test] async fn $statement() { crate::places::locally(super::$statement).await })*
        }
        mod on_a_stand_in {
            $(#[tokio::test] async fn $statement() { crate::places::on_a_stand_in(|site| super::$statement(site.connect())).await })*
        }
        mod on_a_real_server {
            $(#[tokio::test] async fn $statement() { crate::places::on_a_real_server(|site| super::$statement(site.connect())).await })*
        }
    };
}

everywhere! {
    the_nearest_come_first_with_their_cosines
    only_directions_count
    ties_come_in_the_order_of_passages
    ties_at_the_limit_come_in_the_order_of_passages
    no_more_than_the_limit_come_back
    six_hundred_vectors_are_all_found
    another_checks_vectors_never_come_back
    an_unknown_check_has_nothing
    putting_again_replaces
    putting_fewer_leaves_no_old_ones
    putting_another_length_leaves_no_old_ones
    putting_nothing_leaves_nothing
    putting_twice_changes_nothing
    forgetting_leaves_nothing_of_that_check_only
    forgetting_what_is_unknown_is_fine
    vectors_of_different_lengths_are_refused_and_change_nothing
    a_query_of_another_length_is_refused
    a_zero_vector_is_near_nothing
    a_zero_query_finds_all_in_order
}

async fn the_nearest_come_first_with_their_cosines(mut vectors: Vectors) {
    let passages = vec![vec![0.1, 0.9, -0.3], vec![0.7, 0.2, 0.1], vec![-0.5, 0.4, 0.8], vec![0.6, 0.6, 0.0]];
    let query = [0.8, 0.3, 0.2];
    put(&mut vectors, "check", passages.clone()).await;
    let hits = search(&vectors, "check", &query, 10).await;
    assert_eq!(numbers(&hits), [1, 3, 0, 2]);
    for (passage, score) in hits {
        assert_near(score, cosine(&passages[passage as usize], &query));
    }
}

async fn only_directions_count(mut vectors: Vectors) {
    put(&mut vectors, "check", vec![vec![-3.0, 0.0], vec![0.0, 0.5], vec![40.0, 0.0]]).await;
    let hits = search(&vectors, "check", &[0.02, 0.0], 10).await;
    assert_eq!(numbers(&hits), [2, 1, 0]);
    for ((_, score), expected) in hits.into_iter().zip([1.0, 0.0, -1.0]) {
        assert_near(score, expected);
    }
}

async fn ties_come_in_the_order_of_passages(mut vectors: Vectors) {
    put(&mut vectors, "check", vec![up(), across(), up(), across(), across()]).await;
    assert_eq!(found(&vectors, "check", &across(), 10).await, [1, 3, 4, 0, 2]);
}

async fn ties_at_the_limit_come_in_the_order_of_passages(mut vectors: Vectors) {
    let mut passages = vec![across(); 40];
    passages[7] = up();
    put(&mut vectors, "check", passages).await;
    assert_eq!(found(&vectors, "check", &across(), 3).await, [0, 1, 2]);
    assert_eq!(found(&vectors, "check", &up(), 3).await, [7, 0, 1]);
}

async fn no_more_than_the_limit_come_back(mut vectors: Vectors) {
    put(&mut vectors, "check", fan(5)).await;
    for (limit, expected) in [(0, 0), (1, 1), (4, 4), (5, 5), (50, 5)] {
        assert_eq!(found(&vectors, "check", &across(), limit).await, (0..expected).collect::<Vec<u32>>());
    }
}

async fn six_hundred_vectors_are_all_found(mut vectors: Vectors) {
    let passages = fan(600);
    put(&mut vectors, "check", passages.clone()).await;
    assert_eq!(found(&vectors, "check", &across(), 1000).await, (0..600).collect::<Vec<u32>>());
    // The first and the last of each batch that is sent to a server.
    for passage in [0, 255, 256, 511, 512, 599] {
        assert_eq!(found(&vectors, "check", &passages[passage as usize], 1).await, [passage]);
    }
}

async fn another_checks_vectors_never_come_back(mut vectors: Vectors) {
    for (check, passages) in [("a", vec![up(), up()]), ("a/1", vec![across()]), ("ab", vec![across(); 3]), ("A", vec![across(); 4])] {
        put(&mut vectors, check, passages).await;
    }
    let hits = search(&vectors, "a", &across(), 100).await;
    assert_eq!(numbers(&hits), [0, 1]);
    assert!(hits.iter().all(|(_, score)| score.abs() < TOLERANCE), "{hits:?}");
    assert_eq!(found(&vectors, "a/1", &across(), 100).await, [0]);
}

async fn an_unknown_check_has_nothing(mut vectors: Vectors) {
    assert_nothing(&vectors, "unknown").await;
    put(&mut vectors, "check", vec![across()]).await;
    assert_nothing(&vectors, "unknown").await;
}

async fn putting_again_replaces(mut vectors: Vectors) {
    put(&mut vectors, "check", vec![across(), up()]).await;
    put(&mut vectors, "check", vec![up(), across()]).await;
    assert_eq!(found(&vectors, "check", &across(), 10).await, [1, 0]);
}

async fn putting_fewer_leaves_no_old_ones(mut vectors: Vectors) {
    put(&mut vectors, "check", fan(5)).await;
    put(&mut vectors, "check", fan(2)).await;
    assert_eq!(found(&vectors, "check", &across(), 10).await, [0, 1]);
}

async fn putting_another_length_leaves_no_old_ones(mut vectors: Vectors) {
    put(&mut vectors, "check", vec![vec![1.0, 0.0, 0.0]; 3]).await;
    put(&mut vectors, "check", vec![across()]).await;
    assert_eq!(found(&vectors, "check", &across(), 10).await, [0]);
    assert_length(vectors.search("check", &[1.0, 0.0, 0.0], 10).await, 2, 3);
}

async fn putting_nothing_leaves_nothing(mut vectors: Vectors) {
    put(&mut vectors, "check", vec![]).await;
    assert_nothing(&vectors, "check").await;
    put(&mut vectors, "check", fan(5)).await;
    put(&mut vectors, "check", vec![]).await;
    assert_nothing(&vectors, "check").await;
}

async fn putting_twice_changes_nothing(mut vectors: Vectors) {
    put(&mut vectors, "check", fan(5)).await;
    let once = search(&vectors, "check", &across(), 10).await;
    put(&mut vectors, "check", fan(5)).await;
    assert_eq!(search(&vectors, "check", &across(), 10).await, once);
}

async fn forgetting_leaves_nothing_of_that_check_only(mut vectors: Vectors) {
    put(&mut vectors, "check", fan(5)).await;
    put(&mut vectors, "other", fan(2)).await;
    vectors.forget("check").await.expect("forgotten");
    assert_nothing(&vectors, "check").await;
    assert_eq!(found(&vectors, "other", &across(), 10).await, [0, 1]);
}

async fn forgetting_what_is_unknown_is_fine(mut vectors: Vectors) {
    vectors.forget("unknown").await.expect("nothing to forget anywhere");
    put(&mut vectors, "check", fan(2)).await;
    vectors.forget("unknown").await.expect("nothing to forget here");
    vectors.forget("check").await.expect("forgotten");
    vectors.forget("check").await.expect("nothing to forget any more");
}

async fn vectors_of_different_lengths_are_refused_and_change_nothing(mut vectors: Vectors) {
    put(&mut vectors, "check", fan(2)).await;
    assert_length(vectors.put("check", vec![up(), across(), vec![1.0, 0.0, 0.0]]).await, 2, 3);
    assert_eq!(found(&vectors, "check", &across(), 10).await, [0, 1]);
}

async fn a_query_of_another_length_is_refused(mut vectors: Vectors) {
    put(&mut vectors, "check", fan(2)).await;
    assert_length(vectors.search("check", &[1.0, 0.0, 0.0], 10).await, 2, 3);
    // Also where another check has vectors of the query's length.
    put(&mut vectors, "other", vec![vec![1.0, 0.0, 0.0]]).await;
    assert_length(vectors.search("check", &[1.0, 0.0, 0.0], 10).await, 2, 3);
    assert_length(vectors.search("check", &[1.0, 0.0, 0.0], 0).await, 2, 3);
}

async fn a_zero_vector_is_near_nothing(mut vectors: Vectors) {
    put(&mut vectors, "check", vec![vec![0.0, 0.0], vec![-1.0, 0.0], across()]).await;
    let hits = search(&vectors, "check", &across(), 10).await;
    assert_eq!(numbers(&hits), [2, 0, 1]);
    assert_near(hits[1].1, 0.0);
}

async fn a_zero_query_finds_all_in_order(mut vectors: Vectors) {
    put(&mut vectors, "check", vec![vec![-1.0, -1.0], across(), up(), vec![1.0, 1.0]]).await;
    let hits = search(&vectors, "check", &[0.0, 0.0], 3).await;
    assert_eq!(numbers(&hits), [0, 1, 2]);
    assert!(hits.iter().all(|(_, score)| score.abs() < TOLERANCE), "{hits:?}");
}

/// How far a server's arithmetic may be from ours.
const TOLERANCE: f32 = 1e-4;

/// One direction.
pub fn across() -> Vec<f32> {
    vec![1.0, 0.0]
}

/// The direction at a right angle to [`across`].
pub fn up() -> Vec<f32> {
    vec![0.0, 1.0]
}

/// Directions from [`across`] half the way to [`up`], so each is nearer to `across` than the next.
pub fn fan(count: u16) -> Vec<Vec<f32>> {
    let angle = |i: u16| std::f32::consts::FRAC_PI_4 * f32::from(i) / f32::from(count);
    (0..count).map(|i| vec![angle(i).cos(), angle(i).sin()]).collect()
}

/// Puts what can be put.
pub async fn put(vectors: &mut Vectors, check: &str, passages: Vec<Vec<f32>>) {
    vectors.put(check, passages).await.expect("vectors that can be put");
}

/// The numbers of the passages that a search finds.
pub async fn found(vectors: &Vectors, check: &str, query: &[f32], limit: usize) -> Vec<u32> {
    numbers(&search(vectors, check, query, limit).await)
}

async fn search(vectors: &Vectors, check: &str, query: &[f32], limit: usize) -> Vec<(u32, f32)> {
    vectors.search(check, query, limit).await.expect("a search that can be made")
}

fn numbers(hits: &[(u32, f32)]) -> Vec<u32> {
    hits.iter().map(|(passage, _)| *passage).collect()
}

/// The definition, in more digits than any place has.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()) as f32
}

fn assert_near(score: f32, expected: f32) {
    assert!((score - expected).abs() < TOLERANCE, "a score of {score}, not {expected}");
}

/// Nothing is found, whatever the query's length.
async fn assert_nothing(vectors: &Vectors, check: &str) {
    assert_eq!(search(vectors, check, &[1.0, 0.0], 10).await, []);
    assert_eq!(search(vectors, check, &[1.0, 0.0, 0.0], 10).await, []);
}

fn assert_length<T: std::fmt::Debug>(outcome: Result<T, VectorError>, expected: usize, found: usize) {
    let right = matches!(&outcome, Err(VectorError::Length { expected: e, found: f }) if (*e, *f) == (expected, found));
    assert!(right, "{outcome:?}");
}
