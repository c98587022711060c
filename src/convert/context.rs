//! What events depend on besides the notification.

use crate::event::{Api, Severity};
use std::time::SystemTime;

/// The most alerts that become an event each: PagerDuty takes about 120 events a minute for one key
/// (PagerDuty, "Events API v2 overview": rate limits). More become one event.
pub const EVENTS_MAX: usize = 100;

/// For what an event is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventPer {
    /// An alert.
    Alert,
    /// A notification with all its alerts.
    Group,
}

/// The request and the settings, as far as events depend on them.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The time of the request.
    pub now: SystemTime,
    /// The host's id of the request, which stays the same when the platform sends it again.
    pub request_id: &'a str,
    /// The API that takes the events.
    pub api: Api,
    /// `SEVERITIES`: the user's own words, in lower case.
    pub severities: &'a [(String, Severity)],
    /// `DEFAULT_SEVERITY`.
    pub default_severity: Severity,
    /// `EVENT_PER`.
    pub event_per: EventPer,
}
