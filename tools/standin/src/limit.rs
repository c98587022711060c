//! The rate limit: so many events in a sliding window, for each key by itself.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Keys remembered before idle ones are forgotten.
const KEYS_MAX: usize = 1_000;

/// So many events in so long a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The most events of one key in a window.
    pub events: usize,
    /// The length of the window, which slides.
    pub window: Duration,
}

impl RateLimit {
    /// About what PagerDuty documents: 120 events in 60 s.
    pub const DOCUMENTED: Self = Self { events: 120, window: Duration::from_mins(1) };
}

/// Counts events by key. It has no clock: the caller says what time it is.
#[derive(Debug)]
pub struct Limiter {
    limit: RateLimit,
    admitted: HashMap<String, VecDeque<Instant>>,
}

impl Limiter {
    /// A limiter that has seen nothing.
    #[must_use]
    pub fn new(limit: RateLimit) -> Self {
        Self { limit, admitted: HashMap::new() }
    }

    /// Whether one more event of this key may pass now. A refused one does not count.
    pub fn admit(&mut self, key: &str, now: Instant) -> bool {
        let window = self.limit.window;
        let is_old = move |at: Instant| now.saturating_duration_since(at) >= window;
        if self.admitted.len() >= KEYS_MAX {
            self.admitted.retain(|_, times| times.back().is_some_and(|last| !is_old(*last)));
        }
        let times = self.admitted.entry(key.to_owned()).or_default();
        while times.front().is_some_and(|first| is_old(*first)) {
            times.pop_front();
        }
        let room = times.len() < self.limit.events;
        if room {
            times.push_back(now);
        }
        room
    }

    /// Forgets every event.
    pub fn clear(&mut self) {
        self.admitted.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit { events: 2, window: Duration::from_mins(1) };

    #[test]
    fn the_window_slides_and_each_key_has_its_own() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut limiter = Limiter::new(LIMIT);
        for (key, seconds, admitted) in [
            ("a", 0, true),
            ("a", 30, true),
            ("a", 59, false),
            ("b", 59, true),
            ("a", 60, true),
            ("a", 61, false),
            ("a", 89, false),
            ("a", 90, true),
        ] {
            assert_eq!(limiter.admit(key, at(seconds)), admitted, "{key} at {seconds} s");
        }
        limiter.clear();
        assert!(limiter.admit("a", at(90)));
    }

    #[test]
    fn the_documented_limit_is_120_a_minute() {
        let mut limiter = Limiter::new(RateLimit::DOCUMENTED);
        let now = Instant::now();
        assert_eq!((0..200).filter(|_| limiter.admit("a", now)).count(), 120);
    }

    #[test]
    fn idle_keys_are_forgotten() {
        let mut limiter = Limiter::new(LIMIT);
        let start = Instant::now();
        for n in 0..KEYS_MAX {
            limiter.admit(&n.to_string(), start);
        }
        limiter.admit("late", start + LIMIT.window);
        assert_eq!(limiter.admitted.len(), 1);
    }
}
