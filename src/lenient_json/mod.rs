//! JSON as it arrives: well-formed, with text behind its end, escaped as a whole, quoted as a
//! string, or broken by a template that pastes values in unescaped.
//!
//! In every case the first of two equal names wins. A text that closes its string and writes
//! `"status":"resolved"` behind it makes JSON that parses; with the usual rule, where the last name
//! wins, an alert's text would overwrite the template's own fields.

mod budget;
mod first_wins;
mod outline;
mod repair;
mod text;

pub use outline::{Member, Outline};
pub use text::{is_unfilled, text_of};

use serde_json::Value;
use std::borrow::Cow;

/// How many times a document may be wrapped as text inside another one.
pub const NESTING_MAX: u32 = 4;

/// A text read as JSON.
pub struct Document {
    /// What it says.
    pub value: Value,
    /// The members of the outermost object in their order.
    pub members: Vec<Member>,
    /// Whether it was not well-formed.
    pub is_repaired: bool,
    /// Values that were without quotes and begin with `$`: template variables that were not
    /// filled. Only found in JSON that had to be repaired.
    pub bare_variables: Vec<String>,
}

/// Reads `text` as a JSON document; `None` if it is not one. `nesting` is how many more times a
/// document may be wrapped as text.
#[must_use]
pub fn read(text: &str, nesting: u32) -> Option<Document> {
    let nesting = nesting.checked_sub(1)?;
    if text.starts_with("{\\\"") {
        let unescaped: String = serde_json::from_str(&format!("\"{text}\"")).ok()?;
        return read(unescaped.trim(), nesting);
    }
    if text.starts_with('"') {
        let inner = unquote(text);
        return if inner == text { None } else { read(inner.trim(), nesting) };
    }
    if !text.starts_with(['{', '[']) {
        return None;
    }
    if let Ok((value, members)) = first_wins::parse(text) {
        return Some(Document { value, members, is_repaired: false, bare_variables: Vec::new() });
    }
    if let Some(value) = first_wins::several(text) {
        return Some(Document { value, members: Vec::new(), is_repaired: false, bare_variables: Vec::new() });
    }
    let repaired = repair::repair(text)?;
    Some(Document {
        value: repaired.value,
        members: repaired.members,
        is_repaired: true,
        bare_variables: repaired.bare_variables,
    })
}

/// Parses a well-formed object.
#[must_use]
pub fn object(text: &str) -> Option<serde_json::Map<String, Value>> {
    match first_wins::parse(text.trim()) {
        Ok((Value::Object(object), _)) => Some(object),
        _ => None,
    }
}

/// The text inside a JSON string; any other text as it is.
#[must_use]
pub fn unquote(text: &str) -> Cow<'_, str> {
    if !text.starts_with('"') {
        return Cow::Borrowed(text);
    }
    serde_json::from_str(text).map_or(Cow::Borrowed(text), Cow::Owned)
}
