//! What is said of a PagerDuty that cannot be reached.

use crate::bridge::{KEY, REQUEST_ID, request};
use crate::delivery::notification;
use arms_pagerduty::config::{Config, Level};
use arms_pagerduty::log::Log;
use arms_pagerduty::relay::{Invocation, Relay};
use bytes::Bytes;
use http::Response;
use pagerduty_standin::{Fault, Options, Standin};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::sleep;

/// The handler and what it logs.
pub(crate) struct Logged {
    relay: Relay,
    lines: Arc<Mutex<Vec<Value>>>,
}

impl Logged {
    pub(crate) fn new(events_url: &str, within_ms: &str) -> Self {
        let settings = [("PAGERDUTY_EVENTS_URL", events_url), ("DELIVER_WITHIN_MS", within_ms)];
        let config = Config::read(|name| {
            settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        });
        let config = config.unwrap_or_else(|faults| panic!("{faults:?}"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let log = Log::new(Level::Info, move |line| {
            sink.lock().expect("a lock").push(serde_json::from_slice(line).expect("JSON"));
        });
        Self { relay: Relay::new(config, log).expect("a client"), lines }
    }

    pub(crate) async fn post(&self, path: &str, body: String) -> Response<Bytes> {
        let invocation = Invocation { request_id: REQUEST_ID.to_owned(), deadline: None };
        let post = request("POST", path, &[("content-type", "application/json")], body.into());
        self.relay.handle(post, &invocation).await
    }

    /// The lines with this message.
    pub(crate) fn lines(&self, message: &str) -> Vec<Value> {
        let lines = self.lines.lock().expect("a lock");
        lines.iter().filter(|line| line["message"] == message).cloned().collect()
    }
}

/// A server that takes connections and answers each after this time with what is not TLS.
async fn no_tls_after(delay: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                sleep(delay).await;
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            });
        }
    });
    url
}

#[tokio::test]
async fn the_answer_and_the_log_say_what_failed() {
    let standin = Standin::start(Options::default()).await.expect("loopback");
    standin.set_standing_fault(Some(Fault::CloseUnanswered { taken: false }));
    let closed = Standin::start(Options::default()).await.expect("loopback");
    let nobody = closed.url();
    closed.stop().await;
    let ends_early = Standin::start(Options::default()).await.expect("loopback");
    ends_early.set_standing_fault(Some(Fault::CloseOnAccept));
    let silent = no_tls_after(Duration::from_mins(1)).await;
    for (url, within_ms, reason) in [
        ("https://arms-pagerduty.invalid", "900", "the name could not be resolved"),
        (&*nobody, "300", "no connection could be made"),
        (&no_tls_after(Duration::ZERO).await, "300", "the TLS handshake failed"),
        (&silent, "300", "connecting took too long"),
        (&silent, "2500", "connecting took too long"),
        (&standin.url(), "300", "the connection broke off"),
    ] {
        let function = Logged::new(url, within_ms);
        let body = notification([("a", "error", "firing")]);
        let answer = function.post("/", body).await;
        let reported = format!("PagerDuty could not be reached: {reason}");
        let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
        assert_eq!(
            (answer.status().as_u16(), &body["message"]),
            (502, &Value::from(reported.clone())),
            "{url}"
        );
        for message in ["event", "undelivered"] {
            let lines = function.lines(message);
            assert_eq!(lines.len(), 1);
            assert_eq!(lines[0]["errors"][0], reported, "{url}: {lines:?}");
            assert!(!lines[0].to_string().contains(KEY));
        }
    }
}

/// The second attempt may connect for longer than the first, so it gets as far as the handshake.
#[tokio::test]
async fn a_way_on_which_connecting_takes_over_a_second_is_gone_to_its_end() {
    let far = no_tls_after(Duration::from_millis(1_500)).await;
    let function = Logged::new(&far, "3000");
    let answer = function.post("/", notification([("a", "error", "firing")])).await;
    let body = String::from_utf8_lossy(answer.body()).into_owned();
    assert!(body.contains("the TLS handshake failed"), "{body}");
}
