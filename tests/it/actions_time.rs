//! A recovery time says that an alert is over only if it is a time that may have passed: rows that depend on
//! the clock.

use crate::bridge::{Bridge, KEY};
use std::time::{Duration, SystemTime};
use time::{OffsetDateTime, UtcOffset};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// A time in a notation that one of the formats has.
fn written(at: SystemTime, notation: &str) -> String {
    let utc = OffsetDateTime::from(at);
    let beijing = utc.to_offset(UtcOffset::from_hms(8, 0, 0).expect("an offset"));
    let local = if notation == "UTC" { utc } else { beijing };
    let (year, month, day) = (local.year(), u8::from(local.month()), local.day());
    let (hour, minute, second) = local.to_hms();
    let clock = format!("{hour:02}:{minute:02}:{second:02}");
    match notation {
        "UTC" => format!("{year}-{month:02}-{day:02}T{clock}Z"),
        "Beijing" => format!("{year}-{month:02}-{day:02}T{clock}+08:00"),
        "Beijing without a colon" => format!("{year}-{month:02}-{day:02}T{clock}+0800"),
        "no zone" => format!("{year}-{month:02}-{day:02} {clock}"),
        "seconds" => utc.unix_timestamp().to_string(),
        "milliseconds" => (utc.unix_timestamp() * 1_000).to_string(),
        other => panic!("no notation {other}"),
    }
}

const NOTATIONS: [&str; 6] =
    ["UTC", "Beijing", "Beijing without a colon", "no zone", "seconds", "milliseconds"];

/// Each of these times in each notation, under each name, as JSON and as lines, alone and beside the time of
/// the alert.
#[tokio::test]
async fn a_recovery_time_means_resolved_up_to_one_hour_ahead() {
    let bridge = Bridge::start().await;
    let now = SystemTime::now();
    let mut problems = Vec::new();
    for (reported, at, action) in [
        ("a year ago", now - 365 * DAY, "resolve"),
        ("a day ago", now - DAY, "resolve"),
        ("a minute ago", now - MINUTE, "resolve"),
        ("now", now, "resolve"),
        ("half an hour ahead", now + 30 * MINUTE, "resolve"),
        ("55 minutes ahead", now + 55 * MINUTE, "resolve"),
        ("65 minutes ahead", now + 65 * MINUTE, "trigger"),
        ("two hours ahead", now + 2 * HOUR, "trigger"),
        ("7 hours ahead", now + 7 * HOUR, "trigger"),
        ("a day ahead", now + DAY, "trigger"),
        ("a month ahead", now + 30 * DAY, "trigger"),
    ] {
        for notation in NOTATIONS {
            let time = written(at, notation);
            for (name, time_name) in [
                ("告警名称", "恢复时间"),
                ("Alert name", "Time resolved"),
                ("Alert name", "Time when the alert is resolved"),
            ] {
                for body in [
                    format!(r#"{{"integration_key":"{KEY}","{name}":"P","{time_name}":"{time}"}}"#),
                    format!(
                        r#"{{"integration_key":"{KEY}","{name}":"P","Alert time":"2025-03-14 10:31:07","{time_name}":"{time}"}}"#
                    ),
                    format!("integration_key={KEY}\n{name}: P\n{time_name}: {time}"),
                ] {
                    bridge.post("/", "text/plain", &body).await;
                    let actions: Vec<String> = bridge
                        .take_events()
                        .iter()
                        .map(|event| event["event_action"].as_str().unwrap_or_default().to_owned())
                        .collect();
                    if actions != [action] {
                        problems.push(format!(
                            "{actions:?} instead of {action} for {reported}, {notation}: {body}"
                        ));
                    }
                }
            }
        }
    }
    assert!(problems.is_empty(), "{} wrong:\n{}", problems.len(), problems.join("\n"));
}

/// A status decides, whatever the recovery time says.
#[tokio::test]
async fn a_status_comes_before_a_recovery_time() {
    let bridge = Bridge::start().await;
    let now = SystemTime::now();
    for (at, status, action) in [
        (now - HOUR, "firing", "trigger"),
        (now - HOUR, "告警", "trigger"),
        (now + DAY, "resolved", "resolve"),
        (now + DAY, "恢复通知", "resolve"),
    ] {
        let time = written(at, "no zone");
        for body in [
            format!(
                r#"{{"integration_key":"{KEY}","告警名称":"P","status":"{status}","恢复时间":"{time}"}}"#
            ),
            format!("integration_key={KEY}&status={status}&content=告警名称：P\n恢复时间：{time}"),
            format!("integration_key={KEY}\n告警名称：P\nstatus：{status}\n恢复时间：{time}"),
        ] {
            bridge.post("/", "text/plain", &body).await;
            let events = bridge.take_events();
            assert_eq!(events.len(), 1, "{body}");
            assert_eq!(events[0]["event_action"], action, "{body}");
        }
    }
}
