//! The documented answers.

use std::time::Duration;

use pagerduty_standin::{Api, Options, RateLimit, Standin};
use serde_json::json;

use crate::client::Client;
use crate::{ENQUEUE, KEY, resolve, trigger};

#[tokio::test]
async fn what_is_accepted_gets_the_documented_answer() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let mut client = Client::connect(&standin).await;

    let v2 = client.post(ENQUEUE, &trigger("a")).await;
    assert_eq!(v2.status(), 202);
    assert_eq!(v2.json(), json!({"status": "success", "message": "Event processed", "dedup_key": "a"}));
    assert!(v2.has_header("content-type: application/json"));

    let change = json!({"routing_key": KEY, "payload": {"summary": "deployed"}}).to_string();
    let change = client.post("/v2/change/enqueue?x=y", &change).await;
    assert_eq!(change.status(), 202);
    assert_eq!(change.json(), json!({"status": "success", "message": "Change event processed"}));

    let v1 = json!({"service_key": KEY, "event_type": "trigger", "description": "down"}).to_string();
    let v1 = client.post(Api::V1.path(), &v1).await;
    assert_eq!(v1.status(), 200);
    let made_up = v1.json()["incident_key"].as_str().unwrap().to_owned();
    assert_eq!(v1.json()["message"], "Event processed");

    assert!(standin.alert(KEY, "a").is_some() && standin.alert(KEY, &made_up).is_some());
    assert_eq!(standin.changes().len(), 1);
    assert!(standin.requests().iter().all(|request| request.connection == 1));
}

#[tokio::test]
async fn what_is_refused_is_not_remembered() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let mut client = Client::connect(&standin).await;
    let blank_source = trigger("a").replace("\"db\"", "\"\"");
    let refused = client.post(ENQUEUE, &blank_source).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(
        refused.json(),
        json!({
            "status": "invalid event", "message": "Event object is invalid",
            "errors": ["'payload.source' is missing or blank"],
        })
    );
    let form = client.post(ENQUEUE, "summary=x").await;
    assert_eq!(form.json()["status"], "Unrecognized object");
    assert!(standin.alerts().is_empty());
    assert_eq!(standin.requests().len(), 2);
}

#[tokio::test]
async fn other_paths_and_methods_are_told_so() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let mut client = Client::connect(&standin).await;
    for (method, path, status) in [
        ("POST", "/", 404),
        ("POST", "/v2/enqueue/", 404),
        ("GET", "/v2", 404),
        ("GET", ENQUEUE, 405),
        ("PUT", "/v2/change/enqueue", 405),
    ] {
        let answer = client.send(method, path, "").await;
        assert_eq!(answer.status(), status, "{method} {path}");
        assert_eq!(answer.has_header("allow: POST".to_lowercase().as_str()), status == 405);
    }
}

#[tokio::test]
async fn only_listed_keys_are_known_when_there_is_a_list() {
    let known_keys = Some(vec!["A".repeat(32)]);
    let standin = Standin::start(Options { known_keys, ..Options::default() }).await.unwrap();
    let mut client = Client::connect(&standin).await;
    let unknown = client.post(ENQUEUE, &trigger("a")).await;
    assert_eq!((unknown.status(), unknown.body()), (400, "Invalid routing key"));
    assert!(unknown.has_header("content-type: text/plain; charset=utf-8"));
    let known = client.post(ENQUEUE, &trigger("a").replace(KEY, &"A".repeat(32))).await;
    assert_eq!(known.status(), 202);
}

#[tokio::test]
async fn the_rate_limit_answers_each_api_in_its_way() {
    let rate_limit = Some(RateLimit { events: 1, window: Duration::from_mins(1) });
    for (retry_after_seconds, retry_after) in [(None, false), (Some(2), true)] {
        let options = Options { rate_limit, retry_after_seconds, ..Options::default() };
        let standin = Standin::start(options).await.unwrap();
        let mut client = Client::connect(&standin).await;
        assert_eq!(client.post(ENQUEUE, "{}").await.status(), 400);
        assert_eq!(client.post(ENQUEUE, &trigger("a")).await.status(), 202);
        let limited = client.post(ENQUEUE, &resolve("a")).await;
        assert_eq!((limited.status(), limited.has_header("retry-after: 2")), (429, retry_after));
        let v1 = json!({"service_key": KEY, "event_type": "trigger", "description": "down"}).to_string();
        assert_eq!(client.post(Api::V1.path(), &v1).await.status(), 403);
        assert_eq!(standin.alert(KEY, "a").unwrap().events.len(), 1);
        standin.clear();
        assert_eq!(client.post(ENQUEUE, &trigger("a")).await.status(), 202);
    }
}

#[tokio::test]
async fn a_body_far_too_large_is_not_even_read() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let body = " ".repeat(9 << 20);
    // The answer can be lost to the reset that the unread rest of the body causes: only the memory is sure.
    let _ = Client::connect(&standin).await.post(ENQUEUE, &body).await;
    assert!(standin.requests().is_empty());
    let medium = " ".repeat(600_000);
    assert_eq!(Client::connect(&standin).await.post(ENQUEUE, &medium).await.status(), 400);
}
