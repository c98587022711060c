//! One event for each alert of a notification.

use super::actions::Actions;
use super::context::{Context, EventPer};
use super::converted::Converted;
use super::details::{self, Shown};
use super::facts::Facts;
use super::group;
use super::identity::{self, Identities};
use crate::error::Error;
use crate::event::{self, Action, Api, Event, Payload};
use crate::webhook::{Alert, Notification};

/// What becomes of an alert, decided before its parts are moved into its event.
struct Decision {
    action: Action,
    /// `None` if nothing names the alert.
    dedup_key: Option<String>,
}

/// The events of a notification that is not treated as a group.
pub(super) fn events(mut notification: Notification, context: &Context) -> Result<Converted, Error> {
    let mut alerts = std::mem::take(&mut notification.alerts);
    if alerts.is_empty() {
        alerts.push(Alert::default());
        return of_alerts(notification, alerts, true, context);
    }
    of_alerts(notification, alerts, false, context)
}

/// `lists_none` is whether the notification is about the group itself and lists no alerts.
fn of_alerts(
    mut notification: Notification,
    alerts: Vec<Alert>,
    lists_none: bool,
    context: &Context,
) -> Result<Converted, Error> {
    let is_only = alerts.len() == 1;
    let group_resolve = group::resolve(&notification, &alerts, context);
    let decisions = decide(&notification, &alerts, lists_none, context);
    if !is_only {
        bound_shared(&mut notification);
    }
    let mut events = Vec::with_capacity(alerts.len());
    let mut unnamed = 0;
    for (alert, Decision { action, dedup_key }) in alerts.into_iter().zip(decisions) {
        let dedup_key = match dedup_key {
            Some(key) => key,
            // Nothing says which alert is over; the others of the notification still count.
            None if action == Action::Resolve && context.api != Api::Change => continue,
            None => {
                unnamed += 1;
                identity::once(context.request_id, unnamed - 1)
            }
        };
        let payload = payload(alert, action, &dedup_key, &notification, is_only, context);
        events.push(Event { action, dedup_key, payload });
    }
    if events.is_empty() {
        return Err(Error::ResolveWithoutIdentity);
    }
    Ok(Converted { events, group_resolve, left: 0 })
}

fn decide(
    notification: &Notification,
    alerts: &[Alert],
    lists_none: bool,
    context: &Context,
) -> Vec<Decision> {
    // By group, a notification that lists no alerts is about the group as well.
    let by_group = lists_none && context.event_per == EventPer::Group;
    let group_key = if by_group { identity::of_group(notification, 0) } else { None };
    let actions = Actions::of(notification, alerts, context);
    let identities = Identities::of(notification, alerts.len(), !lists_none);
    let decide = |alert| Decision {
        action: actions.of_alert(alert),
        dedup_key: group_key.clone().or_else(|| identities.of_alert(alert)),
    };
    alerts.iter().map(decide).collect()
}

fn payload(
    mut alert: Alert,
    action: Action,
    dedup_key: &str,
    notification: &Notification,
    is_only: bool,
    context: &Context,
) -> Payload {
    let is_over = action == Action::Resolve;
    if alert.labels.is_empty() {
        alert.labels.clone_from(&notification.common_labels);
    }
    let mut payload = Facts::of(&alert, notification, is_only, context).into_payload();
    let shown = Shown { payload: &payload, dedup_key, is_over };
    let details = details::of_alert(alert, notification, is_only, &shown, context);
    payload.custom_details = details;
    payload
}

/// Bounds what each of several events would repeat.
fn bound_shared(notification: &mut Notification) {
    event::bound_shared(&mut notification.common_labels);
    event::bound_shared(&mut notification.group_labels);
    event::bound_shared(&mut notification.common_annotations);
    event::bound_shared(&mut notification.fields.others);
    event::bound_shared(&mut notification.unread);
    let texts = [
        &mut notification.status,
        &mut notification.receiver,
        &mut notification.policy,
        &mut notification.external_url,
        &mut notification.group_key,
        &mut notification.alarm_id,
    ];
    for text in texts.into_iter().flatten().chain(notification.fields.texts_mut()) {
        event::bound_text(text);
    }
}
