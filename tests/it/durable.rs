//! Durable mode: the built binary as a Lambda function with a queue.

use crate::bridge::KEY;
use crate::delivery::notification;
use crate::lambda::{Lambda, in_milliseconds, post};
use crate::sqs::{Call, Sqs, Trouble};
use pagerduty_standin::Fault;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SECRET: &str = "sEcReT/AccessKey";
const SESSION: &str = "sEsSiOnToKeN";
const OTHER_KEY: &str = "fedcba9876543210fedcba9876543210";

/// The function and its queue.
struct Scene {
    lambda: Lambda,
    sqs: Sqs,
}

impl Scene {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let sqs = Sqs::start().await;
        let (queue, dead) = (sqs.queue_url("events"), sqs.queue_url("dead"));
        let durable = [
            ("QUEUE_URL", queue.as_str()),
            ("DEAD_LETTERS_URL", dead.as_str()),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_SESSION_TOKEN", SESSION),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ];
        let lambda = Lambda::start(&[&durable, settings].concat()).await;
        Self { lambda, sqs }
    }

    /// Sends a webhook: the answer's status and body.
    async fn send(&mut self, path: &str, body: impl Into<Value>) -> (u64, Value) {
        let answer = self.lambda.invoke(&post(path, body)).await;
        let text = answer["body"].as_str().expect("a text");
        let body = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        (answer["statusCode"].as_u64().expect("a status"), body)
    }

    /// Lets the queue hand out messages: the ids of those that stay.
    async fn work(&mut self, records: &[Value]) -> Vec<String> {
        let event = json!({"Records": records});
        let answer = self.lambda.invoke_plainly(&event, in_milliseconds(60_000)).await;
        assert_eq!(answer.as_object().expect("an object").len(), 1, "{answer}");
        let failures = answer["batchItemFailures"].as_array().expect("failures");
        failures.iter().map(|item| item["itemIdentifier"].as_str().expect("an id").to_owned()).collect()
    }

    /// The entries of the batches that were stored, and how many each held.
    fn take_entries(&self) -> (Vec<Value>, Vec<usize>) {
        let calls = self.sqs.take();
        assert!(calls.iter().all(|call| call.action == "SendMessageBatch"), "{calls:?}");
        let batches: Vec<Vec<Value>> =
            calls.into_iter().map(|call| call.body["Entries"].as_array().expect("entries").clone()).collect();
        let counts = batches.iter().map(Vec::len).collect();
        (batches.concat(), counts)
    }

    async fn lines(&mut self, message: &str, count: usize) -> Vec<Value> {
        let process = &mut self.lambda.process;
        process.wait_for(|process| process.lines(message).len() >= count).await;
        let lines = process.lines(message);
        assert_eq!(lines.len(), count, "{message}: {}", process.stdout());
        lines
    }

    fn assert_no_secret_is_told(&self) {
        let reported = self.lambda.process.stdout() + &self.lambda.process.stderr();
        for secret in [SECRET, SESSION, KEY, OTHER_KEY] {
            assert!(!reported.contains(secret), "{reported}");
        }
    }
}

fn event(action: &str, key: &str) -> Value {
    json!({"event_action": action, "dedup_key": key,
        "payload": {"summary": "x", "source": "y", "severity": "error"}})
}

/// A stored message as the queue hands it out.
fn record(id: &str, receives: u32, body: &Value) -> Value {
    let body = if let Some(text) = body.as_str() { text.to_owned() } else { body.to_string() };
    let group = serde_json::from_str::<Value>(&body).map(|body| body["event"]["dedup_key"].to_string());
    json!({
        "messageId": id, "receiptHandle": format!("receipt-{id}"), "body": body,
        "attributes": {"ApproximateReceiveCount": receives.to_string(), "SentTimestamp": "1",
            "MessageGroupId": group.unwrap_or_else(|_| "g".to_owned()), "MessageDeduplicationId": "x"},
        "messageAttributes": {}, "md5OfBody": "x", "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:events.fifo", "awsRegion": "eu-central-1",
    })
}

