//! `$alertmanager_content` and the webhook of Prometheus Alertmanager (version 4), which is the
//! same format with a few fields more.
//!
//! Everything is optional, for ARMS documents less than it sends (Alibaba
//! Cloud, "Webhook template variables"; Prometheus, "Alerting configuration", `<webhook_config>`).

use super::notification::{ARMS_PREFIX, Alert, Notification};
use crate::lenient_json::text_of;
use serde_json::{Map, Value};

/// More alerts than a body can hold if each has a name; a longer list is not one of alerts.
const ALERTS_MAX: usize = 50_000;

/// Whether the object has what only such a notification has.
pub(super) fn is_notification(object: &Map<String, Value>) -> bool {
    match object.get("alerts") {
        Some(Value::Array(alerts)) if alerts.len() > ALERTS_MAX => return false,
        Some(Value::Array(_) | Value::Object(_) | Value::Null) => return true,
        _ => {}
    }
    ["commonLabels", "commonAnnotations", "groupLabels"]
        .iter()
        .any(|name| matches!(object.get(*name), Some(Value::Object(_))))
}

/// Whether the array is the list of alerts alone, as a template may write `{{ .alerts }}`.
pub(super) fn is_list(items: &[Value]) -> bool {
    let is_alert = |item: &Value| item.get("labels").is_some_and(Value::is_object);
    !items.is_empty() && items.len() <= ALERTS_MAX && items.iter().all(is_alert)
}

/// Whether the object is one alert of such a list.
pub(super) fn is_alert(object: &Map<String, Value>) -> bool {
    let has_object = |name: &str| object.get(name).is_some_and(Value::is_object);
    has_object("labels")
        && (has_object("annotations")
            || ["fingerprint", "startsAt"].iter().any(|name| object.contains_key(*name)))
}

/// Reads the list of alerts alone.
pub(super) fn read_list(items: Vec<Value>) -> Notification {
    Notification { alerts: items.into_iter().filter_map(alert).collect(), ..Notification::default() }
}

/// Takes a notification apart.
pub(super) fn read(mut object: Map<String, Value>) -> Notification {
    let alerts = match object.remove("alerts") {
        Some(Value::Array(alerts)) => alerts.into_iter().filter_map(alert).collect(),
        Some(Value::Null) | None => Vec::new(),
        Some(single) => alert(single).into_iter().collect(),
    };
    let common_labels = take_map(&mut object, "commonLabels");
    let mut notification = Notification {
        common_is_arms: common_labels.keys().any(|name| name.starts_with(ARMS_PREFIX)),
        status: take_text(&mut object, &["status"]),
        receiver: take_text(&mut object, &["receiver"]),
        policy: take_text(&mut object, &["dispatchRuleName"]),
        external_url: take_text(&mut object, &["externalURL"]),
        common_labels,
        group_labels: take_map(&mut object, "groupLabels"),
        group_key: take_text(&mut object, &["groupKey"]),
        alarm_id: take_text(&mut object, &["alarmId", "alarm_id"]),
        truncated_alerts: object.get("truncatedAlerts").and_then(count).unwrap_or_default(),
        common_annotations: take_map(&mut object, "commonAnnotations"),
        alerts,
        ..Notification::default()
    };
    if notification.alerts.is_empty() {
        if notification.common_labels.is_empty() {
            notification.common_labels.clone_from(&notification.group_labels);
        }
        // Then the other members say what has happened.
        notification.fields.take_object(object);
        return notification;
    }
    for name in ["severity", "level", "dedup_key", "incident_key"] {
        if let Some(value) = object.remove(name) {
            notification.fields.take(name, value);
        }
    }
    notification
}

fn alert(value: Value) -> Option<Alert> {
    let mut object = match value {
        Value::Object(object) => object,
        Value::Null => return None,
        // Not an alert as documented, but still something that the sender wanted to say.
        other => {
            let annotations = Map::from_iter([("message".to_owned(), other)]);
            Map::from_iter([("annotations".to_owned(), Value::Object(annotations))])
        }
    };
    Some(Alert {
        status: take_text(&mut object, &["status"]),
        fingerprint: take_text(&mut object, &["fingerprint", "dedup_key"]),
        labels: take_map(&mut object, "labels"),
        annotations: take_map(&mut object, "annotations"),
        starts_at: take_text(&mut object, &["startsAt", "startTime"]),
        ends_at: take_text(&mut object, &["endsAt", "endTime"]),
        generator_url: take_text(&mut object, &["generatorURL"]),
    })
}

/// A number, or a text that holds one.
fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| text_of(value)?.parse().ok())
}

fn take_text(object: &mut Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text_of(&object.remove(*name)?))
}

fn take_map(object: &mut Map<String, Value>, name: &str) -> Map<String, Value> {
    match object.remove(name) {
        Some(Value::Object(map)) => map,
        // Printed by a template as `map[alertname:a]`, they still distinguish alerts.
        Some(printed) if text_of(&printed).is_some() => Map::from_iter([(name.to_owned(), printed)]),
        _ => Map::new(),
    }
}
