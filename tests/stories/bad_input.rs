//! As a user who mistypes, or whose site is down, I am told what is wrong and what to do, and nothing is half-written.

use axum::routing::get;

use crate::world::{World, nordhaven, project, serve};

#[tokio::test]
async fn a_source_that_is_none_is_named() {
    let world = World::new();
    std::fs::create_dir(world.dir.path().join("empty")).expect("a folder");
    std::fs::write(world.dir.path().join("page.html"), "<p>x").expect("a file");
    world.run(&["check", "nowhere"]).await.failed(2, &["`nowhere` is neither a folder nor an address"]);
    world.run(&["check", "page.html"]).await.failed(2, &["is a file; give the folder"]);
    world.run(&["check", "ftp://example.eu"]).await.failed(2, &["only http and https"]);
    world.run(&["check", "empty"]).await.failed(4, &["empty", "no HTML, PDF, Markdown or text file"]);
    world.run(&["check", &nordhaven(), "--pages", "0"]).await.failed(2, &["--pages", "0"]);
    world.run(&["check", &nordhaven(), "--weights", "none"]).await.failed(2, &["no weight set `none`"]);
    world.run(&["check", &nordhaven(), "--model-url", "http://127.0.0.1:1/v1"]).await.failed(2, &["--model"]);
    world.run(&["check", &nordhaven(), "--database", "mysql://x"]).await.failed(1, &["`mysql://x` is not a database address"]);
}

#[tokio::test]
async fn an_address_that_cannot_be_read_is_named_with_its_reason() {
    let mut world = World::new();
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    };
    world.ports.push(port);
    world.run(&["check", &format!("http://127.0.0.1:{port}/"), "-q"]).await.failed(4, &["no page"]);
    world.run(&["check", "http://127.0.0.1:9/", "-q"]).await.failed(4, &["127.0.0.1 is not a public address"]);
    world.run(&["check", "http://2130706433/", "-q"]).await.failed(4, &["127.0.0.1 is not a public address"]);
    world.run(&["check", "http://router/", "-q"]).await.failed(4, &["`router` is a local name"]);
    world.run(&["check", "https://does-not-exist.invalid/", "-q"]).await.failed(4, &["does-not-exist.invalid"]);

    let bomb = || async {
        let chunks = futures::stream::iter((0..200).map(|_| Ok::<_, std::io::Error>(vec![b'a'; 1 << 20])));
        axum::body::Body::from_stream(chunks)
    };
    let loops = || async { axum::response::Redirect::temporary("/") };
    let (address, port) = serve(axum::Router::new().route("/", get(loops)).route("/big", get(bomb))).await;
    world.ports.push(port);
    world.run(&["check", &address, "--pause", "0", "-q"]).await.failed(4, &["redirects without end"]);
    world.run(&["check", &format!("{address}/big"), "--pause", "0", "-q"]).await.failed(4, &["larger than 16 MiB"]);

    let soft = || async { axum::response::Html("<title>404</title><h1>Page not found</h1>") };
    let (address, port) = serve(axum::Router::new().route("/", get(soft))).await;
    world.ports.push(port);
    world.run(&["check", &address, "-q"]).await.failed(4, &["no page", "an error page"]);
}

#[tokio::test]
async fn a_framework_with_a_misspelt_key_is_named_by_file_line_and_key() {
    let world = World::new();
    let text = std::fs::read_to_string(project("src/framework/editions/eu-csf.toml")).expect("the edition");
    let text: Vec<&str> = text.lines().filter(|l| !l.starts_with("knowledge = ")).collect();
    let text = text.join("\n").replacen("]]\nid = \"SOV-2.1\"", "]]\nidd = \"SOV-2.1\"", 1);
    let line = text.lines().position(|l| l.starts_with("idd")).expect("the line") + 1;
    std::fs::write(world.dir.path().join("own.toml"), text).expect("writes");
    let place = format!("own.toml:{line}");
    for args in [&["framework", "check", "own.toml"][..], &["check", &nordhaven(), "--framework", "own.toml"]] {
        world.run(args).await.failed(2, &[&place, "`idd`", "unknown field"]);
    }
    world.run(&["framework", "check", "missing.toml"]).await.failed(2, &["missing.toml"]);
    let good = world.run(&["framework", "check"]).await;
    assert!(good.done().out.contains("48 factors"), "{}", good.out);
}

#[tokio::test]
async fn a_framework_of_ones_own_is_a_file_and_no_code() {
    let world = World::new();
    std::fs::write(
        world.dir.path().join("own.toml"),
        r#"
id = "own"
edition = "1"
title = "House rules"
summary = "Two questions."
knowledge = ["rules.toml"]
default_weights = "even"
default_rounding = "exact"
seal = [{ level = 0, name = "none", meaning = "x" }, { level = 1, name = "some", meaning = "x" }]
weights = [{ id = "even", title = "Even", values = { H = 100 } }]
rounding = [{ id = "exact", title = "Exact", points = "exact", maximum = "sum", decimals = 1 }]
objective = [{ id = "H", name = "House", summary = "x" }]

[[factor]]
id = "H.1"
objective = "H"
name = "Law"
question = "Which law governs the contract?"
counts = "Contracts."
option = [
    { number = 1, label = "other", demands = "x", points = "0", seal = 0 },
    { number = 2, label = "German", demands = "x", points = "10", seal = 1 },
]
[[factor]]
id = "H.2"
objective = "H"
name = "Unicorns"
question = "Are there unicorns?"
counts = "Words."
option = [
    { number = 1, label = "no", demands = "x", points = "0", seal = 0 },
    { number = 2, label = "yes", demands = "x", points = "10", seal = 1 },
]
"#,
    )
    .expect("writes");
    std::fs::write(
        world.dir.path().join("rules.toml"),
        r#"
[[factor]]
id = "H.1"
queries.en = ["governed by law"]
[[factor.rule]]
id = "H.1/german"
option = 2
all = ['governed by german law']
weight = 90
says = "German law."
"#,
    )
    .expect("writes");
    let report = world.run(&["check", &nordhaven(), "--framework", "own.toml", "--format", "json", "-q"]).await.done().json();
    assert_eq!(report["factors"][0]["option"], 2);
    assert_eq!(report["factors"][1]["state"], "not-found");
    assert_eq!(report["scorecard"]["weighted"], 100.0);
    assert_eq!(report["scorecard"]["floor"]["weighted"], 50.0);
}
