//! CloudMonitor 1.0's system events.

use super::members::{self, Object, last_part, text};
use super::notification::Alert;
use super::origin::Origin;
use super::stages;

/// Whether the object is such an event.
pub(super) fn recognises(object: &Object) -> bool {
    let names_event =
        || members::object(object, "content").is_some_and(|content| content.contains_key("eventId"));
    members::has(object, "product")
        && members::has(object, "name")
        && (members::has(object, "resourceId") || names_event())
}

/// Reads the event.
pub(super) fn read(object: Object) -> Alert {
    let name = text(&object, "name").unwrap_or_default();
    let status = text(&object, "status");
    let stage = stages::of(&name, status.as_deref());
    let resource = text(&object, "resourceId");
    let event_id = members::object(&object, "content").and_then(|content| text(&content, "eventId"));
    let mut identity = members::identity(&object, &["resourceId"]);
    identity.push(("name".to_owned(), stage.stem.to_owned()));
    identity.extend(event_id.map(|id| ("eventId".to_owned(), id)));
    let resource_name = resource.as_deref().map(|resource| last_part(resource).to_owned());
    let affected = text(&object, "instanceName").or(resource_name);
    let product = text(&object, "product").unwrap_or_default();
    let fields = members::fields([
        ("summary", Some(format!("{product} {name}"))),
        ("message", affected.clone()),
        ("severity", text(&object, "level")),
        ("source", affected),
        ("class", Some(name.clone())),
        ("timestamp", members::first_text(&object, &["eventTime", "time"])),
    ]);
    let status = if stage.is_over { "resolved" } else { "firing" };
    Alert {
        origin: Some(Origin::CloudMonitor),
        status: Some(status.to_owned()),
        identity: Some(identity),
        fields,
        unread: members::unfolded(object),
        ..Alert::default()
    }
}
