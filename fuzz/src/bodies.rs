//! Bodies that can be made as large as one likes, each with a name: of the shapes at which a way that takes the square of their
//! length, or a multiple of their memory, would show; the bodies that were once slow; and each format's samples, grown.

use crate::seeds::{self, Sample};
use arms_pagerduty::event::Api;
use serde_json::{Value, json};
use std::fmt::Write;
use std::io;

/// The largest body that the relay takes.
pub const BODY_MAX_BYTES: usize = 6 * 1024 * 1024;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const TEXT: &str = "text/plain";

type Make = Box<dyn Fn(usize) -> String>;

/// A body of any size.
pub struct Body {
    /// What it is.
    pub name: String,
    /// The request's content type.
    pub content_type: String,
    /// The API of the request's path.
    pub api: Api,
    /// Makes it, of about so many bytes.
    pub make: Make,
}

/// Every shape, what was once slow, and every sample grown in each way that there is for it.
///
/// # Errors
/// When the samples cannot be read.
pub fn bodies() -> io::Result<Vec<Body>> {
    let mut bodies = Vec::new();
    let mut add = |name: String, content_type: &str, api, make| {
        bodies.push(Body { name, content_type: content_type.to_owned(), api, make });
    };
    for &(name, content_type, parts) in SHAPES {
        add(name.to_owned(), content_type, Api::V2, Box::new(|bytes| shaped(parts, bytes)) as Make);
    }
    for (suffix, api) in [("", Api::V2), (" for v1", Api::V1), (" for change events", Api::Change)] {
        for (name, content_type, make) in once_slow() {
            add(format!("{name}{suffix}"), content_type, api, make);
        }
    }
    for sample in seeds::samples()? {
        for (how, make) in grown(&sample)? {
            add(format!("{}, {how}", sample.name), &sample.content_type, Api::V2, make);
        }
    }
    Ok(bodies)
}

/// What stands at the odd places of `parts` is repeated; `#` in it becomes a number, so that no two are equal.
fn shaped(parts: &[&str], bytes: usize) -> String {
    let bytes = bytes / (parts.len() / 2);
    let mut body = String::new();
    for (place, part) in parts.iter().enumerate() {
        match part.split_once('#') {
            // As many as become events of their own.
            _ if place % 2 == 0 => body.push_str(&part.replace("@100", &["{}"; 100].join(","))),
            None => body.push_str(&part.repeat(bytes / part.len())),
            Some((before, behind)) => {
                let numbers = 0..bytes / (part.len() + 5);
                body.extend(numbers.map(|number| format!("{before}{number:06}{behind}")));
            }
        }
    }
    body
}

