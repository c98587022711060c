//! One connection, from its start to its end.

use super::exchange::Front;
use super::time_limits::{Phase, TimeLimits};
use ::http::{HeaderValue, Request, Response, header};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::ready;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::yield_now;
use tokio::time::sleep;

/// How long a connection may be idle on a plain host. Function Compute, where only the platform
/// connects, wants more than 15 minutes or no limit; here idle clients could exhaust the connections.
const PLAIN_IDLE_MAX: Duration = Duration::from_secs(15);
/// Bytes of a head; Function Compute passes at most 8 KB of headers.
const HEAD_MAX_BYTES: usize = 64 * 1024;
/// How long a stop waits for the first byte of a client that has only just connected.
const FIRST_BYTE_WITHIN: Duration = Duration::from_millis(500);

/// What all connections share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) front: Arc<Front>,
    /// The places of connections.
    pub(super) places: Arc<Semaphore>,
    /// Becomes `true` when the process is asked to stop.
    pub(super) stopping: watch::Receiver<bool>,
    /// Held by every connection and delivery; when all are gone, everything is done.
    pub(super) working: mpsc::Sender<Infallible>,
}

/// Serves a connection until it ends, or until the current request is answered when the process is
/// asked to stop.
pub(super) async fn serve(stream: TcpStream, shared: Shared) {
    // Disable Nagle's algorithm. If that fails, answers are only slower.
    let _ = stream.set_nodelay(true);
    let phase = Phase::new();
    let idle_max = shared.front.host.is_plain().then_some(PLAIN_IDLE_MAX);
    let io = TokioIo::new(TimeLimits::new(stream, phase.clone(), idle_max));
    let service = service_fn(|request| respond(&shared, &phase, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .half_close(true)
        .max_buf_size(HEAD_MAX_BYTES)
        .serve_connection(io, service);
    let mut connection = pin!(connection);
    let mut stopping = shared.stopping.clone();
    // Wherever the connection ends by itself below, the client has gone or has its last answer.
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    // A request may have arrived together with the signal. After this, the runtime has seen it, and the
    // connection takes it before it is closed.
    yield_now().await;
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = ready(()) => {}
    }
    if phase.is_new() {
        tokio::select! {
            _ = connection.as_mut() => return,
            () = sleep(FIRST_BYTE_WITHIN) => {}
        }
        if phase.is_new() {
            return;
        }
    }
    // hyper would close a connection on which a part of a head has arrived; its answer closes it.
    if !phase.is_in_head() {
        connection.as_mut().graceful_shutdown();
    }
    let _ = connection.await;
}

async fn respond(
    shared: &Shared,
    phase: &Phase,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    phase.busy();
    let exchange = shared.front.answer(request, shared.working.clone()).await;
    let mut response = exchange.response;
    if exchange.body_is_unread {
        phase.leave_body_unread();
    }
    phase.idle();
    // Other clients may be waiting for a connection.
    let is_full = shared.front.host.is_plain() && shared.places.available_permits() == 0;
    if exchange.body_is_unread || is_full || *shared.stopping.borrow() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(Full::new))
}
