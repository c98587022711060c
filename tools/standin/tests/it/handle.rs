//! What the handle tells and does.

use std::net::TcpListener;
use std::time::Duration;

use pagerduty_standin::memory::AlertState;
use pagerduty_standin::{Api, Fault, Options, Standin};

use crate::client::{Client, End};
use crate::{ENQUEUE, KEY, trigger};

#[tokio::test]
async fn a_request_is_recorded_as_it_came() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let body = trigger("a");
    Client::of(&standin).post("/v2/enqueue?a=b", &body).await;
    Client::of(&standin).post("/x", "not json").await;
    let (requests, host) = (standin.requests(), standin.address().to_string());
    let (first, second) = (&requests[0], &requests[1]);
    assert_eq!((first.number, first.connection, first.api), (1, 1, Some(Api::V2)));
    assert_eq!((first.path.as_str(), first.query.as_deref()), (ENQUEUE, Some("a=b")));
    assert_eq!((first.header("host"), &first.body[..]), (Some(&*host), body.as_bytes()));
    assert_eq!(first.json.as_ref().unwrap()["dedup_key"], "a");
    assert_eq!(first.status(), Some(202));
    assert_eq!((second.number, second.connection, second.api, second.status()), (2, 2, None, Some(404)));
    assert!(second.json.is_none() && first.at <= second.at);
}

#[tokio::test]
async fn it_counts_the_requests_that_are_in_flight_at_once() {
    let standin = Standin::start(Options::default()).await.unwrap();
    standin.set_standing_fault(Some(Fault::Delay(Duration::from_millis(50))));
    let body = trigger("a");
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(Client::of(&standin));
    }
    let [one, two, three] = &clients[..] else { unreachable!() };
    tokio::join!(one.post(ENQUEUE, &body), two.post(ENQUEUE, &body), three.post(ENQUEUE, &body));
    assert_eq!(standin.max_in_flight(), 3);
    standin.clear();
    clients[0].post(ENQUEUE, &body).await;
    assert_eq!(standin.max_in_flight(), 1);
}

#[tokio::test]
async fn a_hung_request_leaves_the_count_when_its_client_goes() {
    let standin = Standin::start(Options::default()).await.unwrap();
    standin.push_fault(Fault::Hang { taken: false });
    let client = Client::of(&standin);
    client.post(ENQUEUE, &trigger("a")).await;
    drop(client);
    tokio::time::sleep(Duration::from_millis(50)).await;
    Client::of(&standin).post(ENQUEUE, &trigger("a")).await;
    assert_eq!(standin.max_in_flight(), 1);
}

#[tokio::test]
async fn a_person_s_hand_and_each_event_wake_the_subscribers() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let mut revision = standin.subscribe();
    Client::of(&standin).post(ENQUEUE, &trigger("a")).await;
    assert!(revision.has_changed().unwrap());
    revision.mark_unchanged();
    assert!(standin.acknowledge(KEY, "a"));
    assert!(revision.has_changed().unwrap());
    assert_eq!(standin.alert(KEY, "a").unwrap().state, AlertState::Acknowledged);
    assert!(standin.resolve(KEY, "a") && !standin.resolve(KEY, "a"));
    standin.clear();
    assert!(standin.alerts().is_empty() && standin.requests().is_empty());
}

#[tokio::test]
async fn waiting_ends_with_the_event_or_with_the_time() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let is_there = |standin: &Standin| !standin.alerts().is_empty();
    assert!(!standin.wait_until(Duration::from_millis(20), is_there).await);
    let sender = tokio::spawn({
        let standin = standin.clone();
        async move { Client::of(&standin).post(ENQUEUE, &trigger("a")).await.status() }
    });
    assert!(standin.wait_until(Duration::from_secs(2), is_there).await);
    assert_eq!(sender.await.unwrap(), 202);
}

#[tokio::test]
async fn after_a_stop_the_port_is_free_and_the_memory_is_there() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let client = Client::of(&standin);
    client.post(ENQUEUE, &trigger("a")).await;
    standin.stop().await;
    standin.stop().await;
    assert_eq!(client.post(ENQUEUE, &trigger("a")).await.end, End::Closed);
    assert_eq!(standin.alerts().len(), 1);

    let address = Some(standin.address());
    let again = Standin::start(Options { address, ..Options::default() }).await.unwrap();
    assert_eq!(again.url(), standin.url());
    assert!(Standin::start(Options { address, ..Options::default() }).await.is_err());
    drop(again);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(TcpListener::bind(standin.address()).is_ok());
}
