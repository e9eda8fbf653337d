//! How fast the steps of a check are: scorer, quote verification, HTML to text, index, retrieval, vector search.
//!
//! Where a plain way to do the same work exists, it runs beside the step as its peer, on the same data in the same
//! run: `str::find` on the page's text, scraper's parser alone, a double loop over vectors. Every input is made from
//! the fixture site and fixed numbers, so two runs measure the same work.
//!
//! It must not assert any time: a slow or busy machine is no defect, and figures are for a person to compare. It must
//! not judge results either, beyond making sure that step and peer do the same work: that is what tests are for. It
//! reads no network, no model, no server and no file but the fixture site's pages.

use std::hint::black_box;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput};
use scraper::Html;
use sovcheck::domain::answer::ONE;
use sovcheck::domain::id::PageNumber;
use sovcheck::domain::page::{Page, PageText, Tier};
use sovcheck::domain::quote::Searchable;
use sovcheck::framework::{Factor, Framework, load};
use sovcheck::index::passage::passages;
use sovcheck::index::retrieve::{Index, WAYS};
use sovcheck::index::vectors::Vectors;
use sovcheck::index::vectors::local::Local;
use sovcheck::read::style::Linked;
use sovcheck::read::{Document, html};
use sovcheck::score::{Profile, Response, Responses, score};

/// Bytes of the text that quotes are looked up in, at least.
const TEXT: usize = 1_000_000;
/// Quotes that are looked up, about.
const QUOTES: usize = 16;
/// Passages that are indexed, at least; and vectors that are searched.
const PASSAGES: usize = 5_000;
/// Numbers in a vector.
const DIMENSIONS: usize = 384;

fn main() {
    let mut criterion = Criterion::default()
        .without_plots()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let framework = load::embedded().expect("the shipped edition loads");
    let sources = sources();
    let documents: Vec<Document> = sources.iter().map(|source| html::read(source, &Linked::new())).collect();
    bench_score(&mut criterion, &framework);
    bench_quote(&mut criterion, &long_text(&documents));
    bench_html(&mut criterion, &sources);
    bench_index(&mut criterion, &framework, &corpus(&documents));
    bench_vectors(&mut criterion);
    criterion.final_summary();
}

/// Scorecards over all factors, with certain answers and with probabilities.
fn bench_score(criterion: &mut Criterion, framework: &Framework) {
    let profile = Profile::default();
    let mut group = criterion.benchmark_group("score");
    group.throughput(Throughput::Elements(1));
    let certain = responses(framework, |factor, place| Response::certain(factor.options[place].number));
    for (name, answers) in [("certain", certain), ("probabilities", responses(framework, probable))] {
        group.bench_function(name, |b| b.iter(|| score(framework, black_box(&answers), &profile).expect("the answers fit the framework")));
    }
    group.finish();
}

/// Making a long text ready, and looking up quotes that are spread over it.
fn bench_quote(criterion: &mut Criterion, page: &PageText) {
    let searchable = Searchable::new(page);
    let ranges = quotes(page, &searchable);
    assert!(ranges.len() > QUOTES / 2, "most of the quotes stand where step and peer find them");
    let quotes: Vec<&str> = ranges.iter().map(|range| &page.text[range.clone()]).collect();
    let mut group = criterion.benchmark_group("quote");
    group.throughput(Throughput::BytesDecimal(page.text.len() as u64));
    group.bench_function("Searchable::new", |b| b.iter(|| Searchable::new(black_box(page))));
    group.throughput(Throughput::BytesDecimal(ranges.iter().map(|range| range.end as u64).sum()));
    group.bench_function("Searchable::find", |b| {
        b.iter(|| quotes.iter().filter(|quote| searchable.find(black_box(quote)).is_ok()).count());
    });
    group.bench_function("peer: str::find", |b| {
        b.iter(|| quotes.iter().filter(|quote| page.text.find(black_box(**quote)).is_some()).count());
    });
    group.finish();
}

/// Each fixture page as a document of its own.
fn bench_html(criterion: &mut Criterion, sources: &[String]) {
    let mut group = criterion.benchmark_group("html");
    group.throughput(Throughput::BytesDecimal(sources.iter().map(|source| source.len() as u64).sum()));
    group.bench_function("read::html::read", |b| {
        b.iter(|| sources.iter().for_each(|source| drop(black_box(html::read(black_box(source), &Linked::new())))));
    });
    group.bench_function("peer: Html::parse_document", |b| {
        b.iter(|| sources.iter().for_each(|source| drop(black_box(Html::parse_document(black_box(source))))));
    });
    group.finish();
}

/// Indexing passages, and retrieving for every factor (throughput: factors). Lexical alone: there is no model here.
fn bench_index(criterion: &mut Criterion, framework: &Framework, pages: &[Page]) {
    let index = Index::new(pages);
    let retrieve = |factor: &Factor| index.retrieve(framework, factor, 8, &WAYS).passages.len();
    let mut group = criterion.benchmark_group("index");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.throughput(Throughput::Elements(index.passages.len() as u64));
    group.bench_function("Index::new", |b| b.iter(|| Index::new(black_box(pages))));
    group.throughput(Throughput::Elements(framework.factors.len() as u64));
    group.bench_function("Index::retrieve, all factors", |b| {
        b.iter(|| framework.factors.iter().map(|factor| retrieve(black_box(factor))).sum::<usize>());
    });
    group.finish();
}

