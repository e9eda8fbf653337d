//! As an operator I point the service at a real OpenAI-compatible server, and whatever that server does is told for what
//! it is. The server is llama.cpp's own, with a tiny model that talks nonsense.
//!
//! `TEST_LLAMA_PYTHON` names a Python that has xllamacpp, gguf and numpy. CI must have it; elsewhere these tests say that
//! they were left out.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use sovcheck::extract::reply;
use sovcheck::framework::load::embedded;
use sovcheck::llm::endpoint::{Completion, Question, Turn};
use sovcheck::llm::{Endpoint, EndpointSettings, ModelError};

use crate::world::{World, nordhaven, project};

const KEY: &str = "a key for tests";

struct Server {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
    }
}

/// Starts the server; `None` where there is none to be had.
fn server() -> Option<Server> {
    let Ok(python) = std::env::var("TEST_LLAMA_PYTHON") else {
        assert!(std::env::var("CI").is_err(), "in CI these stories need TEST_LLAMA_PYTHON");
        eprintln!("TEST_LLAMA_PYTHON is not set: stories with a real model server are left out");
        return None;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = Command::new(python)
        .arg(project("tests/model_server/serve.py"))
        .arg(folder.path())
        .arg(KEY)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let address = lines.map_while(Result::ok).find(|line| line.starts_with("http")).expect("the server says where it listens");
    Some(Server { child, url: format!("{}/v1", address.trim_end_matches('/')), _folder: folder })
}

impl Server {
    fn endpoint(&self, key: &str, timeout: Duration) -> Endpoint {
        let settings = EndpointSettings {
            base_url: self.url.clone(),
            model: "nonsense".to_owned(),
            key: Some(SecretString::from(key.to_owned())),
            timeout,
            tape: None,
        };
        Endpoint::new(settings).expect("a client")
    }
}

async fn ask(endpoint: &Endpoint, words: &str, schema: &Value) -> Result<Completion, ModelError> {
    endpoint.chat(Question { about: "a test", prompt: "", turns: &[Turn::Ask(words)], schema, sample: 0 }).await
}

#[tokio::test]
async fn a_real_server_is_spoken_to_and_its_faults_are_told_apart() {
    let Some(server) = server() else { return };
    let endpoint = server.endpoint(KEY, Duration::from_secs(120));
    let framework = embedded().expect("the edition loads");
    let factor = framework.factor(&"SOV-2.1".into()).expect("a factor");

    // The schema is enforced: a small one ends, and its object holds what was asked for and nothing else.
    let small = json!({
        "type": "object", "additionalProperties": false, "required": ["state"],
        "properties": { "state": { "enum": ["answered", "not_found"] } },
    });
    let said = ask(&endpoint, "Which law applies?", &small).await.expect("a reply");
    let object: Value = serde_json::from_str(&said.content).unwrap_or_else(|error| panic!("{error}: {}", said.content));
    assert!(matches!(object["state"].as_str(), Some("answered" | "not_found")), "{object}");
    assert!(said.usage.tokens_in > 0 && said.usage.tokens_out > 0, "{:?}", said.usage);

    // The factor's own schema: nonsense within the form, or cut at the limit, and both are seen for what they are.
    match ask(&endpoint, "Which law applies?", &reply::schema(factor)).await {
        Ok(said) => {
            let read = reply::read(&said.content, said.cut, factor);
            assert!(said.cut == matches!(read, Err(reply::ReplyFault::Cut)), "{read:?}: {}", said.content);
            assert!(said.cut || !matches!(read, Err(reply::ReplyFault::Form(_))), "the server let another form pass: {}", said.content);
        }
        Err(error) => assert!(matches!(error, ModelError::BrokenReply(_)) && error.concerns_one_request(), "{error:?}"),
    }

    // A prompt beyond the context, a wrong key, a schema that is none, and impatience.
    let long = ask(&endpoint, &"words ".repeat(4_000), &small).await;
    assert!(matches!(long, Err(ModelError::TooLong)), "{long:?}");
    let refused = ask(&server.endpoint("another key", Duration::from_secs(20)), "Hello", &small).await;
    assert!(matches!(refused, Err(ModelError::Refused(_))), "{refused:?}");
    let broken = ask(&endpoint, "Hello", &json!({ "type": "a shape" })).await;
    assert!(matches!(broken, Err(ModelError::Refused(_))), "{broken:?}");
    let late = ask(&server.endpoint(KEY, Duration::from_millis(1)), "Hello", &reply::schema(factor)).await;
    assert!(matches!(late, Err(ModelError::Timeout(_))), "{late:?}");
    let gone = {
        let url = server.url.clone();
        drop(server);
        let settings =
            EndpointSettings { base_url: url, model: "nonsense".to_owned(), key: None, timeout: Duration::from_secs(20), tape: None };
        ask(&Endpoint::new(settings).expect("a client"), "Hello", &small).await
    };
    assert!(matches!(gone, Err(ModelError::Unreachable(_))), "{gone:?}");
}

#[tokio::test]
async fn a_whole_check_with_a_model_that_cannot_read_it_ends_in_gaps_that_say_so() {
    let Some(server) = server() else { return };
    let world = World::new();
    let args = [
        "check",
        &nordhaven(),
        "--format",
        "json",
        "-q",
        "--model-url",
        &server.url,
        "--model",
        "nonsense",
        "--model-at-once",
        "2",
        "--model-key",
        KEY,
    ];
    let ran = world.run(&args).await;
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    let report = ran.json();
    assert!(report["gaps"].to_string().contains("longer than the model can read"), "{}", report["gaps"]);
    let failed = report["factors"].as_array().expect("factors").iter().filter(|f| f["state"] == "failed").count();
    assert!(failed > 20, "{failed}");
}
