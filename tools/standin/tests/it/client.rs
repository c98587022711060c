//! A client that sees what becomes of its request.

use std::time::Duration;

use http::{HeaderMap, Method};
use pagerduty_standin::Standin;
use reqwest::redirect::Policy;
use serde_json::Value;
use tokio::time::timeout;

/// Longer than any answer takes, shorter than a test may last.
const PATIENCE: Duration = Duration::from_millis(500);

/// What came back for a request.
#[derive(Debug, PartialEq)]
pub(crate) enum End {
    /// A whole answer.
    Answer,
    /// An answer's head and a part of its body, then the end of the connection.
    Cut,
    /// An answer's head and a part of its body, then silence.
    Stalled,
    /// The end of the connection.
    Closed,
    /// Silence.
    Silence,
}

/// It, with what was received.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) end: End,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Outcome {
    fn without_answer(end: End) -> Self {
        Self { end, status: 0, headers: HeaderMap::new(), body: String::new() }
    }

    /// The status of a whole answer.
    pub(crate) fn status(&self) -> u16 {
        assert_eq!(self.end, End::Answer);
        self.status
    }

    /// The body of a whole answer, as JSON.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.end, End::Answer);
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A client with a connection of its own, which it keeps alive.
pub(crate) struct Client(reqwest::Client, String);

impl Client {
    pub(crate) fn of(standin: &Standin) -> Self {
        // With the function's features `reqwest` wants one, though only http is spoken here. Later calls change nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none());
        Self(client.build().unwrap(), standin.url())
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Outcome {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &str) -> Outcome {
        let request = self.0.request(method, format!("{}{path}", self.1)).body(body.to_owned());
        let mut response = match timeout(PATIENCE, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => return Outcome::without_answer(End::Closed),
            Err(_) => return Outcome::without_answer(End::Silence),
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut received = Vec::new();
        let end = loop {
            match timeout(PATIENCE, response.chunk()).await {
                Ok(Ok(Some(chunk))) => received.extend(chunk),
                Ok(Ok(None)) => break End::Answer,
                Ok(Err(_)) => break End::Cut,
                Err(_) => break End::Stalled,
            }
        };
        Outcome { end, status, headers, body: String::from_utf8(received).unwrap() }
    }
}
