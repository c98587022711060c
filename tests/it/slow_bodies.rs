//! Bodies that once froze the one thread: the time for each grows with its size, not with the square of it.
//!
//! No test says how fast a machine is. Each body is read at one size and at eight times that size, and the
//! larger one may take 24 times as long: what grows with the size takes 8 times, what grows with its square 64.

use crate::bridge::{KEY, REQUEST_ID, request};
use arms_pagerduty::admit::Route;
use arms_pagerduty::config::{Config, Level};
use arms_pagerduty::log::Log;
use arms_pagerduty::relay::{Invocation, Relay};
use cpu_time::ThreadTime;
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;

/// The larger size. A debug build is slow enough to show what grows; a release build is asked for all of it.
const LARGE_BYTES: usize = if cfg!(debug_assertions) { 400 * 1024 } else { 6 * 1024 * 1024 - 4096 };
const TIMES: usize = 8;
const SMALL_BYTES: usize = LARGE_BYTES / TIMES;
/// How much longer the larger one may take: the mean of what is linear and what is quadratic, rounded up.
const RATIO_MAX: u32 = 24;
/// What neither size explains: caches that another process has filled.
const NOISE: Duration = Duration::from_millis(50);
/// The best of so many runs counts.
const RUNS: usize = 3;
/// That many placeholders fit into what was once filled at most.
const PLACEHOLDERS_MAX: usize = 2_700;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";
const FORM: &str = "application/x-www-form-urlencoded";

fn start_relay() -> Relay {
    let config = Config::read(|name| (name == "WEBHOOK_TOKEN").then(|| "a-token-to-be-masked".to_owned()));
    let config = config.unwrap_or_else(|faults| panic!("{faults:?}"));
    Relay::new(config, Log::new(Level::Debug, |_| {})).expect("a client")
}

/// The CPU time that the function needs for one body, from the request to finished parcels. What follows is
/// the network's time. CPU time, because other processes may have the cores in between.
fn time(relay: &Relay, path: &str, content_type: &str, body: &str) -> Duration {
    let headers = [("content-type", content_type), ("x-webhook-token", "a-token-to-be-masked")];
    let path = format!("{path}?integration_key={KEY}");
    let (head, body) = request("POST", &path, &headers, body.to_owned().into()).into_parts();
    let invocation = Invocation { request_id: REQUEST_ID.to_owned(), deadline: None };
    let Ok(Route::Events(api)) = relay.admit(&head) else { panic!("a path for events") };
    let started = ThreadTime::now();
    let prepared = relay.prepare(api, &head, body, &invocation);
    let elapsed = started.elapsed();
    // A resolve that names nothing may be refused; what matters here is how long that takes.
    if let Err(error) = prepared {
        assert_eq!(error.status(), 400, "{error}");
    }
    elapsed
}

/// A body of about so many bytes.
type Make = fn(usize) -> String;

/// What is wrong with the growth of one body's time.
fn growth(relay: &Relay, path: &str, name: &str, content_type: &str, make: Make) -> Option<String> {
    let (small, large) = (make(SMALL_BYTES), make(LARGE_BYTES));
    assert!(large.len() <= LARGE_BYTES + 4096, "{name}: {} bytes", large.len());
    let mut small_best = Duration::MAX;
    for _ in 0..RUNS {
        small_best = small_best.min(time(relay, path, content_type, &small));
    }
    let bound = small_best * RATIO_MAX + NOISE;
    let mut large_best = Duration::MAX;
    for _ in 0..RUNS {
        large_best = large_best.min(time(relay, path, content_type, &large));
        if large_best <= bound {
            return None;
        }
        // So far over the bound that another run would be no better.
        if large_best > bound * 3 {
            break;
        }
    }
    Some(format!(
        "{name} on {path}: {small_best:?} for {} bytes, {large_best:?} for {}",
        small.len(),
        large.len()
    ))
}

fn check(bodies: &[(&str, &str, Make)]) {
    let relay = start_relay();
    let mut problems = Vec::new();
    for (name, content_type, make) in bodies {
        problems.extend(growth(&relay, "/", name, content_type, *make));
    }
    assert!(problems.is_empty(), "{} grow too fast:\n{}", problems.len(), problems.join("\n"));
}

