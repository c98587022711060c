//! Delivery: what is sent again, how long, in which order, and what is left when time runs out.

use crate::bridge::{Bridge, KEY, request};
use crate::process::{Client, Process};
use arms_pagerduty::relay::Invocation;
use bytes::Bytes;
use http::Response;
use pagerduty_standin::memory::AlertState;
use pagerduty_standin::{Alert, Fault, Options, RateLimit, Received, Reply, Standin};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// A notification of alerts: dedup key, severity and status of each.
pub(crate) fn notification<'a>(alerts: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> String {
    let alerts = alerts.into_iter().map(|(key, severity, status)| {
        let labels = json!({"alertname": "X", "severity": severity});
        json!({"fingerprint": key, "status": status, "labels": labels})
    });
    json!({"integration_key": KEY, "alerts": alerts.collect::<Vec<_>>()}).to_string()
}

fn firing(keys: &[String]) -> String {
    notification(keys.iter().map(|key| (key.as_str(), "error", "firing")))
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("alert-{number}")).collect()
}

fn one() -> String {
    firing(&["a".to_owned()])
}

async fn send(bridge: &Bridge, body: &str) -> Response<Bytes> {
    bridge.post("/", "application/json", body).await
}

fn is_open_once(alert: &Alert) -> bool {
    alert.state == AlertState::Triggered && alert.opened == 1
}

/// From each request to the next one.
fn gaps(requests: &[Received]) -> Vec<Duration> {
    requests.windows(2).map(|pair| pair[1].at.duration_since(pair[0].at)).collect()
}

#[tokio::test]
async fn what_pagerduty_says_may_be_sent_again_is_and_nothing_else() {
    let statuses = (200..=208).chain(300..=308).chain(400..=431).chain([451, 499]).chain(500..=511);
    let statuses: Vec<u16> = statuses.chain([520, 524, 529, 530, 598, 599]).collect();
    let mut cases = JoinSet::new();
    for (path, accepted, rate_limit) in [("/", 202, 429), ("/change", 202, 429), ("/v1", 200, 403)] {
        let statuses = statuses.clone();
        cases.spawn(async move {
            let bridge = Bridge::start().await;
            for status in statuses {
                bridge.standin.clear();
                bridge.standin.push_fault(Fault::status(status));
                let answered = bridge.post(path, "application/json", &one()).await.status().as_u16();
                let sent = bridge.standin.requests().len();
                let wanted = match status {
                    // Without a body v2's own status is enough; every other 2xx is a proxy's page.
                    202 if accepted == 202 => (accepted, 1),
                    200..=399 => (502, 1),
                    500..=599 => (accepted, 2),
                    _ if status == rate_limit => (accepted, 2),
                    _ => (status, 1),
                };
                assert_eq!((answered, sent), wanted, "{path}: answer and times sent for {status}");
            }
        });
    }
    cases.join_all().await;
}

#[tokio::test]
async fn a_passing_fault_leaves_one_alert_open_that_was_opened_once() {
    let mut cases = JoinSet::new();
    for fault in [
        Fault::status(500),
        Fault::status(429),
        Fault::html(502),
        Fault::CloseUnanswered { taken: false },
        Fault::CloseUnanswered { taken: true },
        Fault::CloseOnAccept,
        Fault::CutAnswer,
        Fault::StallAnswer,
        Fault::CloseAfterAnswer,
        Fault::Hang { taken: false },
        Fault::Hang { taken: true },
        Fault::Delay(Duration::from_millis(2_500)),
    ] {
        cases.spawn(async move {
            let bridge = Bridge::start().await;
            bridge.standin.push_fault(fault.clone());
            let status = send(&bridge, &one()).await.status();
            let alerts = bridge.standin.alerts();
            let is_right = status == 202 && alerts.len() == 1 && alerts.iter().all(is_open_once);
            assert!(is_right, "{fault:?}: {status}, {alerts:?}");
        });
    }
    cases.join_all().await;
}

#[tokio::test]
async fn a_kept_connection_that_pagerduty_has_closed_costs_no_alert() {
    let bridge = Bridge::start().await;
    for key in ["a", "b"] {
        bridge.standin.push_fault(Fault::CloseAfterAnswer);
        let answer = send(&bridge, &firing(&[key.to_owned()])).await;
        assert_eq!(answer.status(), 202);
    }
    let alerts = bridge.standin.alerts();
    assert!(alerts.len() == 2 && alerts.iter().all(is_open_once), "{alerts:?}");
}

