//! What is decided on the way through the queue: what goes into one batch, when storing gives way to
//! sending straight, how long a message is tried, and what becomes of it then.
//!
//! There is no clock here and no network, so that outages of hours can be tried out in no time.

use super::outcome::Outcome;
use super::retry::retry_after;
pub use super::retry::{attempt_within, pause};
use crate::event::Api;
use std::time::{Duration, SystemTime};

/// The most messages of a batch (AWS, "Amazon SQS message quotas").
const BATCH_MAX_ENTRIES: usize = 10;
/// The most bytes of a batch. SQS takes 1,048,576, names of groups among them.
const BATCH_MAX_BYTES: usize = 1_000_000;

/// How long only storing is tried.
const STORE_WITHIN: Duration = Duration::from_secs(2);
/// The longest turn of sending straight, after which storing is tried again.
const STRAIGHT_MAX: Duration = Duration::from_secs(4);
/// How long one try of storing may take.
pub const STORE_TRY_WITHIN: Duration = Duration::from_millis(900);
/// The shortest pause before storing is tried again; each later one is twice as long, up to the longest.
const STORE_PAUSE_MIN: Duration = Duration::from_millis(100);
const STORE_PAUSE_MAX: Duration = Duration::from_millis(400);

/// How long a message is tried that has been received before: its group waits, and so do others for the
/// place among the workers.
const LATER_WITHIN: Duration = Duration::from_secs(5);
/// A message is tried again after this part of its age. With the bounds below, SQS's 1,000 receives last
/// for over six days.
const AGE_PARTS: u32 = 24;
const AGAIN_MIN: Duration = Duration::from_secs(5);
const AGAIN_MAX: Duration = Duration::from_mins(10);
/// After a rate-limit answer that names no time. PagerDuty counts by the minute.
const RATE_LIMIT_PAUSE: Duration = Duration::from_secs(30);

/// Fills a batch.
#[derive(Debug, Default)]
pub struct Batch {
    entries: usize,
    bytes: usize,
}

impl Batch {
    /// Takes a message of this size, or says that it belongs into the next batch. The first one is always
    /// taken.
    pub fn takes(&mut self, bytes: usize) -> bool {
        let is_full = self.entries >= BATCH_MAX_ENTRIES || self.bytes.saturating_add(bytes) > BATCH_MAX_BYTES;
        if is_full && self.entries > 0 {
            return false;
        }
        self.entries += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        true
    }
}

/// What is done next with events that the queue does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Store them.
    Store {
        /// After this pause.
        after: Duration,
        /// How long one try may take.
        within: Duration,
    },
    /// Send them straight to PagerDuty.
    Straight {
        /// How long they are tried.
        within: Duration,
    },
    /// Time is up.
    Over,
}

/// The turns of storing and sending straight.
#[derive(Debug)]
pub struct Turns {
    within: Duration,
    stores: u32,
    straights: u32,
    was_straight: bool,
    is_refused: bool,
}

impl Turns {
    /// The turns of events that may be tried for so long.
    #[must_use]
    pub fn new(within: Duration) -> Self {
        Self { within, stores: 0, straights: 0, was_straight: false, is_refused: false }
    }

    /// The store has refused for a reason that does not pass by itself.
    pub fn note_refusal(&mut self) {
        self.is_refused = true;
    }

    /// The next turn, after so much time. An event that is sent straight may overtake older ones of its
    /// alert in the queue, so for two seconds only storing is tried. Then both take turns until time is up.
    pub fn next(&mut self, elapsed: Duration) -> Turn {
        let left = self.within.saturating_sub(elapsed);
        if left.is_zero() {
            return Turn::Over;
        }
        let after = self.store_pause();
        // When there is little time, half of it is left for sending straight.
        let left_for_store = STORE_WITHIN.min(self.within / 2).saturating_sub(elapsed + after);
        let only_stores = !self.is_refused && self.straights == 0 && !left_for_store.is_zero();
        if self.stores == 0 || only_stores || self.was_straight {
            self.stores += 1;
            self.was_straight = false;
            let most = if self.straights == 0 { left_for_store } else { left.saturating_sub(after) };
            return Turn::Store { after: after.min(left), within: STORE_TRY_WITHIN.min(most) };
        }
        self.straights += 1;
        self.was_straight = true;
        Turn::Straight { within: attempt_within(self.straights).min(STRAIGHT_MAX).min(left) }
    }

