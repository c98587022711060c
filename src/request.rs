//! What the head of a request says: decoded query values and header texts.

use http::HeaderValue;
use http::request::Parts;

/// The decoded values of these names in the query, in its order.
#[must_use]
pub fn query_values(head: &Parts, names: &[&str]) -> Vec<String> {
    let query = head.uri.query().unwrap_or_default();
    let mut values = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if names.contains(&name.as_ref()) {
            values.push(value.into_owned());
        }
    }
    values
}

/// A header's value as text, with the white space around it removed.
#[must_use]
pub fn header_text(value: &HeaderValue) -> Option<String> {
    value.to_str().ok().map(|text| text.trim().to_owned())
}
