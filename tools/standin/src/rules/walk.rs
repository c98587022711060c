//! Finds a rule's field in an event.

use serde_json::Value;

/// Each place the field can stand at: `None` where its parent lacks it, nothing where there is no parent.
pub(super) fn values<'a>(event: &'a Value, field: &str) -> Vec<Option<&'a Value>> {
    let mut found = vec![Some(event)];
    for step in field.split('.') {
        let (name, of_type) = match step.split_once('[') {
            Some((name, of_type)) => (name, Some(of_type.trim_end_matches(']'))),
            None => (step, None),
        };
        let members = found.into_iter().flatten().filter_map(Value::as_object).map(|object| object.get(name));
        found = match of_type {
            None => members.collect(),
            Some(of_type) => members
                .flatten()
                .filter_map(Value::as_array)
                .flatten()
                .filter(|item| is_a(item, of_type))
                .map(Some)
                .collect(),
        };
    }
    found
}

fn is_a(item: &Value, of_type: &str) -> bool {
    of_type.is_empty() || item.get("type").and_then(Value::as_str) == Some(of_type)
}
