//! A PagerDuty that accepts everything and looks at nothing, so that it costs nothing.

use crate::http_server::HttpServer;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::sleep;

const ACCEPTED: &[u8] =
    br#"{"status":"success","message":"Event processed","dedup_key":"3f1c0d5e9a7b42688c01d2e3f4a5b6c7"}"#;

/// The server, and when it accepted each event.
pub(crate) struct PagerDuty {
    pub(crate) server: HttpServer,
    accepted: Arc<Mutex<Vec<Instant>>>,
}

/// Starts it on a free port; each call takes this long.
pub(crate) async fn start(call: Duration) -> std::io::Result<PagerDuty> {
    let accepted = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&accepted);
    let server = HttpServer::start(move |request| accept(request, call, Arc::clone(&noted))).await?;
    Ok(PagerDuty { server, accepted })
}

impl PagerDuty {
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.server.address)
    }

    pub(crate) fn accepted(&self) -> Vec<Instant> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn accept(
    request: Request<Incoming>,
    call: Duration,
    accepted: Arc<Mutex<Vec<Instant>>>,
) -> hyper::Result<Response<Full<Bytes>>> {
    request.into_body().collect().await?;
    if !call.is_zero() {
        sleep(call).await;
    }
    accepted.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
    let mut response = Response::new(Full::new(Bytes::from_static(ACCEPTED)));
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}