/// The 100 nearest vectors, as many as retrieval asks for, by exact search in process. The peer finds the nearest one alone and sorts nothing.
fn bench_vectors(criterion: &mut Criterion) {
    let mut state = 1;
    let all: Vec<Vec<f32>> = (0..PASSAGES).map(|_| unit_vector(&mut state)).collect();
    let query = unit_vector(&mut state);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers needs nothing");
    let mut vectors = Vectors::Local(Local::default());
    runtime.block_on(vectors.put("bench", all.clone())).expect("all vectors have one length");
    let search = |query: &[f32]| runtime.block_on(vectors.search("bench", query, 100)).expect("the query has the vectors' length");
    let first = search(&query).first().and_then(|hit| usize::try_from(hit.0).ok());
    assert_eq!(first, Some(nearest(&all, &query)), "step and peer search the same vectors");
    let mut group = criterion.benchmark_group("vectors");
    group.throughput(Throughput::Elements(PASSAGES as u64));
    group.bench_function("Vectors::Local", |b| b.iter(|| search(black_box(&query))));
    group.bench_function("peer: double loop", |b| b.iter(|| nearest(black_box(&all), black_box(&query))));
    group.finish();
}

/// An answer for every factor; the place of a factor decides the option, so that every option number occurs.
fn responses(framework: &Framework, answer: fn(&Factor, usize) -> Response) -> Responses {
    framework.factors.iter().enumerate().map(|(i, factor)| (factor.id.clone(), answer(factor, i % factor.options.len()))).collect()
}

/// About 70 % on the option, the rest spread evenly over the others.
fn probable(factor: &Factor, place: usize) -> Response {
    let others = u32::try_from(factor.options.len() - 1).expect("a factor has few options");
    let share = ONE * 3 / 10 / others;
    let mut probabilities = vec![share; factor.options.len()];
    probabilities[place] = ONE - share * others;
    Response { option: factor.options[place].number, probabilities }
}

/// The source of every fixture page, in the order of paths.
fn sources() -> Vec<String> {
    let mut paths = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sites/nordhaven")];
    while let Some(folder) = paths.iter().position(|path| path.is_dir()) {
        let entries = std::fs::read_dir(paths.swap_remove(folder)).expect("the fixture site can be listed");
        paths.extend(entries.map(|entry| entry.expect("the fixture site can be listed").path()));
    }
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "html"));
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).expect("a fixture page is readable UTF-8")).collect()
}

/// The fixture pages over and over; no round repeats the text of another.
fn endless(documents: &[Document]) -> impl Iterator<Item = Page> + '_ {
    let rounds = (0..).flat_map(move |round| documents.iter().map(move |document| (round, document)));
    rounds.zip(1..).map(|((round, document), number)| Page {
        number: PageNumber(number),
        address: format!("file:{number}.html"),
        title: document.title.clone(),
        language: document.language.clone(),
        tier: Tier::Technical,
        media: "text/html".to_owned(),
        status: 200,
        read_at_ms: 0,
        sha256: String::new(),
        etag: None,
        last_modified: None,
        dated: None,
        outdated: false,
        no_archive: false,
        text: distinct(&document.text, round),
        hidden: Vec::new(),
        reason: String::new(),
    })
}

/// The text with a made-up word of this round after every seventh word and at each block's end.
fn distinct(text: &PageText, round: u32) -> PageText {
    let mut changed = PageText::default();
    for block in &text.blocks {
        let words: Vec<&str> = text.words(block).split(' ').collect();
        let runs: Vec<String> = words.chunks(7).enumerate().map(|(i, run)| format!("{} q{round}z{i}", run.join(" "))).collect();
        changed.push(block.kind, &runs.join(" "), block.sheet);
    }
    changed
}

/// Pages with [`PASSAGES`] passages, or a few more: pages are not cut.
fn corpus(documents: &[Document]) -> Vec<Page> {
    let mut count = 0;
    let missing = |page: &Page| {
        let before = count;
        count += passages(page).len();
        before < PASSAGES
    };
    endless(documents).take_while(missing).collect()
}

/// One text of [`TEXT`] bytes, or a little more.
fn long_text(documents: &[Document]) -> PageText {
    let mut text = PageText::default();
    for page in endless(documents) {
        page.text.blocks.iter().for_each(|block| text.push(block.kind, page.text.words(block), None));
        if text.text.len() >= TEXT {
            break;
        }
    }
    text
}

/// Whole blocks, spread evenly over the text, that step and peer find at the same place.
fn quotes(page: &PageText, searchable: &Searchable) -> Vec<Range<usize>> {
    let long: Vec<Range<usize>> = page.blocks.iter().map(|block| block.range.clone()).filter(|range| range.len() >= 60).collect();
    let same = |range: &Range<usize>| {
        let quote = &page.text[range.clone()];
        searchable.find(quote).as_ref() == Ok(range) && page.text.find(quote) == Some(range.start)
    };
    long.iter().skip(long.len() / QUOTES / 2).step_by(long.len() / QUOTES).filter(|range| same(range)).cloned().collect()
}

/// A vector of length one; `state` goes on (Knuth's MMIX generator), so that every run has the same vectors.
fn unit_vector(state: &mut u64) -> Vec<f32> {
    let mut number = || {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f32::from((*state >> 48) as u16) / f32::from(u16::MAX) - 0.5
    };
    let vector: Vec<f32> = (0..DIMENSIONS).map(|_| number()).collect();
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.into_iter().map(|x| x / length).collect()
}

/// The place of the nearest of vectors of length one.
fn nearest(vectors: &[Vec<f32>], query: &[f32]) -> usize {
    let mut best = (0, f32::MIN);
    for (i, vector) in vectors.iter().enumerate() {
        let mut product = 0.0;
        for (a, b) in vector.iter().zip(query) {
            product += a * b;
        }
        if product > best.1 {
            best = (i, product);
        }
    }
    best.0
}
