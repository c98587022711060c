//! A whole notification as one event: by `EVENT_PER=group`, and for a storm.

use super::{Circumstances, EVENTS_MAX, action, dedup_key as dedup_key_of, identity, payload};
use crate::error::Error;
use crate::event::{self, Action, Api, Event, Payload, Severity};
use crate::timestamp;
use crate::webhook::{Alert, Notification};
use serde_json::{Map, Value, json};

/// Whether nothing of the group fires any more, as far as the notification shows all of it.
pub(super) fn is_over(alerts: &[Alert], notification: &Notification) -> bool {
    notification.truncated_alerts == 0 && !alerts.iter().any(|alert| fires(alert, notification))
}

/// The one event of all alerts.
pub(super) fn event(
    mut alerts: Vec<Alert>,
    notification: &Notification,
    circumstances: &Circumstances,
) -> Result<Event, Error> {
    let resolves = is_over(&alerts, notification);
    let key = dedup_key(notification, circumstances);
    let dedup_key = match key {
        Some(key) => key,
        None if resolves && circumstances.api != Api::Change => return Err(Error::ResolveWithoutIdentity),
        None => identity::once(circumstances.request_id, 0),
    };
    // The gravest first: they are what the details keep when there are too many.
    let gravity = |alert: &Alert| {
        let severity = payload::severity(alert, notification).unwrap_or(circumstances.default_severity);
        (!fires(alert, notification), severity)
    };
    alerts.sort_by_cached_key(gravity);
    let firing = alerts.iter().filter(|alert| fires(alert, notification)).count();
    let payload = payload(alerts, firing, notification, circumstances);
    Ok(Event { action: if resolves { Action::Resolve } else { Action::Trigger }, dedup_key, payload })
}

/// The resolve of the group's own key; `None` if nothing names the group.
pub(super) fn resolve(notification: &Notification, circumstances: &Circumstances) -> Option<Event> {
    let name = payload::name(&Alert::default(), notification).unwrap_or_else(|| "ARMS".to_owned());
    let summary = circumstances.mask.hide(format!("{name}: all alerts of the group are resolved"));
    let payload = Payload::new(payload::summary_line(&summary), Severity::Info);
    Some(Event { action: Action::Resolve, dedup_key: dedup_key(notification, circumstances)?, payload })
}

/// A storm mostly begins small: its first alerts were events of their own before they became too
/// many. When all of it is over, these are resolved too, the oldest first, as many as PagerDuty's
/// rate limit lets pass beside the group's own. The contract names the group's event alone; an
/// alert that stays open would swallow the next page for the same thing.
pub(super) fn resolves_of_oldest(
    alerts: &[Alert],
    notification: &Notification,
    circumstances: &Circumstances,
) -> Vec<Event> {
    if !is_over(alerts, notification) {
        return Vec::new();
    }
    let started = |alert: &Alert| timestamp::read(alert.starts_at.as_deref()?, circumstances.now);
    let mut oldest: Vec<&Alert> = alerts.iter().collect();
    oldest.sort_by_cached_key(|alert| started(alert));
    let keys = oldest
        .into_iter()
        .filter_map(|alert| dedup_key_of(alert, None, notification, false, circumstances.mask));
    let resolve = |dedup_key| {
        let payload = Payload::new("One of a group of alerts that is over".to_owned(), Severity::Info);
        Event { action: Action::Resolve, dedup_key, payload }
    };
    keys.take(EVENTS_MAX - 1).map(resolve).collect()
}

fn fires(alert: &Alert, notification: &Notification) -> bool {
    action(alert, notification) != Action::Resolve
}

