//! The places that a statement is tried in.

use std::env;
use std::io::{Write as _, stderr};
use std::panic::resume_unwind;
use std::sync::Once;

use sovcheck::index::vectors::Vectors;
use sovcheck::index::vectors::local::Local;
use sovcheck::index::vectors::qdrant::Qdrant;
use uuid::Uuid;

use crate::stand_in;

/// A server, and the start of the names of what a test leaves on it.
#[derive(Clone)]
pub struct Site {
    url: String,
    prefix: String,
}

impl Site {
    /// Connects as one more process would.
    pub fn connect(&self) -> Vectors {
        connect(&self.url, &self.prefix)
    }

    /// Connects as a project would whose collections have a name that only starts the same.
    pub fn connect_as_neighbour(&self) -> Vectors {
        connect(&self.url, &format!("{}-neighbour", self.prefix))
    }

    async fn clean_up(&self) {
        let client = qdrant_client::Qdrant::from_url(&self.url).skip_compatibility_check().build().expect("an address");
        let all = client.list_collections().await.expect("collections to clean up");
        for collection in all.collections.iter().filter(|c| c.name.starts_with(&self.prefix)) {
            client.delete_collection(&collection.name).await.expect("a collection that can go");
        }
    }
}

/// Connects to what may or may not be a server; nothing is sent yet.
pub fn connect(url: &str, prefix: &str) -> Vectors {
    Vectors::Qdrant(Box::new(Qdrant::connect(url, None, prefix).expect("an address")))
}

/// Tries a statement in process.
pub async fn locally<F: Future<Output = ()>>(statement: impl FnOnce(Vectors) -> F) {
    statement(Vectors::Local(Local::default())).await;
}

/// Tries a statement on a server of its own in this process.
pub async fn on_a_stand_in<F: Future<Output = ()>>(statement: impl FnOnce(Site) -> F) {
    statement(Site { url: stand_in::start().await, prefix: "sovcheck".to_owned() }).await;
}

/// Tries a statement on a real server, if there is one, and leaves nothing there.
pub async fn on_a_real_server<F: Future<Output = ()> + Send + 'static>(statement: impl FnOnce(Site) -> F) {
    let Ok(url) = env::var("QDRANT_URL") else { return say_skipped() };
    let site = Site { url, prefix: format!("sovcheck-test-{}", Uuid::now_v7()) };
    let outcome = tokio::spawn(statement(site.clone())).await;
    site.clean_up().await;
    if let Err(failed) = outcome {
        resume_unwind(failed.into_panic());
    }
}

/// Says once that the real server is missing, past the test harness, which hides what passing tests print.
fn say_skipped() {
    static SAID: Once = Once::new();
    SAID.call_once(|| writeln!(stderr(), "skipped: no real Qdrant server, QDRANT_URL is not set").expect("a place to say it"));
}