#[tokio::test]
async fn a_retry_after_that_fits_is_waited_for() {
    let in_three_seconds = httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(3));
    let mut cases = JoinSet::new();
    for (status, value) in [(429, "1"), (503, "1"), (429, in_three_seconds.as_str())] {
        let fault = Fault::retry_after(status, value);
        cases.spawn(async move {
            let bridge = Bridge::start().await;
            bridge.standin.push_fault(fault.clone());
            assert_eq!(send(&bridge, &one()).await.status(), 202);
            let gaps = gaps(&bridge.standin.requests());
            assert!(gaps.len() == 1 && gaps[0] >= Duration::from_secs(1), "{fault:?}: {gaps:?}");
        });
    }
    cases.join_all().await;
}

#[tokio::test]
async fn a_retry_after_that_does_not_fit_is_not_waited_for() {
    for value in ["60", "99999999999999999999", "soon", "", "-1", "1.5", "Fri, 31 Dec 2199 23:59:59 GMT"] {
        let bridge = Bridge::with(&[("DELIVER_WITHIN_MS", "5000")]).await;
        bridge.standin.push_fault(Fault::retry_after(429, value));
        assert_eq!(send(&bridge, &one()).await.status(), 202, "{value}");
    }
}

#[tokio::test]
async fn a_redirect_is_a_bad_gateway_and_is_not_followed() {
    let bridge = Bridge::start().await;
    let elsewhere = Standin::start(Options::default()).await.expect("loopback");
    let location = format!("{}/v2/enqueue", elsewhere.url());
    for status in [301, 302, 303, 307, 308] {
        bridge.standin.push_fault(Fault::redirect(status, &location));
        assert_eq!(send(&bridge, &one()).await.status(), 502, "{status}");
    }
    assert_eq!((bridge.standin.requests().len(), elsewhere.requests().len()), (5, 0));
}

#[tokio::test]
async fn nobody_there_is_a_bad_gateway_and_no_answer_a_gateway_timeout() {
    for (fault, status) in [
        (None, 502),
        (Some(Fault::CloseOnAccept), 502),
        (Some(Fault::CloseUnanswered { taken: false }), 502),
        (Some(Fault::CutAnswer), 502),
        (Some(Fault::Hang { taken: false }), 504),
        (Some(Fault::StallAnswer), 504),
        (Some(Fault::Delay(Duration::from_secs(9))), 504),
    ] {
        let bridge = Bridge::with(&[("DELIVER_WITHIN_MS", "300")]).await;
        bridge.standin.set_standing_fault(fault.clone());
        if fault.is_none() {
            bridge.standin.stop().await;
        }
        let answer = send(&bridge, &one()).await;
        assert_eq!(answer.status(), status, "{fault:?}");
        let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
        assert!(body["status"] != "success" && body["errors"][0].is_string(), "{body}");
    }
}

/// Five of each kind, in an order that no sending may keep.
fn mixed() -> Vec<(String, &'static str, &'static str)> {
    let kinds = [
        ("info", "firing"),
        ("critical", "resolved"),
        ("warning", "firing"),
        ("critical", "firing"),
        ("error", "firing"),
    ];
    let alerts = (0..25).map(|number: usize| {
        let (severity, status) = kinds[number % kinds.len()];
        (format!("{severity}-{status}-{number}"), severity, status)
    });
    alerts.collect()
}

/// How urgent each request was, the most urgent 0, in the order of arrival.
fn urgencies(requests: &[Received]) -> Vec<usize> {
    let order = ["critical-firing", "error-firing", "warning-firing", "info-firing", "critical-resolved"];
    let urgency = |request: &Received| {
        let key = request.json.as_ref().and_then(|event| event["dedup_key"].as_str()).unwrap_or_default();
        order.iter().position(|kind| key.starts_with(kind)).expect("a key of ours")
    };
    requests.iter().map(urgency).collect()
}

#[tokio::test]
async fn the_gravest_triggers_go_first_and_resolves_last() {
    let bridge = Bridge::start().await;
    bridge.standin.set_standing_fault(Some(Fault::Delay(Duration::from_millis(50))));
    let alerts = mixed();
    let body = notification(alerts.iter().map(|(key, severity, status)| (key.as_str(), *severity, *status)));
    assert_eq!(send(&bridge, &body).await.status(), 202);
    let urgencies = urgencies(&bridge.standin.requests());
    // Eight are on their way together; which of them arrives first is nobody's promise.
    for (place, urgency) in urgencies.iter().enumerate() {
        let overtaken = urgencies[place..].iter().filter(|later| *later < urgency).count();
        assert!(overtaken < 8, "{urgencies:?}");
    }
    assert_eq!((urgencies.len(), bridge.standin.max_in_flight()), (25, 8));
}

