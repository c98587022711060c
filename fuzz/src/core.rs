//! A body's way through the function's core, and what must hold of every event that comes out.

use arbitrary::Arbitrary;
use arms_pagerduty::convert::{Context, EVENTS_MAX, EventPer, convert, convert_own, test_event};
use arms_pagerduty::error::Error;
use arms_pagerduty::event::{
    Action, Api, BODY_MAX_BYTES, DEDUP_KEY_MAX_CHARS, Event, Parcel, SUMMARY_MAX_CHARS, Severity,
};
use arms_pagerduty::secret::{IntegrationKey, Mask, Token};
use arms_pagerduty::webhook::{self, Content};
use serde_json::Value;
use std::collections::HashSet;
use std::time::{Duration, SystemTime};

/// The key of a request whose body names none.
pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";
const CONTENT_TYPES: [&str; 4] = ["application/json", "application/x-www-form-urlencoded", "text/plain", ""];
pub(crate) const APIS: [Api; 3] = [Api::V2, Api::Change, Api::V1];
/// The time of every request: 2025-03-03.
const NOW: Duration = Duration::from_secs(1_741_000_000);

/// How a body is read: all that a request says besides it.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Choice {
    content_type: u8,
    api: u8,
    is_for_group: bool,
}

/// Any bytes as a body.
///
/// # Panics
/// If an event breaks a promise.
pub fn body(choice: Choice, body: &[u8]) {
    relay(&String::from_utf8_lossy(body), choice);
}

/// A text on its way to events, without the checks: for measuring. Gives the bytes of the events.
#[must_use]
pub fn run(text: &str, content_type: &str, api: Api) -> usize {
    let key = own_key();
    // One of them has percent-encoded forms to look for.
    let tokens = ["a-token-to-be-masked", "another/token+to=mask"].map(|token| Token::new(token.to_owned()));
    let mask = Mask::new([&key], &tokens);
    let Ok(events) = events(webhook::read(text, content_type).content, api, EventPer::Alert) else {
        return 0;
    };
    let written = events.into_iter().map(|mut event| {
        event.scrub(&mask);
        event.fit(api);
        Parcel::new(event, api, key.clone()).body().len()
    });
    written.sum()
}

fn events(content: Content, api: Api, event_per: EventPer) -> Result<Vec<Event>, Error> {
    let circumstances = Context {
        now: SystemTime::UNIX_EPOCH + NOW,
        request_id: "request",
        api,
        severities: &[],
        default_severity: Severity::Error,
        event_per,
    };
    let converted = match content {
        Content::Test(_) => test_event(),
        Content::Notification(notification) => convert(*notification, &circumstances)?,
        Content::PagerDutyEvent(event) => convert_own(*event, &circumstances)?,
    };
    Ok(converted.events.into_iter().chain(converted.group_resolve).collect())
}

/// The body's way as the relay goes it, without the network.
pub(crate) fn relay(text: &str, choice: Choice) {
    let content_type = CONTENT_TYPES[usize::from(choice.content_type) % CONTENT_TYPES.len()];
    let api = APIS[usize::from(choice.api) % APIS.len()];
    let event_per = if choice.is_for_group { EventPer::Group } else { EventPer::Alert };
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return;
    }
    let webhook = webhook::read(text, content_type);
    // A key that is none is refused before anything is converted.
    let Ok(in_body) = webhook.keys.own else { return };
    let in_text = webhook.keys.in_text.and_then(Result::ok);
    let given = in_body.or(in_text).filter(|key| !(api == Api::Change && key.is_ruleset()));
    let key = given.unwrap_or_else(own_key);
    let mask = Mask::new([&key], []);
    let mut events = match events(webhook.content, api, event_per) {
        Ok(events) => events,
        Err(error) => {
            let is_unnamed =
                matches!(error, Error::ResolveWithoutIdentity | Error::OwnEventWithoutKey { .. });
            assert!(is_unnamed, "{error}");
            assert_ne!(api, Api::Change, "a change needs no identity");
            return;
        }
    };
    for event in &mut events {
        event.scrub(&mask);
        event.fit(api);
    }
    assert!(!events.is_empty(), "no event");
    // One more resolves the group that a storm may have opened.
    assert!(events.len() <= EVENTS_MAX + 1, "{} events", events.len());
    let keys: HashSet<&str> = events.iter().map(|event| event.dedup_key.as_str()).collect();
    assert_eq!(keys.len(), events.len(), "two events with one dedup key");
    for event in &events {
        check(event, api, &key);
    }
}

pub(crate) fn own_key() -> IntegrationKey {
    IntegrationKey::parse(KEY).unwrap_or_else(|_| unreachable!("it is 32 letters and digits"))
}

/// What PagerDuty and the function's documentation want of an event.
pub(crate) fn check(event: &Event, api: Api, key: &IntegrationKey) {
    let chars = event.dedup_key.chars().count();
    assert!((1..=DEDUP_KEY_MAX_CHARS).contains(&chars), "a dedup key of {chars} characters");
    let chars = event.payload.summary.chars().count();
    assert!(chars <= SUMMARY_MAX_CHARS, "a summary of {chars} characters");
    // An acknowledge or a resolve of PagerDuty's own may come without one.
    let needs_summary = api == Api::Change || event.action == Action::Trigger;
    assert!(!needs_summary || !event.payload.summary.trim().is_empty(), "a blank summary");

    let bytes = Parcel::new(event.clone(), api, key.clone()).body();
    assert!(bytes.len() <= BODY_MAX_BYTES, "{} bytes", bytes.len());
    let (theirs, key_field) = match api {
        Api::V2 => (pagerduty_standin::Api::V2, "routing_key"),
        Api::Change => (pagerduty_standin::Api::Change, "routing_key"),
        Api::V1 => (pagerduty_standin::Api::V1, "service_key"),
    };
    let mut written = pagerduty_standin::check(theirs, &bytes)
        .unwrap_or_else(|refusal| panic!("PagerDuty refuses: {:?}", refusal.errors()));
    if api != Api::Change {
        assert_eq!(theirs.action(&written), Some(event.action.word()));
        assert_eq!(theirs.dedup_key(&written), Some(event.dedup_key.as_str()));
    }
    if api == Api::Change || event.action == Action::Trigger {
        let pointer = if api == Api::V1 { "/description" } else { "/payload/summary" };
        let summary = written.pointer(pointer).and_then(Value::as_str);
        assert_eq!(summary, Some(event.payload.summary.as_str()));
    }
    let own = written.as_object_mut().and_then(|event| event.remove(key_field));
    assert_eq!(own.as_ref().and_then(Value::as_str), Some(key.expose()));
    assert!(!shows(&written, key.expose()), "the key stands outside of its field");
}

/// Whether a text or a name of the document holds the secret.
fn shows(document: &Value, secret: &str) -> bool {
    match document {
        Value::String(text) => text.contains(secret),
        Value::Array(items) => items.iter().any(|item| shows(item, secret)),
        Value::Object(object) => {
            object.iter().any(|(name, item)| name.contains(secret) || shows(item, secret))
        }
        Value::Number(number) => number.to_string().contains(secret),
        Value::Null | Value::Bool(_) => false,
    }
}
