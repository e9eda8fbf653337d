//! DevTools messages over the two pipes of a Chromium: JSON texts, each ended by a zero byte.
//!
//! It knows nothing of pages and starts no task of its own. It must never block on sending: what is to be sent waits in
//! a queue that [`Wire::next`] empties while it reads, so that neither side waits for the other, and so that a future
//! that is dropped half-way leaves no half-sent message behind.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe;

use super::RenderError;

/// Longest message that is taken, in bytes: a page must not fill the memory through what it sends or shows.
const MAX_MESSAGE: usize = 64 << 20;

/// Both ends of the talk with one Chromium.
pub(super) struct Wire {
    to: pipe::Sender,
    from: BufReader<pipe::Receiver>,
    unsent: VecDeque<u8>,
    partial: Vec<u8>,
    last: u64,
}

/// What Chromium says: the reply to a command (`id` is not 0) or an event (`method` is not empty).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Message {
    pub id: u64,
    pub method: String,
    pub params: Value,
    pub session_id: String,
    result: Value,
    error: Value,
}

impl Message {
    /// The result of a command.
    pub fn result(self) -> Result<Value, RenderError> {
        if self.error.is_null() { Ok(self.result) } else { Err(RenderError::Protocol(self.error.to_string())) }
    }
}

impl Wire {
    pub fn new(to: pipe::Sender, from: pipe::Receiver) -> Self {
        Self { to, from: BufReader::with_capacity(64 << 10, from), unsent: VecDeque::new(), partial: Vec::new(), last: 0 }
    }

    /// Queues a command and returns the number that its reply will carry. An empty session means the browser itself.
    pub fn send(&mut self, session: &str, method: &str, params: &Value) -> u64 {
        self.last += 1;
        let mut command = json!({ "id": self.last, "method": method, "params": params });
        if !session.is_empty() {
            command["sessionId"] = session.into();
        }
        self.unsent.extend(command.to_string().as_bytes());
        self.unsent.push_back(0);
        self.last
    }

    /// Sends a command and waits for its reply; whatever else arrives meanwhile is dropped.
    pub async fn call(&mut self, session: &str, method: &str, params: &Value) -> Result<Value, RenderError> {
        let id = self.send(session, method, params);
        loop {
            let message = self.next().await?;
            if message.id == id {
                return message.result();
            }
        }
    }

    /// The next message. Dialogs are dismissed on the way, because nothing else moves on a page while one is open.
    pub async fn next(&mut self) -> Result<Message, RenderError> {
        loop {
            let message = self.read().await?;
            if message.method != "Page.javascriptDialogOpening" {
                return Ok(message);
            }
            self.send(&message.session_id, "Page.handleJavaScriptDialog", &json!({ "accept": false }));
        }
    }

    async fn read(&mut self) -> Result<Message, RenderError> {
        loop {
            tokio::select! {
                sent = self.to.write(self.unsent.as_slices().0), if !self.unsent.is_empty() => {
                    self.unsent.drain(..sent.map_err(|_| RenderError::Crashed)?);
                }
                chunk = self.from.fill_buf() => {
                    let chunk = chunk.map_err(|_| RenderError::Crashed)?;
                    if chunk.is_empty() {
                        return Err(RenderError::Crashed);
                    }
                    let end = chunk.iter().position(|byte| *byte == 0);
                    let taken = end.unwrap_or(chunk.len());
                    self.partial.extend_from_slice(&chunk[..taken]);
                    self.from.consume(end.map_or(taken, |end| end + 1));
                    if self.partial.len() > MAX_MESSAGE {
                        return Err(RenderError::TooMuch);
                    }
                    if end.is_some() {
                        let message = serde_json::from_slice(&self.partial).map_err(|error| RenderError::Protocol(error.to_string()));
                        self.partial = Vec::new();
                        return message;
                    }
                }
            }
        }
    }
}
