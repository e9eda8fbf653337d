//! As a maintainer I keep the arrows: which module may use which, and what is owned by one place.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::world::project;

/// Module, and the modules it may use. `main`, `lib` and `cli` may use anything.
const MAY_USE: &[(&str, &[&str])] = &[
    ("access", &["domain"]),
    ("archive", &["chain", "domain"]),
    ("area", &[]),
    ("clock", &[]),
    ("config", &["chain"]),
    ("domain", &[]),
    ("eval", &["domain", "framework", "index", "llm", "pipeline", "score", "settle"]),
    ("focus", &["domain"]),
    ("prompt", &["framework"]),
    ("framework", &["domain"]),
    ("score", &["domain", "framework"]),
    ("settle", &["domain", "framework", "index"]),
    ("read", &["domain"]),
    ("crawl", &["archive", "clock", "domain", "focus", "framework", "read", "chain"]),
    ("llm", &[]),
    ("index", &["domain", "focus", "framework", "llm", "read"]),
    ("gates", &["area", "domain", "framework", "profile"]),
    ("profile", &["area", "domain", "framework", "index"]),
    ("extract", &["area", "domain", "framework", "index", "llm", "prompt"]),
    ("store", &["domain", "llm", "hex"]),
    (
        "pipeline",
        &[
            "area",
            "clock",
            "domain",
            "framework",
            "gates",
            "crawl",
            "index",
            "extract",
            "llm",
            "profile",
            "prompt",
            "settle",
            "score",
            "store",
            "chain",
        ],
    ),
    ("report", &["area", "clock", "domain", "gates", "framework", "llm", "pipeline", "prompt", "score", "settle"]),
    ("intake", &["area", "config", "crawl", "domain", "gates", "store"]),
    (
        "jobs",
        &[
            "area",
            "clock",
            "config",
            "crawl",
            "domain",
            "extract",
            "framework",
            "gates",
            "intake",
            "llm",
            "pipeline",
            "profile",
            "report",
            "score",
            "store",
            "chain",
            "hex",
        ],
    ),
    ("telemetry", &[]),
    ("token", &["hex"]),
    (
        "web",
        &[
            "access",
            "archive",
            "clock",
            "config",
            "domain",
            "framework",
            "gates",
            "intake",
            "report",
            "score",
            "store",
            "token",
            "chain",
            "hex",
        ],
    ),
];

/// What only one place may name.
const OWNED: &[(&str, &[&str])] = &[
    ("sqlx::", &["store"]),
    ("qdrant_client", &["index/vectors"]),
    ("async_openai::", &["llm"]),
    ("reqwest::", &["crawl/fetch.rs", "crawl/guard.rs", "llm/endpoint.rs"]),
    ("SystemTime", &["clock.rs"]),
    ("clap::", &["cli"]),
    ("askama", &["eval/page.rs", "report", "web"]),
    ("axum::", &["web"]),
    ("indicatif", &["cli"]),
    ("std::env::", &["cli/reading.rs"]),
];

/// Modules without anything async, clock or network in them.
const PURE: &[&str] = &["access", "config", "domain", "framework", "gates", "score", "settle", "read", "report"];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let root = project("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    found
        .into_iter()
        .map(|path| (path.strip_prefix(&root).expect("below src").to_owned(), fs::read_to_string(&path).expect("a file")))
        .collect()
}

/// Code without comments and without the tests at the end of a file.
fn code(text: &str) -> String {
    text.split("#[cfg(test)]").next().unwrap_or("").lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn module(path: &Path) -> String {
    let first = path.iter().next().expect("a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|n| n == "tests.rs")
}

#[test]
fn every_module_uses_only_what_it_may() {
    let known: BTreeSet<&str> = MAY_USE.iter().map(|(m, _)| *m).collect();
    for (path, text) in sources().iter().filter(|(p, _)| !is_test(p)) {
        let own = module(path);
        if matches!(own.as_str(), "main" | "lib" | "cli") {
            continue;
        }
        let (_, allowed) = MAY_USE.iter().find(|(m, _)| *m == own).unwrap_or_else(|| panic!("{own} has no entry"));
        let code = code(text);
        for used in code.split("crate::").skip(1) {
            let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let fine = used == own || allowed.contains(&used.as_str()) || !known.contains(used.as_str()) && used != "cli";
            assert!(fine, "{} uses crate::{used}", path.display());
        }
    }
}

#[test]
fn what_is_owned_is_named_in_one_place() {
    for (path, text) in sources().iter().filter(|(p, _)| !is_test(p)) {
        let code = code(text);
        for (name, owners) in OWNED {
            let owned = owners.iter().any(|owner| path.starts_with(owner));
            assert!(owned || !code.contains(name), "{} names {name}, which belongs to {owners:?}", path.display());
        }
    }
}

#[test]
fn the_pure_modules_are_pure() {
    for (path, text) in sources().iter().filter(|(p, _)| PURE.contains(&module(p).as_str())) {
        let code = code(text);
        for word in ["async fn", ".await", "tokio::", "now_ms()"] {
            assert!(!code.contains(word), "{} holds `{word}`", path.display());
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_stays_small() {
    for (path, text) in sources() {
        assert!(text.starts_with("//!"), "{} does not open with what it is for", path.display());
        let lines = code(&text).lines().filter(|l| !l.trim().is_empty()).count();
        assert!(lines <= 400, "{} has {lines} lines of code", path.display());
        for word in ["todo!", "unimplemented!", "unreachable!", "dbg!"] {
            assert!(!code(&text).contains(word), "{} holds {word}", path.display());
        }
    }
}

#[test]
fn nothing_of_a_machine_or_a_registry_is_in_the_tree() {
    let listed = std::process::Command::new("git").args(["ls-files", "-z"]).current_dir(project("")).output().expect("git runs");
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    let tops: BTreeSet<&str> = names.split('\0').filter(|n| !n.is_empty()).map(|n| n.split('/').next().unwrap_or(n)).collect();
    for top in tops {
        let known = ["Cargo.toml", "Cargo.lock", "LICENSE", "README.md", "src", "prompts", "fixtures", "tests", "deploy"].contains(&top);
        assert!(known || top.starts_with('.'), "`{top}` stands at the top level, which is fixed");
    }
}
