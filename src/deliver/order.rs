//! Order within the process: once PagerDuty has accepted an event, no older one of the same alert is
//! sent any more.
//!
//! An older trigger that is tried again would otherwise open an alert that has been resolved. An event
//! is older if it arrived earlier. An alert is known here only while events of it are under way.

use crate::event::{Action, Api, Parcel};
use crate::secret::IntegrationKey;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{self, watch};
use tokio::time::timeout;

/// Which alert an event is about: key, API and dedup key.
type Identity = (IntegrationKey, Api, String);

/// The alerts of which events are under way.
#[derive(Default)]
pub(super) struct Order {
    arrivals: AtomicU64,
    alerts: Mutex<HashMap<Identity, Entry>>,
}

/// An alert, and how many of its events are under way.
struct Entry {
    alert: Arc<Alert>,
    tickets: usize,
}

/// What the events of one alert share.
struct Alert {
    /// Held during an attempt: PagerDuty receives the events of an alert one after the other.
    attempt: sync::Mutex<()>,
    /// The latest arrival that PagerDuty has accepted, 0 for none.
    accepted: watch::Sender<u64>,
}

/// One event that is under way, until this is dropped.
pub(super) struct Ticket {
    order: Arc<Order>,
    /// `None` for a change event, which is about no alert.
    identity: Option<Identity>,
    alert: Arc<Alert>,
    arrival: u64,
    /// An acknowledgement does not: without an alert PagerDuty ignores it.
    settles_state: bool,
}

/// The right to send now, until it is dropped.
pub(super) struct Attempt<'a> {
    ticket: &'a Ticket,
    _only_one: sync::MutexGuard<'a, ()>,
}

impl Order {
    /// The number of a request that arrives now. Later ones are higher.
    pub(super) fn arrival(&self) -> u64 {
        self.arrivals.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The ticket of a parcel that arrived with this number.
    pub(super) fn ticket(self: &Arc<Self>, parcel: &Parcel, arrival: u64) -> Ticket {
        let identity = (parcel.api != Api::Change).then(|| identity(parcel));
        let alert = identity.clone().map_or_else(Alert::new, |identity| self.enter(identity));
        let settles_state = matches!(parcel.action, Action::Trigger | Action::Resolve);
        Ticket { order: Arc::clone(self), identity, alert, arrival, settles_state }
    }

    fn enter(&self, identity: Identity) -> Arc<Alert> {
        let mut alerts = self.alerts();
        let entry = alerts.entry(identity).or_insert_with(|| Entry { alert: Alert::new(), tickets: 0 });
        entry.tickets += 1;
        Arc::clone(&entry.alert)
    }

    fn leave(&self, identity: &Identity) {
        let mut alerts = self.alerts();
        let Some(entry) = alerts.get_mut(identity) else { return };
        entry.tickets = entry.tickets.saturating_sub(1);
        if entry.tickets == 0 {
            alerts.remove(identity);
        }
    }

    fn alerts(&self) -> MutexGuard<'_, HashMap<Identity, Entry>> {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn identity(parcel: &Parcel) -> Identity {
    (parcel.key.clone(), parcel.api, parcel.dedup_key.clone())
}

impl Alert {
    fn new() -> Arc<Self> {
        Arc::new(Self { attempt: sync::Mutex::new(()), accepted: watch::Sender::new(0) })
    }
}

impl Ticket {
    /// Whether a newer event of the alert has been accepted.
    pub(super) fn is_superseded(&self) -> bool {
        *self.alert.accepted.borrow() > self.arrival
    }

    /// Waits until no event of the alert is being sent.
    pub(super) async fn quiet(&self) {
        drop(self.alert.attempt.lock().await);
    }

    /// Waits until no other event of the alert is being sent; `None` if this one has been superseded.
    pub(super) async fn attempt(&self) -> Option<Attempt<'_>> {
        let only_one = self.alert.attempt.lock().await;
        if self.is_superseded() {
            return None;
        }
        Some(Attempt { ticket: self, _only_one: only_one })
    }

    /// Waits for this long, or until the event has been superseded.
    pub(super) async fn pause(&self, pause: Duration) {
        let mut accepted = self.alert.accepted.subscribe();
        let superseded = accepted.wait_for(|accepted| *accepted > self.arrival);
        let _ = timeout(pause, superseded).await;
    }
}

impl Attempt<'_> {
    /// PagerDuty has accepted the event.
    pub(super) fn accepted(self) {
        if self.ticket.settles_state {
            self.ticket.alert.accepted.send_replace(self.ticket.arrival);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(identity) = &self.identity {
            self.order.leave(identity);
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]
mod tests {
    use super::*;
    use crate::event::Severity;
    use crate::secret::IntegrationKey;
    use bytes::Bytes;

    fn parcel(api: Api, action: Action) -> Parcel {
        Parcel {
            api,
            key: IntegrationKey::parse("0123456789abcdef0123456789abcdef").ok().unwrap(),
            dedup_key: "d".to_owned(),
            action,
            severity: Severity::Error,
            event: Bytes::new(),
            is_extra: false,
        }
    }

    #[tokio::test]
    async fn what_was_accepted_supersedes_older_events_and_no_newer_ones() {
        let order = Arc::new(Order::default());
        let ticket = |arrival| order.ticket(&parcel(Api::V2, Action::Trigger), arrival);
        let [oldest, second, same, newest] = [1, 2, 2, 3].map(ticket);
        second.attempt().await.unwrap().accepted();
        let superseded = [&oldest, &second, &same, &newest].map(Ticket::is_superseded);
        assert_eq!(superseded, [true, false, false, false]);
        assert!(oldest.attempt().await.is_none() && newest.attempt().await.is_some());
    }

    #[tokio::test]
    async fn an_alert_is_known_while_events_of_it_are_under_way_and_no_longer() {
        let order = Arc::new(Order::default());
        let known = || order.alerts().len();
        let first = order.ticket(&parcel(Api::V2, Action::Trigger), order.arrival());
        let change = order.ticket(&parcel(Api::Change, Action::Trigger), order.arrival());
        let second = order.ticket(&parcel(Api::V2, Action::Resolve), order.arrival());
        assert_eq!(known(), 1);
        second.attempt().await.unwrap().accepted();
        drop((second, change));
        assert!(known() == 1 && first.is_superseded());
        drop(first);
        assert_eq!(known(), 0);
    }
}
