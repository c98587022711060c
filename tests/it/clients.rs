//! Clients that could take the place of others, and web pages that could page people.

use crate::bridge::KEY;
use crate::hosts::{BODY_MAX_BYTES, TOKEN, firing, function_compute, is_open, plain, standin};
use crate::process::{Client, PATIENCE, Process, free_port, head};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const ORIGIN: (&str, &str) = ("origin", "https://example.com");
const MEMORY_MAX_BYTES: u64 = 128_000_000;

#[tokio::test]
async fn without_a_token_no_web_page_can_page() {
    let standin = standin().await;
    let open = plain(&standin, &[]).await;
    for (method, path, origin, status) in [
        ("POST", "/", ORIGIN, 403),
        ("POST", "/v2/enqueue", ("origin", "null"), 403),
        ("POST", "/change", ("origin", ""), 403),
        ("POST", "/nope", ORIGIN, 404),
        ("GET", "/", ORIGIN, 405),
        ("OPTIONS", "/", ORIGIN, 405),
        ("GET", "/healthz", ORIGIN, 200),
    ] {
        let mut client = Client::connect(open.address()).await;
        let answer = client.send(method, path, &[origin], firing("a").as_bytes()).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert!(status != 403 || answer.body.contains("set WEBHOOK_TOKEN"), "{}", answer.body);
    }
    assert!(standin.requests().is_empty());
    assert_eq!(open.lines("request").iter().filter(|line| line["status"] == 403).count(), 3);

    let guarded = plain(&standin, &[("WEBHOOK_TOKEN", TOKEN.1)]).await;
    assert_eq!(guarded.post("/", &[ORIGIN], &firing("a")).await.status, 401);
    assert_eq!(guarded.post("/", &[ORIGIN, TOKEN], &firing("a")).await.status, 202);
    // There, the platform is in front, and nobody's browser runs beside it.
    let port = free_port().to_string();
    let far = plain(&standin, &[("FC_SERVER_PORT", &port)]).await;
    assert_eq!(far.post("/", &[ORIGIN], &firing("b")).await.status, 202);
}

#[tokio::test]
async fn a_secret_that_holds_both_tokens_opens_while_the_token_is_being_changed() {
    let standin = standin().await;
    let process = plain(&standin, &[("WEBHOOK_TOKEN", "old-token,new-token")]).await;
    for (sent, status) in [
        ("old-token,new-token", 202),
        ("new-token, old-token", 202),
        ("new-token", 202),
        ("wrong-one,wrong-two", 401),
        ("wrong-one,wrong-two,new-token", 401),
        (",", 401),
    ] {
        let answer = process.post("/", &[("x-webhook-token", sent)], &firing("a")).await;
        assert_eq!(answer.status, status, "{sent}");
    }
}

/// Sends requests and reads no answer, until it can send no more for a while.
async fn pipeline_without_reading(address: SocketAddr) -> Client {
    let mut client = Client::connect_narrow(address).await;
    let requests = head("GET", "/healthz", &[], 0).repeat(100);
    let sending = async { while client.write(requests.as_bytes()).await {} };
    let is_taken = timeout(Duration::from_secs(4), sending).await;
    assert!(is_taken.is_err(), "the connection has ended");
    client
}

#[tokio::test]
async fn who_reads_no_answer_is_cut_off() {
    let standin = standin().await;
    let process = function_compute(&standin).await;
    let mut client = Client::connect_narrow(process.address()).await;
    let requests = head("GET", "/healthz", &[], 0).repeat(100);
    let sending = async { while client.write(requests.as_bytes()).await {} };
    assert!(timeout(PATIENCE, sending).await.is_ok(), "the connection stays open");
}

#[tokio::test]
async fn who_reads_no_answer_does_not_hold_up_a_stop() {
    let standin = standin().await;
    let process = function_compute(&standin).await;
    let deaf = pipeline_without_reading(process.address()).await;
    let begun = Instant::now();
    process.signal("TERM");
    let (status, _) = process.ended().await;
    assert!(status.success() && begun.elapsed() < Duration::from_secs(8), "{status}: {:?}", begun.elapsed());
    drop(deaf);
}

