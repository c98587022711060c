//! Answers: PagerDuty's own, and those a fault makes up.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::Api;

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers, but for `Content-Length` and `Date`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// An answer in JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::of_type("application/json", status, body.to_string())
    }

    /// An answer in plain text.
    pub fn text(status: u16, body: &str) -> Self {
        Self::of_type("text/plain; charset=utf-8", status, body.to_owned())
    }

    /// An answer as a web page, as a gateway gives it.
    pub fn html(status: u16, body: &str) -> Self {
        Self::of_type("text/html; charset=utf-8", status, body.to_owned())
    }

    fn of_type(content_type: &str, status: u16, body: String) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }.with_header("content-type", content_type)
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// PagerDuty's answer to an event that it takes.
    pub(crate) fn accepted(api: Api, dedup_key: Option<&str>) -> Self {
        let status = if api == Api::V1 { 200 } else { 202 };
        let answer = match api.alert_fields() {
            Some((name, _)) => json!({"status": "success", "message": "Event processed", name: dedup_key}),
            None => json!({"status": "success", "message": "Change event processed"}),
        };
        Self::json(status, &answer)
    }
}
