//! One webhook: as it came, what was made of it, what became of that. Fit to be shown: no secret is in it but in what is
//! skipped.

use crate::masking;
use crate::origin::{self, Field, Traced};
use arms_pagerduty::admit::{self, Route};
use arms_pagerduty::config::Config;
use arms_pagerduty::decode;
use arms_pagerduty::deliver::{Delivery, Outcome};
use arms_pagerduty::error::Error;
use arms_pagerduty::event::{self, Parcel};
use arms_pagerduty::log::milliseconds;
use arms_pagerduty::prepare::{Arrival, Prepared};
use arms_pagerduty::secret::Mask;
use bytes::Bytes;
use http::Response;
use http::request::Parts;
use pagerduty_standin::rules::Reason;
use pagerduty_standin::{Api, Fault, Received, check};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// How much of a body is kept to be shown; of no more are origins sought.
const BODY_SHOWN_MAX_BYTES: usize = origin::BODY_MAX_BYTES;

/// A webhook.
#[derive(Clone, Serialize)]
pub(crate) struct Webhook {
    pub(crate) id: String,
    pub(crate) at_ms: u64,
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// Of the body once it is decoded; more than `body` if that was cut.
    body_bytes: usize,
    pub(crate) api: Option<Api>,
    /// The integration key, masked.
    key: Option<String>,
    key_from: Option<&'static str>,
    /// Why the function refused it before anything was sent.
    pub(crate) refused: Option<Refused>,
    pub(crate) events: Vec<Sent>,
    /// What its sender was answered; none while the function is at it.
    pub(crate) answer: Option<Answer>,
    /// Whether the origins in `events` have been sought.
    pub(crate) is_traced: bool,
    /// The values of the body that no event shows and that decide nothing, once that has been sought.
    lost: Vec<String>,
    /// To find where the values of its events came from.
    #[serde(skip)]
    pub(crate) arrival: Option<Arrival>,
    /// The stand-in's last request before it.
    #[serde(skip)]
    pub(crate) after_request: u64,
    #[serde(skip)]
    began: Instant,
}

#[derive(Clone, Serialize)]
pub(crate) struct Refused {
    pub(crate) message: Cow<'static, str>,
    remedy: Cow<'static, str>,
}

#[derive(Clone, Serialize)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    content_type: String,
    pub(crate) body: String,
    milliseconds: u64,
}

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
    fields: Vec<Field>,
    /// The rules of PagerDuty that it breaks.
    broken: Vec<Broken>,
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
struct Broken {
    rule: String,
    /// Where it is written.
    source: &'static str,
}

#[derive(Clone, Serialize)]
pub(crate) struct Attempt {
    /// After the webhook came.
    after_ms: u64,
    pub(crate) status: Option<u16>,
    fault: Option<String>,
    pub(crate) answer: Option<String>,
}

#[derive(Clone, Default, Serialize)]
pub(crate) struct Delivered {
    /// Whether PagerDuty has it, or the queue.
    pub(crate) is_accepted: bool,
    /// Whether it was stored in the queue instead of being sent.
    pub(crate) is_stored: bool,
    /// Whether PagerDuty has a newer one instead.
    #[serde(skip)]
    pub(crate) is_superseded: bool,
    pub(crate) status: Option<u16>,
    pub(crate) attempts: u32,
    pub(crate) milliseconds: u64,
    pub(crate) errors: Vec<String>,
}

impl Webhook {
    /// What came, masked.
    pub(crate) fn new(
        id: &str,
        head: &Parts,
        body: &[u8],
        prepared: &Result<Prepared, Error>,
        config: &Config,
    ) -> Self {
        let own = Mask::new(&config.integration_key, &config.webhook_tokens);
        let ready = prepared.as_ref().ok();
        let mask = ready.map_or(&own, |prepared| &prepared.mask);
        let decoded = decode::content(head, body).unwrap_or(Cow::Borrowed(body));
        // Masked before it is cut: part of a secret could remain at its end.
        let mut text = mask.hide(decode::text(&decoded).into_owned());
        text.truncate(text.floor_char_boundary(BODY_SHOWN_MAX_BYTES));
        let refusal = prepared.as_ref().err().map(|error| error.refusal());
        let parcels = ready.map(|prepared| prepared.parcels.as_slice()).unwrap_or_default();
        let now = SystemTime::now();
        let arrival = match admit::route(head.uri.path()) {
            Some(Route::Events(api)) if decoded.len() <= BODY_SHOWN_MAX_BYTES => {
                Some(Arrival::new(api, head, id, now))
            }
            _ => None,
        };
        Self {
            id: id.to_owned(),
            at_ms: milliseconds(now.duration_since(UNIX_EPOCH).unwrap_or_default()),
            method: head.method.to_string(),
            target: masking::target(head, mask),
            headers: masking::headers(head, mask),
            body: masking::named(&text),
            body_bytes: decoded.len(),
            api: parcels.first().map(|parcel| api(parcel.api)),
            key: ready.map(|prepared| prepared.key.masked()),
            key_from: ready.map(|prepared| prepared.key_place.describe()),
            refused: refusal.map(|refusal| Refused { message: refusal.message, remedy: refusal.remedy }),
            events: parcels.iter().map(Sent::new).collect(),
            answer: None,
            is_traced: false,
            lost: Vec::new(),
            arrival,
            after_request: 0,
            began: Instant::now(),
        }
    }

