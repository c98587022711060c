//! Answers: PagerDuty's own words for one event, a summary for several, and never a success that
//! PagerDuty has not reported.

use crate::bridge::{Bridge, KEY, request};
use crate::delivery::notification;
use arms_pagerduty::relay::Invocation;
use bytes::Bytes;
use http::{HeaderMap, Response};
use pagerduty_standin::{Fault, Reply};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
/// Most of PagerDuty's body that is passed on.
const BODY_MAX_BYTES: usize = 64 * 1024;
const HANG: Fault = Fault::Hang { taken: false };
const CLOSE: Fault = Fault::CloseUnanswered { taken: false };

async fn send(bridge: &Bridge, keys: &[&str]) -> Response<Bytes> {
    let body = notification(keys.iter().map(|key| (*key, "error", "firing")));
    bridge.post("/", JSON, &body).await
}

/// The answer to one event that PagerDuty answers so, again and again.
async fn answer_to(reply: Reply) -> Response<Bytes> {
    let bridge = Bridge::with(&[("DELIVER_WITHIN_MS", "1000")]).await;
    bridge.standin.set_standing_fault(Some(Fault::Answer(reply)));
    send(&bridge, &["a"]).await
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map(|value| value.to_str().expect("a text")).unwrap_or_default()
}

fn parsed(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap_or_else(|error| panic!("{error}: {:?}", response.body()))
}

#[tokio::test]
async fn one_event_is_answered_with_pagerduty_s_status_and_body_as_they_came() {
    let refused = json!({"status": "invalid event", "message": "Event object is invalid", "errors": ["no"]});
    let page = "<html><script>alert(1)</script></html>";
    let with_type = |status, body: &str, content_type: &str| Reply {
        headers: vec![("content-type".to_owned(), content_type.to_owned())],
        ..Reply::text(status, body)
    };
    let mut cases = JoinSet::new();
    for (reply, content_type) in [
        (Reply::json(400, &refused), JSON),
        (Reply::text(400, "Invalid routing key"), TEXT),
        (Reply::text(400, ""), TEXT),
        (Reply::text(429, "Too many"), TEXT),
        (Reply::html(403, page), TEXT),
        (Reply::html(500, page), TEXT),
        (Reply::json(503, &json!({"message": "later"})), JSON),
        (with_type(400, "{\"errors\": [\n1] }", "text/html"), JSON),
        (with_type(400, page, "application/json"), TEXT),
        (with_type(400, "告警 – ü", "text/plain"), TEXT),
    ] {
        cases.spawn(async move {
            let answer = answer_to(reply.clone()).await;
            assert_eq!(answer.status(), reply.status, "{reply:?}");
            assert_eq!(answer.body(), &reply.body, "{reply:?}");
            assert_eq!(header(answer.headers(), "content-type"), content_type, "{reply:?}");
            assert_eq!(header(answer.headers(), "x-content-type-options"), "nosniff");
        });
    }
    cases.join_all().await;
    let bridge = Bridge::start().await;
    let accepted = parsed(&send(&bridge, &["a"]).await);
    assert_eq!(accepted, json!({"status": "success", "message": "Event processed", "dedup_key": "a"}));
}

/// What a proxy may answer in PagerDuty's place.
#[tokio::test]
async fn an_answer_that_pagerduty_does_not_give_is_a_bad_gateway() {
    let page = "<html><form>Sign in</form></html>";
    let refused = json!({"status": "invalid event", "message": "no"});
    let mut cases = JoinSet::new();
    for (path, reply) in [
        ("/", Reply::html(200, page)),
        ("/", Reply::json(200, &json!({"status": "success"}))),
        ("/", Reply::text(204, "")),
        ("/", Reply::json(202, &refused)),
        ("/", Reply::json(202, &json!({"status": null}))),
        ("/change", Reply::html(200, page)),
        ("/change", Reply::json(202, &refused)),
        ("/v1", Reply::html(200, page)),
        ("/v1", Reply::text(200, "")),
        ("/v1", Reply::json(200, &json!({"message": "Event processed"}))),
        ("/v1", Reply::json(200, &refused)),
        ("/v1", Reply::json(200, &json!("success"))),
        ("/v1", Reply::json(200, &json!(["success"]))),
        ("/v1", Reply::json(202, &json!({"status": "success"}))),
    ] {
        cases.spawn(async move {
            let bridge = Bridge::with(&[("DELIVER_WITHIN_MS", "300")]).await;
            bridge.standin.set_standing_fault(Some(Fault::Answer(reply.clone())));
            for alerts in [&["a"][..], &["a", "b"]] {
                let body = notification(alerts.iter().map(|key| (*key, "error", "firing")));
                let request = request("POST", path, &[("content-type", JSON)], body.into());
                let (head, body) = request.into_parts();
                let invocation = Invocation { request_id: "r".to_owned(), deadline: None };
                let route = bridge.relay.admit(&head);
                let answer = bridge.relay.answer(route, &head, body, &invocation).await;
                let failed = answer.failed.map(|status| status.as_u16());
                let status = answer.response.status().as_u16();
                assert_eq!((status, failed), (502, Some(502)), "{path}: {reply:?}");
                let reported = format!("an answer with status {} came that is not PagerDuty's", reply.status);
                let body = parsed(&answer.response);
                assert!(body.to_string().contains(&reported) && body["status"] == "not delivered", "{body}");
            }
        });
    }
    cases.join_all().await;
}

