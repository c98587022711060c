//! What counts as accepted: PagerDuty's status and PagerDuty's word. Any other 2xx is a proxy's page.

use crate::bridge::{Bridge, KEY};
use crate::delivery::notification;
use crate::process::Process;
use bytes::Bytes;
use http::Response;
use pagerduty_standin::{Fault, Options, Reply, Standin};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const JSON: &str = "application/json";
/// A log-in page of a proxy, which quotes what ARMS takes for success.
const PAGE: &str = r#"<html><body>Please log in <script>{"status":"success"}</script></body></html>"#;

fn typed(status: u16, content_type: &str, body: &str) -> Reply {
    Reply { headers: vec![("content-type".to_owned(), content_type.to_owned())], ..Reply::text(status, body) }
}

fn says_success(answer: &Response<Bytes>) -> bool {
    let text: String = String::from_utf8_lossy(answer.body()).split_whitespace().collect();
    text.contains("\"status\":\"success\"") || text.contains("status=success")
}

/// The status of the answer to one event, and how often the event was sent.
async fn answer_to(path: &str, reply: &Reply) -> (Response<Bytes>, usize) {
    let bridge = Bridge::with(&[("DELIVER_WITHIN_MS", "2000")]).await;
    bridge.standin.set_standing_fault(Some(Fault::Answer(reply.clone())));
    let answer = bridge.post(path, JSON, &notification([("a", "error", "firing")])).await;
    (answer, bridge.standin.requests().len())
}

/// Each row on each path: the answer's status is the one of the row.
async fn check(paths: &'static [&'static str], rows: Vec<(Reply, u16)>) {
    let mut cases = JoinSet::new();
    for (reply, wanted) in rows {
        for path in paths {
            let reply = reply.clone();
            cases.spawn(async move {
                let (answer, sent) = answer_to(path, &reply).await;
                let status = answer.status().as_u16();
                let mut wrong = Vec::new();
                if status != wanted {
                    wrong.push(format!("answered {status} instead of {wanted}"));
                }
                if sent != 1 {
                    wrong.push(format!("sent {sent} times"));
                }
                if wanted == 502 && says_success(&answer) {
                    wrong.push(format!("claims success: {answer:?}"));
                }
                if wanted == 502 && serde_json::from_slice::<Value>(answer.body()).is_err() {
                    wrong.push(format!("is no JSON: {answer:?}"));
                }
                (!wrong.is_empty()).then(|| format!("{path} {reply:?}: {}", wrong.join(", ")))
            });
        }
    }
    let mut problems: Vec<String> = cases.join_all().await.into_iter().flatten().collect();
    problems.sort();
    assert!(problems.is_empty(), "{} wrong:\n{}", problems.len(), problems.join("\n"));
}

