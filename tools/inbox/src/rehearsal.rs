//! What the function would make of a body, without sending anything.

use arms_pagerduty::admit::{self, Route};
use arms_pagerduty::config::Config;
use arms_pagerduty::prepare::{self, Arrival};
use arms_pagerduty::secret::Mask;
use arms_pagerduty::webhook::{self, Content, Origin};
use http::request::Parts;
use std::time::SystemTime;

/// The settings that the core needs.
pub(crate) struct Rehearsal {
    config: Config,
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
        let Some(Route::Events(api)) = admit::route(head.uri.path()) else { return None };
        Some(Arrival::new(api, head, request_id, SystemTime::now()))
    }

    /// The events of a body alone, written as they would be sent but without a key.
    pub(crate) fn written(&self, body: &str, arrival: &Arrival) -> Option<Written> {
        let content = webhook::read(body, &arrival.content_type).content;
        let format = Format::of(&content);
        let mask = self.mask();
        let mut events = Vec::new();
        let converted = prepare::events(&self.config, arrival, content).ok()?;
        for mut event in converted.events.into_iter().chain(converted.group_resolve) {
            event.scrub(&mask);
            event.fit(arrival.api);
            events.push(String::from_utf8(event.write(arrival.api)).ok()?);
        }
        Some(Written { format, events })
    }
}

/// What was made of a body.
pub(crate) struct Written {
    /// What the body was taken for.
    pub(crate) format: Format,
    /// The events as they would be sent.
    pub(crate) events: Vec<String>,
}

/// What a body was taken for, as far as it can be told from outside.
#[derive(PartialEq)]
pub(crate) enum Format {
    /// The console's test.
    Test,
    /// An event of PagerDuty's own.
    PagerDutyEvent,
    /// A notification: its sender, and that of each alert.
    Notification(Origin, Vec<Option<Origin>>),
}

impl Format {
    fn of(content: &Content) -> Self {
        match content {
            Content::Test(_) => Self::Test,
            Content::PagerDutyEvent(_) => Self::PagerDutyEvent,
            Content::Notification(notification) => {
                let senders = notification.alerts.iter().map(|alert| alert.origin);
                Self::Notification(notification.origin, senders.collect())
            }
        }
    }
}
