//! Every alert source of Alibaba Cloud and of its users, read as its sender meant it
//! (`docs/sources.md`), row by row; then what holds for every body of a source.
//!
//! A row of `tests/fixtures/sources.json` posts `body` to `path` (else `/v2/enqueue`) with the header
//! `x-integration-key`, or with `headers` instead, and says which events PagerDuty must get, in any
//! order. An event is described by:
//! - `event_action`, `dedup_key`, `severity`, `summary`, `source`, `component`, `group`, `class`,
//!   `timestamp`, `client`, `client_url`: the exact value
//! - `identity_lines`: the lines of which the dedup key is the hash
//! - `dedup_key_starts_with`, `client_contains` (letter case ignored), `summary_contains` (a list)
//! - `links`, `images`: addresses that must be among the event's
//! - `details`: a subset of `custom_details`, at every depth
//! - `holds`: names that stand somewhere in `custom_details` with these values, or supersets of them
//! - `absent`: JSON pointers to nothing
//!
//! And the row: `same_key_as` names a row with the same dedup keys, `other_key_than` lists rows that
//! share none, `whole_event_contains` lists texts that some event contains. An extra resolve of a
//! group's key (`arms-group-…`) is neither asked for nor forbidden. What a row leaves out is open.

use crate::bridge::{Bridge, KEY, read_json, request};
use arms_pagerduty::config::Config;
use arms_pagerduty::relay::Invocation;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use http::Response;
use pagerduty_standin::{Fault, Options, Standin};
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestCaseError, TestRunner};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use tokio::runtime::Runtime;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const TEXT: &str = "text/plain; charset=UTF-8";
const GROUP_PREFIX: &str = "arms-group-";
const ONCE_PREFIX: &str = "arms-once-";

/// What the function answered, and the events that PagerDuty got.
struct Outcome {
    status: u16,
    said: String,
    events: Result<Vec<Value>, String>,
}

impl Outcome {
    fn answer(&self) -> Value {
        serde_json::from_str(&self.said).unwrap_or_default()
    }

    /// The events, where none of them may be refused.
    fn events(self) -> Vec<Value> {
        self.events.unwrap_or_else(|refusal| panic!("PagerDuty refuses: {refusal}"))
    }
}

/// A request with an id of its own, as every host gives it.
async fn send(bridge: &Bridge, id: &str, path: &str, headers: &[(&str, &str)], body: Bytes) -> Outcome {
    let invocation = Invocation { request_id: id.to_owned(), deadline: None };
    let answer: Response<Bytes> =
        bridge.relay.handle(request("POST", path, headers, body), &invocation).await;
    let received = bridge.standin.requests();
    bridge.standin.clear();
    let events = received.into_iter().map(|request| {
        let Some(api) = request.api else { return Err("a path that PagerDuty does not have".to_owned()) };
        pagerduty_standin::check(api, &request.body).map_err(|refusal| format!("{:?}", refusal.errors()))
    });
    Outcome {
        status: answer.status().as_u16(),
        said: String::from_utf8_lossy(answer.body()).into_owned(),
        events: events.collect(),
    }
}