/// The group's own key; `None` if nothing names the group.
pub(super) fn dedup_key(notification: &Notification, circumstances: &Circumstances) -> Option<String> {
    let named = notification.group_key.as_deref().or(notification.alarm_id.as_deref());
    // A template may give `alarmId` beside the notification.
    let named = named.or_else(|| notification.fields.get("dedup_key"));
    let text = named.map(str::to_owned).or_else(|| {
        let alert_name = notification.common_labels.get("alertname");
        let labels = Some(&notification.group_labels).filter(|labels| !labels.is_empty());
        let lines = [
            ("alertname", alert_name.and_then(crate::webhook::text_of)),
            ("groupLabels", labels.map(|labels| Value::Object(labels.clone()).to_string())),
            ("receiver", notification.receiver.clone()),
        ];
        let lines: String =
            lines.into_iter().filter_map(|(name, text)| Some(format!("{name}={}\n", text?))).collect();
        Some(lines).filter(|lines| !lines.is_empty())
    });
    text.map(|text| identity::of_group(&circumstances.mask.hide(text)))
}

/// `alerts` are sorted, the gravest firing one first.
fn payload(
    alerts: Vec<Alert>,
    firing: usize,
    notification: &Notification,
    circumstances: &Circumstances,
) -> Payload {
    let (all, resolved) = (alerts.len(), alerts.len().saturating_sub(firing));
    let truncated = notification.truncated_alerts;
    let default = Alert::default();
    let gravest = alerts.first().unwrap_or(&default);
    let mut payload = payload::without_details(gravest, notification, circumstances);
    // What all alerts share says more of the group than what one of them has.
    let shared = payload::without_details(&default, notification, circumstances);
    if shared.source != Payload::DEFAULT_SOURCE {
        payload.source = shared.source;
    }
    payload.component = shared.component;
    payload.group = shared.group.or(payload.group);
    payload.class = shared.class.or(payload.class);
    let mut counts = format!("{firing} of {all} alerts firing");
    if truncated > 0 {
        counts = format!("{counts}, {truncated} more not shown");
    }
    let mut summary = match payload::name(gravest, notification) {
        Some(name) => format!("{name}: {counts}"),
        None => format!("ARMS: {counts}"),
    };
    if let Some(message) = payload::message(gravest, notification) {
        summary = format!("{summary}: {message}");
    }
    payload.summary = payload::summary_line(&circumstances.mask.hide(summary));
    let started = alerts
        .iter()
        .take(firing)
        .filter_map(|alert| timestamp::read(alert.starts_at.as_deref()?, circumstances.now));
    payload.timestamp = started.min().or(payload.timestamp);
    let mut details = notification.fields.others.clone();
    let counts = [("firing", firing as u64), ("resolved", resolved as u64), ("truncated", truncated)];
    let counts: Map<String, Value> =
        counts.into_iter().map(|(name, count)| (name.to_owned(), Value::from(count))).collect();
    let texts = [
        ("status", &notification.status),
        ("receiver", &notification.receiver),
        ("policy", &notification.policy),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            details.insert(name.to_owned(), json!(text));
        }
    }
    let maps = [
        ("groupLabels", &notification.group_labels),
        ("labels", &notification.common_labels),
        ("annotations", &notification.common_annotations),
    ];
    for (name, map) in maps {
        if !map.is_empty() {
            details.insert(name.to_owned(), Value::Object(map.clone()));
        }
    }
    details.insert("counts".to_owned(), Value::Object(counts));
    details.insert("alerts".to_owned(), Value::Array(alerts.into_iter().map(detail).collect()));
    payload.custom_details = event::clean(details, circumstances.mask);
    payload
}

/// One alert of the list in the details.
fn detail(alert: Alert) -> Value {
    let texts = [
        ("status", alert.status),
        ("fingerprint", alert.fingerprint),
        ("startsAt", alert.starts_at),
        ("endsAt", alert.ends_at),
        ("generatorURL", alert.generator_url),
    ];
    let mut detail: Map<String, Value> =
        texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::String(text?)))).collect();
    for (name, map) in [("labels", alert.labels), ("annotations", alert.annotations)] {
        if !map.is_empty() {
            detail.insert(name.to_owned(), Value::Object(map));
        }
    }
    Value::Object(detail)
}
