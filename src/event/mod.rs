//! What PagerDuty takes: one [`Event`] in its terms, and a writer for each of its APIs.

mod change;
mod size;
mod v1;
mod v2;

use crate::secret::{IntegrationKey, Mask, is_secret_name};
use serde::Serialize;
use serde_json::{Map, Value};

/// Most characters of a summary (PagerDuty, "Events API v2 overview": `payload.summary`).
pub const SUMMARY_MAX_CHARS: usize = 1024;
/// Most characters of a dedup key (PagerDuty, "Events API v2 overview": `dedup_key`).
pub const DEDUP_KEY_MAX_CHARS: usize = 255;
/// Most bytes of an event as it is written (PagerDuty, "Events API v2 overview": 512 KB; taken as the
/// smaller of the two readings).
pub const BODY_MAX_BYTES: usize = 512_000;
/// Most links of a change event (PagerDuty, "Send a change event").
const CHANGE_LINKS_MAX: usize = 50;
/// What PagerDuty shows as the sender.
const CLIENT: &str = "Alibaba Cloud ARMS";

/// One of PagerDuty's event APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// Events API v2, alert events.
    V2,
    /// Events API v2, change events.
    Change,
    /// Events API v1.
    V1,
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
    /// Who sends, if not ARMS.
    pub client: Option<String>,
    /// Where the alert can be seen.
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
    /// Where a click on it leads, an http or https URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// What it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alt: Option<String>,
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
            Self::Change => "v2/change/enqueue",
            Self::V1 => "generic/2010-04-15/create_event.json",
        }
    }

    /// The status with which PagerDuty says that it has accepted an event.
    #[must_use]
    pub fn accepted(self) -> u16 {
        match self {
            Self::V2 | Self::Change => 202,
            Self::V1 => 200,
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
            Self::V2 | Self::Change => status == 429,
            Self::V1 => status == 403,
        }
    }
}

impl Payload {
    /// The source of an alert that names none.
    pub const DEFAULT_SOURCE: &'static str = "ARMS";

    /// A payload of nothing else.
    #[must_use]
    pub fn new(summary: String, severity: Severity) -> Self {
        Self {
            summary,
            source: Self::DEFAULT_SOURCE.to_owned(),
            severity,
            timestamp: None,
            component: None,
            group: None,
            class: None,
            custom_details: Map::new(),
            client: None,
            client_url: None,
            links: Vec::new(),
            images: Vec::new(),
        }
    }

    /// Puts what only Events API v2 has fields for into the details, where the others show it.
    pub fn tell_in_details(&mut self) {
        let texts = [
            ("source", Some(&self.source)),
            ("component", self.component.as_ref()),
            ("group", self.group.as_ref()),
            ("class", self.class.as_ref()),
        ];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, Value::String(text?.clone()))));
        let severity = Value::String(self.severity.word().to_owned());
        for (name, value) in texts.chain([("severity", severity)]) {
            self.custom_details.entry(name).or_insert(value);
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
            Api::Change => to_json(&change::Body::new(self, key)),
            Api::V1 => to_json(&v1::Body::new(self, key)),
        }
    }

    /// How many bytes [`Self::write`] makes without a key.
    fn written_bytes(&self, api: Api) -> usize {
        match api {
            Api::V2 => size::of(&v2::Body::new(self, None)),
            Api::Change => size::of(&change::Body::new(self, None)),
            Api::V1 => size::of(&v1::Body::new(self, None)),
        }
    }

    /// Makes the event fit [`BODY_MAX_BYTES`]: the least useful goes first, and what was left out is
    /// said in counts. Action, identity, severity and summary stay.
    pub fn fit(&mut self, api: Api) {
        size::fit(self, api);
    }
}

/// Bounds what all alerts of a notification share, and each event would repeat.
pub fn bound_shared(shared: &mut Map<String, Value>) {
    size::bound(shared);
}

/// JSON of what cannot fail to be written: strings, maps with string keys and finite numbers.
fn to_json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_default()
}

/// Drops secret fields at every depth and masks secrets in names and texts.
#[must_use]
pub fn clean(details: Map<String, Value>, mask: &Mask) -> Map<String, Value> {
    let kept = details.into_iter().filter(|(name, _)| !is_secret_name(name));
    kept.map(|(mut name, mut value)| {
        mask.apply(&mut name);
        clean_value(&mut value, mask);
        (name, value)
    })
    .collect()
}

/// The same for one value.
pub fn clean_value(value: &mut Value, mask: &Mask) {
    match value {
        Value::String(text) => mask.apply(text),
        Value::Array(items) => {
            for item in items {
                clean_value(item, mask);
            }
        }
        Value::Object(object) => *object = clean(std::mem::take(object), mask),
        // A token of digits alone, in a template that leaves out the quotes.
        Value::Number(number) => {
            let text = number.to_string();
            let shown = mask.hide(text.clone());
            if shown != text {
                *value = Value::String(shown);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}
