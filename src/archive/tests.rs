//! The archive's promises: what is written is read back, the same check gives the same bytes, and other crawlers' habits are
//! understood. What hostile files do is in `hostile`.

mod hostile;

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::*;

const AT: u64 = 1_767_225_600_123;

fn info() -> Info {
    Info {
        check: "chk_1".to_owned(),
        software: "sovcheck/0.1.0".to_owned(),
        description: "A check".to_owned(),
        operator: Some("ops@example.org".to_owned()),
        at_ms: AT,
    }
}

fn page(address: &str, bytes: &[u8]) -> Record {
    Record {
        address: address.to_owned(),
        status: 200,
        media: "text/html; charset=utf-8".to_owned(),
        headers: vec![("ETag".to_owned(), "\"1\"".to_owned())],
        read_at_ms: AT,
        bytes: bytes.to_vec(),
    }
}

fn written(gzip: bool, records: &[Record]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), gzip, &info()).expect("a writer");
    for record in records {
        writer.response(record).expect("written");
    }
    writer.unread("https://a.example/private", "robots", "robots.txt forbids it", AT).expect("written");
    writer.finish().expect("finished")
}

/// Keeps the file for as long as the archive is used.
fn opened(bytes: &[u8]) -> (tempfile::NamedTempFile, Result<Archive, ArchiveError>) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("written");
    let archive = Archive::open(file.path());
    (file, archive)
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut member = GzEncoder::new(Vec::new(), Compression::fast());
    member.write_all(bytes).expect("packed");
    member.finish().expect("packed")
}

/// A record as other crawlers write it.
fn raw(kind: &str, fields: &str, block: &[u8]) -> Vec<u8> {
    let mut record = format!("WARC/1.0\r\nWARC-Type: {kind}\r\n{fields}Content-Length: {}\r\n\r\n", block.len()).into_bytes();
    record.extend_from_slice(block);
    record.extend_from_slice(b"\r\n\r\n");
    record
}

fn answer(address: &str, head: &str, body: &[u8]) -> Vec<u8> {
    let fields =
        format!("WARC-Target-URI: {address}\r\nWARC-Date: 2024-05-14T14:39:43Z\r\nContent-Type: application/http; msgtype=response\r\n");
    raw("response", &fields, &[head.as_bytes(), body].concat())
}

#[test]
fn what_is_written_is_read_back() {
    let records = [
        page("https://a.example/", b"<p>\x00\xff one"),
        page("https://a.example/empty?q=a%20b", b""),
        Record { status: 404, media: String::new(), headers: Vec::new(), ..page("http://b.example/%C3%A4", b"not\r\n\r\nhere") },
    ];
    for gzip in [false, true] {
        let (_file, archive) = opened(&written(gzip, &records));
        let archive = archive.expect("opens");
        assert_eq!(archive.addresses().collect::<Vec<_>>(), records.iter().map(|r| r.address.as_str()).collect::<Vec<_>>());
        for record in &records {
            assert_eq!(archive.get(&record.address).expect("read").as_ref(), Some(record));
        }
        assert_eq!(archive.get("https://a.example/private").expect("read"), None);
        assert_eq!(*archive.notes(), Notes { records: 5, ..Notes::default() });
    }
}

#[test]
fn a_folders_file_is_found_by_its_path_and_by_its_address() {
    let record = Record { headers: Vec::new(), ..page("docs/a b/100%?.html", b"<p>x") };
    let (_file, archive) = opened(&written(true, std::slice::from_ref(&record)));
    let archive = archive.expect("opens");
    let address = "file:///docs/a%20b/100%25%3F.html";
    assert_eq!(archive.addresses().collect::<Vec<_>>(), [address]);
    for name in ["docs/a b/100%?.html", "file:docs/a b/100%?.html", address] {
        let found = archive.get(name).expect("read").expect("there");
        assert_eq!(found, Record { address: address.to_owned(), ..record.clone() });
    }
    assert_eq!(target("notes: part 2.md").as_deref(), Some("file:///notes:%20part%202.md"));
    assert_eq!(target("http://"), None);
}

