//! How the process ends, and a log that nobody reads.

use crate::bridge::KEY;
use crate::hosts::{TOKEN, firing, function_compute, is_open, plain, standin};
use crate::process::{Client, PATIENCE, Process, head};
use pagerduty_standin::{Fault, Standin};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

fn post(body: &str) -> String {
    format!("{}{body}", head("POST", "/", &[TOKEN], body.len()))
}

/// The process stands still while the request and the signal arrive, so that it sees both at once.
#[tokio::test]
async fn a_request_that_has_arrived_with_the_signal_is_answered() {
    for round in 0..5 {
        let standin = standin().await;
        let (one, other) = (plain(&standin, &[]).await, function_compute(&standin).await);
        for process in [one, other] {
            let mut kept = Client::connect(process.address()).await;
            kept.send("GET", "/healthz", &[], b"").await;
            process.signal("STOP");
            kept.write(post(&firing("kept")).as_bytes()).await;
            let mut new = Client::connect(process.address()).await;
            new.write(post(&firing("new")).as_bytes()).await;
            process.signal("TERM");
            process.signal("CONT");
            for (client, what) in [(&mut kept, "kept"), (&mut new, "new")] {
                let answer = client.answer("POST").await;
                let status = answer.as_ref().map(|answer| answer.status);
                assert_eq!(status, Some(202), "{what}, round {round}");
                // An answer that was on its way before the signal was seen does not say so.
                let says_close =
                    answer.as_ref().and_then(|answer| answer.header("connection")) == Some("close");
                assert!(says_close || client.is_ended().await, "{what}");
                assert!(is_open(&standin, what));
            }
            let (status, process) = process.ended().await;
            assert!(status.success() && process.stderr().is_empty(), "{status}: {}", process.stderr());
            standin.clear();
        }
    }
}

#[tokio::test]
async fn a_request_that_has_begun_to_arrive_is_answered() {
    let standin = standin().await;
    let process = plain(&standin, &[]).await;
    let mut kept = Client::connect(process.address()).await;
    kept.send("GET", "/healthz", &[], b"").await;
    let request = post(&firing("a"));
    let (first, rest) = request.split_at(10);
    kept.write(first.as_bytes()).await;
    sleep(Duration::from_millis(300)).await;
    process.signal("TERM");
    sleep(Duration::from_millis(300)).await;
    kept.write(rest.as_bytes()).await;
    assert_eq!(kept.answer("POST").await.map(|answer| answer.status), Some(202));
    assert!(process.ended().await.0.success());
}

#[tokio::test]
async fn idle_and_silent_clients_do_not_hold_up_the_end() {
    let standin = standin().await;
    let process = function_compute(&standin).await;
    let mut kept = Client::connect(process.address()).await;
    kept.send("GET", "/healthz", &[], b"").await;
    let silent = Client::connect(process.address()).await;
    sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    process.signal("TERM");
    assert!(kept.is_ended().await && process.ended().await.0.success());
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    drop(silent);
}

/// Two events that PagerDuty does not take; both have been sent at least once.
async fn in_an_outage(standin: &Standin, within_ms: &str) -> (Process, [Client; 2]) {
    standin.set_standing_fault(Some(Fault::Hang { taken: false }));
    let process = plain(standin, &[("DELIVER_WITHIN_MS", within_ms)]).await;
    let mut clients = [Client::connect(process.address()).await, Client::connect(process.address()).await];
    for (client, key) in clients.iter_mut().zip(["a", "b"]) {
        client.write(post(&firing(key)).as_bytes()).await;
    }
    assert!(standin.wait_until(PATIENCE, |standin| standin.requests().len() >= 2).await);
    (process, clients)
}

