//! CloudWatch's embedded metric format: which members of a log line are metrics (AWS, "Specification:
//! Embedded metric format").
//!
//! The members are in the lines on every host; on Lambda a line also tells CloudWatch to count them.

use serde::Serialize;
use std::time::{Duration, SystemTime};

/// The namespace of the metrics in CloudWatch.
pub(super) const NAMESPACE: &str = "arms-pagerduty";

/// What CloudWatch counts in a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Directive {
    /// Members by whose values the counts are kept apart.
    dimensions: &'static [&'static str],
    /// Members that are counted, with their units.
    metrics: &'static [(&'static str, Unit)],
}

/// CloudWatch's name of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Unit {
    Count,
    Milliseconds,
}

/// A webhook was answered.
pub(super) const REQUEST: &[Directive] = &[Directive {
    dimensions: &["function"],
    metrics: &[
        ("webhooks", Unit::Count),
        ("webhooks_refused", Unit::Count),
        ("milliseconds", Unit::Milliseconds),
    ],
}];

/// An event was sent or given up. The dimensions keep its time apart from that of a request.
pub(super) const EVENT: &[Directive] = &[
    Directive { dimensions: &["function", "action", "severity"], metrics: &[("events", Unit::Count)] },
    Directive {
        dimensions: &["function", "answer"],
        metrics: &[("answers", Unit::Count), ("milliseconds", Unit::Milliseconds)],
    },
    Directive { dimensions: &["function"], metrics: &[("retries", Unit::Count)] },
];

/// PagerDuty does not have an event.
pub(super) const UNDELIVERED: &[Directive] = &[Directive {
    dimensions: &["function"],
    metrics: &[("undelivered", Unit::Count), ("refused", Unit::Count)],
}];

/// The queue did not take events.
pub(super) const UNSTORED: &[Directive] =
    &[Directive { dimensions: &["function"], metrics: &[("unstored", Unit::Count)] }];

/// A message of the queue was tried in vain and stays there.
pub(super) const POSTPONED: &[Directive] = &[
    Directive { dimensions: &["function", "answer"], metrics: &[("answers", Unit::Count)] },
    Directive { dimensions: &["function"], metrics: &[("retries", Unit::Count)] },
];

/// The member `_aws` of a line.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Embedded {
    timestamp: u64,
    cloud_watch_metrics: Vec<Written>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Written {
    namespace: &'static str,
    dimensions: [&'static [&'static str]; 1],
    metrics: Vec<Metric>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: Unit,
}

impl Embedded {
    pub(super) fn new(directives: &'static [Directive], now: SystemTime) -> Self {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let write = |directive: &Directive| Written {
            namespace: NAMESPACE,
            dimensions: [directive.dimensions],
            metrics: directive.metrics.iter().map(|(name, unit)| Metric { name, unit: *unit }).collect(),
        };
        Self { timestamp: milliseconds(since), cloud_watch_metrics: directives.iter().map(write).collect() }
    }
}

/// A duration in milliseconds, as log lines give it.
#[must_use]
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
