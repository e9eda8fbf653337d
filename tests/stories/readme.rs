//! As a newcomer I trust the README: its commands run, its figures and settings are the program's.

use std::fs;

use crate::world::{World, project};

fn readme() -> String {
    fs::read_to_string(project("README.md")).expect("a README")
}

#[tokio::test]
async fn the_first_command_prints_the_card_it_shows() {
    let readme = readme();
    let command = readme.lines().find(|l| l.trim_start().starts_with("cargo run")).expect("command one");
    let args: Vec<&str> = command.split(" -- ").nth(1).expect("arguments").split_whitespace().collect();
    let args: Vec<String> =
        args.iter().map(|a| if a.starts_with("fixtures/") { project(a).display().to_string() } else { (*a).to_owned() }).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let world = World::new();
    let ran = world.run(&args).await;
    ran.done();
    let shown: Vec<&str> = readme.split("```text").nth(1).expect("an excerpt").split("```").next().expect("an end").lines().collect();
    for line in shown.iter().map(|l| l.trim()).filter(|l| !l.is_empty() && !l.starts_with('…')) {
        assert!(ran.out.contains(line), "the README shows a line that the program does not print:\n{line}\n{}", ran.out);
    }
}

#[tokio::test]
async fn every_setting_and_exit_code_is_in_the_readme() {
    let readme = readme();
    let world = World::new();
    let help = world.run(&["check", "--help"]).await;
    let variables: Vec<&str> = help.done().out.split("[env: ").skip(1).filter_map(|p| p.split([']', '=']).next()).collect();
    assert!(variables.len() > 8, "{variables:?}");
    for variable in variables {
        assert!(readme.contains(variable), "the README does not name {variable}");
    }
    for code in ["| 0 |", "| 1 |", "| 2 |", "| 3 |", "| 4 |", "| 130 |"] {
        assert!(readme.contains(code), "the README does not name exit code {code}");
    }
}

#[test]
fn every_setting_of_the_service_is_in_the_readme() {
    let readme = readme();
    for setting in sovcheck::config::SETTINGS.iter().filter(|setting| !setting.about.is_empty()) {
        let line = readme.lines().find(|line| line.starts_with(&format!("| `{}` | `{}` |", setting.variable, setting.key)));
        let line = line.unwrap_or_else(|| panic!("the README does not name {}", setting.variable));
        assert!(line.contains(setting.about), "{line}: expected `{}`", setting.about);
    }
}