fn stored(action: &str, key: &str) -> Value {
    json!({"path": "v2/enqueue", "received": "2026-11-24T12:00:00.000Z", "key": KEY, "event": event(action, key)})
}

fn three() -> String {
    notification([("a", "error", "firing"), ("b", "critical", "firing"), ("c", "info", "resolved")])
}

fn actions(calls: &[Call]) -> Vec<&str> {
    calls.iter().map(|call| call.action.as_str()).collect()
}

#[tokio::test]
async fn events_are_stored_and_the_answer_says_so() {
    let mut scene = Scene::start(&[]).await;
    let (status, body) = scene.send("/", three()).await;
    let message = "3 of 3 events are stored and will be sent to PagerDuty in order";
    assert_eq!((status, &body), (202, &json!({"status": "stored", "message": message})));
    let calls = scene.sqs.take();
    assert_eq!(actions(&calls), ["SendMessageBatch"]);
    let Call { headers, body, .. } = &calls[0];
    assert_eq!(headers["content-type"], "application/x-amz-json-1.0");
    assert_eq!(headers["x-amz-security-token"], SESSION);
    let signed = "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, ";
    assert!(headers["authorization"].contains(signed), "{headers:?}");
    assert!(headers["authorization"].contains("/eu-central-1/sqs/aws4_request"), "{headers:?}");
    assert_eq!(body["QueueUrl"], scene.sqs.queue_url("events"));

    let mut seen = Vec::new();
    for entry in body["Entries"].as_array().expect("entries") {
        let stored: Value =
            serde_json::from_str(entry["MessageBody"].as_str().expect("a text")).expect("JSON");
        let members: Vec<&String> = stored.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["event", "key", "path", "received"], "{stored}");
        assert_eq!((&stored["path"], &stored["key"]), (&json!("v2/enqueue"), &json!(KEY)));
        assert!(stored["event"].get("routing_key").is_none(), "{stored}");
        assert_eq!(entry["MessageGroupId"].as_str().map(str::len), Some(64));
        seen.push((entry["MessageDeduplicationId"].clone(), stored["event"]["dedup_key"].clone()));
    }
    // The most urgent first.
    let id = format!("invocation-{}", scene.lambda.last_id);
    let wanted =
        [("0", "b"), ("1", "a"), ("2", "c")].map(|(place, key)| (json!(format!("{id}-{place}")), json!(key)));
    assert_eq!(seen, wanted);
    assert!(scene.lambda.take_events().is_empty(), "PagerDuty is not asked");
    let lines = scene.lines("stored", 3).await;
    assert!(lines.iter().all(|line| line["request_id"] == id && line["key"] == "****cdef"), "{lines:?}");
    scene.assert_no_secret_is_told();
}

#[tokio::test]
async fn each_api_and_setting_has_its_status_and_the_setting_s_key_is_not_stored() {
    let own = [("PAGERDUTY_INTEGRATION_KEY", KEY), ("WEBHOOK_TOKEN", "12345678"), ("SUCCESS_STATUS", "200")];
    for (settings, path, status) in
        [(&[][..], "/", 202), (&[], "/v1", 200), (&[], "/change", 202), (&own, "/", 200)]
    {
        let mut scene = Scene::start(settings).await;
        let mut webhook = post(path, notification([("a", "error", "firing")]));
        webhook["headers"]["x-webhook-token"] = json!("12345678");
        let answer = scene.lambda.invoke(&webhook).await;
        assert_eq!(answer["statusCode"], status, "{path}: {answer}");
        assert!(
            answer["body"].as_str().is_some_and(|body| body.contains("1 of 1 events are stored")),
            "{answer}"
        );
        let (entries, _) = scene.take_entries();
        let has_key = entries[0]["MessageBody"].as_str().is_some_and(|body| body.contains(KEY));
        assert_eq!(has_key, settings.is_empty());
    }
}