#[tokio::test]
async fn an_answer_of_v2_need_not_be_json() {
    for reply in [Reply::text(202, ""), Reply::text(202, "Accepted"), Reply::json(202, &json!({"a": 1}))] {
        assert_eq!(answer_to(reply.clone()).await.status(), 202, "{reply:?}");
    }
}

#[tokio::test]
async fn accepted_webhooks_are_answered_200_where_the_setting_says_so_and_failures_stay() {
    let bridge = Bridge::with(&[("SUCCESS_STATUS", "200"), ("DELIVER_WITHIN_MS", "300")]).await;
    let test = json!({"integration_key": KEY, "content": "$alertmanager_content"}).to_string();
    for path in ["/", "/v1", "/change"] {
        for keys in [&["a"][..], &["a", "b"]] {
            let body = notification(keys.iter().map(|key| (*key, "error", "firing")));
            let answer = bridge.post(path, JSON, &body).await;
            assert_eq!((answer.status().as_u16(), &parsed(&answer)["status"]), (200, &json!("success")));
        }
        assert_eq!(bridge.post(path, JSON, &test).await.status(), 200);
    }
    for (fault, status) in [(Fault::status(400), 400), (Fault::status(429), 429), (Fault::html(200), 502)] {
        bridge.standin.set_standing_fault(Some(fault));
        for keys in [&["a"][..], &["a", "b"]] {
            assert_eq!(send(&bridge, keys).await.status(), status);
        }
    }
    assert_eq!(bridge.post("/", JSON, "").await.status(), 400);
}

#[tokio::test]
async fn of_pagerduty_s_headers_only_retry_after_is_passed_on() {
    let reply = ["set-cookie", "x-request-id", "access-control-allow-origin", "location", "x-fc-status"]
        .into_iter()
        .fold(Reply::text(400, "no"), |reply, name| reply.with_header(name, "theirs"))
        .with_header("retry-after", "7");
    let answer = answer_to(reply).await;
    assert_eq!(header(answer.headers(), "retry-after"), "7");
    let mut names: Vec<&str> = answer.headers().keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-type", "retry-after", "x-content-type-options"]);
}

#[tokio::test]
async fn a_body_over_64_kib_is_cut_whatever_its_characters() {
    for piece in ["x", "告", "\u{1f514}"] {
        let long = piece.repeat(100_000);
        let answer = answer_to(Reply::text(400, &long)).await;
        let body = std::str::from_utf8(answer.body()).expect("UTF-8");
        let length = body.len();
        assert!(length <= BODY_MAX_BYTES && length > BODY_MAX_BYTES - 8, "{piece}: {length} bytes");
        assert!(body.trim_end_matches('\u{fffd}').chars().all(|c| piece.contains(c)), "{piece}");
        assert_eq!(header(answer.headers(), "content-type"), TEXT);
    }
    let exact = "x".repeat(BODY_MAX_BYTES);
    assert_eq!(answer_to(Reply::text(400, &exact)).await.body(), &exact);
}

/// What the first, the second … of several events meets, and the status of the answer to them all.
#[tokio::test]
async fn several_events_are_answered_with_the_failure_that_sending_again_may_mend() {
    let status = Fault::status;
    let mut cases = JoinSet::new();
    for (faults, wanted) in [
        (vec![], 202),
        (vec![status(400)], 400),
        (vec![status(400), status(429)], 429),
        (vec![status(499), status(429)], 429),
        (vec![status(500), status(400)], 500),
        (vec![status(429), status(503), status(500)], 503),
        (vec![status(400), HANG], 504),
        (vec![HANG, status(599)], 599),
        (vec![HANG, status(503), status(400)], 504),
        (vec![CLOSE, status(429)], 502),
        (vec![CLOSE, status(413)], 502),
        (vec![CLOSE, HANG], 504),
        (vec![Fault::html(500), Fault::CutAnswer], 502),
        (vec![Fault::html(200)], 502),
        (vec![status(400), Fault::html(200)], 502),
        (vec![Fault::Answer(Reply::json(202, &json!({"status": "invalid event"})))], 502),
        (vec![Fault::redirect(307, "http://127.0.0.1:1/"), status(400)], 502),
    ] {
        cases.spawn(async move {
            let bridge = Bridge::with(&[("DELIVER_WITHIN_MS", "1000")]).await;
            for (fault, key) in faults.iter().zip(["a", "b", "c"]) {
                bridge.standin.set_standing_fault_for(key, Some(fault.clone()));
            }
            let answer = send(&bridge, &["a", "b", "c", "d"]).await;
            let (reported, body) = (answer.status().as_u16(), parsed(&answer));
            // An attempt that the end of the time cuts short makes a timeout of what was no connection.
            assert!(reported == wanted || (wanted, reported) == (502, 504), "{faults:?}: {reported}, {body}");
            let failures = body["failures"].as_array().map_or(0, Vec::len);
            assert_eq!(failures, faults.len(), "{faults:?}: {body}");
            assert_eq!(body["status"] == "success", faults.is_empty(), "{body}");
            let message = body["message"].as_str().expect("a message");
            let counts = [(4 - faults.len()).to_string(), 4.to_string()];
            assert!(counts.iter().all(|count| message.contains(count)), "{message}");
        });
    }
    cases.join_all().await;
}

