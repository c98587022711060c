//! Sockets and HTTP: accepts, reads the request, answers as PagerDuty does or as a fault demands.

mod body;

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header, request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::state::{InFlight, State};
use crate::{Api, Fault, Received, Reply, control};
use body::{AnswerBody, Ending};

/// The most that is read of a body; what is longer is answered 413 unread.
const READ_MAX_BYTES: usize = 8 << 20;
/// The pause after a failed accept (too many open files), so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Serves until told to stop or until nobody is left who could tell.
pub(crate) async fn serve(listener: TcpListener, state: Arc<State>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut count = 0;
    loop {
        let accepted = tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        count += 1;
        if state.book().faults.next_closes_connection() {
            continue;
        }
        let is_own = peer.ip().is_loopback() || stream.local_addr().is_ok_and(|own| own.ip() == peer.ip());
        let from = Connection { number: count, is_own, hang_up: Notify::new() };
        connections.spawn(connection(stream, from, Arc::clone(&state)));
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

async fn connection(stream: TcpStream, from: Connection, state: Arc<State>) {
    // Without it the second small packet of an answer waits for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| respond(&state, &from, request));
    let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // In this order: an answer is written out within the poll that makes it, and only then is the notice seen.
        biased;
        _ = serving => {}
        () = from.hang_up.notified() => {}
    }
}

async fn respond(
    state: &State,
    from: &Connection,
    request: Request<Incoming>,
) -> io::Result<Response<AnswerBody>> {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, READ_MAX_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Ok(response(&Reply::text(413, "Payload Too Large"), Ending::Whole));
        }
        Err(_) => return Err(hang_up()),
    };
    if from.is_own
        && let Some(reply) = control::answer(state, &head.method, head.uri.path(), &body)
    {
        return Ok(response(&reply, Ending::Whole));
    }
    let _in_flight = InFlight::begin(state);
    let api = Api::at(head.uri.path());
    let (number, fault) = record(state, from.number, &head, api, &body);
    state.changed();

    let taken = || state.answer(api, &head.method, &body);
    let noted = |reply: Reply| {
        state.book().records.answered(number, &reply);
        state.changed();
        reply
    };
    let (reply, ending) = match fault {
        None => (noted(taken()), Ending::Whole),
        Some(Fault::Answer(reply)) => (noted(reply), Ending::Whole),
        Some(Fault::Delay(delay)) => {
            let reply = taken();
            state.changed();
            tokio::time::sleep(delay).await;
            (noted(reply), Ending::Whole)
        }
        Some(Fault::Hang { taken: is_taken }) => {
            take_if(is_taken, taken, state);
            return pending().await;
        }
        Some(Fault::CloseUnanswered { taken: is_taken }) => {
            take_if(is_taken, taken, state);
            return Err(hang_up());
        }
        Some(Fault::CutAnswer) => (noted(taken()), Ending::Cut),
        Some(Fault::StallAnswer) => (noted(taken()), Ending::Stall),
        Some(Fault::CloseAfterAnswer) => {
            from.hang_up.notify_one();
            (noted(taken()), Ending::Whole)
        }
        // Never queued for requests.
        Some(Fault::CloseOnAccept) => return Err(hang_up()),
    };
    Ok(response(&reply, ending))
}

fn take_if(is_taken: bool, take: impl Fn() -> Reply, state: &State) {
    if is_taken {
        take();
        state.changed();
    }
}

/// Notes the request and picks its fault; only a POST to an API has one.
fn record(
    state: &State,
    connection: u64,
    head: &request::Parts,
    api: Option<Api>,
    body: &Bytes,
) -> (u64, Option<Fault>) {
    let json = serde_json::from_slice(body).ok();
    let dedup_key = api.zip(json.as_ref()).and_then(|(api, event)| api.dedup_key(event));
    let mut book = state.book();
    let fault = match api {
        Some(_) if head.method == http::Method::POST => book.faults.next_for_request(dedup_key),
        _ => None,
    };
    let number = book.records.add(Received {
        number: 0,
        at: Instant::now(),
        connection,
        method: head.method.clone(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        api,
        headers: head.headers.clone(),
        body: body.clone(),
        json,
        fault: fault.clone(),
        reply: None,
    });
    (number, fault)
}

fn response(reply: &Reply, ending: Ending) -> Response<AnswerBody> {
    let mut response = body::respond(&reply.body, ending);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
            && name != header::CONTENT_LENGTH
        {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// Ends the connection without an answer.
fn hang_up() -> io::Error {
    io::Error::other("the stand-in hangs up")
}
