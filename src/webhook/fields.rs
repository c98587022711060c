//! The fields that a form, or a JSON object of the user's own, may give.

use super::names::{CONTENT, KEY_NAMES};
use crate::lenient_json::text_of;
use crate::secret::is_secret_name;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The names of each field: its own first, then the names under which ARMS and CloudMonitor know it.
const NAMES: [(&str, &[&str]); 10] = [
    ("summary", &["summary", "alertname", "alertName"]),
    ("message", &["message", "description"]),
    ("status", &["status", "event_action", "alertState", "state"]),
    ("dedup_key", &["dedup_key", "incident_key", "fingerprint", "alarmId", "alarm_id"]),
    ("source", &["source", "instanceName"]),
    ("component", &["component"]),
    ("group", &["group"]),
    ("class", &["class"]),
    ("timestamp", &["timestamp", "startsAt", "startTime"]),
    ("link", &["link"]),
];
/// The names of the severity. They are kept apart, for `page` under `level` means something else.
const SEVERITY_NAMES: [&str; 3] = ["severity", "level", "triggerLevel"];
/// A state that is also a severity: there is no data (CloudMonitor, "alert callback").
const CLOUDMONITOR_STATE: &str = "alertState";
const INSUFFICIENT_DATA: &str = "INSUFFICIENT_DATA";

/// What a body says about its one event; an absent field is not in here.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Fields {
    /// Field to value, by the fields' own names.
    given: BTreeMap<&'static str, String>,
    /// The known names that the body has. A name without a value is among them, so that a text that comes
    /// later cannot set it.
    seen: BTreeSet<String>,
    /// Severity words with the name that each was under, in the body's order.
    pub severities: Vec<(&'static str, String)>,
    /// The alert's name, if it was given as such: PagerDuty's `class` where none is given.
    pub alert_name: Option<String>,
    /// The recovery time of ARMS's preset, as it came; the details hold it too.
    pub recovered_at: Option<String>,
    /// All other fields, for the details.
    pub others: Map<String, Value>,
}

impl Fields {
    /// The value of a field, by its own name.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        self.given.get(field).map(String::as_str)
    }

    /// All fields with a value, by their own names.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.given.iter().map(|(field, text)| (*field, text.as_str()))
    }

    /// Takes one `name`, which may be an alias. The first value of a field wins, so that a text that comes
    /// later cannot set it; a later alias goes to the others.
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

    /// Takes the continuation lines of a text. The details hold the whole text; the summary shows its first
    /// line.
    pub(super) fn append_text(&mut self, lines: String) {
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

    /// Takes the members that are fields of their own.
    pub(super) fn take_known<'a>(&mut self, members: impl Iterator<Item = (&'a String, &'a Value)>) {
        let known = members.filter(|(name, value)| is_known(name) && !value.is_object() && !value.is_array());
        self.take_object(known.map(|(name, value)| (name.clone(), value.clone())).collect());
    }

    /// Whether they say which alert it is.
    pub(super) fn name_alert(&self) -> bool {
        ["summary", "message", "dedup_key"].iter().any(|name| self.get(name).is_some())
    }

    /// Takes a JSON object, whose order means nothing: a field's own name comes before its aliases.
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

    /// All texts that are fields of their own.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.given.values_mut().chain(self.severities.iter_mut().map(|(_, word)| word))
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
        self.recovered_at = self.recovered_at.take().or(later.recovered_at);
        for (name, value) in later.others {
            self.others.entry(name).or_insert(value);
        }
    }
}

/// Whether a form knows this name; the names of the key count.
pub(super) fn is_known(name: &str) -> bool {
    name == CONTENT
        || KEY_NAMES.contains(&name)
        || SEVERITY_NAMES.contains(&name)
        || NAMES.iter().any(|(_, names)| names.contains(&name))
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
}
