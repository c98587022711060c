//! Log Service (SLS): the default body of its alerts. Its text template is read like ARMS's preset.

use super::members::{self, Object, text};
use super::notification::Alert;
use super::origin::Origin;

/// Whether the object is such an alert.
pub(super) fn recognises(object: &Object) -> bool {
    members::has_any(object, &["alert_name", "alert_id"])
        && members::has_any(object, &["alert_instance_id", "fire_time", "project"])
}

/// Reads the alert.
pub(super) fn read(object: Object) -> Alert {
    let annotations = members::object(&object, "annotations").unwrap_or_default();
    let name = members::first_text(&object, &["alert_name", "alert_id"]);
    let severity = text(&object, "severity");
    let fields = members::fields([
        ("summary", name.clone()),
        ("message", members::first_text(&annotations, &["title", "desc"])),
        ("severity", severity.map(|severity| severity_word(&severity).to_owned())),
        ("source", text(&object, "project")),
        ("group", text(&object, "region")),
        ("class", name),
        ("timestamp", members::first_text(&object, &["fire_time", "alert_time"])),
    ]);
    let pages = [("alert_url", "Alert"), ("query_url", "Query"), ("dashboard_url", "Dashboard")];
    Alert {
        origin: Some(Origin::LogService),
        status: text(&object, "status"),
        fingerprint: text(&object, "fingerprint"),
        identity: Some(identity(&object)),
        page: text(&object, "alert_url"),
        links: members::pages(&object, pages),
        fields,
        unread: members::without_empty(object),
        ..Alert::default()
    }
}

/// The rule, its project and the labels. `alert_instance_id` changes with every evaluation.
fn identity(object: &Object) -> Vec<(String, String)> {
    let rule = if members::has(object, "alert_id") { "alert_id" } else { "alert_name" };
    let mut identity = members::identity(object, &[rule, "project"]);
    identity.extend(members::label_lines(object, "labels"));
    identity
}

/// The word for one of the five levels, which come as numbers.
fn severity_word(severity: &str) -> &str {
    match severity {
        "10" => "critical",
        "8" => "high",
        "6" => "medium",
        "4" | "2" => "low",
        word => word,
    }
}
