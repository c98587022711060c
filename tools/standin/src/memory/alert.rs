//! What is known of one alert or change event.

use std::collections::VecDeque;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::Api;

/// How far an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// It pages.
    Triggered,
    /// Somebody is at it: nothing appended pages again.
    Acknowledged,
    /// Over: the next trigger opens it anew.
    Resolved,
}

/// All that happened under one integration key and dedup key.
#[derive(Clone, Debug, Serialize)]
pub struct Alert {
    /// The integration key; written out as its last four characters.
    #[serde(serialize_with = "masked")]
    pub key: String,
    /// The dedup key, the one given or the one made up.
    pub dedup_key: String,
    /// How far it is.
    pub state: AlertState,
    /// How often it was opened: 1, and 1 more for each trigger after a resolve.
    pub opened: u32,
    /// How many triggers came, those that opened it included.
    pub triggers: u32,
    /// Of the trigger that last opened it; v1 has none.
    pub severity: Option<String>,
    /// Of the trigger that last opened it (v1: the description).
    pub summary: String,
    /// Of the trigger that last opened it; v1 has none.
    pub source: Option<String>,
    /// When it was last opened, in milliseconds since 1970.
    pub opened_at_ms: u64,
    /// When its last event came, in milliseconds since 1970.
    pub changed_at_ms: u64,
    /// Its latest events, oldest first.
    pub events: VecDeque<Taken>,
    /// How many older events were let go.
    pub events_let_go: u64,
}

/// One change event.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// The integration key; written out as its last four characters.
    #[serde(serialize_with = "masked")]
    pub key: String,
    /// Its summary.
    pub summary: String,
    /// Its source.
    pub source: Option<String>,
    /// The event as it came.
    #[serde(flatten)]
    pub taken: Taken,
}

/// An event that was accepted.
#[derive(Clone, Debug, Serialize)]
pub struct Taken {
    /// When it came, in milliseconds since 1970.
    pub at_ms: u64,
    /// The API it came by.
    pub api: Api,
    /// The event as it came, less the integration key.
    pub event: Value,
    #[serde(skip)]
    pub(super) size_bytes: usize,
}

fn masked<S: Serializer>(key: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let end: String = key.chars().rev().take(4).collect();
    serializer.collect_str(&format_args!("…{}", end.chars().rev().collect::<String>()))
}
