//! PagerDuty's three event APIs: where they are and how they answer.

/// One of PagerDuty's event APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Api {
    /// Events API v2, alert events.
    V2,
    /// Events API v2, change events.
    Change,
    /// Events API v1.
    V1,
}

impl Api {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::V2, Self::Change, Self::V1];

    /// Where events are posted to, relative to the events URL.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::V2 => "v2/enqueue",
            Self::Change => "v2/change/enqueue",
            Self::V1 => "generic/2010-04-15/create_event.json",
        }
    }

    /// The field of an event that holds the integration key.
    #[must_use]
    pub fn key_field(self) -> &'static str {
        match self {
            Self::V2 | Self::Change => "routing_key",
            Self::V1 => "service_key",
        }
    }

    /// The status with which PagerDuty accepts an event.
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

    /// Whether this status means that there are too many events.
    #[must_use]
    pub fn is_rate_limit(self, status: u16) -> bool {
        match self {
            Self::V2 | Self::Change => status == 429,
            Self::V1 => status == 403,
        }
    }
}