#[tokio::test]
async fn after_a_rate_limit_too_the_gravest_triggers_go_first_and_resolves_last() {
    let bridge = Bridge::start().await;
    for _ in 0..8 {
        bridge.standin.push_fault(Fault::status(429));
    }
    let alerts = mixed();
    let body = notification(alerts.iter().map(|(key, severity, status)| (key.as_str(), *severity, *status)));
    assert_eq!(send(&bridge, &body).await.status(), 202);
    let urgencies = urgencies(&bridge.standin.requests()[8..]);
    assert!(urgencies.is_sorted(), "after eight rate limits in this order of urgency: {urgencies:?}");
}

#[tokio::test]
async fn after_the_first_rate_limit_one_event_goes_at_a_time() {
    let bridge = Bridge::start().await;
    let answers_after = Duration::from_millis(30);
    bridge.standin.push_fault(Fault::status(429));
    bridge.standin.set_standing_fault(Some(Fault::Delay(answers_after)));
    assert_eq!(send(&bridge, &firing(&numbered(16))).await.status(), 202);
    let gaps = gaps(&bridge.standin.requests()[8..]);
    assert!(gaps.len() == 8 && gaps.iter().all(|gap| *gap >= answers_after), "{gaps:?}");
}

#[tokio::test]
async fn alerts_beyond_the_rate_limit_are_delivered_as_it_allows() {
    let few = RateLimit { events: 5, window: Duration::from_millis(400) };
    for (rate_limit, count) in [(RateLimit::DOCUMENTED, 100), (few, 20)] {
        let options = Options { rate_limit: Some(rate_limit), ..Options::default() };
        let standin = Standin::start(options).await.expect("loopback");
        let process = Process::start(&[("PAGERDUTY_EVENTS_URL", &standin.url())]).await;
        let answer = process.post("/", &[], &firing(&numbered(count))).await;
        let alerts = standin.alerts();
        assert_eq!((answer.status, alerts.len()), (202, count), "{}", answer.body);
        assert!(alerts.iter().all(is_open_once));
    }
}

#[tokio::test]
async fn the_setting_and_the_invocation_s_end_bound_the_delivery() {
    let seconds = Duration::from_secs;
    let mut cases = JoinSet::new();
    for (within_ms, time_left, least, most) in [
        ("400", None, Duration::from_millis(400), seconds(3)),
        ("400", Some(seconds(900)), Duration::from_millis(400), seconds(3)),
        ("25000", Some(seconds(3)), Duration::from_millis(2_500), seconds(3)),
        ("60000", Some(Duration::from_millis(1_500)), seconds(1), Duration::from_millis(1_500)),
    ] {
        for fault in [Fault::Hang { taken: false }, Fault::status(503), Fault::CloseOnAccept] {
            cases.spawn(async move {
                let bridge = Bridge::with(&[("DELIVER_WITHIN_MS", within_ms)]).await;
                bridge.standin.set_standing_fault(Some(fault.clone()));
                let deadline = time_left.map(|left| tokio::time::Instant::now() + left);
                let invocation = Invocation { request_id: "r".to_owned(), deadline };
                let begun = Instant::now();
                let post = request("POST", "/", &[], one().into());
                let status = bridge.relay.handle(post, &invocation).await.status();
                let took = begun.elapsed();
                assert!(status.is_server_error(), "{fault:?}: {status}");
                assert!(took < most, "{within_ms} ms, {time_left:?} left, {fault:?}: {took:?}");
                // What may pass is tried as long as another pause fits.
                let is_hang = matches!(fault, Fault::Hang { .. });
                assert!(!is_hang || took >= least, "{within_ms} ms, {time_left:?} left: {took:?}");
            });
        }
    }
    cases.join_all().await;
}

