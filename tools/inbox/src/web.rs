//! HTTP on loopback, for the webhooks and for the page.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::serve::ListenerExt;
use http::StatusCode;
use http::request::Parts;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a body may take.
pub(crate) const BODY_WITHIN: Duration = Duration::from_secs(10);
/// How long open connections may take to finish at a stop: longer than a delivery.
const END_WITHIN: Duration = Duration::from_secs(30);

/// Serves until `stop` becomes true, then lets the answers that are on their way out.
pub(crate) async fn serve(listener: TcpListener, stop: watch::Receiver<bool>, router: Router) {
    let listener = listener.tap_io(|stream| {
        // Disables Nagle's algorithm; without the option small answers only come later.
        let _ = stream.set_nodelay(true);
    });
    let serving = axum::serve(listener, router).with_graceful_shutdown(stopped(stop.clone()));
    tokio::select! {
        // `axum` handles the errors of connections itself, so there is none to report.
        _ = serving => {}
        // A client that reads nothing does not hold up the end.
        () = async { stopped(stop).await; tokio::time::sleep(END_WITHIN).await } => {}
    }
}

/// Ready once it is time to stop.
pub(crate) async fn stopped(mut stop: watch::Receiver<bool>) {
    // If the sender is gone, it is time to stop as well.
    let _ = stop.wait_for(|is_over| *is_over).await;
}

/// A request with all of its body, or its head and whether the body is larger than the router allows; else it breaks
/// off or takes too long.
pub(crate) async fn collect(request: Request) -> Result<Request<Bytes>, (Parts, bool)> {
    let (head, body) = request.into_parts();
    let unread = Request::from_parts(head.clone(), body);
    match timeout(BODY_WITHIN, Bytes::from_request(unread, &())).await {
        Ok(Ok(body)) => Ok(Request::from_parts(head, body)),
        Ok(Err(rejection)) => Err((head, rejection.status() == StatusCode::PAYLOAD_TOO_LARGE)),
        Err(_) => Err((head, false)),
    }
}