#[tokio::test]
async fn the_console_s_test_goes_straight_to_pagerduty() {
    let mut scene = Scene::start(&[]).await;
    let (status, body) = scene.send("/", json!(format!("integration_key={KEY}&content=$content"))).await;
    assert_eq!((status, &body["status"]), (202, &json!("success")), "{body}");
    assert!(scene.sqs.take().is_empty());
    assert_eq!(scene.lambda.take_events()[0]["dedup_key"], "arms-webhook-test");
}

#[tokio::test]
async fn a_storm_is_stored_in_batches_that_sqs_takes() {
    let mut scene = Scene::start(&[]).await;
    let keys: Vec<String> = (0..95).map(|number| format!("alert-{number}")).collect();
    let (status, body) =
        scene.send("/", notification(keys.iter().map(|key| (key.as_str(), "error", "firing")))).await;
    assert_eq!((status, &body["status"]), (202, &json!("stored")), "{body}");
    let (entries, counts) = scene.take_entries();
    assert_eq!((entries.len(), counts), (95, [vec![10; 9], vec![5]].concat()));

    let long = "\u{ffff}".repeat(100_000);
    let alerts: Vec<Value> = (0..3)
        .map(|number| {
            json!({"fingerprint": number.to_string(), "status": "firing",
                "labels": {"alertname": "X"}, "annotations": {"log": long}})
        })
        .collect();
    let (status, body) = scene.send("/", json!({"integration_key": KEY, "alerts": alerts}).to_string()).await;
    assert_eq!((status, &body["status"]), (202, &json!("stored")), "{body}");
    for call in scene.sqs.take() {
        let entries = call.body["Entries"].as_array().expect("entries").clone();
        let bodies: Vec<&str> =
            entries.iter().map(|entry| entry["MessageBody"].as_str().expect("a text")).collect();
        assert!(bodies.iter().map(|body| body.len()).sum::<usize>() <= 1_000_000);
        assert!(bodies.iter().all(|body| !body.contains('\u{ffff}')));
    }
}

#[tokio::test]
async fn what_a_batch_failed_to_store_is_stored_again_under_the_same_id() {
    let mut scene = Scene::start(&[]).await;
    for trouble in [Trouble::Fail(&["1", "2"]), Trouble::Refuse(503, "ServiceUnavailable"), Trouble::Page] {
        scene.sqs.push(trouble.clone());
        let (status, body) = scene.send("/", three()).await;
        assert_eq!((status, &body["status"]), (202, &json!("stored")), "{trouble:?}: {body}");
        let (entries, counts) = scene.take_entries();
        let again = if matches!(trouble, Trouble::Fail(_)) { 2 } else { 3 };
        assert_eq!(counts, [3, again], "{trouble:?}");
        let id = |place: usize| entries[place]["MessageDeduplicationId"].clone();
        assert_eq!((id(entries.len() - 2), id(entries.len() - 1)), (id(1), id(2)));
    }
    scene.lines("unstored", 0).await;
}

#[tokio::test]
async fn a_store_that_is_away_for_two_seconds_lets_events_go_straight() {
    for (trouble, seconds) in [
        (Trouble::Hang, 1.9..3.5),
        (Trouble::Refuse(500, "InternalFailure"), 1.5..3.5),
        (Trouble::Refuse(400, "QueueDoesNotExist"), 0.0..1.0),
    ] {
        let mut scene = Scene::start(&[]).await;
        scene.sqs.stand(Some(trouble.clone()));
        let begun = Instant::now();
        let (status, body) = scene.send("/", three()).await;
        let took = begun.elapsed().as_secs_f64();
        assert_eq!((status, &body["status"]), (202, &json!("success")), "{trouble:?}: {body}");
        assert!(seconds.contains(&took), "{trouble:?}: {took} s");
        assert_eq!(scene.lambda.take_events().len(), 3);
        let lines = scene.lines("unstored", 1).await;
        assert_eq!((&lines[0]["unstored"], &lines[0]["level"]), (&json!(3), &json!("error")));
        assert_eq!(
            lines[0]["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"], "unstored",
            "{}",
            lines[0]
        );
        scene.assert_no_secret_is_told();
    }
}

