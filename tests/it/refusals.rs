//! Refusals that depend on settings or on the host: web pages, the order of the checks behind a token, and
//! settings that stop the start.

use crate::bridge::{Bridge, KEY, request};
use crate::process::{Client, Process, head};
use arms_pagerduty::config::Config;
use bytes::Bytes;
use http::Response;
use pagerduty_standin::{Options, Standin};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

const TOKEN: &str = "a-long-token";
const BODY_MAX_BYTES: usize = 6 * 1024 * 1024;

async fn send(bridge: &Bridge, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> u16 {
    answer(bridge, method, path, headers, body).await.status().as_u16()
}

async fn answer(
    bridge: &Bridge,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response<Bytes> {
    bridge.send(request(method, path, headers, body.to_owned().into())).await
}

fn form() -> String {
    format!("integration_key={KEY}&dedup_key=d\nsummary=x")
}

/// Any page that somebody on this machine opens may send such a request.
#[tokio::test]
async fn without_a_token_a_web_page_cannot_page_through_a_plain_host() {
    for settings in [&[][..], &[("PAGERDUTY_INTEGRATION_KEY", KEY)], &[("LISTEN", "0.0.0.0:9000")]] {
        let bridge = Bridge::with(settings).await;
        for origin in ["https://example.com", "http://127.0.0.1:9000", "null"] {
            for path in ["/", "/v2/enqueue", "/change", "/v1"] {
                let headers = [("origin", origin), ("content-type", "text/plain")];
                let answer = answer(&bridge, "POST", path, &headers, &form()).await;
                assert_eq!(answer.status(), 403, "{origin} {path} {settings:?}");
                let refusal: Value = serde_json::from_slice(answer.body()).expect("JSON");
                assert_eq!(refusal["status"], "invalid event", "{refusal}");
                assert!(refusal.to_string().contains("WEBHOOK_TOKEN"), "what to set: {refusal}");
                assert!(bridge.take_events().is_empty(), "{origin} {path}");
            }
        }
        assert_eq!(send(&bridge, "POST", "/", &[], &form()).await, 202, "without the header");
        assert_eq!(bridge.take_events().len(), 1);
    }
}

#[tokio::test]
async fn with_a_token_a_web_page_may_page_if_it_has_it() {
    let bridge = Bridge::with(&[("WEBHOOK_TOKEN", TOKEN)]).await;
    let origin = ("origin", "https://example.com");
    assert_eq!(send(&bridge, "POST", "/", &[origin], &form()).await, 401);
    assert!(bridge.take_events().is_empty());
    assert_eq!(send(&bridge, "POST", "/", &[origin, ("x-webhook-token", TOKEN)], &form()).await, 202);
    assert_eq!(bridge.take_events().len(), 1);
}

/// A function URL is no neighbour of anybody's browser.
#[tokio::test]
async fn on_the_platforms_an_origin_is_a_header_like_others() {
    for settings in [&[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")], &[("FC_SERVER_PORT", "9000")]] {
        let bridge = Bridge::with(settings).await;
        assert_eq!(send(&bridge, "POST", "/", &[("origin", "https://example.com")], &form()).await, 202);
        assert_eq!(bridge.take_events().len(), 1);
    }
}

/// Path, method, token, size, encoding, body and key: each request has every fault from its row on.
#[tokio::test]
async fn the_checks_come_in_the_documented_order() {
    let bridge = Bridge::with(&[("WEBHOOK_TOKEN", TOKEN)]).await;
    let large = "a".repeat(BODY_MAX_BYTES + 1);
    let (token, wrong_token) = (("x-webhook-token", TOKEN), ("x-webhook-token", "another-token"));
    let (brotli, masked) = (("content-encoding", "br"), ("x-integration-key", "********4463"));
    for (status, method, path, headers, body) in [
        (404, "PUT", "/nope", &[wrong_token, brotli, masked][..], large.as_str()),
        (405, "PUT", "/", &[wrong_token, brotli, masked], &large),
        (401, "POST", "/", &[wrong_token, brotli, masked], &large),
        (401, "POST", "/", &[brotli, masked], &large),
        (413, "POST", "/", &[token, brotli, masked], &large),
        (415, "POST", "/", &[token, brotli, masked], ""),
        (415, "POST", "/", &[token, brotli, masked], "Disk full"),
        (400, "POST", "/", &[token, masked], ""),
        (400, "POST", "/", &[token, masked], "Disk full"),
        (405, "GET", "/", &[wrong_token], ""),
    ] {
        assert_eq!(send(&bridge, method, path, headers, body).await, status, "{method} {path} {headers:?}");
        assert!(bridge.take_events().is_empty(), "{method} {path} {headers:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_encoded_may_say_so() {
    let bridge = Bridge::start().await;
    for headers in [&[][..], &[("content-encoding", "")], &[("content-encoding", "identity")]] {
        assert_eq!(send(&bridge, "POST", "/", headers, &form()).await, 202, "{headers:?}");
        assert_eq!(bridge.take_events().len(), 1);
    }
}

/// What the settings' faults say; empty if there are none.
fn faults(token: &str) -> Vec<String> {
    let read = Config::read(|name| (name == "WEBHOOK_TOKEN").then(|| token.to_owned()));
    read.err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn a_token_under_8_characters_stops_the_start() {
    for token in ["t", "1234567", "12345678,1234567", "qwert,12345678", "a,b"] {
        let faults = faults(token);
        assert_eq!(faults.len(), 1, "{token}: {faults:?}");
        assert!(faults[0].contains("WEBHOOK_TOKEN"), "{faults:?}");
        assert!(faults[0].contains('8'), "how long it must be: {faults:?}");
        let shown = token.split(',').filter(|part| part.len() > 1);
        assert!(!shown.into_iter().any(|part| faults[0].contains(part)), "no part is shown: {faults:?}");
    }
    for token in ["12345678", "12345678,87654321", " 12345678 , 87654321 ", TOKEN] {
        assert!(faults(token).is_empty(), "{token}: {:?}", faults(token));
    }
}

/// The body would have ten seconds to come; nobody needs to wait for it.
#[tokio::test]
async fn a_length_over_the_limit_is_answered_before_the_body_comes() {
    let standin = Standin::start(Options::default()).await.expect("loopback");
    let url = standin.url();
    let process = Process::start(&[("PAGERDUTY_EVENTS_URL", &url)]).await;
    let mut client = Client::connect(process.address()).await;
    let path = format!("/?integration_key={KEY}");
    client.write(head("POST", &path, &[], BODY_MAX_BYTES + 1).as_bytes()).await;
    let answer = timeout(Duration::from_secs(5), client.answer("POST")).await.expect("an answer at once");
    assert_eq!(answer.expect("an answer").status, 413);
    client.write(&[b'a'; 1024]).await;
    let end = timeout(Duration::from_secs(5), client.answer("POST")).await.expect("an end at once");
    assert!(end.is_none(), "the connection is closed: {end:?}");
    assert!(standin.requests().is_empty());
    let mut client = Client::connect(process.address()).await;
    let body = vec![b'a'; BODY_MAX_BYTES];
    assert_eq!(client.send("POST", &path, &[], &body).await.status, 202, "the limit itself is no fault");
}
