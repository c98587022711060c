//! HTTP, on a machine of one's own or in Function Compute's custom runtime (Function Compute,
//! "Custom runtime").

use super::patience::{Patient, Phase};
use crate::answer::{self, Failed};
use crate::error::Error;
use crate::intake::BODY_MAX_BYTES;
use crate::relay::{Invocation, Relay};
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

/// Connections at the same time; further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 256;
/// How long a body may take.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection may be kept without a request. Function Compute wants more than 15 minutes
/// or no limit; there only the platform connects. Here whoever knows the address could take all places.
const PLAIN_IDLE_MAX: Duration = Duration::from_secs(15);
/// Function Compute's request ids are shorter, and of letters, digits and hyphens.
const REQUEST_ID_MAX_BYTES: usize = 100;
/// Bytes of a head; Function Compute passes at most 8 KB of headers.
const HEAD_MAX_BYTES: usize = 64 * 1024;
/// Pause after a failed accept: there are no file descriptors left for a moment.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Who stands before the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Nobody.
    Plain,
    /// Function Compute: it has hooks, gives request ids, and reads a header of ours.
    FunctionCompute,
}

/// Serves until `stop` is ready, then finishes what it has taken.
pub async fn serve(
    listener: TcpListener,
    relay: Arc<Relay>,
    platform: Platform,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    // Every delivery holds a sender; when all are gone, all is delivered.
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
        // Small answers must not wait for more to come; without the option they only come later.
        let _ = stream.set_nodelay(true);
        let phase = Phase::new();
        let idle_max = (platform == Platform::Plain).then_some(PLAIN_IDLE_MAX);
        let io = TokioIo::new(Patient::new(stream, phase.clone(), idle_max));
        let (relay, delivering) = (Arc::clone(&relay), delivering.clone());
        let waiting = Arc::clone(&places);
        let service = service_fn(move |request| {
            phase.busy();
            let answer = answer(Arc::clone(&relay), platform, request, delivering.clone());
            let (phase, waiting) = (phase.clone(), Arc::clone(&waiting));
            async move {
                let mut response = answer.await;
                phase.idle();
                // Somebody else may be waiting for this place.
                if platform == Platform::Plain && waiting.available_permits() == 0 {
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
            // A connection that breaks has nobody left to tell.
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
    platform: Platform,
    request: Request<Incoming>,
    delivering: mpsc::Sender<Infallible>,
) -> Response<Full<Bytes>> {
    let (mut head, body) = request.into_parts();
    let on_function_compute = platform == Platform::FunctionCompute;
    if on_function_compute {
        match head.uri.path() {
            "/initialize" | "/pre-stop" => return Response::new(Full::default()),
            "/invoke" => head.uri = without_path(&head.uri),
            _ => {}
        }
    }
    let invocation = Invocation { request_id: request_id(&head, platform), time_left: None };
    let refused = relay.refuses(&head);
    let waits = head.headers.get(header::EXPECT).is_some();
    let body = async {
        if refused && waits {
            return Some(Bytes::new());
        }
        // Of a request that is refused by its head, the body is read and thrown away: an answer before
        // its end would be lost with the connection.
        collect(body, if refused { 0 } else { BODY_MAX_BYTES.saturating_add(1) }).await
    };
    let mut response = match timeout(BODY_WITHIN, body).await {
        Ok(Some(body)) => {
            let request = Request::from_parts(head, body);
            // In a task of its own: a client that hangs up does not stop it.
            let task = tokio::spawn(async move {
                let response = relay.handle(request, &invocation).await;
                drop(delivering);
                response
            });
            task.await.unwrap_or_else(|_| answer::of_error(Error::NotReached))
        }
        Ok(None) | Err(_) => {
            let mut response = relay.refuse_incomplete(&head, &invocation);
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    };
    if let Some(Failed(status)) = response.extensions().get().copied()
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
fn request_id(head: &Parts, platform: Platform) -> String {
    let given = head.headers.get("x-fc-request-id").and_then(|id| id.to_str().ok());
    let is_id = |id: &&str| {
        (1..=REQUEST_ID_MAX_BYTES).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match given.filter(|id| platform == Platform::FunctionCompute && is_id(id)) {
        Some(id) => id.to_owned(),
        None => {
            format!("{:016x}{:016x}", RandomState::new().hash_one(0_u8), RandomState::new().hash_one(1_u8))
        }
    }
}
