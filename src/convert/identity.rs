//! Which alert an event is about: the dedup key.
//!
//! These keys are a promise. A key that changes from one release to the next leaves every open
//! alert without its resolve, so the golden tests pin them and a change is a breaking release.

use crate::event::DEDUP_KEY_MAX_CHARS;
use crate::webhook::Fields;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Before every key that is made here.
const PREFIX: &str = "arms-";
/// Labels that change while the alert stays the same.
const VOLATILE_LABELS: [&str; 2] = ["_aliyun_arms_alert_level", "value"];
/// Fields that tell one alert from another.
const FIELDS: [&str; 5] = ["summary", "source", "component", "group", "class"];
/// The same among the fields that have no meaning of their own.
const OTHER_FIELDS: [&str; 5] = ["cluster", "application", "policy", "ruleId", "dimensions"];

/// The key of the console's test.
pub(super) const TEST: &str = "arms-webhook-test";

/// The key of a label set; `None` if it says nothing.
pub(super) fn of_labels(labels: &Map<String, Value>) -> Option<String> {
    let lines = labels.iter().filter(|(name, _)| !VOLATILE_LABELS.contains(&name.as_str()));
    hash_lines(lines.filter_map(|(name, value)| {
        let value = match value {
            Value::Null => return None,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (!value.is_empty()).then(|| line(name, &value))
    }))
}

/// The key of a body's own fields; `None` if none of them tells alerts apart.
pub(super) fn of_fields(fields: &Fields) -> Option<String> {
    let own = FIELDS.iter().filter_map(|name| Some(line(name, fields.get(name)?)));
    let others = OTHER_FIELDS.iter().filter_map(|name| {
        let text = crate::webhook::text_of(fields.others.get(*name)?)?;
        Some(line(name, &text))
    });
    hash_lines(own.chain(others))
}

/// The key of a group, by the text that names it.
pub(super) fn of_group(name: &str) -> String {
    format!("{PREFIX}group-{}", sha256_hex(name))
}

/// The key of something that can only be told once: the same for a retry of the same request.
pub(super) fn once(request_id: &str, number: usize) -> String {
    limit(match number {
        0 => format!("{PREFIX}once-{request_id}"),
        later => format!("{PREFIX}once-{request_id}-{later}"),
    })
}

/// A key that PagerDuty takes: its hash where it is too long.
pub(super) fn limit(key: String) -> String {
    if key.chars().count() > DEDUP_KEY_MAX_CHARS { format!("{PREFIX}{}", sha256_hex(&key)) } else { key }
}

fn line(name: &str, value: &str) -> String {
    format!("{name}={value}\n")
}

fn hash_lines(lines: impl Iterator<Item = String>) -> Option<String> {
    let mut lines: Vec<String> = lines.collect();
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
