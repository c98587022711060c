//! A message of the queue: an event as it is stored, and as it is read again.

use crate::event::{Action, Api, Parcel, Severity};
use crate::secret::IntegrationKey;
use crate::timestamp;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::time::SystemTime;

/// What SQS refuses in a message, and JSON's notation of it (AWS, "`SendMessage`": `MessageBody`). Other
/// characters that it refuses are never in JSON.
const REFUSED: [(&str, &str); 2] = [("\u{fffe}", "\\ufffe"), ("\u{ffff}", "\\uffff")];

/// An event as a message for a FIFO queue.
pub struct Entry {
    /// `MessageGroupId`: the alert. SQS hands out the messages of a group one after the other.
    pub group: String,
    /// `MessageDeduplicationId`: of messages with the same one, sent within five minutes, SQS keeps one. It
    /// comes from the request and never from the content: an alert may fire, recover and fire again.
    pub deduplication: String,
    /// `MessageBody`.
    pub body: String,
}

/// A message of ours.
pub struct Message {
    /// The event, under the key with which it is to be sent.
    pub parcel: Parcel,
    /// When its webhook came.
    pub received: Option<SystemTime>,
}

/// Why a message cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// It is none that this function has stored.
    #[error("the message is none that this function has stored")]
    Foreign,
    /// It was stored without a key, for the one that was set then, and none is set now.
    #[error("the event was stored for PAGERDUTY_INTEGRATION_KEY, which is no longer set")]
    WithoutKey,
}

#[derive(Serialize, Deserialize)]
struct Body<'a> {
    /// The path of PagerDuty's API.
    path: &'a str,
    received: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(borrow)]
    event: &'a RawValue,
}

/// A parcel as a message. `place` is its place among the events of its request, `own_key` the key of the
/// settings, which is not stored. `None` if the event is not JSON.
#[must_use]
pub fn entry(
    parcel: &Parcel,
    request_id: &str,
    place: usize,
    received: SystemTime,
    own_key: Option<&IntegrationKey>,
) -> Option<Entry> {
    let event = serde_json::from_slice(&parcel.event).ok()?;
    let key = (own_key != Some(&parcel.key)).then(|| parcel.key.expose());
    let body = Body { path: parcel.api.path(), received: &timestamp::of(received), key, event };
    let mut body = serde_json::to_string(&body).ok()?;
    for (refused, escaped) in REFUSED {
        if body.contains(refused) {
            body = body.replace(refused, escaped);
        }
    }
    Some(Entry { group: group(parcel), deduplication: format!("{request_id}-{place}"), body })
}

