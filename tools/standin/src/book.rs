//! What all connections and handles share: everything that arrived, and what is to go wrong.

use std::collections::VecDeque;
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;
use tokio::sync::watch;

use crate::faults::Faults;
use crate::memory::{Memory, let_go};
use crate::rules::{Reason, Refusal, check};
use crate::{Api, Fault, Options, Reply};

/// So many events of one key in so long a window.
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

/// One request as it arrived, and what it was answered.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its number, from 1, in the order of arrival.
    pub number: u64,
    /// When its body had been read.
    pub at: Instant,
    /// The number of its connection, from 1: the same number means the same kept-alive connection.
    pub connection: u64,
    /// The method.
    pub method: Method,
    /// The path, without the query.
    pub path: String,
    /// The query, if any.
    pub query: Option<String>,
    /// The API at that path.
    pub api: Option<Api>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
    /// The body as JSON, if it is.
    pub json: Option<Value>,
    /// What went wrong on purpose.
    pub fault: Option<Fault>,
    /// The answer that was begun, if any was.
    pub reply: Option<Reply>,
}

impl Received {
    /// The status answered.
    pub fn status(&self) -> Option<u16> {
        self.reply.as_ref().map(|reply| reply.status)
    }

    /// A header's value, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Everything that changes behind one lock that is never held across an `await`.
#[derive(Debug)]
pub(crate) struct Shared {
    book: Mutex<Book>,
    /// Grows with each change.
    pub(crate) revision: watch::Sender<u64>,
    pub(crate) is_controlled: bool,
}

/// What changes.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) memory: Memory,
    pub(crate) faults: Faults,
    /// Oldest first.
    pub(crate) requests: VecDeque<Received>,
    pub(crate) last_request: u64,
    pub(crate) requests_let_go: u64,
    pub(crate) max_in_flight: usize,
    /// Each request in flight holds a clone.
    in_flight: Arc<()>,
    rate_limit: Option<RateLimit>,
    /// The keys of the events in the rate limit's window.
    admitted: VecDeque<(Instant, String)>,
}

impl Shared {
    pub(crate) fn new(options: &Options) -> Self {
        let book = Book { rate_limit: options.rate_limit, ..Book::default() };
        Self { book: Mutex::new(book), revision: watch::Sender::new(0), is_controlled: options.control }
    }

    /// The book, for one short look.
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the book, and lets the subscribers know.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Book) -> T) -> T {
        let result = change(&mut self.book());
        self.revision.send_modify(|revision| *revision += 1);
        result
    }
}

impl Book {
    /// Notes a request, numbers it and picks its fault; only a POST to an API has one. It counts as in flight for as long as
    /// the last of what is returned lives.
    pub(crate) fn add(&mut self, received: Received) -> (u64, Option<Fault>, Arc<()>) {
        let fault = received.api.filter(|_| received.method == Method::POST).and_then(|api| {
            let dedup_key = received.json.as_ref().and_then(|event| api.dedup_key(event));
            self.faults.next_for_request(dedup_key)
        });
        self.last_request += 1;
        self.requests.push_back(Received { number: self.last_request, fault: fault.clone(), ..received });
        self.requests_let_go += let_go(&mut self.requests, |request| request.body.len());
        let in_flight = Arc::clone(&self.in_flight);
        self.max_in_flight = self.max_in_flight.max(Arc::strong_count(&in_flight) - 1);
        (self.last_request, fault, in_flight)
    }

    /// Notes the answer to a request that may have been let go by now.
    pub(crate) fn answered(&mut self, number: u64, reply: &Reply) {
        if let Some(request) = self.requests.iter_mut().rev().find(|request| request.number == number) {
            request.reply = Some(reply.clone());
        }
    }

    /// What PagerDuty answers; an event that it takes is remembered.
    pub(crate) fn answer(&mut self, api: Option<Api>, method: &Method, body: &[u8]) -> Reply {
        let Some(api) = api else {
            return Reply::text(404, "Not Found");
        };
        if method != Method::POST {
            return Reply::text(405, "Method Not Allowed").with_header("allow", "POST");
        }
        let event = match check(api, body) {
            Ok(event) => event,
            Err(refusal) => return refusal.reply(),
        };
        if !self.admit(api.key(&event).unwrap_or_default(), Instant::now()) {
            return Refusal { api, reason: Reason::RateLimited }.reply();
        }
        Reply::accepted(api, self.memory.take(api, event, body.len(), now_ms()).as_deref())
    }

    /// Whether one more event of this key may pass now. A refused one does not count.
    fn admit(&mut self, key: &str, now: Instant) -> bool {
        let Some(RateLimit { events, window }) = self.rate_limit else {
            return true;
        };
        self.admitted.retain(|(at, _)| now.saturating_duration_since(*at) < window);
        let has_room = self.admitted.iter().filter(|(_, admitted)| admitted == key).count() < events;
        if has_room {
            self.admitted.push_back((now, key.to_owned()));
        }
        has_room
    }

    /// Forgets alerts, change events, requests and rates, but goes on counting; faults stay.
    pub(crate) fn clear(&mut self) {
        let Self { memory, faults, last_request, in_flight, rate_limit, .. } = take(self);
        let memory = Memory { made_up_keys: memory.made_up_keys, ..Memory::default() };
        let max_in_flight = Arc::strong_count(&in_flight) - 1;
        *self =
            Self { memory, faults, last_request, max_in_flight, in_flight, rate_limit, ..Self::default() };
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_slides_and_each_key_has_its_own() {
        let start = Instant::now();
        let rate_limit = Some(RateLimit { events: 2, window: Duration::from_mins(1) });
        let mut book = Book { rate_limit, ..Book::default() };
        for (key, seconds, is_admitted) in [
            ("a", 0, true),
            ("a", 30, true),
            ("a", 59, false),
            ("b", 59, true),
            ("a", 60, true),
            ("a", 61, false),
            ("a", 89, false),
            ("a", 90, true),
        ] {
            assert_eq!(book.admit(key, start + Duration::from_secs(seconds)), is_admitted, "{key} {seconds}");
        }
        book.rate_limit = Some(RateLimit::DOCUMENTED);
        book.clear();
        assert_eq!((0..200).filter(|_| book.admit("a", start)).count(), 120);
    }
}
