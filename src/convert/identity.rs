//! Which alert an event is about: the dedup key.
//!
//! These keys are a promise. A key that changes from one release to the next leaves every open
//! alert without its resolve, so the golden tests pin them and a change is a breaking release.

use super::said::Said;
use crate::event::DEDUP_KEY_MAX_CHARS;
use crate::lenient_json::text_of;
use crate::webhook::{Alert, Notification};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::cell::OnceCell;
use std::fmt::Write;

/// The prefix of every key that is made here.
const PREFIX: &str = "arms-";
/// Labels that change while the alert stays the same.
const VOLATILE_LABELS: [&str; 2] = ["_aliyun_arms_alert_level", "value"];
/// Fields that distinguish alerts.
const FIELDS: [&str; 5] = ["summary", "source", "component", "group", "class"];
/// The same among the fields that have no meaning of their own here.
const OTHER_FIELDS: [&str; 6] = ["instance", "cluster", "application", "policy", "ruleId", "dimensions"];

/// The key of the console's test.
pub(super) const TEST: &str = "arms-webhook-test";

/// The keys of a notification's alerts.
pub(super) struct Identities<'a> {
    notification: &'a Notification,
    /// Whether the notification is about one alert only. Then what the template says identifies it; for
    /// several, one given key would merge them.
    is_only: bool,
    /// Whether the alert is one of a group's list. Then a given key names the group: the same alert must have
    /// the same key whether it comes alone or with others.
    lists_alerts: bool,
    /// The key of an alert without labels of its own, which has the common ones. Made when it is needed.
    of_common_labels: OnceCell<Option<String>>,
}

impl<'a> Identities<'a> {
    pub(super) fn of(notification: &'a Notification, alerts: usize, lists_alerts: bool) -> Self {
        Self {
            notification,
            is_only: alerts == 1,
            lists_alerts: notification.is_group && lists_alerts,
            of_common_labels: OnceCell::new(),
        }
    }

    /// The alert's key; `None` if nothing distinguishes it from others.
    pub(super) fn of_alert(&self, alert: &Alert) -> Option<String> {
        if let Some(fingerprint) = &alert.fingerprint {
            return Some(limited(fingerprint));
        }
        let said = Said::of(alert, self.notification, self.is_only);
        if self.is_only
            && !self.lists_alerts
            && let Some(given) = said.get("dedup_key")
        {
            return Some(limited(given));
        }
        if let Some(identity) = &alert.identity {
            return hash_lines(identity.iter().map(|(name, value)| line(name, value)).collect());
        }
        let of_labels =
            if alert.labels.is_empty() { self.of_common_labels() } else { of_labels(&alert.labels) };
        if of_labels.is_some() {
            return of_labels;
        }
        if self.is_only {
            let given = self.notification.alarm_id.as_deref().or_else(|| said.get("dedup_key"));
            return of_fields(said).or_else(|| given.map(limited));
        }
        of_fields(Said::own(alert))
    }

    fn of_common_labels(&self) -> Option<String> {
        self.of_common_labels.get_or_init(|| of_labels(&self.notification.common_labels)).clone()
    }
}

/// The key of a label set; `None` if it is empty.
fn of_labels(labels: &Map<String, Value>) -> Option<String> {
    let mut lines = Vec::with_capacity(labels.len());
    for (name, value) in labels {
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if !value.is_empty() && !VOLATILE_LABELS.contains(&name.as_str()) {
            lines.push(line(name, &value));
        }
    }
    hash_lines(lines)
}

/// The key of a body's own fields; `None` if none of them distinguishes alerts.
fn of_fields(said: Said) -> Option<String> {
    let mut lines = Vec::new();
    for name in FIELDS {
        if let Some(value) = said.get(name) {
            lines.push(line(name, value));
        }
    }
    for name in OTHER_FIELDS {
        if let Some(value) = said.other(name).and_then(text_of) {
            lines.push(line(name, &value));
        }
    }
    hash_lines(lines)
}

/// The key of a notification's group; `None` if nothing names the group. Forms and presets have none.
pub(super) fn of_group(notification: &Notification, alerts: usize) -> Option<String> {
    // A template may give `alarmId` beside the notification.
    let has_group = notification.is_group || alerts > 1;
    let given = notification.fields.get("dedup_key").filter(|_| has_group);
    let named = [notification.group_key.as_deref(), notification.alarm_id.as_deref(), given];
    if let Some(name) = named.into_iter().flatten().next() {
        return Some(group_key(name));
    }
    let mut lines = String::new();
    // A group may gain alerts of another name, so the common name counts only if there are no group labels.
    let alert_name = notification.common_labels.get("alertname").and_then(text_of);
    if let Some(name) = alert_name
        && notification.group_labels.is_empty()
    {
        lines.push_str(&line("alertname", &name));
    }
    if !notification.group_labels.is_empty() {
        let labels = Value::Object(notification.group_labels.clone());
        lines.push_str(&line("groupLabels", &labels.to_string()));
    }
    if let Some(receiver) = &notification.receiver {
        lines.push_str(&line("receiver", receiver));
    }
    (!lines.is_empty()).then(|| group_key(&lines))
}

fn group_key(name: &str) -> String {
    format!("{PREFIX}group-{}", sha256_hex(name))
}

/// The key of something that cannot be recognised again: the same for a retry of the same request.
pub(super) fn once(request_id: &str, number: usize) -> String {
    limited(&match number {
        0 => format!("{PREFIX}once-{request_id}"),
        later => format!("{PREFIX}once-{request_id}-{later}"),
    })
}

/// A key that PagerDuty takes: its hash if it is too long.
pub(super) fn limited(key: &str) -> String {
    if key.chars().count() > DEDUP_KEY_MAX_CHARS {
        format!("{PREFIX}{}", sha256_hex(key))
    } else {
        key.to_owned()
    }
}

fn line(name: &str, value: &str) -> String {
    format!("{name}={value}\n")
}

fn hash_lines(mut lines: Vec<String>) -> Option<String> {
    lines.sort_unstable();
    (!lines.is_empty()).then(|| format!("{PREFIX}{}", sha256_hex(&lines.concat())))
}

fn sha256_hex(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