async fn post(bridge: &Bridge, id: &str, path: &str, content_type: &str, body: &str) -> Outcome {
    let headers = [("content-type", content_type), ("x-integration-key", KEY)];
    send(bridge, id, path, &headers, body.to_owned().into()).await
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a str> {
    value[name].as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn dedup_key(event: &Value) -> &str {
    ["dedup_key", "incident_key"].iter().find_map(|name| event[name].as_str()).unwrap_or_default()
}

fn is_group(event: &Value) -> bool {
    dedup_key(event).starts_with(GROUP_PREFIX) && event["event_action"] == "resolve"
}

/// `arms-` and the SHA-256 of the lines, sorted by bytes, each ended by a line break.
fn key_of_lines(lines: &Value) -> String {
    let mut lines: Vec<&str> = lines.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    lines.sort_unstable();
    let text: String = lines.iter().flat_map(|line| [*line, "\n"]).collect();
    let mut key = "arms-".to_owned();
    for byte in Sha256::digest(text) {
        write!(key, "{byte:02x}").expect("a string");
    }
    key
}

/// Whether every member of `wanted` is in `actual`, at every depth; lists have to be equal.
fn is_subset(wanted: &Value, actual: &Value) -> bool {
    match (wanted, actual) {
        (Value::Object(wanted), Value::Object(actual)) => wanted
            .iter()
            .all(|(name, wanted)| actual.get(name).is_some_and(|actual| is_subset(wanted, actual))),
        _ => wanted == actual,
    }
}

/// Whether a member of this name and value is somewhere in `place`.
fn is_in(name: &str, wanted: &Value, place: &Value) -> bool {
    match place {
        Value::Object(members) => {
            members.get(name).is_some_and(|actual| is_subset(wanted, actual))
                || members.values().any(|member| is_in(name, wanted, member))
        }
        Value::Array(items) => items.iter().any(|item| is_in(name, wanted, item)),
        _ => false,
    }
}

/// What of a v2 event is not as it was described.
fn mismatches(wanted: &Value, event: &Value) -> Vec<String> {
    let payload = &event["payload"];
    let details = &payload["custom_details"];
    let mut wrong = Vec::new();
    let mut demand = |is_met: bool, what: String| {
        if !is_met {
            wrong.push(what);
        }
    };
    for (name, value) in wanted.as_object().expect("an object") {
        let texts = || list(wanted, name);
        match name.as_str() {
            "event_action" | "dedup_key" | "client" | "client_url" => {
                demand(event[name] == *value, format!("{name} is {}, not {value}", event[name]));
            }
            "identity_lines" => {
                let key = key_of_lines(value);
                demand(
                    dedup_key(event) == key,
                    format!("dedup_key is {}, not {key} of {value}", event["dedup_key"]),
                );
            }
            "dedup_key_starts_with" => {
                let starts = dedup_key(event).starts_with(text(wanted, name));
                demand(
                    starts,
                    format!("dedup_key is {}, which does not start with {value}", event["dedup_key"]),
                );
            }
            "client_contains" => {
                let client = text(event, "client").to_lowercase();
                let contains = client.contains(&text(wanted, name).to_lowercase());
                demand(contains, format!("client is {}, without {value}", event["client"]));
            }
            "summary_contains" => {
                let summary = text(payload, "summary");
                for part in texts().filter(|part| !summary.contains(part)) {
                    demand(false, format!("summary is {summary:?}, without {part:?}"));
                }
            }
            "links" | "images" => {
                let field = if name == "links" { "href" } else { "src" };
                let shown: Vec<&str> =
                    event[name].as_array().into_iter().flatten().map(|item| text(item, field)).collect();
                for address in texts().filter(|address| !shown.contains(address)) {
                    demand(false, format!("{name} are {shown:?}, without {address}"));
                }
            }
            "details" => {
                for (name, value) in value.as_object().expect("an object") {
                    let actual = &details[name];
                    demand(
                        is_subset(value, actual),
                        format!("custom_details.{name} is {actual}, without {value}"),
                    );
                }
            }
            "holds" => {
                for (name, value) in value.as_object().expect("an object") {
                    let is_there = is_in(name, value, details);
                    demand(is_there, format!("nowhere in custom_details is {name}: {value}"));
                }
            }
            "absent" => {
                for pointer in texts().filter(|pointer| event.pointer(pointer).is_some()) {
                    demand(false, format!("{pointer} is there"));
                }
            }
            _ => demand(payload[name] == *value, format!("{name} is {}, not {value}", payload[name])),
        }
    }
    wrong
}

/// Each description its own event: the one with its key, else the one with the fewest mismatches.
fn compare(wanted: &[Value], mut events: Vec<Value>) -> Vec<String> {
    let mut wrong = Vec::new();
    for wanted in wanted {
        let has_other_key =
            |mismatches: &[String]| mismatches.iter().any(|what| what.starts_with("dedup_key"));
        let nearest = events
            .iter()
            .map(|event| mismatches(wanted, event))
            .enumerate()
            .min_by_key(|(_, mismatches)| (has_other_key(mismatches), mismatches.len()));
        match nearest {
            Some((place, mismatches)) => {
                events.remove(place);
                wrong.extend(mismatches);
            }
            None => wrong.push(format!("no event for {wanted}")),
        }
    }
    for event in events.iter().filter(|event| !is_group(event)) {
        wrong.push(format!("one event too many: {} {}", event["event_action"], event["dedup_key"]));
    }
    wrong
}

/// The dedup keys of each row, for the rows that speak of others.
type Keys = BTreeMap<String, BTreeSet<String>>;

async fn run(bridge: &Bridge, number: usize, row: &Value, keys: &mut Keys) -> Vec<String> {
    let mut headers: Vec<(&str, &str)> = vec![("content-type", text(row, "content_type"))];
    match row["headers"].as_object() {
        Some(own) => {
            headers.extend(own.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))));
        }
        None => headers.push(("x-integration-key", KEY)),
    }
    let path = format!("{}?{}", row["path"].as_str().unwrap_or("/v2/enqueue"), text(row, "query"));
    let body = text(row, "body").to_owned().into();
    let outcome = send(bridge, &format!("row-{number}"), path.trim_end_matches('?'), &headers, body).await;
    let mut wrong = Vec::new();
    if outcome.status != 202 {
        wrong.push(format!("answered {}: {}", outcome.status, outcome.said));
    }
    match outcome.events {
        Err(refusal) => wrong.push(format!("PagerDuty refuses: {refusal}")),
        Ok(events) => {
            let own = events.iter().filter(|event| !is_group(event)).map(|event| dedup_key(event).to_owned());
            keys.insert(text(row, "name").to_owned(), own.collect());
            let whole = Value::Array(events.clone()).to_string();
            for part in list(row, "whole_event_contains") {
                let quoted = Value::from(part).to_string();
                if !whole.contains(quoted.trim_matches('"')) {
                    wrong.push(format!("{part:?} is nowhere in the events"));
                }
            }
            wrong.extend(compare(row["expect"].as_array().expect("a list"), events));
        }
    }
    wrong
}

fn compare_keys(row: &Value, keys: &Keys) -> Vec<String> {
    let of = |name: &str| keys.get(name).cloned().unwrap_or_default();
    let own = of(text(row, "name"));
    let mut wrong = Vec::new();
    if let Some(other) = row["same_key_as"].as_str()
        && (own != of(other) || own.is_empty())
    {
        wrong.push(format!("the key is {own:?}, not {:?} as in `{other}`", of(other)));
    }
    for other in list(row, "other_key_than").filter(|other| !own.is_disjoint(&of(other))) {
        wrong.push(format!("the key is {own:?} as in `{other}`"));
    }
    wrong
}

#[tokio::test]
async fn every_source_is_read_as_its_sender_meant_it() {
    let bridge = Bridge::start().await;
    let Value::Array(rows) = read_json("tests/fixtures/sources.json") else { panic!("no rows") };
    let mut keys = Keys::new();
    let mut found = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        found.push(run(&bridge, number, row, &mut keys).await);
    }
    let mut problems = Vec::new();
    for (row, mut wrong) in rows.iter().zip(found) {
        wrong.extend(compare_keys(row, &keys));
        if !wrong.is_empty() {
            let (source, name, why) = (text(row, "source"), text(row, "name"), text(row, "why"));
            problems.push(format!("[{source}] {name}\n    rule: {why}\n    {}", wrong.join("\n    ")));
        }
    }
    assert!(
        problems.is_empty(),
        "{} of {} rows are wrong:\n{}",
        problems.len(),
        rows.len(),
        problems.join("\n")
    );
}

/// A row that names no other row by mistake would check nothing.
#[test]
fn the_rows_name_each_other_rightly() {
    let Value::Array(rows) = read_json("tests/fixtures/sources.json") else { panic!("no rows") };
    let names: Vec<&str> = rows.iter().map(|row| text(row, "name")).collect();
    for (place, name) in names.iter().enumerate() {
        assert!(
            !name.is_empty() && !names.iter().take(place).any(|earlier| earlier == name),
            "{name:?} twice"
        );
    }
    for row in &rows {
        let others = row["same_key_as"].as_str().into_iter().chain(list(row, "other_key_than"));
        for other in others {
            assert!(names.contains(&other) && other != text(row, "name"), "{}: {other}", text(row, "name"));
        }
    }
}

