//! What arrives: a body of any kind becomes a [`Notification`], or an event of PagerDuty's own.
//!
//! [`read`] recognises the format by what the body is. Nothing is refused here: a body that fits no
//! format is a notification whose message is the text.

mod alertmanager;
mod chat;
mod cloudmonitor;
mod cloudmonitor2;
mod cloudmonitor_event;
mod cloudmonitor_mns;
mod content;
mod document;
mod eventbridge;
mod fields;
mod form;
mod grafana_legacy;
mod keys;
mod kube_eventer;
mod log_service;
mod members;
mod names;
mod notification;
mod origin;
mod other;
mod pagerduty_event;
mod preset;
mod stages;

pub use content::{Content, Placeholder};
pub use fields::Fields;
pub use keys::Keys;
pub use names::KEY_NAMES;
pub use notification::{ARMS_PREFIX, Alert, Notification};
pub use origin::Origin;
pub use pagerduty_event::{OwnImage, OwnLink, PagerDutyEvent};

use crate::lenient_json::{self, NESTING_MAX, unquote};

/// The largest body, in bytes: what a function URL can pass on (AWS, "Lambda quotas").
pub const BODY_MAX_BYTES: usize = 6 * 1024 * 1024;

/// One webhook, read.
pub struct Webhook {
    /// The integration keys that the body names.
    pub keys: Keys,
    /// What it says.
    pub content: Content,
}

/// Reads a body that is not blank. `content_type` is the header's media type in lower case, without
/// parameters.
#[must_use]
pub fn read(body: &str, content_type: &str) -> Webhook {
    let text = unquote(body.trim_start_matches('\u{feff}').trim());
    let text = text.trim();
    if let Some(placeholder) = Placeholder::of(text) {
        return Webhook { keys: Keys::none(), content: Content::Test(placeholder) };
    }
    if let Some(document) = lenient_json::read(text, NESTING_MAX) {
        let is_own_event = document.value.as_object().is_some_and(pagerduty_event::is_event);
        let keys = Keys::of_document(&document, is_own_event, text);
        return Webhook { keys, content: document::read(document, NESTING_MAX) };
    }
    if let Some(form) = form::parse(text, content_type) {
        let keys = Keys::of_form(&form, text);
        return Webhook { keys, content: document::read_form(form) };
    }
    Webhook { keys: Keys::of_text(text), content: document::read_text(text) }
}
