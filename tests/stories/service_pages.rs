//! As a vendor I read the result page, narrow its factors down, and see each quote in the page that it was taken from.

use reqwest::StatusCode;

use crate::service::{Service, between};
use crate::site;
use crate::world::World;

#[tokio::test]
async fn a_result_its_filters_and_the_pages_behind_it() {
    for mut world in World::each().await {
        let (address, port) = site::nordhaven(site::Log::default()).await;
        world.ports.push(port);
        let service = Service::serve(&world, &[]).await;
        let check = service.asked(&address).await;
        assert_eq!(service.over(&check).await, "done");

        let page = service.text(&check).await;
        for words in [
            "not a certification",
            "Objectives on a radar",
            "48 of 48 factors",
            "Searched for:",
            "would give",
            "Verdicts by area",
            "(chosen)",
        ] {
            assert!(page.contains(words), "`{words}` is not on the page:\n{page}");
        }
        plain(&page);
        assert_eq!(
            page.matches("<circle class=\"dot\"").count(),
            page.matches("class=\"mark\"").count(),
            "a dot for each objective with an answer"
        );

        // A filter is an address; what it does not know filters nothing.
        let factors = |page: &str| page.matches("<ol class=\"options\"").count();
        assert_eq!(factors(&page), 48);
        let answered = service.text(&format!("{check}?state=answered")).await;
        assert_eq!(factors(&answered), 19, "two of the 21 do not apply");
        assert!(answered.contains("19 of 48 factors pass the filter") && answered.contains("<option value=\"answered\" selected>"));
        let one = service.text(&format!("{check}?objective=SOV-2&state=answered&confidence=")).await;
        assert!(one.contains("id=\"SOV-2.1\"") && !one.contains("id=\"SOV-1.1\"") && factors(&one) < 21);
        assert_eq!(factors(&service.text(&format!("{check}?objective=%3Cscript%3E&state=&colour=red")).await), 48);
        assert_eq!(factors(&service.text(&format!("{check}?state=answered&state=failed")).await), 48);

        // From a quote to the words in our copy.
        let factor = one.split("id=\"SOV-2.1\"").nth(1).expect("the factor");
        let quote = between(factor, "<p>“", "”</p>").to_owned();
        let path = between(factor, &format!("href=\"{check}/pages/"), "\"").to_owned();
        let (number, id) = path.split_once('#').expect("a quote's place");
        let copy = service.text(&format!("{check}/pages/{number}")).await;
        plain(&copy);
        let lit = copy.split(&format!("id=\"{id}\"></span>")).nth(1).expect("the quote's place");
        let words: String = lit.split("<mark>").skip(1).map(|rest| rest.split("</mark>").next().unwrap_or("")).collect();
        assert!(words.starts_with(&quote.chars().take(20).collect::<String>()), "{quote} is not lit in {lit}");
        assert!(copy.contains("#:~:text=") && copy.contains(" · in "), "the live page is beside it, and its language is named");
        for path in ["/pages/9999", "/pages/0", "/pages/x", "/pages/-1"] {
            let status = service.get(&format!("{check}{path}")).await.status();
            assert!(matches!(status, StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST), "{path}: {status}");
        }
        assert_eq!(service.get(&format!("/c/AAAAAAAAAAAAAAAAAAAAAA/pages/{number}")).await.status(), StatusCode::NOT_FOUND);

        let card = service.text(&format!("{check}/card")).await;
        plain(&card);
        assert!(card.contains("SEAL-1") && card.contains("not a certification") && card.contains("Objectives on a radar"));
    }
}

/// Nothing stands in a page that its policy forbids, and no page of a vendor becomes markup.
fn plain(page: &str) {
    for forbidden in ["<style", " style=", "<script>", "onclick", "href=\"javascript:"] {
        assert!(!page.contains(forbidden), "{forbidden} in {page}");
    }
}
