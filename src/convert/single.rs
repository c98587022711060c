//! One event for each alert of a notification.

use super::actions::Actions;
use super::context::{Context, EventPer};
use super::facts::Facts;
use super::identity::{self, Identities};
use super::{details, group};
use crate::error::Error;
use crate::event::{self, Action, Api, Event, Payload};
use crate::webhook::{Alert, Notification};

/// The events of a notification that is not treated as a group.
pub(super) fn events(mut notification: Notification, context: &Context) -> Result<Vec<Event>, Error> {
    let mut alerts = std::mem::take(&mut notification.alerts);
    // The event of an earlier storm of this group must not stay open.
    let is_over = group::is_over(&alerts, &notification, context);
    let ends_group = alerts.len() > 1 && context.api != Api::Change && is_over;
    let group_resolve = if ends_group { group::resolve(&notification, context) } else { None };
    // By group, only a notification that lists no alerts comes here. It is about the group as well.
    let by_group = context.event_per == EventPer::Group && notification.names_group();
    let group_key = if by_group { identity::of_group(&notification) } else { None };
    if alerts.is_empty() {
        alerts.push(Alert::default());
    }
    let dedup_keys: Vec<Option<String>> = {
        let identities = Identities::of(&notification, alerts.len());
        alerts.iter().map(|alert| group_key.clone().or_else(|| identities.of_alert(alert))).collect()
    };
    let is_only = alerts.len() == 1;
    if !is_only {
        bound_shared(&mut notification);
    }
    let actions: Vec<Action> = {
        let actions = Actions::of(&notification, &alerts, context);
        alerts.iter().map(|alert| actions.of_alert(alert)).collect()
    };
    let mut events = Vec::with_capacity(alerts.len());
    let mut unnamed = 0;
    for ((alert, dedup_key), action) in alerts.into_iter().zip(dedup_keys).zip(actions) {
        let dedup_key = match dedup_key {
            Some(key) => key,
            // Nothing says which alert is over; the others of the notification still count.
            None if action == Action::Resolve && context.api != Api::Change => continue,
            None => {
                unnamed += 1;
                identity::once(context.request_id, unnamed - 1)
            }
        };
        let payload = payload(alert, action, &notification, is_only, context);
        events.push(Event { action, dedup_key, payload });
    }
    if events.is_empty() {
        return Err(Error::ResolveWithoutIdentity);
    }
    events.extend(group_resolve);
    Ok(events)
}

fn payload(
    mut alert: Alert,
    action: Action,
    notification: &Notification,
    is_only: bool,
    context: &Context,
) -> Payload {
    let is_over = action == Action::Resolve;
    if alert.labels.is_empty() {
        alert.labels.clone_from(&notification.common_labels);
    }
    let mut payload = Facts::of(&alert, notification, is_only, context).into_payload();
    payload.custom_details =
        details::of_alert(alert, notification, is_only, &payload.summary, is_over, context);
    payload
}

/// Bounds what each of several events would repeat.
fn bound_shared(notification: &mut Notification) {
    event::bound_shared(&mut notification.common_labels);
    event::bound_shared(&mut notification.common_annotations);
    event::bound_shared(&mut notification.fields.others);
    event::bound_shared(&mut notification.unread);
}
