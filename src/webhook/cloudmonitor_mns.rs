//! CloudMonitor 1.0's threshold alerts as they come through Message Service (MNS).

use super::cloudmonitor::instance;
use super::members::{self, Object, text};
use super::notification::Alert;
use super::origin::Origin;

/// The level that means that the alert is over.
const OK: &str = "OK";

/// Whether the object is such an alert.
pub(super) fn recognises(object: &Object) -> bool {
    members::has(object, "curLevel") && members::has_any(object, &["ruleId", "ruleName"])
}

/// Reads the alert. `curLevel` decides, not `eventName`.
pub(super) fn read(object: Object) -> Alert {
    let level = text(&object, "curLevel").unwrap_or_default();
    let is_over = level.eq_ignore_ascii_case(OK);
    let name = members::first_text(&object, &["ruleName", "ruleId"]);
    let instance = object.get("resources").and_then(instance);
    let fields = members::fields([
        ("summary", name.clone()),
        ("message", measurement(&object)),
        ("severity", Some(level)),
        ("source", instance.or_else(|| text(&object, "productGroupName"))),
        ("class", name),
        ("timestamp", text(&object, "time")),
    ]);
    let status = if is_over { "resolved" } else { "firing" };
    Alert {
        origin: Some(Origin::CloudMonitor),
        status: Some(status.to_owned()),
        identity: Some(identity(&object)),
        fields,
        unread: members::without_empty(object),
        ..Alert::default()
    }
}

/// Without a rule's identifier its name keeps two rules for one resource apart.
fn identity(object: &Object) -> Vec<(String, String)> {
    let rule = if members::has(object, "ruleId") { "ruleId" } else { "ruleName" };
    members::identity(object, &[rule, "resources"])
}

/// What was measured: `memory_usedutilization Average 91.2, GreaterThanThreshold 90`.
fn measurement(object: &Object) -> Option<String> {
    let escalation = members::object(object, "escalation").unwrap_or_default();
    let data = members::object(object, "metricData").unwrap_or_default();
    let statistics = text(&escalation, "statistics");
    let mut measured = Vec::new();
    measured.extend(text(object, "metricName"));
    if let Some(name) = &statistics {
        measured.push(name.clone());
        measured.extend(text(&data, name));
    }
    let mut limit = Vec::new();
    limit.extend(text(&escalation, "comparisonOperator"));
    limit.extend(text(&escalation, "threshold"));
    let parts = [measured.join(" "), limit.join(" ")];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