#[test]
fn the_same_check_gives_the_same_bytes_and_ids_differ_by_what_they_name() {
    let records = [page("https://a.example/1", b"1"), page("https://a.example/2", b"2")];
    assert_eq!(written(true, &records), written(true, &records));
    let plain = String::from_utf8(written(false, &records)).expect("text");
    let ids: std::collections::BTreeSet<&str> = plain.lines().filter(|l| l.starts_with("WARC-Record-ID")).collect();
    assert_eq!(ids.len(), 4);
    assert!(plain.contains("WARC-Date: 2026-01-01T00:00:00.123Z\r\n"), "{plain}");
    // One gzip member for each record, without a time.
    let packed = written(true, &records);
    let members = packed.windows(10).filter(|w| w.starts_with(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0])).count();
    assert_eq!(members, 4);
}

#[test]
fn nothing_adds_a_line_to_a_head() {
    let mut record = page("https://a.example/x\r\nWARC-Type: evil", b"x");
    record.media = "text/html\r\nEvil: 1".to_owned();
    record.headers = [("A", "b\r\nEvil: 1"), ("Evil\r\nEvil", "2"), ("Content-Length", "99"), ("content-encoding", "br")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let mut writer = Writer::new(Vec::new(), false, &info()).expect("a writer");
    writer.response(&record).expect("written");
    writer.unread("x\r\nEvil: 1", "failed", "a\nEvil: 1", AT).expect("written");
    let bytes = writer.finish().expect("finished");
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.lines().any(|line| line.to_ascii_lowercase().starts_with("evil")), "{text}");
    assert!(!text.contains("content-encoding") && text.contains("Content-Length: 1\r\n"), "{text}");
    let (_file, archive) = opened(&bytes);
    assert_eq!(archive.expect("opens").notes().records, 3);
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    let mut writer = Writer::new(Vec::new(), true, &info()).expect("a writer");
    let large = page("https://a.example/", &vec![0; MAX_BODY + 1]);
    let many = Record { headers: vec![("A".to_owned(), "b".repeat(MAX_HEAD))], ..page("https://a.example/", b"") };
    for record in [large, many, page("https://", b""), page(&format!("https://a.example/{}", "x".repeat(MAX_HEAD)), b"")] {
        let error = writer.response(&record).expect_err("refused");
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
}

#[test]
fn bodies_are_undone_as_crawlers_keep_them() {
    let text = "<!DOCTYPE html><p>Grüße aus dem Rechenzentrum".as_bytes();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(text).expect("packed");
    let zlib = zlib.finish().expect("packed");
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
    deflate.write_all(text).expect("packed");
    let deflate = deflate.finish().expect("packed");
    let mut br = Vec::new();
    brotli::CompressorWriter::new(&mut br, 4096, 5, 22).write_all(text).expect("packed");
    let zstd = zstd::encode_all(text, 3).expect("packed");
    let packed = gz(text);
    let (one, two) = packed.split_at(10);
    let chunked = [b"A;x=y\r\n".as_slice(), one, format!("\r\n{:x}\r\n", two.len()).as_bytes(), two, b"\r\n0\r\nT: 1\r\n\r\n"].concat();
    let cases: [(&str, &[u8]); 14] = [
        ("", text),
        ("Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", &chunked),
        ("content-encoding: x-GZIP\r\n", &packed),
        ("Content-Encoding: deflate\r\n", &zlib),
        ("Content-Encoding: deflate\r\n", &deflate),
        ("Content-Encoding: br\r\n", &br),
        ("Content-Encoding: zstd\r\n", &zstd),
        ("Content-Encoding: identity\r\n", text),
        // The header kept, the body stored without it.
        ("Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", text),
        ("Content-Encoding: deflate\r\n", text),
        ("Content-Encoding: br\r\n", text),
        ("Content-Encoding: zstd\r\n", text),
        ("Content-Encoding: gzip, br\r\n", text),
        ("Transfer-Encoding:\r\n chunked,\r\n\tidentity\r\nX\r\n", text),
    ];
    for (head, body) in cases {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nServer: x\r\n{head}\r\n");
        let (_file, archive) = opened(&answer("https://a.example/", &head, body));
        let record = archive.expect("opens").get("https://a.example/").expect(&head).expect("there");
        assert_eq!(String::from_utf8_lossy(&record.bytes), String::from_utf8_lossy(text), "{head}");
        assert_eq!((record.status, record.media.as_str(), record.read_at_ms), (200, "text/html", 1_715_697_583_000));
        assert_eq!(record.headers, [("Server".to_owned(), "x".to_owned())]);
    }
    // Text that begins like a packed body that ends at once, and what is not UTF-8.
    for coding in ["br", "deflate", "gzip", "zstd"] {
        for text in
            [b";;;; function".as_slice(), b"{\"a\": 1}", b"Kkkkk", b"\x06\x03", b"cs\0\0 x", b"\n<p>Gr\xfc\xdfe", b"%PDF-1.7\n%\xe2\xe3"]
        {
            let head = format!("HTTP/2 200\r\nContent-Encoding: {coding}\r\n\r\n");
            let (_file, archive) = opened(&answer("https://a.example/", &head, text));
            let record = archive.expect("opens").get("https://a.example/").expect("read").expect("there");
            assert_eq!(record.bytes, text, "{coding}");
        }
    }
}

#[test]
fn the_newest_record_wins_and_a_repeat_is_the_record_it_repeats() {
    let at = |date: &str, address: &str, more: &str| format!("WARC-Target-URI: {address}\r\nWARC-Date: {date}\r\n{more}");
    let ok = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n{body}").into_bytes();
    let not_changed = b"HTTP/1.1 304 Not Modified\r\n\r\n";
    let bytes = [
        raw("warcinfo", "", b"software: x\r\n"),
        raw(
            "revisit",
            &at("2025-01-01T00:00:00Z", "http://a.example/c", "WARC-Refers-To: <urn:uuid:2>\r\nWARC-Truncated: length\r\n"),
            not_changed,
        ),
        raw("response", &at("2024-01-02T00:00:00Z", "<http://a.example/a>", "WARC-Record-ID: <urn:uuid:2>\r\n"), &ok("new")),
        raw("response", &at("2024-01-01", "http://a.example/a", "WARC-Record-ID: <urn:uuid:1>\r\nWARC-Truncated: length\r\n"), &ok("old")),
        raw("response", &at("2024", "http://a.example/b", "WARC-Payload-Digest: sha1:ABC\r\nWARC-Truncated: time\r\n"), &ok("b")),
        raw(
            "revisit",
            &at("2026-01-01T00:00:00Z", "http://a.example/d", "WARC-Payload-Digest: SHA1:abc\r\nWARC-Truncated: length\r\n"),
            b"HTTP/1.1 404 Gone\r\nA: b\r\n\r\n",
        ),
        raw(
            "revisit",
            &at(
                "2026-01-01T00:00:00Z",
                "http://a.example/e",
                "WARC-Refers-To-Target-URI: http://a.example/a\r\nWARC-Refers-To-Date: 2024-01-02T00:00:00Z\r\n",
            ),
            b"",
        ),
        raw("revisit", &at("2026-01-01T00:00:00Z", "http://a.example/b", "WARC-Refers-To: <urn:uuid:9>\r\n"), not_changed),
        raw("request", &at("2026-01-01T00:00:00Z", "http://a.example/a", ""), b"GET / HTTP/1.1\r\n\r\n"),
        raw("resource", &at("2026-01-01T00:00:00Z", "urn:pageinfo:http://a.example/", "Content-Type: text/x\r\n"), b"{}"),
        raw("resource", &at("2026-01-01T00:00:00Z", "http://a.example/f", "Content-Type: text/x\r\n"), b"f"),
        raw("response", &at("2026-01-01T00:00:00Z", "dns:a.example", ""), b"1"),
    ];
    for bytes in [bytes.concat(), gz(&bytes.concat()), bytes.iter().flat_map(|r| gz(r)).collect()] {
        let (_file, archive) = opened(&bytes);
        let archive = archive.expect("opens");
        let addresses: Vec<_> = archive.addresses().map(|a| a.trim_start_matches("http://a.example/")).collect();
        assert_eq!(addresses, ["a", "b", "f", "c", "d", "e"]);
        let get = |name: &str| archive.get(&format!("http://a.example/{name}")).expect("read").expect("there");
        let seen = |name: &str| (get(name).status, String::from_utf8(get(name).bytes).expect("text"), get(name).read_at_ms / 1000);
        assert_eq!(seen("a"), (200, "new".to_owned(), 1_704_153_600));
        assert_eq!(seen("b"), (200, "b".to_owned(), 1_704_067_200));
        assert_eq!(seen("c"), (200, "new".to_owned(), 1_735_689_600));
        assert_eq!(seen("d"), (404, "b".to_owned(), 1_767_225_600));
        assert_eq!(seen("e"), (200, "new".to_owned(), 1_767_225_600));
        assert_eq!((get("f").media.as_str(), get("f").bytes.as_slice()), ("text/x", b"f".as_slice()));
        assert_eq!((get("d").media.as_str(), get("c").media.as_str()), ("", "text/plain"));
        assert_eq!(*archive.notes(), Notes { records: 12, cut: None, elsewhere: 1, partial: 2 });
    }
}

#[test]
fn a_record_split_over_gzip_members_is_one() {
    let whole = answer("https://a.example/", "HTTP/1.1 200 OK\r\n\r\n", b"split");
    let (one, rest) = whole.split_at(30);
    let (two, three) = rest.split_at(rest.len() - 6);
    let bytes = [gz(b""), gz(one), gz(two), gz(three), gz(&whole)].concat();
    let (_file, archive) = opened(&bytes);
    let archive = archive.expect("opens");
    assert_eq!(archive.notes().records, 2);
    assert_eq!(archive.get("https://a.example").expect("read").expect("there").bytes, b"split");
}

fn any_record() -> impl Strategy<Value = Record> {
    let header = ("[A-Za-z][A-Za-z0-9-]{0,12}", "[!-~äß][ -~äß]{0,30}[!-~äß]")
        .prop_filter("a header that is kept", |(name, _)| !super::http::is_framing(name) && !name.eq_ignore_ascii_case("content-type"));
    (
        "https?://[a-z]{1,8}\\.example/[a-zA-Z0-9/._-]{0,20}(\\?[a-z=&]{0,9})?",
        100_u16..=999,
        "([a-z]{1,9}/[a-z]{1,9})?",
        prop::collection::vec(header, 0..5),
        0_u64..4_102_444_800_000,
        prop::collection::vec(any::<u8>(), 0..600),
    )
        .prop_map(|(address, status, media, headers, read_at_ms, bytes)| Record {
            address: target(&address).expect("an address"),
            status,
            media,
            headers,
            read_at_ms,
            bytes,
        })
}

proptest! {
    #[test]
    fn any_record_comes_back(record in any_record(), gzip: bool) {
        let (_file, archive) = opened(&written(gzip, std::slice::from_ref(&record)));
        let found = archive.expect("opens").get(&record.address).expect("read");
        prop_assert_eq!(found, Some(record));
    }

    #[test]
    fn an_address_is_spelled_once_and_for_all(address in "(file:|https?://|)\\PC{0,30}") {
        if let Some(once) = target(&address) {
            prop_assert_eq!(target(&once), Some(once.clone()));
            prop_assert!(!once.contains(|c: char| c.is_control() || c == ' '));
        }
    }
}
