//! Every fault, seen from the client's end of the socket.

use std::time::{Duration, Instant};

use http::Method;
use pagerduty_standin::{Fault, Options, Standin};

use crate::client::{Client, End};
use crate::{ENQUEUE, KEY, trigger};

#[tokio::test]
async fn each_fault_ends_a_request_in_its_way_and_the_event_is_taken_or_not() {
    const LENGTH: &str = "content-length";
    let late = Duration::from_millis(300);
    for (fault, end, status, is_taken, (name, value)) in [
        (Fault::status(500), End::Answer, 500, false, (LENGTH, Some("0"))),
        (Fault::retry_after(429, "7"), End::Answer, 429, false, ("retry-after", Some("7"))),
        (Fault::html(503), End::Answer, 503, false, ("content-type", Some("text/html; charset=utf-8"))),
        (Fault::redirect(307, "http://[::1]/"), End::Answer, 307, false, ("location", Some("http://[::1]/"))),
        (Fault::Delay(late), End::Answer, 202, true, (LENGTH, Some("64"))),
        (Fault::Hang { taken: false }, End::Silence, 0, false, (LENGTH, None)),
        (Fault::Hang { taken: true }, End::Silence, 0, true, (LENGTH, None)),
        (Fault::CloseUnanswered { taken: false }, End::Closed, 0, false, (LENGTH, None)),
        (Fault::CloseUnanswered { taken: true }, End::Closed, 0, true, (LENGTH, None)),
        (Fault::CutAnswer, End::Cut, 202, true, (LENGTH, Some("64"))),
        (Fault::StallAnswer, End::Stalled, 202, true, (LENGTH, Some("64"))),
        (Fault::CloseAfterAnswer, End::Answer, 202, true, ("connection", None)),
    ] {
        let standin = Standin::start(Options::default()).await.unwrap();
        standin.push_fault(fault.clone());
        let (client, body, begun) = (Client::of(&standin), trigger("a"), Instant::now());
        let taken = standin.wait_until(late / 2, |standin| standin.alert(KEY, "a").is_some());
        let (outcome, taken) = tokio::join!(client.send(Method::POST, ENQUEUE, &body), taken);
        assert_eq!((outcome.end, outcome.status, taken), (end, status, is_taken), "{fault:?}");
        assert_eq!(outcome.header(name), value, "{fault:?}");
        let is_broken_off = matches!(end, End::Cut | End::Stalled);
        assert!(!is_broken_off || outcome.body.len() == 32, "{fault:?}");
        assert!(begun.elapsed() >= late || !matches!(fault, Fault::Delay(_)));
        let [request] = &standin.requests()[..] else { unreachable!() };
        let is_begun = !matches!(end, End::Silence | End::Closed);
        assert_eq!((&request.fault, request.status()), (&Some(fault.clone()), is_begun.then_some(status)));

        // A client that goes on has the connection that it had, unless the fault has closed it.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!((client.post(ENQUEUE, &body).await, client.post(ENQUEUE, &body).await), (202, 202));
        let alert = standin.alert(KEY, "a").unwrap();
        assert_eq!((alert.opened, alert.triggers), (1, 2 + u32::from(is_taken)), "{fault:?}");
        let last = standin.requests().pop().unwrap();
        let is_kept = end == End::Answer && fault != Fault::CloseAfterAnswer;
        assert_eq!((last.connection, last.fault), (if is_kept { 1 } else { 2 }, None), "{fault:?}");
    }
}

#[tokio::test]
async fn a_connection_is_closed_as_soon_as_it_is_made() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let kept = Client::of(&standin);
    let post = async |client: &Client| client.post(ENQUEUE, &trigger("a")).await;
    assert_eq!(post(&kept).await, 202);
    standin.push_fault(Fault::CloseOnAccept);
    assert_eq!(post(&kept).await, 202);
    assert_eq!(Client::of(&standin).send(Method::POST, ENQUEUE, "").await.end, End::Closed);
    assert_eq!(post(&Client::of(&standin)).await, 202);
    assert_eq!(standin.requests().last().unwrap().connection, 3);
    standin.set_standing_fault(Some(Fault::CloseOnAccept));
    assert_eq!(post(&kept).await, 202);
    for _ in 0..2 {
        assert_eq!(Client::of(&standin).send(Method::POST, ENQUEUE, "").await.end, End::Closed);
    }
    standin.set_standing_fault(Some(Fault::status(500)));
    assert_eq!(post(&Client::of(&standin)).await, 500);
}

#[tokio::test]
async fn faults_of_a_dedup_key_go_first_then_the_queue_then_what_stands() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let client = Client::of(&standin);
    standin.set_standing_fault_for("b", Some(Fault::status(500)));
    standin.push_fault_for("c", Fault::status(503));
    standin.set_standing_fault(Some(Fault::status(502)));
    standin.push_fault(Fault::status(429));
    assert_eq!(standin.faults_waiting(), 1);
    for (dedup_key, status) in [("b", 500), ("c", 503), ("a", 429), ("a", 502), ("b", 500), ("c", 502)] {
        assert_eq!(client.post(ENQUEUE, &trigger(dedup_key)).await, status, "{dedup_key}");
    }
    assert_eq!(client.post("/elsewhere", "").await, 404);
    standin.set_standing_fault(None);
    assert_eq!(client.post(ENQUEUE, &trigger("a")).await, 202);
    assert_eq!(client.post(ENQUEUE, &trigger("b")).await, 500);
    standin.clear_faults();
    assert_eq!(client.post(ENQUEUE, &trigger("b")).await, 202);
}
