//! CloudMonitor 1.0's threshold alerts: the form callback, the same names as JSON, and an older JSON
//! (Alibaba Cloud, "CloudMonitor: alert callback").
//!
//! Its names are aliases of a form's fields; this file has what is particular to it.

use super::fields::Fields;
use super::members::{self, Object, text};
use super::notification::Alert;
use super::origin::Origin;
use crate::lenient_json::{self, text_of};
use serde_json::Value;

/// The name of the affected instance in the dimensions.
const INSTANCE_NAMES: [&str; 3] = ["instanceId", "instanceName", "instance_id"];

/// Whether the object is such an alert.
pub(super) fn recognises(object: &Object) -> bool {
    object.contains_key("alertState") && members::has_any(object, &["alertName", "metricName", "ruleId"])
}

/// Reads the alert; a literal `null` means no value.
pub(super) fn read(object: Object) -> Alert {
    let fallback_source =
        object.get("dimensions").and_then(instance).or_else(|| text(&object, "productGroupName"));
    let measurement = measurement(&object);
    let mut fields = Fields::default();
    fields.take_object(object);
    if !measurement.is_empty() {
        fields.set_default("message", measurement);
    }
    Alert { origin: Some(Origin::CloudMonitor), fields, fallback_source, ..Alert::default() }
}

/// What was measured: `cpu_total $Average>90 now 96.4 %`.
fn measurement(object: &Object) -> String {
    let mut parts = Vec::new();
    parts.extend(text(object, "metricName"));
    parts.extend(text(object, "expression"));
    if let Some(value) = text(object, "curValue") {
        parts.push(format!("now {value}"));
        parts.extend(text(object, "unit"));
    }
    parts.join(" ")
}

/// The instance among dimensions, which are an object, a list of objects, either of them as text, or
/// `{instanceId=i-1, userId=2}`.
pub(super) fn instance(dimensions: &Value) -> Option<String> {
    match dimensions {
        Value::Object(object) => members::first_text(object, &INSTANCE_NAMES),
        Value::Array(items) => items.iter().find_map(instance),
        Value::String(text) => match lenient_json::read(text.trim(), 1) {
            Some(document) if !document.value.is_string() => {
                instance(&document.value).or_else(|| instance_in_pairs(text))
            }
            _ => instance_in_pairs(text),
        },
        _ => None,
    }
}

fn instance_in_pairs(text: &str) -> Option<String> {
    let pairs = text.trim().trim_start_matches('{').trim_end_matches('}').split(',');
    for pair in pairs {
        if let Some((name, value)) = pair.split_once('=')
            && INSTANCE_NAMES.contains(&name.trim())
        {
            return text_of(&Value::String(value.to_owned()));
        }
    }
    None
}
