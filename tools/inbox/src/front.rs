//! The webhook's address: each request is remembered as it came, then handled by the function's own handler.

use crate::inbox::Inbox;
use crate::journal;
use crate::origin::{self, Traced};
use crate::record::{Delivered, Webhook};
use arms_pagerduty::admit::Route;
use arms_pagerduty::answer;
use arms_pagerduty::config::Config;
use arms_pagerduty::deliver::Sender;
use arms_pagerduty::error::{Error, Unreached};
use arms_pagerduty::event::Parcel;
use arms_pagerduty::host::Fault;
use arms_pagerduty::prepare::{self, Arrival, Prepared};
use arms_pagerduty::relay::Invocation;
use arms_pagerduty::secret::{IntegrationKey, Mask};
use arms_pagerduty::webhook::{self, BODY_MAX_BYTES, Content, Origin};
use arms_pagerduty::worker::Record;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long a body may take.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// The way to the real PagerDuty, under a key of its own.
pub(crate) struct Forward {
    sender: Sender,
    key: IntegrationKey,
    within: Duration,
    /// The tour's sample pages nobody: only what comes behind it is sent on.
    pub(crate) is_open: AtomicBool,
    /// Where to.
    pub(crate) url: String,
    /// The key as it may be shown.
    pub(crate) shown_key: String,
}

impl Forward {
    /// To the address that the settings name, under this key.
    ///
    /// # Errors
    /// When the key is none, or the client cannot be built.
    pub(crate) fn new(key: &str, config: &Config) -> Result<Self, Fault> {
        let key = IntegrationKey::parse(key)
            .map_err(|_| "PAGERDUTY_INTEGRATION_KEY is no Integration Key: 32 letters and digits")?;
        let (sender, url, shown_key) = (Sender::new(config)?, config.events_url.to_string(), key.masked());
        Ok(Self {
            sender,
            key,
            within: config.deliver_within,
            is_open: AtomicBool::new(false),
            url,
            shown_key,
        })
    }
}

/// What answers at the webhook's address, whatever the path and the method.
pub(crate) fn router(inbox: Arc<Inbox>) -> Router {
    let answer = async |State(inbox): State<Arc<Inbox>>, request: Request| {
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head.clone(), body);
        let body = match timeout(BODY_WITHIN, Bytes::from_request(request, &())).await {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Error::TooLarge),
            Ok(Err(_)) | Err(_) => Err(Error::BodyIncomplete { within: BODY_WITHIN }),
        };
        let is_unread = body.is_err();
        let mut response = inbox.take(head, body).await.1;
        if is_unread {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response.map(Body::from)
    };
    Router::new().fallback(answer).layer(DefaultBodyLimit::max(BODY_MAX_BYTES)).with_state(inbox)
}

impl Inbox {
    /// Takes a webhook: its id, and its answer once the function has one. A caller that is gone does not stop it.
    pub(crate) async fn take(
        self: Arc<Self>,
        head: Parts,
        body: Result<Bytes, Error>,
    ) -> (String, Response<Bytes>) {
        let (id, tasks) = (new_id(), self.tasks.clone());
        let response = tasks.spawn(self.handle(head, body, id.clone())).await;
        let broken_off = |_| answer::of_error(Error::NotReached(Unreached::BrokenOff)).response;
        (id, response.unwrap_or_else(broken_off))
    }

    async fn handle(self: Arc<Self>, head: Parts, body: Result<Bytes, Error>, id: String) -> Response<Bytes> {
        let (invocation, started) = (invocation(&id), Instant::now());
        let route = self.relay.admit(&head);
        if let Ok(Route::Health) = route {
            return self.relay.answer(route, &head, Bytes::new(), &invocation).await.response;
        }
        let came = body.as_ref().cloned().unwrap_or_default();
        let prepared = self.prepare(&head, body, &invocation);
        let after_request = self.standin.last_request();
        let mut webhook = Webhook::new(&id, &head, &came, &prepared, &self.config);
        webhook.after_request = after_request;
        self.memory.add(webhook);
        let (response, deliveries) = match &prepared {
            Err(error) => (self.relay.fail(*error, &head, &invocation).response, Vec::new()),
            Ok(prepared) => {
                // What another web page made the browser send must not page anyone.
                if !head.headers.contains_key(header::ORIGIN) {
                    self.forward(prepared, &id);
                }
                let deliveries = self.relay.deliver(prepared, &invocation).await;
                let answer = self.relay.finish(prepared, &deliveries, &head, &invocation, started);
                (answer.response, deliveries)
            }
        };
        let requests = self.standin.requests_since(after_request);
        self.memory.change(&id, |webhook| {
            webhook.take_attempts(&requests);
            for delivery in &deliveries {
                let mask = prepared.as_ref().map_or(&self.mask, |prepared| &prepared.mask);
                webhook.note(delivery, |sent| sent.delivery = Some(Delivered::new(delivery, mask)));
            }
            webhook.answered(&response);
            journal::note(&self, webhook);
        });
        response
    }

