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

    /// The events of a body alone, written as they would be sent but without a key; `None` if it is taken for another
    /// format than `like`.
    pub(crate) fn written(&self, body: &str, like: &str, arrival: &Arrival) -> Option<Vec<String>> {
        let read = |body: &str| webhook::read(body, &arrival.content_type).content;
        let content = read(body);
        if senders(&content) != senders(&read(like)) {
            return None;
        }
        let mask = self.mask();
        let converted = prepare::events(&self.config, arrival, content).ok()?;
        let events = converted.events.into_iter().chain(converted.group_resolve).map(|mut event| {
            event.scrub(&mask);
            event.fit(arrival.api);
            String::from_utf8(event.write(arrival.api)).ok()
        });
        events.collect()
    }
}

/// What a body was taken for, as far as it can be seen: whether it is a notification, its sender and its alerts'; or
/// whether it is a test.
fn senders(content: &Content) -> (bool, Vec<Option<Origin>>) {
    let Content::Notification(notification) = content else {
        return (matches!(content, Content::Test(_)), Vec::new());
    };
    let of_alerts = notification.alerts.iter().map(|alert| alert.origin);
    (false, [Some(notification.origin)].into_iter().chain(of_alerts).collect())
}
