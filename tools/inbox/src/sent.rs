//! One event of a webhook: what is written, what PagerDuty's rules say of it, each time that it was sent.

use crate::origin::{self, Field};
use crate::record::milliseconds;
use arms_pagerduty::deliver::{Delivery, Outcome};
use arms_pagerduty::event::{self, Parcel};
use arms_pagerduty::secret::Mask;
use bytes::Bytes;
use pagerduty_standin::rules::Reason;
use pagerduty_standin::{Api, Fault, Received, check};
use serde::Serialize;
use serde_json::value::RawValue;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

/// One event of a webhook.
#[derive(Clone, Serialize)]
pub(crate) struct Sent {
    /// Which alert it is about; a change event is about none.
    pub(crate) alert: Option<String>,
    pub(crate) action: &'static str,
    pub(crate) dedup_key: String,
    pub(crate) severity: &'static str,
    pub(crate) summary: String,
    /// As it is written, less its key.
    pub(crate) event: Box<RawValue>,
    pub(crate) fields: Vec<Field>,
    /// The rules of PagerDuty that it breaks.
    pub(crate) broken: Vec<Broken>,
    /// Each time that it was sent.
    pub(crate) attempts: Vec<Attempt>,
    /// What became of it; none before the end.
    pub(crate) delivery: Option<Delivered>,
    /// What the real PagerDuty said, if it was sent there too.
    pub(crate) forwarded: Option<Delivered>,
    #[serde(skip)]
    pub(crate) wire: Bytes,
}

#[derive(Clone, Serialize)]
pub(crate) struct Broken {
    pub(crate) rule: String,
    /// Where it is written.
    pub(crate) source: String,
}

#[derive(Clone, Serialize)]
pub(crate) struct Attempt {
    /// After the webhook came.
    pub(crate) after_ms: u64,
    pub(crate) status: Option<u16>,
    pub(crate) fault: Option<String>,
    pub(crate) answer: Option<String>,
}

#[derive(Clone, Serialize)]
pub(crate) struct Delivered {
    /// Whether it was stored in the queue instead of being sent.
    pub(crate) is_stored: bool,
    pub(crate) status: Option<u16>,
    pub(crate) attempts: u32,
    pub(crate) milliseconds: u64,
    pub(crate) errors: Vec<String>,
}

impl Sent {
    pub(crate) fn new(parcel: &Parcel) -> Self {
        let wire = parcel.body();
        let shown = String::from_utf8_lossy(&parcel.event).into_owned();
        let is_change = parcel.api == event::Api::Change;
        Self {
            alert: (!is_change).then(|| alert_id(parcel.key.expose(), &parcel.dedup_key)),
            action: parcel.action_word(),
            dedup_key: parcel.dedup_key.clone(),
            severity: parcel.severity.word(),
            summary: summary(&shown),
            fields: origin::fields(&shown),
            event: RawValue::from_string(shown).unwrap_or_default(),
            broken: broken(api(parcel.api), &wire),
            attempts: Vec::new(),
            delivery: None,
            forwarded: None,
            wire,
        }
    }

    /// Whether it is the same event.
    pub(crate) fn is_of(&self, parcel: &Parcel) -> bool {
        self.dedup_key == parcel.dedup_key && self.action == parcel.action_word()
    }
}

impl Delivered {
    pub(crate) fn new(delivery: &Delivery, mask: &Mask) -> Self {
        let errors = if delivery.is_accepted() { Vec::new() } else { delivery.outcome.errors(mask) };
        Self {
            is_stored: matches!(delivery.outcome, Outcome::Stored),
            status: delivery.status(),
            attempts: delivery.attempts,
            milliseconds: milliseconds(delivery.elapsed),
            errors,
        }
    }
}

/// The summary of an event of any API; resolves may have none.
fn summary(event: &str) -> String {
    let event: serde_json::Value = serde_json::from_str(event).unwrap_or_default();
    let summary = event.pointer("/payload/summary").or_else(|| event.get("description"));
    summary.and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

impl Attempt {
    pub(crate) fn new(request: &Received, began: Instant) -> Self {
        let fault = request.fault.as_ref().map(|fault| match fault {
            Fault::Answer(reply) => format!("answers {} on purpose", reply.status),
            Fault::Delay(delay) => format!("answers {} ms late on purpose", delay.as_millis()),
            Fault::Hang { .. } => "answers nothing on purpose".to_owned(),
            _ => "breaks off on purpose".to_owned(),
        });
        let answer = request.reply.as_ref().map(|reply| String::from_utf8_lossy(&reply.body).into_owned());
        Self {
            after_ms: milliseconds(request.at.saturating_duration_since(began)),
            status: request.status(),
            fault,
            answer: answer.filter(|answer| !answer.is_empty()),
        }
    }
}

fn broken(api: Api, wire: &[u8]) -> Vec<Broken> {
    let Err(refusal) = check(api, wire) else { return Vec::new() };
    match &refusal.reason {
        Reason::Broken(rules) => {
            let reported =
                rules.iter().map(|rule| Broken { rule: rule.to_string(), source: rule.source.to_owned() });
            reported.collect()
        }
        _ => refusal
            .errors()
            .into_iter()
            .map(|error| Broken { rule: error.to_owned(), source: String::new() })
            .collect(),
    }
}

/// The stand-in's name for the same API.
pub(crate) fn api(api: event::Api) -> Api {
    match api {
        event::Api::V2 => Api::V2,
        event::Api::Change => Api::Change,
        event::Api::V1 => Api::V1,
    }
}

/// A name for an alert that tells nothing of its key.
pub(crate) fn alert_id(key: &str, dedup_key: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (key, dedup_key).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
