//! A place outside the service at which a story holds it up.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// A door that closes before the request of a certain number and stays closed until it is opened.
#[derive(Default)]
pub struct Door {
    asked: AtomicUsize,
    closes_at: Option<usize>,
    open: AtomicBool,
    reached: Notify,
    opened: Notify,
}

impl Door {
    pub fn closing_at(closes_at: Option<usize>) -> Self {
        Self { closes_at, ..Self::default() }
    }

    /// Goes through, once the door is open.
    pub async fn pass(&self) {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let opened = self.opened.notified();
        tokio::pin!(opened);
        opened.as_mut().enable();
        if self.closes_at.is_some_and(|closes_at| number >= closes_at) && !self.open.load(Ordering::SeqCst) {
            self.reached.notify_one();
            opened.await;
        }
    }

    /// Waits until somebody stands before the closed door.
    pub async fn reached(&self) {
        self.reached.notified().await;
    }

    pub fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
        self.opened.notify_waiters();
    }
}
