//! The samples of `events/`, each against what was written down by hand from the documented mapping, and as a
//! whole against the golden event.

use crate::bridge::{Bridge, read_json, repository, samples, unpack};
use serde_json::{Value, json};

#[tokio::test]
async fn every_sample_becomes_the_events_that_were_written_by_hand() {
    let bridge = Bridge::start().await;
    let expected = read_json("tests/fixtures/expected.json");
    let mut problems = Vec::new();
    for (name, event) in samples() {
        let answer = bridge.send(unpack(&event)).await;
        let status = answer.status().as_u16();
        let mut events: Vec<Value> = bridge.take_events();
        let wanted = expected[&name].as_array().unwrap_or_else(|| panic!("nothing expected of {name}"));
        let accepted = if name == "pagerduty-v1.json" { 200 } else { 202 };
        if status != accepted || events.len() != wanted.len() {
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

/// The fields in which an event, of whatever API, is not what was wanted; `?` is anything.
fn mismatches(wanted: &Value, event: &Value) -> Vec<String> {
    let is_trigger = event["event_action"] == json!("trigger") || event.get("event_type").is_none();
    let mut wrong = Vec::new();
    for (name, wanted) in wanted.as_object().expect("an object") {
        let places: &[&str] = match name.as_str() {
            "event_action" => &["/event_action", "/event_type"],
            "dedup_key" => &["/dedup_key", "/incident_key"],
            "why" | "reading" | "api" | "summary_starts_with" | "summary_not_blank" => continue,
            _ if !is_trigger || event["event_action"] == json!("resolve") => continue,
            "summary" => &["/payload/summary", "/description"],
            _ => &[&format!("/payload/{name}")],
        };
        let actual = places.iter().find_map(|place| event.pointer(place)).unwrap_or(&Value::Null);
        if *wanted != json!("?") && actual != wanted {
            wrong.push(format!("{name}: {actual} for {wanted}"));
        }
    }
    let summary = event.pointer("/payload/summary").and_then(Value::as_str).unwrap_or_default();
    if let Some(start) = wanted["summary_starts_with"].as_str()
        && !summary.starts_with(start)
    {
        wrong.push(format!("summary: {summary:?} does not start with {start:?}"));
    }
    wrong
}

/// Each sample on each API. `UPDATE_GOLDEN=1 cargo test golden` writes the files anew; CI never does.
#[tokio::test]
async fn every_sample_becomes_its_golden_events_on_every_api() {
    let bridge = Bridge::start().await;
    let update = std::env::var_os("UPDATE_GOLDEN").is_some() && std::env::var_os("CI").is_none();
    let mut problems = Vec::new();
    for (name, event) in samples() {
        for (api, path) in [("v2", "/v2/enqueue"), ("change", "/v2/change/enqueue"), ("v1", "/v1")] {
            let mut request = unpack(&event);
            let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
            *request.uri_mut() = format!("{path}{query}").parse().expect("a path");
            let answer = bridge.send(request).await;
            let mut events = bridge.take_events();
            assert!(answer.status().is_success() && !events.is_empty(), "{name} on {api}: {answer:?}");
            events.sort_by_cached_key(Value::to_string);
            let path = repository().join("tests/golden").join(api).join(&name);
            let text = format!("{:#}\n", Value::Array(events));
            if update {
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                std::fs::write(&path, &text).expect("a golden file");
            } else if std::fs::read_to_string(&path).unwrap_or_default() != text {
                problems.push(format!("{name} is not {}, but\n{text}", path.display()));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
