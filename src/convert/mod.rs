//! A notification becomes events, in PagerDuty's terms: the one place that decides what an alert
//! means.

mod fill;
mod group;
mod identity;
mod payload;
mod severity;

use crate::config::EventPer;
use crate::error::Error;
use crate::event::{self, Action, Api, Event, Payload, Severity};
use crate::secret::Mask;
use crate::webhook::{Alert, Fields, Notification};
use std::collections::HashMap;
use std::time::SystemTime;

/// More alerts than this become one event: PagerDuty takes about 120 events a minute for one key
/// (PagerDuty, "Events API v2 overview": rate limits).
pub const EVENTS_MAX: usize = 100;

/// What an event depends on besides the notification.
pub struct Circumstances<'a> {
    /// The time of the request.
    pub now: SystemTime,
    /// The host's id for the request: the same when the platform sends it again.
    pub request_id: &'a str,
    /// Which of PagerDuty's APIs takes the events.
    pub api: Api,
    /// `DEFAULT_SEVERITY`.
    pub default_severity: Severity,
    /// `EVENT_PER`.
    pub event_per: EventPer,
    /// The secrets that must stand in no event.
    pub mask: &'a Mask,
}

/// The events of a notification: at least one, one a dedup key, in the notification's order.
///
/// # Errors
/// [`Error::ResolveWithoutIdentity`] if all it says is that something unnamed is over.
pub fn convert(mut notification: Notification, circumstances: &Circumstances) -> Result<Vec<Event>, Error> {
    let mut alerts = std::mem::take(&mut notification.alerts);
    let is_storm = alerts.len() > EVENTS_MAX;
    if is_storm || circumstances.event_per == EventPer::Group && !alerts.is_empty() {
        let had_own = circumstances.event_per == EventPer::Alert && circumstances.api != Api::Change;
        let singles = if had_own {
            group::resolves_of_oldest(&alerts, &notification, circumstances)
        } else {
            Vec::new()
        };
        let group = group::event(alerts, &notification, circumstances)?;
        let mut events = vec![fitted(group, &notification, circumstances.api)];
        events.extend(singles);
        return Ok(one_a_key(events));
    }
    // An event that was made in a storm of more than EVENTS_MAX alerts must not stay open.
    let ends_group =
        alerts.len() > 1 && circumstances.api != Api::Change && group::is_over(&alerts, &notification);
    if alerts.is_empty() {
        alerts.push(Alert::default());
    }
    let mut events = each(alerts, &mut notification, circumstances)?;
    if ends_group {
        events.extend(group::resolve(&notification, circumstances));
    }
    Ok(one_a_key(events))
}

/// The event as `api` shows and takes it.
fn fitted(mut event: Event, notification: &Notification, api: Api) -> Event {
    // Events API v2 has fields for it; PagerDuty's own events say what their senders wanted.
    let says_all = notification.own.as_ref().is_some_and(|own| api == Api::Change || own.is_v1);
    if api != Api::V2 && !says_all {
        event.payload.tell_in_details();
    }
    event.fit(api);
    event
}

/// The event of the console's test: it proves the way to PagerDuty and pages nobody.
#[must_use]
pub fn test_event() -> Event {
    Event {
        action: Action::Resolve,
        dedup_key: identity::TEST.to_owned(),
        payload: Payload::new(
            "Test of the ARMS webhook: the way to PagerDuty works".to_owned(),
            Severity::Info,
        ),
    }
}

/// One event an alert.
fn each(
    alerts: Vec<Alert>,
    notification: &mut Notification,
    circumstances: &Circumstances,
) -> Result<Vec<Event>, Error> {
    let is_only = alerts.len() == 1;
    // An alert without labels of its own has those that all share.
    let shared_key = identity::of_labels(&notification.common_labels);
    // By group only a notification that lists no alerts comes here. It too is about the whole group, if it
    // is of a format that has groups.
    let by_group = circumstances.event_per == EventPer::Group && notification.names_group();
    let group_key = by_group.then(|| group::dedup_key(notification, circumstances)).flatten();
    if !is_only {
        for shared in [
            &mut notification.common_labels,
            &mut notification.common_annotations,
            &mut notification.fields.others,
        ] {
            event::bound_shared(shared);
        }
    }
    let notification = &*notification;
    let mut events = Vec::with_capacity(alerts.len());
    let mut unnamed = 0;
    for mut alert in alerts {
        let action = action(&alert, notification);
        let own_key = || dedup_key(&alert, shared_key.as_deref(), notification, is_only, circumstances.mask);
        let dedup_key = match group_key.clone().or_else(own_key) {
            Some(key) => key,
            // Nobody could tell which alert is over; the others of the notification still count.
            None if action == Action::Resolve && circumstances.api != Api::Change => continue,
            None => {
                unnamed += 1;
                identity::once(circumstances.request_id, unnamed - 1)
            }
        };
        if alert.labels.is_empty() {
            alert.labels.clone_from(&notification.common_labels);
        }
        let payload = payload::of_alert(alert, notification, circumstances);
        events.push(fitted(Event { action, dedup_key, payload }, notification, circumstances.api));
    }
    if events.is_empty() { Err(Error::ResolveWithoutIdentity) } else { Ok(events) }
}

/// Of the events with one key the gravest trigger, else the acknowledge, else the resolve: what is
/// open must not be closed by its twin.
fn one_a_key(events: Vec<Event>) -> Vec<Event> {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(events.len());
    let mut kept: Vec<Event> = Vec::with_capacity(events.len());
    for event in events {
        if let Some(twin) = places.get(&event.dedup_key).and_then(|place| kept.get_mut(*place)) {
            if event.urgency() < twin.urgency() {
                *twin = event;
            }
        } else {
            places.insert(event.dedup_key.clone(), kept.len());
            kept.push(event);
        }
    }
    kept
}

fn action(alert: &Alert, notification: &Notification) -> Action {
    let is_resolved = |status: &str| {
        let words = ["resolved", "resolve", "ok", "recovered", "恢复", "已恢复"];
        words.iter().any(|word| status.trim().eq_ignore_ascii_case(word))
    };
    let given = notification.fields.get("status");
    let statuses = [alert.status.as_deref(), notification.status.as_deref(), given];
    if statuses.into_iter().flatten().any(is_resolved) {
        Action::Resolve
    } else if given.is_some_and(|status| status.eq_ignore_ascii_case("acknowledge")) {
        Action::Acknowledge
    } else {
        Action::Trigger
    }
}

/// The alert's key; `shared_key` is the one of an alert without labels of its own.
fn dedup_key(
    alert: &Alert,
    shared_key: Option<&str>,
    notification: &Notification,
    is_only: bool,
    mask: &Mask,
) -> Option<String> {
    let fields: &Fields = &notification.fields;
    let named = |key: &str| identity::limit(mask.hide(key.to_owned()));
    // One given key for many alerts would merge them into one.
    let given = fields.get("dedup_key").filter(|_| is_only);
    let of_labels = || {
        let own = Some(&alert.labels).filter(|labels| !labels.is_empty());
        own.map_or_else(|| shared_key.map(str::to_owned), identity::of_labels)
    };
    alert
        .fingerprint
        .as_deref()
        .or(given)
        .map(named)
        .or_else(of_labels)
        .or_else(|| identity::of_fields(fields).filter(|_| is_only))
        .or_else(|| notification.alarm_id.as_deref().filter(|_| is_only).map(named))
}
