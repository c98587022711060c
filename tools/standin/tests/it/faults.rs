//! Every fault, seen from the client's end of the socket.

use std::time::{Duration, Instant};

use pagerduty_standin::{Fault, Options, Standin};

use crate::client::{Client, End};
use crate::{ENQUEUE, KEY, trigger};

async fn with_fault(fault: Fault) -> (Standin, Client) {
    let standin = Standin::start(Options::default()).await.unwrap();
    standin.push_fault(fault);
    let client = Client::of(&standin);
    (standin, client)
}

#[tokio::test]
async fn an_answer_of_one_s_own_replaces_pagerduty_s() {
    for (fault, status, (name, value)) in [
        (Fault::status(500), 500, ("content-length", "0")),
        (Fault::retry_after(429, "7"), 429, ("retry-after", "7")),
        (Fault::html(503), 503, ("content-type", "text/html; charset=utf-8")),
        (Fault::redirect(307, "http://127.0.0.1:1/"), 307, ("location", "http://127.0.0.1:1/")),
    ] {
        let (standin, client) = with_fault(fault.clone()).await;
        let answer = client.post(ENQUEUE, &trigger("a")).await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.header(name), Some(value));
        assert!(standin.alerts().is_empty());
        assert_eq!(standin.requests()[0].fault, Some(fault));
        assert_eq!(standin.requests()[0].status(), Some(status));
        assert_eq!(client.post(ENQUEUE, &trigger("a")).await.status(), 202);
    }
}

#[tokio::test]
async fn a_late_answer_comes_after_the_event_was_taken() {
    let delay = Duration::from_millis(300);
    let (standin, client) = with_fault(Fault::Delay(delay)).await;
    let begun = Instant::now();
    let taken = standin.wait_until(Duration::from_secs(2), |standin| standin.alert(KEY, "a").is_some());
    let body = trigger("a");
    let (answer, taken_after) = tokio::join!(client.post(ENQUEUE, &body), async {
        assert!(taken.await);
        begun.elapsed()
    });
    assert_eq!(answer.status(), 202);
    assert!(taken_after < delay && begun.elapsed() >= delay);
}

#[tokio::test]
async fn no_answer_ever() {
    for taken in [false, true] {
        let (standin, client) = with_fault(Fault::Hang { taken }).await;
        assert_eq!(client.post(ENQUEUE, &trigger("a")).await.end, End::Silence);
        assert_eq!(standin.alert(KEY, "a").is_some(), taken);
        assert_eq!((standin.requests().len(), standin.requests()[0].status()), (1, None));
    }
}

#[tokio::test]
async fn the_connection_dies_between_request_and_answer() {
    for taken in [false, true] {
        let (standin, client) = with_fault(Fault::CloseUnanswered { taken }).await;
        assert_eq!(client.post(ENQUEUE, &trigger("a")).await.end, End::Closed);
        assert_eq!(standin.alert(KEY, "a").is_some(), taken);
        let again = Client::of(&standin).post(ENQUEUE, &trigger("a")).await;
        assert_eq!(again.status(), 202);
        let alert = standin.alert(KEY, "a").unwrap();
        assert_eq!((alert.opened, alert.triggers), (1, 1 + u32::from(taken)));
    }
}

#[tokio::test]
async fn the_answer_breaks_off_in_its_middle_and_the_event_was_taken() {
    for (fault, end) in [(Fault::CutAnswer, End::Cut), (Fault::StallAnswer, End::Stalled)] {
        let (standin, client) = with_fault(fault).await;
        let outcome = client.post(ENQUEUE, &trigger("a")).await;
        let announced: usize = outcome.header("content-length").unwrap().parse().unwrap();
        assert_eq!((&outcome.end, outcome.status, outcome.body.len()), (&end, 202, announced / 2));
        assert_eq!(standin.alert(KEY, "a").unwrap().opened, 1);
    }
}

#[tokio::test]
async fn a_kept_alive_connection_dies_after_its_answer_without_a_word() {
    let (standin, client) = with_fault(Fault::CloseAfterAnswer).await;
    let answer = client.post(ENQUEUE, &trigger("a")).await;
    assert_eq!((answer.status(), answer.header("connection")), (202, None));
    tokio::time::sleep(Duration::from_millis(50)).await;
    client.post(ENQUEUE, &trigger("a")).await;
    client.post(ENQUEUE, &trigger("a")).await;
    let connections: Vec<u64> = standin.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [1, 2, 2]);
}

#[tokio::test]
async fn a_connection_is_closed_as_soon_as_it_is_made() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let kept = Client::of(&standin);
    assert_eq!(kept.post(ENQUEUE, &trigger("a")).await.status(), 202);
    standin.push_fault(Fault::CloseOnAccept);
    assert_eq!(kept.post(ENQUEUE, &trigger("a")).await.status(), 202);
    assert_eq!(Client::of(&standin).post(ENQUEUE, &trigger("a")).await.end, End::Closed);
    assert_eq!(Client::of(&standin).post(ENQUEUE, &trigger("a")).await.status(), 202);
    assert_eq!(standin.requests().last().unwrap().connection, 3);
    standin.set_standing_fault(Some(Fault::CloseOnAccept));
    assert_eq!(kept.post(ENQUEUE, &trigger("a")).await.status(), 202);
    for _ in 0..2 {
        assert_eq!(Client::of(&standin).post(ENQUEUE, &trigger("a")).await.end, End::Closed);
    }
    standin.set_standing_fault(Some(Fault::status(500)));
    assert_eq!(Client::of(&standin).post(ENQUEUE, &trigger("a")).await.status(), 500);
}

#[tokio::test]
async fn a_standing_fault_stands_until_it_is_taken_away() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let client = Client::of(&standin);
    standin.set_standing_fault(Some(Fault::status(500)));
    standin.push_fault(Fault::status(429));
    for status in [429, 500, 500] {
        assert_eq!(client.post(ENQUEUE, &trigger("a")).await.status(), status);
    }
    assert_eq!(client.post("/elsewhere", "").await.status(), 404);
    standin.set_standing_fault(None);
    assert_eq!(client.post(ENQUEUE, &trigger("a")).await.status(), 202);
}

#[tokio::test]
async fn one_event_of_several_can_fail() {
    let standin = Standin::start(Options::default()).await.unwrap();
    let client = Client::of(&standin);
    standin.set_standing_fault_for("b", Some(Fault::status(500)));
    standin.push_fault_for("c", Fault::status(503));
    // Those for a dedup key go before what is queued for whatever comes next.
    standin.push_fault(Fault::status(429));
    for (dedup_key, status) in [("b", 500), ("c", 503), ("a", 429), ("a", 202), ("b", 500), ("c", 202)] {
        assert_eq!(client.post(ENQUEUE, &trigger(dedup_key)).await.status(), status, "{dedup_key}");
    }
}
