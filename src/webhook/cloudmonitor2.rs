//! CloudMonitor 2.0, as JSON, or as a form whose objects are JSON text.

use super::members::{self, Object, text};
use super::notification::Alert;
use super::origin::Origin;

/// A CloudMonitor 2.0 alert has one of these names beside its rule's.
const NAMES: [&str; 4] = ["alertEntityId", "alertMessage", "subtype", "resource"];

/// Whether the object is such an alert.
pub(super) fn recognises(object: &Object) -> bool {
    members::has(object, "ruleId") && members::has_any(object, &NAMES)
}

/// Reads the alert.
pub(super) fn read(object: Object) -> Alert {
    let resource = members::object(&object, "resource").unwrap_or_default();
    let entity = members::object(&resource, "entity").unwrap_or_default();
    let properties = members::object(&entity, "prop").unwrap_or_default();
    let entity_id = text(&entity, "entity_id");
    let alert_entity_id = text(&object, "alertEntityId");
    let (subject, message) = (text(&object, "subject"), text(&object, "alertMessage"));
    let source = text(&properties, "instanceName").or_else(|| entity_id.clone());
    let fields = members::fields([
        ("summary", subject.clone()),
        ("message", message.filter(|message| subject.as_ref() != Some(message))),
        ("severity", text(&object, "severity")),
        ("source", source.or_else(|| alert_entity_id.clone())),
        ("component", text(&entity, "entity_type")),
        ("group", text(&entity, "domain").or_else(|| text(&object, "workspace"))),
        ("class", subject),
        ("timestamp", members::first_text(&object, &["time", "timestamp"])),
    ]);
    let pages = [
        ("alertHistoryUrl", "Alert history"),
        ("alertRuleUrl", "Alert rule"),
        ("ruleUrl", "Rule"),
        ("entityUrl", "Entity"),
    ];
    Alert {
        origin: Some(Origin::CloudMonitor),
        status: Some(status(&object)),
        identity: Some(identity(&object, alert_entity_id.or(entity_id))),
        page: text(&object, "alertHistoryUrl"),
        links: members::pages(&object, pages),
        fields,
        unread: members::unfolded(object),
        ..Alert::default()
    }
}

/// The status, or what the subtype says without one.
fn status(object: &Object) -> String {
    let subtype_resolves =
        text(object, "subtype").is_some_and(|subtype| subtype.eq_ignore_ascii_case("NORMAL_RESOLVE"));
    let by_subtype = if subtype_resolves { "resolved" } else { "firing" };
    text(object, "status").unwrap_or_else(|| by_subtype.to_owned())
}

/// The rule and the entity. Labels count only if no entity is named, for a recovery may come without
/// them.
fn identity(object: &Object, entity: Option<String>) -> Vec<(String, String)> {
    let mut identity = members::identity(object, &["ruleId"]);
    match entity {
        Some(entity) => identity.push(("entity".to_owned(), entity)),
        None => identity.extend(members::label_lines(object, "labels")),
    }
    identity
}
