//! What each kind of line holds besides time, level and message.

use crate::answer::Answer;
use serde::Serialize;
use serde_json::value::RawValue;

/// One request, answered.
#[derive(Serialize)]
pub struct RequestLine<'a> {
    /// The host's id for the request.
    pub request_id: &'a str,
    /// The HTTP method, if it was a request.
    pub method: Option<&'a str>,
    /// The path, if it is one of ours.
    pub path: Option<&'a str>,
    /// The answer's status.
    pub status: u16,
    /// How many events were made of it.
    pub events: usize,
    /// One.
    pub webhooks: u8,
    /// One if it was refused, else none.
    pub webhooks_refused: u8,
    /// How long it took.
    pub milliseconds: u64,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl<'a> RequestLine<'a> {
    /// The line of a request that was answered so, at once and without events.
    #[must_use]
    pub fn new(request_id: &'a str, answer: &Answer) -> Self {
        Self {
            request_id,
            method: None,
            path: None,
            status: answer.response.status().as_u16(),
            events: 0,
            webhooks: 1,
            webhooks_refused: 0,
            milliseconds: 0,
            error: None,
        }
    }
}

/// One event, accepted or not.
#[derive(Serialize)]
pub(super) struct EventLine<'a> {
    pub(super) request_id: &'a str,
    pub(super) key: &'a str,
    /// PagerDuty's path for the API.
    pub(super) path: &'static str,
    pub(super) action: &'static str,
    pub(super) dedup_key: &'a str,
    pub(super) severity: &'static str,
    /// PagerDuty's, if it answered.
    pub(super) status: Option<u16>,
    /// The status as one of a few words, as many as a metric's dimension should have.
    pub(super) answer: &'static str,
    pub(super) attempts: u32,
    pub(super) milliseconds: u64,
    pub(super) events: u8,
    pub(super) answers: u8,
    pub(super) retries: u32,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) errors: &'a [String],
}

/// One event that the queue has taken. It is counted when it is sent.
#[derive(Serialize)]
pub(super) struct StoredLine<'a> {
    pub(super) request_id: &'a str,
    pub(super) key: &'a str,
    pub(super) path: &'static str,
    pub(super) action: &'static str,
    pub(super) dedup_key: &'a str,
    pub(super) severity: &'static str,
    /// How many times storing was tried.
    pub(super) attempts: u32,
    pub(super) milliseconds: u64,
}

/// Events that the queue did not take; lines of their own say what became of each.
#[derive(Serialize)]
pub(super) struct UnstoredLine<'a> {
    pub(super) request_id: &'a str,
    pub(super) unstored: usize,
    pub(super) error: String,
}

/// One message of the queue that was tried in vain and stays there.
#[derive(Serialize)]
pub(super) struct PostponedLine<'a> {
    pub(super) request_id: &'a str,
    pub(super) message_id: &'a str,
    pub(super) key: &'a str,
    pub(super) path: &'static str,
    pub(super) action: &'static str,
    pub(super) dedup_key: &'a str,
    pub(super) severity: &'static str,
    pub(super) status: Option<u16>,
    pub(super) answer: &'static str,
    pub(super) attempts: u32,
    pub(super) milliseconds: u64,
    /// How many times it has been received.
    pub(super) receives: u32,
    pub(super) again_in_seconds: u64,
    pub(super) answers: u8,
    pub(super) retries: u32,
    pub(super) errors: &'a [String],
}

/// One message of the queue that cannot be sent, or could not be moved.
#[derive(Serialize)]
pub(super) struct MessageLine<'a> {
    pub(super) request_id: &'a str,
    pub(super) message_id: &'a str,
    pub(super) error: String,
}

/// The metric of an event that PagerDuty does not have. The event itself follows in a line of its own:
/// that one may be long, and log services split long lines.
#[derive(Serialize)]
pub(super) struct UndeliveredCountLine<'a> {
    pub(super) request_id: &'a str,
    pub(super) dedup_key: &'a str,
    pub(super) undelivered: u8,
    /// One if PagerDuty refused it, so that sending it again will not help.
    pub(super) refused: u8,
}

/// One event that PagerDuty does not have.
#[derive(Serialize)]
pub(super) struct UndeliveredLine<'a> {
    pub(super) request_id: &'a str,
    pub(super) key: &'a str,
    /// Where it is to be sent once the key has been added.
    pub(super) path: &'static str,
    pub(super) status: Option<u16>,
    /// For how long it was tried, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) milliseconds: Option<u64>,
    pub(super) refused: u8,
    pub(super) errors: &'a [String],
    pub(super) event: &'a RawValue,
}

/// The process takes requests.
#[derive(Debug, Clone, Serialize)]
pub struct ListeningLine {
    /// Where.
    pub address: String,
    /// The host to which events are sent, with its port if that is not the usual one.
    pub pagerduty: String,
    /// Whether `WEBHOOK_TOKEN` is set.
    pub token_set: bool,
    /// Whether `PAGERDUTY_INTEGRATION_KEY` is set.
    pub key_set: bool,
}

/// A start or an end.
#[derive(Serialize)]
pub(super) struct StateLine<'a> {
    pub(super) version: &'static str,
    #[serde(flatten)]
    pub(super) listening: Option<&'a ListeningLine>,
}

#[derive(Serialize)]
pub(super) struct DroppedLine {
    pub(super) dropped: u64,
}