    fn store_pause(&self) -> Duration {
        let Some(doublings) = self.stores.checked_sub(1) else { return Duration::ZERO };
        STORE_PAUSE_MIN.saturating_mul(2_u32.saturating_pow(doublings)).min(STORE_PAUSE_MAX)
    }
}

/// How long a message is tried when it has been received so many times, this one included.
#[must_use]
pub fn tried_within(receives: u32, setting: Duration) -> Duration {
    if receives <= 1 { setting } else { setting.min(LATER_WITHIN) }
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is deleted: PagerDuty has the event.
    Done,
    /// It stays, nothing of its group overtakes it, and it is received again after this time.
    Again(Duration),
    /// PagerDuty will never take it: it goes to the dead letters.
    Bury,
}

/// What becomes of a message of this age after it was tried. Only PagerDuty itself can refuse it for good:
/// a proxy's page or a redirect says nothing about the event.
#[must_use]
pub fn verdict(api: Api, outcome: &Outcome, age: Duration, now: SystemTime) -> Verdict {
    if outcome.is_accepted(api) {
        return Verdict::Done;
    }
    if let Some(reply) = outcome.rate_limit(api) {
        let asked = reply.retry_after.as_ref().and_then(|value| retry_after(value, now));
        return Verdict::Again(asked.unwrap_or(RATE_LIMIT_PAUSE).clamp(AGAIN_MIN, AGAIN_MAX));
    }
    if matches!(outcome, Outcome::Failed(_)) || outcome.may_be_retried(api) {
        return Verdict::Again(again_after(age));
    }
    Verdict::Bury
}

/// When a message of this age is received again.
#[must_use]
pub fn again_after(age: Duration) -> Duration {
    (age / AGE_PARTS).clamp(AGAIN_MIN, AGAIN_MAX)
}

/// The groups of a batch of which a message stays: those behind it stay too, untried.
#[derive(Debug, Default)]
pub struct Groups(Vec<String>);

impl Groups {
    /// Whether a message of this group stays.
    #[must_use]
    pub fn hold(&self, group: &str) -> bool {
        self.0.iter().any(|held| held == group)
    }

