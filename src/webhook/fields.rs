//! The fields that a form, or a JSON object of the user's own, may give.

use crate::secret::is_secret_name;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The names of each field: its own first, then the names under which ARMS and CloudMonitor know it.
const NAMES: [(&str, &[&str]); 10] = [
    ("summary", &["summary", "alertname", "alertName"]),
    ("message", &["message", "description"]),
    ("status", &["status", "event_action", "alertState"]),
    ("dedup_key", &["dedup_key", "incident_key", "fingerprint", "alarmId", "alarm_id"]),
    ("source", &["source", "instanceName"]),
    ("component", &["component"]),
    ("group", &["group"]),
    ("class", &["class"]),
    ("timestamp", &["timestamp", "startsAt", "startTime"]),
    ("link", &["link"]),
];
/// The names of the severity, which are told apart: `page` means one thing from `level`, another elsewhere.
const SEVERITY_NAMES: [&str; 3] = ["severity", "level", "triggerLevel"];
/// A state that also says how bad it is: there is no data to tell (CloudMonitor, "alert callback").
const CLOUDMONITOR_STATE: &str = "alertState";
const INSUFFICIENT_DATA: &str = "INSUFFICIENT_DATA";
/// Longer than any field's name, shorter than most sentences.
const NAME_MAX_CHARS: usize = 64;
/// Where the rest of a notification may stand.
pub(super) const CONTENT: &str = "content";
/// The names of the integration key in a body, a query and PagerDuty's own events.
pub const KEY_NAMES: [&str; 3] = ["integration_key", "routing_key", "service_key"];

/// What a body says about its one event; an absent field is not in here.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Fields {
    /// Field to value, by the fields' own names.
    given: BTreeMap<&'static str, String>,
    /// The known names that the body has: also one without a value holds its place against a text
    /// that comes later.
    seen: BTreeSet<String>,
    /// Severity words with the name that they stood under, in the body's order.
    pub severities: Vec<(&'static str, String)>,
    /// The alert's name, if it was given as such: PagerDuty's `class` where none is given.
    pub alert_name: Option<String>,
    /// All other fields, for the details.
    pub others: Map<String, Value>,
}

impl Fields {
    /// The value of a field, by its own name.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        self.given.get(field).map(String::as_str)
    }

    /// Takes one `name`, which may be an alias. The first of a field wins, so that no text that
    /// comes later can set it; what a later alias says goes to the others.
    pub(super) fn take(&mut self, name: &str, value: Value) {
        if is_secret_name(name) || is_known(name) && !self.seen.insert(name.to_owned()) {
            return;
        }
        let Some(text) = text_of(&value) else { return };
        if let Some(severity) = SEVERITY_NAMES.iter().find(|known| **known == name) {
            if !self.severities.iter().any(|(known, _)| known == severity) {
                self.severities.push((severity, text));
            }
            return;
        }
        if name == CLOUDMONITOR_STATE && text.eq_ignore_ascii_case(INSUFFICIENT_DATA) {
            self.severities.insert(0, (CLOUDMONITOR_STATE, text.clone()));
        }
        let field = NAMES.iter().find(|(_, names)| names.contains(&name)).map(|(field, _)| *field);
        match field {
            Some(field) if !self.given.contains_key(field) => {
                if field == "summary" && name != field {
                    self.alert_name = Some(text.clone());
                }
                self.given.insert(field, text);
            }
            _ => {
                self.others.entry(name).or_insert(value);
            }
        }
    }

    /// Takes lines in which the text goes on. The details keep all of it; what is told of the alert is its
    /// first line.
    pub(super) fn go_on(&mut self, lines: String) {
        const TEXT: &str = "message";
        if lines.is_empty() {
            return;
        }
        match self.given.get(TEXT) {
            Some(first) => {
                let whole = self.others.entry(TEXT).or_insert_with(|| Value::String(first.clone()));
                if let Value::String(whole) = whole {
                    whole.push('\n');
                    whole.push_str(&lines);
                }
            }
            None => drop(self.given.insert(TEXT, lines)),
        }
    }

    /// Gives a field a value if the body gave it none.
    pub(super) fn set_default(&mut self, field: &'static str, text: String) {
        self.given.entry(field).or_insert(text);
    }

    /// Takes a JSON object, whose order says nothing: a field's own name before its aliases.
    pub(super) fn take_object(&mut self, mut object: Map<String, Value>) {
        for name in NAMES.iter().flat_map(|(_, names)| *names).chain(&SEVERITY_NAMES) {
            if let Some(value) = object.remove(*name) {
                self.take(name, value);
            }
        }
        for (name, value) in object {
            self.take(&name, value);
        }
    }

    /// Adds what `later` gives and these do not.
    pub(super) fn append(&mut self, later: Self) {
        for (field, text) in later.given {
            if self.given.contains_key(field) {
                self.others.entry(field).or_insert(Value::String(text));
            } else {
                self.given.insert(field, text);
            }
        }
        self.severities.extend(later.severities);
        self.alert_name = self.alert_name.take().or(later.alert_name);
        for (name, value) in later.others {
            self.others.entry(name).or_insert(value);
        }
    }
}

