//! JSON of any other shape: the fields that it happens to give, its best text, and the whole.

use super::fields::text_of;
use super::notification::Notification;
use crate::secret::is_secret_name;
use serde_json::{Map, Value};
use std::collections::VecDeque;

/// Where other tools keep what a person should read first, the best first.
const TEXT_NAMES: [&str; 12] = [
    "title",
    "subject",
    "name",
    "text",
    "msg",
    "body",
    "content",
    "reason",
    "error",
    "summary",
    "message",
    "description",
];
/// The name under which a document that is no object stands in the details.
const WHOLE: &str = "body";

/// Makes the one event's notification.
pub(super) fn read(mut document: Value) -> Notification {
    strip(&mut document);
    let mut notification = Notification::default();
    let fields = &mut notification.fields;
    if let Value::Object(object) = &document {
        let scalars = object.iter().filter(|(_, value)| !matches!(value, Value::Object(_) | Value::Array(_)));
        fields.take_object(scalars.map(|(name, value)| (name.clone(), value.clone())).collect());
    }
    // Of a key alone nothing is left to tell.
    let says_nothing =
        matches!(&document, Value::Object(object) if object.values().all(|value| text_of(value).is_none()));
    if fields.get("summary").is_none() && fields.get("message").is_none() && !says_nothing {
        let text = best_text(&document).unwrap_or_else(|| document.to_string());
        fields.set_default("message", text);
    }
    fields.others = match document {
        Value::Object(object) => object,
        whole => Map::from_iter([(WHOLE.to_owned(), whole)]),
    };
    notification
}

/// Takes out what must stand in no event: here any text may become the summary.
fn strip(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|name, _| !is_secret_name(name));
            for value in object.values_mut() {
                strip(value);
            }
        }
        Value::Array(items) => {
            for item in items {
                strip(item);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The text under the best name, nearest to the top.
fn best_text(document: &Value) -> Option<String> {
    let mut level = VecDeque::from([document]);
    while let Some(value) = level.pop_front() {
        match value {
            Value::Object(object) => {
                let text_at =
                    |name: &&str| object.get(*name).filter(|value| value.is_string()).and_then(text_of);
                if let Some(text) = TEXT_NAMES.iter().find_map(text_at) {
                    return Some(text);
                }
                level.extend(object.values());
            }
            Value::Array(array) => level.extend(array),
            _ => {}
        }
    }
    None
}
