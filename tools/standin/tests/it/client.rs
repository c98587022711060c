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
#[derive(Clone, Copy, Debug, PartialEq)]
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
pub(crate) struct Outcome {
    pub(crate) end: End,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Outcome {
    /// The body of a whole answer.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
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

    /// The status of the answer to a POST.
    pub(crate) async fn post(&self, path: &str, body: &str) -> u16 {
        self.send(Method::POST, path, body).await.status
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &str) -> Outcome {
        let request = self.0.request(method, format!("{}{path}", self.1)).body(body.to_owned());
        let (status, headers, body) = (0, HeaderMap::new(), Vec::new());
        let mut response = match timeout(PATIENCE, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => return Outcome { end: End::Closed, status, headers, body },
            Err(_) => return Outcome { end: End::Silence, status, headers, body },
        };
        let (status, headers, mut body) = (response.status().as_u16(), response.headers().clone(), body);
        let end = loop {
            match timeout(PATIENCE, response.chunk()).await {
                Ok(Ok(Some(chunk))) => body.extend(chunk),
                Ok(Ok(None)) => break End::Answer,
                Ok(Err(_)) => break End::Cut,
                Err(_) => break End::Stalled,
            }
        };
        Outcome { end, status, headers, body }
    }
}
