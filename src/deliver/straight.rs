//! Sending straight to PagerDuty.

use super::client::{Clients, Post};
use super::dns::Resolver;
use super::order::{Order, Ticket};
use super::outcome::{Delivery, Outcome};
use super::queue::Queue;
use super::retry;
use crate::config::Config;
use crate::error::Error;
use crate::event::Parcel;
use bytes::Bytes;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

/// Sends events to PagerDuty.
#[derive(Clone)]
pub struct Sender {
    clients: Arc<Clients>,
    order: Arc<Order>,
}

/// Called with each delivery that has ended.
pub type Ended<'a> = &'a (dyn Fn(&Delivery) + Sync);

/// What matters most is handed over before time runs out.
pub(super) fn most_urgent_first(parcels: &mut [Parcel]) {
    parcels.sort_by_key(Parcel::urgency);
}

/// The position of a parcel among those of its request and among those of its alert.
struct Standing {
    queue: Arc<Queue>,
    place: usize,
    ticket: Ticket,
    deadline: Instant,
}

impl Sender {
    /// A sender to the settings' base URL. The usual proxy variables hold if the settings say so.
    ///
    /// # Errors
    /// What `reqwest` reports if a client cannot be built.
    pub fn new(config: &Config) -> Result<Self, reqwest::Error> {
        Self::with_resolver(config.events_url.clone(), config.heeds_proxy, Resolver::of_the_system())
    }

    fn with_resolver(events_url: Url, heeds_proxy: bool, resolver: Resolver) -> Result<Self, reqwest::Error> {
        let clients = Arc::new(Clients::new(events_url, heeds_proxy, resolver)?);
        Ok(Self { clients, order: Arc::default() })
    }

    /// Sends all parcels, the most urgent first, and returns by `deadline` at the latest. `ended` is called
    /// for each as soon as its delivery has ended.
    pub async fn deliver(
        &self,
        parcels: Vec<Parcel>,
        deadline: Instant,
        ended: impl Fn(&Delivery) + Sync,
    ) -> Vec<Delivery> {
        self.deliver_each(parcels, deadline, &ended).await
    }

    /// The same for callers that share its code.
    pub(crate) async fn deliver_each(
        &self,
        mut parcels: Vec<Parcel>,
        deadline: Instant,
        ended: Ended<'_>,
    ) -> Vec<Delivery> {
        most_urgent_first(&mut parcels);
        let arrival = self.order.arrival();
        let queue = Arc::new(Queue::new());
        let mut tasks = JoinSet::new();
        for (place, parcel) in parcels.into_iter().enumerate() {
            let (sender, queue) = (self.clone(), Arc::clone(&queue));
            let ticket = self.order.ticket(&parcel, arrival);
            let standing = Standing { queue, place, ticket, deadline };
            tasks.spawn(async move { sender.deliver_one(parcel, &standing).await });
        }
        let mut deliveries = Vec::new();
        while let Some(Ok(delivery)) = tasks.join_next().await {
            ended(&delivery);
            deliveries.push(delivery);
        }
        deliveries
    }

    async fn deliver_one(&self, parcel: Parcel, standing: &Standing) -> Delivery {
        let outcome = Outcome::Failed(Error::NoAnswerInTime);
        let mut delivery = Delivery { parcel, outcome, attempts: 0, elapsed: Duration::ZERO };
        self.send(&mut delivery, standing).await;
        // Whoever sent it again later would undo what the newer event has done.
        if delivery.may_be_retried() && standing.ticket.is_superseded() {
            delivery.outcome = Outcome::Superseded;
        }
        delivery
    }

    /// Sends until an outcome is final, the event has been superseded or the deadline has come.
    async fn send(&self, delivery: &mut Delivery, standing: &Standing) {
        let Standing { queue, place, ticket, deadline } = standing;
        let body = delivery.parcel.body();
        let mut first_sent = None;
        loop {
            // Without a turn, so that the others go meanwhile.
            let _ = timeout_at(*deadline, ticket.quiet()).await;
            let Some(turn) = queue.turn(*place, *deadline).await else {
                if delivery.attempts == 0 {
                    delivery.outcome = queue.outcome_of_unsent();
                }
                return;
            };
            let Ok(Some(attempt)) = timeout_at(*deadline, ticket.attempt()).await else { return };
            let started = *first_sent.get_or_insert_with(Instant::now);
            delivery.attempts += 1;
            self.attempt(delivery, &body, *deadline).await;
            delivery.elapsed = started.elapsed();
            if delivery.is_accepted() {
                return attempt.accepted();
            }
            drop(attempt);
            queue.note(&delivery.outcome);
            let Some(pause) = pause(delivery, *deadline) else { return };
            if let Some(reply) = delivery.outcome.rate_limit(delivery.parcel.api) {
                // The limit applies to the key, so the others wait for the pause too.
                queue.one_at_a_time(reply.clone());
                sleep(pause).await;
                drop(turn);
            } else {
                drop(turn);
                ticket.pause(pause).await;
            }
        }
    }

