//! The queue in front of PagerDuty: how many events are sent at a time, and which of them first.

use super::outcome::{Outcome, Reply};
use crate::error::Error;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// How many events are sent at the same time.
const CONCURRENT_MAX: usize = 8;

/// A priority queue: eight events at a time, and one at a time after the first rate-limit answer. Of
/// those that wait, the one with the lowest place goes first, also after a pause between attempts.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    /// The first rate-limit answer; since then one event is sent at a time.
    rate_limit: Option<Reply>,
    /// Why PagerDuty could not be reached, if that has happened.
    unreached: Option<Error>,
    /// How many are being sent.
    sending: usize,
    /// The places of those that wait.
    waiting: BTreeSet<usize>,
}

/// The right to send, until it is dropped.
pub(super) struct Turn<'a>(&'a Queue);

impl Queue {
    pub(super) fn new() -> Self {
        let state = State { rate_limit: None, unreached: None, sending: 0, waiting: BTreeSet::new() };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn one_at_a_time(&self, reply: Reply) {
        self.state().rate_limit.get_or_insert(reply);
    }

    /// Notes an outcome that may keep other events from being sent in time.
    pub(super) fn note(&self, outcome: &Outcome) {
        if let Outcome::Failed(error @ Error::NotReached(_)) = outcome {
            self.state().unreached = Some(*error);
        }
    }

    /// The outcome of an event that never got a turn: that of those which held it up.
    pub(super) fn outcome_of_unsent(&self) -> Outcome {
        let state = self.state();
        match (&state.rate_limit, state.unreached) {
            (Some(reply), _) => Outcome::Answered(reply.clone()),
            (None, Some(error)) => Outcome::Failed(error),
            (None, None) => Outcome::Failed(Error::NoAnswerInTime),
        }
    }

    /// Waits for a turn; `None` if `deadline` comes first.
    pub(super) async fn turn(&self, place: usize, deadline: Instant) -> Option<Turn<'_>> {
        self.state().waiting.insert(place);
        loop {
            // A turn at the deadline is too late to send anything, unless it is the first one.
            if place > 0 && Instant::now() >= deadline {
                return self.leave(place);
            }
            let mut changed = std::pin::pin!(self.changed.notified());
            // From here on no change is missed, even if it comes before the wait below.
            changed.as_mut().enable();
            {
                let mut state = self.state();
                let width = if state.rate_limit.is_some() { 1 } else { CONCURRENT_MAX };
                if state.sending < width && state.waiting.first() == Some(&place) {
                    state.waiting.remove(&place);
                    state.sending += 1;
                    drop(state);
                    self.changed.notify_waiters();
                    return Some(Turn(self));
                }
            }
            if timeout_at(deadline, changed).await.is_err() {
                return self.leave(place);
            }
        }
    }

    /// Stops waiting and wakes the next waiter.
    fn leave(&self, place: usize) -> Option<Turn<'_>> {
        self.state().waiting.remove(&place);
        self.changed.notify_waiters();
        None
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.sending = state.sending.saturating_sub(1);
        drop(state);
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::time::Duration;
    use tokio::time::sleep;

    const LONG: Duration = Duration::from_mins(1);

    fn too_many() -> Reply {
        Reply { status: 429, body: Bytes::new(), retry_after: None }
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_rate_limit_one_is_sent_at_a_time_and_none_after_the_deadline() {
        let queue = Queue::new();
        let soon = || Instant::now() + Duration::from_millis(10);
        let mut turns = Vec::new();
        for place in 0..CONCURRENT_MAX {
            turns.push(queue.turn(place, soon()).await.unwrap());
        }
        assert!(queue.turn(8, soon()).await.is_none(), "eight at a time");
        queue.one_at_a_time(too_many());
        turns.truncate(1);
        assert!(queue.turn(9, soon()).await.is_none(), "one is still being sent");
        turns.clear();
        let _only = queue.turn(10, soon()).await.unwrap();
        assert!(queue.turn(11, soon()).await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn the_lowest_waiting_place_goes_first() {
        let queue = Queue::new();
        queue.one_at_a_time(too_many());
        let first = queue.turn(7, Instant::now() + LONG).await;
        let order = Mutex::new(Vec::new());
        let wait = async |place: usize| {
            let turn = queue.turn(place, Instant::now() + LONG).await;
            order.lock().unwrap().push(place);
            drop(turn);
        };
        let open = async {
            sleep(Duration::from_millis(1)).await;
            drop(first);
        };
        tokio::join!(wait(5), wait(2), wait(9), wait(0), open);
        assert_eq!(*order.lock().unwrap(), [0, 2, 5, 9]);
    }
}
