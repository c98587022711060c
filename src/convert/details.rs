//! The custom details: everything that is known of an alert, nested as it came.

use super::context::Context;
use super::said::Said;
use super::{facts, pages};
use crate::event::Payload;
use crate::lenient_json::text_of;
use crate::webhook::{Alert, Notification};
use serde_json::{Map, Value};

/// The name for members of the notification whose names the alert itself has too.
const NOTIFICATION: &str = "notification";

/// What an event shows beside its details.
pub(super) struct Shown<'a> {
    pub(super) payload: &'a Payload,
    pub(super) dedup_key: &'a str,
    /// Whether it is a resolve.
    pub(super) is_over: bool,
}

/// The details of one alert.
pub(super) fn of_alert(
    alert: Alert,
    notification: &Notification,
    is_only: bool,
    shown: &Shown,
    context: &Context,
) -> Map<String, Value> {
    let summary = shown.payload.summary.as_str();
    let is_over = shown.is_over;
    let unshown = facts::unshown(&alert, notification, is_only, context);
    let given = unused_fields(&alert, notification, is_only, shown);
    let texts = {
        let said = Said::of(&alert, notification, is_only);
        let status = alert.status.as_deref().or(notification.status.as_deref());
        let own = |name: &'static str| said.get(name);
        let long_summary = own("summary").filter(|text| !facts::shows(summary, text));
        let texts = [
            ("status", status.or_else(|| own("status")).or(is_over.then_some("resolved"))),
            ("message", own("message").filter(|_| alert.fields.get("message").is_none())),
            ("summary", long_summary),
        ];
        texts.map(|(name, text)| (name, text.map(str::to_owned)))
    };
    let mut details = alert.unread;
    add_missing(&mut details, notification.fields.others.clone());
    add_missing(&mut details, alert.fields.others);
    for (name, text) in texts.into_iter().chain([("startsAt", alert.starts_at), ("endsAt", alert.ends_at)]) {
        insert_text(&mut details, name, text);
    }
    for (name, value) in unshown {
        details.entry(name).or_insert(value);
    }
    insert_text(
        &mut details,
        "generatorURL",
        alert.generator_url.filter(|url| pages::web_url(url).is_none()),
    );
    add_maps(&mut details, alert.labels, alert.annotations, notification);
    add_notification(&mut details, notification);
    let mut beside = Map::new();
    for (name, value) in given {
        match details.get(name) {
            None => drop(details.insert(name.to_owned(), value)),
            Some(own) if *own == value => {}
            Some(_) => drop(beside.insert(name.to_owned(), value)),
        }
    }
    add_beside(&mut details, beside);
    details
}

/// Fields that the event does not show, because the alert says something else in their place.
fn unused_fields(
    alert: &Alert,
    notification: &Notification,
    is_only: bool,
    shown: &Shown,
) -> Vec<(&'static str, Value)> {
    let Payload { summary, source, component, group, class, links, .. } = shown.payload;
    let mut unused = Vec::new();
    for (name, text) in Said::of(alert, notification, is_only).given() {
        let is_shown = match name {
            "summary" | "message" => facts::shows(summary, text),
            "source" => source == text,
            "component" => component.as_deref() == Some(text),
            "group" => group.as_deref() == Some(text),
            "class" => class.as_deref() == Some(text),
            "dedup_key" => shown.dedup_key == text,
            "link" => links.iter().any(|link| link.href == text),
            "timestamp" => alert.starts_at.is_none(),
            _ => false,
        };
        if !is_shown {
            unused.push((name, Value::String(text.to_owned())));
        }
    }
    unused
}

/// Adds what is beside members of the same names.
fn add_beside(details: &mut Map<String, Value>, beside: Map<String, Value>) {
    if beside.is_empty() {
        return;
    }
    let holder = details.entry(NOTIFICATION).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(holder) = holder {
        for (name, value) in beside {
            holder.entry(name).or_insert(value);
        }
    }
}

/// Adds the alert's labels and annotations, and what all alerts share beyond them.
fn add_maps(
    details: &mut Map<String, Value>,
    labels: Map<String, Value>,
    annotations: Map<String, Value>,
    notification: &Notification,
) {
    let annotations =
        if annotations.is_empty() { notification.common_annotations.clone() } else { annotations };
    let maps = [
        ("groupLabels", beyond(&notification.group_labels, &labels)),
        ("commonLabels", beyond(&notification.common_labels, &labels)),
        ("commonAnnotations", beyond(&notification.common_annotations, &annotations)),
        ("labels", labels),
        ("annotations", annotations),
    ];
    for (name, map) in maps {
        if !map.is_empty() {
            details.entry(name).or_insert(Value::Object(map));
        }
    }
}

/// The members of `shared` that `own` does not have with the same value.
fn beyond(shared: &Map<String, Value>, own: &Map<String, Value>) -> Map<String, Value> {
    let mut beyond = Map::new();
    for (name, value) in shared {
        if own.get(name) != Some(value) && text_of(value).is_some() {
            beyond.insert(name.clone(), value.clone());
        }
    }
    beyond
}

/// Adds what the notification says besides its alerts.
fn add_notification(details: &mut Map<String, Value>, notification: &Notification) {
    let page = notification.external_url.as_ref().filter(|url| pages::web_url(url).is_none());
    let texts = [
        ("receiver", &notification.receiver),
        ("policy", &notification.policy),
        ("groupKey", &notification.group_key),
        ("alarmId", &notification.alarm_id),
        ("externalURL", &page.cloned()),
    ];
    for (name, text) in texts {
        insert_text(details, name, text.clone());
    }
    if notification.truncated_alerts > 0 {
        details.entry("truncatedAlerts").or_insert(Value::from(notification.truncated_alerts));
    }
    let mut beside = Map::new();
    for (name, value) in &notification.unread {
        if details.get(name).is_some_and(|own| own != value) {
            beside.insert(name.clone(), value.clone());
        }
    }
    add_missing(details, notification.unread.clone());
    add_beside(details, beside);
}

/// Adds the members that `own` lacks. The fewer ones are moved, for there may be half a million.
fn add_missing(own: &mut Map<String, Value>, mut more: Map<String, Value>) {
    if more.len() > own.len() {
        more.extend(std::mem::take(own));
        *own = more;
    } else {
        for (name, value) in more {
            own.entry(name).or_insert(value);
        }
    }
}

/// One alert of the list in a group's details.
pub(super) fn of_listed(alert: Alert) -> Value {
    let mut listed = alert.unread;
    add_missing(&mut listed, alert.fields.others);
    let texts = [
        ("status", alert.status),
        ("fingerprint", alert.fingerprint),
        ("startsAt", alert.starts_at),
        ("endsAt", alert.ends_at),
        ("generatorURL", alert.generator_url),
    ];
    for (name, text) in texts {
        insert_text(&mut listed, name, text);
    }
    for (name, map) in [("labels", alert.labels), ("annotations", alert.annotations)] {
        if !map.is_empty() {
            listed.entry(name).or_insert(Value::Object(map));
        }
    }
    Value::Object(listed)
}

fn insert_text(details: &mut Map<String, Value>, name: &str, text: Option<String>) {
    if let Some(text) = text {
        details.entry(name).or_insert(Value::String(text));
    }
}
