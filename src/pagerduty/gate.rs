//! Who may be on the way to PagerDuty: how many events at a time, and which of them first.

use super::Reply;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// Events on their way at the same time.
const CONCURRENT_MAX: usize = 8;

/// Lets eight through at a time, and one at a time after the first rate limit. Of those who wait, the
/// one with the lowest place goes first: also after a pause what is grave comes before what is not.
pub(super) struct Gate {
    state: Mutex<GateState>,
    changed: Notify,
}

struct GateState {
    /// The first answer that said there were too many: since then one may be through at a time.
    rate_limit: Option<Reply>,
    through: usize,
    /// The places of those who wait.
    waiting: BTreeSet<usize>,
}

/// The right to be on the way to PagerDuty, until it is dropped.
pub(super) struct Turn<'a>(&'a Gate);

impl Gate {
    pub(super) fn new() -> Self {
        let state = GateState { rate_limit: None, through: 0, waiting: BTreeSet::new() };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn one_at_a_time(&self, reply: Reply) {
        self.state().rate_limit.get_or_insert(reply);
    }

    pub(super) fn rate_limit(&self) -> Option<Reply> {
        self.state().rate_limit.clone()
    }

    /// Waits for a turn; `None` if `deadline` comes first.
    pub(super) async fn turn(&self, place: usize, deadline: Instant) -> Option<Turn<'_>> {
        self.state().waiting.insert(place);
        loop {
            // A turn that comes with the deadline is too late to send anything, unless it is the first.
            if place > 0 && Instant::now() >= deadline {
                return self.leave(place);
            }
            let mut changed = std::pin::pin!(self.changed.notified());
            // From here on no change is missed, also one that comes before the wait below.
            changed.as_mut().enable();
            {
                let mut state = self.state();
                let width = if state.rate_limit.is_some() { 1 } else { CONCURRENT_MAX };
                if state.through < width && state.waiting.first() == Some(&place) {
                    state.waiting.remove(&place);
                    state.through += 1;
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

    /// Waits no longer, so that whoever stands behind may go.
    fn leave(&self, place: usize) -> Option<Turn<'_>> {
        self.state().waiting.remove(&place);
        self.changed.notify_waiters();
        None
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.through = state.through.saturating_sub(1);
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
    async fn a_narrow_gate_lets_one_through_at_a_time_and_nobody_after_the_deadline() {
        let gate = Gate::new();
        let soon = || Instant::now() + Duration::from_millis(10);
        let mut turns = Vec::new();
        for place in 0..CONCURRENT_MAX {
            turns.push(gate.turn(place, soon()).await.unwrap());
        }
        assert!(gate.turn(8, soon()).await.is_none(), "eight at a time");
        gate.one_at_a_time(too_many());
        turns.truncate(1);
        assert!(gate.turn(9, soon()).await.is_none(), "one is still on its way");
        turns.clear();
        let _only = gate.turn(10, soon()).await.unwrap();
        assert!(gate.turn(11, soon()).await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn of_those_who_wait_the_lowest_place_goes_first() {
        let gate = Gate::new();
        gate.one_at_a_time(too_many());
        let first = gate.turn(7, Instant::now() + LONG).await;
        let order = Mutex::new(Vec::new());
        let wait = async |place: usize| {
            let turn = gate.turn(place, Instant::now() + LONG).await;
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
