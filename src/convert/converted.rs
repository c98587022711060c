//! What a notification becomes.

use crate::event::Event;

/// The events of a notification.
#[derive(Debug)]
pub struct Converted {
    /// In the notification's order, one for each dedup key; at least one.
    pub events: Vec<Event>,
    /// The resolve of the group's own key, if nothing of the group fires. It ends the event of an earlier
    /// storm and does not count in the answer.
    pub group_resolve: Option<Event>,
    /// How many alerts are over and could not be resolved.
    pub left: usize,
}

impl Converted {
    /// One event and nothing else.
    pub(super) fn of(event: Event) -> Self {
        Self { events: vec![event], group_resolve: None, left: 0 }
    }
}
