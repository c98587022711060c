//! ARMS's preset template, in Chinese and in English, as JSON or as lines (Alibaba Cloud, "Webhook
//! template": the English names differ from page to page), its older names, and Log Service's text
//! template, which is written in the same way.
//!
//! The preset has no status: a recovery time that has come means resolved.

use super::members::Object;
use super::names::is_field_name;
use super::notification::{Alert, Notification};
use super::origin::Origin;
use crate::lenient_json::{self, text_of};
use serde_json::Value;

/// What a name of the template means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Name,
    Cluster,
    Application,
    Policy,
    FiringTime,
    /// When it fired for the first time, which comes before the time of the notification.
    FirstTime,
    RecoveryTime,
    Content,
    Project,
    Status,
    Severity,
    Labels,
    Annotations,
}

const NAMES: [(&str, Part); 26] = [
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
    // Of older ARMS.
    ("报警名称", Part::Name),
    ("报警时间", Part::FiringTime),
    ("报警内容", Part::Content),
    // Of Log Service.
    ("所属项目", Part::Project),
    ("首次触发", Part::FirstTime),
    ("告警状态", Part::Status),
    ("告警严重度", Part::Severity),
    ("告警标签", Part::Labels),
    ("告警标注", Part::Annotations),
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
pub(super) fn is_object(object: &Object) -> bool {
    let parts = || object.keys().filter_map(|name| part(name));
    is_enough(parts()) || parts().any(|part| part == Part::RecoveryTime)
}

/// Reads the template's object.
pub(super) fn read_object(object: Object) -> Notification {
    let mut notification = Notification::default();
    let (mut parts, mut others) = (Vec::new(), Object::new());
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
        // Once the alert has a name and a time, everything behind its content belongs to that.
        let has_text = has(Part::Content) || has(Part::Annotations);
        let has_time = has(Part::FiringTime) || has(Part::RecoveryTime);
        let is_quoted = has_text && has_time && has(Part::Name);
        let new = named.filter(|(part, _)| !has(*part) && !is_quoted);
        match (new, parts.last_mut(), pair) {
            (Some((part, value)), _, _) => parts.push((part, value.to_owned())),
            (None, Some((Part::Content | Part::Annotations, text)), _) => {
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
    let has = |wanted: Part| parts.iter().any(|(part, _)| *part == wanted);
    if [Part::Project, Part::Status, Part::Severity].into_iter().any(has) {
        take_log_service(notification, parts);
        return;
    }
    let fields = &mut notification.fields;
    for (part, value) in parts {
        let name = match part {
            Part::Name => "alertname",
            Part::Cluster => "cluster",
            Part::Application => "application",
            Part::Policy => "policy",
            Part::FiringTime => "timestamp",
            Part::RecoveryTime => "recovered_at",
            Part::Content => "message",
            Part::FirstTime => "首次触发",
            Part::Project => "所属项目",
            Part::Status => "status",
            Part::Severity => "severity",
            Part::Labels => "告警标签",
            Part::Annotations => "告警标注",
        };
        if let Some(text) = text_of(&value) {
            if part == Part::RecoveryTime {
                fields.recovered_at = Some(text.clone());
            }
            fields.take(name, Value::String(text));
        }
    }
}

/// Takes the parts of Log Service's template as an alert with an identity of its own: name, project and
/// labels.
fn take_log_service(notification: &mut Notification, parts: Vec<(Part, Value)>) {
    let mut alert = Alert { origin: Some(Origin::LogService), ..Alert::default() };
    let mut identity = Vec::new();
    for (part, value) in parts {
        let Some(text) = text_of(&value) else { continue };
        let (field, identity_name, detail) = match part {
            Part::Name => ("alertname", Some("alert_name"), None),
            Part::Project => ("source", Some("project"), None),
            Part::Labels => ("告警标签", Some("labels"), None),
            Part::FirstTime => ("timestamp", None, None),
            Part::FiringTime => ("告警时间", None, None),
            Part::Status => ("status", None, None),
            Part::Severity => ("severity", None, None),
            Part::Annotations => ("message", None, Some("告警标注")),
            Part::Content => ("message", None, None),
            Part::Cluster => ("cluster", None, None),
            Part::Application => ("application", None, None),
            Part::Policy => ("policy", None, None),
            Part::RecoveryTime => ("recovered_at", None, None),
        };
        if let Some(name) = identity_name {
            identity.push((name.to_owned(), text.clone()));
        }
        if let Some(name) = detail {
            alert.unread.insert(name.to_owned(), Value::String(text.clone()));
        }
        if part == Part::RecoveryTime {
            alert.fields.recovered_at = Some(text.clone());
        }
        let shown = if part == Part::Annotations { annotation_text(&text) } else { text };
        alert.fields.take(field, Value::String(shown));
    }
    alert.fields.take("timestamp", alert.fields.others.get("告警时间").cloned().unwrap_or_default());
    alert.identity = Some(identity);
    alert.status = alert.fields.get("status").map(str::to_owned);
    notification.alerts.push(alert);
}

/// The text of annotations, which may be JSON with a title and a description.
fn annotation_text(text: &str) -> String {
    let Some(annotations) = lenient_json::object(text) else { return text.to_owned() };
    let best = ["title", "desc"].iter().find_map(|name| text_of(annotations.get(*name)?));
    best.unwrap_or_else(|| text.to_owned())
}
