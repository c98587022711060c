//! HTTP, on a machine of one's own or in Function Compute's custom runtime (Function Compute,
//! "Custom runtime").

use super::read_timeout::{Phase, ReadTimeout};
use crate::answer::{self, Answer};
use crate::config::Host;
use crate::error::{Error, Unreached};
use crate::relay::{Invocation, Relay};
use crate::webhook::BODY_MAX_BYTES;
use ::http::{HeaderValue, Request, Response, Uri, header, request::Parts};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, timeout};

/// The most connections at the same time; further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 256;
/// How long a body may take.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection may be idle on a plain host. Function Compute, where only the platform
/// connects, wants more than 15 minutes or no limit; here idle clients could exhaust the connections.
const PLAIN_IDLE_MAX: Duration = Duration::from_secs(15);
/// Function Compute's request ids are shorter, and of letters, digits and hyphens.
const REQUEST_ID_MAX_BYTES: usize = 100;
/// Bytes of a head; Function Compute passes at most 8 KB of headers.
const HEAD_MAX_BYTES: usize = 64 * 1024;
/// Pause after a failed accept: there are no file descriptors left for a moment.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` is ready, then finishes the requests that it has accepted.
pub async fn serve(listener: TcpListener, relay: Arc<Relay>, host: Host, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    // Every delivery holds a sender; when all senders are gone, everything is delivered.
    let (delivering, mut delivered) = mpsc::channel::<Infallible>(1);
    let mut stop = std::pin::pin!(stop);
    loop {
        let accept = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (stream, place) = tokio::select! {
            () = &mut stop => break,
            (accepted, place) = accept => match accepted {
                Ok((stream, _)) => (stream, place),
                Err(_) => {
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        // Disable Nagle's algorithm. If that fails, answers are only slower.
        let _ = stream.set_nodelay(true);
        let phase = Phase::new();
        let idle_max = (host.is_plain()).then_some(PLAIN_IDLE_MAX);
        let io = TokioIo::new(ReadTimeout::new(stream, phase.clone(), idle_max));
        let (relay, delivering) = (Arc::clone(&relay), delivering.clone());
        let waiting = Arc::clone(&places);
        let service = service_fn(move |request| {
            phase.busy();
            let answer = answer(Arc::clone(&relay), host, request, delivering.clone());
            let (phase, waiting) = (phase.clone(), Arc::clone(&waiting));
            async move {
                let mut response = answer.await;
                phase.idle();
                // Other clients may be waiting for a connection.
                if host.is_plain() && waiting.available_permits() == 0 {
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(None)
            .half_close(true)
            .max_buf_size(HEAD_MAX_BYTES)
            .serve_connection(io, service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // If the connection breaks, the client has gone.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    drop(delivering);
    graceful.shutdown().await;
    delivered.recv().await;
}

async fn answer(
    relay: Arc<Relay>,
    host: Host,
    request: Request<Incoming>,
    delivering: mpsc::Sender<Infallible>,
) -> Response<Full<Bytes>> {
    let (mut head, body) = request.into_parts();
    let on_function_compute = !host.is_plain();
    if on_function_compute {
        match head.uri.path() {
            "/initialize" | "/pre-stop" => return Response::new(Full::default()),
            "/invoke" => head.uri = without_path(&head.uri),
            _ => {}
        }
    }
    let invocation = Invocation { request_id: request_id(&head, host), deadline: None };
    let route = relay.admit(&head);
    let refused = route.is_err();
    let waits = head.headers.get(header::EXPECT).is_some();
    let body = async {
        if refused && waits {
            return Some(Bytes::new());
        }
        // The body of a request that is refused by its head is read and discarded: a client that is still
        // sending may not read an answer.
        collect(body, if refused { 0 } else { BODY_MAX_BYTES.saturating_add(1) }).await
    };
    let Answer { mut response, failed } = match timeout(BODY_WITHIN, body).await {
        Ok(Some(body)) => {
            // In a task of its own, so that a client that hangs up does not stop it.
            let task = tokio::spawn(async move {
                let answer = relay.answer(route, &head, body, &invocation).await;
                drop(delivering);
                answer
            });
            task.await.unwrap_or_else(|_| answer::of_error(Error::NotReached(Unreached::BrokenOff)))
        }
        Ok(None) | Err(_) => {
            let mut answer = relay.answer_incomplete(route, &head, BODY_WITHIN, &invocation);
            let close = HeaderValue::from_static("close");
            answer.response.headers_mut().insert(header::CONNECTION, close);
            answer
        }
    };
    if let Some(status) = failed
        && on_function_compute
    {
        response.headers_mut().insert("x-fc-status", status.as_u16().into());
    }
    response.map(Full::new)
}

/// The first `keep` bytes of a body that is read to its end; `None` if it breaks off.
async fn collect(mut body: Incoming, keep: usize) -> Option<Bytes> {
    let mut kept = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.ok()?.into_data() {
            let room = keep.saturating_sub(kept.len());
            kept.extend_from_slice(data.get(..room).unwrap_or(&data));
        }
    }
    Some(kept.freeze())
}

fn without_path(uri: &Uri) -> Uri {
    let query = uri.query().map(|query| format!("/?{query}")).unwrap_or_default();
    query.parse().unwrap_or_default()
}

/// Function Compute's id, which a retry keeps; elsewhere a new one.
fn request_id(head: &Parts, host: Host) -> String {
    let given = head.headers.get("x-fc-request-id").and_then(|id| id.to_str().ok());
    let is_id = |id: &&str| {
        (1..=REQUEST_ID_MAX_BYTES).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match given.filter(|id| !host.is_plain() && is_id(id)) {
        Some(id) => id.to_owned(),
        None => {
            format!("{:016x}{:016x}", RandomState::new().hash_one(0_u8), RandomState::new().hash_one(1_u8))
        }
    }
}
