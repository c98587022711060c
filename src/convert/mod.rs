//! What an alert means to PagerDuty: a notification becomes events.

mod actions;
mod context;
mod details;
mod facts;
mod group;
mod identity;
mod pagerduty_event;
mod pages;
mod placeholders;
mod said;
mod single;
mod words;

pub use context::{Context, EVENTS_MAX, EventPer};

use crate::error::Error;
use crate::event::{Action, Api, Event, Payload, Severity};
use crate::webhook::{Notification, PagerDutyEvent};
use std::collections::HashMap;

/// The events of a notification, in its order: at least one, and one for each dedup key.
///
/// # Errors
/// [`Error::ResolveWithoutIdentity`] if all it says is that something unnamed is over.
pub fn convert(notification: Notification, context: &Context) -> Result<Vec<Event>, Error> {
    let count = notification.alerts.len();
    let is_storm = count > EVENTS_MAX;
    let by_group = context.event_per == EventPer::Group && count > 0;
    let mut events = if is_storm || by_group {
        group::events(notification, context)?
    } else {
        single::events(notification, context)?
    };
    if context.api != Api::V2 {
        for event in &mut events {
            event.payload.show_in_details();
        }
    }
    Ok(one_for_each_key(events))
}

/// The event of one of PagerDuty's own.
///
/// # Errors
/// [`Error::ResolveWithoutIdentity`] if it resolves something unnamed.
pub fn convert_own(event: PagerDutyEvent, context: &Context) -> Result<Vec<Event>, Error> {
    pagerduty_event::event(event, context).map(|event| vec![event])
}

/// The event of the console's test, which checks that PagerDuty is reachable and pages nobody.
#[must_use]
pub fn test_event() -> Event {
    let summary = "Test of the ARMS webhook: the way to PagerDuty works".to_owned();
    Event {
        action: Action::Resolve,
        dedup_key: identity::TEST.to_owned(),
        payload: Payload::new(summary, Severity::Info),
    }
}

/// Keeps one event for each dedup key: the gravest trigger, else the acknowledge, else the resolve. An
/// alert that is open must not be closed by another event with its key.
fn one_for_each_key(events: Vec<Event>) -> Vec<Event> {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(events.len());
    let mut kept: Vec<Event> = Vec::with_capacity(events.len());
    for event in events {
        let twin = places.get(&event.dedup_key).and_then(|place| kept.get_mut(*place));
        match twin {
            Some(twin) if event.urgency() < twin.urgency() => *twin = event,
            Some(_) => {}
            None => {
                places.insert(event.dedup_key.clone(), kept.len());
                kept.push(event);
            }
        }
    }
    kept
}
