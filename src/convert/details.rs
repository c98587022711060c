//! The custom details: everything that is known of an alert, nested as it came.

use super::facts;
use crate::webhook::{Alert, Fields, Notification};
use serde_json::{Map, Value};
use std::time::SystemTime;

/// The details of one alert. `summary` is what its event shows.
pub(super) fn of_alert(
    alert: Alert,
    notification: &Notification,
    summary: &str,
    now: SystemTime,
) -> Map<String, Value> {
    let fields = &notification.fields;
    let mut details = fields.others.clone();
    let status = alert.status.or_else(|| notification.status.clone());
    let texts = [
        ("status", status.or_else(|| owned(fields, "status"))),
        ("message", owned(fields, "message")),
        ("startsAt", alert.starts_at),
        ("endsAt", alert.ends_at),
        ("receiver", notification.receiver.clone()),
        ("policy", notification.policy.clone()),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            details.entry(name).or_insert(Value::String(text));
        }
    }
    let annotations = if alert.annotations.is_empty() {
        notification.common_annotations.clone()
    } else {
        alert.annotations
    };
    for (name, map) in [("labels", alert.labels), ("annotations", annotations)] {
        if !map.is_empty() {
            details.entry(name).or_insert(Value::Object(map));
        }
    }
    add_unused(&mut details, fields, summary, now);
    details
}

/// Adds what the event's other fields do not show.
pub(super) fn add_unused(details: &mut Map<String, Value>, fields: &Fields, summary: &str, now: SystemTime) {
    for (name, value) in facts::unused(fields, now) {
        details.entry(name).or_insert(value);
    }
    // A text may be too long for a summary, or stand beside an alert with a name of its own.
    if let Some(text) = fields.get("summary")
        && !facts::shows(summary, text)
    {
        details.entry("summary").or_insert_with(|| Value::String(text.to_owned()));
    }
}

/// One alert of the list in a group's details.
pub(super) fn of_listed(alert: Alert) -> Value {
    let texts = [
        ("status", alert.status),
        ("fingerprint", alert.fingerprint),
        ("startsAt", alert.starts_at),
        ("endsAt", alert.ends_at),
        ("generatorURL", alert.generator_url),
    ];
    let mut listed = Map::new();
    for (name, text) in texts {
        if let Some(text) = text {
            listed.insert(name.to_owned(), Value::String(text));
        }
    }
    for (name, map) in [("labels", alert.labels), ("annotations", alert.annotations)] {
        if !map.is_empty() {
            listed.insert(name.to_owned(), Value::Object(map));
        }
    }
    Value::Object(listed)
}

fn owned(fields: &Fields, name: &str) -> Option<String> {
    fields.get(name).map(str::to_owned)
}
