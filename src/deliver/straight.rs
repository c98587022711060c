//! Sending straight to PagerDuty.

use super::outcome::{Delivery, Outcome, REPLY_MAX_BYTES, Reply};
use super::queue::Queue;
use super::{retry, tls};
use crate::error::Error;
use crate::event::{Api, Parcel};
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, header};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// The most of an answer's body that is read. A secret across the edge of what is passed on must be
/// seen whole to be masked.
const REPLY_READ_BYTES: usize = REPLY_MAX_BYTES + 4 * 1024;
/// How long an idle connection is kept. PagerDuty closes idle connections early, and a frozen function
/// does not notice.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// The client that sends events to PagerDuty.
#[derive(Clone)]
pub struct Sender {
    client: reqwest::Client,
    events_url: Url,
}

impl Sender {
    /// A sender to this base URL, which ends in a slash. The usual proxy variables are honoured.
    ///
    /// # Errors
    /// What `reqwest` reports if a client cannot be built.
    pub fn new(events_url: Url) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config())
            .user_agent(concat!("arms-pagerduty/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_WITHIN)
            .pool_idle_timeout(IDLE_MAX)
            .build()?;
        Ok(Self { client, events_url })
    }

    /// Sends all parcels, the most urgent first, and returns by `deadline` at the latest.
    pub async fn deliver(&self, mut parcels: Vec<Parcel>, deadline: Instant) -> Vec<Delivery> {
        parcels.sort_by_key(Parcel::urgency);
        let queue = Arc::new(Queue::new());
        let mut tasks = JoinSet::new();
        for (place, parcel) in parcels.into_iter().enumerate() {
            let (sender, queue) = (self.clone(), Arc::clone(&queue));
            tasks.spawn(async move { sender.deliver_one(parcel, place, deadline, &queue).await });
        }
        tasks.join_all().await
    }

    async fn deliver_one(&self, parcel: Parcel, place: usize, deadline: Instant, queue: &Queue) -> Delivery {
        let (api, body) = (parcel.api, parcel.body());
        let outcome = Outcome::Failed(Error::NoAnswerInTime);
        let mut delivery = Delivery { parcel, outcome, attempts: 0, elapsed: Duration::ZERO };
        let Some(mut turn) = queue.turn(place, deadline).await else {
            // The key's rate limit held it back, so that is its outcome.
            if let Some(reply) = queue.rate_limit() {
                delivery.outcome = Outcome::Answered(reply);
            }
            return delivery;
        };
        let started = Instant::now();
        loop {
            delivery.attempts += 1;
            self.attempt(&mut delivery, &body, deadline).await;
            delivery.elapsed = started.elapsed();
            let left = deadline.saturating_duration_since(Instant::now());
            let (outcome, attempts) = (&delivery.outcome, delivery.attempts);
            let pause = retry::pause(api, outcome, attempts, left, retry::random(), SystemTime::now());
            let Some(pause) = pause else { return delivery };
            if let Some(reply) = delivery.outcome.rate_limit(api) {
                // The limit applies to the key, so the others wait for the pause too.
                queue.one_at_a_time(reply.clone());
                sleep(pause).await;
                drop(turn);
            } else {
                drop(turn);
                sleep(pause).await;
            }
            turn = match queue.turn(place, deadline).await {
                Some(turn) => turn,
                None => return delivery,
            };
        }
    }

    /// Sends once and notes the outcome.
    async fn attempt(&self, delivery: &mut Delivery, body: &Bytes, deadline: Instant) {
        let attempt_end = Instant::now() + retry::attempt_within(delivery.attempts);
        let post = self.post(delivery.parcel.api, body.clone());
        match timeout_at(deadline.min(attempt_end), post).await {
            Ok(outcome) => delivery.outcome = outcome,
            // An attempt that the deadline cut short says less than the one before it.
            Err(_) if deadline < attempt_end && delivery.attempts > 1 => {}
            Err(_) => delivery.outcome = Outcome::Failed(Error::NoAnswerInTime),
        }
    }

    async fn post(&self, api: Api, body: Bytes) -> Outcome {
        let Ok(url) = self.events_url.join(api.path()) else { return Outcome::Failed(Error::NotReached) };
        let request = self.client.post(url).header(header::CONTENT_TYPE, "application/json").body(body);
        match request.send().await {
            Ok(response) if response.status().is_redirection() => Outcome::Failed(Error::Redirected),
            Ok(response) => match read(response).await {
                // The answer broke off. An alert event is sent again to get a whole answer, for it is the
                // same event; a change event would be another one, and a refusal stays a refusal.
                (reply, false) if api != Api::Change && reply.status == api.accepted() => {
                    Outcome::Failed(Error::NotReached)
                }
                (reply, _) => Outcome::Answered(reply),
            },
            Err(_) => Outcome::Failed(Error::NotReached),
        }
    }
}

/// The answer with its body up to [`REPLY_READ_BYTES`], and whether it arrived completely.
async fn read(mut response: reqwest::Response) -> (Reply, bool) {
    let mut body = BytesMut::new();
    let is_whole = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break true,
            Err(_) => break false,
        }
        if body.len() >= REPLY_READ_BYTES {
            body.truncate(REPLY_READ_BYTES);
            break true;
        }
    };
    // It is passed on, and anything but a time could be a secret that was echoed.
    let is_time = |value: &&HeaderValue| retry::retry_after(value, SystemTime::now()).is_some();
    let retry_after = response.headers().get(header::RETRY_AFTER).filter(is_time).cloned();
    (Reply { status: response.status().as_u16(), body: body.freeze(), retry_after }, is_whole)
}