#[tokio::test]
async fn storing_and_sending_take_turns_until_one_of_them_has_it() {
    let mut scene = Scene::start(&[]).await;
    scene.lambda.standin.set_standing_fault(Some(Fault::status(500)));
    for _ in 0..4 {
        scene.sqs.push(Trouble::Refuse(403, "AccessDenied"));
    }
    let (status, body) = scene.send("/", three()).await;
    assert_eq!((status, &body["status"]), (202, &json!("stored")), "{body}");
    assert!(scene.lambda.take_events().len() > 3, "it was sent meanwhile");
    scene.lines("unstored", 0).await;
    scene.lines("undelivered", 0).await;
}

#[tokio::test]
async fn with_both_away_the_events_are_undelivered_and_counted_as_unstored() {
    let mut scene = Scene::start(&[("DELIVER_WITHIN_MS", "3000")]).await;
    scene.lambda.standin.set_standing_fault(Some(Fault::status(500)));
    scene.sqs.stand(Some(Trouble::Hang));
    let begun = Instant::now();
    let (status, body) = scene.send("/", three()).await;
    assert!(begun.elapsed() < Duration::from_millis(3_500), "{:?}", begun.elapsed());
    assert_eq!((status, &body["status"]), (500, &json!("not delivered")), "{body}");
    let lines = scene.lines("undelivered", 3).await;
    assert!(lines.iter().all(|line| line["refused"] == 0 && line["event"]["dedup_key"].is_string()));
    scene.lines("undelivered_count", 3).await;
    assert_eq!(scene.lines("unstored", 1).await[0]["unstored"], 3);
    scene.assert_no_secret_is_told();
}

#[tokio::test]
async fn what_pagerduty_refuses_straight_is_refused_though_the_store_is_away() {
    let mut scene = Scene::start(&[]).await;
    scene.sqs.stand(Some(Trouble::Refuse(403, "AccessDenied")));
    scene.lambda.standin.set_standing_fault_for("b", Some(Fault::status(400)));
    let (status, body) = scene.send("/", three()).await;
    assert_eq!((status, &body["failures"][0]["dedup_key"]), (400, &json!("b")), "{body}");
    assert_eq!(scene.lines("undelivered", 1).await[0]["refused"], 1);
}

#[tokio::test]
async fn an_accepted_message_is_done() {
    let mut scene = Scene::start(&[]).await;
    assert!(scene.work(&[record("1", 1, &stored("trigger", "a"))]).await.is_empty());
    let events = scene.lambda.take_events();
    assert_eq!((events.len(), &events[0]["routing_key"]), (1, &json!(KEY)));
    assert!(scene.sqs.take().is_empty(), "the queue's mapping deletes it");
    let lines = scene.lines("event", 1).await;
    assert_eq!((&lines[0]["answer"], &lines[0]["dedup_key"]), (&json!("accepted"), &json!("a")));
}

#[tokio::test]
async fn a_message_without_a_key_goes_under_the_setting_s_also_after_that_has_changed() {
    let settings = [("PAGERDUTY_INTEGRATION_KEY", OTHER_KEY), ("WEBHOOK_TOKEN", "12345678")];
    let mut scene = Scene::start(&settings).await;
    let mut message = stored("trigger", "a");
    message.as_object_mut().expect("an object").remove("key");
    assert!(scene.work(&[record("1", 1, &message)]).await.is_empty());
    assert_eq!(scene.lambda.take_events()[0]["routing_key"], OTHER_KEY);
    scene.assert_no_secret_is_told();
}