/// The name of a shape, its content type, and its parts.
#[rustfmt::skip]
static SHAPES: &[(&str, &str, &[&str])] = &[
    ("text", TEXT, &["", "abcdefg ", ""]),
    ("quotes", TEXT, &["", "\"", ""]),
    ("quotes in a broken string", JSON, &["{\"a\":\"", "\"", ""]),
    ("{\"a\":\"", JSON, &["", "{\"a\":\"", ""]),
    ("{\"a\":\"{\"a\":\" in a string", JSON, &["{\"a\":\"", "{\"a\":\"", "\"}"]),
    ("names without end", JSON, &["{", "\"a\":\"{\",", "\"b\":\"c\"d\"}"]),
    ("both parities", JSON, &["{\"a\":\"{\"", ",\":1,\":1,\"", "\"}"]),
    ("line breaks", TEXT, &["x", "\n", "y"]),
    ("line breaks in a form", TEXT, &["summary=x\n", "\n", "y"]),
    ("line breaks and blanks in a form", TEXT, &["summary=x\n", " \n", "y"]),
    ("lines of one letter", TEXT, &["", "a\n", ""]),
    ("blanks", TEXT, &["x", " ", "y"]),
    ("line breaks in a broken string", JSON, &["{\"a\":\"", "\n", "\"b\"}"]),
    ("&a=", TEXT, &["summary", "&a=", ""]),
    ("a=& raw form", TEXT, &["a=1", "&a=", ""]),
    ("a=& standard form", FORM, &["summary=1", "&a=", ""]),
    ("a# raw form", TEXT, &["source=1", "&a#=1", ""]),
    ("a# standard form", FORM, &["source=1", "&a#=1", ""]),
    ("lines a=", TEXT, &["source=1", "\na=", ""]),
    ("equal signs", TEXT, &["source=", "=", ""]),
    ("ampersands", TEXT, &["source=1", "&", ""]),
    ("percent signs", FORM, &["source=1", "%41", ""]),
    ("{{ in text", TEXT, &["", "{{", ""]),
    ("{{ as a value", JSON, &["{\"a\":", "{{", ""]),
    ("{{ as values", JSON, &["{\"a\":1", ",\"a\":{{", "}"]),
    ("{{}} as a value", JSON, &["{\"a\":", "{{}}", ",\"b\":\"c\"d\"}"]),
    ("{{$value}} in a message", JSON, &["{\"alerts\":[{\"annotations\":{\"value\":\"1\",\"message\":\"", "{{$value}}", "\"}}]}"]),
    ("{{ in a message", JSON, &["{\"alerts\":[{\"annotations\":{\"message\":\"", "{{", "\"}}]}"]),
    ("{{ }} in a message", JSON, &["{\"alerts\":[{\"annotations\":{\"message\":\"", "{{a}}", "\"}}]}"]),
    ("backslashes", TEXT, &["", "\\", ""]),
    ("backslashes in a string", JSON, &["{\"a\":\"", "\\", "\"}"]),
    ("escaped quotes in a broken string", JSON, &["{\"a\":\"b\"c", "\\\"", "\"}"]),
    ("backslash and quote", JSON, &["{\"a\":\"x\"y", "\\\\\\\"", "\"}"]),
    ("\",\"", JSON, &["{\"a\":\"", "\",\"", "\"}"]),
    ("\",\"a:", JSON, &["{\"a\":\"x\"y", "\",\"a:", "\"}"]),
    ("\"},{\"", JSON, &["{\"a\":[\"x\"y", "\"},{\"", "\"]}"]),
    ("preset lines", TEXT, &["告警名称：a\n告警内容：b\n", "告警名称：x\n", ""]),
    ("preset content lines", TEXT, &["告警名称：a\n", "告警内容：x\n", ""]),
    ("colons", TEXT, &["", "：", ""]),
    ("lines of colons", TEXT, &["", ":\n", ""]),
    ("integration_key in text", TEXT, &["", "integration_key ", ""]),
    ("integration_key=", TEXT, &["", "integration_key=", ""]),
    ("integration_key pairs", TEXT, &["a=", "&integration_key=", ""]),
    ("integration_key lines", TEXT, &["message=a", "\nintegration_key=0123456789abcdef0123456789abcdef", ""]),
    ("integration_key names", JSON, &["{\"a\":1", ",\"integration_key\":\"0123456789abcdef0123456789abcdef\"", "}"]),
    ("the key in a text", JSON, &["{\"integration_key\":\"0123456789abcdef0123456789abcdef\",\"message\":\"", "0123456789abcdef0123456789abcdef", "\"}"]),
    ("告", TEXT, &["", "告", ""]),
    ("告 in a broken string", JSON, &["{\"a\":\"b\"", "告", "\"}"]),
    ("[", JSON, &["", "[", ""]),
    ("{\"a\":", JSON, &["", "{\"a\":", ""]),
    ("[ in a broken string", JSON, &["{\"a\":\"b\"c\",\"d\":", "[", "}"]),
    ("[ in an embedded document", JSON, &["{\"a\":\"{\"b\":", "[", "\"}"]),
    ("{\\\"", JSON, &["", "{\\\"a\\\":", ""]),
    ("numbers", JSON, &["[0", ",0", "]"]),
    ("numbers in content", JSON, &["{\"content\":[0", ",0", "]}"]),
    ("lists", JSON, &["[0", ",[]", "]"]),
    ("objects", JSON, &["[0", ",{\"a\":0}", "]"]),
    ("fields", JSON, &["{\"a\":0", ",\"a#\":0", "}"]),
    ("broken fields", JSON, &["{\"a\":\"x\"y\"", ",\"a#\":0", "}"]),
    ("empty alerts", JSON, &["{\"alerts\":[{}", ",{}", "]}"]),
    ("alerts that are numbers", JSON, &["{\"alerts\":[0", ",0", "]}"]),
    ("alerts with a status", JSON, &["{\"alerts\":[{}", ",{\"status\":\"resolved\"}", "]}"]),
    ("alerts with labels", JSON, &["{\"alerts\":[{}", ",{\"labels\":{\"alertname\":\"n\",\"instance\":\"#\"}}", "]}"]),
    ("100 alerts beside common labels", JSON, &["{\"alerts\":[@100],\"commonLabels\":{\"a\":0", ",\"a#\":0", "}}"]),
    ("100 alerts beside a common label", JSON, &["{\"alerts\":[@100],\"commonLabels\":{\"a\":\"", "abcdefgh", "\"}}"]),
    ("100 alerts beside a common annotation", JSON, &["{\"alerts\":[@100],\"commonAnnotations\":{\"message\":\"", "abcdefgh", "\"}}"]),
    ("100 resolved alerts beside fields", JSON, &["{\"alerts\":[@100],\"status\":\"resolved\",\"commonLabels\":{\"a\":0", ",\"a#\":0", "}}"]),
    ("links", JSON, &["{\"event_action\":\"trigger\",\"payload\":{\"summary\":\"s\"},\"links\":[{\"href\":\"http://a\"}", ",{\"href\":\"http://#\"}", "]}"]),
    ("equal links", JSON, &["{\"event_action\":\"trigger\",\"payload\":{\"summary\":\"s\"},\"links\":[{\"href\":\"http://a\"}", ",{\"href\":\"http://b\"}", "]}"]),
    ("images", JSON, &["{\"event_action\":\"trigger\",\"payload\":{\"summary\":\"s\"},\"images\":[{\"src\":\"https://a\"}", ",{\"src\":\"https://#\"}", "]}"]),
    ("long summary", JSON, &["{\"alerts\":[{\"labels\":{\"alertname\":\"", "a\\u2028", "\"}}]}"]),
    ("a time", JSON, &["{\"alerts\":[{\"startsAt\":\"2025-01-01 00:00:00.", "0", "\"}]}"]),
    ("a time and blanks", JSON, &["{\"alerts\":[{\"startsAt\":\"2025-01-01 00:00:00", " ", "x\"}]}"]),
    ("byte-order marks", TEXT, &["", "\u{feff}", "x"]),
    ("placeholders of a long label", JSON, &["{\"alerts\":[{\"labels\":{\"a\":\"", "x", "\"},\"annotations\":{\"message\":\"", "{{$labels.a}}", "\"}}]}"]),
    ("alerts beside common labels", JSON, &["{\"commonLabels\":{\"b\":0", ",\"a#\":0", "},\"alerts\":[{}", ",{}", "]}"]),
    ("alerts that fire beside fields", JSON, &["{\"commonAnnotations\":{\"b\":0", ",\"a#\":0", "},\"alerts\":[{}", ",{\"status\":\"firing\",\"labels\":{\"a\":\"#\"}}", "]}"]),
    ("documents in documents", JSON, &["{\"content\":\"{\\\"content\\\":\\\"", "a ", "\\\"}\"}"]),
];

