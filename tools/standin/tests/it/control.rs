//! The control API of `standin serve`.

use http::Method;
use pagerduty_standin::{Options, Standin};
use serde_json::json;

use crate::client::Client;
use crate::{CHANGE, ENQUEUE, KEY, change, trigger};

#[tokio::test]
async fn it_shows_what_arrived_and_forgets_it_on_demand() {
    let standin = Standin::start(Options { control: true, ..Options::default() }).await.unwrap();
    let client = Client::of(&standin);
    for key in ["a", "b"] {
        client.post(ENQUEUE, &trigger(key)).await;
    }
    client.post(&format!("{CHANGE}?x=y"), &change()).await;
    for (path, pointer, expected) in [
        ("alerts", "/0/events/0/event/dedup_key", json!("b")),
        ("alerts", "/1/key", json!("…d1a6")),
        ("changes", "/0/summary", json!("deployed")),
        ("requests", "/0/json/routing_key", json!(KEY)),
        ("requests", "/2/query", json!("x=y")),
        ("requests", "/2/status", json!(202)),
        ("requests", "/3", json!(null)),
    ] {
        let answer = client.send(Method::GET, &format!("/control/{path}"), "").await.json();
        assert_eq!(answer.pointer(pointer).unwrap_or(&json!(null)), &expected, "{path} {answer}");
    }
    assert_eq!(client.post("/control/clear", "").await, 200);
    assert!(standin.alerts().is_empty() && standin.changes().is_empty() && standin.requests().is_empty());
    assert_eq!((client.post("/control/elsewhere", "").await, standin.last_request()), (404, 3));
    let without = Standin::start(Options::default()).await.unwrap();
    assert_eq!(Client::of(&without).send(Method::GET, "/control/alerts", "").await.status, 404);
    assert_eq!(without.requests().len(), 1);
}

#[tokio::test]
async fn faults_are_ordered_for_all_events_or_for_one_dedup_key() {
    let standin = Standin::start(Options { control: true, ..Options::default() }).await.unwrap();
    let client = Client::of(&standin);
    for (order, statuses) in [
        (r#"{"kind":"status","status":500,"times":2}"#, [500, 500, 202]),
        (r#"{"kind":"status","status":503}"#, [503, 503, 503]),
        (r#"{"kind":"status","status":400,"dedup_key":"a","times":1}"#, [400, 503, 503]),
        (r#"{"kind":"none"}"#, [202, 202, 202]),
        (r#"{"kind":"status","status":400,"dedup_key":"a"}"#, [400, 400, 400]),
        (r#"{"kind":"slow","ms":1,"dedup_key":"a"}"#, [202, 202, 202]),
        (r#"{"kind":"nothing","times":2}"#, [0, 0, 202]),
    ] {
        assert_eq!(client.send(Method::PUT, "/control/fault", order).await.status, 200, "{order}");
        for status in statuses {
            assert_eq!(client.post(ENQUEUE, &trigger("a")).await, status, "{order}");
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
        assert_eq!(client.send(Method::PUT, "/control/fault", order).await.status, 400, "{order}");
    }
    assert_eq!(client.post(ENQUEUE, &trigger("b")).await, 202);
}
