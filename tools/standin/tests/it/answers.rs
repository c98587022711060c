//! The documented answers.

use std::time::Duration;

use pagerduty_standin::{Api, Options, RateLimit, Standin};
use serde_json::json;

use crate::client::Client;
use crate::{ENQUEUE, KEY, resolve, trigger};
use http::Method;

#[tokio::test]
async fn what_is_accepted_gets_the_documented_answer() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let client = Client::of(&standin);

    let v2 = client.post(ENQUEUE, &trigger("a")).await;
    assert_eq!(v2.status(), 202);
    assert_eq!(v2.json(), json!({"status": "success", "message": "Event processed", "dedup_key": "a"}));
    assert_eq!(v2.header("content-type"), Some("application/json"));

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
    let client = Client::of(&standin);
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
    let client = Client::of(&standin);
    for (method, path, status) in [
        (Method::POST, "/", 404),
        (Method::POST, "/v2/enqueue/", 404),
        (Method::GET, "/v2", 404),
        (Method::GET, ENQUEUE, 405),
        (Method::PUT, "/v2/change/enqueue", 405),
    ] {
        let answer = client.send(method, path, "").await;
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.header("allow"), (status == 405).then_some("POST"));
    }
}

#[tokio::test]
async fn the_rate_limit_answers_each_api_in_its_way() {
    let rate_limit = Some(RateLimit { events: 1, window: Duration::from_mins(1) });
    let standin = Standin::start(Options { rate_limit, ..Options::default() }).await.unwrap();
    let client = Client::of(&standin);
    assert_eq!(client.post(ENQUEUE, "{}").await.status(), 400);
    assert_eq!(client.post(ENQUEUE, &trigger("a")).await.status(), 202);
    assert_eq!(client.post(ENQUEUE, &resolve("a")).await.status(), 429);
    let v1 = json!({"service_key": KEY, "event_type": "trigger", "description": "down"}).to_string();
    assert_eq!(client.post(Api::V1.path(), &v1).await.status(), 403);
    assert_eq!(standin.alert(KEY, "a").unwrap().events.len(), 1);
    standin.clear();
    assert_eq!(client.post(ENQUEUE, &trigger("a")).await.status(), 202);
}

#[tokio::test]
async fn a_body_far_too_large_is_not_even_read() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let body = " ".repeat(9 << 20);
    // The answer can be lost to the reset that the unread rest of the body causes: only the memory is sure.
    let _ = Client::of(&standin).post(ENQUEUE, &body).await;
    assert!(standin.requests().is_empty());
    let medium = " ".repeat(600_000);
    assert_eq!(Client::of(&standin).post(ENQUEUE, &medium).await.status(), 400);
}
