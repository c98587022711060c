//! One webhook: as it came, what was made of it, what became of that.

use crate::masking;
use crate::origin::{self, Traced};
use crate::rehearsal::Rehearsal;
use crate::sent::{Attempt, Delivered, Sent, api};
use arms_pagerduty::decode;
use arms_pagerduty::deliver::Delivery;
use arms_pagerduty::error::Error;
use arms_pagerduty::prepare::{Arrival, Prepared};
use arms_pagerduty::secret::Mask;
use bytes::Bytes;
use http::Response;
use http::request::Parts;
use pagerduty_standin::{Api, Received};
use serde::Serialize;
use std::borrow::Cow;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How much of a body is kept to be shown; of no more are origins sought.
pub(crate) const BODY_SHOWN_MAX_BYTES: usize = origin::BODY_MAX_BYTES;

/// A webhook, fit to be shown: no secret is in it but in what is skipped.
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
    pub(crate) body_bytes: usize,
    pub(crate) api: Option<Api>,
    /// The integration key, masked.
    pub(crate) key: Option<String>,
    pub(crate) key_from: Option<&'static str>,
    /// Why the function refused it before anything was sent.
    pub(crate) refused: Option<Refused>,
    pub(crate) events: Vec<Sent>,
    /// What its sender was answered; none while the function is at it.
    pub(crate) answer: Option<Answer>,
    /// Whether the origins in `events` have been sought.
    pub(crate) is_traced: bool,
    /// The values of the body that no event shows and that decide nothing, once that has been sought.
    pub(crate) lost: Vec<String>,
    /// Of its events: to find where their values came from.
    #[serde(skip)]
    pub(crate) arrival: Option<Arrival>,
    /// The stand-in's last request before it.
    #[serde(skip)]
    pub(crate) after_request: u64,
    #[serde(skip)]
    pub(crate) began: Instant,
}

#[derive(Clone, Serialize)]
pub(crate) struct Refused {
    pub(crate) message: String,
    pub(crate) remedy: String,
}

#[derive(Clone, Serialize)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: String,
    pub(crate) milliseconds: u64,
}

impl Webhook {
    /// What came, masked.
    pub(crate) fn new(
        id: &str,
        head: &Parts,
        body: &[u8],
        prepared: Option<&Result<Prepared, Error>>,
        tokens: &Rehearsal,
    ) -> Self {
        let own = tokens.mask();
        let ready = prepared.and_then(|prepared| prepared.as_ref().ok());
        let mask = ready.map_or(&own, |prepared| &prepared.mask);
        let arrival = Rehearsal::arrival(head, id);
        let decoded = decode::content(head, body).unwrap_or(Cow::Borrowed(body));
        // Masked before it is cut: part of a secret could remain at its end.
        let text = mask.hide(decode::text(&decoded).into_owned());
        let end = text.floor_char_boundary(BODY_SHOWN_MAX_BYTES);
        let shown = masking::named(text.get(..end).unwrap_or_default());
        let refused = prepared.and_then(|prepared| prepared.as_ref().err()).map(|error| error.refusal());
        let parcels = ready.map(|prepared| prepared.parcels.as_slice()).unwrap_or_default();
        Self {
            id: id.to_owned(),
            at_ms: now_ms(),
            method: head.method.to_string(),
            target: masking::target(head, mask),
            headers: masking::headers(head, mask),
            body: shown,
            body_bytes: decoded.len(),
            api: parcels.first().map(|parcel| api(parcel.api)),
            key: ready.map(|prepared| prepared.key.masked()),
            key_from: ready.map(|prepared| prepared.key_place.describe()),
            refused: refused.map(|refusal| Refused {
                message: refusal.message.into_owned(),
                remedy: refusal.remedy.into_owned(),
            }),
            events: parcels.iter().map(Sent::new).collect(),
            answer: None,
            is_traced: false,
            lost: Vec::new(),
            arrival: arrival.filter(|_| decoded.len() <= BODY_SHOWN_MAX_BYTES),
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
        let began = self.began;
        for sent in &mut self.events {
            let own = requests.iter().filter(|request| request.body == sent.wire);
            sent.attempts = own.map(|request| Attempt::new(request, began)).collect();
        }
    }

    /// Notes what became of the events.
    pub(crate) fn take_deliveries(&mut self, deliveries: &[Delivery], mask: &Mask) {
        for delivery in deliveries {
            if let Some(sent) = self.events.iter_mut().find(|sent| sent.is_of(&delivery.parcel)) {
                sent.delivery = Some(Delivered::new(delivery, mask));
            }
        }
    }

    /// Puts the origins that were found to the fields that they are of.
    pub(crate) fn take_origins(&mut self, traced: Traced) {
        self.lost = traced.lost;
        for (sent, fields) in self.events.iter_mut().zip(traced.events) {
            let is_same =
                fields.iter().map(|field| &field.name).eq(sent.fields.iter().map(|field| &field.name));
            if is_same {
                sent.fields = fields;
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

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn now_ms() -> u64 {
    milliseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}
