//! What PagerDuty takes: one [`Event`] in its terms, and a writer for each of its APIs.

mod v2;

use crate::secret::{IntegrationKey, Mask};
use serde::Serialize;
use serde_json::{Map, Value};

/// Most characters of a summary (PagerDuty, "Events API v2 overview": `payload.summary`).
pub const SUMMARY_MAX_CHARS: usize = 1024;
/// Most characters of a dedup key (PagerDuty, "Events API v2 overview": `dedup_key`).
pub const DEDUP_KEY_MAX_CHARS: usize = 255;
/// What PagerDuty shows as the sender.
const CLIENT: &str = "Alibaba Cloud ARMS";

/// One of PagerDuty's event APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// Events API v2, alert events.
    V2,
}

/// Something that PagerDuty is told.
#[derive(Debug, Clone)]
pub struct Event {
    /// What it does to the alert.
    pub action: Action,
    /// Which alert; at most [`DEDUP_KEY_MAX_CHARS`], never empty.
    pub dedup_key: String,
    /// What PagerDuty shows.
    pub payload: Payload,
}

/// PagerDuty's `event_action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Opens an alert, or is appended to the open one.
    Trigger,
    /// Somebody works on it.
    Acknowledge,
    /// Closes the alert.
    Resolve,
}

/// PagerDuty's four severities, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// `critical`
    Critical,
    /// `error`
    Error,
    /// `warning`
    Warning,
    /// `info`
    Info,
}

/// The fields of the Common Event Format (PD-CEF), and what stands beside them.
#[derive(Debug, Clone)]
pub struct Payload {
    /// At most [`SUMMARY_MAX_CHARS`], never blank.
    pub summary: String,
    /// What is affected; never blank.
    pub source: String,
    /// How badly.
    pub severity: Severity,
    /// Since when, as `YYYY-MM-DDTHH:MM:SS.mmmZ`.
    pub timestamp: Option<String>,
    /// The part of the source.
    pub component: Option<String>,
    /// What the source belongs to.
    pub group: Option<String>,
    /// The kind of event.
    pub class: Option<String>,
    /// Everything else, nested as it came.
    pub custom_details: Map<String, Value>,
    /// Where the alert can be seen.
    pub client_url: Option<String>,
    /// Further pages.
    pub links: Vec<Link>,
}

/// A link of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// An http or https URL.
    pub href: String,
    /// What it leads to.
    pub text: &'static str,
}

impl Severity {
    /// PagerDuty's own words.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("critical", Self::Critical),
        ("error", Self::Error),
        ("warning", Self::Warning),
        ("info", Self::Info),
    ];
}

impl Action {
    /// PagerDuty's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Acknowledge => "acknowledge",
            Self::Resolve => "resolve",
        }
    }
}

impl Severity {
    /// PagerDuty's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl Api {
    /// Where events are posted to, behind the events URL.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::V2 => "v2/enqueue",
        }
    }

    /// The status with which PagerDuty says that it has accepted an event.
    #[must_use]
    pub fn accepted(self) -> u16 {
        match self {
            Self::V2 => 202,
        }
    }

    /// Whether PagerDuty says with this status that the same event may be sent again
    /// (PagerDuty's OpenAPI files, "API Response Codes & Retry Logic").
    #[must_use]
    pub fn may_be_retried(self, status: u16) -> bool {
        self.is_rate_limit(status) || (500..=599).contains(&status)
    }

    /// Whether this status says that there are too many events.
    #[must_use]
    pub fn is_rate_limit(self, status: u16) -> bool {
        match self {
            Self::V2 => status == 429,
        }
    }
}

impl Event {
    /// The gravest triggers first, resolves last: what matters most is sent before time runs out.
    #[must_use]
    pub fn urgency(&self) -> (u8, Severity) {
        match self.action {
            Action::Trigger => (0, self.payload.severity),
            Action::Acknowledge => (1, Severity::Info),
            Action::Resolve => (2, Severity::Info),
        }
    }

    /// The event as JSON for `api`; without a key it is fit for a log.
    #[must_use]
    pub fn write(&self, api: Api, key: Option<&IntegrationKey>) -> Vec<u8> {
        match api {
            Api::V2 => to_json(&v2::Body::new(self, key)),
        }
    }
}

/// JSON of what cannot fail to be written: strings, maps with string keys and finite numbers.
fn to_json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_default()
}

/// Names under which secrets travel: no such field is copied into an event.
const SECRET_NAMES: [&str; 9] = [
    "integration_key",
    "routing_key",
    "service_key",
    "x-integration-key",
    "pagerduty_integration_key",
    "token",
    "x-webhook-token",
    "webhook_token",
    "signature",
];

/// Drops secret fields at every depth and masks secrets in names and texts.
#[must_use]
pub fn clean(details: Map<String, Value>, mask: &Mask) -> Map<String, Value> {
    let kept = details
        .into_iter()
        .filter(|(name, _)| !SECRET_NAMES.iter().any(|secret| secret.eq_ignore_ascii_case(name.trim())));
    kept.map(|(mut name, mut value)| {
        mask.apply(&mut name);
        clean_value(&mut value, mask);
        (name, value)
    })
    .collect()
}

fn clean_value(value: &mut Value, mask: &Mask) {
    match value {
        Value::String(text) => mask.apply(text),
        Value::Array(items) => {
            for item in items {
                clean_value(item, mask);
            }
        }
        Value::Object(object) => *object = clean(std::mem::take(object), mask),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
