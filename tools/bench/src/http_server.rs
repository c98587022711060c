//! HTTP on loopback, as quick as it gets: what is measured is the client.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

/// A server on a free port; it ends, with its connections, when this is dropped.
pub(crate) struct HttpServer {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl HttpServer {
    pub(crate) async fn start<F, A>(answer: F) -> std::io::Result<Self>
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
        A: Future<Output = hyper::Result<Response<Full<Bytes>>>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                // Without it a kept connection costs 40 ms a request.
                let _ = stream.set_nodelay(true);
                let service = service_fn(answer.clone());
                connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(Self { address, task })
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
