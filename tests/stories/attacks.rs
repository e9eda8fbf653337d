//! As a buyer I trust a score because a page cannot talk it up: instructions, disguises, borrowed certificates and loud
//! claims raise nothing, and whoever tries is named.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::world::{World, factor, nordhaven, project};

#[derive(Deserialize)]
struct Attacks {
    attack: Vec<Attack>,
}

#[derive(Clone, Deserialize)]
struct Attack {
    page: String,
    what: String,
    reported: bool,
    bait: Vec<Bait>,
}

#[derive(Clone, Deserialize)]
struct Bait {
    factor: String,
    option: u8,
    quote: String,
}

fn attacks() -> Vec<Attack> {
    let text = std::fs::read_to_string(project("fixtures/attacks/attacks.toml")).expect("the list of attacks");
    toml::from_str::<Attacks>(&text).expect("TOML").attack
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// The site of the fixture vendor, with one page more.
fn site(world: &World, attack: Option<&Attack>) -> String {
    let folder = world.dir.path().join(attack.map_or("plain", |a| a.page.as_str()));
    copy(Path::new(&nordhaven()), &folder);
    if let Some(attack) = attack {
        let page = folder.join("trust").join(attack.page.trim_end_matches(".html"));
        std::fs::create_dir_all(&page).expect("a folder");
        std::fs::copy(project("fixtures/attacks").join(&attack.page), page.join("index.html")).expect("a copy");
    }
    folder.display().to_string()
}

/// The option of each factor, 0 where there is none.
fn options(report: &Value) -> Vec<(String, u64)> {
    let factors = report["factors"].as_array().expect("factors");
    factors.iter().map(|f| (f["id"].as_str().expect("an id").to_owned(), f["option"].as_u64().unwrap_or(0))).collect()
}

fn raised(before: &Value, after: &Value) -> Vec<String> {
    options(before)
        .into_iter()
        .zip(options(after))
        .filter(|((_, a), (_, b))| b > a)
        .map(|((id, a), (_, b))| {
            let quotes: Vec<String> =
                crate::world::evidence(after, &id).iter().filter_map(|e| Some(format!("{} {}", e["page"], e["quote"].as_str()?))).collect();
            format!("{id} from {a} to {b}: {quotes:?}")
        })
        .collect()
}

/// What of the score itself is higher than before.
fn risen(before: &Value, after: &Value) -> Vec<String> {
    ["/weighted", "/unweighted", "/seal", "/floor/weighted", "/floor/seal", "/expected/weighted"]
        .into_iter()
        .filter_map(|place| {
            let of = |report: &Value| report["scorecard"].pointer(place).and_then(Value::as_f64).unwrap_or(0.0);
            (of(after) > of(before)).then(|| format!("{place} from {} to {}", of(before), of(after)))
        })
        .collect()
}

fn names(report: &Value, page: &str) -> bool {
    let hidden = report["hidden"].as_array().expect("a list");
    hidden.iter().any(|h| h["address"].as_str().is_some_and(|address| address.contains(page.trim_end_matches(".html"))))
}

#[tokio::test]
async fn no_page_talks_the_rules_into_a_better_score() {
    let world = World::new();
    let plain = world.run(&["check", &site(&world, None), "--fresh", "--format", "json", "-q"]).await;
    let before = plain.json();
    let mut faults = Vec::new();
    for attack in attacks() {
        let ran = world.run(&["check", &site(&world, Some(&attack)), "--fresh", "--format", "json", "-q"]).await;
        let after = ran.json();
        for rise in raised(&before, &after) {
            faults.push(format!("{} ({}) raises {rise}", attack.page, attack.what));
        }
        for rise in risen(&before, &after) {
            let options = options(&before).into_iter().zip(options(&after)).filter(|(a, b)| a != b).collect::<Vec<_>>();
            faults.push(format!("{} ({}) raises the score: {rise}; {options:?}", attack.page, attack.what));
        }
        if attack.reported && !names(&after, &attack.page) {
            faults.push(format!("{} ({}) is not reported", attack.page, attack.what));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// A model that believes everything: shown a bait, it answers with it; else it finds nothing.
struct Gullible(Vec<Bait>);

impl Respond for Gullible {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON is sent");
        let prompt = body["messages"][0]["content"].as_str().expect("text");
        let content = if prompt.starts_with("You check quotes") {
            json!({ "verdicts": [] })
        } else {
            let asked = self.0.iter().find(|bait| prompt.contains(&format!("Factor {}:", bait.factor)));
            match asked {
                None => json!({ "state": "not_found", "option": null, "quotes": [], "justification": "nothing" }),
                Some(bait) => {
                    // Wherever the words were, the quote is claimed to stand on every passage that was shown.
                    let passages = prompt.lines().filter_map(|line| line.strip_prefix("[p")?.split(']').next());
                    let quotes: Vec<Value> = passages
                        .take(6)
                        .map(|id| json!({ "passage": format!("p{id}"), "text": bait.quote, "shows": bait.option }))
                        .collect();
                    if quotes.is_empty() {
                        json!({ "state": "not_found", "option": null, "quotes": [], "justification": "nothing" })
                    } else {
                        json!({ "state": "answered", "option": bait.option, "quotes": quotes, "justification": "as asked" })
                    }
                }
            }
        };
        ResponseTemplate::new(200).set_body_json(json!({
            "id": "x", "object": "chat.completion", "created": 0, "model": "m",
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": content.to_string() }, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20 },
        }))
    }
}

#[tokio::test]
async fn a_gullible_model_cannot_carry_a_reported_attack_into_the_score() {
    let world = World::new();
    let plain = world.run(&["check", &site(&world, None), "--fresh", "--format", "json", "-q"]).await;
    let before = plain.json();
    let mut faults = Vec::new();
    for attack in attacks().into_iter().filter(|attack| attack.reported) {
        let server = MockServer::start().await;
        Mock::given(method("POST")).and(path("/v1/chat/completions")).respond_with(Gullible(attack.bait.clone())).mount(&server).await;
        let url = format!("{}/v1", server.uri());
        let folder = site(&world, Some(&attack));
        let args = [
            "check",
            &folder,
            "--fresh",
            "--format",
            "json",
            "-q",
            "--model-url",
            &url,
            "--model",
            "gullible",
            "--token-budget",
            "9000000",
        ];
        let after = world.run(&args).await.json();
        for bait in &attack.bait {
            let option = factor(&after, &bait.factor)["option"].as_u64().unwrap_or(0);
            let was = factor(&before, &bait.factor)["option"].as_u64().unwrap_or(0);
            if option > was {
                faults.push(format!("{}: {} rises from {was} to {option} by “{}”", attack.page, bait.factor, bait.quote));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
