//! EventBridge's events (CloudEvents 1.0).

use super::members::{self, Object, last_part, text};
use super::notification::Alert;
use super::origin::Origin;
use super::stages;

/// Whether the object is such an event.
pub(super) fn recognises(object: &Object) -> bool {
    ["specversion", "type", "source"].iter().all(|name| members::has(object, name))
}

/// Reads the event.
pub(super) fn read(object: Object) -> Alert {
    let data = members::object(&object, "data").unwrap_or_default();
    let event_type = text(&object, "type").unwrap_or_default();
    let stage = stages::of(&event_type, text(&data, "status").as_deref());
    let subject = text(&object, "subject");
    let mut identity = members::identity(&object, &["subject"]);
    identity.push(("type".to_owned(), stage.stem.to_owned()));
    identity.extend(members::identity(&data, &["eventId"]));
    let affected = subject.as_deref().map(|subject| last_part(subject).to_owned());
    let fields = members::fields([
        ("summary", Some(event_type.clone())),
        ("message", affected.clone()),
        ("severity", text(&data, "level")),
        ("source", affected),
        ("class", Some(event_type.clone())),
        ("timestamp", text(&object, "time")),
    ]);
    let status = if stage.is_over { "resolved" } else { "firing" };
    Alert {
        origin: Some(Origin::EventBridge),
        status: Some(status.to_owned()),
        identity: Some(identity),
        fields,
        unread: members::without_empty(object),
        ..Alert::default()
    }
}
