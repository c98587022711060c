//! Each request as it arrived, and what it was answered.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::{Api, Fault, Reply};

/// Requests remembered; then the oldest is let go.
pub const REQUESTS_MAX: usize = 1_000;
/// All remembered bodies together. The oldest go first; the latest always stays.
pub const BODIES_MAX_BYTES: usize = 64 << 20;

/// One request.
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
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.reply.as_ref().map(|reply| reply.status)
    }

    /// A header's value, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The requests, oldest first, within bounds.
#[derive(Debug, Default)]
pub(crate) struct Records {
    list: VecDeque<Received>,
    bytes: usize,
    last_number: u64,
    pub(crate) let_go: u64,
}

impl Records {
    /// Adds one, numbers it, and says its number.
    pub(crate) fn add(&mut self, mut received: Received) -> u64 {
        self.last_number += 1;
        received.number = self.last_number;
        self.bytes += received.body.len();
        self.list.push_back(received);
        while self.list.len() > REQUESTS_MAX || self.bytes > BODIES_MAX_BYTES && self.list.len() > 1 {
            let Some(oldest) = self.list.pop_front() else {
                break;
            };
            self.bytes -= oldest.body.len();
            self.let_go += 1;
        }
        self.last_number
    }

    /// Notes the answer to a request that may have been let go by now.
    pub(crate) fn answered(&mut self, number: u64, reply: &Reply) {
        if let Some(received) = self.list.iter_mut().rev().find(|received| received.number == number) {
            received.reply = Some(reply.clone());
        }
    }

    /// All of them, oldest first.
    pub(crate) fn list(&self) -> Vec<Received> {
        self.list.iter().cloned().collect()
    }

    /// Those with a higher number, oldest first.
    pub(crate) fn since(&self, number: u64) -> Vec<Received> {
        let newer = self.list.iter().rev().take_while(|received| received.number > number);
        let mut newer: Vec<Received> = newer.cloned().collect();
        newer.reverse();
        newer
    }

    pub(crate) fn last_number(&self) -> u64 {
        self.last_number
    }

    /// Forgets all, but goes on counting.
    pub(crate) fn clear(&mut self) {
        *self = Self { last_number: self.last_number, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(bytes: usize) -> Received {
        Received {
            number: 0,
            at: Instant::now(),
            connection: 1,
            method: Method::POST,
            path: "/".to_owned(),
            query: None,
            api: None,
            headers: HeaderMap::new(),
            body: Bytes::from(vec![b' '; bytes]),
            json: None,
            fault: None,
            reply: None,
        }
    }

    #[test]
    fn the_oldest_are_let_go_by_count_and_by_size() {
        let mut records = Records::default();
        for _ in 0..=REQUESTS_MAX {
            records.add(received(1));
        }
        assert_eq!((records.list().len(), records.let_go), (REQUESTS_MAX, 1));
        let number = records.add(received(BODIES_MAX_BYTES + 1));
        assert_eq!(records.list().iter().map(|one| one.number).collect::<Vec<_>>(), [number]);
        assert!(records.since(number).is_empty());
        assert_eq!(records.since(number - 1).len(), 1);
        records.answered(1, &Reply::text(202, ""));
        records.answered(number, &Reply::text(202, ""));
        assert_eq!(records.list().first().and_then(Received::status), Some(202));
        records.clear();
        assert_eq!(records.add(received(0)), number + 1);
    }
}
