//! As a procurement officer I score answers that I already have, without reading any documentation.

use crate::world::{World, project};

#[tokio::test]
async fn a_public_card_scores_to_its_published_figures() {
    let world = World::new();
    let card = project("fixtures/cards/scalingo.json").display().to_string();
    let result = world.run(&["score", &card, "--format", "json"]).await.done().json();
    assert_eq!((result["weighted"].as_f64(), result["unweighted"].as_f64(), result["seal"].as_u64()), (Some(77.0), Some(75.1), Some(3)));
    let text = world.run(&["score", &card]).await;
    assert!(text.done().out.contains("SEAL-3 Digital Resilience") && text.out.contains("77.0 % weighted"), "{}", text.out);
}

#[tokio::test]
async fn a_spreadsheet_of_some_answers_scores_with_its_coverage() {
    let world = World::new();
    std::fs::write(world.dir.path().join("a.csv"), "\u{feff}factor,option\nSOV-1.1,4\nSOV-2.1,3\nSOV-2.2,\n").expect("writes");
    let result = world.run(&["score", "a.csv", "--format", "json", "--gate", "SOV-2=4"]).await.done().json();
    assert_eq!((result["coverage"]["answered"].as_u64(), result["seal"].as_u64()), (Some(2), Some(4)));
    assert_eq!(result["gates"][0]["on_evidence"], true);
    assert_eq!(result["gates"][0]["certain"], false);
    assert_eq!(result["floor"]["seal"], 0);
}

#[tokio::test]
async fn wrong_answers_are_named_by_line_and_field() {
    let world = World::new();
    let cases = [
        ("a.csv", "factor,choice\nSOV-1.1,4\n", vec!["a.csv:1", "`option`"]),
        ("a.csv", "factor,option\nSOV-1.1,four\n", vec!["a.csv:2", "`option` of SOV-1.1 is `four`"]),
        ("a.csv", "factor,option\nSOV-1.1,4\nSOV-1.1,3\n", vec!["a.csv:3", "stands twice"]),
        ("a.csv", "factor,option\nSOV-1.9,4\n", vec!["a.csv", "`SOV-1.9` is no factor"]),
        ("a.csv", "factor,option\nSOV-1.1,9\n", vec!["no option 9", "1 to 4"]),
        ("a.csv", "factor,option\n", vec!["holds no answer"]),
        ("a.json", "{\"factors\": 3}", vec!["a.json", "`factors` is not a list"]),
        ("a.json", "[{\"option\": 3}]", vec!["entry 1", "`factor` is missing"]),
        ("a.json", "{\"SOV-1.1\": \"high\"}", vec!["`SOV-1.1`", "not a whole number"]),
        ("a.json", "{\"SOV-1.1\":", vec!["a.json", "not JSON"]),
    ];
    for (name, text, says) in cases {
        std::fs::write(world.dir.path().join(name), text).expect("writes");
        world.run(&["score", name]).await.failed(2, &says);
    }
    world.run(&["score", "missing.csv"]).await.failed(2, &["missing.csv", "No such file"]);
    std::fs::write(world.dir.path().join("a.csv"), "factor,option\nSOV-1.1,4\n").expect("writes");
    world.run(&["score", "a.csv", "--weights", "x"]).await.failed(2, &["no weight set `x`", "framework-1.2.1"]);
    world.run(&["score", "a.csv", "--gate", "SOV-9=3"]).await.failed(2, &["no objective `SOV-9`"]);
    world.run(&["score", "a.csv", "--gate", "SOV-1=7"]).await.failed(2, &["no SEAL 7"]);
}