/// So many whole copies of `unit` as fit.
fn fill(unit: &str, bytes: usize) -> String {
    unit.repeat(bytes / unit.len())
}

/// `before`, as many copies of `unit` as fit, `after`.
fn around(before: &str, unit: &str, after: &str, bytes: usize) -> String {
    format!("{before}{}{after}", fill(unit, bytes.saturating_sub(before.len() + after.len())))
}

/// One unit after the other, each with its number, up to so many bytes.
fn numbered(bytes: usize, unit: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(bytes + 64);
    let mut number = 0;
    while text.len() < bytes {
        text.push_str(&unit(number));
        number += 1;
    }
    text
}

fn message(text: &str) -> String {
    let alert = json!({
        "status": "firing", "fingerprint": "f", "labels": {"alertname": "A"}, "annotations": {"message": text},
    });
    json!({"alerts": [alert]}).to_string()
}

/// Many placeholders over a label and a value, each with its part of the body.
fn placeholders(placeholder: &str, bytes: usize) -> String {
    placeholders_over(&fill("x", bytes / 4), &fill(placeholder, bytes / 3))
}

/// As many placeholders as a summary has place for at the full size, fewer at a smaller one, over a label and
/// a value that have the rest of the body.
fn some_placeholders(unit: &str, placeholder: &str, bytes: usize) -> String {
    let count = (PLACEHOLDERS_MAX * bytes / LARGE_BYTES).max(1);
    let message = placeholder.repeat(count);
    placeholders_over(&fill(unit, (bytes - message.len()) * 2 / 5), &message)
}

fn placeholders_over(label: &str, message: &str) -> String {
    let alert = json!({
        "status": "firing", "fingerprint": "f", "labels": {"alertname": "A", "b": label},
        "annotations": {"message": message, "value": label},
    });
    json!({"alerts": [alert]}).to_string()
}

/// 100 alerts at the full size, fewer at a smaller one, beside members of the notification.
fn beside_alerts(bytes: usize, members: impl Fn(String) -> Value) -> String {
    let count = (100 * bytes / LARGE_BYTES).max(1);
    let alerts: Vec<Value> = (0..count)
        .map(|number| json!({"fingerprint": number.to_string(), "labels": {"alertname": "A", "pod": number}}))
        .collect();
    let mut body = members(fill("x", bytes.saturating_sub(count * 100)));
    body["alerts"] = Value::from(alerts);
    body.to_string()
}

