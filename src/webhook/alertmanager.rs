//! `$alertmanager_content` and the webhook of Prometheus Alertmanager (version 4), which is the
//! same format with a few fields more.
//!
//! Everything is optional, for ARMS documents less than it sends (Alibaba
//! Cloud, "Webhook template variables"; Prometheus, "Alerting configuration", `<webhook_config>`).

use super::members::{self, Object, take_text};
use super::notification::{ARMS_PREFIX, Alert, Notification};
use super::origin::Origin;
use crate::lenient_json::text_of;
use serde_json::Value;

/// More alerts than a body can hold if each has a name; a longer list is not one of alerts.
pub(super) const ALERTS_MAX: usize = 50_000;

/// Whether the object has what only such a notification has.
pub(super) fn is_notification(object: &Object) -> bool {
    match object.get("alerts") {
        Some(Value::Array(alerts)) if alerts.len() > ALERTS_MAX => return false,
        Some(Value::Array(_) | Value::Object(_) | Value::Null) => return true,
        _ => {}
    }
    ["commonLabels", "commonAnnotations", "groupLabels"]
        .iter()
        .any(|name| matches!(object.get(*name), Some(Value::Object(_))))
}

/// Whether the object is one alert alone, as a template may write it. Other sources have labels too, so a
/// name or a start must be there.
pub(super) fn is_alert(object: &Object) -> bool {
    let Some(Value::Object(labels)) = object.get("labels") else { return false };
    labels.contains_key("alertname") || members::has_any(object, &["fingerprint", "startsAt"])
}

/// Takes a notification apart.
pub(super) fn read(mut object: Object) -> Notification {
    let alerts = match object.remove("alerts") {
        Some(Value::Array(alerts)) => alerts.into_iter().filter_map(listed_alert).collect(),
        Some(Value::Null) | None => Vec::new(),
        Some(single) => listed_alert(single).into_iter().collect(),
    };
    let origin = origin(&object);
    let common_labels = take_map(&mut object, "commonLabels");
    let common_is_arms = common_labels.keys().any(|name| name.starts_with(ARMS_PREFIX));
    let is_arms = common_is_arms || alerts.iter().any(has_arms_label);
    let mut notification = Notification {
        origin: if is_arms { Origin::Arms } else { origin },
        is_group: true,
        common_is_arms,
        status: take_text(&mut object, &["status"]),
        receiver: take_text(&mut object, &["receiver"]),
        policy: take_text(&mut object, &["dispatchRuleName"]),
        external_url: take_text(&mut object, &["externalURL"]),
        common_labels,
        group_labels: take_map(&mut object, "groupLabels"),
        group_key: take_text(&mut object, &["groupKey"]),
        alarm_id: take_text(&mut object, &["alarmId", "alarm_id"]),
        truncated_alerts: object.remove("truncatedAlerts").as_ref().and_then(count).unwrap_or_default(),
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
    notification.unread = members::without_empty(object);
    notification
}

/// The sender, by the members that only one of them has.
fn origin(object: &Object) -> Origin {
    if object.contains_key("orgId") || object.contains_key("valueString") {
        Origin::Grafana
    } else if object.contains_key("groupKey") && object.contains_key("version") {
        Origin::Alertmanager
    } else {
        Origin::Arms
    }
}

fn has_arms_label(alert: &Alert) -> bool {
    alert.labels.keys().any(|name| name.starts_with(ARMS_PREFIX))
}

/// One item of the list of alerts.
fn listed_alert(value: Value) -> Option<Alert> {
    match value {
        Value::Object(object) => Some(alert(object)),
        Value::Null => None,
        // Not an alert as documented, but still something that the sender wanted to say.
        other => {
            let annotations = Object::from_iter([("message".to_owned(), other)]);
            Some(Alert { annotations, ..Alert::default() })
        }
    }
}

/// Takes an alert apart.
pub(super) fn alert(mut object: Object) -> Alert {
    let annotations = take_map(&mut object, "annotations");
    let mut links = members::links(&annotations, [("runbook_url", "Runbook")]);
    let pages = [("dashboardURL", "Dashboard"), ("panelURL", "Panel"), ("silenceURL", "Silence")];
    links.extend(members::links(&object, pages));
    Alert {
        status: take_text(&mut object, &["status"]),
        fingerprint: take_text(&mut object, &["fingerprint", "dedup_key"]),
        labels: take_map(&mut object, "labels"),
        annotations,
        starts_at: take_text(&mut object, &["startsAt", "startTime"]),
        ends_at: take_text(&mut object, &["endsAt", "endTime"]),
        generator_url: take_text(&mut object, &["generatorURL"]),
        links,
        images: members::text(&object, "imageURL").into_iter().collect(),
        unread: members::without_empty(object),
        ..Alert::default()
    }
}

/// A number, or a text that holds one.
fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| text_of(value)?.parse().ok())
}

fn take_map(object: &mut Object, name: &str) -> Object {
    match object.remove(name) {
        Some(Value::Object(map)) => map,
        // Printed by a template as `map[alertname:a]`, they still distinguish alerts.
        Some(printed) if text_of(&printed).is_some() => Object::from_iter([(name.to_owned(), printed)]),
        _ => Object::new(),
    }
}
