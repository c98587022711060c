//! An event as the JSON that its API takes, without the key.

use super::api::Api;
use super::model::Event;
use super::{change, v1, v2};
use serde::Serialize;
use std::io;

/// The event as JSON. The key is added when it is sent, so that this is fit for a log.
pub(super) fn event(event: &Event, api: Api) -> Vec<u8> {
    match api {
        Api::V2 => json(&v2::Body::new(event)),
        Api::Change => json(&change::Body::new(event)),
        Api::V1 => json(&v1::Body::new(event)),
    }
}

/// How many bytes [`event`] makes.
pub(super) fn event_bytes(event: &Event, api: Api) -> usize {
    match api {
        Api::V2 => json_bytes(&v2::Body::new(event)),
        Api::Change => json_bytes(&change::Body::new(event)),
        Api::V1 => json_bytes(&v1::Body::new(event)),
    }
}

/// JSON of strings, maps with string keys and finite numbers, which cannot fail.
fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_default()
}

/// How many bytes of JSON `body` makes.
pub(super) fn json_bytes(body: &impl Serialize) -> usize {
    let mut counter = Counter(0);
    // Counting cannot fail, and neither can the values that are written here.
    let _ = serde_json::to_writer(&mut counter, body);
    counter.0
}

struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
