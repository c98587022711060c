//! HTTP on loopback, as quick as it gets: what is measured is the client.

use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::routing::post;
use axum::serve::ListenerExt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const ACCEPTED: &str =
    r#"{"status":"success","message":"Event processed","dedup_key":"3f1c0d5e9a7b42688c01d2e3f4a5b6c7"}"#;

/// A server on a free port; it ends when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _task: JoinSet<io::Result<()>>,
}

impl Server {
    pub(crate) async fn start(router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        // Without it a kept connection costs 40 ms a request.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let mut task = JoinSet::new();
        task.spawn(axum::serve(listener, router).into_future());
        Ok(Self { address, _task: task })
    }
}

/// A PagerDuty that accepts everything and looks at nothing, so that it costs nothing.
pub(crate) struct PagerDuty {
    server: Server,
    accepted: Arc<Mutex<Vec<Instant>>>,
}

impl PagerDuty {
    /// Starts it on a free port; each call takes this long.
    pub(crate) async fn start(call: Duration) -> io::Result<Self> {
        let accepted = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&accepted);
        let accept = async move |_event: Bytes| {
            if !call.is_zero() {
                tokio::time::sleep(call).await;
            }
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
            (StatusCode::ACCEPTED, [(header::CONTENT_TYPE, "application/json")], ACCEPTED)
        };
        let server = Server::start(Router::new().route("/v2/enqueue", post(accept))).await?;
        Ok(Self { server, accepted })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.server.address)
    }

    /// When it accepted each event.
    pub(crate) fn accepted(&self) -> Vec<Instant> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
