//! The pure core alone: a notification of 100 alerts, from its body to the events' bodies.

use crate::report::{Report, median, megabytes, milliseconds, p90};
use crate::{Fault, notification};
use arms_pagerduty::convert::{self, Context, EventPer};
use arms_pagerduty::event::{Api, Parcel, Severity};
use arms_pagerduty::secret::{IntegrationKey, Mask};
use arms_pagerduty::webhook::{self, Content};
use std::hint::black_box;
use std::time::{Instant, SystemTime};

const ALERTS: usize = 100;
const MAX_MS: f64 = 2.0;
const RUNS: usize = 400;

/// Times it on one thread that never waits: its time is its CPU time, and the median leaves out where it was interrupted.
pub(crate) fn measure(report: &mut Report) -> Result<(), Fault> {
    let body = notification::body(ALERTS, 0)?;
    let key = IntegrationKey::parse("0123456789abcdef0123456789abcdef")
        .map_err(|fault| format!("the key: {fault:?}"))?;
    let mask = Mask::new([&key], []);
    let mut took = Vec::new();
    for _ in 0..RUNS {
        let started = Instant::now();
        let bytes = black_box(relay(&body, &key, &mask));
        took.push(milliseconds(started.elapsed()));
        if bytes? < body.len() {
            return Err("the events are smaller than their notification".into());
        }
    }
    println!(
        "\n{ALERTS} alerts, {:.2} MB: parsed, converted and written in {:.2} ms (p90 {:.2})",
        megabytes(body.len().try_into()?),
        median(&took),
        p90(&took)
    );
    report.limited("100 alerts parsed, converted and written", median(&took), MAX_MS, "ms");
    Ok(())
}

/// As the handler does it; how many bytes there are to send.
fn relay(body: &str, key: &IntegrationKey, mask: &Mask) -> Result<usize, Fault> {
    let Content::Notification(notification) = webhook::read(black_box(body), "application/json").content
    else {
        return Err("not a notification".into());
    };
    let context = Context {
        now: SystemTime::now(),
        request_id: "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        api: Api::V2,
        severities: &[],
        default_severity: Severity::Error,
        event_per: EventPer::Alert,
    };
    let events = convert::convert(*notification, &context)?.events;
    if events.len() != ALERTS {
        return Err(format!("{} events of {ALERTS} alerts", events.len()).into());
    }
    let written = events.into_iter().map(|mut event| {
        event.scrub(mask);
        event.fit(Api::V2);
        black_box(Parcel::new(event, Api::V2, key.clone()).body()).len()
    });
    Ok(written.sum())
}
