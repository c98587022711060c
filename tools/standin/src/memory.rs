//! The alerts and change events that were accepted, newest first, within bounds.

mod alert;

use std::collections::VecDeque;

use serde_json::Value;

use crate::Api;

pub use alert::{Alert, AlertState, Change, Taken};

/// Alerts remembered; then the one that has been quiet longest is let go. Change events likewise.
pub const ALERTS_MAX: usize = 1_000;
/// Events remembered of one alert, the latest.
pub const EVENTS_PER_ALERT_MAX: usize = 20;
/// All remembered events together, as they were sent. The quietest alerts go first; one always stays.
pub const EVENTS_MAX_BYTES: usize = 64 << 20;

/// What PagerDuty would know by now.
#[derive(Debug, Default)]
pub struct Memory {
    alerts: VecDeque<Alert>,
    changes: VecDeque<Change>,
    bytes: usize,
    made_up_keys: u64,
    /// Alerts let go to stay within bounds.
    pub alerts_let_go: u64,
    /// Change events let go to stay within bounds.
    pub changes_let_go: u64,
    /// Acknowledges and resolves that met no open alert: accepted and dropped.
    pub without_alert: u64,
}

impl Memory {
    /// Takes an event that has passed the rules; `size_bytes` is its body's. Returns the dedup key for the answer.
    pub fn take(&mut self, api: Api, event: &Value, size_bytes: usize, at_ms: u64) -> Option<String> {
        let key = api.key(event).unwrap_or_default().to_owned();
        let mut kept = event.clone();
        if let Some(fields) = kept.as_object_mut() {
            fields.remove(api.key_field());
        }
        let taken = Taken { at_ms, api, event: kept, size_bytes };
        let dedup_key = if api == Api::Change {
            self.bytes += size_bytes;
            let (summary, source) =
                (text(event, "/payload/summary").unwrap_or_default(), text(event, "/payload/source"));
            self.changes.push_front(Change { key, summary, source, taken });
            None
        } else {
            let dedup_key = api.dedup_key(event).map_or_else(|| self.make_up_key(), str::to_owned);
            let state = match api.action(event) {
                Some("trigger") => None,
                Some("acknowledge") => Some(AlertState::Acknowledged),
                _ => Some(AlertState::Resolved),
            };
            match state {
                None => self.trigger(key, &dedup_key, taken),
                Some(state) => self.follow_up(&key, &dedup_key, state, taken),
            }
            Some(dedup_key)
        };
        self.keep_within_bounds();
        dedup_key
    }

    /// The alerts, the one with the latest event first.
    #[must_use]
    pub fn alerts(&self) -> Vec<Alert> {
        self.alerts.iter().cloned().collect()
    }

    /// The same, without a copy of each.
    pub fn iter(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.iter()
    }

    /// The alert of one integration key and dedup key.
    #[must_use]
    pub fn alert(&self, key: &str, dedup_key: &str) -> Option<&Alert> {
        self.alerts.iter().find(|alert| alert.key == key && alert.dedup_key == dedup_key)
    }

    /// The change events, newest first.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.changes.iter().cloned().collect()
    }

    /// Acknowledges or resolves an open alert, as a person does. Whether there was one.
    pub fn set_state(&mut self, key: &str, dedup_key: &str, state: AlertState, at_ms: u64) -> bool {
        let Some(mut alert) = self.remove_open(key, dedup_key) else {
            return false;
        };
        alert.state = state;
        alert.changed_at_ms = at_ms;
        self.alerts.push_front(alert);
        true
    }

    /// Forgets everything but the keys it has made up.
    pub fn clear(&mut self) {
        *self = Self { made_up_keys: self.made_up_keys, ..Self::default() };
    }

    fn trigger(&mut self, key: String, dedup_key: &str, taken: Taken) {
        let at = self.alerts.iter().position(|alert| alert.key == key && alert.dedup_key == dedup_key);
        let mut alert = at.and_then(|at| self.alerts.remove(at)).unwrap_or_else(|| Alert {
            key,
            dedup_key: dedup_key.to_owned(),
            state: AlertState::Resolved,
            opened: 0,
            triggers: 0,
            severity: None,
            summary: String::new(),
            source: None,
            opened_at_ms: taken.at_ms,
            changed_at_ms: taken.at_ms,
            events: VecDeque::new(),
            events_let_go: 0,
        });
        alert.triggers += 1;
        if alert.state == AlertState::Resolved {
            alert.state = AlertState::Triggered;
            alert.opened += 1;
            alert.opened_at_ms = taken.at_ms;
            let event = &taken.event;
            alert.severity = text(event, "/payload/severity");
            alert.summary =
                text(event, "/payload/summary").or_else(|| text(event, "/description")).unwrap_or_default();
            alert.source = text(event, "/payload/source");
        }
        self.append(alert, taken);
    }

    fn follow_up(&mut self, key: &str, dedup_key: &str, state: AlertState, taken: Taken) {
        match self.remove_open(key, dedup_key) {
            Some(mut alert) => {
                alert.state = state;
                self.append(alert, taken);
            }
            None => self.without_alert += 1,
        }
    }

    fn remove_open(&mut self, key: &str, dedup_key: &str) -> Option<Alert> {
        let is_it = |a: &Alert| a.key == key && a.dedup_key == dedup_key && a.state != AlertState::Resolved;
        self.alerts.iter().position(is_it).and_then(|at| self.alerts.remove(at))
    }

    fn append(&mut self, mut alert: Alert, taken: Taken) {
        self.bytes += taken.size_bytes;
        alert.changed_at_ms = taken.at_ms;
        alert.events.push_back(taken);
        if alert.events.len() > EVENTS_PER_ALERT_MAX
            && let Some(oldest) = alert.events.pop_front()
        {
            self.bytes -= oldest.size_bytes;
            alert.events_let_go += 1;
        }
        self.alerts.push_front(alert);
    }

    fn keep_within_bounds(&mut self) {
        while self.changes.len() > ALERTS_MAX || self.bytes > EVENTS_MAX_BYTES && self.changes.len() > 1 {
            let Some(change) = self.changes.pop_back() else {
                break;
            };
            self.bytes -= change.taken.size_bytes;
            self.changes_let_go += 1;
        }
        while self.alerts.len() > ALERTS_MAX || self.bytes > EVENTS_MAX_BYTES && self.alerts.len() > 1 {
            let Some(alert) = self.alerts.pop_back() else {
                break;
            };
            self.bytes -= alert.events.iter().map(|taken| taken.size_bytes).sum::<usize>();
            self.alerts_let_go += 1;
        }
    }

    /// PagerDuty makes up 32 hexadecimal digits; these count up, so that a test can tell them apart.
    fn make_up_key(&mut self) -> String {
        self.made_up_keys += 1;
        format!("{:032x}", self.made_up_keys)
    }
}

fn text(event: &Value, pointer: &str) -> Option<String> {
    event.pointer(pointer)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;
