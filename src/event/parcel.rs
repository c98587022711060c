//! A finished event: everything that delivery needs to know, and nothing of alerts.

use super::api::Api;
use super::model::{Action, Event, Severity, Urgency};
use super::write;
use crate::secret::IntegrationKey;
use bytes::{BufMut, Bytes, BytesMut};

/// An event that is ready to be sent or stored.
#[derive(Clone)]
pub struct Parcel {
    /// Which of PagerDuty's APIs takes it.
    pub api: Api,
    /// The key under which it is sent.
    pub key: IntegrationKey,
    /// Which alert it is about; meaningless for a change event.
    pub dedup_key: String,
    /// What it does to the alert; meaningless for a change event.
    pub action: Action,
    /// How bad it is.
    pub severity: Severity,
    /// The event as JSON, without the key.
    pub event: Bytes,
    /// Whether it goes beside the events of the notification's alerts: the answer does not count it when
    /// it is accepted.
    pub is_extra: bool,
}

impl Parcel {
    /// Writes an event that already fits PagerDuty's limits.
    #[must_use]
    pub fn new(event: Event, api: Api, key: IntegrationKey) -> Self {
        let written = write::event(&event, api);
        let Event { action, dedup_key, payload } = event;
        let event = Bytes::from(written);
        Self { api, key, dedup_key, action, severity: payload.severity, event, is_extra: false }
    }

    /// How soon it must be sent.
    #[must_use]
    pub fn urgency(&self) -> Urgency {
        Urgency::of(self.action, self.severity)
    }

    /// PagerDuty's word for the action, `change` for a change event.
    #[must_use]
    pub fn action_word(&self) -> &'static str {
        if self.api == Api::Change { "change" } else { self.action.word() }
    }

    /// The event as it is sent: with the key as its first member.
    #[must_use]
    pub fn body(&self) -> Bytes {
        // The event is an object with at least one member, so its key is followed by a comma.
        let members = self.event.strip_prefix(b"{").unwrap_or(&self.event);
        let mut body = BytesMut::with_capacity(self.event.len() + 64);
        body.put_slice(b"{\"");
        body.put_slice(self.api.key_field().as_bytes());
        body.put_slice(b"\":\"");
        body.put_slice(self.key.expose().as_bytes());
        body.put_slice(b"\",");
        body.put_slice(members);
        body.freeze()
    }
}
