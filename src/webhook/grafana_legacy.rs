//! Grafana's webhook before version 9. Newer ones send Alertmanager's format.

use super::members::{self, Object, text};
use super::notification::Alert;
use super::origin::Origin;

/// What identifies an alert.
const IDENTITY: [&str; 4] = ["ruleId", "dashboardId", "panelId", "orgId"];

/// Whether the object is such an alert.
pub(super) fn recognises(object: &Object) -> bool {
    object.contains_key("evalMatches") || members::has(object, "ruleName") && members::has(object, "state")
}

/// Reads the alert.
pub(super) fn read(object: Object) -> Alert {
    let identity = members::identity(&object, &IDENTITY);
    let name = members::first_text(&object, &["ruleName", "title"]);
    let tags = members::object(&object, "tags").unwrap_or_default();
    let fields = members::fields([
        ("summary", name.clone()),
        ("message", text(&object, "message")),
        ("severity", text(&tags, "severity")),
        ("class", name),
    ]);
    let pages = [("ruleUrl", "Alert rule")];
    Alert {
        origin: Some(Origin::Grafana),
        status: text(&object, "state"),
        identity: Some(identity),
        page: text(&object, "ruleUrl"),
        links: members::pages(&object, pages),
        images: text(&object, "imageUrl").into_iter().collect(),
        fields,
        unread: members::without_empty(object),
        ..Alert::default()
    }
}
