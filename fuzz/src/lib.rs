//! What is fuzzed: a body on its way through the function's core, what must hold of every event that comes out, and the
//! time that it takes. [`shapes`] has the bodies to begin with; `examples/shapes.rs` measures them at their largest.

#![forbid(unsafe_code)]

pub mod shapes;

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
use std::fs;
use std::time::{Duration, SystemTime};

/// The content types of a body.
pub const CONTENT_TYPES: [&str; 4] =
    ["application/json", "application/x-www-form-urlencoded", "text/plain", ""];
/// The APIs of a request's path.
pub const APIS: [Api; 3] = [Api::V2, Api::Change, Api::V1];
/// The time of every request: 2025-03-03.
const NOW: Duration = Duration::from_secs(1_741_000_000);
/// The work that a body of 1 MiB may take at most, built for fuzzing: the fastest of [`TRIES`]. What takes the square of
/// its length needs minutes.
const WITHIN: Duration = Duration::from_secs(2);
const TRIES: u32 = 3;

/// A pattern of [`shapes::fill`], how large the body becomes, and what else a request says.
#[derive(Arbitrary, Debug)]
pub struct Input<'a> {
    content_type: u8,
    api: u8,
    is_for_group: bool,
    /// 4^4 to 4^10 bytes where the pattern repeats anything, the more the rarer.
    size: u8,
    pattern: &'a [u8],
}

/// Any bytes as a body.
///
/// # Panics
/// If an event breaks a promise, or if the work takes too long.
pub fn check(input: &Input) {
    let body = shapes::fill(
        &String::from_utf8_lossy(input.pattern),
        256 << (2 * input.size.trailing_zeros().min(6)),
    );
    if body.trim_start_matches('\u{feff}').trim().is_empty() {
        return;
    }
    let content_type = CONTENT_TYPES[usize::from(input.content_type) % CONTENT_TYPES.len()];
    let api = APIS[usize::from(input.api) % APIS.len()];
    let event_per = if input.is_for_group { EventPer::Group } else { EventPer::Alert };
    let mut before = Vec::new();
    for attempt in 1.. {
        before.clear();
        let started = worked();
        let made = run(&body, content_type, api, event_per, |event| before.push(event.clone()));
        let time = worked().saturating_sub(started);
        if time <= WITHIN {
            match made {
                Ok(parcels) => check_all(&before, &parcels),
                Err(Error::Key(_)) => {}
                Err(Error::ResolveWithoutIdentity | Error::OwnEventWithoutKey { .. }) => {
                    assert_ne!(api, Api::Change, "a change needs no identity");
                }
                Err(error) => panic!("{error}"),
            }
            return;
        }
        assert!(attempt < TRIES, "{time:?} for {} bytes", body.len());
    }
}

/// A body's way as the relay goes it, without the network. `look` sees each event before the size limit.
///
/// # Errors
/// What the function refuses.
pub fn run(
    text: &str,
    content_type: &str,
    api: Api,
    event_per: EventPer,
    mut look: impl FnMut(&Event),
) -> Result<Vec<Parcel>, Error> {
    let webhook = webhook::read(text, content_type);
    // A key that is none is refused before anything is converted.
    let in_body = webhook.keys.own.map_err(Error::Key)?;
    let in_text = webhook.keys.in_text.and_then(Result::ok);
    let given = in_body.or(in_text).filter(|key| !(api == Api::Change && key.is_ruleset()));
    let key = given.map_or_else(|| IntegrationKey::parse("0123456789abcdef0123456789abcdef"), Ok);
    let key = key.map_err(Error::Key)?;
    let context = Context {
        now: SystemTime::UNIX_EPOCH + NOW,
        request_id: "request",
        api,
        severities: &[],
        default_severity: Severity::Error,
        event_per,
    };
    let converted = match webhook.content {
        Content::Test(_) => test_event(),
        Content::Notification(notification) => convert(*notification, &context)?,
        Content::PagerDutyEvent(event) => convert_own(*event, &context)?,
    };
    // One of them has percent-encoded forms to look for.
    let tokens = ["a-token-to-be-masked", "another/token+to=mask"].map(|token| Token::new(token.to_owned()));
    let mask = Mask::new([&key], &tokens);
    let finish = |mut event: Event| {
        event.scrub(&mask);
        look(&event);
        event.fit(api);
        Parcel::new(event, api, key.clone())
    };
    Ok(converted.events.into_iter().chain(converted.group_resolve).map(finish).collect())
}

