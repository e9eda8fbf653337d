//! No file makes the reader panic, hang or take memory without bound, and what is wrong is named with its place.

use std::io::{Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::super::*;
use super::{answer, gz, opened, page, raw, written};

/// The problem and the place of what must fail.
fn problem(result: Result<impl Sized, ArchiveError>) -> (Problem, Place) {
    match result.err() {
        Some(ArchiveError::Record { place, problem, .. }) => (problem, place),
        other => panic!("{other:?}"),
    }
}

#[test]
fn bodies_that_cannot_be_undone_are_errors_and_never_text() {
    let packed = gz(&[b'x'; 5000]);
    let cut = packed.split_at(packed.len() / 2).0;
    let bomb = gz(&vec![0; MAX_BODY + 1]);
    let bombs = gz(&bomb);
    let mut large = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { large_window: true, lgwin: 30, quality: 3, ..Default::default() };
    brotli::BrotliCompress(&mut &vec![0xff_u8; 4096][..], &mut large, &params).expect("packed");
    let wide = {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
        encoder.window_log(27).expect("a window");
        encoder.write_all(&[0; 4096]).expect("packed");
        encoder.finish().expect("packed")
    };
    let cases: [(&str, &[u8], &str); 12] = [
        ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", cut, "Packed"),
        ("HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n", &[0x78, 0x9c, 0xff, 0xff], "Packed"),
        ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", &bomb, "TooLarge"),
        ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\n\r\n", &bombs, "TooLarge"),
        ("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n", &large, "Packed"),
        ("HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\n\r\n", &wide, "Packed"),
        ("HTTP/1.1 200 OK\r\nContent-Encoding: compress\r\n\r\n", b"x", "Coding"),
        ("HTTP/1.1 200 OK\r\nContent-Encoding: br,br,br,br,br\r\n\r\n", b"x", "Coding"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nab", "Chunks"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\nab\r\nffffffffffffffff\r\nab", "Chunks"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\nab\r\n", "Chunks"),
        ("<html>no answer</html>\r\n\r\n", b"", "Http"),
    ];
    for (head, body, expected) in cases {
        let (_file, archive) = opened(&answer("https://a.example/", head, body));
        let (problem, place) = problem(archive.expect("opens").get("https://a.example/"));
        assert!(format!("{problem:?}").starts_with(expected), "{head}: {problem:?}");
        assert_eq!(place, Place { record: 1, offset: 0, inside: 0 });
    }
}

#[test]
fn a_file_cut_anywhere_gives_what_was_whole() {
    let records = [page("https://a.example/1", b"one"), page("https://a.example/2", b"two")];
    for (gzip, whole) in [(false, written(false, &records)), (true, written(true, &records))] {
        for end in 6..whole.len() {
            let (_file, archive) = opened(whole.split_at(end).0);
            let archive = archive.expect("opens");
            for address in archive.addresses() {
                archive.get(address).expect("read").expect("there");
            }
            let Notes { records, cut, .. } = *archive.notes();
            assert!(records < 4 || !gzip || cut.is_some(), "{end}");
            if let Some(place) = cut {
                assert_eq!(place.record, records + 1);
                assert!(place.offset < end as u64);
            }
        }
    }
}

#[test]
fn hostile_files_are_errors_with_a_place() {
    let good = raw("warcinfo", "", b"software: x\r\n");
    let then = |bad: &[u8]| [good.as_slice(), bad].concat();
    let next = good.len() as u64;
    let head = |length: &str| format!("WARC/1.1\r\nWARC-Type: response\r\n{length}\r\n").into_bytes();
    let mut endless = gz(b"x");
    endless[3] = 8;
    endless.splice(10.., vec![b'n'; 1 << 20]);
    let mut damaged = gz(&good);
    let at = damaged.len() - 6;
    damaged[at] ^= 1;
    let cases: [(&str, Vec<u8>, u32, u64); 20] = [
        ("Start", Vec::new(), 1, 0),
        ("Start", b"PK\x03\x04 a zip".to_vec(), 1, 0),
        ("Start", b"<html>".to_vec(), 1, 0),
        ("Start", then(b"trash"), 2, next),
        ("Start", gz(b"no record"), 1, 0),
        ("Start", then(&vec![b'\n'; 1 << 20]), 2, next + 65_532),
        ("Start", gz(&[good.as_slice(), b"x"].concat()), 2, 0),
        ("Head", then(&[b"WARC/1.1\r\nA: ".as_slice(), &vec![b'a'; 1 << 20]].concat()), 2, next),
        ("Head", then(&[b"WARC/1.1\r\n".as_slice(), &b"a: b\r\n".repeat(1 << 16)].concat()), 2, next),
        ("Head", gz(&[b"WARC/1.1 ".as_slice(), &vec![b'a'; 64 << 20]].concat()), 1, 0),
        ("Length", then(&head("")), 2, next),
        ("Length", then(&head("Content-Length: -1\r\n")), 2, next),
        ("Length", then(&head("Content-Length: 99999999999999999999\r\n")), 2, next),
        ("Length", then(&head("Content-Length: 1\r\nContent-Length: 2\r\n")), 2, next),
        ("Long", then(&head("Content-Length: 9999999999999999999\r\n")), 2, next),
        // A length that is too short leaves something of the block over.
        ("Start", then(&[head("Content-Length: 3\r\n"), b"12345\r\n\r\n".to_vec()].concat()), 3, next + 55 + 3 - 3),
        ("Gzip", endless, 1, 0),
        ("Gzip", [gz(&good), damaged].concat(), 3, gz(&good).len() as u64),
        ("Gzip", [gz(&good), b"trash".to_vec()].concat(), 2, gz(&good).len() as u64),
        ("Gzip", vec![0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 0, 0], 1, 0),
    ];
    for (index, (expected, bytes, record, offset)) in cases.into_iter().enumerate() {
        let (_file, archive) = opened(&bytes);
        assert!(archive.is_err(), "case {index}: {archive:?}");
        let (problem, place) = problem(archive);
        assert!(format!("{problem:?}").starts_with(expected), "case {index}: {problem:?}");
        assert_eq!((place.record, place.offset), (record, offset), "case {index}");
    }
    // A length that is too long is a file that ends within the record.
    let (_file, archive) = opened(&then(&[head("Content-Length: 4000000000\r\n"), b"12345\r\n\r\n".to_vec()].concat()));
    let cut = archive.expect("opens").notes().cut;
    assert_eq!(cut, Some(Place { record: 2, offset: next, inside: 0 }));
}

#[test]
fn caps_hold_however_small_the_file_is() {
    let many = gz(&raw("metadata", "", b"").repeat(200_001));
    let (_file, archive) = opened(&many);
    let (found, place) = problem(archive);
    assert!(matches!(found, Problem::Many) && place.record == 200_001, "{found:?} {place}");
    let long = format!("https://a.example/{}", "x".repeat(60_000));
    let addresses = gz(&answer(&long, "HTTP/1.1 200 OK\r\n\r\n", b"").repeat(1_200));
    let (_file, archive) = opened(&addresses);
    assert!(matches!(problem(archive).0, Problem::Addresses));
    let (_file, archive) = opened(&answer("https://a.example/", "HTTP/1.1 200 OK\r\n\r\n", &vec![0; MAX_BODY * 2]));
    assert!(matches!(problem(archive.expect("opens").get("https://a.example/")).0, Problem::TooLarge));
}

#[test]
fn time_is_capped_by_what_a_file_unpacks_to() {
    let zeros = |length: u64, after: &[u8]| {
        let mut member = GzEncoder::new(Vec::new(), Compression::fast());
        write!(member, "WARC/1.1\r\nWARC-Type: metadata\r\nContent-Length: {length}\r\n\r\n").expect("packed");
        std::io::copy(&mut std::io::repeat(0).take(length), &mut member).expect("packed");
        member.write_all(b"\r\n\r\n").and_then(|()| member.write_all(after)).expect("packed");
        member.finish().expect("packed")
    };
    let (_file, archive) = opened(&zeros(1 << 30, b"").repeat(17));
    let (found, place) = problem(archive);
    assert!(matches!(found, Problem::Unpacked) && place.record == 17, "{found:?} {place}");
    let (_file, archive) = opened(&zeros(1 << 30, &raw("metadata", "", b"")));
    assert!(matches!(problem(archive).0, Problem::Member));
}

#[test]
fn only_a_file_is_opened_and_a_changed_file_is_noticed() {
    assert!(matches!(Archive::open(Path::new("/nowhere/at/all.warc")), Err(ArchiveError::File { .. })));
    let folder = tempfile::tempdir().expect("a folder");
    assert!(matches!(Archive::open(folder.path()), Err(ArchiveError::File { .. })));
    let (file, archive) = opened(&written(false, &[page("https://a.example/", b"x")]));
    let archive = archive.expect("opens");
    std::fs::write(file.path(), vec![b'x'; 5000]).expect("written");
    assert!(matches!(problem(archive.get("https://a.example/")).0, Problem::Changed));
    std::fs::write(file.path(), b"x").expect("written");
    assert!(matches!(problem(archive.get("https://a.example/")).0, Problem::Changed));
}

#[test]
fn an_error_names_file_record_and_byte_and_keeps_its_cause_apart() {
    let (file, archive) = opened(&gz(&[raw("warcinfo", "", b"x"), b"trash".to_vec()].concat()));
    let error = archive.expect_err("refused");
    let text = error.to_string();
    assert!(text.ends_with(": could not read record 2 at byte 0 (unpacked byte 57)"), "{text}");
    assert!(text.starts_with(&file.path().display().to_string()), "{text}");
    assert!(std::error::Error::source(&error).is_some_and(|cause| cause.to_string().starts_with("neither a WARC record")));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        change in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        gzip: bool,
        junk in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let chunked = answer("https://b.example/", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: br\r\n\r\n", &junk);
        let plain = [written(false, &[page("https://a.example/", b"x")]), chunked].concat();
        let mut bytes = if gzip { gz(&plain) } else { plain };
        for (at, byte) in change {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let (_file, archive) = opened(&bytes);
        if let Ok(archive) = archive {
            for address in archive.addresses() {
                let _ = archive.get(address);
            }
        }
    }
}
