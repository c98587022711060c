//! The webhook's address: each request is remembered as it came, then handled by the function's own handler.

use crate::forward::Forward;
use crate::memory::Memory;
use crate::record::Webhook;
use crate::rehearsal::{Made, Rehearsal};
use crate::server;
use arms_pagerduty::answer;
use arms_pagerduty::error::Error;
use arms_pagerduty::intake::BODY_MAX_BYTES;
use arms_pagerduty::relay::{Invocation, Relay};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use pagerduty_standin::Standin;
use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use tokio::sync::mpsc;

/// The function, and all that watches it.
pub(crate) struct Front {
    /// The function's handler.
    pub(crate) relay: Relay,
    /// The same without a log, to ask it what it would refuse.
    pub(crate) quiet: Relay,
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
            let invocation = Invocation { request_id: new_id(), time_left: None };
            let mut response = self.relay.refuse_incomplete(&head, &invocation);
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
        (id, task.await.unwrap_or_else(|_| answer::of_error(Error::NotReached)))
    }

    async fn handle(&self, request: Request<Bytes>, id: String) -> Response<Bytes> {
        let invocation = Invocation { request_id: id.clone(), time_left: None };
        if request.uri().path() == "/healthz" {
            return self.relay.handle(request, &invocation).await;
        }
        let (head, body) = request.into_parts();
        // What the head alone refuses, the handler answers without a look at the body.
        let made = (!self.relay.refuses(&head)).then(|| self.rehearsal.run(&head, body.clone(), &id));
        let mut webhook = Webhook::new(&id, &head, &body, made.as_ref(), &self.rehearsal);
        let after_request = self.standin.last_request();
        webhook.after_request = after_request;
        self.memory.add(webhook);
        if let (Some(forward), Some(Ok(made))) = (&self.forward, made) {
            // What a web page somewhere else made the browser send must not page anyone.
            let is_from_elsewhere = head.headers.contains_key(header::ORIGIN);
            if !is_from_elsewhere {
                forward.send(made, id.clone(), Arc::clone(&self.memory), self.delivering.upgrade());
            }
        }
        let response = self.relay.handle(Request::from_parts(head, body), &invocation).await;
        let requests = self.standin.requests_since(after_request);
        self.memory.change(&id, |webhook| {
            webhook.take_attempts(&requests);
            webhook.answered(&response);
        });
        response
    }

    /// What would become of a webhook, with nothing sent or remembered.
    pub(crate) async fn preview(&self, request: Request<Bytes>) -> Webhook {
        let id = "preview".to_owned();
        let (head, body) = request.into_parts();
        if self.quiet.refuses(&head) || Rehearsal::arrival(&head, &id).is_none() {
            let mut webhook = Webhook::new(&id, &head, &body, None, &self.rehearsal);
            let invocation = Invocation { request_id: id, time_left: None };
            webhook.answered(&self.quiet.handle(Request::from_parts(head, body), &invocation).await);
            return webhook;
        }
        let made: Result<Made, Error> = self.rehearsal.run(&head, body.clone(), &id);
        let mut webhook = Webhook::new(&id, &head, &body, Some(&made), &self.rehearsal);
        if let Err(error) = made {
            webhook.answered(&answer::of_error(error));
        }
        webhook
    }
}

fn new_id() -> String {
    format!("{:016x}{:016x}", RandomState::new().hash_one(0_u8), RandomState::new().hash_one(1_u8))
}
