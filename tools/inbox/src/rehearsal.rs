//! What the function would make of a webhook, without sending anything: its own way up to the sender.

use arms_pagerduty::config::Config;
use arms_pagerduty::error::Error;
use arms_pagerduty::event::{Api, Event};
use arms_pagerduty::intake::{self, Arrival, KeyPlace, Prepared};
use arms_pagerduty::secret::{IntegrationKey, Mask};
use arms_pagerduty::webhook;
use bytes::Bytes;
use http::request::Parts;
use std::time::SystemTime;

/// The core with the settings that it needs.
pub(crate) struct Rehearsal {
    config: Config,
}

/// What a webhook comes to.
pub(crate) struct Made {
    /// The API that takes the events.
    pub(crate) api: Api,
    /// The key under which they go.
    pub(crate) key: IntegrationKey,
    /// Where the key stood.
    pub(crate) key_from: &'static str,
    /// Of that key and of the tokens.
    pub(crate) mask: Mask,
    /// The events, in the notification's order.
    pub(crate) events: Vec<Event>,
}

impl Rehearsal {
    pub(crate) fn new(config: Config) -> Self {
        Self { config }
    }

    /// The mask of what the settings hold.
    pub(crate) fn mask(&self) -> Mask {
        Mask::new(&self.config.integration_key, &self.config.webhook_tokens)
    }

    /// How a request's body arrives; `None` at a path that takes no events.
    pub(crate) fn arrival(head: &Parts, request_id: &str) -> Option<Arrival> {
        Some(Arrival::new(intake::api_at(head.uri.path())?, head, request_id, SystemTime::now()))
    }

    /// Goes the function's way up to where it would send. The head must have been admitted.
    ///
    /// # Errors
    /// What the function would refuse.
    pub(crate) fn run(&self, head: &Parts, body: Bytes, request_id: &str) -> Result<Made, Error> {
        let arrival = Self::arrival(head, request_id).ok_or(Error::UnknownPath)?;
        let Prepared { key, key_place, events, mask, .. } =
            intake::prepare(&self.config, &arrival, head, body)?;
        let key_from = match key_place {
            KeyPlace::Body => "the body",
            KeyPlace::Query => "the URL's query",
            KeyPlace::Header => "the header x-integration-key",
            KeyPlace::Setting => "PAGERDUTY_INTEGRATION_KEY",
            KeyPlace::Text => "the body's text",
        };
        Ok(Made { api: arrival.api, key, key_from, mask, events })
    }

    /// The events of a body alone, written as they would be sent but without a key.
    pub(crate) fn written(&self, body: &str, arrival: &Arrival) -> Option<Vec<String>> {
        let content = webhook::parse(body, &arrival.content_type).content;
        let events = intake::events(&self.config, arrival, content, &self.mask()).ok()?;
        let written = events.iter().map(|event| String::from_utf8(event.write(arrival.api, None)).ok());
        written.collect()
    }
}

/// The query's pairs, decoded.
pub(crate) fn query(head: &Parts) -> Vec<(String, String)> {
    form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
}