fn undelivered_keys(process: &Process) -> Vec<String> {
    let lines = process.lines("undelivered");
    let keys = lines.iter().filter_map(|line| line["event"]["dedup_key"].as_str().map(str::to_owned));
    let mut keys: Vec<String> = keys.collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn a_second_signal_logs_what_is_unsent_and_ends_at_once() {
    for signals in [["TERM", "TERM"], ["TERM", "INT"]] {
        let standin = standin().await;
        let (process, clients) = in_an_outage(&standin, "600000").await;
        process.signal(signals[0]);
        sleep(Duration::from_millis(500)).await;
        assert!(process.lines("undelivered").is_empty() && process.lines("stopped").is_empty());
        process.signal(signals[1]);
        let (status, process) = process.ended().await;
        assert!(status.success(), "{status}: {}", process.stderr());
        assert_eq!(undelivered_keys(&process), ["a", "b"], "{}", process.stdout());
        assert_eq!(process.lines("undelivered_count").len(), 2);
        let line = process.lines("undelivered").remove(0);
        let reported = line["errors"][0].as_str().expect("a text");
        assert!(
            reported.contains("stopped") && line["refused"] == 0 && line["path"] == "v2/enqueue",
            "{line}"
        );
        assert!(!process.stdout().contains(KEY), "{}", process.stdout());
        assert_eq!(process.lines("stopped").len(), 1);
        drop(clients);
    }
}

/// Of the events of one notification only those without an outcome are unsent.
#[tokio::test]
async fn what_was_accepted_before_the_end_is_not_logged_as_undelivered() {
    let standin = standin().await;
    standin.set_standing_fault_for("hangs", Some(Fault::Hang { taken: false }));
    let process = plain(&standin, &[("DELIVER_WITHIN_MS", "60000")]).await;
    let mut client = Client::connect(process.address()).await;
    let body = crate::delivery::notification([("hangs", "error", "firing"), ("taken", "error", "firing")]);
    client.write(post(&body).as_bytes()).await;
    while !is_open(&standin, "taken") {
        sleep(Duration::from_millis(20)).await;
    }
    sleep(Duration::from_millis(200)).await;
    process.signal("TERM");
    sleep(Duration::from_millis(300)).await;
    process.signal("TERM");
    let (_, process) = process.ended().await;
    let lines = process.lines("undelivered");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["event"]["dedup_key"], "hangs");
}

#[tokio::test]
async fn a_stop_in_an_outage_ends_and_logs_every_event_once() {
    let standin = standin().await;
    let (process, clients) = in_an_outage(&standin, "1500").await;
    process.signal("TERM");
    let (status, process) = process.ended().await;
    assert!(status.success(), "{status}");
    assert_eq!(undelivered_keys(&process), ["a", "b"], "{}", process.stdout());
    drop(clients);
}

/// A pipe holds 64 KiB: a log of which nothing is read is full after about a hundred webhooks.
#[tokio::test]
async fn a_log_that_nobody_reads_does_not_stop_the_paging() {
    let standin = standin().await;
    let url = standin.url();
    let settings = [("PAGERDUTY_EVENTS_URL", url.as_str()), ("DELIVER_WITHIN_MS", "2000")];
    let (mut process, stdout) = Process::start_unread(&settings).await;
    let mut client = Client::connect(process.address()).await;
    let body = firing("a");
    for number in 0..300 {
        let sending = client.send("POST", "/", &[], body.as_bytes());
        let answer =
            timeout(PATIENCE, sending).await.unwrap_or_else(|_| panic!("no answer to webhook {number}"));
        assert_eq!(answer.status, 202);
    }
    process.read_from_now(stdout);
    assert!(process.wait_for(|process| process.lines("request").len() == 300).await, "lines are missing");
    assert!(process.lines("log lines dropped").is_empty());
}

#[tokio::test]
async fn a_log_that_nobody_reads_does_not_hold_up_the_end() {
    let standin = standin().await;
    let url = standin.url();
    let (process, stdout) = Process::start_unread(&[("PAGERDUTY_EVENTS_URL", &url)]).await;
    let mut client = Client::connect(process.address()).await;
    for _ in 0..300 {
        client.send("POST", "/", &[], firing("a").as_bytes()).await;
    }
    process.signal("TERM");
    assert!(process.ended().await.0.success());
    drop(stdout);
}

/// What is dropped when even the queue is full is counted in the log, and undelivered events are dropped last.
#[tokio::test]
async fn lines_that_find_no_room_are_counted_and_undelivered_events_kept() {
    let standin = standin().await;
    standin.set_standing_fault(Some(Fault::status(400)));
    let url = standin.url();
    let (mut process, stdout) = Process::start_unread(&[("PAGERDUTY_EVENTS_URL", &url)]).await;
    let mut client = Client::connect(process.address()).await;
    // Each leaves an undelivered line of a good 400 KB; 15 of them are more than ordinary lines may hold.
    for number in 0..15 {
        let body =
            format!("integration_key={KEY}&dedup_key=large-{number}&x={}&summary=s", "y".repeat(400_000));
        assert_eq!(client.send("POST", "/", &[], body.as_bytes()).await.status, 400);
    }
    process.read_from_now(stdout);
    assert!(
        process.wait_for(|process| process.lines("undelivered").len() == 15).await,
        "undelivered events are lost"
    );
    assert!(process.wait_for(|process| !process.lines("log lines dropped").is_empty()).await);
    let reported: u64 =
        process.lines("log lines dropped").iter().filter_map(|line| line["dropped"].as_u64()).sum();
    let ordinary = process.lines("event").len() + process.lines("request").len();
    assert!(reported > 0 && ordinary < 30, "{reported} dropped, {ordinary} written");
}