fn check_all(before: &[Event], parcels: &[Parcel]) {
    assert!(!parcels.is_empty(), "no event");
    // One more resolves the group that a storm may have opened.
    assert!(parcels.len() <= EVENTS_MAX + 1, "{} events", parcels.len());
    let keys: HashSet<&str> = parcels.iter().map(|parcel| parcel.dedup_key.as_str()).collect();
    assert_eq!(keys.len(), parcels.len(), "two events with one dedup key");
    for (before, parcel) in before.iter().zip(parcels) {
        check_parcel(before, parcel);
    }
}

/// What PagerDuty and the function's documentation want of an event, and what the size limit may not change.
fn check_parcel(before: &Event, parcel: &Parcel) {
    let Parcel { api, key, dedup_key, .. } = parcel;
    let chars = dedup_key.chars().count();
    assert!((1..=DEDUP_KEY_MAX_CHARS).contains(&chars), "a dedup key of {chars} characters");
    assert_eq!((&before.dedup_key, before.action), (dedup_key, parcel.action));
    assert_eq!(before.payload.severity, parcel.severity);

    let bytes = parcel.body();
    assert!(bytes.len() <= BODY_MAX_BYTES, "{} bytes", bytes.len());
    let (theirs, summary) = match api {
        Api::V2 => (pagerduty_standin::Api::V2, "/payload/summary"),
        Api::Change => (pagerduty_standin::Api::Change, "/payload/summary"),
        Api::V1 => (pagerduty_standin::Api::V1, "/description"),
    };
    let mut written = pagerduty_standin::check(theirs, &bytes)
        .unwrap_or_else(|refusal| panic!("PagerDuty refuses: {:?}", refusal.errors()));
    if *api != Api::Change {
        assert_eq!(theirs.action(&written), Some(parcel.action.word()));
        assert_eq!(theirs.dedup_key(&written), Some(dedup_key.as_str()));
    }
    let summary = written.pointer(summary).and_then(Value::as_str);
    // An acknowledge or a resolve of PagerDuty's own may come without one.
    if *api == Api::Change || parcel.action == Action::Trigger {
        assert!(summary.is_some_and(|summary| !summary.trim().is_empty()), "a blank summary");
        assert!(
            summary.is_some_and(|summary| summary.chars().count() <= SUMMARY_MAX_CHARS),
            "a long summary"
        );
    }
    let mut whole = before.clone();
    summary.unwrap_or_default().clone_into(&mut whole.payload.summary);
    if Parcel::new(whole, *api, key.clone()).body().len() > BODY_MAX_BYTES {
        let details = if *api == Api::V1 { "/details" } else { "/payload/custom_details" };
        let left_out = written.pointer(details).and_then(|details| details.get("left_out"));
        assert!(
            left_out.and_then(Value::as_object).is_some_and(|counts| !counts.is_empty()),
            "nothing says what is left out"
        );
        if let Some(status @ Value::String(text)) = before.payload.custom_details.get("status")
            && text.len() < 100
        {
            assert_eq!(written.pointer(&format!("{details}/status")), Some(status), "the status was lost");
        }
    }
    let own = written.as_object_mut().and_then(|event| event.remove(api.key_field()));
    assert_eq!(own.as_ref().and_then(Value::as_str), Some(key.expose()));
    assert!(!shows(&written, key.expose()), "the key is outside its field");
}

/// Whether a text or a name of the document holds the secret.
fn shows(document: &Value, secret: &str) -> bool {
    match document {
        Value::Array(items) => items.iter().any(|item| shows(item, secret)),
        Value::Object(object) => {
            object.iter().any(|(name, item)| name.contains(secret) || shows(item, secret))
        }
        Value::String(text) => text.contains(secret),
        other => other.to_string().contains(secret),
    }
}

/// How long this thread has worked: what others do on the machine does not count.
///
/// # Panics
/// Where the kernel does not say it.
#[must_use]
pub fn worked() -> Duration {
    let line = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = line.split_whitespace().next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_else(|| panic!("Linux says it, if CONFIG_SCHEDSTATS is on")))
}