    /// Sends once and notes the outcome.
    async fn attempt(&self, delivery: &mut Delivery, body: &Bytes, deadline: Instant) {
        let attempt_end = Instant::now() + retry::attempt_within(delivery.attempts);
        let has_failed = delivery.attempts > 1 && matches!(delivery.outcome, Outcome::Failed(_));
        let post = Post { api: delivery.parcel.api, body: body.clone(), has_failed };
        match self.clients.send(post, deadline.min(attempt_end)).await {
            Ok(outcome) => delivery.outcome = outcome,
            // An attempt that the deadline cut short says less than the one before it.
            Err(_) if deadline < attempt_end && delivery.attempts > 1 => {}
            Err(out_of_time) => delivery.outcome = Outcome::Failed(out_of_time),
        }
    }
}

/// How long to wait before the next attempt; `None` if there is none.
fn pause(delivery: &Delivery, deadline: Instant) -> Option<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    let (api, outcome, attempts) = (delivery.parcel.api, &delivery.outcome, delivery.attempts);
    retry::pause(api, outcome, attempts, left, retry::random(), SystemTime::now())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]
mod tests {
    use super::*;
    use crate::error::Unreached;
    use crate::event::{Action, Api, Severity};
    use crate::secret::IntegrationKey;
    use pagerduty_standin::{Options, Standin};
    use std::net::{Ipv4Addr, SocketAddr};
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn parcel(number: usize) -> Parcel {
        let event = format!(
            r#"{{"event_action":"trigger","dedup_key":"alert-{number}",
            "payload":{{"summary":"x","source":"y","severity":"error"}}}}"#
        );
        Parcel {
            api: Api::V2,
            key: IntegrationKey::parse("0123456789abcdef0123456789abcdef").ok().unwrap(),
            dedup_key: format!("alert-{number}"),
            action: Action::Trigger,
            severity: Severity::Error,
            event: Bytes::from(event),
            is_extra: false,
        }
    }

    /// A sender through a system that takes this long to resolve a name, and how often it was asked.
    fn sender(standin: &Standin, looks_up_for: Duration) -> (Sender, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let resolver = Resolver::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                sleep(looks_up_for).await;
                Ok(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))])
            })
        });
        let url = Url::parse(&format!("http://pagerduty.test:{}/", standin.address().port())).unwrap();
        (Sender::with_resolver(url, true, resolver).unwrap(), asked)
    }

    #[tokio::test]
    async fn a_name_that_takes_three_seconds_to_resolve_is_looked_up_once_for_all_and_reached() {
        let standin = Standin::start(Options::default()).await.unwrap();
        let (sender, asked) = sender(&standin, Duration::from_secs(3));
        let parcels = (0..20).map(parcel).collect();
        let deliveries = sender.deliver(parcels, Instant::now() + Duration::from_secs(10), |_| {}).await;
        assert!(deliveries.iter().all(Delivery::is_accepted));
        assert_eq!((asked.load(Ordering::Relaxed), standin.alerts().len()), (1, 20));
    }

    #[tokio::test]
    async fn a_name_that_is_not_resolved_in_time_is_the_reason_that_is_told() {
        let standin = Standin::start(Options::default()).await.unwrap();
        let (sender, asked) = sender(&standin, Duration::from_mins(1));
        let within = Duration::from_millis(1_500);
        let deliveries = sender.deliver((0..20).map(parcel).collect(), Instant::now() + within, |_| {}).await;
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        // Of twenty, eight are tried at a time; the others were held up by the same.
        for delivery in deliveries {
            let is_dns = matches!(delivery.outcome, Outcome::Failed(Error::NotReached(Unreached::Dns)));
            assert!(is_dns, "after {} attempts: {:?}", delivery.attempts, delivery.outcome);
        }
    }
}