#[tokio::test]
async fn several_events_of_v1_are_answered_200_or_with_its_rate_limit() {
    let bridge = Bridge::with(&[("DELIVER_WITHIN_MS", "500")]).await;
    let body = notification([("a", "error", "firing"), ("b", "info", "firing")]);
    for (fault, wanted) in [(None, 200), (Some(Fault::status(403)), 403), (Some(Fault::status(429)), 429)] {
        bridge.standin.set_standing_fault_for("a", fault.clone());
        bridge.standin.set_standing_fault_for("b", fault.is_some().then(|| Fault::status(499)));
        let answer = bridge.post("/v1", JSON, &body).await;
        // Only a 403 may pass there when it is sent again; of the others any may be the answer.
        let reported = answer.status().as_u16();
        assert!(reported == wanted || wanted == 429 && reported == 499, "{fault:?}: {reported}");
        assert_eq!(parsed(&answer)["status"] == "success", fault.is_none());
    }
}

#[tokio::test]
async fn each_failure_names_its_key_its_status_and_pagerduty_s_errors_and_twenty_are_listed() {
    let bridge = Bridge::start().await;
    let keys: Vec<String> = (0..25).map(|number| format!("alert-{number}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let refusal = json!({"status": "invalid event", "message": "no", "errors": ["this", "that"]});
    bridge.standin.set_standing_fault(Some(Fault::Answer(Reply::json(400, &refusal))));
    let answer = send(&bridge, &keys).await;
    let body = parsed(&answer);
    let failures = body["failures"].as_array().expect("a list");
    assert_eq!((answer.status().as_u16(), failures.len()), (400, 20));
    for failure in failures {
        let key = failure["dedup_key"].as_str().expect("a key");
        assert!(keys.contains(&key), "{failure}");
        assert_eq!((&failure["status"], &failure["errors"]), (&json!(400), &json!(["this", "that"])));
    }
    let message = body["message"].as_str().expect("a message");
    assert!(message.contains('0') && message.contains("25"), "{message}");
}

#[tokio::test]
async fn success_stands_only_where_pagerduty_has_said_so() {
    let says_success = |answer: &Response<Bytes>| {
        let text: String = String::from_utf8_lossy(answer.body()).split_whitespace().collect();
        text.contains("\"status\":\"success\"") || text.contains("status=success")
    };
    let bridge = Bridge::with(&[("DELIVER_WITHIN_MS", "150")]).await;
    for fault in [
        Fault::status(200),
        Fault::html(200),
        Fault::status(204),
        Fault::status(400),
        Fault::status(500),
        Fault::redirect(307, "/v2/enqueue"),
        HANG,
        CLOSE,
        Fault::CutAnswer,
        Fault::StallAnswer,
        Fault::Delay(Duration::from_secs(5)),
        Fault::CloseOnAccept,
    ] {
        bridge.standin.set_standing_fault(Some(fault.clone()));
        for keys in [&["a"][..], &["a", "b"]] {
            let answer = send(&bridge, keys).await;
            assert!(!says_success(&answer), "{fault:?}, {keys:?}: {answer:?}");
        }
    }
    let key_only = format!("integration_key={KEY}");
    let resolve = format!("{key_only}&status=resolved");
    for body in ["", "integration_key=0123", "no key at all", resolve.as_str()] {
        let answer = bridge.post("/", "text/plain", body).await;
        assert!(answer.status() == 400 && !says_success(&answer), "{body:?}: {answer:?}");
    }
    bridge.standin.set_standing_fault(None);
    for keys in [&["a"][..], &["a", "b"]] {
        assert!(says_success(&send(&bridge, keys).await), "{keys:?}");
    }
    let message = json!({"integration_key": KEY, "content": "$alertmanager_content"}).to_string();
    assert!(says_success(&bridge.post("/", JSON, &message).await), "the console's test");
    bridge.standin.set_standing_fault(Some(HANG));
    assert!(!says_success(&bridge.post("/", JSON, &message).await), "the console's test");
}
