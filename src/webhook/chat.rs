//! Chat templates of ARMS's guide: the text of the message holds the preset's lines.

use super::members::{self, Object};
use serde_json::Value;

/// The members that hold a message, and the members of those that hold its text, in Feishu, DingTalk and
/// WeCom.
const PLACES: [(&str, &[&str]); 4] = [
    ("content", &["text"]),
    ("text", &["content"]),
    ("markdown", &["text", "content"]),
    ("markdown_v2", &["content"]),
];

/// The text of a chat message.
pub(super) fn text(object: &Object) -> Option<String> {
    let (place, name) = place(object)?;
    members::text(object.get(place)?.as_object()?, name)
}

/// Removes the text from the message and returns it.
pub(super) fn take_text(object: &mut Object) -> Option<String> {
    let (place, name) = place(object)?;
    let Some(Value::Object(message)) = object.get_mut(place) else { return None };
    members::take_text(message, &[name])
}

/// Where the text is.
fn place(object: &Object) -> Option<(&'static str, &'static str)> {
    for (place, names) in PLACES {
        let Some(Value::Object(message)) = object.get(place) else { continue };
        let name = names.iter().find(|name| message.get(**name).is_some_and(Value::is_string));
        if let Some(name) = name {
            return Some((place, name));
        }
    }
    None
}
