//! The webhook's address: each request is remembered as it came, then handled by the function's own handler.

use crate::forward::Forward;
use crate::memory::Memory;
use crate::record::Webhook;
use crate::rehearsal::Rehearsal;
use crate::server::{self, BODY_WITHIN};
use arms_pagerduty::admit::Route;
use arms_pagerduty::answer;
use arms_pagerduty::error::{Error, Unreached};
use arms_pagerduty::relay::{Invocation, Relay};
use arms_pagerduty::webhook::BODY_MAX_BYTES;
use arms_pagerduty::worker::Record;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use pagerduty_standin::Standin;
use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How the request ids of the queue's worker begin.
pub(crate) const FROM_QUEUE: &str = "queue-";

/// The function, and all that watches it.
pub(crate) struct Front {
    /// The function's handler.
    pub(crate) relay: Relay,
    pub(crate) rehearsal: Rehearsal,
    pub(crate) memory: Arc<Memory>,
    pub(crate) standin: Standin,
    pub(crate) forward: Option<Forward>,
    /// Held by each delivery; when all are gone, all is delivered.
    pub(crate) delivering: mpsc::WeakSender<Infallible>,
}

impl Front {
    /// Answers a request to the webhook's address.
    pub(crate) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        // One byte more than is taken, so that too much is seen to be.
        let Some(body) = server::collect(body, BODY_MAX_BYTES.saturating_add(1)).await else {
            let route = self.relay.admit(&head);
            let answer = self.relay.answer_incomplete(route, &head, BODY_WITHIN, &invocation(&new_id()));
            let mut response = answer.response;
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            return response.map(Full::new);
        };
        let (_, response) = self.take(Request::from_parts(head, body)).await;
        response.map(Full::new)
    }

    /// Takes a webhook: its id, and its answer once the function has one. A caller that is gone does not stop it.
    pub(crate) async fn take(self: Arc<Self>, request: Request<Bytes>) -> (String, Response<Bytes>) {
        let id = new_id();
        let delivering = self.delivering.upgrade();
        let task = {
            let id = id.clone();
            tokio::spawn(async move {
                let response = self.handle(request, id).await;
                drop(delivering);
                response
            })
        };
        (
            id,
            task.await.unwrap_or_else(|_| answer::of_error(Error::NotReached(Unreached::BrokenOff)).response),
        )
    }

    async fn handle(&self, request: Request<Bytes>, id: String) -> Response<Bytes> {
        let started = Instant::now();
        let invocation = invocation(&id);
        let (head, body) = request.into_parts();
        let after_request = self.standin.last_request();
        let api = match self.relay.admit(&head) {
            Ok(Route::Events(api)) => api,
            Ok(Route::Health) => {
                return self.relay.answer(Ok(Route::Health), &head, body, &invocation).await.response;
            }
            Err(error) => {
                self.memory.add(Webhook::new(&id, &head, &body, None, &self.rehearsal));
                let answer = self.relay.answer(Err(error), &head, body, &invocation).await;
                self.memory.change(&id, |webhook| webhook.answered(&answer.response));
                return answer.response;
            }
        };
        let prepared = self.relay.prepare(api, &head, body.clone(), &invocation);
        let mut webhook = Webhook::new(&id, &head, &body, Some(&prepared), &self.rehearsal);
        webhook.after_request = after_request;
        self.memory.add(webhook);
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                let answer = self.relay.fail(error, &head, &invocation);
                self.memory.change(&id, |webhook| webhook.answered(&answer.response));
                return answer.response;
            }
        };
        // What another web page made the browser send must not page anyone.
        let is_from_elsewhere = head.headers.contains_key(header::ORIGIN);
        if let Some(forward) = &self.forward
            && !is_from_elsewhere
        {
            forward.send(&prepared, id.clone(), Arc::clone(&self.memory), self.delivering.upgrade());
        }
        let deliveries = self.relay.deliver(&prepared, &invocation).await;
        let answer = self.relay.finish(&prepared, &deliveries, &head, &invocation, started);
        let requests = self.standin.requests_since(after_request);
        self.memory.change(&id, |webhook| {
            webhook.take_attempts(&requests);
            webhook.take_deliveries(&deliveries, &prepared.mask);
            webhook.answered(&answer.response);
        });
        answer.response
    }

    /// Sends an event from the local queue, and says whether its message is done.
    pub(crate) async fn work(&self, record: Record) -> bool {
        let Some(worker) = self.relay.worker() else { return false };
        // The function names a message by its request and the event's place in it.
        let webhook_id = record.message_id.split('-').next().unwrap_or_default().to_owned();
        let request_id = format!("{FROM_QUEUE}{}", new_id());
        let failed = worker.work(&[record], &request_id, None).await;
        let Some(webhook) = self.memory.get(&webhook_id) else { return failed.is_empty() };
        let requests = self.standin.requests_since(webhook.after_request);
        self.memory.change(&webhook_id, |webhook| webhook.take_attempts(&requests));
        failed.is_empty()
    }

    /// What would become of a webhook, with nothing sent or remembered.
    pub(crate) fn preview(&self, request: Request<Bytes>) -> Webhook {
        let id = "preview";
        let (head, body) = request.into_parts();
        let prepared = match self.relay.admit(&head) {
            Ok(Route::Events(api)) => self.relay.prepare(api, &head, body.clone(), &invocation(id)),
            Ok(Route::Health) => Err(Error::UnknownPath),
            Err(error) => {
                let mut webhook = Webhook::new(id, &head, &body, None, &self.rehearsal);
                webhook.answered(&answer::of_error(error).response);
                return webhook;
            }
        };
        let mut webhook = Webhook::new(id, &head, &body, Some(&prepared), &self.rehearsal);
        if let Err(error) = prepared {
            webhook.answered(&answer::of_error(error).response);
        }
        webhook
    }
}

/// A request of this id that nothing ends early.
fn invocation(id: &str) -> Invocation {
    Invocation { request_id: id.to_owned(), deadline: None }
}

fn new_id() -> String {
    format!("{:016x}{:016x}", RandomState::new().hash_one(0_u8), RandomState::new().hash_one(1_u8))
}
