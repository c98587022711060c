//! Whose key an event goes out under: the documented precedence, and texts that try to change it.

use crate::bridge::{Bridge, KEY, read_json, request};
use serde_json::{Value, json};

/// Stand-ins in the fixture for the keys of the places; the last is what an attacker writes into a text.
const KEYS: [(&str, &str); 5] = [
    ("own", KEY),
    ("query", "1234567890QueryQueryQueryQuery12"),
    ("header", "2345678901HeaderHeaderHeader1234"),
    ("setting", "3456789012SettingSettingSetting1"),
    ("stranger", "4567890123StrangerStrangerStrang"),
];

fn key(name: &str) -> &'static str {
    KEYS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no key of {name}")).1
}

/// The row's text with the keys in their places.
fn filled(text: &str) -> String {
    KEYS.iter().fold(text.to_owned(), |text, (name, key)| text.replace(&format!("<{name}>"), key))
}

fn text(row: &Value, name: &str) -> String {
    filled(row[name].as_str().unwrap_or_default())
}

/// The key that an event of any API carries.
fn key_of(event: &Value) -> &str {
    ["routing_key", "service_key"].iter().find_map(|name| event[*name].as_str()).unwrap_or_default()
}

/// What is wrong with the answer and the events to one row.
async fn problem(bridge: &Bridge, row: &Value) -> Option<String> {
    let query = text(row, "query");
    let path = format!("{}?{query}", row["path"].as_str().unwrap_or("/"));
    let mut headers = vec![("content-type".to_owned(), text(row, "content_type"))];
    for (name, value) in row["headers"].as_object().expect("headers") {
        headers.push((name.clone(), filled(value.as_str().expect("a text"))));
    }
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer =
        bridge.send(request("POST", path.trim_end_matches('?'), &headers, text(row, "body").into())).await;
    let events = bridge.take_events();
    let status = answer.status().as_u16();
    let said = String::from_utf8_lossy(answer.body()).into_owned();
    let mut wrong = Vec::new();
    if let Some(wanted) = row["expect_key"].as_str() {
        if !answer.status().is_success() || events.is_empty() {
            wrong.push(format!("{status} with {} events: {said}", events.len()));
        }
        for event in &events {
            if key_of(event) != key(wanted) {
                let name = KEYS.iter().find(|(_, key)| *key == key_of(event)).map(|(name, _)| *name);
                wrong.push(format!("went out under the key of {name:?}, not of {wanted}"));
            }
            if event.to_string().matches(key(wanted)).count() > 1 {
                wrong.push(format!("the key is in the event's text too: {event}"));
            }
        }
    }
    if let Some(unwanted) = row["never"].as_str() {
        if events.iter().any(|event| key_of(event) == key(unwanted)) {
            wrong.push(format!("went out under the key of {unwanted}"));
        }
        if events.is_empty() && status != 400 {
            wrong.push(format!("{status} without an event: {said}"));
        }
    }
    if row.get("status").is_some() {
        if row["status"] != json!(status) || !events.is_empty() {
            wrong.push(format!("{status} with {} events", events.len()));
        }
        for wanted in row["must_contain"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !said.to_lowercase().contains(&wanted.to_lowercase()) {
                wrong.push(format!("does not say {wanted:?}: {said}"));
            }
        }
        if KEYS.iter().any(|(_, key)| said.contains(key)) {
            wrong.push(format!("tells a key: {said}"));
        }
    }
    (!wrong.is_empty()).then(|| format!("{}: {}", text(row, "name"), wrong.join("; ")))
}

#[tokio::test]
async fn each_key_is_taken_from_its_place_and_no_text_chooses_it() {
    let without_setting = Bridge::start().await;
    let with_setting = Bridge::with(&[("PAGERDUTY_INTEGRATION_KEY", key("setting"))]).await;
    let Value::Array(rows) = read_json("tests/fixtures/keys.json") else { panic!("no rows") };
    let mut problems = Vec::new();
    for row in rows {
        let is_set = row["setting"].as_bool().expect("whether the setting is set");
        let bridge = if is_set { &with_setting } else { &without_setting };
        problems.extend(problem(bridge, &row).await);
    }
    assert!(problems.is_empty(), "{} wrong:\n{}", problems.len(), problems.join("\n"));
}
