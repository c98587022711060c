//! ARMS's preset template, in Chinese and in English, as JSON or as lines (Alibaba Cloud, "Webhook
//! template": the English names differ from page to page).
//!
//! It has no status: a recovery-time field means resolved.

use super::names::is_field_name;
use super::notification::Notification;
use crate::lenient_json::text_of;
use serde_json::{Map, Value};

/// What a name of the template means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Name,
    Cluster,
    Application,
    Policy,
    FiringTime,
    RecoveryTime,
    Content,
}

const NAMES: [(&str, Part); 17] = [
    ("告警名称", Part::Name),
    ("集群名称", Part::Cluster),
    ("应用名称", Part::Application),
    ("通知策略", Part::Policy),
    ("告警时间", Part::FiringTime),
    ("恢复时间", Part::RecoveryTime),
    ("告警内容", Part::Content),
    ("Alert name", Part::Name),
    ("Cluster name", Part::Cluster),
    ("Application name", Part::Application),
    ("Notification policy", Part::Policy),
    ("Alert time", Part::FiringTime),
    ("Alert triggered at", Part::FiringTime),
    ("Time resolved", Part::RecoveryTime),
    ("Time when the alert is resolved", Part::RecoveryTime),
    ("Notification content", Part::Content),
    ("Alert content", Part::Content),
];
/// Fewer names are a coincidence.
const NAMES_MIN: usize = 2;

fn part(name: &str) -> Option<Part> {
    // A list or bold type, as a template for a chat has it.
    let name = name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '*' | '#' | '>'));
    // ASCII letters only: Chinese has no case.
    NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, part)| *part)
}

/// The alert's name is enough; one of the other names alone may be a coincidence.
fn is_enough(parts: impl Iterator<Item = Part>) -> bool {
    let parts: Vec<Part> = parts.collect();
    parts.contains(&Part::Name) || parts.len() >= NAMES_MIN
}

/// Whether the object has the template's names. A recovery time alone is enough here.
pub(super) fn is_object(object: &Map<String, Value>) -> bool {
    let parts = || object.keys().filter_map(|name| part(name));
    is_enough(parts()) || parts().any(|part| part == Part::RecoveryTime)
}

/// Reads the template's object.
pub(super) fn read_object(object: Map<String, Value>) -> Notification {
    let mut notification = Notification::default();
    let (mut parts, mut others) = (Vec::new(), Map::new());
    for (name, value) in object {
        match part(&name) {
            Some(part) => parts.push((part, value)),
            None => drop(others.insert(name, value)),
        }
    }
    take_all(&mut notification, parts);
    notification.fields.take_object(others);
    notification
}

/// Reads the template's lines; `None` if the text has too few. The content may have several lines;
/// between the other parts there may be lines of the user's own.
pub(super) fn read_lines(text: &str) -> Option<Notification> {
    let mut parts: Vec<(Part, String)> = Vec::new();
    let mut own: Vec<(&str, &str)> = Vec::new();
    let mut heading = String::new();
    for line in text.lines() {
        let pair = line.split_once([':', '：']);
        let named = pair.and_then(|(name, value)| Some((part(name)?, value)));
        // The first of a name wins: a content that goes on with `告警名称：…` is still content.
        let has = |wanted: Part| parts.iter().any(|(known, _)| *known == wanted);
        // And the content of a firing alert may mention a recovery.
        let is_quoted =
            |part: Part| part == Part::RecoveryTime && has(Part::FiringTime) && has(Part::Content);
        let new = named.filter(|(part, _)| !has(*part) && !is_quoted(*part));
        match (new, parts.last_mut(), pair) {
            (Some((part, value)), _, _) => parts.push((part, value.to_owned())),
            (None, Some((Part::Content, text)), _) => {
                text.push('\n');
                text.push_str(line);
            }
            (None, Some(_), Some((name, value))) if is_field_name(name.trim()) => {
                own.push((name.trim(), value));
            }
            (None, _, _) => {
                heading.push('\n');
                heading.push_str(line);
            }
        }
    }
    if !is_enough(parts.iter().map(|(part, _)| *part)) {
        return None;
    }
    let mut notification = Notification::default();
    let parts = parts.into_iter().map(|(part, text)| (part, Value::String(text)));
    take_all(&mut notification, parts.collect());
    for (name, value) in own {
        notification.fields.take(name, Value::String(value.to_owned()));
    }
    if !heading.trim().is_empty() {
        notification.fields.others.insert("heading".to_owned(), Value::String(heading.trim().to_owned()));
    }
    Some(notification)
}

/// Takes the template's parts.
fn take_all(notification: &mut Notification, parts: Vec<(Part, Value)>) {
    let fields = &mut notification.fields;
    let time = |wanted: Part| parts.iter().find(|(part, _)| *part == wanted).map(|(_, value)| text_of(value));
    let has_fired = time(Part::FiringTime).flatten().is_some();
    // A template for both states leaves the recovery time blank while the alert fires.
    if time(Part::RecoveryTime).is_some_and(|text| text.is_some() || !has_fired) {
        fields.take("status", Value::String("resolved".to_owned()));
    }
    for (part, value) in parts {
        let name = match part {
            Part::Name => "alertname",
            Part::Cluster => "cluster",
            Part::Application => "application",
            Part::Policy => "policy",
            Part::FiringTime => "timestamp",
            Part::RecoveryTime => "recovered_at",
            Part::Content => "message",
        };
        if let Some(text) = text_of(&value) {
            fields.take(name, Value::String(text));
        }
    }
}
