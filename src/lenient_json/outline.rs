//! The members of a document's outermost object in the document's order, which the parsed value
//! does not keep.

use serde_json::Value;

/// More members than a template has.
const MEMBERS_MAX: usize = 1_000;
/// Longer texts are not kept: a key is shorter, and so is every word.
const TEXT_MAX_BYTES: usize = 256;

/// One member, also one whose name occurred before.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub value: Outline,
}

/// What a member holds, in short.
#[derive(Debug, Clone, PartialEq)]
pub enum Outline {
    /// A short text.
    Text(String),
    /// A number, a boolean or null.
    Scalar,
    /// A long text, an object or an array.
    Long,
}

/// Collects the members while a document is parsed.
#[derive(Debug, Default)]
pub(super) struct Members(Vec<Member>);

impl Members {
    pub(super) fn note(&mut self, name: &str, value: &Value) {
        if self.0.len() >= MEMBERS_MAX {
            return;
        }
        let value = match value {
            Value::String(text) if text.len() <= TEXT_MAX_BYTES => Outline::Text(text.clone()),
            Value::String(_) | Value::Object(_) | Value::Array(_) => Outline::Long,
            Value::Number(_) | Value::Bool(_) | Value::Null => Outline::Scalar,
        };
        self.0.push(Member { name: name.to_owned(), value });
    }

    pub(super) fn into_inner(self) -> Vec<Member> {
        self.0
    }
}
