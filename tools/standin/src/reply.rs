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
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::of_type("application/json", status, body.to_string())
    }

    /// An answer in plain text.
    #[must_use]
    pub fn text(status: u16, body: &str) -> Self {
        Self::of_type("text/plain; charset=utf-8", status, body.to_owned())
    }

    /// An answer as a web page, as a gateway gives it.
    #[must_use]
    pub fn html(status: u16, body: &str) -> Self {
        Self::of_type("text/html; charset=utf-8", status, body.to_owned())
    }

    /// The same with one more header. A name or value that HTTP does not allow is left out when it is sent.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The value of a header, letter case ignored.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// PagerDuty's answer to an event that it takes.
    pub(crate) fn accepted(api: Api, dedup_key: Option<&str>) -> Self {
        match api {
            Api::V2 => Self::json(
                202,
                &json!({"status": "success", "message": "Event processed", "dedup_key": dedup_key}),
            ),
            Api::Change => {
                Self::json(202, &json!({"status": "success", "message": "Change event processed"}))
            }
            Api::V1 => Self::json(
                200,
                &json!({"status": "success", "message": "Event processed", "incident_key": dedup_key}),
            ),
        }
    }

    fn of_type(content_type: &str, status: u16, body: String) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: Bytes::from(body),
        }
    }
}
