//! Reads back the lines that tell which events PagerDuty has, and which it has not.

use super::messages;
use crate::timestamp;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The members of a JSON object, as they were written.
pub type Members<'a> = BTreeMap<String, &'a RawValue>;

/// A line that was read back.
#[derive(Debug, PartialEq, Eq)]
pub enum Logged {
    /// An event that PagerDuty does not have.
    Undelivered(Undelivered),
    /// The count of one such event.
    UndeliveredCount,
    /// An event that PagerDuty has.
    Accepted(Accepted),
    /// An event that it has not; an `undelivered` line follows.
    NotAccepted,
}

/// An event that PagerDuty does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// When it was first sent, in milliseconds since 1970, if the line says so.
    pub begun_ms: Option<i64>,
    /// The key, masked.
    pub key: String,
    /// PagerDuty's path for the API.
    pub path: String,
    /// The event as JSON, without its key.
    pub event: String,
}

/// An event that PagerDuty has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// When it was first sent, in milliseconds since 1970, if the line says so.
    pub begun_ms: Option<i64>,
    /// The key, masked.
    pub key: String,
    /// PagerDuty's path for the API.
    pub path: String,
    /// PagerDuty's word for the action.
    pub action: String,
    /// Which alert it is about.
    pub dedup_key: String,
}

/// A line that has the message of an undelivered event and lacks this member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it has no {0:?}")]
pub struct Incomplete(&'static str);

/// Reads one line; `None` if its message is another one.
///
/// # Errors
/// [`Incomplete`] if an `undelivered` line does not hold what is needed to send its event again.
pub fn read(line: &Members) -> Option<Result<Logged, Incomplete>> {
    let message: String = member(line, "message")?;
    match message.as_str() {
        messages::UNDELIVERED => Some(undelivered(line).map(Logged::Undelivered)),
        messages::UNDELIVERED_COUNT => Some(Ok(Logged::UndeliveredCount)),
        messages::EVENT => Some(Ok(accepted(line).map_or(Logged::NotAccepted, Logged::Accepted))),
        _ => None,
    }
}

fn undelivered(line: &Members) -> Result<Undelivered, Incomplete> {
    Ok(Undelivered {
        begun_ms: begun_ms(line),
        key: member(line, "key").ok_or(Incomplete("key"))?,
        path: member(line, "path").ok_or(Incomplete("path"))?,
        event: event(line).ok_or(Incomplete("event"))?,
    })
}

fn accepted(line: &Members) -> Option<Accepted> {
    let answer: String = member(line, "answer")?;
    if answer != messages::ACCEPTED && answer != messages::SUPERSEDED {
        return None;
    }
    Some(Accepted {
        begun_ms: begun_ms(line),
        key: member(line, "key")?,
        path: member(line, "path")?,
        action: member(line, "action")?,
        dedup_key: member(line, "dedup_key")?,
    })
}

/// The line was written when the event was given up or accepted, and says how long that took.
fn begun_ms(line: &Members) -> Option<i64> {
    let timestamp: String = member(line, "timestamp")?;
    let took_ms: i64 = member(line, "milliseconds").unwrap_or_default();
    timestamp::unix_ms(&timestamp)?.checked_sub(took_ms)
}

/// The event as it was written. A log service that keeps each member of a line as a text has it as
/// JSON inside of a text.
fn event(line: &Members) -> Option<String> {
    let written = line.get("event")?.get();
    if written.starts_with('{') {
        return Some(written.to_owned());
    }
    let text: String = serde_json::from_str(written).ok()?;
    text.trim_start().starts_with('{').then_some(text)
}

fn member<T: DeserializeOwned>(line: &Members, name: &str) -> Option<T> {
    serde_json::from_str(line.get(name)?.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Option<Result<Logged, Incomplete>> {
        read(&serde_json::from_str(text).unwrap_or_default())
    }

    #[test]
    fn a_line_that_lacks_what_is_needed_says_what() {
        for (text, lacks) in [
            (r#"{"message":"undelivered","path":"p","event":{}}"#, "key"),
            (r#"{"message":"undelivered","key":"k","path":1,"event":{}}"#, "path"),
            (r#"{"message":"undelivered","key":"k","path":"p"}"#, "event"),
            (r#"{"message":"undelivered","key":"k","path":"p","event":null}"#, "event"),
            (r#"{"message":"undelivered","key":"k","path":"p","event":"cut"}"#, "event"),
        ] {
            assert_eq!(read_text(text), Some(Err(Incomplete(lacks))), "{text}");
        }
        assert_eq!(read_text(r#"{"message":"request"}"#), None);
        assert_eq!(read_text(r#"{"message":{"message":"undelivered"}}"#), None);
    }

    #[test]
    fn the_time_is_when_the_event_was_first_sent() {
        let line =
            |times: &str| format!(r#"{{"message":"undelivered","key":"k","path":"p","event":{{}}{times}}}"#);
        for (times, begun_ms) in [
            (r#","timestamp":"1970-01-01T00:00:09.250Z""#, Some(9_250)),
            (r#","timestamp":"1970-01-01T00:00:09.250Z","milliseconds":9000"#, Some(250)),
            (r#","timestamp":"soon","milliseconds":9000"#, None),
            ("", None),
        ] {
            let Some(Ok(Logged::Undelivered(read))) = read_text(&line(times)) else { continue };
            assert_eq!(read.begun_ms, begun_ms, "{times}");
        }
    }
}