    /// A message of this group stays.
    pub fn note(&mut self, group: &str) {
        self.0.push(group.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::super::outcome::Reply;
    use super::*;
    use crate::error::{Error, Unreached};
    use bytes::Bytes;
    use http::HeaderValue;

    const LONG: Duration = Duration::from_secs(25);

    fn answered(status: u16, retry_after: Option<&'static str>) -> Outcome {
        let retry_after = retry_after.map(HeaderValue::from_static);
        Outcome::Answered(Reply { status, body: Bytes::from_static(br#"{"status":"success"}"#), retry_after })
    }

    fn verdict_of(api: Api, outcome: &Outcome, age_seconds: u64) -> Verdict {
        verdict(api, outcome, Duration::from_secs(age_seconds), SystemTime::UNIX_EPOCH)
    }

    /// The turns if each takes all of its time, as `store` or `straight` with its milliseconds.
    fn turns(within: Duration, is_refused: bool) -> Vec<(&'static str, u128)> {
        let (mut turns, mut elapsed, mut reported) = (Turns::new(within), Duration::ZERO, Vec::new());
        loop {
            let (name, after, took) = match turns.next(elapsed) {
                Turn::Store { after, within } => ("store", after, within),
                Turn::Straight { within } => ("straight", Duration::ZERO, within),
                Turn::Over => return reported,
            };
            if is_refused {
                turns.note_refusal();
            }
            reported.push((name, took.as_millis()));
            elapsed += after + took;
        }
    }

    #[test]
    fn for_two_seconds_only_storing_is_tried_and_then_both_take_turns() {
        let (store, straight) = (("store", 900), "straight");
        let reported = [store, store, (straight, 2_000), store, (straight, 4_000), store, (straight, 4_000)];
        assert_eq!(turns(LONG, false).get(..7), Some(&reported[..]));
        assert_eq!(turns(LONG, true).get(..3), Some(&[store, (straight, 2_000), store][..]));
        let short = turns(Duration::from_secs(1), false);
        assert_eq!(short, [("store", 500), (straight, 500)], "half of the time for each");
        assert_eq!(turns(Duration::ZERO, false), []);
    }

    #[test]
    fn a_store_that_refuses_at_once_is_asked_again_after_growing_pauses() {
        let (mut turns, mut elapsed, mut pauses) = (Turns::new(LONG), Duration::ZERO, Vec::new());
        while let Turn::Store { after, .. } = turns.next(elapsed) {
            pauses.push(after.as_millis());
            elapsed += after;
        }
        assert_eq!(pauses, [0, 100, 200, 400, 400, 400, 400]);
    }

    #[test]
    fn turns_end_even_if_nothing_takes_time() {
        let (mut turns, mut elapsed) = (Turns::new(LONG), Duration::ZERO);
        for _ in 0..1_000 {
            match turns.next(elapsed) {
                Turn::Store { after, .. } => elapsed += after,
                Turn::Straight { .. } => {}
                Turn::Over => return assert!(elapsed >= LONG),
            }
        }
        assert!(elapsed >= LONG, "{elapsed:?}");
    }

    #[test]
    fn a_batch_is_full_after_ten_messages_or_a_million_bytes() {
        let taken = |bytes: usize| {
            let mut batch = Batch::default();
            (0..20).take_while(|_| batch.takes(bytes)).count()
        };
        let counts = [1, 100_000, 100_001, 500_000, 500_001, 1_000_001, usize::MAX].map(taken);
        assert_eq!(counts, [10, 10, 9, 2, 1, 1, 1]);
    }

    #[test]
    fn pagerduty_s_refusal_alone_buries_a_message() {
        let again = Verdict::Again(AGAIN_MIN);
        for status in 100..=999 {
            for (api, accepted, rate_limit) in
                [(Api::V2, 202, 429), (Api::Change, 202, 429), (Api::V1, 200, 403)]
            {
                let wanted = match status {
                    _ if status == accepted => Verdict::Done,
                    _ if status == rate_limit => Verdict::Again(RATE_LIMIT_PAUSE),
                    500..=599 => again,
                    _ => Verdict::Bury,
                };
                assert_eq!(verdict_of(api, &answered(status, None), 0), wanted, "{api:?} {status}");
            }
        }
        for error in [
            Error::NotReached(Unreached::Dns),
            Error::NotPagerDuty { status: 200 },
            Error::Redirected,
            Error::NoAnswerInTime,
        ] {
            assert_eq!(verdict_of(Api::V2, &Outcome::Failed(error), 0), again, "{error:?}");
        }
        assert_eq!(verdict_of(Api::V2, &Outcome::Superseded, 0), Verdict::Done);
    }

    #[test]
    fn a_message_is_tried_again_after_a_24th_of_its_age() {
        for (age, after) in [(0, 5), (120, 5), (240, 10), (2_400, 100), (14_400, 600), (1_000_000, 600)] {
            let verdict = verdict_of(Api::V2, &answered(500, None), age);
            assert_eq!(verdict, Verdict::Again(Duration::from_secs(after)), "{age}");
        }
        for (asked, after) in
            [(None, 30), (Some("7"), 7), (Some("0"), 5), (Some("86400"), 600), (Some("x"), 30)]
        {
            let verdict = verdict_of(Api::V2, &answered(429, asked), 1_000_000);
            assert_eq!(verdict, Verdict::Again(Duration::from_secs(after)), "{asked:?}");
        }
    }

    #[test]
    fn a_thousand_receives_last_for_six_days() {
        let age = (0..1_000).fold(Duration::ZERO, |age, _| age + again_after(age));
        assert!(age > Duration::from_hours(6 * 24), "{age:?}");
    }

    #[test]
    fn the_first_receive_has_the_setting_s_time_and_later_ones_five_seconds() {
        let short = Duration::from_secs(1);
        for (receives, setting, within) in
            [(0, LONG, LONG), (1, LONG, LONG), (2, LONG, LATER_WITHIN), (9, short, short)]
        {
            assert_eq!(tried_within(receives, setting), within);
        }
    }

    #[test]
    fn the_messages_behind_one_that_stays_stay_too() {
        let mut groups = Groups::default();
        groups.note("a");
        assert!(groups.hold("a") && !groups.hold("b"));
    }
}