#[tokio::test]
async fn a_message_that_may_be_retried_stays_and_comes_again_later() {
    let now = |ago: u64| humantime(in_milliseconds(0) - ago * 1_000);
    for (fault, age_seconds, seconds) in [
        (Fault::status(500), 0, 5),
        (Fault::status(500), 2_400, 100),
        (Fault::status(500), 1_000_000, 600),
        (Fault::html(200), 0, 5),
        (Fault::redirect(302, "http://127.0.0.1:1/"), 0, 5),
        (Fault::Hang { taken: false }, 0, 5),
        (Fault::status(429), 0, 30),
        (Fault::retry_after(429, "77"), 0, 77),
    ] {
        let mut scene = Scene::start(&[("DELIVER_WITHIN_MS", "500")]).await;
        scene.lambda.standin.set_standing_fault(Some(fault.clone()));
        let mut message = stored("trigger", "a");
        message["received"] = json!(now(age_seconds));
        assert_eq!(scene.work(&[record("1", 3, &message)]).await, ["1"], "{fault:?}");
        let calls = scene.sqs.take();
        assert_eq!(actions(&calls), ["ChangeMessageVisibility"], "{fault:?}");
        assert_eq!(calls[0].body["ReceiptHandle"], "receipt-1");
        assert_eq!(calls[0].body["QueueUrl"], scene.sqs.queue_url("events"));
        assert_eq!(calls[0].body["VisibilityTimeout"], seconds, "{fault:?}");
        let line = &scene.lines("postponed", 1).await[0];
        assert_eq!((&line["receives"], &line["again_in_seconds"]), (&json!(3), &json!(seconds)), "{line}");
        scene.lines("undelivered", 0).await;
        scene.lines("event", 0).await;
    }
}

/// A time of this many milliseconds since 1970.
fn humantime(milliseconds: u64) -> String {
    arms_pagerduty::timestamp::of(std::time::UNIX_EPOCH + Duration::from_millis(milliseconds))
}

#[tokio::test]
async fn a_later_receive_is_tried_for_five_seconds() {
    let mut scene = Scene::start(&[]).await;
    scene.lambda.standin.set_standing_fault(Some(Fault::Hang { taken: false }));
    let begun = Instant::now();
    assert_eq!(scene.work(&[record("1", 2, &stored("trigger", "a"))]).await, ["1"]);
    let took = begun.elapsed().as_secs_f64();
    assert!((4.9..6.5).contains(&took), "{took} s");
}

#[tokio::test]
async fn what_pagerduty_refuses_goes_to_the_dead_letters() {
    let mut scene = Scene::start(&[]).await;
    scene.lambda.standin.set_standing_fault(Some(Fault::status(400)));
    let record = record("1", 1, &stored("trigger", "a"));
    assert!(scene.work(std::slice::from_ref(&record)).await.is_empty());
    let calls = scene.sqs.take();
    assert_eq!(actions(&calls), ["SendMessage"]);
    assert_eq!(calls[0].body["QueueUrl"], scene.sqs.queue_url("dead"));
    assert_eq!(calls[0].body["MessageBody"], record["body"], "as it was");
    assert_eq!(calls[0].body["MessageGroupId"], record["attributes"]["MessageGroupId"]);
    assert_eq!(calls[0].body["MessageDeduplicationId"], "1");
    assert_eq!(scene.lines("undelivered", 1).await[0]["refused"], 1);

    for trouble in [Trouble::Refuse(403, "AccessDenied"), Trouble::Page] {
        scene.sqs.stand(Some(trouble));
        let event = json!({"Records": [record]});
        let answer = scene.lambda.invoke_plainly(&event, in_milliseconds(4_000)).await;
        assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], "1", "it stays");
    }
    scene.lines("undelivered", 1).await;
    scene.assert_no_secret_is_told();
}

#[tokio::test]
async fn what_is_not_ours_or_has_no_key_goes_to_the_dead_letters() {
    let mut scene = Scene::start(&[]).await;
    let mut keyless = stored("trigger", "a");
    keyless.as_object_mut().expect("an object").remove("key");
    let odd = [json!("hello"), json!(""), json!([1]), json!({"path": "x"}), json!("{\"event\":"), keyless];
    for (number, body) in odd.iter().enumerate() {
        assert!(scene.work(&[record(&number.to_string(), 1, body)]).await.is_empty(), "{body}");
        let calls = scene.sqs.take();
        assert_eq!(actions(&calls), ["SendMessage"], "{body}");
    }
    let bare = json!({"messageId": "9", "eventSource": "aws:sqs"});
    assert!(scene.work(&[bare]).await.is_empty());
    assert!(scene.lambda.take_events().is_empty());
    let lines = scene.lines("dead letter", 7).await;
    assert!(
        lines[5]["error"].as_str().is_some_and(|why| why.contains("PAGERDUTY_INTEGRATION_KEY")),
        "{lines:?}"
    );
    scene.lines("undelivered_count", 7).await;
    assert!(!scene.lambda.process.stdout().contains("hello"), "a body is in no log");
}

