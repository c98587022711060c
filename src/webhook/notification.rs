//! A notification and its alerts, the common form of all formats.

use super::fields::Fields;
use super::origin::Origin;
use serde_json::{Map, Value};

/// The prefix of ARMS's own labels.
pub const ARMS_PREFIX: &str = "_aliyun_arms_";

/// One notification. Every part is optional, for no format gives them all.
#[derive(Debug, Default)]
pub struct Notification {
    /// The sender.
    pub origin: Origin,
    /// Whether it is of a format that tells of groups of alerts.
    pub is_group: bool,
    /// `firing` or `resolved`, of the whole group.
    pub status: Option<String>,
    /// The name of the webhook contact.
    pub receiver: Option<String>,
    /// The notification policy (ARMS's `dispatchRuleName`).
    pub policy: Option<String>,
    /// The page that shows the alert.
    pub external_url: Option<String>,
    /// Labels that all alerts share.
    pub common_labels: Map<String, Value>,
    /// Whether ARMS's own labels are among them.
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
    /// Fields that the template or the format names; everything there is, for formats without a list of
    /// alerts.
    pub fields: Fields,
    /// Members that this format has no use for, for the details.
    pub unread: Map<String, Value>,
}

impl Notification {
    /// A notification of these alerts alone.
    #[must_use]
    pub fn of(alerts: Vec<Alert>) -> Self {
        Self { alerts, ..Self::default() }
    }
}

/// One alert of a notification.
#[derive(Debug, Default)]
pub struct Alert {
    /// The sender, if it is not that of the notification.
    pub origin: Option<Origin>,
    /// `firing` or `resolved`.
    pub status: Option<String>,
    /// ARMS's and Alertmanager's name for the label set.
    pub fingerprint: Option<String>,
    /// Names and values by which the source identifies the alert, if it has a rule of its own. An alert for
    /// which the rule finds nothing is one of a kind.
    pub identity: Option<Vec<(String, String)>>,
    /// What the alert is about.
    pub labels: Map<String, Value>,
    /// Text about it.
    pub annotations: Map<String, Value>,
    /// Since when it fires, as it came.
    pub starts_at: Option<String>,
    /// When it ended. ARMS fills this while an alert still fires, with the time at which it would end
    /// without further notice.
    pub ends_at: Option<String>,
    /// The rule's page.
    pub generator_url: Option<String>,
    /// The page that shows the alert.
    pub page: Option<String>,
    /// Further pages: what they show, and their URLs.
    pub links: Vec<(&'static str, String)>,
    /// URLs of images.
    pub images: Vec<String>,
    /// Fields that the source names itself.
    pub fields: Fields,
    /// What is affected, if nothing else says so.
    pub fallback_source: Option<String>,
    /// All other members, for the details.
    pub unread: Map<String, Value>,
}
