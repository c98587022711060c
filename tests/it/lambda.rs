//! The built binary as a Lambda function: a Runtime API on loopback hands it invocations.

use crate::bridge::{KEY, samples};
use crate::delivery::notification;
use crate::process::{PATIENCE, Process};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use pagerduty_standin::{Fault, Options, Standin};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

/// One invocation: its id, its deadline in milliseconds since 1970, its event.
type Invocation = (String, u64, String);

/// What the Runtime API's connections share.
struct Api {
    waiting: Mutex<mpsc::UnboundedReceiver<Invocation>>,
    /// Path and body of each POST.
    reported: mpsc::UnboundedSender<(String, Value)>,
}

/// The function under Lambda, and the PagerDuty that it talks to.
pub(crate) struct Lambda {
    pub(crate) standin: Standin,
    pub(crate) process: Process,
    events: mpsc::UnboundedSender<Invocation>,
    reported: mpsc::UnboundedReceiver<(String, Value)>,
    pub(crate) last_id: u32,
}

impl Lambda {
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        let standin = Standin::start(Options::default()).await.expect("loopback");
        let (events, waiting) = mpsc::unbounded_channel();
        let (telling, reported) = mpsc::unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let (address, url) = (listener.local_addr().expect("an address").to_string(), standin.url());
        tokio::spawn(serve(listener, Arc::new(Api { waiting: Mutex::new(waiting), reported: telling })));
        let lambda = [
            ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "arms-pagerduty"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("PAGERDUTY_EVENTS_URL", url.as_str()),
        ];
        let process = Process::spawn(&[&lambda, settings].concat());
        Self { standin, process, events, reported, last_id: 0 }
    }

    /// Invokes it with an hour's time; `/error` is never an answer.
    pub(crate) async fn invoke(&mut self, event: &Value) -> Value {
        self.invoke_until(event, in_milliseconds(3_600_000)).await
    }

    pub(crate) async fn invoke_until(&mut self, event: &Value, deadline_ms: u64) -> Value {
        let answer = self.invoke_plainly(event, deadline_ms).await;
        assert!(answer["statusCode"].is_u64() && answer["body"].is_string(), "{answer}");
        assert!(answer["cookies"].is_array() && answer["headers"].is_object(), "{answer}");
        answer
    }

    /// The same, whatever the answer looks like.
    pub(crate) async fn invoke_plainly(&mut self, event: &Value, deadline_ms: u64) -> Value {
        self.last_id += 1;
        let id = format!("invocation-{}", self.last_id);
        let invocation = (id.clone(), deadline_ms, event.to_string());
        self.events.send(invocation).expect("the runtime API");
        let reported = timeout(PATIENCE, self.reported.recv()).await;
        let said = || format!("{event}\n{}", self.process.stderr());
        let (path, answer) =
            reported.unwrap_or_else(|_| panic!("no answer to {}", said())).expect("an answer");
        assert_eq!(path, format!("/2018-06-01/runtime/invocation/{id}/response"), "{answer}: {}", said());
        answer
    }

    /// What PagerDuty has been sent since the last call.
    pub(crate) fn take_events(&self) -> Vec<Value> {
        let received = self.standin.requests();
        self.standin.clear();
        let mut events: Vec<Value> = received.into_iter().filter_map(|request| request.json).collect();
        events.sort_by_key(|event| event["dedup_key"].to_string());
        events
    }
}

async fn serve(listener: TcpListener, api: Arc<Api>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, Arc::clone(&api)));
    }
}

async fn connection(stream: TcpStream, api: Arc<Api>) {
    let service = service_fn(|request| respond(&api, request));
    // The function closes it by ending.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(api: &Api, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    if head.uri.path() != "/2018-06-01/runtime/invocation/next" {
        let body = body.collect().await.expect("a body").to_bytes();
        let said = serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body)));
        api.reported.send((head.uri.path().to_owned(), said)).expect("a test");
        return Ok(Response::builder().status(202).body(Full::default()).expect("an answer"));
    }
    let Some((id, deadline_ms, event)) = api.waiting.lock().await.recv().await else {
        return std::future::pending().await;
    };
    let answer = Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", id)
        .header("lambda-runtime-deadline-ms", deadline_ms)
        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:1:function:f")
        .header("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0");
    Ok(answer.body(Full::from(event)).expect("an answer"))
}

