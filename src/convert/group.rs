//! A whole notification as one event: with `EVENT_PER=group`, and in a storm.

use super::actions::Actions;
use super::context::{Context, EVENTS_MAX, EventPer};
use super::details;
use super::facts::{self, Facts};
use super::identity::{self, Identities};
use crate::error::Error;
use crate::event::{Action, Api, Event, Payload, Severity};
use crate::webhook::{Alert, Notification};
use serde_json::{Map, Value, json};

/// The events of a notification that is treated as a group: the group's own, and in a storm the
/// resolves of its alerts.
pub(super) fn events(mut notification: Notification, context: &Context) -> Result<Vec<Event>, Error> {
    let alerts = std::mem::take(&mut notification.alerts);
    let had_own_events = context.event_per == EventPer::Alert && context.api != Api::Change;
    let singles =
        if had_own_events { resolves_of_oldest(&alerts, &notification, context) } else { Vec::new() };
    let mut events = vec![event(alerts, &notification, context)?];
    events.extend(singles);
    Ok(events)
}

/// Whether nothing of the group fires any more, as far as the notification shows all of it.
pub(super) fn is_over(alerts: &[Alert], notification: &Notification, context: &Context) -> bool {
    let actions = Actions::of(notification, alerts, context);
    notification.truncated_alerts == 0 && !alerts.iter().any(|alert| actions.fires(alert))
}

/// The resolve of the group's own key; `None` if nothing names the group.
pub(super) fn resolve(notification: &Notification, context: &Context) -> Option<Event> {
    let dedup_key = identity::of_group(notification)?;
    let shared = Facts::of(&Alert::default(), notification, false, context);
    let name = shared.name.unwrap_or_else(|| Payload::DEFAULT_SOURCE.to_owned());
    let summary = format!("{name}: all alerts of the group are resolved");
    Some(Event { action: Action::Resolve, dedup_key, payload: Payload::new(summary, Severity::Info) })
}

/// The one event of all alerts.
fn event(mut alerts: Vec<Alert>, notification: &Notification, context: &Context) -> Result<Event, Error> {
    let is_over = is_over(&alerts, notification, context);
    let dedup_key = match identity::of_group(notification) {
        Some(key) => key,
        None if is_over && context.api != Api::Change => return Err(Error::ResolveWithoutIdentity),
        None => identity::once(context.request_id, 0),
    };
    let firing = gravest_first(&mut alerts, notification, context);
    let payload = payload(alerts, firing, notification, context);
    let action = if is_over { Action::Resolve } else { Action::Trigger };
    Ok(Event { action, dedup_key, payload })
}

/// The resolves of the alerts that may have events of their own. A storm mostly begins small, and its
/// first alerts were sent one by one before they became too many. When all of it is over they are
/// resolved too, the oldest first, as many as PagerDuty's rate limit allows beside the group's own.
fn resolves_of_oldest(alerts: &[Alert], notification: &Notification, context: &Context) -> Vec<Event> {
    if !is_over(alerts, notification, context) {
        return Vec::new();
    }
    let mut oldest: Vec<&Alert> = alerts.iter().collect();
    oldest.sort_by_cached_key(|alert| facts::started_at(alert, context.now));
    let identities = Identities::of(notification, alerts.len());
    let dedup_keys = oldest.into_iter().filter_map(|alert| identities.of_alert(alert));
    let resolve = |dedup_key| {
        let summary = "One of a group of alerts that is over".to_owned();
        Event { action: Action::Resolve, dedup_key, payload: Payload::new(summary, Severity::Info) }
    };
    dedup_keys.take(EVENTS_MAX - 1).map(resolve).collect()
}

/// Sorts the gravest firing alerts first, for they are what the details keep if there are too many. Returns
/// how many fire.
fn gravest_first(alerts: &mut Vec<Alert>, notification: &Notification, context: &Context) -> usize {
    let actions = Actions::of(notification, alerts, context);
    let mut rated: Vec<((bool, Severity), Alert)> = Vec::with_capacity(alerts.len());
    let mut firing = 0;
    for alert in std::mem::take(alerts) {
        let fires = actions.fires(&alert);
        firing += usize::from(fires);
        rated.push(((!fires, facts::severity(&alert, notification, false, context)), alert));
    }
    rated.sort_by_key(|(rank, _)| *rank);
    alerts.extend(rated.into_iter().map(|(_, alert)| alert));
    firing
}

/// The payload of the group's event. `alerts` are sorted, the gravest firing one first.
fn payload(alerts: Vec<Alert>, firing: usize, notification: &Notification, context: &Context) -> Payload {
    let default = Alert::default();
    let gravest = Facts::of(alerts.first().unwrap_or(&default), notification, false, context);
    let shared = Facts::of(&default, notification, false, context);
    let started = alerts.iter().take(firing).filter_map(|alert| facts::started_at(alert, context.now));
    let first_started = started.min();
    let mut payload = Payload::new(summary(&gravest, firing, &alerts, notification), gravest.severity);
    // What all alerts share says more about the group than what one of them has.
    payload.source = shared.source.or(gravest.source).unwrap_or_else(|| gravest.origin.source().to_owned());
    payload.client = Some(gravest.origin.client().to_owned());
    payload.component = shared.component;
    payload.group = shared.group.or(gravest.group);
    payload.class = shared.class.or(gravest.class);
    payload.timestamp = first_started.or(gravest.started_at);
    payload.client_url = gravest.client_url;
    payload.links = gravest.links;
    payload.images = gravest.images;
    payload.custom_details = group_details(alerts, firing, notification);
    payload
}

fn summary(gravest: &Facts, firing: usize, alerts: &[Alert], notification: &Notification) -> String {
    let name = gravest.name.as_deref().unwrap_or(Payload::DEFAULT_SOURCE);
    let mut summary = format!("{name}: {firing} of {} alerts firing", alerts.len());
    if notification.truncated_alerts > 0 {
        summary = format!("{summary}, {} more not shown", notification.truncated_alerts);
    }
    match &gravest.message {
        Some(message) => format!("{summary}: {message}"),
        None => summary,
    }
}

fn group_details(alerts: Vec<Alert>, firing: usize, notification: &Notification) -> Map<String, Value> {
    let mut details = notification.unread.clone();
    details.extend(notification.fields.others.clone());
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
    let resolved = alerts.len().saturating_sub(firing);
    let truncated = notification.truncated_alerts;
    let counts = json!({"firing": firing, "resolved": resolved, "truncated": truncated});
    details.insert("counts".to_owned(), counts);
    let listed = alerts.into_iter().map(details::of_listed).collect();
    details.insert("alerts".to_owned(), Value::Array(listed));
    details
}
