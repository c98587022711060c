//! The HTTP hosts, plain and Function Compute's, as clients meet them on a socket.

use crate::bridge::KEY;
use crate::delivery::notification;
use crate::process::{Client, PATIENCE, Process, free_port, head};
use pagerduty_standin::memory::AlertState;
use pagerduty_standin::{Fault, Options, Standin};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

pub(crate) const TOKEN: (&str, &str) = ("x-webhook-token", "the-token");
pub(crate) const BODY_MAX_BYTES: usize = 6 * 1024 * 1024;

pub(crate) async fn standin() -> Standin {
    Standin::start(Options::default()).await.expect("loopback")
}

pub(crate) async fn plain(standin: &Standin, settings: &[(&str, &str)]) -> Process {
    Process::start(&[&[("PAGERDUTY_EVENTS_URL", standin.url().as_str())], settings].concat()).await
}

/// Function Compute's runtime with [`TOKEN`] and a short time for deliveries.
pub(crate) async fn function_compute(standin: &Standin) -> Process {
    let port = free_port().to_string();
    let (url, within) = (standin.url(), ("DELIVER_WITHIN_MS", "500"));
    let token = ("WEBHOOK_TOKEN", TOKEN.1);
    Process::start(&[("FC_SERVER_PORT", &port), ("PAGERDUTY_EVENTS_URL", &url), token, within]).await
}

pub(crate) fn firing(key: &str) -> String {
    notification([(key, "error", "firing")])
}

pub(crate) fn is_open(standin: &Standin, key: &str) -> bool {
    standin.alert(KEY, key).is_some_and(|alert| alert.state == AlertState::Triggered)
}

#[tokio::test]
async fn a_connection_is_kept_for_many_requests() {
    let standin = standin().await;
    let process = plain(&standin, &[]).await;
    let mut client = Client::connect(process.address()).await;
    for (method, path, body, status) in [
        ("POST", "/", firing("a"), 202),
        ("POST", "/", String::new(), 400),
        ("POST", "/nope", "x".repeat(100_000), 404),
        ("GET", "/healthz", String::new(), 200),
        ("HEAD", "/", String::new(), 405),
        ("POST", "/v2/enqueue", firing("b"), 202),
        ("POST", "http://function/v2", firing("c"), 202),
    ] {
        let answer = client.send(method, path, &[], body.as_bytes()).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
    }
    assert_eq!(standin.alerts().len(), 3);
}

#[tokio::test]
async fn only_post_reaches_pagerduty_and_the_health_check_reaches_nobody() {
    let standin = standin().await;
    let process = plain(&standin, &[]).await;
    for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        for path in ["/", "/v2", "/v2/enqueue"] {
            let mut client = Client::connect(process.address()).await;
            let answer = client.send(method, path, &[], firing("a").as_bytes()).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method} {path}");
            assert!(method == "HEAD" || answer.body.contains("Post"), "{}", answer.body);
        }
    }
    let mut client = Client::connect(process.address()).await;
    let health = client.send("GET", "/healthz", &[], b"").await;
    let names = ["arms-pagerduty", env!("CARGO_PKG_VERSION")];
    assert!(health.status == 200 && names.iter().all(|name| health.body.contains(name)), "{health:?}");
    for path in ["/initialize", "/pre-stop", "/invoke", "/healthz/x", "/HEALTHZ"] {
        assert_eq!(process.post(path, &[], &firing("a")).await.status, 404, "{path}");
    }
    assert!(standin.requests().is_empty());
}

