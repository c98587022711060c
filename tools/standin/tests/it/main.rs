//! The stand-in over real sockets.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

mod client;
mod control;
mod faults;
mod handle;

/// A well-formed integration key.
const KEY: &str = "e93facc04764012d7bfb002500d5d1a6";
/// The v2 alert events' path.
const ENQUEUE: &str = "/v2/enqueue";
const CHANGE: &str = "/v2/change/enqueue";
const V1: &str = "/generic/2010-04-15/create_event.json";

fn trigger(dedup_key: &str) -> String {
    serde_json::json!({
        "routing_key": KEY, "event_action": "trigger", "dedup_key": dedup_key,
        "payload": {"summary": "disk full", "source": "db", "severity": "error"},
    })
    .to_string()
}

fn change() -> String {
    serde_json::json!({"routing_key": KEY, "payload": {"summary": "deployed"}}).to_string()
}

fn v1_trigger() -> String {
    serde_json::json!({"service_key": KEY, "event_type": "trigger", "description": "down"}).to_string()
}
