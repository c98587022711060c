//! The samples of `events/`, each against what was written down by hand from the contract, and as a
//! whole against the golden event.

use crate::bridge::{Bridge, read_json, repository, samples, unpack};
use serde_json::{Map, Value, json};

/// Formats and APIs that are not spoken yet.
const LATER: [&str; 3] = ["preset-", "pagerduty-", "cloudmonitor-"];

#[tokio::test]
async fn every_sample_becomes_the_events_that_were_written_by_hand() {
    let bridge = Bridge::start().await;
    let expected = read_json("tests/fixtures/expected.json");
    let mut problems = Vec::new();
    for (name, event) in samples() {
        if LATER.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let answer = bridge.send(unpack(&event)).await;
        let status = answer.status().as_u16();
        let mut events: Vec<Value> = bridge.take_events();
        let wanted = expected[&name].as_array().unwrap_or_else(|| panic!("nothing expected of {name}"));
        if status != 202 || events.len() != wanted.len() {
            problems.push(format!("{name}: {status}, {} events for {}", events.len(), wanted.len()));
            continue;
        }
        for wanted in wanted {
            let found = events.iter().position(|event| mismatches(wanted, event).is_empty());
            match found {
                Some(place) => drop(events.remove(place)),
                None => problems.push(format!(
                    "{name}: wanted {wanted:#}\nnearest {:#?}",
                    events.first().map(|event| mismatches(wanted, event))
                )),
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The fields in which an event is not what was wanted; `?` is anything.
fn mismatches(wanted: &Value, event: &Value) -> Vec<String> {
    let empty = Map::new();
    let payload = event["payload"].as_object().unwrap_or(&empty);
    let is_trigger = event["event_action"] == json!("trigger");
    let mut wrong = Vec::new();
    for (name, wanted) in wanted.as_object().expect("an object") {
        let actual = match name.as_str() {
            "event_action" | "dedup_key" => &event[name],
            "why" | "reading" | "api" | "summary_starts_with" | "summary_not_blank" => continue,
            _ if !is_trigger => continue,
            _ => payload.get(name).unwrap_or(&Value::Null),
        };
        if *wanted != json!("?") && actual != wanted {
            wrong.push(format!("{name}: {actual} for {wanted}"));
        }
    }
    if let Some(start) = wanted["summary_starts_with"].as_str() {
        let summary = payload.get("summary").and_then(Value::as_str).unwrap_or_default();
        if !summary.starts_with(start) {
            wrong.push(format!("summary: {summary:?} does not start with {start:?}"));
        }
    }
    wrong
}

/// `UPDATE_GOLDEN=1 cargo test golden` writes the files anew; CI never does.
#[tokio::test]
async fn every_sample_becomes_its_golden_events() {
    let bridge = Bridge::start().await;
    let update = std::env::var_os("UPDATE_GOLDEN").is_some() && std::env::var_os("CI").is_none();
    let mut problems = Vec::new();
    for (name, event) in samples() {
        if LATER.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        bridge.send(unpack(&event)).await;
        let mut events = bridge.take_events();
        events.sort_by_key(|event| event["dedup_key"].to_string());
        let path = repository().join("tests/golden").join(&name);
        let text = format!("{:#}\n", Value::Array(events));
        if update {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, &text).expect("a golden file");
        } else if std::fs::read_to_string(&path).unwrap_or_default() != text {
            problems.push(format!("{name} is not {}, but\n{text}", path.display()));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