/// What changes from one notification about an alert to the next.
#[derive(Debug, Clone)]
struct Volatile {
    seconds: u64,
    number: u32,
    id: String,
    text: String,
}

/// Times in the past, and texts with signs that mean something in some format.
fn volatile() -> impl Strategy<Value = Volatile> + Clone {
    let text = prop_oneof![
        "[ -~]{0,40}",
        "[a-z 一-龥：，=&\"{}\\[\\]$%/-]{0,40}",
        prop::sample::select(vec![
            "恢复时间：2025-03-14 10:52:40",
            "status=resolved",
            "Executed",
            "curLevel: OK",
            "已恢复",
            "\"status\":\"resolved\"",
            "integration_key=ffffffffffffffffffffffffffffffff",
            "$alertmanager_content",
        ])
        .prop_map(str::to_owned),
    ];
    (1_600_000_000..1_741_000_000_u64, 0..1_000_000_u32, "[0-9a-f]{12}", text)
        .prop_map(|(seconds, number, id, text)| Volatile { seconds, number, id, text })
}

impl Volatile {
    /// `2025-03-14 10:31:07` and the like: the day of the month and the clock change.
    fn date(&self, between: &str) -> String {
        let (day, clock) = (self.seconds / 86_400 % 28 + 1, self.seconds % 86_400);
        format!("2025-01-{day:02}{between}{:02}:{:02}:{:02}", clock / 3_600, clock / 60 % 60, clock % 60)
    }

    fn ms(&self) -> u64 {
        self.seconds * 1_000
    }
}

/// A source's body: whether the alert fires, and what changes.
type Body = fn(bool, &Volatile) -> String;

/// The sources whose alerts recover. The identity of each alert is fixed, all else changes.
const SOURCES: [(&str, &str, Body); 13] = [
    ("CloudMonitor 1.0 form", FORM, cloudmonitor_form),
    ("CloudMonitor 1.0 JSON", JSON, |fires, volatile| cloudmonitor(fires, volatile).to_string()),
    ("CloudMonitor 1.0 through MNS", JSON, |fires, volatile| mns(fires, volatile).to_string()),
    ("CloudMonitor system event", JSON, |fires, volatile| system_event(fires, volatile).to_string()),
    ("CloudMonitor 2.0", JSON, |fires, volatile| cloudmonitor_2(fires, volatile).to_string()),
    ("Log Service", JSON, |fires, volatile| log_service(fires, volatile).to_string()),
    ("Log Service, text template", TEXT, log_service_lines),
    ("EventBridge", JSON, |fires, volatile| event_bridge(fires, volatile).to_string()),
    ("Grafana", JSON, |fires, volatile| grafana(fires, volatile).to_string()),
    ("Grafana, legacy", JSON, |fires, volatile| grafana_legacy(fires, volatile).to_string()),
    ("chat template, Feishu", JSON, |fires, volatile| {
        json!({"msg_type": "text", "content": {"text": preset_lines(fires, volatile)}}).to_string()
    }),
    ("chat template, DingTalk", JSON, |fires, volatile| {
        json!({"msgtype": "text", "text": {"content": preset_lines(fires, volatile)}}).to_string()
    }),
    ("chat template, WeCom markdown", JSON, |fires, volatile| {
        json!({"msgtype": "markdown", "markdown": {"content": preset_lines(fires, volatile)}}).to_string()
    }),
];

/// Those that only ever fire.
const FIRING_SOURCES: [(&str, &str, Body); 2] = [
    ("kube-eventer", JSON, |_, volatile| kube_eventer(volatile).to_string()),
    ("ARMS, older content", TEXT, |_, volatile| {
        format!("报警名称：应用响应时间过长\n报警时间：{}\n报警内容：{}", volatile.date(" "), volatile.text)
    }),
];

fn cloudmonitor(fires: bool, volatile: &Volatile) -> Value {
    json!({
        "alertName": "ECS CPU", "alertState": if fires { "ALERT" } else { "OK" }, "curValue": volatile.number.to_string(),
        "dimensions": "{instanceId=i-fake01, userId=1000000000000001}", "expression": "$Average>90",
        "instanceName": "web-01", "metricName": "cpu_total", "ruleId": "rule-1",
        "triggerLevel": if fires { ["CRITICAL", "WARN", "INFO"][volatile.number as usize % 3] } else { "OK" },
        "preTriggerLevel": if fires { "null" } else { "WARN" }, "timestamp": volatile.ms().to_string(),
        "lastTime": format!("{} min", volatile.number), "transId": volatile.id, "userId": "1000000000000001",
    })
}

fn cloudmonitor_form(fires: bool, volatile: &Volatile) -> String {
    let body = cloudmonitor(fires, volatile);
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in body.as_object().expect("an object") {
        form.append_pair(name, value.as_str().unwrap_or_default());
    }
    form.finish()
}

fn mns(fires: bool, volatile: &Volatile) -> Value {
    let level = if fires { ["CRITICAL", "WARN", "INFO"][volatile.number as usize % 3] } else { "OK" };
    json!({
        "ruleId": "rule-1", "ruleName": "ECS memory", "curLevel": level, "preLevel": "WARN", "eventName": "Alert",
        "eventType": "Alert", "resources": r#"[{"instanceId":"i-fake01"}]"#, "metricName": "memory",
        "metricData": {"Average": volatile.number, "timestamp": volatile.ms()},
        "escalation": {"comparisonOperator": ">", "statistics": "Average", "threshold": 90, "times": 3, "tag": volatile.text},
        "time": volatile.ms(), "batchId": volatile.id,
    })
}

fn system_event(fires: bool, volatile: &Volatile) -> Value {
    let part = if fires {
        ["Executing", "Scheduled", "Inquiring", "Failed"][volatile.number as usize % 4]
    } else {
        ["Executed", "Avoided", "Canceled", "Recovered", "Resolved"][volatile.number as usize % 5]
    };
    json!({
        "product": "ECS", "name": format!("Disk:Stalled:{part}"), "level": if fires { "CRITICAL" } else { "INFO" },
        "resourceId": "acs:ecs:cn-hangzhou:1000000000000001:instance/i-fake01", "instanceName": "web-01",
        "status": part, "time": volatile.ms(), "id": volatile.id, "ver": "1.0",
        "content": {"eventId": "e-fake01", "reason": volatile.text, "executeFinishTime": volatile.date("T")},
    })
}

