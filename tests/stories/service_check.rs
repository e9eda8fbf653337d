//! As a vendor without an account I give an address in the browser, watch the check, and get a private link to its result.

use reqwest::StatusCode;

use crate::service::{Service, between, proof};
use crate::site;
use crate::world::World;

#[tokio::test]
async fn a_check_from_the_form_to_the_result_and_away() {
    for mut world in World::each().await {
        let (address, port) = site::nordhaven(site::Log::default()).await;
        world.ports.push(port);
        let service = Service::serve(&world, &[]).await;
        let check = service.asked(&address).await;
        assert!(check.starts_with("/c/") && check.len() == 3 + 22, "{check}");

        let events = service.events(&check, 0, |name, _| name == "done").await;
        let numbers: Vec<u64> = events.iter().map(|(number, _, _)| *number).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "numbered without gaps");
        let count = |wanted: &str| events.iter().filter(|(_, name, _)| name == wanted).count();
        assert_eq!((count("queued"), count("started"), count("factor"), count("done")), (1, 1, 48, 1));
        assert!(count("page") >= 36, "{} pages", count("page"));

        // A browser that comes back gets what it has not seen, and then nothing.
        let middle = numbers.len() as u64 / 2;
        let rest = service.events(&check, middle, |name, _| name == "done").await;
        assert_eq!(rest.first().map(|(number, _, _)| *number), Some(middle + 1));
        assert!(service.events(&check, numbers.len() as u64, |_, _| false).await.is_empty());

        let page = service.text(&check).await;
        for words in ["Nordhaven", "SEAL-1", "21 of 48 factors", "governed by German law", "Not found", "not a certification"] {
            assert!(page.contains(words), "`{words}` is not on the page:\n{page}");
        }
        assert!(service.text(&format!("{check}/delete")).await.contains("Delete the check of Nordhaven?"));
        assert_eq!(service.post(&format!("{check}/delete"), &[]).await.status(), StatusCode::OK);
        assert_eq!(service.get(&check).await.status(), StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_link_that_was_not_given_opens_nothing() {
    let world = World::new();
    let service = Service::serve(&world, &["--workers", "0"]).await;
    for path in ["/c/AAAAAAAAAAAAAAAAAAAAAA", "/c/short", "/c/AAAAAAAAAAAAAAAAAAAAAA/events", "/c/..%2f..%2fetc", "/nothing"] {
        assert_eq!(service.get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/c/AAAAAAAAAAAAAAAAAAAAAA/delete", "/c/AAAAAAAAAAAAAAAAAAAAAA/cancel"] {
        assert_eq!(service.post(path, &[]).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_protect() {
    let world = World::new();
    let service = Service::serve(&world, &["--workers", "0"]).await;
    for path in ["/", "/nothing", "/healthz"] {
        let answer = service.get(path).await;
        let policy = answer.headers()["content-security-policy"].to_str().expect("text").to_owned();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        for name in ["x-content-type-options", "referrer-policy", "x-request-id", "cache-control"] {
            assert!(answer.headers().contains_key(name), "{path}: {name}");
        }
    }
    let page = service.text("/").await;
    assert!(
        !page.contains("<style") && !page.contains("style=") && !page.contains("<script>"),
        "nothing stands in the page that the policy forbids"
    );
    let style = between(&page, "rel=\"stylesheet\" href=\"", "\"").to_owned();
    assert!(service.get(&style).await.headers()["cache-control"].to_str().expect("text").contains("immutable"));
    assert_eq!(service.text("/readyz").await, "ready\n");
}

#[tokio::test]
async fn what_cannot_be_checked_is_said_at_the_form() {
    let world = World::new();
    let service = Service::serve(&world, &["--workers", "0"]).await;
    for (address, says) in [
        ("http://127.0.0.1:1/", "not a public address"),
        ("file:///etc/passwd", "not http or https"),
        ("/etc", "is a local name"),
        ("", "give the address"),
    ] {
        let answer = service.ask(&[("address", address)]).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{address}");
        let page = answer.text().await.expect("a page");
        assert!(page.contains(says) && page.contains("data-field=\"address\""), "{page}");
    }
}

#[tokio::test]
async fn a_form_that_nobody_filled_in_is_not_taken() {
    let world = World::new();
    let service = Service::serve(&world, &["--workers", "0"]).await;
    let address = ("address", "https://docs.example.eu");
    let trapped = service.ask(&[address, ("website", "https://spam.example")]).await;
    assert_eq!(trapped.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(service.post("/checks", &[address, ("ticket", "1.a.b")]).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    // Without work it takes a moment, and the page says how long.
    let page = service.text("/").await;
    let ticket = between(&page, "name=\"ticket\" value=\"", "\"");
    let soon = service.post("/checks", &[address, ("ticket", ticket)]).await;
    assert_eq!(soon.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(soon.headers().contains_key("retry-after"));
    let again = soon.text().await.expect("a page");
    assert!(again.contains(ticket) && again.contains("docs.example.eu"), "what was typed is still there");
    // Sent twice, by a double click, it starts one check; sent for something else, none.
    let (bits, ticket) = (between(&page, "data-bits=\"", "\"").parse().expect("a number"), ticket.to_owned());
    let proof = proof(&ticket, bits);
    let send = async |address: &str| service.post("/checks", &[("address", address), ("ticket", &ticket), ("proof", &proof)]).await;
    let (one, two) = (send("https://docs.example.eu").await, send("https://docs.example.eu").await);
    assert_eq!((one.status(), &one.headers()["location"]), (StatusCode::SEE_OTHER, &two.headers()["location"]));
    assert_eq!(send("https://other.example.eu").await.status(), StatusCode::CONFLICT);
}
