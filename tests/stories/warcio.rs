//! As an archivist I open a check's archive with the tools I have, and give the archives of my tools to a check.
//!
//! The other tool is warcio, which most others are built on. `TEST_WARCIO_PYTHON` names a Python that has it; without it
//! `python3` is tried. CI must have it; elsewhere the tests say that they were left out.

use std::path::Path;
use std::process::Command;

use sovcheck::archive::{Archive, Info, Notes, Record, Writer};

/// Prints what warcio finds: one line a record, fields set apart by tabs.
const READ: &str = r#"
import hashlib, sys
from warcio.archiveiterator import ArchiveIterator
with open(sys.argv[1], "rb") as file:
    for record in ArchiveIterator(file, verify_http=True, check_digests="raise"):
        of = lambda name: record.rec_headers.get_header(name) or "-"
        body = record.content_stream().read()
        http = record.http_headers
        print(record.rec_type, of("WARC-Target-URI"), of("WARC-Date"), http.get_statuscode() if http else "-",
              (http.get_header("Content-Type") if http else record.content_type) or "-", len(body), sep="\t")
"#;

/// Writes an archive as a crawler based on warcio does: chunked and gzipped, repeated, and a file.
const WRITE: &str = r#"
import gzip, io, sys
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter
packed = gzip.compress(b"<p>chunked and packed")
chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (packed[:9], packed[9:])) + b"0\r\n\r\n"
with open(sys.argv[1], "wb") as file:
    writer = WARCWriter(file, gzip=sys.argv[1].endswith(".gz"), warc_version=sys.argv[2])
    writer.write_record(writer.create_warcinfo_record("x.warc", {"software": "a crawler"}))
    headers = [("Content-Type", "text/html"), ("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip"), ("X-Robots-Tag", "all")]
    first = writer.create_warc_record("https://a.example/one", "response", payload=io.BytesIO(chunked),
        http_headers=StatusAndHeaders("200 OK", headers, protocol="HTTP/1.1"), warc_headers_dict={"WARC-Date": "2024-02-03T04:05:06Z"})
    writer.write_request_response_pair(writer.create_warc_record("https://a.example/one", "request",
        http_headers=StatusAndHeaders("GET /one HTTP/1.1", [("Host", "a.example")], is_http_request=True)), first)
    writer.write_record(writer.create_revisit_record("https://a.example/two", first.rec_headers.get_header("WARC-Payload-Digest"),
        "https://a.example/one", "2024-02-03T04:05:06Z", http_headers=first.http_headers))
    writer.write_record(writer.create_revisit_record("https://a.example/three", "sha1:NOWHERE",
        "https://b.example/", "2023-01-01T00:00:00Z"))
    writer.write_record(writer.create_warc_record("file:///docs/a%20b.txt", "resource", payload=io.BytesIO(b"a file"),
        warc_content_type="text/plain", warc_headers_dict={"WARC-Date": "2024-02-03T04:05:07.250Z"}))
    writer.write_record(writer.create_warc_record("https://a.example/gone", "response", payload=io.BytesIO(b""),
        http_headers=StatusAndHeaders("404 Not Found", [], protocol="HTTP/1.0")))
"#;

/// A Python with warcio; `None`, where that is allowed, if there is none.
fn python() -> Option<String> {
    let python = std::env::var("TEST_WARCIO_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import warcio"]).output().is_ok_and(|output| output.status.success());
    assert!(found || std::env::var_os("CI").is_none(), "`{python}` has no warcio: pip install warcio, or set TEST_WARCIO_PYTHON");
    if !found {
        eprintln!("left out: `{python}` has no warcio (pip install warcio, or set TEST_WARCIO_PYTHON)");
    }
    found.then_some(python)
}

fn run(python: &str, args: &[&str], path: &Path) -> String {
    let output = Command::new(python).args(args).arg(path).output().expect("Python runs");
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && errors.is_empty(), "{out}\n{errors}");
    out.into_owned()
}

fn pages() -> Vec<Record> {
    let page = |address: &str, status, media: &str, bytes: &[u8]| Record {
        address: address.to_owned(),
        status,
        media: media.to_owned(),
        headers: vec![("ETag".to_owned(), "\"ä\"".to_owned()), ("Content-Encoding".to_owned(), "br".to_owned())],
        read_at_ms: 1_767_225_600_123,
        bytes: bytes.to_vec(),
    };
    vec![
        page("https://a.example/terms?lang=de", 200, "text/html; charset=utf-8", "<p>Grüße\r\n\r\n".as_bytes()),
        page("https://a.example/report.pdf", 200, "application/pdf", &vec![0xff; 300_000]),
        page("http://a.example/empty", 204, "", b""),
        page("docs/a b/ü?.md", 200, "text/markdown", b"# Terms\n"),
        page("empty.txt", 200, "", b""),
    ]
}