#[tokio::test]
async fn the_console_s_test_is_answered_within_four_seconds_though_pagerduty_hangs() {
    let bridge = Bridge::start().await;
    bridge.standin.set_standing_fault(Some(Fault::Hang { taken: false }));
    let begun = Instant::now();
    let body = json!({"integration_key": KEY, "content": "$alertmanager_content"}).to_string();
    assert_eq!(send(&bridge, &body).await.status(), 504);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

/// The event of an `undelivered` line, with the key put back, sent by hand: PagerDuty's answer.
async fn send_again(standin: &Standin, line: &Value) -> u16 {
    let path = format!("/{}", line["path"].as_str().expect("a path").trim_start_matches('/'));
    let field = pagerduty_standin::Api::at(&path).expect("a path of PagerDuty's").key_field();
    let mut event = line["event"].clone();
    event[field] = json!(KEY);
    let sent = standin.requests().into_iter().filter_map(|request| request.json);
    assert!(sent.into_iter().any(|sent| sent == event), "it is not the whole event: {event}");
    standin.set_standing_fault(None);
    let mut pagerduty = Client::connect(standin.address()).await;
    pagerduty.send("POST", &path, &[], event.to_string().as_bytes()).await.status
}

#[tokio::test]
async fn each_event_unsent_is_one_error_line_that_is_fit_to_be_sent_again() {
    let standin = Standin::start(Options::default()).await.expect("loopback");
    let settings =
        [("PAGERDUTY_EVENTS_URL", &*standin.url()), ("DELIVER_WITHIN_MS", "500"), ("LOG_LEVEL", "error")];
    let process = Process::start_silent(&settings).await;
    let alerts = [("fine", "info", "firing"), ("over", "info", "resolved"), ("fires", "critical", "firing")];
    let mut count = 0;
    for fault in [
        Fault::Answer(Reply::json(400, &json!({"status": "invalid event", "errors": ["no"]}))),
        Fault::html(500),
        Fault::retry_after(429, "9"),
        Fault::Hang { taken: false },
        Fault::CloseUnanswered { taken: false },
    ] {
        for (path, accepted) in [("/", 202), ("/v1", 200), ("/change", 202)] {
            standin.set_standing_fault(Some(fault.clone()));
            let mut unsent = vec![json!("fires"), json!("over")];
            if path == "/change" {
                unsent = vec![Value::Null; 3];
            } else {
                // No fault of this key's own, and none of all.
                standin.push_fault_for("fine", Fault::Delay(Duration::ZERO));
            }
            process.post(path, &[], &notification(alerts)).await;
            count += unsent.len();
            assert!(process.wait_for(|process| process.lines("undelivered").len() >= count).await);
            let lines = process.lines("undelivered");
            assert_eq!(lines.len(), count, "{path}, {fault:?}: {lines:?}");
            let lines = &lines[count - unsent.len()..];
            let name = if path == "/v1" { "incident_key" } else { "dedup_key" };
            let reported: Vec<&Value> = lines.iter().map(|line| &line["event"][name]).collect();
            assert!(unsent.iter().all(|key| reported.contains(&key)), "{path}, {fault:?}: {lines:?}");
            for line in lines {
                assert!(line["level"] == "error" && !line.to_string().contains(KEY), "{line}");
                assert_eq!(send_again(&standin, line).await, accepted, "{line}");
            }
        }
    }
}

#[tokio::test]
async fn what_a_rate_limit_held_back_is_told_as_that() {
    let standin = Standin::start(Options::default()).await.expect("loopback");
    for _ in 0..8 {
        standin.push_fault(Fault::status(429));
    }
    standin.set_standing_fault(Some(Fault::Hang { taken: false }));
    let settings = [("PAGERDUTY_EVENTS_URL", &*standin.url()), ("DELIVER_WITHIN_MS", "700")];
    let process = Process::start(&settings).await;
    let answer = process.post("/", &[], &firing(&numbered(30))).await;
    assert_eq!(answer.status, 429, "{}", answer.body);
    assert!(process.wait_for(|process| process.lines("event").len() == 30).await);
    let lines = process.lines("event");
    let sum: u64 = lines.iter().filter_map(|line| line["attempts"].as_u64()).sum();
    assert_eq!(sum, standin.requests().len() as u64, "each attempt is one that was sent");
    assert_eq!(lines.iter().filter(|line| line["attempts"] == 0).count(), 22, "{lines:?}");
    assert!(lines.iter().all(|line| line["answer"] == "rate_limit"), "{lines:?}");
}

#[tokio::test]
async fn a_last_attempt_that_the_deadline_cuts_short_says_no_more_than_the_one_before() {
    for (first, status) in [(Fault::CloseOnAccept, 502), (Fault::status(503), 503), (Fault::status(429), 429)]
    {
        let bridge = Bridge::with(&[("DELIVER_WITHIN_MS", "800")]).await;
        bridge.standin.push_fault(first.clone());
        bridge.standin.set_standing_fault(Some(Fault::Hang { taken: false }));
        assert_eq!(send(&bridge, &one()).await.status(), status, "{first:?}");
    }
}

/// An alert event sent again is the same event; a change event would be another one.
#[tokio::test]
async fn a_change_event_whose_answer_breaks_off_is_not_sent_again() {
    let bridge = Bridge::start().await;
    bridge.standin.push_fault(Fault::CutAnswer);
    assert_eq!(bridge.post("/change", "application/json", &one()).await.status(), 202);
    assert_eq!(bridge.standin.requests().len(), 1);
}
