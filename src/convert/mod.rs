//! What an alert means to PagerDuty: a notification becomes events.

mod actions;
mod context;
mod converted;
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
pub use converted::Converted;

use crate::error::Error;
use crate::event::{Action, Api, Event, Payload, Severity};
use crate::webhook::{Notification, PagerDutyEvent};
use std::collections::HashMap;

/// The events of a notification.
///
/// # Errors
/// [`Error::ResolveWithoutIdentity`] if all it says is that something unnamed is over.
pub fn convert(notification: Notification, context: &Context) -> Result<Converted, Error> {
    let mut converted = if group::is_one_event(&notification, context) {
        group::events(notification, context)?
    } else {
        single::events(notification, context)?
    };
    if context.api != Api::V2 {
        for event in &mut converted.events {
            event.payload.show_in_details();
        }
    }
    converted.events = one_for_each_key(converted.events);
    if let Some(resolve) = &converted.group_resolve
        && converted.events.iter().any(|event| event.dedup_key == resolve.dedup_key)
    {
        converted.group_resolve = None;
    }
    Ok(converted)
}

/// The event of one of PagerDuty's own.
///
/// # Errors
/// [`Error::OwnEventWithoutKey`] if it acknowledges or resolves something unnamed.
pub fn convert_own(event: PagerDutyEvent, context: &Context) -> Result<Converted, Error> {
    pagerduty_event::event(event, context).map(Converted::of)
}

/// The event of the console's test, which checks that PagerDuty is reachable and pages nobody.
#[must_use]
pub fn test_event() -> Converted {
    let summary = "Test of the ARMS webhook: the way to PagerDuty works".to_owned();
    let payload = Payload::new(summary, Severity::Info);
    Converted::of(Event { action: Action::Resolve, dedup_key: identity::TEST.to_owned(), payload })
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
