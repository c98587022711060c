//! Bodies that can be made as large as one likes, each with a name: of what takes how long can so be seen how it grows.

use crate::seeds::{self, Sample};
use crate::shapes::{BODY_MAX_BYTES, SHAPES};
use arms_pagerduty::event::Api;
use serde_json::{Value, json};
use std::fmt::Write;
use std::io;

/// A body of any size.
pub struct Body {
    /// What it is.
    pub name: String,
    /// The request's content type.
    pub content_type: String,
    /// The API of the request's path.
    pub api: Api,
    make: Box<dyn Fn(usize) -> String>,
}

impl Body {
    fn new(
        name: impl Into<String>,
        content_type: &str,
        api: Api,
        make: impl Fn(usize) -> String + 'static,
    ) -> Self {
        Self { name: name.into(), content_type: content_type.to_owned(), api, make: Box::new(make) }
    }

    /// The body of about `bytes` bytes.
    #[must_use]
    pub fn of_size(&self, bytes: usize) -> String {
        (self.make)(bytes)
    }
}

/// Every shape, what was once slow, and every sample grown in each way that there is for it.
///
/// # Errors
/// When the samples cannot be read.
pub fn bodies() -> io::Result<Vec<Body>> {
    let mut bodies: Vec<Body> = SHAPES
        .iter()
        .map(|shape| Body::new(shape.name, shape.content_type, Api::V2, |bytes| shape.body(bytes)))
        .collect();
    for (name, api) in [("", Api::V2), (" for v1", Api::V1), (" for change events", Api::Change)] {
        bodies.extend(once_slow(name, api));
    }
    for sample in seeds::samples()? {
        bodies.extend(grown(&sample)?);
    }
    Ok(bodies)
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";
const FORM: &str = "application/x-www-form-urlencoded";

/// The three findings of the review of November 2026 (35 s, 9 s and 7 s at that time), and what is like them.
fn once_slow(suffix: &str, api: Api) -> Vec<Body> {
    let placeholders = |label: &'static str, placeholder: &'static str| {
        move |bytes: usize| {
            // As many as a body of 6 MiB once had, fewer in a smaller one.
            let message = placeholder.repeat(2_700 * bytes / BODY_MAX_BYTES);
            let label = label.repeat((bytes - message.len()) / 2 / label.len());
            let labels = json!({"alertname": "A", "b": label});
            let annotations = json!({"message": message, "value": label});
            json!({"alerts": [{"fingerprint": "f", "labels": labels, "annotations": annotations}]}).to_string()
        }
    };
    let blanks = |pair: &'static str| {
        move |bytes: usize| {
            let pairs = pair.repeat(1_000 * bytes / BODY_MAX_BYTES);
            format!("severity=P1&{pairs}{}\nsummary=x", " ".repeat(bytes - pairs.len()))
        }
    };
    let beside = |member: &'static str| move |bytes: usize| beside_alerts(member, bytes);
    let body = |name: &str, content_type, make: Box<dyn Fn(usize) -> String>| {
        Body::new(format!("{name}{suffix}"), content_type, api, make)
    };
    vec![
        body("printf of a long label", JSON, Box::new(placeholders("9", r#"{{$labels.b|printf "%d"}}"#))),
        body("printf in front of it", JSON, Box::new(placeholders("9", r#"{{printf "%.2f" $labels.b}}"#))),
        body("printf of a long value", JSON, Box::new(placeholders("x", r#"{{$value|printf "%f"}}"#))),
        body("a long label", JSON, Box::new(placeholders("{{}}", "{{$labels.b}}"))),
        body("pairs before trailing blanks", TEXT, Box::new(blanks("a=b&"))),
        body("pairs before trailing blanks, encoded", FORM, Box::new(blanks("a=b&"))),
        body("known pairs before trailing blanks", TEXT, Box::new(blanks("source=b & "))),
        body("a long severity beside 100 alerts", JSON, Box::new(beside("severity"))),
        body("a long status beside 100 alerts", JSON, Box::new(beside("status"))),
        body("a long receiver beside 100 alerts", JSON, Box::new(beside("receiver"))),
        body("a long group key beside 100 alerts", JSON, Box::new(beside("groupKey"))),
        body("a long unread member beside 100 alerts", JSON, Box::new(beside("whatever"))),
    ]
}

/// 100 alerts at the full size, fewer at a smaller one, beside a long member of the notification.
fn beside_alerts(member: &str, bytes: usize) -> String {
    let count = (100 * bytes / BODY_MAX_BYTES).max(1);
    let alerts: Vec<Value> = (0..count)
        .map(|number| json!({"fingerprint": number.to_string(), "labels": {"alertname": "A", "pod": number}}))
        .collect();
    json!({"alerts": alerts, member: "x".repeat(bytes.saturating_sub(count * 80))}).to_string()
}

/// A sample with more of what it holds.
fn grown(sample: &Sample) -> io::Result<Vec<Body>> {
    let text = String::from_utf8(sample.body.clone()).map_err(io::Error::other)?;
    let body = |how: &str, make: Box<dyn Fn(usize) -> String>| {
        Body::new(format!("{}, {how}", sample.name), &sample.content_type, Api::V2, make)
    };
    let mut bodies = Vec::new();
    let Some((inside, end)) = text.rsplit_once('}').filter(|_| text.starts_with(['{', '['])) else {
        let (pairs, lines, long) = (text.clone(), text.clone(), text);
        bodies.push(body("pairs", Box::new(move |bytes| with(&pairs, bytes, "", |n| format!("&a{n}=b")))));
        bodies.push(body("lines", Box::new(move |bytes| with(&lines, bytes, "", |n| format!("\na{n}: b")))));
        bodies.push(body("long", Box::new(move |bytes| with(&long, bytes, "", |_| "some words ".to_owned()))));
        return Ok(bodies);
    };
    let (inside, end) = (inside.to_owned(), format!("}}{end}"));
    bodies.push(body(
        "members",
        Box::new(move |bytes| with(&inside, bytes, &end, |n| format!(",\"m{n}\":\"x\""))),
    ));
    let one = text.trim_start_matches('[').trim_end_matches(']').to_owned();
    bodies.push(body("a list of it", Box::new(move |bytes| {
        let again = with("", bytes, "", |_| format!(",{one}"));
        format!("[{}]", again.trim_start_matches(','))
    })));
    if let Ok(document) = serde_json::from_str::<Value>(&text) {
        let unit = longest(&document).map(|longest| longest.to_owned());
        bodies.push(body("a long text", Box::new(move |bytes| {
            let mut document = document.clone();
            if let Some(text) = unit.as_deref().and_then(|unit| find(&mut document, unit)) {
                text.push_str(&" and more".repeat(bytes / 9));
            }
            document.to_string()
        })));
    }
    Ok(bodies)
}

/// `begin`, numbered units up to so many bytes, `end`.
fn with(begin: &str, bytes: usize, end: &str, unit: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(bytes + 64);
    text.push_str(begin);
    let mut number = 0;
    while text.len() < bytes {
        let _ = write!(text, "{}", unit(number));
        number += 1;
    }
    text.push_str(end);
    text
}

/// The longest text of a document.
fn longest(document: &Value) -> Option<&str> {
    match document {
        Value::String(text) => Some(text),
        Value::Array(items) => items.iter().filter_map(longest).max_by_key(|text| text.len()),
        Value::Object(object) => object.values().filter_map(longest).max_by_key(|text| text.len()),
        _ => None,
    }
}

/// The first text of a document that is this one.
fn find<'a>(document: &'a mut Value, wanted: &str) -> Option<&'a mut String> {
    match document {
        Value::String(text) => (text == wanted).then_some(text),
        Value::Array(items) => items.iter_mut().find_map(|item| find(item, wanted)),
        Value::Object(object) => object.values_mut().find_map(|item| find(item, wanted)),
        _ => None,
    }
}