#[tokio::test]
async fn a_stopped_host_finishes_what_it_has_taken() {
    for signal in ["TERM", "INT"] {
        for port in [None, Some(free_port().to_string())] {
            let standin = standin().await;
            let settings: Vec<_> = port.iter().map(|port| ("FC_SERVER_PORT", port.as_str())).collect();
            let process = plain(&standin, &settings).await;
            let kept = Client::connect(process.address()).await;
            let (mut waits, mut leaves) =
                (Client::connect(process.address()).await, Client::connect(process.address()).await);
            standin.push_fault_for("a", Fault::Delay(Duration::from_millis(200)));
            standin.push_fault_for("b", Fault::retry_after(503, "1"));
            for (client, key) in [(&mut waits, "a"), (&mut leaves, "b")] {
                let body = firing(key);
                client.write(format!("{}{body}", head("POST", "/", &[TOKEN], body.len())).as_bytes()).await;
            }
            assert!(standin.wait_until(PATIENCE, |standin| standin.requests().len() == 2).await);
            leaves.reset();
            process.signal(signal);
            assert_eq!(waits.answer("POST").await.map(|answer| answer.status), Some(202), "{signal}");
            let (status, process) = process.ended().await;
            assert!(status.success() && process.stderr().is_empty(), "{status}: {}", process.stderr());
            assert_eq!(process.lines("event").len(), 2, "{}", process.stdout());
            assert!(is_open(&standin, "a") && is_open(&standin, "b"));
            drop(kept);
        }
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_the_delivery() {
    let standin = standin().await;
    let process = plain(&standin, &[]).await;
    let keys = ["closes at once", "closes later", "resets later", "only ends its sending"];
    for key in keys {
        standin.push_fault_for(key, Fault::retry_after(503, "1"));
        let mut client = Client::connect(process.address()).await;
        let body = firing(key);
        client.write(format!("{}{body}", head("POST", "/", &[], body.len())).as_bytes()).await;
        if key.ends_with("later") {
            let came = |standin: &Standin| {
                standin
                    .requests()
                    .last()
                    .is_some_and(|last| String::from_utf8_lossy(&last.body).contains(key))
            };
            assert!(standin.wait_until(PATIENCE, came).await);
        }
        if key == "resets later" {
            client.reset();
        } else if key == "only ends its sending" {
            client.finish().await;
            assert_eq!(client.answer("POST").await.map(|answer| answer.status), Some(202));
        }
    }
    for key in keys {
        assert!(standin.wait_until(PATIENCE, |standin| is_open(standin, key)).await, "{key}");
    }
}

/// More than are accepted at a time. With a backlog of 128 some of them would be refused for a second or longer.
#[tokio::test]
async fn six_hundred_connections_at_once_are_all_made_at_once_and_served_in_the_end() {
    let standin = standin().await;
    let process = plain(&standin, &[]).await;
    standin.set_standing_fault(Some(Fault::Delay(Duration::from_millis(20))));
    let (mut clients, begun) = (Vec::new(), Instant::now());
    for _ in 0..600 {
        clients.push(Client::connect(process.address()).await);
    }
    assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
    let mut sending = JoinSet::new();
    for (number, mut client) in clients.into_iter().enumerate() {
        let body = firing(&number.to_string());
        sending.spawn(async move { client.send("POST", "/", &[], body.as_bytes()).await.status });
    }
    assert!(sending.join_all().await.iter().all(|status| *status == 202));
    assert_eq!(standin.alerts().len(), 600);
}

/// Writes a byte every half second until the answer or the end comes: its status, and after how
/// many seconds.
async fn drip(client: &mut Client, at_once: &str, slowly: &str) -> (Option<u16>, u64) {
    let begun = Instant::now();
    client.write(at_once.as_bytes()).await;
    for byte in slowly.bytes() {
        if let Ok(answer) = timeout(Duration::from_millis(500), client.answer("POST")).await {
            return (answer.map(|answer| answer.status), begun.elapsed().as_secs());
        }
        client.write(&[byte]).await;
    }
    (client.answer("POST").await.map(|answer| answer.status), begun.elapsed().as_secs())
}

/// Each kind of slowness has its limit.
async fn too_slow(host: &Process) {
    let endless = "x".repeat(60);
    let (start, long) = ("POST / HTTP/1.1\r\nx-slow: ", head("POST", "/", &[TOKEN], endless.len()));
    let mut cases = JoinSet::new();
    for (what, at_once, slowly, is_first, seconds) in [
        ("silent", "", "", true, 4..10),
        ("head", start, endless.as_str(), true, 4..10),
        ("second head", start, &endless, false, 4..10),
        ("body", &long, &endless, true, 9..15),
    ] {
        let (at_once, slowly) = (at_once.to_owned(), slowly.to_owned());
        let mut client = Client::connect(host.address()).await;
        cases.spawn(async move {
            if !is_first {
                client.send("GET", "/healthz", &[], b"").await;
            }
            let (status, took) = drip(&mut client, &at_once, &slowly).await;
            assert!(
                matches!(status, None | Some(408)) && seconds.contains(&took),
                "{what}: {status:?}, {took} s"
            );
        });
    }
    cases.join_all().await;
}

async fn slow_but_in_time(host: &Process) {
    let body = firing("slow");
    let (most, last) = body.split_at(body.len() - 4);
    let most = format!("{}{most}", head("POST", "/", &[TOKEN], body.len()));
    let mut client = Client::connect(host.address()).await;
    assert_eq!(drip(&mut client, &most, last).await.0, Some(202), "a body that takes two seconds");
    sleep(Duration::from_millis(5_500)).await;
    let answer = client.send("POST", "/", &[TOKEN], body.as_bytes()).await;
    assert_eq!(answer.status, 202, "after five seconds without a request");
}

#[tokio::test]
async fn slow_clients_are_cut_off_and_idle_connections_kept() {
    let standin = standin().await;
    let (one, other) = (plain(&standin, &[]).await, function_compute(&standin).await);
    tokio::join!(too_slow(&one), too_slow(&other), slow_but_in_time(&one), slow_but_in_time(&other));
}

#[tokio::test]
async fn who_sends_a_body_over_6_mib_reads_why_it_is_refused() {
    let standin = standin().await;
    let process = function_compute(&standin).await;
    let large = "x".repeat(BODY_MAX_BYTES + 1);
    for (path, headers, status) in
        [("/", &[TOKEN][..], 413), ("/", &[], 401), ("/nope", &[TOKEN], 404), ("/invoke", &[TOKEN], 413)]
    {
        assert_eq!(process.post(path, headers, &large).await.status, status, "{path}");
    }
    let mut client = Client::connect(process.address()).await;
    let chunk = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    client.write(b"POST /?token=the-token HTTP/1.1\r\nhost: f\r\ntransfer-encoding: chunked\r\n\r\n").await;
    client.write(chunk.as_bytes()).await;
    assert_eq!(client.answer("POST").await.map(|answer| answer.status), Some(413));
    assert!(standin.requests().is_empty());
}

#[tokio::test]
async fn heads_that_are_none_or_never_end_are_refused_and_the_next_request_is_served() {
    let standin = standin().await;
    let process = plain(&standin, &[]).await;
    let (many, long) = ("x-a: b\r\n".repeat(50_000), format!("x-long: {}", "y".repeat(1_000_000)));
    let (start, tls) = ("POST / HTTP/1.1\r\nhost: f\r\n", "\u{16}\u{3}\u{1}\r\n\r\n");
    let path = format!("POST /{} HTTP/1.1\r\n\r\n", "z".repeat(1_000_000));
    for raw in [format!("{start}{many}"), format!("{start}{long}"), path, tls.to_owned()] {
        let mut client = Client::connect(process.address()).await;
        client.write(raw.as_bytes()).await;
        client.finish().await;
        let status = client.answer("POST").await.map(|answer| answer.status);
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{status:?}");
    }
    assert_eq!(process.post("/", &[], &firing("a")).await.status, 202);
    assert_eq!(standin.requests().len(), 1);
}

#[tokio::test]
async fn function_compute_s_hooks_change_nothing_and_its_events_pass_every_check() {
    let standin = standin().await;
    let process = function_compute(&standin).await;
    let mut client = Client::connect(process.address()).await;
    let body = firing("a");
    for (method, path, headers, body, status) in [
        ("POST", "/initialize", &[][..], "", 200),
        ("POST", "/initialize", &[], &body, 200),
        ("GET", "/pre-stop", &[], "", 200),
        ("POST", "/invoke", &[], &body, 401),
        ("POST", "/invoke?token=wrong", &[], &body, 401),
        ("GET", "/invoke", &[TOKEN], "", 405),
        ("POST", "/invoke", &[TOKEN], "", 400),
        ("POST", "/invoke/more", &[TOKEN], &body, 404),
    ] {
        let answer = client.send(method, path, headers, body.as_bytes()).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
    }
    assert!(standin.requests().is_empty());
    for (path, key) in [("/invoke", "a"), ("/", "b"), ("/v2/enqueue", "c")] {
        assert_eq!(process.post(path, &[TOKEN], &firing(key)).await.status, 202, "{path}");
        assert!(is_open(&standin, key));
    }
}

#[tokio::test]
async fn x_fc_status_marks_each_failed_post_that_had_passed_the_token_and_nothing_else() {
    let standin = standin().await;
    let process = function_compute(&standin).await;
    let plain = plain(&standin, &[("WEBHOOK_TOKEN", TOKEN.1), ("DELIVER_WITHIN_MS", "500")]).await;
    standin.set_standing_fault_for("refused", Some(Fault::status(400)));
    standin.set_standing_fault_for("failed", Some(Fault::status(503)));
    standin.set_standing_fault_for("hung", Some(Fault::Hang { taken: false }));
    standin.set_standing_fault_for("page", Some(Fault::html(200)));
    let two = notification([("refused", "error", "firing"), ("fine", "error", "firing")]);
    let large = "x".repeat(BODY_MAX_BYTES + 1);
    for (method, path, headers, body, marked) in [
        ("POST", "/", &[TOKEN][..], firing("fine"), None),
        ("POST", "/nope", &[TOKEN], firing("fine"), None),
        ("GET", "/", &[TOKEN], String::new(), None),
        ("GET", "/healthz", &[], String::new(), None),
        ("POST", "/", &[], firing("fine"), None),
        ("POST", "/", &[], large.clone(), None),
        ("POST", "/", &[TOKEN], String::new(), Some("400")),
        ("POST", "/", &[TOKEN], "no key".to_owned(), Some("400")),
        ("POST", "/", &[TOKEN], large, Some("413")),
        ("POST", "/invoke", &[TOKEN], firing("refused"), Some("400")),
        ("POST", "/", &[TOKEN], firing("failed"), Some("503")),
        ("POST", "/", &[TOKEN], firing("hung"), Some("504")),
        ("POST", "/", &[TOKEN], firing("page"), Some("502")),
        ("POST", "/", &[TOKEN], two, Some("400")),
    ] {
        for (host, marked) in [(&process, marked), (&plain, None)] {
            let mut client = Client::connect(host.address()).await;
            let answer = client.send(method, path, headers, body.as_bytes()).await;
            assert_eq!(answer.header("x-fc-status"), marked, "{method} {path}: {}", answer.head);
        }
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_marked_only_if_its_post_had_passed_the_token() {
    let process = function_compute(&standin().await).await;
    for (headers, status, marked) in [(&[TOKEN][..], 408, Some("408")), (&[], 401, None)] {
        let mut client = Client::connect(process.address()).await;
        client.write(format!("{}too short", head("POST", "/", headers, 100)).as_bytes()).await;
        client.finish().await;
        let answer = client.answer("POST").await;
        let reported = answer.as_ref().map(|answer| (answer.status, answer.header("x-fc-status")));
        assert_eq!(reported, Some((status, marked)), "{answer:?}");
    }
}

#[tokio::test]
async fn function_compute_s_request_id_names_what_has_no_identity() {
    let standin = standin().await;
    let process = function_compute(&standin).await;
    let id = ("x-fc-request-id", "1-67d39a6b-15d1c7a3");
    for _ in 0..2 {
        let answer = process.post("/invoke", &[TOKEN, id], &format!("integration_key={KEY}")).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
    }
    let keys: Vec<String> = standin.alerts().into_iter().map(|alert| alert.dedup_key).collect();
    assert_eq!(keys, [format!("arms-once-{}", id.1)]);
    assert!(process.lines("request").iter().all(|line| line["request_id"] == id.1));
}

#[tokio::test]
async fn the_line_listening_tells_what_is_set_and_no_secret() {
    let standin = standin().await;
    let port = free_port().to_string();
    let (token, own_key) = (("WEBHOOK_TOKEN", TOKEN.1), ("PAGERDUTY_INTEGRATION_KEY", KEY));
    for (settings, token_set, key_set) in [
        (vec![], false, false),
        (vec![token], true, false),
        (vec![token, own_key, ("FC_SERVER_PORT", &port)], true, true),
    ] {
        let process = plain(&standin, &settings).await;
        let line = process.lines("listening").remove(0);
        assert!(line["address"].as_str().is_some_and(|address| address.contains(':')), "{line}");
        assert_eq!(line["pagerduty"], standin.address().to_string(), "{line}");
        assert_eq!((&line["token_set"], &line["key_set"]), (&token_set.into(), &key_set.into()), "{line}");
        assert!(!line.to_string().contains(KEY) && !line.to_string().contains(TOKEN.1), "{line}");
    }
    let process = Process::start(&[]).await;
    assert_eq!(process.lines("listening")[0]["pagerduty"], "events.pagerduty.com");
}

#[tokio::test]
async fn a_change_event_is_logged_as_a_change_and_not_as_a_trigger() {
    let standin = standin().await;
    let process = plain(&standin, &[]).await;
    for path in ["/change", "/v2/change/enqueue", "/"] {
        assert_eq!(process.post(path, &[TOKEN], &firing(path)).await.status, 202, "{path}");
    }
    assert!(process.wait_for(|process| process.lines("event").len() == 3).await, "{}", process.stdout());
    let actions: Vec<_> = process.lines("event").iter().map(|line| line["action"].clone()).collect();
    assert_eq!(actions, ["change", "change", "trigger"], "{}", process.stdout());
}

#[tokio::test]
async fn wrong_settings_stop_the_start_with_a_line_each_that_shows_no_secret() {
    let secret = "5ecret5ecret5ecret5ecret5ecret5e";
    let (quoted, named) = (&format!("\"{secret}\""), &format!("integration_key={secret}"));
    for (settings, named) in [
        (vec![("PAGERDUTY_REGION", "mars"), ("EVENT_PER", "page")], vec!["mars", "group"]),
        (vec![("PAGERDUTY_EVENTS_URL", "http://example.com")], vec!["http://example.com"]),
        (vec![("PAGERDUTY_EVENTS_URL", "https://u:5ecret5ecret@127.0.0.1/")], vec!["user info"]),
        (vec![("PAGERDUTY_INTEGRATION_KEY", "5ecret5ecret")], vec!["32"]),
        (vec![("WEBHOOK_TOKEN", "5ecret5ecret,a,b")], vec!["two"]),
        (vec![("PAGERDUTY_INTEGRATION_KEY", secret), ("LISTEN", "0.0.0.0:0")], vec!["WEBHOOK_TOKEN"]),
        (vec![("PAGERDUTY_INTEGRATION_KEY", secret), ("FC_SERVER_PORT", "9000")], vec!["WEBHOOK_TOKEN"]),
        (
            vec![("LOG_LEVEL", "loud"), ("DELIVER_WITHIN_MS", "-1"), ("DEFAULT_SEVERITY", "P1\nP2")],
            vec!["critical", "whole number", "debug"],
        ),
        (vec![("LISTEN", "nowhere"), ("FC_SERVER_PORT", "0")], vec!["nowhere", "65535"]),
        (vec![("WEBHOOK_TOKEN", "5ecret5")], vec!["8"]),
        (vec![("PAGERDUTY_REGION", quoted)], vec!["us or eu"]),
        (vec![("EVENT_PER", named)], vec!["group"]),
    ] {
        let (status, process) = Process::spawn(&settings).ended().await;
        let reported = process.stderr();
        assert!(!status.success() && process.stdout().is_empty(), "{settings:?}: {status}, {reported}");
        assert_eq!(reported.lines().count(), named.len(), "{settings:?}: {reported}");
        assert!(named.iter().all(|word| reported.contains(word)), "{settings:?}: {reported}");
        assert!(settings.iter().any(|(name, _)| reported.contains(name)), "{settings:?}: {reported}");
        assert!(!reported.contains("5ecret"), "{reported}");
    }
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = taken.local_addr().expect("an address").to_string();
    let (status, process) = Process::spawn(&[("LISTEN", &address)]).ended().await;
    let reported = process.stderr();
    assert!(!status.success() && reported.lines().count() == 1, "{reported}");
    assert!(reported.contains(&address) && reported.to_lowercase().contains("in use"), "{reported}");
}

#[tokio::test]
async fn the_usual_proxy_variables_are_honoured() {
    let standin = standin().await;
    let (url, far) = (standin.url(), "http://10.255.255.1/");
    let dead = format!("http://127.0.0.1:{}", free_port());
    for (number, settings) in [
        vec![("PAGERDUTY_EVENTS_URL", far), ("HTTP_PROXY", &url)],
        vec![("PAGERDUTY_EVENTS_URL", far), ("http_proxy", &url)],
        vec![("PAGERDUTY_EVENTS_URL", far), ("ALL_PROXY", &url)],
        vec![("PAGERDUTY_EVENTS_URL", &url), ("HTTP_PROXY", &dead), ("NO_PROXY", "127.0.0.1")],
    ]
    .into_iter()
    .enumerate()
    {
        let process = Process::start(&settings).await;
        let answer = process.post("/", &[], &firing(&number.to_string())).await;
        assert_eq!(answer.status, 202, "{settings:?}: {}", answer.body);
    }
    for (region, host) in [("us", "events.pagerduty.com"), ("eu", "events.eu.pagerduty.com")] {
        let proxy = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let url = format!("http://{}", proxy.local_addr().expect("an address"));
        let within = ("DELIVER_WITHIN_MS", "1000");
        let process = Process::start(&[("HTTPS_PROXY", &url), ("PAGERDUTY_REGION", region), within]).await;
        let asked = async move {
            let (mut connection, _) = proxy.accept().await.expect("a connection");
            let mut request = [0; 1024];
            let length = connection.read(&mut request).await.expect("a request");
            connection.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.expect("a client");
            String::from_utf8_lossy(&request[..length]).into_owned()
        };
        let body = firing("a");
        let (asked, answer) = tokio::join!(asked, process.post("/", &[], &body));
        assert!(asked.starts_with(&format!("CONNECT {host}:443 ")), "{asked}");
        assert_eq!(answer.status, 502);
    }
}

/// Idle connections are closed after a while, and not kept at all where others wait.
#[tokio::test]
async fn idle_connections_do_not_take_all_places_for_long() {
    let standin = standin().await;
    let process = plain(&standin, &[("WEBHOOK_TOKEN", TOKEN.1)]).await;
    let mut idle = Vec::new();
    for _ in 0..256 {
        let mut client = Client::connect(process.address()).await;
        let answer = client.send("POST", "/", &[], firing("x").as_bytes()).await;
        assert_eq!(answer.status, 401);
        if answer.header("connection") == Some("close") {
            break;
        }
        idle.push(client);
    }
    assert_eq!(idle.len(), 254, "the last place but one, where one waits for the next client");
    for number in 0..2 {
        let body = firing(&number.to_string());
        let answer = timeout(Duration::from_secs(25), process.post("/", &[TOKEN], &body)).await;
        assert_eq!(answer.map(|answer| answer.status).ok(), Some(202));
    }
    drop(idle);
}

#[tokio::test]
async fn who_asks_before_sending_is_refused_before_the_body() {
    let standin = standin().await;
    let process = plain(&standin, &[("WEBHOOK_TOKEN", TOKEN.1)]).await;
    for (path, headers, status) in [("/", &[][..], 401), ("/nope", &[TOKEN], 404)] {
        let mut client = Client::connect(process.address()).await;
        let headers = [headers, &[("expect", "100-continue")]].concat();
        client.write(head("POST", path, &headers, 1_000).as_bytes()).await;
        let answer = timeout(Duration::from_secs(5), client.answer("POST")).await;
        assert_eq!(answer.ok().flatten().map(|answer| answer.status), Some(status), "{path}");
    }
}

#[tokio::test]
async fn a_request_id_that_is_none_names_nothing() {
    let standin = standin().await;
    let process = function_compute(&standin).await;
    for id in ["a b", "\"}", "x".repeat(101).as_str()] {
        let body = format!("integration_key={KEY}\ntext");
        assert_eq!(process.post("/", &[TOKEN, ("x-fc-request-id", id)], &body).await.status, 202);
    }
    for request in standin.requests() {
        let key = request.json.as_ref().and_then(|event| event["dedup_key"].as_str()).unwrap_or_default();
        let id = key.strip_prefix("arms-once-").unwrap_or_default();
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    }
    assert_eq!(standin.requests().len(), 3);
}

/// A large body is read by a thread of its own, so a small alert that comes behind it is answered first.
#[tokio::test]
async fn a_large_body_does_not_hold_up_a_small_alert() {
    let standin = standin().await;
    let process = plain(&standin, &[]).await;
    let members: Vec<String> = (0..150_000).map(|number| format!("\"{:x}\":1", number * 7_919)).collect();
    let large = format!("{{\"title\":\"large\",{}}}", members.join(","));
    let mut slow = Client::connect(process.address()).await;
    let mut quick = Client::connect(process.address()).await;
    let path = format!("/?integration_key={KEY}");
    slow.write(head("POST", &path, &[TOKEN], large.len()).as_bytes()).await;
    slow.write(large.as_bytes()).await;
    let small = firing("small");
    let answer = quick.send("POST", "/", &[TOKEN], small.as_bytes()).await;
    assert_eq!(answer.status, 202);
    assert!(is_open(&standin, "small"));
    let large_came = standin.requests().iter().any(|request| request.body.len() > 1_000);
    assert!(!large_came, "the small one was first");
    assert_eq!(slow.answer("POST").await.map(|answer| answer.status), Some(202));
}
