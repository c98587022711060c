//! A notification and its alerts, whatever format they came in.

use super::fields::Fields;
use serde_json::{Map, Value};

/// What ARMS's own labels begin with.
pub const ARMS_PREFIX: &str = "_aliyun_arms_";

/// One notification. All of it is optional: formats give different parts.
#[derive(Debug, Default)]
pub struct Notification {
    /// `firing` or `resolved`, of the whole group.
    pub status: Option<String>,
    /// The name of the webhook contact.
    pub receiver: Option<String>,
    /// The notification policy (ARMS's `dispatchRuleName`).
    pub policy: Option<String>,
    /// Where the alert can be seen.
    pub external_url: Option<String>,
    /// Labels that all alerts share.
    pub common_labels: Map<String, Value>,
    /// Whether labels of ARMS's own are among them.
    pub common_is_arms: bool,
    /// Labels that the alerts were grouped by.
    pub group_labels: Map<String, Value>,
    /// Alertmanager's name for the group.
    pub group_key: Option<String>,
    /// ARMS's name for the group's alarm.
    pub alarm_id: Option<String>,
    /// How many alerts of the group were left out of the notification.
    pub truncated_alerts: u64,
    /// Annotations that all alerts share.
    pub common_annotations: Map<String, Value>,
    /// The alerts, in the order of the notification.
    pub alerts: Vec<Alert>,
    /// What the body says in fields of its own; for the formats without alerts, all that it says.
    pub fields: Fields,
    /// What only an event of PagerDuty's own has; there is one if the body was such an event.
    pub own: Option<Own>,
}

impl Notification {
    /// Whether it says of which group it is.
    #[must_use]
    pub fn names_group(&self) -> bool {
        [&self.group_key, &self.alarm_id, &self.receiver].iter().any(|name| name.is_some())
            || !self.group_labels.is_empty()
            || !self.common_labels.is_empty()
    }
}

/// What an event of PagerDuty's own says beside its fields.
#[derive(Debug, Default)]
pub struct Own {
    /// Whether it was an event of Events API v1, which has a place for all that it says.
    pub is_v1: bool,
    /// Who sends.
    pub client: Option<String>,
    /// Where the sender shows it.
    pub client_url: Option<String>,
    /// Links, unchecked.
    pub links: Vec<OwnLink>,
    /// Images, unchecked.
    pub images: Vec<OwnImage>,
}

/// A link as it came.
#[derive(Debug)]
pub struct OwnLink {
    /// Whatever stands there.
    pub href: String,
    /// What it leads to.
    pub text: Option<String>,
}

/// An image as it came.
#[derive(Debug)]
pub struct OwnImage {
    /// Whatever stands there.
    pub src: String,
    /// Where a click leads.
    pub href: Option<String>,
    /// What it shows.
    pub alt: Option<String>,
}

/// One alert of a notification.
#[derive(Debug, Default)]
pub struct Alert {
    /// `firing` or `resolved`.
    pub status: Option<String>,
    /// ARMS's and Alertmanager's name for the label set.
    pub fingerprint: Option<String>,
    /// What the alert is about.
    pub labels: Map<String, Value>,
    /// What is told about it.
    pub annotations: Map<String, Value>,
    /// Since when it fires, as it came.
    pub starts_at: Option<String>,
    /// When it ended, or will have ended if nothing is heard: ARMS fills it while an alert fires.
    pub ends_at: Option<String>,
    /// The rule's page.
    pub generator_url: Option<String>,
}