#[test]
fn placeholders_over_a_large_label_grow_with_the_body() {
    check(&[
        ("printf of digits", JSON, |n| some_placeholders("9", r#"{{$labels.b|printf "%d"}}"#, n)),
        ("printf of digits in front", JSON, |n| some_placeholders("9", r#"{{printf "%.2f" $labels.b}}"#, n)),
        ("printf of a value of digits", JSON, |n| some_placeholders("9", r#"{{$value|printf "%f"}}"#, n)),
        ("printf of a few", JSON, |n| some_placeholders("x", r#"{{$labels.b|printf "%d"}}"#, n)),
        ("a few labels", JSON, |n| some_placeholders("x", "{{$labels.b}}", n)),
        ("printf of zeros", JSON, |n| some_placeholders("0", r#"{{$labels.b|printf "%d"}}"#, n)),
        ("labels of blanks", JSON, |n| some_placeholders(" ", "{{$labels.b}}", n)),
        ("labels of braces", JSON, |n| some_placeholders("{{}}", "{{$labels.b}}", n)),
        ("printf of a label", JSON, |n| placeholders(r#"{{$labels.b|printf "%d"}}"#, n)),
        ("printf of a label, text", JSON, |n| placeholders(r#"{{$labels.b|printf "%s"}}"#, n)),
        ("printf in front", JSON, |n| placeholders(r#"{{printf "%.2f" $labels.b}}"#, n)),
        ("printf of a value", JSON, |n| placeholders(r#"{{$value|printf "%d"}}"#, n)),
        ("printf with many verbs", JSON, |n| placeholders(r#"{{$labels.b|printf "%d%s%v%f"}}"#, n)),
        ("labels", JSON, |n| placeholders("{{$labels.b}}", n)),
        ("values", JSON, |n| placeholders("{{$value}}", n)),
        ("labels that are not there", JSON, |n| placeholders("{{$labels.c}}", n)),
        ("one long format", JSON, |n| {
            placeholders(&format!("{{{{$labels.b|printf \"{}\"}}}}", fill("%", n / 8)), n)
        }),
        ("openings", JSON, |n| message(&fill("{{", n))),
        ("openings with blanks", JSON, |n| message(&fill("{{ ", n))),
        ("closings", JSON, |n| message(&fill("}}", n))),
        ("empty ones", JSON, |n| message(&fill("{{}}", n))),
        ("half openings", JSON, |n| message(&fill("{ {", n))),
        ("unfilled fields", JSON, |n| around(r#"{"summary":""#, "{{ .a }}", r#""}"#, n)),
        ("unfilled fields without an end", JSON, |n| around(r#"{"summary":""#, "{{ .a ", r#""}"#, n)),
        ("unfilled without quotes", JSON, |n| around(r#"{"a":"#, "{{ .a }}", "}", n)),
        ("openings without quotes", JSON, |n| around(r#"{"a":"#, "{{", "}", n)),
    ]);
}

#[test]
fn what_stands_beside_many_alerts_grows_with_the_body() {
    check(&[
        ("severity", JSON, |n| beside_alerts(n, |long| json!({"severity": long}))),
        ("level", JSON, |n| beside_alerts(n, |long| json!({"level": long}))),
        ("status", JSON, |n| beside_alerts(n, |long| json!({"status": long}))),
        ("receiver", JSON, |n| beside_alerts(n, |long| json!({"receiver": long}))),
        ("group key", JSON, |n| beside_alerts(n, |long| json!({"groupKey": long}))),
        ("policy", JSON, |n| beside_alerts(n, |long| json!({"dispatchRuleName": long}))),
        ("external URL", JSON, |n| {
            beside_alerts(n, |long| json!({"externalURL": format!("https://x/{long}")}))
        }),
        ("common label", JSON, |n| beside_alerts(n, |long| json!({"commonLabels": {"a": long}}))),
        ("common severity", JSON, |n| beside_alerts(n, |long| json!({"commonLabels": {"severity": long}}))),
        ("common message", JSON, |n| {
            beside_alerts(n, |long| json!({"commonAnnotations": {"message": long}}))
        }),
        ("common placeholders", JSON, |n| {
            beside_alerts(
                n,
                |long| json!({"commonAnnotations": {"message": long.replace("xxxxxxxxxxxxxx", "{{$labels.a}} ")}}),
            )
        }),
        ("unread member", JSON, |n| beside_alerts(n, |long| json!({"whatever": long}))),
        ("many common labels", JSON, |n| {
            beside_alerts(n, |long| {
                let labels = (0..long.len() / 16).map(|number| (format!("l{number}"), json!(number)));
                json!({"commonLabels": Value::Object(labels.collect())})
            })
        }),
        ("form field", TEXT, |n| {
            let alerts = beside_alerts(n / 8, |_| json!({}));
            format!("severity={}\ncontent={alerts}", fill("x", n - n / 8 - 64))
        }),
    ]);
}

#[test]
fn alerts_and_their_parts_grow_with_the_body() {
    check(&[
        ("small alerts", JSON, |n| around(r#"{"alerts":["#, r#"{"labels":{"a":"b"}},"#, "{}]}", n)),
        ("small alerts that are over", JSON, |n| {
            around(r#"{"status":"resolved","alerts":["#, r#"{"labels":{"a":"b"}},"#, "{}]}", n)
        }),
        ("different alerts", JSON, |n| {
            let alerts = numbered(n - 100, |number| {
                format!(r#"{{"status":"resolved","labels":{{"a":"{number}"}}}},"#)
            });
            format!(r#"{{"groupKey":"g","alerts":[{alerts}{{}}]}}"#)
        }),
        ("a list of alerts", JSON, |n| {
            let alert = r#"{"fingerprint":"f","labels":{"alertname":"A"}},"#;
            around("[", alert, r#"{"labels":{"alertname":"A"}}]"#, n)
        }),
        ("alerts without commas", JSON, |n| {
            around(r#"{"alerts":["#, r#"{"status":"firing","labels":{"a":"say "b" now"}} "#, "]}", n)
        }),
        ("empty alerts", JSON, |n| around(r#"{"alerts":["#, "{},", "{}]}", n)),
        ("alerts of texts", JSON, |n| around(r#"{"alerts":["#, r#""a","#, r#""b"]}"#, n)),
        ("labels of one alert", JSON, |n| {
            let labels = numbered(n - 100, |number| format!(r#""l{number}":"x","#));
            format!(r#"{{"alerts":[{{"labels":{{{labels}"alertname":"A"}}}}]}}"#)
        }),
        ("a label without labels of others", JSON, |n| {
            around(r#"{"alerts":[{"labels":{"alertname":""#, "x", r#""}}]}"#, n)
        }),
        ("a fingerprint", JSON, |n| {
            around(r#"{"alerts":[{"labels":{"alertname":"A"},"fingerprint":""#, "x", r#""}]}"#, n)
        }),
        ("digits for a time", JSON, |n| {
            around(r#"{"alerts":[{"labels":{"alertname":"A"},"startsAt":""#, "9", r#""}]}"#, n)
        }),
        ("a fraction of a second", JSON, |n| {
            around(r#"{"alerts":[{"labels":{"a":"b"},"startsAt":"2025-03-14T02:31:07."#, "9", r#"Z"}]}"#, n)
        }),
        ("links", JSON, |n| {
            around(r#"{"alerts":[{"labels":{"a":"b"},"generatorURL":"https://x/"#, "a/", r#""}]}"#, n)
        }),
        ("links of many alerts", JSON, |n| {
            let alerts = numbered(n - 100, |number| {
                format!(r#"{{"labels":{{"a":"{number}"}},"generatorURL":"https://x/{number}"}},"#)
            });
            format!(r#"{{"receiver":"r","alerts":[{alerts}{{}}]}}"#)
        }),
        ("links of PagerDuty's event", JSON, |n| {
            let own = r#"{"event_action":"trigger","dedup_key":"d","payload":{"summary":"s","source":"x","severity":"info"},"links":["#;
            around(own, r#"{"href":"https://x/a","text":"t"},"#, r#"{"href":"https://x"}]}"#, n)
        }),
        ("images of PagerDuty's event", JSON, |n| {
            let own = r#"{"event_action":"trigger","dedup_key":"d","payload":{"summary":"s","source":"x","severity":"info"},"images":["#;
            around(own, r#"{"src":"https://x/a","alt":"t"},"#, r#"{"src":"https://x"}]}"#, n)
        }),
    ]);
}

/// As many pairs as a form may have at the full size, fewer at a smaller one, then blanks to the line's end.
fn pairs_before_blanks(pair: &str, bytes: usize) -> String {
    let pairs = pair.repeat((1_000 * bytes / LARGE_BYTES).max(1));
    around(&format!("severity=P1&{pairs}"), " ", "\nsummary=x", bytes)
}

#[test]
fn forms_grow_with_the_body() {
    check(&[
        ("pairs before trailing blanks", TEXT, |n| pairs_before_blanks("a=b&", n)),
        ("pairs before trailing blanks, encoded", FORM, |n| pairs_before_blanks("a=b&", n)),
        ("known pairs before trailing blanks", TEXT, |n| pairs_before_blanks("source=b & ", n)),
        ("trailing blanks", TEXT, |n| around("summary=x", " ", "", n)),
        ("trailing blanks, encoded", FORM, |n| around("summary=x", " ", "", n)),
        ("trailing blanks behind every line", TEXT, |n| around("severity=P1", "        \n", "x=y", n)),
        ("blanks before an ampersand", TEXT, |n| around("a=b&severity=P1", " ", "&summary=x", n)),
        ("blanks between pairs", TEXT, |n| around("severity=P1", " & ", "&summary=x", n)),
        ("blanks before a name", TEXT, |n| around("severity=P1&", " ", "summary=x", n)),
        ("blanks as a value", TEXT, |n| around("severity=", " ", "\nsummary=x", n)),
        ("tabs", TEXT, |n| around("summary=x", "\t", "", n)),
        ("line breaks", TEXT, |n| around("summary=x", "\n", "y", n)),
        ("carriage returns", TEXT, |n| around("severity=P1", "\r", "summary=x", n)),
        ("ampersands", TEXT, |n| around("severity=P1", "&", "summary=x", n)),
        ("ampersands, encoded", FORM, |n| around("severity=P1", "&", "&summary=x", n)),
        ("equals signs", TEXT, |n| around("summary=", "=", "", n)),
        ("equals signs, encoded", FORM, |n| around("summary=", "=", "", n)),
        ("equals signs and ampersands", TEXT, |n| around("severity=P1", "&=", "&summary=x", n)),
        ("pairs", TEXT, |n| around("severity=P1", "&a=b", "&summary=x", n)),
        ("pairs, encoded", FORM, |n| around("severity=P1", "&a=b", "&summary=x", n)),
        ("different pairs", TEXT, |n| {
            format!("severity=P1{}", numbered(n - 20, |number| format!("&a{number}=b")))
        }),
        ("different pairs in lines", TEXT, |n| {
            format!("severity=P1{}", numbered(n - 20, |number| format!("\na{number}=b")))
        }),
        ("known pairs", TEXT, |n| around("severity=P1", "&status=firing&source=x", "", n)),
        ("messages", TEXT, |n| around("severity=P1", "\nmessage=x", "", n)),
        ("keys", TEXT, |n| around("summary=x", "\nintegration_key=x", "", n)),
        ("keys in a line", TEXT, |n| around("severity=P1", "&integration_key=", "", n)),
        ("contents", TEXT, |n| around("severity=P1", "\ncontent=x", "", n)),
        ("escapes", FORM, |n| around("summary=", "%41", "", n)),
        ("per cent signs", FORM, |n| around("summary=", "%", "", n)),
        ("plus signs", FORM, |n| around("summary=", "+", "", n)),
        ("lines behind a text", TEXT, |n| around("message=x\n", "x\n", "", n)),
        ("a long name", TEXT, |n| around("severity=P1&", "a", "=b", n)),
        ("callback of CloudMonitor", FORM, |n| {
            around("alertName=A&alertState=ALERT&metricName=m&curValue=1&dimensions=", "{a=b}", "", n)
        }),
    ]);
}

#[test]
fn texts_and_presets_grow_with_the_body() {
    check(&[
        ("one character", TEXT, |n| fill("a", n)),
        ("Chinese", TEXT, |n| fill("告", n)),
        ("bytes of no text", TEXT, |n| fill("\u{fffd}", n)),
        ("lines", TEXT, |n| fill("x\n", n)),
        ("lines name: x", TEXT, |n| fill("name: x\n", n)),
        ("different lines", TEXT, |n| numbered(n - 20, |number| format!("name{number}: x\n"))),
        ("colons", TEXT, |n| fill(":", n)),
        ("wide colons", TEXT, |n| fill("：", n)),
        ("names of the key", TEXT, |n| fill("routing_key", n)),
        ("names of the key with a colon", TEXT, |n| fill("routing_key: ", n)),
        ("names of the key with a bad one", TEXT, |n| fill("integration_key=*** ", n)),
        ("ends of such a name", TEXT, |n| fill("_key", n)),
        ("names of the key before quotes", TEXT, |n| around("{", "\"routing_key\"", "", n)),
        ("a key's name before a long notation", TEXT, |n| around("{routing_key", "\"", "", n)),
        ("names of the key with a long value", TEXT, |n| around("x routing_key=", "a", "", n)),
        ("the key itself", TEXT, |n| fill(KEY, n)),
        ("nearly the key", TEXT, |n| fill(&KEY[..31], n)),
        ("the token itself", TEXT, |n| fill("a-token-to-be-masked", n)),
        ("its beginnings", TEXT, |n| fill("a-token-to-be-maske", n)),
        ("placeholders of ARMS", TEXT, |n| fill("$content", n)),
        ("placeholders of ARMS, long", TEXT, |n| fill("$alertmanager_content ", n)),
        ("links", TEXT, |n| fill("https://example.com/a ", n)),
        ("preset names", TEXT, |n| fill("告警名称：x\n", n)),
        ("all preset names", TEXT, |n| {
            fill("告警名称：x\n集群名称：c\n告警时间：2025-03-14 10:31:07\n恢复时间：-\n告警内容：y\n", n)
        }),
        ("English preset names", TEXT, |n| fill("Alert name: x\nTime resolved: y\n", n)),
        ("preset with lines of one's own", TEXT, |n| {
            let lines = numbered(n - 100, |number| format!("own{number}: x\n"));
            format!("告警名称：x\n告警时间：2025-03-14 10:31:07\n{lines}")
        }),
        ("preset with headings", TEXT, |n| around("告警名称：x\n告警时间：y\n", "—\n", "", n)),
        ("preset with a long content", TEXT, |n| around("告警名称：x\n告警内容：y\n", "z\n", "", n)),
        ("marks of a list", TEXT, |n| fill("- ", n)),
        ("marks of a list before a name", TEXT, |n| around("", "-", "告警名称：x\n告警时间：y", n)),
        ("preset as JSON", JSON, |n| around(r#"{"告警名称":"a","告警内容":""#, "x\n", r#""}"#, n)),
        ("preset names as JSON", JSON, |n| around("{", r#""告警名称":"a","#, r#""告警内容":"b"}"#, n)),
        ("a chat's text", JSON, |n| {
            around(r#"{"msgtype":"text","text":{"content":""#, r"Alert name: x\n", r#""}}"#, n)
        }),
        ("tags", TEXT, |n| fill("<a>", n)),
    ]);
}

#[test]
fn json_grows_with_the_body() {
    check(&[
        ("brackets", JSON, |n| fill("[", n)),
        ("braces", JSON, |n| fill("{", n)),
        ("nested objects", JSON, |n| fill(r#"{"a":"#, n)),
        ("nested lists", JSON, |n| around(r#"{"a":"#, "[", "", n)),
        ("closing brackets", JSON, |n| around(r#"{"a":1"#, "}", "", n)),
        ("lists", JSON, |n| around(r#"{"a":["#, "[],", "[]]}", n)),
        ("numbers", JSON, |n| around(r#"{"a":["#, "1,", "1]}", n)),
        ("a long number", JSON, |n| around(r#"{"a":"#, "1", "}", n)),
        ("a long fraction", JSON, |n| around(r#"{"a":0."#, "0", "1}", n)),
        ("members", JSON, |n| {
            format!("{{{}\"z\":1}}", numbered(n - 20, |number| format!("\"m{number}\":1,")))
        }),
        ("the same member", JSON, |n| around("{", r#""a":1,"#, r#""z":1}"#, n)),
        ("texts", JSON, |n| around(r#"{"a":["#, r#""x","#, r#""z"]}"#, n)),
        ("escapes", JSON, |n| around(r#"{"message":""#, r"A", r#""}"#, n)),
        ("escapes of halves", JSON, |n| around(r#"{"message":""#, r"\ud800", r#""}"#, n)),
        ("backslashes", JSON, |n| around(r#"{"message":""#, r"\\", r#""}"#, n)),
        ("a backslash too many", JSON, |n| around(r#"{"message":""#, r"\\", r#"\"}"#, n)),
        ("backslashes raw", JSON, |n| around(r#"{"message":"C:"#, r"\d", r#""}"#, n)),
        ("quotes raw", JSON, |n| around(r#"{"message":""#, "\"", r#"","status":"firing"}"#, n)),
        ("quoted words raw", JSON, |n| {
            around(r#"{"message":""#, r#"say "hi" "#, r#"","status":"firing"}"#, n)
        }),
        ("quotes and commas raw", JSON, |n| around(r#"{"message":""#, r#"","#, r#"","status":"firing"}"#, n)),
        ("members raw", JSON, |n| around(r#"{"message":"say "hi"","#, r#""a":"x","#, r#""b":"c"}"#, n)),
        ("broken members", JSON, |n| around("{", r#""a":"say "hi" now","#, r#""b":"c"}"#, n)),
        ("different broken members", JSON, |n| {
            let members = numbered(n - 20, |number| format!("\"m{number}\":\"say \"hi\" now\","));
            format!("{{{members}\"b\":\"c\"}}")
        }),
        ("open brackets in texts", JSON, |n| {
            around(r#"{"a":"x "y" { ","#, r#""a":"x { ","#, r#""b":"c"}"#, n)
        }),
        ("documents quoted raw", JSON, |n| {
            around(r#"{"message":"say "hi" "#, r#"{"a":"b","c":"d"} "#, r#"","status":"firing"}"#, n)
        }),
        ("documents as texts, raw", JSON, |n| {
            around("{", r#""a":"{"b":"c"}","#, r#""d":"say "hi" now"}"#, n)
        }),
        ("documents as texts that do not end", JSON, |n| {
            around("{", r#""a":"{"b":[1,2,3","#, r#""d":"say "hi" now"}"#, n)
        }),
        ("document behind document", JSON, |n| around("", r#"{"a":1}"#, "", n)),
        ("names without values", JSON, |n| around("{", r#""a" "#, "}", n)),
        ("cut off in a text", JSON, |n| around(r#"{"a":"b","message":""#, "x", "", n)),
        ("cut off in a list", JSON, |n| around(r#"{"alerts":["#, r#"{"labels":{"a":"b"}},"#, "", n)),
        ("placeholders without quotes", JSON, |n| around("{", r#""a":$content,"#, r#""b":$content}"#, n)),
        ("line breaks raw", JSON, |n| around("{\"message\":\"", "x\n", "\"}", n)),
        ("blanks before the end", JSON, |n| around(r#"{"a":1"#, " ", "}", n)),
        ("blanks behind the end", JSON, |n| around(r#"{"a":1}"#, " ", "x", n)),
        ("text in text", JSON, |n| {
            (0..3).fold(around(r#"{"message":""#, "x", r#""}"#, n / 2), |text, _| json!(text).to_string())
        }),
        ("content in content", JSON, |n| {
            let inner = message(&fill("x", n / 2));
            json!({"content": json!({"content": json!({"content": inner}).to_string()}).to_string()})
                .to_string()
        }),
        ("key names as members", JSON, |n| around("{", r#""routing_key":"x","#, r#""summary":"s"}"#, n)),
        ("secret names", JSON, |n| {
            let mut members = String::new();
            for number in 0..n / 24 {
                let _ = write!(members, "\"token{number}\":\"x\",");
            }
            format!("{{{members}\"summary\":\"s\"}}")
        }),
        ("long names", JSON, |n| around(r#"{""#, "a", r#"":1}"#, n)),
        ("a summary", JSON, |n| around(r#"{"summary":""#, "x ", r#""}"#, n)),
        ("a dedup key", JSON, |n| around(r#"{"summary":"s","dedup_key":""#, "x", r#""}"#, n)),
        ("a status", JSON, |n| around(r#"{"summary":"s","status":""#, "x", r#""}"#, n)),
        ("a link", JSON, |n| around(r#"{"summary":"s","link":"https://x/"#, "a", r#""}"#, n)),
    ]);
}

/// The other two APIs write what they send in their own ways.
#[test]
fn the_other_apis_grow_with_the_body_too() {
    let relay = start_relay();
    let bodies: &[(&str, &str, Make)] = &[
        ("text", TEXT, |n| fill("a", n)),
        ("quotes", JSON, |n| around(r#"{"message":""#, r#"\""#, r#""}"#, n)),
        ("placeholders", JSON, |n| placeholders(r#"{{$labels.b|printf "%d"}}"#, n)),
        ("severity", JSON, |n| beside_alerts(n, |long| json!({"severity": long}))),
        ("members", JSON, |n| {
            format!("{{{}\"z\":1}}", numbered(n - 20, |number| format!("\"m{number}\":1,")))
        }),
        ("small alerts", JSON, |n| around(r#"{"alerts":["#, r#"{"labels":{"a":"b"}},"#, "{}]}", n)),
    ];
    let mut problems = Vec::new();
    for path in ["/v1", "/change"] {
        for (name, content_type, make) in bodies {
            problems.extend(growth(&relay, path, name, content_type, *make));
        }
    }
    assert!(problems.is_empty(), "{} grow too fast:\n{}", problems.len(), problems.join("\n"));
}
