//! The three Events APIs, and the words each has for the same thing.

use serde::Serialize;
use serde_json::Value;

/// One of PagerDuty's Events APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// Alert events of Events API v2.
    V2,
    /// Change events of Events API v2.
    Change,
    /// Events API v1, the generic one.
    V1,
}

impl Api {
    /// The API at a path.
    pub fn at(path: &str) -> Option<Self> {
        match path {
            "/v2/enqueue" => Some(Self::V2),
            "/v2/change/enqueue" => Some(Self::Change),
            "/generic/2010-04-15/create_event.json" => Some(Self::V1),
            _ => None,
        }
    }

    /// The name of the integration key's field.
    pub const fn key_field(self) -> &'static str {
        match self {
            Self::V2 | Self::Change => "routing_key",
            Self::V1 => "service_key",
        }
    }

    /// The names of the dedup key's field, in events and in answers, and of the action's; change events have neither.
    pub(crate) const fn alert_fields(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::V2 => Some(("dedup_key", "event_action")),
            Self::Change => None,
            Self::V1 => Some(("incident_key", "event_type")),
        }
    }

    /// The integration key in an event.
    pub fn key(self, event: &Value) -> Option<&str> {
        event.get(self.key_field())?.as_str()
    }

    /// The dedup key (v1: incident key) in an event; a blank one counts as none.
    pub fn dedup_key(self, event: &Value) -> Option<&str> {
        event.get(self.alert_fields()?.0)?.as_str().filter(|key| !key.trim().is_empty())
    }

    /// `trigger`, `acknowledge`, `resolve` or whatever else was sent; change events have none.
    pub fn action(self, event: &Value) -> Option<&str> {
        event.get(self.alert_fields()?.1)?.as_str()
    }
}