#[tokio::test]
async fn messages_behind_one_that_stays_are_not_tried() {
    let mut scene = Scene::start(&[("DELIVER_WITHIN_MS", "300")]).await;
    scene.lambda.standin.set_standing_fault_for("a", Some(Fault::status(503)));
    let records = [
        record("1", 1, &stored("trigger", "a")),
        record("2", 1, &stored("trigger", "b")),
        record("3", 1, &stored("resolve", "a")),
        record("4", 1, &stored("resolve", "b")),
    ];
    assert_eq!(scene.work(&records).await, ["1", "3"]);
    let sent = scene.lambda.take_events();
    assert!(!sent.iter().any(|event| event["dedup_key"] == "a" && event["event_action"] == "resolve"));
    assert_eq!(sent.iter().filter(|event| event["dedup_key"] == "b").count(), 2);
    let calls = scene.sqs.take();
    assert!(calls.len() == 1 && calls[0].body["ReceiptHandle"] == "receipt-1", "{calls:?}");
}

#[tokio::test]
async fn an_invocation_that_ends_soon_leaves_its_messages_in_the_queue() {
    let mut scene = Scene::start(&[]).await;
    scene.lambda.standin.set_standing_fault(Some(Fault::Hang { taken: false }));
    let records = [record("1", 1, &stored("trigger", "a")), record("2", 1, &stored("trigger", "b"))];
    let begun = Instant::now();
    let event = json!({"Records": records});
    let answer = scene.lambda.invoke_plainly(&event, in_milliseconds(2_000)).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(answer["batchItemFailures"].as_array().map(Vec::len), Some(2), "{answer}");
}

#[tokio::test]
async fn only_sqs_with_a_queue_in_the_settings_is_worked_off() {
    let mut scene = Scene::start(&[]).await;
    let mut other = record("1", 1, &stored("trigger", "a"));
    other["eventSource"] = json!("aws:kinesis");
    for event in [
        json!({"Records": [other]}),
        json!({"Records": []}),
        json!({"Records": [{"EventSource": "aws:sns"}]}),
    ] {
        let answer = scene.lambda.invoke(&event).await;
        assert!(answer["statusCode"] == 400 && answer.get("batchItemFailures").is_none(), "{answer}");
    }
    let mut lambda = Lambda::start(&[]).await;
    let answer = lambda.invoke(&json!({"Records": [record("1", 1, &stored("trigger", "a"))]})).await;
    assert_eq!(answer["statusCode"], 400, "{answer}");
    let failures = &answer["batchItemFailures"];
    assert_eq!(failures, &json!([{"itemIdentifier": "1"}]), "without settings no message is lost");
    assert!(lambda.take_events().is_empty() && scene.lambda.take_events().is_empty());
}

/// The proxy of the environment is PagerDuty's; SQS is reached without it unless `NO_PROXY` is set.
#[tokio::test]
async fn sqs_is_reached_without_the_proxy_unless_no_proxy_is_set() {
    let proxy = ("HTTP_PROXY", "http://127.0.0.1:1");
    for (settings, wanted) in [
        (&[proxy][..], "stored"),
        (&[proxy, ("NO_PROXY", "127.0.0.1")], "stored"),
        (&[proxy, ("NO_PROXY", "pagerduty.example.com")], "not delivered"),
    ] {
        let mut scene = Scene::start(&[settings, &[("DELIVER_WITHIN_MS", "600")]].concat()).await;
        let (_, body) = scene.send("/", three()).await;
        assert_eq!(body["status"], wanted, "{settings:?}: {body}");
    }
}
