//! The service in stories: the real program, spoken to over HTTP as a browser or a program would.

use std::process::Stdio;

use futures::StreamExt;
use reqwest::{Client, Response, StatusCode, redirect};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;

use crate::world::World;

/// A check of a story is over by then, however busy the machine is.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(120);

/// A process of the service that runs until it is dropped or stopped.
pub struct Service {
    child: Child,
    /// Such as `http://127.0.0.1:41234`; empty for a worker.
    pub address: String,
    client: Client,
}

impl Service {
    /// Starts `sovcheck serve` on a free port and waits until it listens.
    pub async fn serve(world: &World, args: &[&str]) -> Self {
        let all: Vec<&str> = ["serve", "--listen", "127.0.0.1:0"].iter().chain(args).copied().collect();
        let (child, line) = started(world, &all, "listening on ").await;
        let address = line.split_whitespace().nth(2).expect("an address").to_owned();
        Self { child, address, client: client() }
    }

    /// Starts `sovcheck worker`.
    pub async fn worker(world: &World, args: &[&str]) -> Self {
        let all: Vec<&str> = ["worker"].iter().chain(args).copied().collect();
        let (child, _) = started(world, &all, "working with ").await;
        Self { child, address: String::new(), client: client() }
    }

    /// Sends a signal such as `-STOP`.
    pub fn signal(&self, signal: &str) {
        let id = self.child.id().expect("it runs").to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().expect("kill runs").success());
    }

    /// Sends a signal such as `-KILL` and waits for the end.
    pub async fn end(&mut self, signal: &str) -> std::process::ExitStatus {
        self.signal(signal);
        self.child.wait().await.expect("it ends")
    }

    pub async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.address)).send().await.expect("an answer")
    }

    /// Sends what a program would: any method, headers and body.
    pub async fn send(&self, method: reqwest::Method, path: &str, headers: &[(&str, &str)], body: Option<String>) -> Response {
        let request = self.client.request(method, format!("{}{path}", self.address));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = body.into_iter().fold(request, |request, body| request.body(body));
        request.send().await.expect("an answer")
    }

    pub async fn text(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.expect("a page")
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.post_from("127.0.0.1", path, fields).await
    }

    async fn post_from(&self, client: &str, path: &str, fields: &[(&str, &str)]) -> Response {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let request = self.client.post(format!("{}{path}", self.address));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body.finish());
        let request = request.header("x-forwarded-for", client);
        request.send().await.expect("an answer")
    }

    /// Fills in the form with its work done, as a browser with scripts does.
    pub async fn ask(&self, fields: &[(&str, &str)]) -> Response {
        self.ask_from("127.0.0.1", fields).await
    }

    /// The same behind a proxy that says so of the client's address.
    pub async fn ask_from(&self, client: &str, fields: &[(&str, &str)]) -> Response {
        let page = self.text("/").await;
        let ticket = between(&page, "name=\"ticket\" value=\"", "\"").to_owned();
        let bits: u32 = between(&page, "data-bits=\"", "\"").parse().expect("a number");
        let proof = proof(&ticket, bits);
        let all: Vec<(&str, &str)> = [("ticket", ticket.as_str()), ("proof", proof.as_str())].iter().chain(fields).copied().collect();
        self.post_from(client, "/checks", &all).await
    }

    /// Asks for a check and gives the path of its private page.
    pub async fn asked(&self, address: &str) -> String {
        let answer = self.ask(&[("service", "Nordhaven"), ("address", address)]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.text().await.unwrap_or_default());
        answer.headers()["location"].to_str().expect("a path").to_owned()
    }

    /// Follows a check's events from after `last` until `until` holds of one, and gives them with their numbers.
    pub async fn events(&self, check: &str, last: u64, until: impl Fn(&str, &Value) -> bool) -> Vec<(u64, String, Value)> {
        let request = self.client.get(format!("{}{check}/events", self.address)).header("last-event-id", last.to_string());
        let answer = request.send().await.expect("an answer");
        if answer.status() == StatusCode::NO_CONTENT {
            return Vec::new();
        }
        assert_eq!(answer.status(), StatusCode::OK);
        let mut bytes = answer.bytes_stream();
        let (mut text, mut found) = (String::new(), Vec::new());
        while let Some(Ok(more)) = bytes.next().await {
            text.push_str(&String::from_utf8_lossy(&more));
            while let Some((event, rest)) = text.clone().split_once("\n\n") {
                text = rest.to_owned();
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").trim().to_owned();
                let (id, name, data) = (field("id:"), field("event:"), field("data:"));
                if name.is_empty() {
                    continue; // A sign of life.
                }
                let data: Value = serde_json::from_str(&data).expect("JSON");
                let done = until(&name, &data);
                found.push((id.parse().expect("a number"), name, data));
                if done {
                    return found;
                }
            }
        }
        found
    }

    /// Opens a check's stream and reads what comes until it ends.
    pub async fn watch(&self, check: &str) -> tokio::task::JoinHandle<String> {
        let answer = self.get(&format!("{check}/events")).await;
        tokio::spawn(async move { answer.text().await.unwrap_or_default() })
    }

    /// Waits until a check is over, and says how.
    pub async fn over(&self, check: &str) -> String {
        let ends = self.events(check, 0, |name, _| matches!(name, "done" | "failed" | "cancelled"));
        let events = tokio::time::timeout(LONGEST, ends).await.expect("the check comes to an end");
        events.last().map(|(_, name, _)| name.clone()).unwrap_or_default()
    }
}

fn client() -> Client {
    #[expect(clippy::disallowed_methods, reason = "a browser of a story")]
    Client::builder().redirect(redirect::Policy::none()).build().expect("a client")
}

/// The number that a browser finds for a form.
pub fn proof(ticket: &str, bits: u32) -> String {
    let zeros = |n: &u32| {
        let hash = Sha256::digest(format!("{ticket}.{n}"));
        u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]).leading_zeros() >= bits
    };
    (0..).find(zeros).expect("a proof").to_string()
}

/// The text between two others.
pub fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split(before).nth(1).and_then(|rest| rest.split(after).next()).unwrap_or_else(|| panic!("no {before} in {text}"))
}

async fn started(world: &World, args: &[&str], says: &str) -> (Child, String) {
    let mut command = world.command(args);
    let ours = [("SOVCHECK_PAUSE", "0"), ("SOVCHECK_FORM_BITS", "6"), ("SOVCHECK_POLL_MS", "50"), ("SOVCHECK_RETRY", "0")];
    let mut child =
        command.envs(ours).envs(world.variables.clone()).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let mut said = String::new();
    while let Some(line) = lines.next_line().await.expect("a line") {
        if line.starts_with(says) {
            tokio::spawn(read_away(lines));
            return (child, line);
        }
        said.push_str(&line);
        said.push('\n');
    }
    panic!("the service did not start: {said}");
}

/// What it still says is read away, so that it is not held up by a full pipe.
async fn read_away(mut lines: tokio::io::Lines<BufReader<impl AsyncRead + Unpin>>) {
    while let Ok(Some(line)) = lines.next_line().await {
        eprintln!("service: {line}");
    }
}