/// Whether a form knows this name; the key's names count.
pub(super) fn is_known(name: &str) -> bool {
    name == CONTENT
        || KEY_NAMES.contains(&name)
        || SEVERITY_NAMES.contains(&name)
        || NAMES.iter().any(|(_, names)| names.contains(&name))
}

/// Whether this may be the name of a field, of a template's own too.
pub(super) fn is_field_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && name.chars().count() <= NAME_MAX_CHARS && name.chars().all(plain)
}

/// A value as text, white space around it cut: `None` for null, for nothing, for a list or an object
/// without members, and for a template's placeholders that were not filled.
#[must_use]
pub fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.trim().to_owned(),
        Value::Array(items) if items.is_empty() => return None,
        Value::Object(members) if members.is_empty() => return None,
        other => other.to_string(),
    };
    (!is_unfilled(&text)).then_some(text)
}

/// Nothing but `{{ … }}`, what stands for nothing in ARMS's and in Go's templates, or nothing at all.
fn is_unfilled(text: &str) -> bool {
    let mut rest = text.trim();
    if matches!(rest, "null" | "<no value>") {
        return true;
    }
    while let Some(inner) = rest.strip_prefix("{{") {
        let Some((_, behind)) = inner.split_once("}}") else { return false };
        rest = behind.trim_start();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_of_a_field_wins_and_later_aliases_are_kept_as_details() {
        let mut fields = Fields::default();
        for (name, value) in [
            ("alertname", "HighCpu"),
            ("summary", "CPU is high"),
            ("severity", "P9"),
            ("level", "critical"),
            ("severity", "info"),
            ("team", "sre"),
            ("integration_key", "no"),
        ] {
            fields.take(name, json!(value));
        }
        assert_eq!(fields.get("summary"), Some("HighCpu"));
        assert_eq!(fields.alert_name.as_deref(), Some("HighCpu"));
        assert_eq!(fields.severities, [("severity", "P9".to_owned()), ("level", "critical".to_owned())]);
        assert_eq!(Value::Object(fields.others), json!({"summary": "CPU is high", "team": "sre"}));
    }

    #[test]
    fn unfilled_placeholders_are_absent() {
        for (value, text) in [
            (json!("{{ .level }}"), None),
            (json!(" {{ a }} {{ b }} "), None),
            (json!(""), None),
            (json!(null), None),
            (json!("<no value>"), None),
            (json!("null"), None),
            (json!([]), None),
            (json!({}), None),
            (json!("null and void"), Some("null and void")),
            (json!("{{ a }} on host"), Some("{{ a }} on host")),
            (json!("{{ a"), Some("{{ a")),
            (json!(7), Some("7")),
            (json!(true), Some("true")),
            (json!({"b": 1, "a": [2]}), Some(r#"{"a":[2],"b":1}"#)),
        ] {
            assert_eq!(text_of(&value).as_deref(), text, "{value}");
        }
    }
}