#[tokio::test]
async fn v1_is_accepted_only_if_the_body_says_success() {
    let success = json!({"status": "success", "message": "Event processed", "incident_key": "a"});
    check(
        &["/v1", "/generic/2010-04-15/create_event.json"],
        vec![
            (Reply::json(200, &success), 200),
            // Whether it is JSON is decided by the body, not by the header.
            (typed(200, "text/plain", &success.to_string()), 200),
            (typed(200, "text/html", &format!("{success:#}\n")), 200),
            (Reply::html(200, PAGE), 502),
            (Reply::text(200, "OK"), 502),
            (Reply::text(200, "success"), 502),
            (Reply::text(200, ""), 502),
            (Reply::json(200, &json!({})), 502),
            (Reply::json(200, &json!({"message": "Event processed", "incident_key": "a"})), 502),
            (Reply::json(200, &json!({"status": "invalid event", "errors": ["no"]})), 502),
            (Reply::json(200, &json!({"status": null})), 502),
            (Reply::json(200, &json!({"status": ["success"]})), 502),
            (Reply::json(200, &json!(["success"])), 502),
            (Reply::json(200, &json!("success")), 502),
            (Reply::json(200, &json!({"nested": {"status": "success"}})), 502),
            (typed(200, JSON, r#"{"status":"success""#), 502),
            (Reply::json(202, &success), 502),
            (Reply::json(201, &success), 502),
            (Reply::html(203, PAGE), 502),
            (Reply::text(204, ""), 502),
        ],
    )
    .await;
}

#[tokio::test]
async fn v2_is_accepted_if_no_json_body_says_otherwise() {
    let success = json!({"status": "success", "message": "Event processed", "dedup_key": "a"});
    check(
        &["/", "/v2/enqueue", "/change"],
        vec![
            (Reply::json(202, &success), 202),
            (typed(202, "text/plain", &success.to_string()), 202),
            // Without a status in a body of JSON the HTTP status is all there is.
            (Reply::text(202, ""), 202),
            (Reply::text(202, "Accepted"), 202),
            (Reply::json(202, &json!({"message": "Event processed"})), 202),
            (Reply::json(202, &json!({"status": "invalid event", "errors": ["no"]})), 502),
            (Reply::json(202, &json!({"status": "error"})), 502),
            (typed(202, "text/plain", r#"{"status":"error"}"#), 502),
            (Reply::json(200, &success), 502),
            (Reply::html(200, PAGE), 502),
            (Reply::text(200, ""), 502),
            (Reply::json(201, &success), 502),
            (Reply::html(203, PAGE), 502),
            (Reply::text(204, ""), 502),
            (Reply::text(205, ""), 502),
            (Reply::html(206, PAGE), 502),
            (Reply::text(208, ""), 502),
        ],
    )
    .await;
}

/// What PagerDuty has accepted comes back as it came.
#[tokio::test]
async fn an_accepted_event_is_answered_in_pagerduty_s_words() {
    let success = json!({"status": "success", "message": "Event processed", "incident_key": "a"});
    for (path, reply) in [
        ("/v1", typed(200, "text/plain", &format!("{success:#}"))),
        ("/", typed(202, "application/json", &format!("{success:#}"))),
        ("/", Reply::text(202, "Accepted")),
    ] {
        let (answer, _) = answer_to(path, &reply).await;
        assert_eq!(answer.body(), &reply.body, "{path}");
    }
}

#[tokio::test]
async fn of_several_events_a_proxy_s_page_for_one_is_a_502_for_all() {
    for (path, reply, accepted) in [
        ("/v1", Reply::html(200, PAGE), 200),
        ("/v1", Reply::json(200, &json!({"status": "error"})), 200),
        ("/", Reply::html(200, PAGE), 202),
        ("/", Reply::json(202, &json!({"status": "error"})), 202),
    ] {
        let bridge = Bridge::with(&[("DELIVER_WITHIN_MS", "2000")]).await;
        let body = notification([("a", "error", "firing"), ("b", "error", "firing")]);
        assert_eq!(bridge.post(path, JSON, &body).await.status(), accepted, "{path}");
        bridge.standin.set_standing_fault_for("a", Some(Fault::Answer(reply.clone())));
        let answer = bridge.post(path, JSON, &body).await;
        assert_eq!(answer.status(), 502, "{path} {reply:?}");
        assert!(!says_success(&answer), "{answer:?}");
        let reported: Value = serde_json::from_slice(answer.body()).expect("JSON");
        let failures = reported["failures"].as_array().expect("a list");
        assert_eq!(failures.len(), 1, "{reported}");
        assert_eq!(failures[0]["dedup_key"], "a", "{reported}");
        // A proxy's answer may pass when the event is sent again; a refusal does not.
        bridge.standin.set_standing_fault_for("b", Some(Fault::status(400)));
        assert_eq!(bridge.post(path, JSON, &body).await.status(), 502, "{path} {reply:?} beside a 400");
    }
}

/// The console's test must not be green because of a page.
#[tokio::test]
async fn the_console_s_test_is_no_success_where_a_proxy_answers() {
    for (path, reply) in [
        ("/v1", Reply::html(200, PAGE)),
        ("/", Reply::html(200, PAGE)),
        ("/", Reply::json(202, &json!({"status": "error"}))),
        ("/change", Reply::html(200, PAGE)),
    ] {
        let bridge = Bridge::start().await;
        bridge.standin.set_standing_fault(Some(Fault::Answer(reply)));
        let body = json!({"integration_key": KEY, "content": "$alertmanager_content"}).to_string();
        let answer = bridge.post(path, JSON, &body).await;
        assert_eq!(answer.status(), 502, "{path}");
        assert!(!says_success(&answer), "{path}: {answer:?}");
    }
}

/// What was not accepted is in the log, fit to be sent again.
#[tokio::test]
async fn an_event_that_a_proxy_took_is_logged_as_undelivered() {
    for (path, reply) in [
        ("/v1", Reply::html(200, PAGE)),
        ("/v1", Reply::json(200, &json!({"status": "error"}))),
        ("/", Reply::html(200, PAGE)),
        ("/", Reply::json(202, &json!({"status": "error"}))),
    ] {
        let standin = Standin::start(Options::default()).await.expect("loopback");
        let url = standin.url();
        let process = Process::start(&[("PAGERDUTY_EVENTS_URL", &url), ("DELIVER_WITHIN_MS", "2000")]).await;
        standin.set_standing_fault(Some(Fault::Answer(reply.clone())));
        let body = notification([("a", "error", "firing")]);
        let answer = process.post(path, &[("content-type", JSON)], &body).await;
        assert_eq!(answer.status, 502, "{path} {reply:?}");
        let is_logged = process.wait_for(|process| process.lines("undelivered").len() == 1).await;
        assert!(is_logged, "{path} {reply:?}: {}", process.stdout());
        let line = process.lines("undelivered").remove(0);
        let event = line["event"].to_string();
        assert!(event.contains("\"a\""), "the whole event: {line}");
    }
}