/// The three findings of the review of November 2026 (35 s, 9 s and 7 s at that time), and what is like them.
fn once_slow() -> Vec<(&'static str, &'static str, Make)> {
    let mut bodies: Vec<(_, _, Make)> = Vec::new();
    for (name, label, placeholder) in [
        ("printf of a long label", "9", r#"{{$labels.b|printf "%d"}}"#),
        ("printf in front of it", "9", r#"{{printf "%.2f" $labels.b}}"#),
        ("printf of a long value", "x", r#"{{$value|printf "%f"}}"#),
        ("a long label", "{{}}", "{{$labels.b}}"),
    ] {
        let make = |bytes: usize| {
            // As many as a body of 6 MiB once had, fewer in a smaller one.
            let message = placeholder.repeat(2_700 * bytes / BODY_MAX_BYTES);
            let label = label.repeat((bytes - message.len()) / 2 / label.len());
            let labels = json!({"alertname": "A", "b": label});
            let annotations = json!({"message": message, "value": label});
            json!({"alerts": [{"fingerprint": "f", "labels": labels, "annotations": annotations}]})
                .to_string()
        };
        bodies.push((name, JSON, Box::new(make)));
    }
    for (name, content_type, pair) in [
        ("pairs before trailing blanks", TEXT, "a=b&"),
        ("pairs before trailing blanks, encoded", FORM, "a=b&"),
        ("known pairs before trailing blanks", TEXT, "source=b & "),
    ] {
        let make = |bytes: usize| {
            let pairs = pair.repeat(1_000 * bytes / BODY_MAX_BYTES);
            format!("severity=P1&{pairs}{}\nsummary=x", " ".repeat(bytes - pairs.len()))
        };
        bodies.push((name, content_type, Box::new(make)));
    }
    for (name, member) in [
        ("a long severity beside 100 alerts", "severity"),
        ("a long status beside 100 alerts", "status"),
        ("a long receiver beside 100 alerts", "receiver"),
        ("a long group key beside 100 alerts", "groupKey"),
        ("a long unread member beside 100 alerts", "whatever"),
    ] {
        let make = |bytes: usize| {
            // Fewer beside a smaller one.
            let count = (100 * bytes / BODY_MAX_BYTES).max(1);
            let alert = |number: usize| json!({"fingerprint": number.to_string(), "labels": {"alertname": "A", "pod": number}});
            let alerts: Vec<Value> = (0..count).map(alert).collect();
            json!({"alerts": alerts, member: "x".repeat(bytes.saturating_sub(count * 80))}).to_string()
        };
        bodies.push((name, JSON, Box::new(make)));
    }
    bodies
}

/// A sample with more of what it holds.
fn grown(sample: &Sample) -> io::Result<Vec<(&'static str, Make)>> {
    let text = String::from_utf8(sample.body.clone()).map_err(io::Error::other)?;
    let more = |begin: &str, end: &str, unit: fn(usize) -> String| -> Make {
        let (begin, end) = (begin.to_owned(), end.to_owned());
        Box::new(move |bytes| with(&begin, bytes, &end, unit))
    };
    let Some((inside, end)) = text.rsplit_once('}').filter(|_| text.starts_with(['{', '['])) else {
        return Ok(vec![
            ("pairs", more(&text, "", |n| format!("&a{n}=b"))),
            ("lines", more(&text, "", |n| format!("\na{n}: b"))),
            ("long", more(&text, "", |_| "some words ".to_owned())),
        ]);
    };
    let one = text.trim_start_matches('[').trim_end_matches(']').to_owned();
    let list = move |bytes| format!("[{one}{}", with("", bytes, "]", |_| format!(",{one}")));
    let mut bodies = vec![
        ("members", more(inside, &format!("}}{end}"), |n| format!(",\"m{n}\":\"x\""))),
        ("a list of it", Box::new(list) as Make),
    ];
    if let Ok(document) = serde_json::from_str::<Value>(&text) {
        let unit = longest(&document).unwrap_or_default().to_owned();
        let long = move |bytes| {
            let mut document = document.clone();
            if let Some(text) = find(&mut document, &unit) {
                text.push_str(&" and more".repeat(bytes / 9));
            }
            document.to_string()
        };
        bodies.push(("a long text", Box::new(long)));
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
