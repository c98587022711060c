//! The integration keys that a body names.

use super::form::Form;
use super::names::KEY_NAMES;
use crate::lenient_json::text_of;
use crate::secret::{IntegrationKey, KeyFault};
use serde_json::Value;

/// What all of them end in.
const KEY_NAMES_END: &str = "_key";

/// The keys of one body.
pub struct Keys {
    /// The key that the body gives in a place of its own.
    pub own: Result<Option<IntegrationKey>, KeyFault>,
    /// A key inside free text, or something that was meant as one. It counts only if no other place
    /// has a key, for the text may be an alert's.
    pub in_text: Option<Result<IntegrationKey, KeyFault>>,
}

impl Keys {
    pub(super) fn none() -> Self {
        Self { own: Ok(None), in_text: None }
    }

    pub(super) fn of_document(document: &Value, _text: &str) -> Self {
        let Value::Object(object) = document else { return Self::none() };
        let values = KEY_NAMES.iter().filter_map(|name| text_of(object.get(*name)?));
        Self { own: only(values), in_text: None }
    }

    pub(super) fn of_form(form: &Form, text: &str) -> Self {
        let (template, behind_text) = form.pairs.split_at(form.before_text.min(form.pairs.len()));
        let own = only(key_values(template));
        let behind_text = key_values(behind_text).next().map(|value| IntegrationKey::parse(&value));
        // A template may name its key after a text, even in the same line.
        let in_text = match behind_text {
            Some(Ok(key)) => Some(Ok(key)),
            other => named_in(text).find(Result::is_ok).or(other),
        };
        Self { own, in_text }
    }

    pub(super) fn of_text(text: &str) -> Self {
        if text.starts_with('{') {
            // Meant as JSON and beyond repair: its first key is the template's.
            return Self { own: named_in(text).next().transpose(), in_text: None };
        }
        Self { own: Ok(None), in_text: named_in(text).find(Result::is_ok) }
    }
}

/// The values of the pairs that are named like a key.
fn key_values(pairs: &[(String, String)]) -> impl Iterator<Item = String> {
    let keys = pairs.iter().filter(|(name, _)| KEY_NAMES.contains(&name.as_str()));
    keys.filter_map(|(_, value)| text_of(&Value::String(value.clone())))
}

/// The one key among `values`.
fn only(mut values: impl Iterator<Item = String>) -> Result<Option<IntegrationKey>, KeyFault> {
    let Some(first) = values.next() else { return Ok(None) };
    if values.any(|other| other != first) {
        return Err(KeyFault::TwoDifferent);
    }
    IntegrationKey::parse(&first).map(Some)
}

/// Everything that follows a key's name in a text, in whatever notation.
fn named_in(text: &str) -> impl Iterator<Item = Result<IntegrationKey, KeyFault>> {
    let ends = text.match_indices(KEY_NAMES_END).map(|(at, end)| at + end.len());
    ends.filter_map(move |end| {
        let (before, behind) = text.split_at_checked(end)?;
        if !KEY_NAMES.iter().any(|name| before.ends_with(name)) {
            return None;
        }
        let is_notation =
            |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ':' | '=' | '：' | '>');
        let value = behind.trim_start_matches(is_notation);
        let end = value.find(|c: char| !(c.is_alphanumeric() || c == '*')).unwrap_or(value.len());
        let value = value.get(..end).filter(|value| !value.is_empty())?;
        Some(IntegrationKey::parse(value))
    })
}
