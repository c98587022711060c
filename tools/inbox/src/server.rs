//! HTTP on loopback, for the webhooks and for the page.

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

/// Connections at the same time; further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 256;
/// How long a head may take. A kept connection without a request is closed by it too.
const HEAD_WITHIN: Duration = Duration::from_secs(75);
/// How long a body may take.
pub(crate) const BODY_WITHIN: Duration = Duration::from_secs(10);
/// Pause after a failed accept: there are no file descriptors left for a moment.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long connections may take to end once they have been told to: longer than a delivery.
const END_WITHIN: Duration = Duration::from_secs(30);

/// Serves until `stop` becomes true, then lets the answers that are on their way out.
pub(crate) async fn serve<H, A>(listener: TcpListener, mut stop: watch::Receiver<bool>, answer: H)
where
    H: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accept = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (stream, place) = tokio::select! {
            () = stopped(&mut stop) => break,
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
        let answer = answer.clone();
        let service = service_fn(move |request| {
            let response = answer(request);
            async move { Ok::<_, Infallible>(response.await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks has nobody left to tell.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    // A client that reads nothing does not hold up the end.
    let _ = timeout(END_WITHIN, graceful.shutdown()).await;
}

/// Ready once it is time to stop.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone says the same.
    let _ = stop.wait_for(|is_over| *is_over).await;
}

/// The first `keep` bytes of a body that is read to its end; `None` if it breaks off or takes too long.
pub(crate) async fn collect(body: Incoming, keep: usize) -> Option<Bytes> {
    timeout(BODY_WITHIN, collect_patiently(body, keep)).await.ok()?
}

async fn collect_patiently(mut body: Incoming, keep: usize) -> Option<Bytes> {
    let mut kept = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.ok()?.into_data() {
            let room = keep.saturating_sub(kept.len());
            kept.extend_from_slice(data.get(..room).unwrap_or(&data));
        }
    }
    Some(kept.freeze())
}
