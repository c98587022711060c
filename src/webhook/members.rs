//! Members of a JSON object, read by name.

use super::fields::Fields;
use crate::lenient_json::{self, text_of};
use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// The text of a member.
pub(super) fn text(object: &Object, name: &str) -> Option<String> {
    text_of(object.get(name)?)
}

/// The text of the first member that has one.
pub(super) fn first_text(object: &Object, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text(object, name))
}

/// Whether the object has a member that is not empty.
pub(super) fn has(object: &Object, name: &str) -> bool {
    text(object, name).is_some()
}

/// Whether the object has one of these members.
pub(super) fn has_any(object: &Object, names: &[&str]) -> bool {
    names.iter().any(|name| has(object, name))
}

/// A member that is an object, also one that came as JSON text.
pub(super) fn object(object: &Object, name: &str) -> Option<Object> {
    match object.get(name)? {
        Value::Object(inner) => Some(inner.clone()),
        Value::String(text) => lenient_json::object(text),
        _ => None,
    }
}

/// Removes and returns the text of the first member that has one.
pub(super) fn take_text(object: &mut Object, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text_of(&object.remove(*name)?))
}

/// The object without members that say nothing, for the details.
pub(super) fn without_empty(object: Object) -> Object {
    object.into_iter().filter(|(_, value)| text_of(value).is_some()).collect()
}

/// The same, with members that are JSON text as objects, which automation can match on.
pub(super) fn unfolded(object: Object) -> Object {
    let mut unfolded = without_empty(object);
    for value in unfolded.values_mut() {
        if let Value::String(text) = value
            && let Some(inner) = lenient_json::object(text)
        {
            *value = Value::Object(inner);
        }
    }
    unfolded
}

/// Fields with these values, as far as there are any.
pub(super) fn fields<const N: usize>(values: [(&'static str, Option<String>); N]) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in values {
        if let Some(value) = value {
            fields.take(name, Value::String(value));
        }
    }
    fields
}

/// The source's own pages, and the runbook that its annotations name.
pub(super) fn pages<const N: usize>(
    object: &Object,
    names: [(&'static str, &'static str); N],
) -> Vec<(&'static str, String)> {
    let mut pages = links(object, names);
    let annotations = self::object(object, "annotations").unwrap_or_default();
    pages.extend(links(&annotations, [("runbook_url", "Runbook")]));
    pages
}

/// Links with these texts and URLs, as far as there are any.
pub(super) fn links<const N: usize>(
    object: &Object,
    names: [(&'static str, &'static str); N],
) -> Vec<(&'static str, String)> {
    let mut links = Vec::new();
    for (name, shown) in names {
        if let Some(url) = text(object, name) {
            links.push((shown, url));
        }
    }
    links
}

/// The named members as lines of an identity.
pub(super) fn identity(object: &Object, names: &[&str]) -> Vec<(String, String)> {
    let mut identity = Vec::new();
    for name in names {
        if let Some(value) = text(object, name) {
            identity.push(((*name).to_owned(), value));
        }
    }
    identity
}

/// The members of an object of labels as lines of an identity.
pub(super) fn label_lines(holder: &Object, name: &str) -> Vec<(String, String)> {
    let labels = object(holder, name).unwrap_or_default();
    let names: Vec<&str> = labels.keys().map(String::as_str).collect();
    identity(&labels, &names)
}

/// The part of a name or an identifier behind its last separator.
pub(super) fn last_part(text: &str) -> &str {
    text.rsplit([':', '/']).find(|part| !part.is_empty()).unwrap_or(text)
}
