//! One request and its answer.

use super::body::{self, BODY_WITHIN, Read, Room};
use crate::admit::Route;
use crate::answer::{self, Answer};
use crate::config::Host;
use crate::error::Error;
use crate::relay::{Invocation, Relay};
use ::http::request::Parts;
use ::http::{Request, Response, Uri, header};
use bytes::Bytes;
use hyper::body::Incoming;
use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Function Compute's request ids are shorter, and of letters, digits and hyphens.
const REQUEST_ID_MAX_BYTES: usize = 100;

/// What answers the requests of all connections.
pub(super) struct Front {
    pub(super) relay: Arc<Relay>,
    pub(super) host: Host,
    pub(super) room: Room,
}

/// An answer, and what it means for its connection.
pub(super) struct Exchange {
    pub(super) response: Response<Bytes>,
    /// The client may still be sending the body, so the connection cannot be used again.
    pub(super) body_is_unread: bool,
}

impl Front {
    /// Answers a request. A delivery holds `delivering` until it is done.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        delivering: mpsc::Sender<Infallible>,
    ) -> Exchange {
        let (mut head, body) = request.into_parts();
        if !self.host.is_plain() {
            match head.uri.path() {
                "/initialize" | "/pre-stop" => {
                    return Exchange { response: Response::default(), body_is_unread: false };
                }
                "/invoke" => head.uri = without_path(&head.uri),
                _ => {}
            }
        }
        let invocation = Invocation { request_id: request_id(&head, self.host), deadline: None };
        let route = self.relay.admit(&head);
        let (answer, body_is_unread) = match route {
            Ok(Route::Events(_)) => self.take(route, head, body, invocation, delivering).await,
            Ok(Route::Health) | Err(_) => self.answer_head(route, &head, body, &invocation).await,
        };
        Exchange { response: self.mark(answer), body_is_unread }
    }

    /// Answers a request whose body nobody wants.
    async fn answer_head(
        &self,
        route: Result<Route, Error>,
        head: &Parts,
        body: Incoming,
        invocation: &Invocation,
    ) -> (Answer, bool) {
        let waits_for_leave = head.headers.contains_key(header::EXPECT);
        let is_unread = waits_for_leave || body::is_too_large(&body);
        if !is_unread && !body::discard(body).await {
            return (self.relay.answer_incomplete(route, head, BODY_WITHIN, invocation), true);
        }
        (self.relay.answer(route, head, Bytes::new(), invocation).await, is_unread)
    }

    /// Reads the body of an admitted request, delivers its events and answers.
    async fn take(
        &self,
        route: Result<Route, Error>,
        head: Parts,
        body: Incoming,
        invocation: Invocation,
        delivering: mpsc::Sender<Infallible>,
    ) -> (Answer, bool) {
        let body = match self.room.read(body).await {
            Read::Whole(body) => body,
            Read::TooLarge => return (self.relay.fail(Error::TooLarge, &head, &invocation), true),
            Read::Incomplete => {
                return (self.relay.answer_incomplete(route, &head, BODY_WITHIN, &invocation), true);
            }
        };
        let relay = Arc::clone(&self.relay);
        // In a task of its own, so that a client that hangs up does not stop it.
        let task = tokio::spawn(async move {
            let answer = relay.answer(route, &head, body, &invocation).await;
            drop(delivering);
            answer
        });
        (task.await.unwrap_or_else(|_| answer::of_error(Error::NoAnswerInTime)), false)
    }

    /// Function Compute knows by a header which requests failed.
    fn mark(&self, answer: Answer) -> Response<Bytes> {
        let Answer { mut response, failed } = answer;
        if let Some(status) = failed
            && !self.host.is_plain()
        {
            response.headers_mut().insert("x-fc-status", status.as_u16().into());
        }
        response
    }
}

fn without_path(uri: &Uri) -> Uri {
    let query = uri.query().map(|query| format!("/?{query}")).unwrap_or_default();
    query.parse().unwrap_or_default()
}

/// Function Compute's id, which a retry keeps; elsewhere a new one.
fn request_id(head: &Parts, host: Host) -> String {
    let given = head.headers.get("x-fc-request-id").and_then(|id| id.to_str().ok());
    let is_id = |id: &&str| {
        (1..=REQUEST_ID_MAX_BYTES).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match given.filter(|id| !host.is_plain() && is_id(id)) {
        Some(id) => id.to_owned(),
        None => {
            format!("{:016x}{:016x}", RandomState::new().hash_one(0_u8), RandomState::new().hash_one(1_u8))
        }
    }
}