fn cloudmonitor_2(fires: bool, volatile: &Volatile) -> Value {
    let labels = if volatile.number.is_multiple_of(2) { json!({}) } else { json!({"team": volatile.id}) };
    json!({
        "specversion": "1.0", "id": volatile.id, "type": "ALERT",
        "subtype": if fires { "NORMAL_TRIGGER" } else { "NORMAL_RESOLVE" },
        "status": if fires { ["OCCURRED", "PERSISTENT"][volatile.number as usize % 2] } else { ["RESOLVED", "RECOVERED"][volatile.number as usize % 2] },
        "time": format!("{}+0800", volatile.date("T")), "timestamp": volatile.ms(), "subject": "CPU", "severity": "ERROR",
        "ruleId": "rule-1", "alertEntityId": "entity-1", "alertMessage": volatile.text, "traceId": volatile.id,
        "resource": {"entity": {"entity_id": "i-fake01", "prop": {"instanceName": "web-01"}}},
        "labels": labels, "annotations": {"note": volatile.id}, "data": {"value": volatile.number, "threshold": 90},
    })
}

fn log_service(fires: bool, volatile: &Volatile) -> Value {
    json!({
        "aliuid": "1000000000000001", "alert_instance_id": volatile.id, "alert_id": "alert-1", "alert_name": "errors",
        "region": "cn-hangzhou", "project": "log-fake", "alert_time": volatile.seconds, "fire_time": volatile.seconds,
        "resolve_time": if fires { 0 } else { volatile.seconds + 60 }, "status": if fires { "firing" } else { "resolved" },
        "fire_results": [{"cnt": volatile.number}], "labels": {}, "annotations": {"title": volatile.text}, "severity": 8,
    })
}

fn log_service_lines(fires: bool, volatile: &Volatile) -> String {
    format!(
        "- 所属项目：log-fake\n- 告警名称：错误日志过多\n- 首次触发：2025-01-01 00:00:00\n- 告警时间：{}\n- 告警状态：{}\n- 告警严重度：{}\n- 告警标签：{{\"app\":\"checkout\"}}\n- 告警标注：{}",
        volatile.date(" "),
        if fires { "触发告警" } else { "恢复通知" },
        ["严重", "高", "中", "低", "仅报告"][volatile.number as usize % 5],
        json!({"desc": volatile.text}),
    )
}

fn event_bridge(fires: bool, volatile: &Volatile) -> Value {
    let part = if fires { ["Executing", "Failed"] } else { ["Executed", "Recovered"] };
    json!({
        "id": volatile.id, "source": "acs.ecs", "specversion": "1.0",
        "type": format!("ecs:Disk:DiskError:{}", part[volatile.number as usize % 2]),
        "subject": "acs:ecs:cn-hangzhou:1000000000000001:instance/i-fake01",
        "time": format!("{}+08:00", volatile.date("T")), "aliyunpublishtime": format!("{}+08:00", volatile.date("T")),
        "data": {"eventId": "e-fake01", "level": "CRITICAL", "reason": volatile.text},
    })
}

fn grafana(fires: bool, volatile: &Volatile) -> Value {
    let status = if fires { "firing" } else { "resolved" };
    json!({
        "receiver": "bridge", "status": status, "orgId": 1, "title": volatile.text, "state": if fires { "alerting" } else { "ok" },
        "message": volatile.text, "externalURL": "https://grafana.example.com/", "groupKey": "{}:{}",
        "alerts": [{
            "status": status, "labels": {"alertname": "latency", "instance": "checkout-01"},
            "annotations": {"summary": volatile.text}, "startsAt": format!("{}Z", volatile.date("T")),
            "values": {"B": volatile.number}, "valueString": volatile.id,
            "dashboardURL": format!("https://grafana.example.com/d/{}", volatile.id),
        }],
    })
}

fn grafana_legacy(fires: bool, volatile: &Volatile) -> Value {
    let state = if fires { ["alerting", "no_data", "pending"][volatile.number as usize % 3] } else { "ok" };
    json!({
        "dashboardId": 1, "panelId": 2, "orgId": 1, "ruleId": 42, "ruleName": "Latency", "state": state,
        "title": volatile.text, "message": volatile.text, "tags": {"team": volatile.id},
        "evalMatches": [{"value": volatile.number, "metric": "p99", "tags": {}}],
        "ruleUrl": format!("https://grafana.example.com/d/1?from={}", volatile.ms()),
    })
}

fn kube_eventer(volatile: &Volatile) -> Value {
    json!({
        "EventType": "Warning", "EventKind": "Pod", "EventReason": "BackOff", "EventNamespace": "shop",
        "EventName": "checkout-0.17a2", "EventTime": format!("{} +0800 CST", volatile.date(" ")),
        "EventMessage": format!("Back-off {}", volatile.text),
    })
}

fn preset_lines(fires: bool, volatile: &Volatile) -> String {
    let time = if fires { "Alert time" } else { "Time resolved" };
    format!(
        "Alert name: PodRestarts\nCluster name: prod\nApplication name: checkout\nNotification policy: platform\n{time}: {}\nAlert content: {}",
        volatile.date(" "),
        volatile.text,
    )
}

/// Runs a property in which the function is called: 64 cases.
fn for_all<S: Strategy>(
    strategy: S,
    property: impl Fn(&Runtime, &Bridge, S::Value) -> Result<(), TestCaseError>,
) -> Result<(), String>
where
    S::Value: Clone,
{
    let runtime = Runtime::new().expect("a runtime");
    let bridge = runtime.block_on(Bridge::start());
    let mut runner = TestRunner::new(Cases { cases: 64, failure_persistence: None, ..Cases::default() });
    runner.run(&strategy, |value| property(&runtime, &bridge, value)).map_err(|error| error.to_string())
}

