//! CloudMonitor's form callback (Alibaba Cloud, "CloudMonitor: alert callback").
//!
//! Its names are aliases of a form's fields; this file has what is particular to it.

use super::fields::Fields;
use crate::lenient_json::text_of;
use serde_json::{Map, Value};

/// Stands for nothing.
const NULL: &str = "null";

/// Whether these pairs are such a callback.
pub(super) fn is_callback(pairs: &[(String, String)]) -> bool {
    let has = |name: &str| pairs.iter().any(|(known, _)| known == name);
    has("alertState") && (has("alertName") || has("metricName") || has("ruleId"))
}

/// The pairs without the nulls; the measurement becomes the message.
pub(super) fn read(pairs: Vec<(String, String)>) -> Fields {
    let mut fields = Fields::default();
    let mut given = Map::new();
    for (name, value) in pairs {
        if value.trim() == NULL {
            continue;
        }
        let value = Value::String(value);
        given.entry(&name).or_insert_with(|| value.clone());
        fields.take(&name, value);
    }
    let text = |name: &str| text_of(given.get(name)?);
    let measured =
        [text("metricName"), text("expression"), text("curValue").map(|value| format!("now {value}"))];
    let measured: Vec<String> = measured.into_iter().flatten().collect();
    if !measured.is_empty() {
        fields.set_default("message", measured.join(" "));
    }
    fields
}
