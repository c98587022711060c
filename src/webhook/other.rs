//! JSON of any other shape: the fields that it happens to give, its best text, and the whole.

use super::notification::Notification;
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
pub(super) fn read(document: Value) -> Notification {
    let mut notification = Notification::default();
    let fields = &mut notification.fields;
    if let Value::Object(object) = &document {
        let scalars = object.iter().filter(|(_, value)| !matches!(value, Value::Object(_) | Value::Array(_)));
        fields.take_object(scalars.map(|(name, value)| (name.clone(), value.clone())).collect());
    }
    if fields.get("summary").is_none() && fields.get("message").is_none() {
        let text = best_text(&document).unwrap_or_else(|| document.to_string());
        fields.set_default("message", text);
    }
    fields.others = match document {
        Value::Object(object) => object,
        whole => Map::from_iter([(WHOLE.to_owned(), whole)]),
    };
    notification
}

/// The text under the best name, nearest to the top.
fn best_text(document: &Value) -> Option<String> {
    let mut level = VecDeque::from([document]);
    while let Some(value) = level.pop_front() {
        match value {
            Value::Object(object) => {
                let texts = TEXT_NAMES.iter().filter_map(|name| object.get(*name)?.as_str());
                if let Some(text) = texts.map(str::trim).find(|text| !text.is_empty()) {
                    return Some(text.to_owned());
                }
                level.extend(object.values());
            }
            Value::Array(array) => level.extend(array),
            _ => {}
        }
    }
    None
}
