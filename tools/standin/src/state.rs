//! What all connections and handles share.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use http::Method;
use serde_json::Value;
use tokio::sync::watch;

use crate::faults::Faults;
use crate::limit::Limiter;
use crate::memory::Memory;
use crate::record::Records;
use crate::rules::{Reason, Refusal, check};
use crate::{Api, Options, Reply};

/// The shared state: everything that changes behind one lock that is never held across an `await`.
#[derive(Debug)]
pub(crate) struct State {
    options: Options,
    book: Mutex<Book>,
    revision: watch::Sender<u64>,
    in_flight: AtomicUsize,
    max_in_flight: AtomicUsize,
}

/// What changes.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) memory: Memory,
    pub(crate) faults: Faults,
    pub(crate) records: Records,
    pub(crate) limiter: Option<Limiter>,
}

impl State {
    pub(crate) fn new(options: Options) -> Self {
        let limiter = options.rate_limit.map(Limiter::new);
        let book = Book {
            memory: Memory::default(),
            faults: Faults::default(),
            records: Records::default(),
            limiter,
        };
        Self {
            options,
            book: Mutex::new(book),
            revision: watch::Sender::new(0),
            in_flight: AtomicUsize::new(0),
            max_in_flight: AtomicUsize::new(0),
        }
    }

    /// The book, for one short look or change.
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the subscribers that something has changed.
    pub(crate) fn changed(&self) {
        self.revision.send_modify(|revision| *revision += 1);
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    pub(crate) fn max_in_flight(&self) -> usize {
        self.max_in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn is_controlled(&self) -> bool {
        self.options.control
    }

    /// Forgets alerts, change events, requests and rates; faults stay.
    pub(crate) fn clear(&self) {
        let mut book = self.book();
        book.memory.clear();
        book.records.clear();
        if let Some(limiter) = book.limiter.as_mut() {
            limiter.clear();
        }
        drop(book);
        self.max_in_flight.store(self.in_flight.load(Ordering::Relaxed), Ordering::Relaxed);
        self.changed();
    }

    /// What PagerDuty answers; an event that it takes is remembered.
    pub(crate) fn answer(&self, api: Option<Api>, method: &Method, body: &[u8]) -> Reply {
        let Some(api) = api else {
            return Reply::text(404, "Not Found");
        };
        if method != Method::POST {
            return Reply::text(405, "Method Not Allowed").with_header("allow", "POST");
        }
        match check(api, body).and_then(|event| self.admit(api, event)) {
            Ok(event) => {
                let dedup_key = self.book().memory.take(api, &event, body.len(), now_ms());
                Reply::accepted(api, dedup_key.as_deref())
            }
            Err(refusal) => refusal.reply(),
        }
    }

    fn admit(&self, api: Api, event: Value) -> Result<Value, Refusal> {
        let key = api.key(&event).unwrap_or_default();
        let is_over = self.book().limiter.as_mut().is_some_and(|limiter| !limiter.admit(key, Instant::now()));
        if is_over { Err(Refusal { api, reason: Reason::RateLimited }) } else { Ok(event) }
    }
}

/// Counts one request as in flight for as long as it lives.
pub(crate) struct InFlight<'a>(&'a State);

impl<'a> InFlight<'a> {
    pub(crate) fn begin(state: &'a State) -> Self {
        let now = state.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        state.max_in_flight.fetch_max(now, Ordering::Relaxed);
        Self(state)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
