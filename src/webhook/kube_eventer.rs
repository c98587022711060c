//! kube-eventer: Kubernetes events. They never resolve.

use super::members::{self, Object, text};
use super::notification::Alert;
use super::origin::Origin;

/// What identifies an event. Without a namespace or a name it is one of a kind.
const IDENTITY: [&str; 4] = ["EventKind", "EventReason", "EventNamespace", "EventName"];
const PLACE: [&str; 2] = ["EventNamespace", "EventName"];

/// Whether the object is such an event.
pub(super) fn recognises(object: &Object) -> bool {
    members::has(object, "EventReason") && members::has(object, "EventMessage")
}

/// Reads the event.
pub(super) fn read(object: Object) -> Alert {
    let names: &[&str] = if members::has_any(&object, &PLACE) { &IDENTITY } else { &[] };
    let identity = members::identity(&object, names);
    let severity = match text(&object, "EventType").as_deref() {
        Some("Normal") => Some("info".to_owned()),
        other => other.map(str::to_owned),
    };
    let reason = text(&object, "EventReason");
    let fields = members::fields([
        ("message", text(&object, "EventMessage")),
        ("severity", severity),
        ("source", text(&object, "EventName")),
        ("component", text(&object, "EventKind")),
        ("group", text(&object, "EventNamespace")),
        ("class", reason.clone()),
        ("timestamp", text(&object, "EventTime")),
        ("summary", reason),
    ]);
    Alert {
        origin: Some(Origin::KubeEventer),
        status: Some("firing".to_owned()),
        identity: Some(identity),
        fields,
        unread: members::without_empty(object),
        ..Alert::default()
    }
}
