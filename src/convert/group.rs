//! A whole notification as one event: with `EVENT_PER=group`, and in a storm.
//!
//! Whatever comes in whatever order, nothing may stay open when all is over: an alert that is open
//! swallows the next page for the same thing.

use super::actions::Actions;
use super::context::{Context, EVENTS_MAX, EventPer};
use super::converted::Converted;
use super::details;
use super::facts::{self, Facts};
use super::identity::{self, Identities};
use crate::error::Error;
use crate::event::{Action, Api, Event, Payload, Severity};
use crate::webhook::{Alert, Notification};
use serde_json::{Map, Value, json};

/// Whether the notification becomes one event: with `EVENT_PER=group` if it names its group, for an event
/// without a name could never be resolved, and in a storm.
pub(super) fn is_one_event(notification: &Notification, context: &Context) -> bool {
    let count = notification.alerts.len();
    let by_group = context.event_per == EventPer::Group && count > 0;
    count > EVENTS_MAX || by_group && identity::of_group(notification, count).is_some()
}

/// The events of such a notification: the group's own, and in a storm the resolves of its alerts.
pub(super) fn events(mut notification: Notification, context: &Context) -> Result<Converted, Error> {
    let alerts = std::mem::take(&mut notification.alerts);
    let dedup_key = identity::of_group(&notification, alerts.len());
    let is_over = is_over(&alerts, &notification, context);
    if is_over && dedup_key.is_none() && context.api != Api::Change {
        return nameless_recovery(&alerts, &notification, context);
    }
    let had_own_events = context.event_per == EventPer::Alert && context.api != Api::Change;
    let singles = if had_own_events { resolves(&alerts, &notification, context) } else { Vec::new() };
    let dedup_key = dedup_key.unwrap_or_else(|| identity::once(context.request_id, 0));
    let payload = payload(alerts, &notification, context);
    let action = if is_over { Action::Resolve } else { Action::Trigger };
    let mut events = vec![Event { action, dedup_key, payload }];
    events.extend(singles);
    Ok(Converted { events, group_resolve: None, left: 0 })
}

/// The resolve of the group's own key, which an earlier storm may have opened; `None` if something of the
/// group fires or nothing names it.
pub(super) fn resolve(notification: &Notification, alerts: &[Alert], context: &Context) -> Option<Event> {
    if context.api == Api::Change || !is_over(alerts, notification, context) {
        return None;
    }
    let dedup_key = identity::of_group(notification, alerts.len())?;
    let shared = Facts::of(&Alert::default(), notification, false, context);
    let name = shared.name.unwrap_or_else(|| Payload::DEFAULT_SOURCE.to_owned());
    let summary = format!("{name}: all alerts of the group are resolved");
    Some(Event { action: Action::Resolve, dedup_key, payload: Payload::new(summary, Severity::Info) })
}

/// Whether nothing of the group fires any more, as far as the notification shows all of it.
fn is_over(alerts: &[Alert], notification: &Notification, context: &Context) -> bool {
    let actions = Actions::of(notification, alerts, context);
    notification.truncated_alerts == 0 && !alerts.iter().any(|alert| actions.fires(alert))
}

/// The recovery of many alerts whose group has no name: the ones that started first are resolved.
fn nameless_recovery(
    alerts: &[Alert],
    notification: &Notification,
    context: &Context,
) -> Result<Converted, Error> {
    let events = resolves(alerts, notification, context);
    if events.is_empty() {
        return Err(Error::ResolveWithoutIdentity);
    }
    let left = alerts.len() - events.len();
    Ok(Converted { events, group_resolve: None, left })
}

/// The resolves of the alerts that are over and may have events of their own. Such alerts were in an
/// earlier notification of at most [`EVENTS_MAX`], so they are the first to have started.
fn resolves(alerts: &[Alert], notification: &Notification, context: &Context) -> Vec<Event> {
    let actions = Actions::of(notification, alerts, context);
    let identities = Identities::of(notification, alerts.len(), true);
    let mut over: Vec<&Alert> = alerts.iter().filter(|alert| !actions.fires(alert)).collect();
    over.sort_by_cached_key(|alert| facts::started_at(alert, context.now));
    let mut events = Vec::new();
    for alert in over {
        if events.len() == EVENTS_MAX {
            break;
        }
        if let Some(dedup_key) = identities.of_alert(alert) {
            let summary = "One of a group of alerts that is over".to_owned();
            let payload = Payload::new(summary, Severity::Info);
            events.push(Event { action: Action::Resolve, dedup_key, payload });
        }
    }
    events
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

/// The payload of the group's event.
fn payload(mut alerts: Vec<Alert>, notification: &Notification, context: &Context) -> Payload {
    let firing = gravest_first(&mut alerts, notification, context);
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
