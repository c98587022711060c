//! One event for each alert of a notification.

use super::context::{Context, EventPer};
use super::facts::{self, Facts};
use super::identity::{self, Identities};
use super::{details, group};
use crate::error::Error;
use crate::event::{self, Action, Api, Event};
use crate::webhook::{Alert, Notification};

/// The events of a notification that is not treated as a group.
pub(super) fn events(mut notification: Notification, context: &Context) -> Result<Vec<Event>, Error> {
    let mut alerts = std::mem::take(&mut notification.alerts);
    // The event of an earlier storm of this group must not stay open.
    let ends_group = alerts.len() > 1 && context.api != Api::Change && group::is_over(&alerts, &notification);
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
    if alerts.len() > 1 {
        bound_shared(&mut notification);
    }
    let mut events = Vec::with_capacity(alerts.len());
    let mut unnamed = 0;
    for (alert, dedup_key) in alerts.into_iter().zip(dedup_keys) {
        let action = facts::action(&alert, &notification);
        let dedup_key = match dedup_key {
            Some(key) => key,
            // Nothing says which alert is over; the others of the notification still count.
            None if action == Action::Resolve && context.api != Api::Change => continue,
            None => {
                unnamed += 1;
                identity::once(context.request_id, unnamed - 1)
            }
        };
        events.push(event(alert, action, dedup_key, &notification, context));
    }
    if events.is_empty() {
        return Err(Error::ResolveWithoutIdentity);
    }
    events.extend(group_resolve);
    Ok(events)
}

fn event(
    mut alert: Alert,
    action: Action,
    dedup_key: String,
    notification: &Notification,
    context: &Context,
) -> Event {
    if alert.labels.is_empty() {
        alert.labels.clone_from(&notification.common_labels);
    }
    let mut payload = Facts::of(&alert, notification, context).into_payload();
    payload.custom_details = details::of_alert(alert, notification, &payload.summary, context.now);
    Event { action, dedup_key, payload }
}

/// Bounds what each of several events would repeat.
fn bound_shared(notification: &mut Notification) {
    event::bound_shared(&mut notification.common_labels);
    event::bound_shared(&mut notification.common_annotations);
    event::bound_shared(&mut notification.fields.others);
}
