//! Lambda's Runtime API for one process (AWS, "Using the Lambda runtime API for custom runtimes").

use crate::http_server::HttpServer;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};

/// How long an invocation may take, as the function is told.
pub(crate) const TIME_OUT_MS: u64 = 30_000;

/// The host's side of the Runtime API.
pub(crate) struct RuntimeApi {
    server: HttpServer,
    shared: Arc<Shared>,
    events: mpsc::UnboundedSender<Bytes>,
    answers: mpsc::UnboundedReceiver<Answer>,
}

/// What the process posted.
pub(crate) struct Answer {
    /// When it had arrived whole.
    pub(crate) at: Instant,
    pub(crate) body: Bytes,
    /// Dropped, it lets the process go on: until then it waits, and can be looked at.
    _hold: oneshot::Sender<()>,
}

struct Shared {
    asked: Notify,
    events: Mutex<mpsc::UnboundedReceiver<Bytes>>,
    answers: mpsc::UnboundedSender<Answer>,
}

impl RuntimeApi {
    pub(crate) async fn start() -> std::io::Result<Self> {
        let (events, events_out) = mpsc::unbounded_channel();
        let (answers_in, answers) = mpsc::unbounded_channel();
        let shared =
            Arc::new(Shared { asked: Notify::new(), events: Mutex::new(events_out), answers: answers_in });
        let serving = Arc::clone(&shared);
        let server = HttpServer::start(move |request| respond(Arc::clone(&serving), request)).await?;
        Ok(Self { server, shared, events, answers })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Waits until the process has asked for an event.
    pub(crate) async fn asked(&self) {
        self.shared.asked.notified().await;
    }

    /// Gives the process an event, now or when it asks.
    pub(crate) fn give(&self, event: &Bytes) {
        // The receiver lives as long as this.
        let _ = self.events.send(event.clone());
    }

    /// The process's next answer.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        self.answers.recv().await
    }
}

async fn respond(shared: Arc<Shared>, request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    if head.method == Method::GET {
        shared.asked.notify_one();
        let event = shared.events.lock().await.recv().await.unwrap_or_default();
        return Ok(next(event));
    }
    let body = body.collect().await?.to_bytes();
    let (hold, released) = oneshot::channel();
    if shared.answers.send(Answer { at: Instant::now(), body, _hold: hold }).is_ok() {
        // An error is how it is let go.
        let _ = released.await;
    }
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

fn next(event: Bytes) -> Response<Full<Bytes>> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let deadline = now.as_millis() + u128::from(TIME_OUT_MS);
    let mut response = Response::new(Full::new(event));
    let headers = response.headers_mut();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:bench"),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
        ),
        ("content-type", "application/json"),
    ] {
        headers.insert(name, http::HeaderValue::from_static(value));
    }
    if let Ok(deadline) = deadline.to_string().parse() {
        headers.insert("lambda-runtime-deadline-ms", deadline);
    }
    response
}
