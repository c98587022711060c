//! One event of a webhook: what is written, what PagerDuty's rules say of it, each time that it was sent.

use crate::origin::{self, Field};
use crate::record::milliseconds;
use crate::rehearsal::Made;
use arms_pagerduty::event::{self, Event};
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
    /// What the function's log says of it; none before the end.
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
    pub(crate) status: Option<u16>,
    pub(crate) attempts: u32,
    pub(crate) milliseconds: u64,
    pub(crate) errors: Vec<String>,
}

impl Sent {
    pub(crate) fn new(event: &Event, made: &Made) -> Self {
        let wire = event.write(made.api, Some(&made.key));
        let shown = String::from_utf8(event.write(made.api, None)).unwrap_or_default();
        let is_change = made.api == event::Api::Change;
        Self {
            alert: (!is_change).then(|| alert_id(made.key.expose(), &event.dedup_key)),
            action: if is_change { "change" } else { event.action.word() },
            dedup_key: event.dedup_key.clone(),
            severity: event.payload.severity.word(),
            summary: event.payload.summary.clone(),
            fields: origin::fields(&shown),
            event: RawValue::from_string(shown).unwrap_or_default(),
            broken: broken(api(made.api), &wire),
            attempts: Vec::new(),
            delivery: None,
            forwarded: None,
            wire: Bytes::from(wire),
        }
    }
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
            let told =
                rules.iter().map(|rule| Broken { rule: rule.to_string(), source: rule.source.to_owned() });
            told.collect()
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