    /// Notes what its sender was answered.
    pub(crate) fn answered(&mut self, response: &Response<Bytes>) {
        let content_type = response.headers().get(http::header::CONTENT_TYPE);
        self.answer = Some(Answer {
            status: response.status().as_u16(),
            content_type: content_type.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned(),
            body: String::from_utf8_lossy(response.body()).into_owned(),
            milliseconds: milliseconds(self.began.elapsed()),
        });
    }

    /// Puts what the stand-in was sent to the events that were sent.
    pub(crate) fn take_attempts(&mut self, requests: &[Received]) {
        for sent in &mut self.events {
            let own = requests.iter().filter(|request| request.body == sent.wire);
            sent.attempts = own.map(|request| Attempt::new(request, self.began)).collect();
        }
    }

    /// Notes something of the event that was delivered.
    pub(crate) fn note(&mut self, delivery: &Delivery, note: impl FnOnce(&mut Sent)) {
        let Parcel { dedup_key, .. } = &delivery.parcel;
        let action = delivery.parcel.action_word();
        let is_it = |sent: &&mut Sent| sent.dedup_key == *dedup_key && sent.action == action;
        if let Some(sent) = self.events.iter_mut().find(is_it) {
            note(sent);
        }
    }

    /// Puts the origins that were found to the fields that they are of.
    pub(crate) fn take_origins(&mut self, traced: Traced) {
        self.lost = traced.lost;
        for (sent, fields) in self.events.iter_mut().zip(traced.events) {
            if fields.iter().map(|field| &field.name).eq(sent.fields.iter().map(|field| &field.name)) {
                let found = fields.into_iter().map(|field| field.from);
                sent.fields.iter_mut().zip(found).for_each(|(field, from)| field.from = from);
                self.is_traced = true;
            }
        }
    }

    /// What became of it, in a word.
    pub(crate) fn outcome(&self) -> &'static str {
        let is_undelivered = |sent: &Sent| sent.delivery.as_ref().is_some_and(|end| !end.is_accepted);
        match &self.answer {
            None => "waiting",
            Some(_) if self.events.iter().any(is_undelivered) => "undelivered",
            Some(answer) if self.events.is_empty() && answer.status >= 400 => "refused",
            Some(_) => "accepted",
        }
    }

    /// About what it weighs in memory.
    pub(crate) fn size_bytes(&self) -> usize {
        let events = self.events.iter().map(|sent| sent.wire.len().saturating_mul(4));
        self.body.len() + events.sum::<usize>() + 1024
    }
}

impl Sent {
    fn new(parcel: &Parcel) -> Self {
        let wire = parcel.body();
        // As a whole, for a name and its secret may be two values of it.
        let shown = masking::json(&String::from_utf8_lossy(&parcel.event), &Mask::new([], []));
        let is_change = parcel.api == event::Api::Change;
        let event: Value = serde_json::from_str(&shown).unwrap_or_default();
        // Resolves may have none.
        let summary = event.pointer("/payload/summary").or_else(|| event.get("description"));
        Self {
            alert: (!is_change).then(|| alert_id(parcel.key.expose(), &parcel.dedup_key)),
            action: parcel.action_word(),
            dedup_key: parcel.dedup_key.clone(),
            severity: parcel.severity.word(),
            summary: summary.and_then(Value::as_str).unwrap_or_default().to_owned(),
            fields: origin::fields(&shown),
            event: RawValue::from_string(shown).unwrap_or_default(),
            broken: broken(api(parcel.api), &wire),
            attempts: Vec::new(),
            delivery: None,
            forwarded: None,
            wire,
        }
    }
}

impl Delivered {
    pub(crate) fn new(delivery: &Delivery, mask: &Mask) -> Self {
        let is_accepted = delivery.is_accepted();
        Self {
            is_accepted,
            is_stored: matches!(delivery.outcome, Outcome::Stored),
            is_superseded: matches!(delivery.outcome, Outcome::Superseded),
            status: delivery.status(),
            attempts: delivery.attempts,
            milliseconds: milliseconds(delivery.elapsed),
            errors: if is_accepted { Vec::new() } else { delivery.outcome.errors(mask) },
        }
    }
}

impl Attempt {
    fn new(request: &Received, began: Instant) -> Self {
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
            rules.iter().map(|rule| Broken { rule: rule.to_string(), source: rule.source }).collect()
        }
        _ => refusal.errors().iter().map(|error| Broken { rule: (*error).to_owned(), source: "" }).collect(),
    }
}

/// The stand-in's name for the same API.
fn api(api: event::Api) -> Api {
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
