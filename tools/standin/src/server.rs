//! Sockets and HTTP: accepts, reads the request, answers as PagerDuty does or as a fault demands.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response, header, request};
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::book::Shared;
use crate::{Api, Fault, Received, Reply, control};

/// Serves until told to stop or until nobody is left who could tell.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        let accepted = tokio::select! {
            _ = stopped.changed() => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        let Ok((stream, peer)) = accepted else {
            // There may be too many open files for now.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        number += 1;
        if shared.change(|book| book.faults.closes_connection()) {
            continue;
        }
        let is_own = peer.ip().is_loopback() || stream.local_addr().is_ok_and(|own| own.ip() == peer.ip());
        let from = Connection { number, is_own, hang_up: Notify::new() };
        connections.spawn(connection(stream, from, Arc::clone(&shared)));
    }
    drop(listener);
    connections.shutdown().await;
}

/// What the requests of one connection have in common.
struct Connection {
    number: u64,
    /// Whether it comes from this machine.
    is_own: bool,
    hang_up: Notify,
}

async fn connection(stream: TcpStream, from: Connection, shared: Arc<Shared>) {
    // Without it the second small packet of an answer waits for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| respond(&shared, &from, request));
    let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // In this order: an answer is written out within the poll that makes it, and only then is the notice seen.
        biased;
        _ = serving => {}
        () = from.hang_up.notified() => {}
    }
}

async fn respond(shared: &Shared, from: &Connection, request: Request<Incoming>) -> io::Result<Answer> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    if from.is_own
        && let Some(reply) = control::answer(shared, &head.method, head.uri.path(), &body)
    {
        return answer(&reply, None).await;
    }
    let received = received(from.number, head, body.clone());
    let (api, method) = (received.api, received.method.clone());
    let (number, fault, _in_flight) = shared.change(|book| book.add(received));
    let reply = match &fault {
        Some(Fault::Hang { taken: false } | Fault::CloseUnanswered { taken: false }) => None,
        Some(Fault::Answer(reply)) => Some(reply.clone()),
        _ => Some(shared.change(|book| book.answer(api, &method, &body))),
    };
    match &fault {
        Some(Fault::Delay(delay)) => sleep(*delay).await,
        Some(Fault::Hang { .. }) => return pending().await,
        Some(Fault::CloseUnanswered { .. } | Fault::CloseOnAccept) => return Err(hang_up()),
        Some(Fault::CloseAfterAnswer) => from.hang_up.notify_one(),
        Some(Fault::Answer(_) | Fault::CutAnswer | Fault::StallAnswer) | None => {}
    }
    let reply = reply.ok_or_else(hang_up)?;
    shared.change(|book| book.answered(number, &reply));
    answer(&reply, fault).await
}

fn received(connection: u64, head: request::Parts, body: Bytes) -> Received {
    Received {
        number: 0,
        at: Instant::now(),
        connection,
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        api: Api::at(head.uri.path()),
        headers: head.headers,
        json: serde_json::from_slice(&body).ok(),
        body,
        fault: None,
        reply: None,
    }
}

type Answer = Response<Channel<Bytes, io::Error>>;

/// Writes the answer, or a half of it: then its announced length is the whole's all the same.
async fn answer(reply: &Reply, fault: Option<Fault>) -> io::Result<Answer> {
    let is_broken_off = matches!(fault, Some(Fault::CutAnswer | Fault::StallAnswer));
    let (length, sent) = match reply.body.len() {
        // An answer without a body could not break off: one byte that never comes is announced then.
        length if is_broken_off => (length.max(1), length / 2),
        length => (length, length),
    };
    let (mut sender, body) = Channel::new(1);
    sender.send_data(reply.body.slice(..sent)).await.map_err(io::Error::other)?;
    if is_broken_off {
        tokio::spawn(async move {
            // hyper writes out what it has when the body makes it wait, and drops it when the body ends too early.
            sleep(Duration::from_millis(5)).await;
            if fault == Some(Fault::StallAnswer) {
                pending::<()>().await;
            }
            drop(sender);
        });
    }
    let mut response = Response::builder().status(reply.status).header(header::CONTENT_LENGTH, length);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    response.body(body).map_err(io::Error::other)
}

/// Ends the connection without an answer.
fn hang_up() -> io::Error {
    io::Error::other("the stand-in hangs up")
}
