//! A client that sees what happens to its connection.

use std::time::Duration;

use pagerduty_standin::Standin;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any answer takes, shorter than a test may last.
const PATIENCE: Duration = Duration::from_millis(500);

/// What came back for a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A whole answer.
    Answer { status: u16, head: String, body: String },
    /// An answer's head and a part of its body, then the end of the connection.
    Cut { head: String, body: String, announced_bytes: usize },
    /// An answer's head and a part of its body, then silence.
    Stalled { body: String, announced_bytes: usize },
    /// The end of the connection.
    Closed,
    /// Silence.
    Silence,
}

impl Outcome {
    /// The status of a whole answer.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Answer { status, .. } => *status,
            other => unreachable!("{other:?}"),
        }
    }

    /// The body of a whole answer, as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap()
    }

    /// The body of a whole answer.
    pub(crate) fn body(&self) -> &str {
        match self {
            Self::Answer { body, .. } => body,
            other => unreachable!("{other:?}"),
        }
    }

    /// Whether a whole answer's head has this line, in lower case.
    pub(crate) fn has_header(&self, line: &str) -> bool {
        match self {
            Self::Answer { head, .. } | Self::Cut { head, .. } => {
                head.to_lowercase().lines().any(|have| have == line)
            }
            other => unreachable!("{other:?}"),
        }
    }
}

/// One connection.
pub(crate) struct Client(TcpStream);

impl Client {
    pub(crate) async fn connect(standin: &Standin) -> Self {
        Self(TcpStream::connect(standin.address()).await.unwrap())
    }

    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Outcome {
        self.send("POST", path, body).await
    }

    pub(crate) async fn send(&mut self, method: &str, path: &str, body: &str) -> Outcome {
        let length = body.len();
        let request =
            format!("{method} {path} HTTP/1.1\r\nhost: standin\r\ncontent-length: {length}\r\n\r\n{body}");
        if self.0.write_all(request.as_bytes()).await.is_err() {
            return Outcome::Closed;
        }
        self.outcome().await
    }

    /// Whether the server has closed the connection by now or does so soon.
    pub(crate) async fn is_closed(&mut self) -> bool {
        matches!(self.outcome().await, Outcome::Closed)
    }

    async fn outcome(&mut self) -> Outcome {
        let mut received = Vec::new();
        loop {
            if let Some(whole) = whole(&received) {
                return whole;
            }
            let read = tokio::time::timeout(PATIENCE, self.0.read_buf(&mut received)).await;
            let is_end = match read {
                Ok(Ok(0) | Err(_)) => true,
                Ok(Ok(_)) => continue,
                Err(_) => false,
            };
            return match (parts(&received), is_end) {
                (Some((head, body, announced_bytes)), true) => Outcome::Cut { head, body, announced_bytes },
                (Some((_, body, announced_bytes)), false) => Outcome::Stalled { body, announced_bytes },
                (None, true) => Outcome::Closed,
                (None, false) => Outcome::Silence,
            };
        }
    }
}

fn whole(received: &[u8]) -> Option<Outcome> {
    let (head, body, announced_bytes) = parts(received)?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    (body.len() == announced_bytes).then_some(Outcome::Answer { status, head, body })
}

fn parts(received: &[u8]) -> Option<(String, String, usize)> {
    let text = std::str::from_utf8(received).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    Some((head.to_owned(), body.to_owned(), length.parse().unwrap()))
}