/// Sends the body; the actions and keys of its events, the group's apart.
fn actions_and_keys(
    runtime: &Runtime,
    bridge: &Bridge,
    content_type: &str,
    body: &str,
    id: &str,
) -> Result<Vec<(String, String)>, TestCaseError> {
    let outcome = runtime.block_on(post(bridge, id, "/v2/enqueue", content_type, body));
    let events = outcome.events.map_err(|refusal| TestCaseError::fail(format!("{refusal}: {body}")))?;
    let own = events.iter().filter(|event| !is_group(event));
    Ok(own.map(|event| (text(event, "event_action").to_owned(), dedup_key(event).to_owned())).collect())
}

/// All problems of the sources together.
fn report(results: impl Iterator<Item = (&'static str, Result<(), String>)>) {
    let problems: Vec<String> =
        results.filter_map(|(name, result)| Some(format!("[{name}] {}", result.err()?))).collect();
    assert!(problems.is_empty(), "{} wrong:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn firing_and_recovery_share_their_key_whatever_else_changes() {
    report(SOURCES.into_iter().map(|(name, content_type, body)| {
        let result =
            for_all([volatile(), volatile(), volatile()], |runtime, bridge, [first, again, over]| {
                let tell = |fires, volatile: &Volatile, id: &str| {
                    actions_and_keys(runtime, bridge, content_type, &body(fires, volatile), id)
                };
                let fired = tell(true, &first, "first")?;
                let fired_again = tell(true, &again, "again")?;
                let recovered = tell(false, &over, "over")?;
                prop_assert_eq!(fired.len(), 1);
                prop_assert_eq!(&fired, &fired_again, "the second notification is another alert");
                let [(action, key)] = fired.as_slice() else { panic!("counted above") };
                prop_assert_eq!(action, "trigger");
                prop_assert_eq!(recovered, [("resolve".to_owned(), key.clone())]);
                Ok(())
            });
        (name, result)
    }));
}

#[test]
fn what_only_fires_keeps_its_key_whatever_else_changes() {
    report(FIRING_SOURCES.into_iter().map(|(name, content_type, body)| {
        let result = for_all([volatile(), volatile()], |runtime, bridge, [first, again]| {
            let fired = actions_and_keys(runtime, bridge, content_type, &body(true, &first), "first")?;
            let fired_again = actions_and_keys(runtime, bridge, content_type, &body(true, &again), "again")?;
            prop_assert!(
                fired.len() == 1 && fired.iter().all(|(action, _)| action == "trigger"),
                "{:?}",
                fired
            );
            prop_assert_eq!(fired, fired_again);
            Ok(())
        });
        (name, result)
    }));
}

/// Names whose values the event may say in its own words: its action, severity and time, and what a
/// source is recognised by.
const NORMALISED: [&str; 17] = [
    "alertState",
    "curLevel",
    "triggerLevel",
    "status",
    "state",
    "severity",
    "level",
    "EventType",
    "timestamp",
    "time",
    "fire_time",
    "EventTime",
    "startsAt",
    "specversion",
    "type",
    "subtype",
    "eventType",
];

/// Every scalar of a value as text.
fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|member| leaves(member, found)),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Null => {}
        Value::String(text) if text.trim().is_empty() => {}
        Value::String(text) => found.push(text.clone()),
        other => found.push(other.to_string()),
    }
}

