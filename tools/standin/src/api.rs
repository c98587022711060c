//! The three Events APIs, and the words each has for the same thing.

use serde::Serialize;
use serde_json::Value;

/// One of PagerDuty's Events APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
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
    /// Every API.
    pub const ALL: [Self; 3] = [Self::V2, Self::Change, Self::V1];

    /// The path it is served at, on every PagerDuty host.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::V2 => "/v2/enqueue",
            Self::Change => "/v2/change/enqueue",
            Self::V1 => "/generic/2010-04-15/create_event.json",
        }
    }

    /// The API at a path.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|api| api.path() == path)
    }

    /// The integration key in an event.
    #[must_use]
    pub fn key(self, event: &Value) -> Option<&str> {
        text(event, self.key_field())
    }

    /// The dedup key (v1: incident key) in an event; a blank one counts as none.
    #[must_use]
    pub fn dedup_key(self, event: &Value) -> Option<&str> {
        text(event, self.dedup_field()?).filter(|key| !key.trim().is_empty())
    }

    /// `trigger`, `acknowledge`, `resolve` or whatever else stands there; change events have none.
    #[must_use]
    pub fn action(self, event: &Value) -> Option<&str> {
        match self {
            Self::V2 => text(event, "event_action"),
            Self::Change => None,
            Self::V1 => text(event, "event_type"),
        }
    }

    /// The name of the integration key's field.
    #[must_use]
    pub const fn key_field(self) -> &'static str {
        match self {
            Self::V2 | Self::Change => "routing_key",
            Self::V1 => "service_key",
        }
    }

    /// The name of the dedup key's field, in events and in answers; change events have none.
    #[must_use]
    pub const fn dedup_field(self) -> Option<&'static str> {
        match self {
            Self::V2 => Some("dedup_key"),
            Self::Change => None,
            Self::V1 => Some("incident_key"),
        }
    }
}

fn text<'a>(event: &'a Value, field: &str) -> Option<&'a str> {
    event.get(field)?.as_str()
}
