//! The stand-in over real sockets.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

mod answers;
mod client;
mod control;
mod faults;
mod handle;

/// A well-formed integration key.
const KEY: &str = "e93facc04764012d7bfb002500d5d1a6";
/// The v2 alert events' path.
const ENQUEUE: &str = "/v2/enqueue";

fn trigger(dedup_key: &str) -> String {
    serde_json::json!({
        "routing_key": KEY, "event_action": "trigger", "dedup_key": dedup_key,
        "payload": {"summary": "disk full", "source": "db", "severity": "error"},
    })
    .to_string()
}

fn resolve(dedup_key: &str) -> String {
    serde_json::json!({"routing_key": KEY, "event_action": "resolve", "dedup_key": dedup_key}).to_string()
}
