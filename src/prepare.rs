//! From a request to finished parcels: everything that is decided before anything is sent.

use crate::config::Config;
use crate::convert::{self, Context, Converted};
use crate::decode;
use crate::error::Error;
use crate::event::{Api, Event, Parcel};
use crate::request::{header_text, query_values};
use crate::secret::{IntegrationKey, KeyFault, Mask};
use crate::webhook::{self, BODY_MAX_BYTES, Content, KEY_NAMES, Keys, Placeholder, Webhook};
use bytes::Bytes;
use http::header;
use http::request::Parts;
use std::time::SystemTime;

/// The headers that may hold the key; some PagerDuty clients send the second.
const KEY_HEADERS: [&str; 2] = ["x-integration-key", "x-routing-key"];

/// A request that has been admitted, as far as the meaning of its body depends on it.
#[derive(Clone)]
pub struct Arrival {
    /// The API of its path.
    pub api: Api,
    /// The header's media type in lower case, without parameters.
    pub content_type: String,
    /// The host's id of the request, which stays the same when the platform sends it again.
    pub request_id: String,
    /// When it came.
    pub now: SystemTime,
}

/// What is to be sent.
pub struct Prepared {
    /// The events, in the notification's order.
    pub parcels: Vec<Parcel>,
    /// The key under which they go.
    pub key: IntegrationKey,
    /// Where the key was found.
    pub key_place: KeyPlace,
    /// Whether it is the console's test, for whose answer a person waits.
    pub is_test: bool,
    /// How many alerts are over and could not be resolved.
    pub left: usize,
    /// Hides that key and the secrets of the settings.
    pub mask: Mask,
}

/// The places of the integration key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// A field of the body.
    Body,
    /// The URL's query.
    Query,
    /// A header.
    Header,
    /// `PAGERDUTY_INTEGRATION_KEY`.
    Setting,
    /// Free text in the body, which may be an alert's.
    Text,
}

impl KeyPlace {
    /// The place in words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Body => "the body",
            Self::Query => "the URL's query",
            Self::Header => "the header x-integration-key",
            Self::Setting => "PAGERDUTY_INTEGRATION_KEY",
            Self::Text => "the body's text",
        }
    }
}

impl Arrival {
    /// How the request with this head arrives at `api`.
    #[must_use]
    pub fn new(api: Api, head: &Parts, request_id: &str, now: SystemTime) -> Self {
        let value = head.headers.get(header::CONTENT_TYPE).and_then(header_text).unwrap_or_default();
        let media_type = value.split(';').next().unwrap_or_default();
        let content_type = media_type.trim().to_ascii_lowercase();
        Self { api, content_type, request_id: request_id.to_owned(), now }
    }
}

/// Reads a request that has been admitted.
///
/// # Errors
/// Every refusal of size, body and key.
pub fn prepare(config: &Config, arrival: &Arrival, head: &Parts, body: Bytes) -> Result<Prepared, Error> {
    if body.len() > BODY_MAX_BYTES {
        return Err(Error::TooLarge);
    }
    let Webhook { keys, content } = read(head, &body, arrival)?;
    // A large body is not kept beside what was read from it.
    drop(body);
    // Keys of the body are masked even if another one is used: they belong to somebody.
    let in_text = keys.in_text.as_ref().and_then(|key| key.as_ref().ok()).cloned();
    let in_body = keys.own.as_ref().ok().cloned().flatten();
    let (key, key_place) = find_key(config, keys, head)?;
    if arrival.api == Api::Change && key.is_ruleset() {
        return Err(Error::Key(KeyFault::Ruleset));
    }
    let secret_keys = [&key].into_iter().chain(&config.integration_key).chain(&in_text).chain(&in_body);
    let mask = Mask::new(secret_keys, &config.webhook_tokens);
    let is_test = matches!(content, Content::Test(_));
    let Converted { events, group_resolve, left } = events(config, arrival, content)?;
    let finish = |event| finish(event, arrival.api, &key, &mask);
    let mut parcels: Vec<Parcel> = events.into_iter().map(finish).collect();
    if let Some(event) = group_resolve {
        parcels.push(Parcel { is_extra: true, ..finish(event) });
    }
    Ok(Prepared { parcels, key, key_place, is_test, left, mask })
}

fn read(head: &Parts, body: &[u8], arrival: &Arrival) -> Result<Webhook, Error> {
    let decoded = decode::content(head, body)?;
    let text = decode::text(&decoded);
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Err(Error::EmptyBody);
    }
    Ok(webhook::read(&text, &arrival.content_type))
}

/// The events of a content, with secrets still in them.
///
/// # Errors
/// [`Error::PlaceholderWithoutHeader`], and what the conversion refuses.
pub fn events(config: &Config, arrival: &Arrival, content: Content) -> Result<Converted, Error> {
    let circumstances = Context {
        now: arrival.now,
        request_id: &arrival.request_id,
        api: arrival.api,
        severities: &config.severities,
        default_severity: config.default_severity,
        event_per: config.event_per,
    };
    match content {
        Content::Test(Placeholder::AlertmanagerContent) if arrival.content_type != "application/json" => {
            Err(Error::PlaceholderWithoutHeader)
        }
        Content::Test(_) => Ok(convert::test_event()),
        Content::Notification(notification) => convert::convert(*notification, &circumstances),
        Content::PagerDutyEvent(event) => convert::convert_own(*event, &circumstances),
    }
}

/// Secrets are taken out before anything is cut: a cut could leave a part of one.
fn finish(mut event: Event, api: Api, key: &IntegrationKey, mask: &Mask) -> Parcel {
    event.scrub(mask);
    event.fit(api);
    Parcel::new(event, api, key.clone())
}

/// The key by the order of its places: query, headers, the body's own, the setting, text. The first place
/// that has one decides, also if it is a wrong one; in text only a good one counts.
fn find_key(config: &Config, keys: Keys, head: &Parts) -> Result<(IntegrationKey, KeyPlace), Error> {
    let in_query = query_values(head, &KEY_NAMES).into_iter().map(|text| (text, KeyPlace::Query));
    let in_headers = KEY_HEADERS.iter().filter_map(|name| head.headers.get(*name).and_then(header_text));
    let in_headers = in_headers.map(|text| (text, KeyPlace::Header));
    let given = in_query.chain(in_headers).find(|(text, _)| !text.trim().is_empty());
    if let Some((text, place)) = given {
        let key = IntegrationKey::parse(&text).map_err(Error::Key)?;
        return Ok((key, place));
    }
    if let Some(key) = keys.own.map_err(Error::Key)? {
        return Ok((key, KeyPlace::Body));
    }
    if let Some(key) = config.integration_key.clone() {
        return Ok((key, KeyPlace::Setting));
    }
    let key = keys.in_text.unwrap_or(Err(KeyFault::Missing)).map_err(Error::Key)?;
    Ok((key, KeyPlace::Text))
}