pub(crate) fn in_milliseconds(milliseconds: u64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    u64::try_from(now).expect("before the year 500,000,000") + milliseconds
}

/// A function URL's event: POST to this path with this body.
pub(crate) fn post(path: &str, body: impl Into<Value>) -> Value {
    json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "text/plain"},
        "requestContext": {"http": {"method": "POST", "path": path}, "stage": "$default"},
        "body": body.into(),
        "isBase64Encoded": false,
    })
}

fn firing(key: &str) -> String {
    notification([(key, "error", "firing")])
}

#[tokio::test]
async fn every_sample_is_delivered_as_text_and_as_base64_in_one_process() {
    let mut lambda = Lambda::start(&[]).await;
    for (name, mut event) in samples() {
        let wanted = if name == "pagerduty-v1.json" { 200 } else { 202 };
        let answer = lambda.invoke(&event).await;
        assert_eq!(answer["statusCode"], wanted, "{name}: {answer}");
        assert_eq!(answer["headers"]["content-type"], "application/json", "{name}");
        assert_eq!(answer["isBase64Encoded"], false, "{name}");
        let body: Value = serde_json::from_str(answer["body"].as_str().expect("a text")).expect("JSON");
        assert_eq!(body["status"], "success", "{name}: {body}");
        let first = lambda.take_events();
        assert!(!first.is_empty(), "{name} reached nobody");

        let body = event["body"].as_str().expect("a body").to_owned();
        let is_encoded = event["isBase64Encoded"] == true;
        event["body"] = if is_encoded {
            String::from_utf8(BASE64_STANDARD.decode(body).expect("base64")).expect("UTF-8").into()
        } else {
            BASE64_STANDARD.encode(body).into()
        };
        event["isBase64Encoded"] = json!(!is_encoded);
        assert_eq!(lambda.invoke(&event).await["statusCode"], wanted, "{name}");
        let second = lambda.take_events();
        let is_once = first[0]["dedup_key"].as_str().is_some_and(|key| key.starts_with("arms-once-"));
        assert!(first == second || is_once && first.len() == second.len(), "{name}: {first:?}, {second:?}");
    }
    assert!(lambda.process.stderr().is_empty(), "{}", lambda.process.stderr());
}

#[tokio::test]
async fn an_http_api_s_stage_is_no_part_of_the_path() {
    let mut lambda = Lambda::start(&[]).await;
    for (stage, path, status) in [
        (json!("prod"), "/prod/v2/enqueue", 202),
        (json!("prod"), "/prod/", 202),
        (json!("prod"), "/prod", 202),
        (json!("prod"), "/v2/enqueue", 202),
        (json!("prod"), "/production", 404),
        (json!("prod"), "/nope/prod", 404),
        (json!("$default"), "/v2/enqueue", 202),
        (json!("$default"), "/$default/v2", 404),
        (Value::Null, "/v2", 202),
        (json!("v2"), "/v2/v2", 202),
    ] {
        let mut event = post(path, firing("a"));
        event["requestContext"]["stage"] = stage.clone();
        assert_eq!(lambda.invoke(&event).await["statusCode"], status, "{stage}, {path}");
    }
}

#[tokio::test]
async fn an_event_of_another_shape_is_answered_400_that_says_so() {
    let mut lambda = Lambda::start(&[]).await;
    let rest_v1 = json!({
        "resource": "/", "path": "/v2/enqueue", "httpMethod": "POST", "headers": {}, "body": firing("a"),
        "requestContext": {"httpMethod": "POST", "stage": "prod"}, "isBase64Encoded": false,
    });
    for event in [
        json!({"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": firing("a")}]}),
        rest_v1,
        json!({}),
        json!([]),
        json!("text"),
        json!(null),
        json!(7),
        json!({"requestContext": "none", "body": firing("a")}),
        json!({"integration_key": KEY, "summary": "sent by hand"}),
    ] {
        let answer = lambda.invoke(&event).await;
        let body = answer["body"].as_str().expect("a text");
        assert_eq!(answer["statusCode"], 400, "{event}: {body}");
        assert!(body.contains("HTTP") && body.contains("2.0") && !body.contains("success"), "{body}");
    }
    assert!(lambda.take_events().is_empty());
    assert_eq!(lambda.invoke(&post("/", firing("a"))).await["statusCode"], 202);
}