#[test]
fn warcio_verifies_and_reads_what_is_written() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["check.warc", "check.warc.gz"] {
        let path = folder.path().join(name);
        let info = Info {
            check: "chk_0198".to_owned(),
            software: "sovcheck/0.1.0".to_owned(),
            description: "Pages of a check".to_owned(),
            operator: Some("ops@example.org".to_owned()),
            at_ms: 1_767_225_600_000,
        };
        let mut writer = Writer::new(std::fs::File::create(&path).expect("a file"), name.ends_with(".gz"), &info).expect("begun");
        for page in pages() {
            writer.response(&page).expect("written");
        }
        writer.unread("https://a.example/private", "robots", "robots.txt forbids it", 1_767_225_600_000).expect("written");
        writer.finish().expect("finished");

        let checked = run(&python, &["-m", "warcio.cli", "check", "-v"], &path);
        assert_eq!(checked.matches("digest pass").count(), 7, "{checked}");
        let index = run(&python, &["-m", "warcio.cli", "index", "-f", "warc-type,http:status,warc-target-uri,offset"], &path);
        assert_eq!(index.lines().count(), 7, "{index}");
        assert!(
            index.contains(r#"{"warc-type": "response", "http:status": "204", "warc-target-uri": "http://a.example/empty""#),
            "{index}"
        );

        let script = folder.path().join("read.py");
        std::fs::write(&script, READ).expect("a script");
        let found = run(&python, &[&script.to_string_lossy()], &path);
        let date = "2026-01-01T00:00:00";
        let expected = [
            format!("warcinfo\t-\t{date}.000Z\t-\tapplication/warc-fields\t"),
            format!("response\thttps://a.example/terms?lang=de\t{date}.123Z\t200\ttext/html; charset=utf-8\t14"),
            format!("response\thttps://a.example/report.pdf\t{date}.123Z\t200\tapplication/pdf\t300000"),
            format!("response\thttp://a.example/empty\t{date}.123Z\t204\t-\t0"),
            format!("resource\tfile:///docs/a%20b/%C3%BC%3F.md\t{date}.123Z\t-\ttext/markdown\t8"),
            format!("resource\tfile:///empty.txt\t{date}.123Z\t-\t-\t0"),
            format!("metadata\thttps://a.example/private\t{date}.000Z\t-\tapplication/warc-fields\t"),
        ];
        assert_eq!(found.lines().count(), expected.len(), "{found}");
        for (line, start) in found.lines().zip(&expected) {
            assert!(line.starts_with(start), "{line}\n{start}");
        }
    }
}

#[test]
fn what_warcio_writes_is_read() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("write.py");
    std::fs::write(&script, WRITE).expect("a script");
    for (name, version) in [("one.warc", "WARC/1.1"), ("one.warc.gz", "WARC/1.0")] {
        let path = folder.path().join(name);
        let written = Command::new(&python).arg(&script).arg(&path).arg(version).status().expect("Python runs");
        assert!(written.success());
        let archive = Archive::open(&path).expect("opens");
        let addresses: Vec<_> = archive.addresses().collect();
        assert_eq!(addresses, ["https://a.example/one", "file:///docs/a%20b.txt", "https://a.example/gone", "https://a.example/two"]);
        assert_eq!(*archive.notes(), Notes { records: 7, elsewhere: 1, ..Notes::default() });
        let get = |address: &str| archive.get(address).expect("read").expect("there");
        let one = get("https://a.example/one");
        assert_eq!(one.bytes, b"<p>chunked and packed");
        assert_eq!((one.status, one.media.as_str(), one.read_at_ms), (200, "text/html", 1_706_933_106_000));
        assert_eq!(one.headers, [("X-Robots-Tag".to_owned(), "all".to_owned())]);
        let two = get("https://a.example/two");
        assert_eq!((&two.bytes, &two.media, &two.headers), (&one.bytes, &one.media, &one.headers));
        let file = get("docs/a b.txt");
        assert_eq!((file.bytes.as_slice(), file.media.as_str(), file.read_at_ms), (b"a file".as_slice(), "text/plain", 1_706_933_107_250));
        assert_eq!((get("https://a.example/gone").status, get("https://a.example/gone").bytes.len()), (404, 0));
    }
}
