//! The documented answers, and what the handle tells and does.

use std::net::TcpListener;
use std::time::Duration;

use http::Method;
use pagerduty_standin::{AlertState, Api, Fault, Options, RateLimit, Standin};
use serde_json::json;

use crate::client::{Client, End};
use crate::{CHANGE, ENQUEUE, KEY, V1, change, trigger, v1_trigger};

#[tokio::test]
async fn each_request_gets_the_documented_answer_and_is_recorded_as_it_came() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let client = Client::of(&standin);
    let blank_source = trigger("b").replace("\"db\"", "\"\"");
    let made_up = format!("{:032x}", 1);
    let refused = json!({
        "status": "invalid event", "message": "Event object is invalid", "errors": ["'payload.source' is missing or blank"],
    });
    let accepted =
        |message, name: &str, key: &str| json!({"status": "success", "message": message, name: key});
    for (at, (method, path, body, status, answer)) in [
        (Method::POST, ENQUEUE, trigger("a"), 202, Some(accepted("Event processed", "dedup_key", "a"))),
        (Method::POST, V1, v1_trigger(), 200, Some(accepted("Event processed", "incident_key", &made_up))),
        (
            Method::POST,
            CHANGE,
            change(),
            202,
            Some(json!({"status": "success", "message": "Change event processed"})),
        ),
        (Method::POST, ENQUEUE, blank_source, 400, Some(refused)),
        (Method::POST, "/", "not json".to_owned(), 404, None),
        (Method::POST, "/v2/enqueue/", trigger("c"), 404, None),
        (Method::GET, "/v2", String::new(), 404, None),
        (Method::GET, ENQUEUE, String::new(), 405, None),
        (Method::PUT, CHANGE, change(), 405, None),
    ]
    .into_iter()
    .enumerate()
    {
        let outcome = client.send(method.clone(), &format!("{path}?a=b"), &body).await;
        assert_eq!((outcome.end, outcome.status), (End::Answer, status), "{path} {body}");
        assert_eq!(outcome.header("allow"), (status == 405).then_some("POST"));
        let content_type = if answer.is_some() { "application/json" } else { "text/plain; charset=utf-8" };
        assert_eq!(outcome.header("content-type"), Some(content_type));
        assert!(answer.is_none_or(|answer| answer == outcome.json()), "{:?}", outcome.json());

        let received = &standin.requests_since(at as u64)[0];
        assert_eq!((received.number, received.connection, &received.method), (at as u64 + 1, 1, &method));
        assert_eq!((received.path.as_str(), received.query.as_deref()), (path, Some("a=b")));
        assert_eq!((received.status(), &received.body[..]), (Some(status), body.as_bytes()));
        assert_eq!(received.header("host"), Some(standin.address().to_string().as_str()));
        assert_eq!(received.json, serde_json::from_str(&body).ok());
        assert_eq!(received.api, Api::at(path));
    }
    let open: Vec<String> = standin.alerts().into_iter().map(|alert| alert.dedup_key).collect();
    assert_eq!((open, standin.changes().len()), (vec![made_up, "a".to_owned()], 1));
    Client::of(&standin).post("/x", "").await;
    let [.., before, last] = &standin.requests()[..] else { unreachable!() };
    assert!(last.connection == 2 && before.at <= last.at && last.number == standin.last_request());
}

#[tokio::test]
async fn the_rate_limit_answers_each_api_in_its_way() {
    let rate_limit = Some(RateLimit { events: 1, window: Duration::from_mins(1) });
    let standin = Standin::start(Options { rate_limit, ..Options::default() }).await.unwrap();
    let client = Client::of(&standin);
    assert_eq!(client.post(ENQUEUE, "{}").await, 400);
    assert_eq!(client.post(ENQUEUE, &trigger("a")).await, 202);
    for (path, body, status) in
        [(ENQUEUE, trigger("a"), 429), (CHANGE, change(), 429), (V1, v1_trigger(), 403)]
    {
        let outcome = client.send(Method::POST, path, &body).await;
        assert_eq!(
            (outcome.status, outcome.body, outcome.headers.get("retry-after")),
            (status, vec![], None)
        );
    }
    assert_eq!((standin.alert(KEY, "a").unwrap().triggers, standin.changes().len()), (1, 0));
    standin.clear();
    assert_eq!(client.post(ENQUEUE, &trigger("a")).await, 202);
}

#[tokio::test]
async fn it_counts_the_requests_that_are_in_flight_at_once() {
    let standin = Standin::start(Options::default()).await.unwrap();
    standin.set_standing_fault(Some(Fault::Delay(Duration::from_millis(50))));
    let (clients, body) = ([(); 3].map(|()| Client::of(&standin)), trigger("a"));
    let [one, two, three] = &clients;
    tokio::join!(one.post(ENQUEUE, &body), two.post(ENQUEUE, &body), three.post(ENQUEUE, &body));
    assert_eq!(standin.max_in_flight(), 3);
    standin.clear();
    // A hung request leaves the count when its client goes.
    standin.push_fault(Fault::Hang { taken: false });
    Client::of(&standin).post(ENQUEUE, &body).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    one.post(ENQUEUE, &body).await;
    assert_eq!(standin.max_in_flight(), 1);
}

#[tokio::test]
async fn a_person_s_hand_and_each_event_wake_the_subscribers() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let is_there = |standin: &Standin| !standin.alerts().is_empty();
    assert!(!standin.wait_until(Duration::from_millis(20), is_there).await);
    let (client, body) = (Client::of(&standin), trigger("a"));
    let waiting = standin.wait_until(Duration::from_secs(2), is_there);
    assert_eq!(tokio::join!(waiting, client.post(ENQUEUE, &body)), (true, 202));
    let mut revision = standin.subscribe();
    assert!(standin.acknowledge(KEY, "a") && revision.has_changed().unwrap());
    assert_eq!(standin.alert(KEY, "a").unwrap().state, AlertState::Acknowledged);
    revision.mark_unchanged();
    assert!(standin.resolve(KEY, "a") && revision.has_changed().unwrap() && !standin.resolve(KEY, "a"));
}

#[tokio::test]
async fn after_a_stop_the_port_is_free_and_the_memory_is_there() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let client = Client::of(&standin);
    client.post(ENQUEUE, &trigger("a")).await;
    standin.stop().await;
    standin.stop().await;
    assert_eq!(client.send(Method::POST, ENQUEUE, &trigger("a")).await.end, End::Closed);
    assert_eq!(standin.alerts().len(), 1);

    let address = Some(standin.address());
    let again = Standin::start(Options { address, ..Options::default() }).await.unwrap();
    assert_eq!(again.url(), standin.url());
    assert!(Standin::start(Options { address, ..Options::default() }).await.is_err());
    drop(again);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(TcpListener::bind(standin.address()).is_ok());
}