/// The alert as a name: events of one alert are of one group.
fn group(parcel: &Parcel) -> String {
    let text = format!("{}\n{}\n{}", parcel.key.expose(), parcel.api.path(), parcel.dedup_key);
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Reads a message; without a key of its own it goes under `own_key`.
///
/// # Errors
/// Why it cannot be sent.
pub fn read(body: &str, own_key: Option<&IntegrationKey>) -> Result<Message, Unsendable> {
    let body: Body = serde_json::from_str(body).map_err(|_| Unsendable::Foreign)?;
    let api = Api::ALL.into_iter().find(|api| api.path() == body.path).ok_or(Unsendable::Foreign)?;
    let (action, dedup_key, severity) = facts(api, body.event.get()).ok_or(Unsendable::Foreign)?;
    let key = match body.key {
        Some(key) => IntegrationKey::parse(key).map_err(|_| Unsendable::Foreign)?,
        None => own_key.cloned().ok_or(Unsendable::WithoutKey)?,
    };
    let event = Bytes::copy_from_slice(body.event.get().as_bytes());
    let parcel = Parcel { api, key, dedup_key, action, severity, event, is_extra: false };
    Ok(Message { parcel, received: timestamp::time_of(body.received) })
}

/// Action, dedup key and severity of an event; a change event has none of them.
fn facts(api: Api, event: &str) -> Option<(Action, String, Severity)> {
    if !event.starts_with("{\"") {
        return None;
    }
    if api == Api::Change {
        return Some((Action::Trigger, String::new(), Severity::Info));
    }
    let event: Value = serde_json::from_str(event).ok()?;
    let [action_field, key_field] = match api {
        Api::V1 => ["event_type", "incident_key"],
        Api::V2 | Api::Change => ["event_action", "dedup_key"],
    };
    let actions = [Action::Trigger, Action::Acknowledge, Action::Resolve];
    let word = event.get(action_field)?.as_str()?;
    let action = actions.into_iter().find(|action| action.word() == word)?;
    let dedup_key = event.get(key_field)?.as_str()?.to_owned();
    let word = event.pointer("/payload/severity").and_then(Value::as_str).unwrap_or_default();
    let severity = Severity::ALL.into_iter().find(|severity| severity.word() == word).unwrap_or_default();
    Some((action, dedup_key, severity))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]
mod tests {
    use super::*;
    use std::time::Duration;

    fn key(text: &str) -> IntegrationKey {
        IntegrationKey::parse(text).ok().unwrap()
    }

    fn own() -> IntegrationKey {
        key("0123456789abcdef0123456789abcdef")
    }

    fn other() -> IntegrationKey {
        key("fedcba9876543210fedcba9876543210")
    }

    fn parcel(api: Api, event: &str) -> Parcel {
        Parcel {
            api,
            key: own(),
            dedup_key: "d".to_owned(),
            action: Action::Resolve,
            severity: Severity::Warning,
            event: Bytes::copy_from_slice(event.as_bytes()),
            is_extra: true,
        }
    }

    fn at() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }

    #[test]
    fn a_message_names_path_time_and_event_and_only_a_key_that_is_not_the_setting_s() {
        let event = r#"{"event_action":"resolve","dedup_key":"d"}"#;
        for (setting, stored) in
            [(Some(own()), ""), (Some(other()), r#""key":"0123456789abcdef0123456789abcdef","#)]
        {
            let entry = entry(&parcel(Api::V2, event), "r", 7, at(), setting.as_ref()).unwrap();
            let start = r#"{"path":"v2/enqueue","received":"2023-11-14T22:13:20.000Z","#;
            assert_eq!(entry.body, format!(r#"{start}{stored}"event":{event}}}"#));
            assert_eq!(entry.deduplication, "r-7");
        }
    }

    #[test]
    fn the_group_is_the_hash_of_key_path_and_dedup_key() {
        let group = group(&parcel(Api::V2, "{}"));
        // printf '0123456789abcdef0123456789abcdef\nv2/enqueue\nd' | sha256sum
        assert_eq!(group, "b0c3874e6a58f6df41925888777771da857e81968aba27b87dea55f23e4d3553");
        assert_ne!(group, super::group(&parcel(Api::V1, "{}")));
        assert_ne!(group, super::group(&Parcel { key: other(), ..parcel(Api::V2, "{}") }));
    }

    #[test]
    fn what_was_stored_is_read_again() {
        for (api, event, severity) in [
            (Api::V2, r#"{"event_action":"resolve","dedup_key":"d","payload":{"severity":"warning"}}"#, true),
            (Api::V1, r#"{"event_type":"resolve","incident_key":"d"}"#, false),
            (Api::Change, r#"{"payload":{"summary":"x"}}"#, false),
        ] {
            let stored = entry(&parcel(api, event), "r", 0, at(), None).unwrap();
            let Message { parcel, received } = read(&stored.body, None).ok().unwrap();
            assert!(parcel.api == api && parcel.key == own() && received == Some(at()));
            assert_eq!(parcel.event, event);
            if api != Api::Change {
                assert_eq!((parcel.action, parcel.dedup_key.as_str()), (Action::Resolve, "d"));
            }
            assert!(!severity || parcel.severity == Severity::Warning);
        }
    }

    #[test]
    fn characters_that_sqs_refuses_are_escaped_and_mean_the_same() {
        let event = "{\"event_action\":\"trigger\",\"dedup_key\":\"a\u{fffe}\u{ffff}\u{7f}\u{fffd}\"}";
        let stored = entry(&parcel(Api::V2, event), "r", 0, at(), None).unwrap();
        let is_taken = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert!(stored.body.chars().all(is_taken), "{}", stored.body);
        let read = read(&stored.body, None).ok().unwrap();
        assert_eq!(read.parcel.dedup_key, "a\u{fffe}\u{ffff}\u{7f}\u{fffd}");
    }

    #[test]
    fn what_is_not_ours_or_has_no_key_any_more_is_told_apart() {
        let event = r#"{"event_action":"resolve","dedup_key":"d"}"#;
        let ours = |key: &str, path: &str, event: &str| {
            format!(r#"{{"path":"{path}","received":"x",{key}"event":{event}}}"#)
        };
        for (body, wanted) in [
            (ours("", "v2/enqueue", event), Unsendable::WithoutKey),
            (ours(r#""key":"short","#, "v2/enqueue", event), Unsendable::Foreign),
            (ours(r#""key":7,"#, "v2/enqueue", event), Unsendable::Foreign),
            (ours("", "/v2/other", event), Unsendable::Foreign),
            (ours("", "v2/enqueue", "[]"), Unsendable::Foreign),
            (ours("", "v2/enqueue", "{}"), Unsendable::Foreign),
            (ours("", "v2/enqueue", r#"["trigger","d"]"#), Unsendable::Foreign),
            (ours("", "v2/enqueue", r#"{"event_action":"page","dedup_key":"d"}"#), Unsendable::Foreign),
            (ours("", "v2/change/enqueue", "7"), Unsendable::Foreign),
            (ours("", "v2/enqueue", "{").trim_end_matches('}').to_owned(), Unsendable::Foreign),
            (String::new(), Unsendable::Foreign),
            ("[]".to_owned(), Unsendable::Foreign),
            ("hello".to_owned(), Unsendable::Foreign),
            (r#"{"Records":[]}"#.to_owned(), Unsendable::Foreign),
        ] {
            assert_eq!(read(&body, None).err(), Some(wanted), "{body}");
        }
        assert!(
            read(&ours("", "v2/enqueue", event), Some(&other())).is_ok_and(|read| read.parcel.key == other())
        );
    }
}
