//! JSON of any other shape: the fields that it has, its best text, and the whole in the details.

use super::notification::Notification;
use crate::lenient_json::text_of;
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
/// The name in the details for a document that is not an object.
const WHOLE: &str = "body";

/// Reads a document as one event.
pub(super) fn read(document: Value) -> Notification {
    let mut notification = Notification::default();
    let fields = &mut notification.fields;
    if let Value::Object(object) = &document {
        fields.take_known(object.iter());
    }
    if fields.get("summary").is_none()
        && fields.get("message").is_none()
        && let Some(text) = best_text(&document).or_else(|| whole_text(&document))
    {
        fields.set_default("message", text);
    }
    fields.others = match document {
        Value::Object(object) => object,
        whole => Map::from_iter([(WHOLE.to_owned(), whole)]),
    };
    notification
}

/// The whole document as text; `None` if it says nothing but a key.
fn whole_text(document: &Value) -> Option<String> {
    if let Value::Object(object) = document {
        let says = |(name, value): (&String, &Value)| !is_secret_name(name) && text_of(value).is_some();
        if !object.iter().any(says) {
            return None;
        }
    }
    Some(text_of(document).unwrap_or_else(|| document.to_string()))
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
                let others = object.iter().filter(|(name, _)| !is_secret_name(name));
                level.extend(others.map(|(_, value)| value));
            }
            Value::Array(array) => level.extend(array),
            _ => {}
        }
    }
    None
}