    fn prepare(
        &self,
        head: &Parts,
        body: Result<Bytes, Error>,
        invocation: &Invocation,
    ) -> Result<Prepared, Error> {
        match self.relay.admit(head)? {
            Route::Events(api) => self.relay.prepare(api, head, body?, invocation),
            Route::Health => Err(Error::UnknownPath),
        }
    }

    /// Sends a webhook's events to the real PagerDuty in the background, if that was asked for, and notes what became
    /// of them.
    fn forward(self: &Arc<Self>, prepared: &Prepared, id: &str) {
        let Some(forward) = self.forward.as_ref().filter(|forward| forward.is_open.load(Ordering::Relaxed))
        else {
            return;
        };
        let own = |parcel: &Parcel| Parcel { key: forward.key.clone(), ..parcel.clone() };
        let parcels: Vec<Parcel> = prepared.parcels.iter().map(own).collect();
        let (sender, end) = (forward.sender.clone(), Instant::now() + forward.within);
        let (inbox, id, mask) = (Arc::clone(self), id.to_owned(), Mask::new([&forward.key], []));
        self.tasks.spawn(async move {
            let deliveries = sender.deliver(parcels, end, |_| {}).await;
            inbox.memory.change(&id, |webhook| {
                for delivery in &deliveries {
                    webhook.note(delivery, |sent| sent.forwarded = Some(Delivered::new(delivery, &mask)));
                }
            });
        });
    }

    /// Sends an event from the local queue.
    pub(crate) async fn work(&self, record: Record) {
        let (Some(worker), Some(queue)) = (self.relay.worker(), &self.queue) else { return };
        let message = record.message_id.clone();
        let is_done = worker.work(&[record], &new_id(), None).await.is_empty();
        let again = queue.settle(&message, is_done);
        // The function names a message by its request and the event's place in it.
        let Some((id, place)) = message.split_once('-') else { return };
        self.memory.change(id, |webhook| {
            webhook.take_attempts(&self.standin.requests_since(webhook.after_request));
            if let Some(sent) = webhook.events.get(place.parse().unwrap_or(usize::MAX)) {
                journal::note_from_queue(self, sent, again);
            }
        });
    }

    /// What would become of a webhook, with nothing sent or remembered.
    pub(crate) fn preview(&self, head: &Parts, body: &Bytes) -> Webhook {
        let id = "preview";
        let prepared = self.prepare(head, Ok(body.clone()), &invocation(id));
        let mut webhook = Webhook::new(id, head, body, &prepared, &self.config);
        if let Err(error) = prepared {
            webhook.answered(&answer::of_error(error).response);
        }
        webhook
    }

    /// Finds where the values of a webhook's events came from; `None` if that is known, or would take too long.
    pub(crate) async fn trace(self: Arc<Self>, webhook: &Webhook) -> Option<Traced> {
        let is_needed = !webhook.is_traced && !webhook.events.is_empty();
        let arrival = webhook.arrival.clone().filter(|_| is_needed)?;
        let body = webhook.body.clone();
        // Hundreds of trials; the webhooks go on meanwhile.
        let tracing = tokio::task::spawn_blocking(move || {
            let wanted = senders(&webhook::read(&body, &arrival.content_type).content);
            origin::trace(&body, |body| written(&self.config, body, &arrival, &wanted))
        });
        tracing.await.ok()?
    }
}

/// The events of a body alone, as they would be sent but without a key; `None` if it is taken for another format.
fn written(config: &Config, body: &str, arrival: &Arrival, wanted: &Senders) -> Option<Vec<String>> {
    let content = webhook::read(body, &arrival.content_type).content;
    if senders(&content) != *wanted {
        return None;
    }
    let mask = Mask::new(&config.integration_key, &config.webhook_tokens);
    let converted = prepare::events(config, arrival, content).ok()?;
    let events = converted.events.into_iter().chain(converted.group_resolve).map(|mut event| {
        event.scrub(&mask);
        event.fit(arrival.api);
        String::from_utf8(event.write(arrival.api)).ok()
    });
    events.collect()
}

/// What a body was taken for, as far as it can be seen: whether it is the console's test; of a notification, its sender
/// and those of its alerts.
type Senders = (bool, Vec<Option<Origin>>);

fn senders(content: &Content) -> Senders {
    let Content::Notification(notification) = content else {
        return (matches!(content, Content::Test(_)), Vec::new());
    };
    let of_alerts = notification.alerts.iter().map(|alert| alert.origin);
    (false, [Some(notification.origin)].into_iter().chain(of_alerts).collect())
}

/// A request of this id that nothing ends early.
fn invocation(id: &str) -> Invocation {
    Invocation { request_id: id.to_owned(), deadline: None }
}

fn new_id() -> String {
    format!("{:016x}{:016x}", RandomState::new().hash_one(0_u8), RandomState::new().hash_one(1_u8))
}
