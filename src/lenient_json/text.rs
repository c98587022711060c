//! JSON values as text.

use crate::secret::is_secret_name;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// A value as text, with the white space around it removed. Returns `None` for null, for an empty
/// text, list or object, and for template placeholders that were not filled. Members of an object
/// whose names are those of secrets are left out.
#[must_use]
pub fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.trim().to_owned(),
        Value::Array(items) if items.is_empty() => return None,
        Value::Object(members) if members.is_empty() => return None,
        Value::Array(_) | Value::Object(_) => {
            let shown = without_secrets(value)?;
            shown.to_string()
        }
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    };
    (!is_unfilled(&text)).then_some(text)
}

/// The value without the members that are named like secrets; `None` if nothing is left.
fn without_secrets(value: &Value) -> Option<Cow<'_, Value>> {
    if !names_secret(value) {
        return Some(Cow::Borrowed(value));
    }
    let mut value = value.clone();
    remove_secrets(&mut value);
    let is_empty = value.as_object().is_some_and(Map::is_empty);
    (!is_empty).then_some(Cow::Owned(value))
}

fn names_secret(value: &Value) -> bool {
    match value {
        Value::Object(object) => {
            object.iter().any(|(name, value)| is_secret_name(name) || names_secret(value))
        }
        Value::Array(items) => items.iter().any(names_secret),
        _ => false,
    }
}

/// Removes the members that are named like secrets, at every depth.
fn remove_secrets(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|name, _| !is_secret_name(name));
            object.values_mut().for_each(remove_secrets);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_secrets),
        _ => {}
    }
}

/// Whether the text is empty, means nothing in ARMS's and in Go's templates (`null`,
/// `<no value>`), or consists of `{{ … }}` alone.
#[must_use]
pub fn is_unfilled(text: &str) -> bool {
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
            (json!({"token": "x"}), None),
            (json!("null and void"), Some("null and void")),
            (json!("{{ a }} on host"), Some("{{ a }} on host")),
            (json!("{{ a"), Some("{{ a")),
            (json!(7), Some("7")),
            (json!(true), Some("true")),
            (json!({"b": 1, "a": [2]}), Some(r#"{"a":[2],"b":1}"#)),
            (json!([{"b": 1, "Token": 2}]), Some(r#"[{"b":1}]"#)),
        ] {
            assert_eq!(text_of(&value).as_deref(), text, "{value}");
        }
    }
}
