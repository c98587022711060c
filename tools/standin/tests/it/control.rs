//! The control API of `standin serve`.

use http::Method;
use pagerduty_standin::{Options, Standin};
use serde_json::json;

use crate::client::Client;
use crate::{ENQUEUE, KEY, trigger};

async fn client() -> (Standin, Client) {
    let standin = Standin::start(Options { control: true, ..Options::default() }).await.unwrap();
    let client = Client::of(&standin);
    (standin, client)
}

#[tokio::test]
async fn it_shows_what_arrived_and_forgets_it_on_demand() {
    let (standin, client) = client().await;
    client.post(ENQUEUE, &trigger("a")).await;
    let change = json!({"routing_key": KEY, "payload": {"summary": "deployed"}}).to_string();
    client.post("/v2/change/enqueue?x=y", &change).await;
    for (path, pointer, expected) in [
        ("alerts", "/0/events/0/event/dedup_key", json!("a")),
        ("changes", "/0/summary", json!("deployed")),
        ("requests", "/0/json/routing_key", json!(KEY)),
        ("requests", "/1/query", json!("x=y")),
        ("requests", "/1/status", json!(202)),
        ("requests", "/2", json!(null)),
    ] {
        let answer = client.send(Method::GET, &format!("/control/{path}"), "").await.json();
        assert_eq!(answer.pointer(pointer).unwrap_or(&json!(null)), &expected, "{path} {answer}");
    }
    assert_eq!(client.post("/control/clear", "").await.status(), 200);
    assert!(standin.alerts().is_empty() && standin.changes().is_empty() && standin.requests().is_empty());
}

#[tokio::test]
async fn faults_are_ordered_for_all_events_or_for_one_dedup_key() {
    let (_standin, client) = client().await;
    for (order, statuses) in [
        (r#"{"kind":"status","status":500,"times":2}"#, [500, 500, 202]),
        (r#"{"kind":"status","status":503}"#, [503, 503, 503]),
        (r#"{"kind":"status","status":400,"dedup_key":"a","times":1}"#, [400, 503, 503]),
        (r#"{"kind":"none"}"#, [202, 202, 202]),
        (r#"{"kind":"status","status":400,"dedup_key":"a"}"#, [400, 400, 400]),
        (r#"{"kind":"slow","ms":1,"dedup_key":"a"}"#, [202, 202, 202]),
    ] {
        assert_eq!(client.send(Method::PUT, "/control/fault", order).await.status(), 200, "{order}");
        for status in statuses {
            assert_eq!(client.post(ENQUEUE, &trigger("a")).await.status(), status, "{order}");
        }
    }
    for order in [
        "",
        "{}",
        r#"{"kind":"statuses"}"#,
        r#"{"kind":"status"}"#,
        r#"{"kind":"status","status":200}"#,
        r#"{"kind":"slow","ms":60001}"#,
        r#"{"kind":"nothing","times":0}"#,
        r#"{"kind":"nothing","times":1001}"#,
    ] {
        assert_eq!(client.send(Method::PUT, "/control/fault", order).await.status(), 400, "{order}");
    }
    assert_eq!(client.post(ENQUEUE, &trigger("b")).await.status(), 202);
    assert_eq!(client.send(Method::GET, "/control/elsewhere", "").await.status(), 404);
}

#[tokio::test]
async fn without_the_option_there_is_none() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let client = Client::of(&standin);
    assert_eq!(client.send(Method::GET, "/control/alerts", "").await.status(), 404);
    assert_eq!(standin.requests().len(), 1);
}
