//! One event in PagerDuty's terms.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// Most characters of a summary (PagerDuty, "Events API v2 overview": `payload.summary`).
pub const SUMMARY_MAX_CHARS: usize = 1024;
/// Most characters of a dedup key (PagerDuty, "Events API v2 overview": `dedup_key`).
pub const DEDUP_KEY_MAX_CHARS: usize = 255;

/// An event for PagerDuty.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Opens an alert, or is appended to the open one.
    Trigger,
    /// Says that somebody works on it.
    Acknowledge,
    /// Closes the alert.
    Resolve,
}

/// PagerDuty's four severities, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// The fields of the Common Event Format (PD-CEF), and what goes beside them.
#[derive(Debug, Clone, Default)]
pub struct Payload {
    /// At most [`SUMMARY_MAX_CHARS`] once the event has been made to fit; blank only in an acknowledge or a
    /// resolve.
    pub summary: String,
    /// What is affected; blank only where PagerDuty does not require it.
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
    /// Whether an acknowledge and a resolve of Events API v2 carry the payload too. They need no more than
    /// their key, but one of PagerDuty's own may have come with one.
    pub is_on_follow_ups: bool,
    /// The sender.
    pub client: Option<String>,
    /// The page where the sender shows the alert.
    pub client_url: Option<String>,
    /// Further pages.
    pub links: Vec<Link>,
    /// Pictures.
    pub images: Vec<Image>,
}

/// A link of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// An http or https URL.
    pub href: String,
    /// What it leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A picture of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Image {
    /// An https URL.
    pub src: String,
    /// The page that a click on it opens, an http or https URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// What it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alt: Option<String>,
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
    /// All severities, the gravest first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::Error, Self::Warning, Self::Info];

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

impl Default for Severity {
    /// The severity of an event that nothing else decides.
    fn default() -> Self {
        Self::Error
    }
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl Serialize for Severity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// How soon an event must be sent; the smallest goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency(u8, Severity);

impl Urgency {
    /// The gravest triggers come first and resolves last: what matters most is sent before time runs
    /// out.
    #[must_use]
    pub fn of(action: Action, severity: Severity) -> Self {
        match action {
            Action::Trigger => Self(0, severity),
            Action::Acknowledge => Self(1, Severity::Info),
            Action::Resolve => Self(2, Severity::Info),
        }
    }
}

impl Event {
    /// How soon it must be sent.
    #[must_use]
    pub fn urgency(&self) -> Urgency {
        Urgency::of(self.action, self.payload.severity)
    }
}

impl Payload {
    /// The source of an alert that names none.
    pub const DEFAULT_SOURCE: &'static str = "ARMS";
    /// What PagerDuty shows as the sender of ARMS's alerts.
    pub const DEFAULT_CLIENT: &'static str = "Alibaba Cloud ARMS";

    /// A payload with ARMS as its source and sender and nothing else.
    #[must_use]
    pub fn new(summary: String, severity: Severity) -> Self {
        Self {
            summary,
            source: Self::DEFAULT_SOURCE.to_owned(),
            severity,
            client: Some(Self::DEFAULT_CLIENT.to_owned()),
            ..Self::default()
        }
    }

    /// Copies what only Events API v2 has fields for into the details, where the other APIs show it.
    pub fn show_in_details(&mut self) {
        let texts = [
            ("source", Some(&self.source)),
            ("component", self.component.as_ref()),
            ("group", self.group.as_ref()),
            ("class", self.class.as_ref()),
        ];
        for (name, text) in texts {
            if let Some(text) = text
                && !text.is_empty()
            {
                self.custom_details.entry(name).or_insert_with(|| Value::String(text.clone()));
            }
        }
        let severity = self.severity.word();
        self.custom_details.entry("severity").or_insert_with(|| Value::String(severity.to_owned()));
    }
}
