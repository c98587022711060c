//! The tables of documented behaviour, row by row.

use crate::bridge::{Bridge, KEY, read_json, request};
use serde_json::{Map, Value, json};

fn rows(name: &str) -> Vec<Value> {
    let Value::Array(rows) = read_json(format!("tests/fixtures/{name}.json")) else {
        panic!("{name}: no rows")
    };
    rows
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

fn check(problems: &[String]) {
    assert!(problems.is_empty(), "{} wrong:\n{}", problems.len(), problems.join("\n"));
}

#[tokio::test]
async fn severities() {
    let bridge = Bridge::start().await;
    let mut problems = Vec::new();
    for row in rows("severity") {
        let mut labels = Map::from_iter([("alertname".to_owned(), json!("X"))]);
        let mut common = Map::new();
        for (object, label, name) in
            [(&mut labels, "severity", "severity_label"), (&mut common, "severity", "common_severity")]
        {
            if let Some(word) = row[name].as_str() {
                object.insert(label.to_owned(), json!(word));
            }
        }
        if let Some(word) = row["arms_level"].as_str() {
            labels.insert("_aliyun_arms_alert_level".to_owned(), json!(word));
        }
        let body = json!({
            "integration_key": KEY, "status": "firing", "level": row["level"], "commonLabels": common,
            "alerts": [{"status": "firing", "labels": labels}],
        });
        bridge.post("/", "application/json", &body.to_string()).await;
        let severity = bridge.take_events()[0]["payload"]["severity"].clone();
        if severity != row["expect"] {
            problems.push(format!("{severity} for {row}"));
        }
    }
    check(&problems);
}

#[tokio::test]
async fn identities() {
    let bridge = Bridge::start().await;
    let mut problems = Vec::new();
    for row in rows("identity") {
        let path = row["path"].as_str().unwrap_or("/v2/enqueue");
        let answer = bridge.post(path, text(&row, "content_type"), text(&row, "body")).await;
        let mut keys: Vec<Value> =
            bridge.take_events().iter().map(|event| event["dedup_key"].clone()).collect();
        // A notification that names its group and in which nothing fires resolves the group's key too.
        if let Some(group_key) = row.get("group_key") {
            match keys.iter().position(|key| key == group_key) {
                Some(place) => drop(keys.remove(place)),
                None => problems.push(format!("the group's key is not resolved for {row:#}")),
            }
        }
        if keys != [row["dedup_key"].clone()] && row["dedup_key"] != json!("?") {
            problems.push(format!("{keys:?}, {} {:?} for {row:#}", answer.status(), answer.body()));
        }
    }
    check(&problems);
}

#[tokio::test]
async fn actions() {
    let bridge = Bridge::start().await;
    let mut problems = Vec::new();
    for row in rows("actions") {
        let path = row["path"].as_str().unwrap_or("/v2/enqueue");
        bridge.post(path, text(&row, "content_type"), text(&row, "body")).await;
        let mut events = bridge.take_events();
        for wanted in row["expect"].as_array().expect("a list") {
            let place = events.iter().position(|event| {
                wanted.as_object().expect("an object").iter().all(|(name, wanted)| match name.as_str() {
                    "severity" => event["payload"][name] == *wanted,
                    _ => event[name] == *wanted || *wanted == json!("?"),
                })
            });
            match place {
                Some(place) => drop(events.remove(place)),
                None => problems.push(format!("{}: {wanted} is not in {events:#?}", text(&row, "name"))),
            }
        }
        if !events.is_empty() {
            problems.push(format!("{}: too many events: {events:#?}", text(&row, "name")));
        }
    }
    check(&problems);
}

#[tokio::test]
async fn refusals_say_what_to_mend_and_reach_nobody() {
    let bridge = Bridge::start().await;
    let mut problems = Vec::new();
    for row in rows("refusals") {
        let headers = row["headers"].as_object().expect("headers");
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str().expect("a text"))).collect();
        let body = match row.get("body_repeat") {
            Some(repeat) => text(repeat, "text")
                .repeat(usize::try_from(repeat["times"].as_u64().expect("a number")).expect("a size")),
            None => text(&row, "body").to_owned(),
        };
        let path = format!("{}?{}", text(&row, "path"), text(&row, "query"));
        let answer = bridge
            .send(request(text(&row, "method"), path.trim_end_matches('?'), &headers, body.into()))
            .await;
        let (status, said) =
            (answer.status().as_u16(), String::from_utf8_lossy(answer.body()).to_lowercase());
        let mut wrong = Vec::new();
        if json!(status) != row["status"] {
            wrong.push(format!("status {status}"));
        }
        for wanted in row["must_contain"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !said.contains(&wanted.to_lowercase()) {
                wrong.push(format!("does not say {wanted:?}"));
            }
        }
        for unwanted in row["must_not_contain"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if said.contains(&unwanted.to_lowercase()) {
                wrong.push(format!("says {unwanted:?}"));
            }
        }
        if let Some(allow) = row["allow"].as_str()
            && answer.headers().get("allow").is_none_or(|value| value != allow)
        {
            wrong.push("has another Allow header".to_owned());
        }
        if status < 400 && !bridge.take_events().is_empty() || said.contains("\"success\"") {
            wrong.push("was taken".to_owned());
        }
        if !wrong.is_empty() {
            problems.push(format!("{}: {}: {said}", text(&row, "name"), wrong.join(", ")));
        }
    }
    check(&problems);
}