/// The leaves of a body that have to be found as they are.
fn reported(body: &Value, found: &mut Vec<String>) {
    match body {
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(name, _)| !NORMALISED.contains(&name.as_str())) {
                match member {
                    // An object as JSON text may be copied as the object.
                    Value::String(text) if text.starts_with(['[', '{']) => match serde_json::from_str(text) {
                        Ok(inner) => reported(&inner, found),
                        Err(_) => leaves(member, found),
                    },
                    Value::Array(_) | Value::Object(_) => reported(member, found),
                    _ => leaves(&json!({ name: member }), found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| reported(item, found)),
        other => leaves(other, found),
    }
}

/// A JSON body of an alert that fires.
type Firing = fn(&Volatile) -> Value;

/// The sources whose bodies are JSON objects, for which "nothing is dropped" is easily said.
const OBJECTS: [(&str, Firing); 9] = [
    ("CloudMonitor 1.0 JSON", |volatile| without(cloudmonitor(true, volatile), "preTriggerLevel")),
    ("CloudMonitor 1.0 through MNS", |volatile| mns(true, volatile)),
    ("CloudMonitor system event", |volatile| system_event(true, volatile)),
    ("CloudMonitor 2.0", |volatile| cloudmonitor_2(true, volatile)),
    ("Log Service", |volatile| log_service(true, volatile)),
    ("EventBridge", |volatile| event_bridge(true, volatile)),
    ("Grafana", |volatile| grafana(true, volatile)),
    ("Grafana, legacy", |volatile| grafana_legacy(true, volatile)),
    ("kube-eventer", kube_eventer),
];

fn without(mut body: Value, name: &str) -> Value {
    body.as_object_mut().expect("an object").remove(name);
    body
}

#[test]
fn nothing_that_a_body_says_is_dropped() {
    let word = || "[a-z]{8}";
    let members = prop::collection::btree_map("x_[a-z]{4}", word(), 0..4);
    let strategy = (volatile(), word(), members, word());
    report(OBJECTS.into_iter().map(|(name, body)| {
        let strategy = strategy.clone();
        let result = for_all(strategy, |runtime, bridge, (mut volatile, words, members, deep)| {
            // Blanks and line breaks in a summary are another matter.
            volatile.text = words;
            let mut body = body(&volatile);
            let object = body.as_object_mut().expect("an object");
            for (name, value) in &members {
                object.insert(name.clone(), json!(value));
            }
            object.insert("x_object".to_owned(), json!({"list": [{"deep": deep}, 7_654_321], "is": true}));
            let outcome = runtime.block_on(post(bridge, "leaves", "/v2/enqueue", JSON, &body.to_string()));
            let events = outcome.events.map_err(TestCaseError::fail)?;
            let (mut wanted, mut shown) = (Vec::new(), Vec::new());
            reported(&body, &mut wanted);
            leaves(&json!(events), &mut shown);
            let shown = shown.join("\n");
            let missing: Vec<&String> = wanted.iter().filter(|leaf| !shown.contains(leaf.as_str())).collect();
            prop_assert!(missing.is_empty(), "{:?} of {} are not in {:#}", missing, body, json!(events));
            for name in members.keys() {
                let is_there = events.iter().any(|event| {
                    members
                        .get(name)
                        .is_some_and(|value| is_in(name, &json!(value), &event["payload"]["custom_details"]))
                });
                prop_assert!(is_there, "{} is not under its own name in {:#}", name, json!(events));
            }
            Ok(())
        });
        (name, result)
    }));
}

/// The faults of these settings, as the start tells them; `None` if it starts.
fn faults(settings: &[(&str, &str)]) -> Option<String> {
    let config = Config::read(|name| {
        settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    });
    config.err().map(|faults| format!("{faults:?}"))
}

async fn severity_of(bridge: &Bridge, content_type: &str, body: &str) -> Value {
    let events = post(bridge, "severity", "/v2/enqueue", content_type, body).await.events();
    events.into_iter().next().unwrap_or_default()["payload"]["severity"].take()
}

#[tokio::test]
async fn words_of_your_own_come_before_the_built_in_ones() {
    let own = "Sev1=critical, 重大 = error ,WARNING=info,p1=warning,default=critical";
    let bridge = Bridge::with(&[("SEVERITIES", own)]).await;
    let mut problems = Vec::new();
    for (word, wanted) in [
        ("sev1", "critical"),
        ("SEV1", "critical"),
        ("重大", "error"),
        ("warning", "info"),
        ("Warning", "info"),
        ("P1", "warning"),
        ("default", "critical"),
        ("warn", "warning"),
        ("fatal", "critical"),
        ("unheard-of", "error"),
    ] {
        let label = json!({"alerts": [{"labels": {"alertname": "A", "severity": word}}]}).to_string();
        for (content_type, body) in [(JSON, label), (TEXT, format!("severity={word}\nsummary=A"))] {
            let severity = severity_of(&bridge, content_type, &body).await;
            if severity != wanted {
                problems.push(format!("{severity}, not {wanted}, for {body}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[tokio::test]
async fn an_alert_without_a_known_word_gets_the_default_severity() {
    let bridge = Bridge::with(&[("DEFAULT_SEVERITY", "warning")]).await;
    for body in [
        json!({"alerts": [{"labels": {"alertname": "A", "severity": "default"}}]}),
        json!({"ruleId": 1, "ruleName": "A", "state": "alerting", "evalMatches": [], "message": "m"}),
        json!({"alert_name": "A", "project": "p", "fire_time": 1_741_919_467, "status": "firing"}),
    ] {
        assert_eq!(severity_of(&bridge, JSON, &body.to_string()).await, "warning", "{body}");
    }
}

#[test]
fn severities_of_your_own_that_cannot_be_read_stop_the_start() {
    assert_eq!(faults(&[("SEVERITIES", " ")]), None);
    assert_eq!(faults(&[("SEVERITIES", "a=critical,b=error, c = warning, d=INFO")]), None);
    for wrong in ["sev1", "sev1=urgent", "=critical", "sev1=", "sev1=critical,sev2", "sev1:critical"] {
        let reported = faults(&[("SEVERITIES", wrong)]).unwrap_or_default();
        let is_told = ["SEVERITIES", wrong, "critical", "info"].iter().all(|part| reported.contains(part));
        assert!(is_told, "{wrong:?}: {reported:?}");
    }
}

const DISK_FULL: &str =
    r#"{"status":"firing","alerts":[{"labels":{"alertname":"DiskFull","instance":"192.0.2.41:9100"}}]}"#;

#[tokio::test]
async fn senders_that_take_only_200_for_success_get_it() {
    let two = r#"[{"labels":{"alertname":"A"}},{"labels":{"alertname":"B"}}]"#;
    let test = r#"{"content":"$alertmanager_content"}"#;
    for (settings, wanted) in
        [(vec![], 202), (vec![("SUCCESS_STATUS", "pagerduty")], 202), (vec![("SUCCESS_STATUS", "200")], 200)]
    {
        let bridge = Bridge::with(&settings).await;
        for body in [DISK_FULL, two, test] {
            let outcome = post(&bridge, "status", "/v2/enqueue", JSON, body).await;
            assert_eq!(outcome.status, wanted, "{settings:?}: {body}: {}", outcome.said);
            assert_eq!(outcome.answer()["status"], "success", "{settings:?}: {body}: {}", outcome.said);
        }
        let outcome = post(&bridge, "status", "/v2/enqueue", JSON, DISK_FULL).await;
        assert_eq!(outcome.answer()["message"], "Event processed", "the body is PagerDuty's");
        let change = post(&bridge, "status", "/v2/change/enqueue", JSON, DISK_FULL).await;
        assert_eq!(change.status, wanted, "{}", change.said);
        let v1 = post(&bridge, "status", "/v1", JSON, DISK_FULL).await;
        assert_eq!((v1.status, v1.answer()["status"].clone()), (200, json!("success")), "{}", v1.said);
    }
}

#[tokio::test]
async fn failures_keep_their_status_whatever_success_is() {
    let standin = Standin::start(Options::default()).await.expect("loopback");
    let bridge = Bridge::beside(standin, &[("SUCCESS_STATUS", "200")]);
    let empty = post(&bridge, "failure", "/v2/enqueue", JSON, " ").await;
    assert_eq!(empty.status, 400, "{}", empty.said);
    bridge.standin.push_fault(Fault::status(400));
    let refused = post(&bridge, "failure", "/v2/enqueue", JSON, DISK_FULL).await;
    assert_eq!(refused.status, 400, "{}", refused.said);
    bridge.standin.push_fault_for("one", Fault::status(400));
    let two = r#"[{"fingerprint":"one","labels":{"a":"b"}},{"fingerprint":"two","labels":{"a":"c"}}]"#;
    let partly = post(&bridge, "failure", "/v2/enqueue", JSON, two).await;
    assert_eq!(partly.status, 400, "{}", partly.said);
}

#[test]
fn a_success_status_that_is_not_one_stops_the_start() {
    for right in ["200", "pagerduty", " "] {
        assert_eq!(faults(&[("SUCCESS_STATUS", right)]), None, "{right:?}");
    }
    for wrong in ["ok", "204", "2OO", "20", "true"] {
        let reported = faults(&[("SUCCESS_STATUS", wrong)]).unwrap_or_default();
        let is_told =
            ["SUCCESS_STATUS", wrong, "200", "pagerduty"].iter().all(|part| reported.contains(part));
        assert!(is_told, "{wrong:?}: {reported:?}");
    }
}

async fn post_encoded(bridge: &Bridge, encoding: &str, body: Vec<u8>) -> Outcome {
    let headers = [("content-type", JSON), ("content-encoding", encoding), ("x-integration-key", KEY)];
    send(bridge, "encoded", "/v2/enqueue", &headers, body.into()).await
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).and_then(|()| encoder.finish()).expect("memory")
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).and_then(|()| encoder.finish()).expect("memory")
}

fn deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).and_then(|()| encoder.finish()).expect("memory")
}

#[tokio::test]
async fn compressed_bodies_are_read() {
    let bridge = Bridge::start().await;
    let text = DISK_FULL.as_bytes();
    for (encoding, body) in [
        ("gzip", gzip(text)),
        ("GZIP", gzip(text)),
        ("x-gzip", gzip(text)),
        ("deflate", zlib(text)),
        ("deflate", deflate(text)),
        ("identity", text.to_vec()),
    ] {
        let outcome = post_encoded(&bridge, encoding, body).await;
        assert_eq!(outcome.status, 202, "{encoding}: {}", outcome.said);
        let key = key_of_lines(&json!(["alertname=DiskFull", "instance=192.0.2.41:9100"]));
        assert_eq!(outcome.events()[0]["dedup_key"], key, "{encoding}");
    }
}

#[tokio::test]
async fn a_key_in_a_compressed_body_is_found() {
    let bridge = Bridge::start().await;
    let body = gzip(format!("integration_key={KEY}&summary=disk").as_bytes());
    let headers = [("content-type", TEXT), ("content-encoding", "gzip")];
    let outcome = send(&bridge, "encoded", "/v2/enqueue", &headers, body.into()).await;
    assert_eq!(outcome.status, 202, "{}", outcome.said);
    assert_eq!(outcome.events()[0]["payload"]["summary"], "disk");
}

#[tokio::test]
async fn encodings_that_nobody_can_read_here_are_refused() {
    let bridge = Bridge::start().await;
    for encoding in ["br", "zstd", "compress", "gzip, br"] {
        let outcome = post_encoded(&bridge, encoding, b"\x1b\x00\x00".to_vec()).await;
        assert_eq!(outcome.status, 415, "{encoding}: {}", outcome.said);
        assert!(outcome.said.contains("gzip"), "{encoding}: it says what may be sent: {}", outcome.said);
        assert_eq!(outcome.events(), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn a_body_that_grows_past_the_limit_is_refused() {
    let bridge = Bridge::start().await;
    let limit = 6 * 1024 * 1024;
    for size in [limit + 1, 24 * 1024 * 1024] {
        let text = vec![b'a'; size];
        for (encoding, body) in [("gzip", gzip(&text)), ("deflate", zlib(&text)), ("deflate", deflate(&text))]
        {
            let outcome = post_encoded(&bridge, encoding, body).await;
            assert_eq!(outcome.status, 413, "{encoding}, {size} bytes: {}", outcome.said);
            assert_eq!(outcome.events(), Vec::<Value>::new());
        }
    }
}

/// A proxy may have decoded the body and left the header, and a cut body is still somebody's alert.
#[tokio::test]
async fn a_body_that_is_not_compressed_as_it_says_is_taken_as_it_is() {
    let bridge = Bridge::start().await;
    let mut broken = gzip(DISK_FULL.as_bytes());
    for byte in broken.iter_mut().skip(12) {
        *byte ^= 0xff;
    }
    let mut cut = gzip(DISK_FULL.as_bytes());
    cut.truncate(cut.len() / 2);
    let plain = DISK_FULL.as_bytes().to_vec();
    for (encoding, body, summary) in [
        ("gzip", broken, None),
        ("gzip", cut, None),
        ("gzip", plain.clone(), Some("DiskFull")),
        ("deflate", plain, Some("DiskFull")),
    ] {
        let outcome = post_encoded(&bridge, encoding, body).await;
        assert_eq!(outcome.status, 202, "{encoding}: {}", outcome.said);
        let events = outcome.events();
        assert_eq!(events.len(), 1, "{encoding}");
        if let Some(summary) = summary {
            assert_eq!(events[0]["payload"]["summary"], summary, "{encoding}");
        }
    }
}

#[tokio::test]
async fn utf_16_with_a_byte_order_mark_is_read() {
    let bridge = Bridge::start().await;
    let json = r#"{"alerts":[{"labels":{"alertname":"磁盘已满","team":"𠮷"}}]}"#;
    let form = "alertname=磁盘已满\nmessage=𠮷 is full";
    for (content_type, text) in [(JSON, json), (TEXT, form)] {
        for (name, to_bytes) in [("LE", u16::to_le_bytes as fn(u16) -> [u8; 2]), ("BE", u16::to_be_bytes)] {
            let units = [0xfeff].into_iter().chain(text.encode_utf16());
            let body: Vec<u8> = units.flat_map(to_bytes).collect();
            let headers = [("content-type", content_type), ("x-integration-key", KEY)];
            let outcome = send(&bridge, "utf-16", "/v2/enqueue", &headers, body.into()).await;
            assert_eq!(outcome.status, 202, "{name}, {content_type}: {}", outcome.said);
            let events = outcome.events();
            assert_eq!(events[0]["payload"]["class"], "磁盘已满", "{name}: {events:?}");
            assert!(json!(events).to_string().contains('𠮷'), "{name}: {events:?}");
        }
    }
}

fn own_event(members: &Value) -> String {
    let mut event = json!({
        "routing_key": KEY, "event_action": "trigger",
        "payload": {"summary": "disk is full", "source": "db-01", "severity": "critical"},
    });
    let (event_members, members) = (event.as_object_mut(), members.as_object());
    event_members.expect("an object").extend(members.expect("an object").clone());
    event.to_string()
}

#[tokio::test]
async fn a_trigger_of_pagerduty_s_own_without_a_key_is_an_alert_of_its_own() {
    let bridge = Bridge::start().await;
    let v1 = json!({"service_key": KEY, "event_type": "trigger", "description": "disk is full"}).to_string();
    for (path, body) in [("/v2/enqueue", own_event(&json!({}))), ("/v1", v1)] {
        let mut keys = BTreeSet::new();
        for id in ["first", "second"] {
            let events = post(&bridge, id, path, JSON, &body).await.events();
            let key = events.first().map(dedup_key).unwrap_or_default().to_owned();
            assert!(key.starts_with(ONCE_PREFIX) && events.len() == 1, "{path}: {events:?}");
            keys.insert(key);
        }
        assert_eq!(keys.len(), 2, "two events in two requests do not merge");
        let retried = post(&bridge, "first", path, JSON, &body).await.events();
        assert!(keys.contains(dedup_key(&retried[0])), "a platform's retry is the same event");
    }
}

#[tokio::test]
async fn pagerduty_s_own_follow_up_without_a_key_is_refused_in_pagerduty_s_words() {
    let bridge = Bridge::start().await;
    for (path, action_name, key_name) in
        [("/v2/enqueue", "event_action", "dedup_key"), ("/v1", "event_type", "incident_key")]
    {
        for (action, key) in [
            ("acknowledge", Value::Null),
            ("resolve", Value::Null),
            ("acknowledge", json!("")),
            ("resolve", json!("  ")),
        ] {
            let body = json!({action_name: action, key_name: key}).to_string();
            let outcome = post(&bridge, "follow-up", path, JSON, &body).await;
            assert_eq!(outcome.status, 400, "{path}: {body}: {}", outcome.said);
            let answer = outcome.answer();
            assert_eq!(answer["status"], "invalid event", "{}", outcome.said);
            assert_eq!(answer["message"], "Event object is invalid", "{}", outcome.said);
            let names_it = list(&answer, "errors")
                .any(|error| error.contains(key_name) && error.contains("missing or blank"));
            assert!(names_it, "{path}: {body}: {}", outcome.said);
        }
    }
}

#[tokio::test]
async fn pagerduty_s_own_event_keeps_its_client_and_gets_none() {
    let bridge = Bridge::start().await;
    let client = json!({"dedup_key": "d", "client": "edge", "client_url": "https://edge.example.com/1"});
    for (members, name, address) in [
        (json!({"dedup_key": "d"}), Value::Null, Value::Null),
        (client, json!("edge"), json!("https://edge.example.com/1")),
    ] {
        let events = post(&bridge, "client", "/v2/enqueue", JSON, &own_event(&members)).await.events();
        assert_eq!(events[0].get("client").unwrap_or(&Value::Null), &name);
        assert_eq!(events[0].get("client_url").unwrap_or(&Value::Null), &address);
        let mut v1 =
            json!({"service_key": KEY, "event_type": "trigger", "description": "d", "incident_key": "i"});
        for field in ["client", "client_url"].into_iter().filter(|field| members.get(field).is_some()) {
            v1[field] = members[field].clone();
        }
        let events = post(&bridge, "client", "/v1", JSON, &v1.to_string()).await.events();
        assert_eq!(events[0].get("client").unwrap_or(&Value::Null), &name, "v1");
        assert_eq!(events[0].get("client_url").unwrap_or(&Value::Null), &address, "v1");
    }
}

#[tokio::test]
async fn times_without_a_zone_are_utc_in_pagerduty_s_own_events_and_beijing_s_elsewhere() {
    let bridge = Bridge::start().await;
    let payload = |time: &str| json!({"summary": "disk is full", "source": "db-01", "severity": "critical", "timestamp": time});
    for time in ["2025-03-14 02:31:07", "2025-03-14T02:31:07", "2025-03-14T10:31:07+0800"] {
        let body = own_event(&json!({"dedup_key": "d", "payload": payload(time)}));
        let events = post(&bridge, "time", "/v2/enqueue", JSON, &body).await.events();
        assert_eq!(events[0]["payload"]["timestamp"], "2025-03-14T02:31:07.000Z", "{time}");
        let change = json!({"routing_key": KEY, "payload": payload(time)}).to_string();
        let events = post(&bridge, "time", "/v2/change/enqueue", JSON, &change).await.events();
        assert_eq!(events[0]["payload"]["timestamp"], "2025-03-14T02:31:07.000Z", "change: {time}");
    }
    let preset = "Alert name: A\nAlert time: 2025-03-14 10:31:07\nAlert content: c";
    let events = post(&bridge, "time", "/v2/enqueue", TEXT, preset).await.events();
    assert_eq!(events[0]["payload"]["timestamp"], "2025-03-14T02:31:07.000Z");
}

#[tokio::test]
async fn a_follow_up_of_v1_keeps_its_description_and_details() {
    let bridge = Bridge::start().await;
    for action in ["acknowledge", "resolve"] {
        let body = json!({
            "service_key": KEY, "event_type": action, "incident_key": "i", "description": "looked at it",
            "details": {"by": {"name": "operator"}},
        });
        let events = post(&bridge, "v1", "/v1", JSON, &body.to_string()).await.events();
        assert_eq!(events[0]["event_type"], action);
        assert_eq!(events[0]["description"], "looked at it", "{action}");
        assert_eq!(events[0]["details"], json!({"by": {"name": "operator"}}), "{action}");
    }
}

#[tokio::test]
async fn a_resolve_of_v1_says_what_the_alert_was() {
    let bridge = Bridge::start().await;
    let body = DISK_FULL.replace("firing", "resolved");
    let events = post(&bridge, "v1", "/v1", JSON, &body).await.events();
    assert_eq!(events[0]["event_type"], "resolve");
    assert_eq!(events[0]["description"], "DiskFull");
    let names_it = is_in("instance", &json!("192.0.2.41:9100"), &events[0]["details"]);
    assert!(names_it, "{:#}", events[0]);
}