#[tokio::test]
async fn a_length_over_the_limit_is_answered_at_once_and_the_connection_closed() {
    let standin = standin().await;
    let (one, other) =
        (plain(&standin, &[("WEBHOOK_TOKEN", TOKEN.1)]).await, function_compute(&standin).await);
    for process in [&one, &other] {
        for (method, path, headers, status) in [
            ("POST", "/", &[TOKEN][..], 413),
            ("POST", "/", &[], 401),
            ("PUT", "/", &[TOKEN], 405),
            ("POST", "/nope", &[TOKEN], 404),
        ] {
            let mut client = Client::connect(process.address()).await;
            client.write(head(method, path, headers, BODY_MAX_BYTES + 1).as_bytes()).await;
            let answer = timeout(Duration::from_secs(8), client.answer(method)).await.ok().flatten();
            let answer = answer.unwrap_or_else(|| panic!("no answer before the body: {method} {path}"));
            assert_eq!(
                (answer.status, answer.header("connection")),
                (status, Some("close")),
                "{method} {path}"
            );
            assert!(client.is_ended().await);
        }
        assert_eq!(process.post("/", &[TOKEN], &firing("a")).await.status, 202);
    }
}

/// Begins to send large bodies and never ends one.
async fn hold(address: SocketAddr, count: usize) -> JoinSet<Option<u16>> {
    let mut holding = JoinSet::new();
    for _ in 0..count {
        let mut client = Client::connect(address).await;
        holding.spawn(async move {
            client.write(head("POST", "/", &[TOKEN], BODY_MAX_BYTES).as_bytes()).await;
            client.write(&vec![b'x'; BODY_MAX_BYTES - 1]).await;
            client.answer("POST").await.map(|answer| answer.status)
        });
    }
    holding
}

async fn holds_little(process: &Process) {
    let mut holding = hold(process.address(), 60).await;
    sleep(Duration::from_secs(3)).await;
    // A small body waits for none of them.
    let answer = timeout(Duration::from_secs(6), process.post("/", &[TOKEN], &firing("small"))).await;
    assert_eq!(answer.map(|answer| answer.status).ok(), Some(202));
    let peak = process.memory_peak();
    assert!(peak.is_none_or(|bytes| bytes < MEMORY_MAX_BYTES), "{peak:?}");
    holding.abort_all();
    while holding.join_next().await.is_some() {}
    // Whoever waits gets its turn.
    let text = format!("integration_key={KEY}&dedup_key=large&summary={}", "x ".repeat(BODY_MAX_BYTES / 4));
    let mut sending = JoinSet::new();
    for _ in 0..6 {
        let (address, text) = (process.address(), text.clone());
        sending.spawn(async move {
            let mut client = Client::connect(address).await;
            client.send("POST", "/", &[TOKEN], text.as_bytes()).await.status
        });
    }
    let statuses = sending.join_all().await;
    assert!(statuses.iter().all(|status| *status == 202), "{statuses:?}");
}

#[tokio::test]
async fn half_sent_bodies_are_bounded_and_do_not_hold_up_small_ones() {
    let standin = standin().await;
    let port = free_port().to_string();
    let token = ("WEBHOOK_TOKEN", TOKEN.1);
    let process = plain(&standin, &[("FC_SERVER_PORT", &port), token]).await;
    holds_little(&process).await;
    assert!(is_open(&standin, "small") && is_open(&standin, "large"));
}

#[tokio::test]
async fn who_waits_for_a_place_has_its_whole_time_from_then_on() {
    let standin = standin().await;
    let process = function_compute(&standin).await;
    // These take all places until their time is over.
    let mut holding = hold(process.address(), 4).await;
    sleep(Duration::from_secs(1)).await;
    let mut waiting = Client::connect(process.address()).await;
    let text = format!("integration_key={KEY}&dedup_key=waits&summary={}", "x ".repeat(BODY_MAX_BYTES / 4));
    let (most, last) = text.split_at(text.len() - 2);
    let sent = format!("{}{most}", head("POST", "/", &[TOKEN], text.len()));
    waiting.write(sent.as_bytes()).await;
    while let Some(status) = holding.join_next().await {
        assert!(matches!(status, Ok(None | Some(408))), "{status:?}");
    }
    sleep(Duration::from_secs(2)).await;
    waiting.write(last.as_bytes()).await;
    assert_eq!(waiting.answer("POST").await.map(|answer| answer.status), Some(202));
}

#[tokio::test]
async fn more_clients_than_places_can_connect_and_wait() {
    let standin = standin().await;
    let process = plain(&standin, &[]).await;
    let mut clients = Vec::new();
    let connecting = async {
        for _ in 0..700 {
            clients.push(Client::connect(process.address()).await);
        }
    };
    // Before the first ones are cut off, which say nothing for 5 s.
    let connected = timeout(Duration::from_millis(4_500), connecting).await;
    assert!(connected.is_ok(), "only {} can connect", clients.len());
}