#[tokio::test]
async fn an_alert_gets_through_though_its_event_is_strange() {
    let mut lambda = Lambda::start(&[]).await;
    let mut events = Vec::new();
    let mut strange = |pointer: &str, value: Value| {
        let mut event = post("/", firing("a"));
        *event.pointer_mut(pointer).expect("a field") = value;
        events.push(event);
    };
    strange("/isBase64Encoded", json!(true));
    strange("/rawQueryString", Value::Null);
    strange("/rawQueryString", json!("a=%zz&b={c}\"<ü>&#|^"));
    strange("/rawPath", json!(""));
    strange("/rawPath", Value::Null);
    strange("/isBase64Encoded", Value::Null);
    strange("/headers", Value::Null);
    strange("/headers", json!({}));
    strange("/headers", json!({"x-null": null, "x-number": 7, "x-list": ["a"], "x-object": {"a": "b"}}));
    strange("/headers", json!({"x-lines": "a\r\nb: c", "x-bytes": "\u{0}\u{1f}", "bad name": "c", "": "d"}));
    strange("/headers", json!({"content-type": "\u{1f514}", "Authorization": null, "x-webhook-token": {}}));
    strange("/requestContext/stage", json!(""));
    let mut bare = json!({"requestContext": {"http": {"method": "POST"}}, "body": firing("a")});
    events.push(bare.clone());
    bare["cookies"] = json!(7);
    events.push(bare);
    for event in events {
        let answer = lambda.invoke(&event).await;
        assert_eq!(
            (&answer["statusCode"], lambda.take_events().len()),
            (&json!(202), 1),
            "{event}: {answer}"
        );
    }
    for body in [Value::Null, json!(""), json!(" \r\n\t"), json!("\u{feff}")] {
        let answer = lambda.invoke(&post("/", body.clone())).await;
        assert_eq!(answer["statusCode"], 400, "{body}: {answer}");
        assert!(answer["body"].as_str().is_some_and(|reported| reported.contains("empty")), "{answer}");
    }
    let mut without = post("/", "");
    without.as_object_mut().expect("an object").remove("body");
    assert_eq!(lambda.invoke(&without).await["statusCode"], 400);
}

#[tokio::test]
async fn a_deadline_in_the_past_is_none_and_one_to_come_is_kept() {
    let mut lambda = Lambda::start(&[("DELIVER_WITHIN_MS", "1500")]).await;
    for deadline_ms in [0, 1, 1_500_000_000_000, u64::MAX] {
        lambda.standin.push_fault(Fault::retry_after(503, "1"));
        let answer = lambda.invoke_until(&post("/", firing("a")), deadline_ms).await;
        assert_eq!(answer["statusCode"], 202, "{deadline_ms}: {answer}");
    }
    lambda.standin.set_standing_fault(Some(Fault::Hang { taken: false }));
    let (deadline_ms, begun) = (in_milliseconds(1_300), Instant::now());
    let answer = lambda.invoke_until(&post("/", firing("a")), deadline_ms).await;
    let took = begun.elapsed();
    assert_eq!(answer["statusCode"], 504, "{answer}");
    assert!(took < Duration::from_millis(1_300), "{took:?}");
}

#[tokio::test]
async fn the_invocation_s_id_names_what_has_no_identity_and_stands_in_the_log() {
    let mut lambda = Lambda::start(&[]).await;
    lambda.invoke(&post("/", format!("integration_key={KEY}"))).await;
    let id = format!("invocation-{}", lambda.last_id);
    assert_eq!(lambda.take_events()[0]["dedup_key"], format!("arms-once-{id}"));
    for message in ["request", "event"] {
        assert!(lambda.process.wait_for(|process| !process.lines(message).is_empty()).await);
        assert_eq!(lambda.process.lines(message)[0]["request_id"], id);
    }
}
