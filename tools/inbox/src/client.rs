//! One POST on loopback.

use arms_pagerduty::host::Fault;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// Sends it on a connection of its own and reads the answer.
pub(crate) async fn post<'a>(
    address: SocketAddr,
    path: &str,
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    body: String,
) -> Result<Response<Bytes>, Fault> {
    let mut request = Request::post(path).body(Full::new(Bytes::from(body)))?;
    let host = HeaderValue::from_str(&address.to_string())?;
    request.headers_mut().insert(header::HOST, host);
    for (name, value) in headers {
        request.headers_mut().insert(HeaderName::try_from(name)?, HeaderValue::from_str(value)?);
    }
    let (mut sender, connection) = http1::handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
    // What goes wrong with it, the request tells.
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await?.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}
