//! What PagerDuty would know by now: the alerts and change events that were accepted, within bounds.

use std::collections::VecDeque;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::Api;

/// Alerts, change events or requests remembered; then the one that has been quiet longest is let go.
const REMEMBERED_MAX: usize = 1_000;
/// All their events or bodies together, as they were sent. The latest always stays.
const BYTES_MAX: usize = 64 << 20;
/// Events remembered of one alert, the latest.
const EVENTS_PER_ALERT_MAX: usize = 20;

/// How far an alert is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// It pages.
    Triggered,
    /// Somebody is at it: nothing appended pages again.
    Acknowledged,
    /// Over: the next trigger opens it anew.
    #[default]
    Resolved,
}

/// All that happened under one integration key and dedup key.
#[derive(Clone, Debug, Default, Serialize)]
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
    size_bytes: usize,
}

/// What is known, the quietest first.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) alerts: VecDeque<Alert>,
    pub(crate) changes: VecDeque<Change>,
    pub(crate) let_go: u64,
    /// Acknowledges and resolves that met no open alert: accepted and dropped.
    pub(crate) without_alert: u64,
    pub(crate) made_up_keys: u64,
}

impl Memory {
    /// Takes an event that has passed the rules; `size_bytes` is its body's. Returns the dedup key for the answer.
    pub(crate) fn take(
        &mut self,
        api: Api,
        mut event: Value,
        size_bytes: usize,
        at_ms: u64,
    ) -> Option<String> {
        let key = api.key(&event).unwrap_or_default().to_owned();
        let dedup_key = api.dedup_key(&event).map(str::to_owned);
        if let Some(fields) = event.as_object_mut() {
            fields.remove(api.key_field());
        }
        let taken = Taken { at_ms, api, event, size_bytes };
        if api == Api::Change {
            let (summary, source) = (taken.text("/payload/summary"), taken.text("/payload/source"));
            self.changes.push_back(Change { key, summary: summary.unwrap_or_default(), source, taken });
            self.let_go += let_go(&mut self.changes, |change| change.taken.size_bytes);
            return None;
        }
        let dedup_key = dedup_key.unwrap_or_else(|| {
            // PagerDuty makes up 32 hexadecimal digits; these count up, so that a test can tell them apart.
            self.made_up_keys += 1;
            format!("{:032x}", self.made_up_keys)
        });
        let is_trigger = api.action(&taken.event) == Some("trigger");
        let mut alert = match self.remove(&key, &dedup_key, |alert| is_trigger || alert.is_open()) {
            Some(alert) => alert,
            None if is_trigger => Alert { key, dedup_key: dedup_key.clone(), ..Alert::default() },
            None => {
                self.without_alert += 1;
                return Some(dedup_key);
            }
        };
        alert.append(taken);
        self.alerts.push_back(alert);
        self.let_go +=
            let_go(&mut self.alerts, |alert| alert.events.iter().map(|taken| taken.size_bytes).sum());
        Some(dedup_key)
    }

    /// Acknowledges or resolves an open alert, as a person does. Whether there was one.
    pub(crate) fn set_state(&mut self, key: &str, dedup_key: &str, state: AlertState, at_ms: u64) -> bool {
        let alert = self.remove(key, dedup_key, Alert::is_open);
        let alert = alert.map(|alert| Alert { state, changed_at_ms: at_ms, ..alert });
        let was_open = alert.is_some();
        self.alerts.extend(alert);
        was_open
    }

    fn remove(&mut self, key: &str, dedup_key: &str, and: impl Fn(&Alert) -> bool) -> Option<Alert> {
        let at = self.alerts.iter().position(|alert| alert.is_of(key, dedup_key) && and(alert))?;
        self.alerts.remove(at)
    }
}

impl Alert {
    pub(crate) fn is_of(&self, key: &str, dedup_key: &str) -> bool {
        self.key == key && self.dedup_key == dedup_key
    }

    fn is_open(&self) -> bool {
        self.state != AlertState::Resolved
    }

    fn append(&mut self, taken: Taken) {
        match taken.api.action(&taken.event) {
            Some("trigger") => {
                self.triggers += 1;
                if !self.is_open() {
                    self.open(&taken);
                }
            }
            Some("acknowledge") => self.state = AlertState::Acknowledged,
            _ => self.state = AlertState::Resolved,
        }
        self.changed_at_ms = taken.at_ms;
        self.events.push_back(taken);
        if self.events.len() > EVENTS_PER_ALERT_MAX {
            self.events.pop_front();
            self.events_let_go += 1;
        }
    }

    fn open(&mut self, trigger: &Taken) {
        self.state = AlertState::Triggered;
        self.opened += 1;
        self.opened_at_ms = trigger.at_ms;
        self.severity = trigger.text("/payload/severity");
        self.summary =
            trigger.text("/payload/summary").or_else(|| trigger.text("/description")).unwrap_or_default();
        self.source = trigger.text("/payload/source");
    }
}

impl Taken {
    fn text(&self, pointer: &str) -> Option<String> {
        self.event.pointer(pointer)?.as_str().map(str::to_owned)
    }
}

/// Keeps a list within bounds: the first go, and how many is returned.
pub(crate) fn let_go<T>(list: &mut VecDeque<T>, size_bytes: impl Fn(&T) -> usize) -> u64 {
    let mut bytes: usize = list.iter().map(&size_bytes).sum();
    let mut gone = 0;
    while list.len() > REMEMBERED_MAX || bytes > BYTES_MAX && list.len() > 1 {
        bytes -= list.pop_front().map_or(0, |oldest| size_bytes(&oldest));
        gone += 1;
    }
    gone
}

fn masked<S: Serializer>(key: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let end = key.char_indices().nth_back(3).map_or(0, |(at, _)| at);
    serializer.collect_str(&format_args!("…{}", key.get(end..).unwrap_or_default()))
}

#[cfg(test)]
mod tests;
