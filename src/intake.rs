//! From a request to events under a key: what can be said of a webhook before anything is sent.

use crate::config::Config;
use crate::convert::{self, Circumstances};
use crate::error::Error;
use crate::event::{Api, Event};
use crate::secret::{IntegrationKey, KeyFault, Mask};
use crate::webhook::{self, Content, KEY_NAMES, Placeholder, Webhook};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, header};
use std::time::SystemTime;

/// The largest body, in bytes: what a function URL can pass on (AWS, "Lambda quotas").
pub const BODY_MAX_BYTES: usize = 6 * 1024 * 1024;

/// How a body arrived, as far as its meaning depends on it.
#[derive(Clone)]
pub struct Arrival {
    /// The API at its path.
    pub api: Api,
    /// The header's media type in lower case, without parameters.
    pub content_type: String,
    /// The host's id for the request: the same when the platform sends it again.
    pub request_id: String,
    /// When it came.
    pub now: SystemTime,
}

/// What is to be sent.
pub struct Prepared {
    /// Under which key.
    pub key: IntegrationKey,
    /// Where the key stood.
    pub key_place: KeyPlace,
    /// The events, in the notification's order.
    pub events: Vec<Event>,
    /// Whether it is the console's test, for which somebody waits.
    pub is_test: bool,
    /// Hides that key and what the settings hold.
    pub mask: Mask,
}

/// The places of the integration key, the first that has one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// A field of the body.
    Body,
    /// The URL's query.
    Query,
    /// The header `x-integration-key`.
    Header,
    /// `PAGERDUTY_INTEGRATION_KEY`.
    Setting,
    /// Somewhere in a body that is free text, which may be an alert's: only where no other place has one.
    Text,
}

/// The API at a path: our own short ones and PagerDuty's, so that a user changes only the host of the
/// Integration URL. Slashes too many are how a path is pasted behind a URL that ends in one.
#[must_use]
pub fn api_at(path: &str) -> Option<Api> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] | ["v2"] | ["v2", "enqueue"] => Some(Api::V2),
        ["change"] | ["v2", "change", "enqueue"] => Some(Api::Change),
        ["v1"] | ["generic", "2010-04-15", "create_event.json"] => Some(Api::V1),
        _ => None,
    }
}

impl Arrival {
    /// How the body behind this head arrives at `api`.
    #[must_use]
    pub fn new(api: Api, head: &Parts, request_id: &str, now: SystemTime) -> Self {
        let value = head.headers.get(header::CONTENT_TYPE).and_then(header_text).unwrap_or_default();
        let content_type = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Self { api, content_type, request_id: request_id.to_owned(), now }
    }
}

/// Reads a request that has passed the token.
///
/// # Errors
/// Every refusal of size, body and key.
pub fn prepare(config: &Config, arrival: &Arrival, head: &Parts, body: Bytes) -> Result<Prepared, Error> {
    if body.len() > BODY_MAX_BYTES {
        return Err(Error::TooLarge);
    }
    let text = String::from_utf8_lossy(&body);
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Err(Error::EmptyBody);
    }
    let webhook = webhook::parse(&text, &arrival.content_type);
    // A large body is not kept beside what was read from it.
    drop(text);
    drop(body);
    let Webhook { key, key_in_text, content } = webhook;
    // Also where another key is used: it is somebody's.
    let told = key_in_text.as_ref().and_then(|key| key.as_ref().ok()).cloned();
    let (key, key_place) = find_key(config, key, key_in_text, head)?;
    if arrival.api == Api::Change && key.is_ruleset() {
        return Err(Error::Key(KeyFault::Ruleset));
    }
    let keys = [&key].into_iter().chain(&config.integration_key).chain(&told);
    let mask = Mask::new(keys, &config.webhook_tokens);
    let is_test = matches!(content, Content::Test(_));
    let events = events(config, arrival, content, &mask)?;
    Ok(Prepared { key, key_place, events, is_test, mask })
}

/// The events of a content.
///
/// # Errors
/// [`Error::PlaceholderWithoutHeader`], and what [`convert::convert`] refuses.
pub fn events(
    config: &Config,
    arrival: &Arrival,
    content: Content,
    mask: &Mask,
) -> Result<Vec<Event>, Error> {
    match content {
        Content::Test(Placeholder::AlertmanagerContent) if arrival.content_type != "application/json" => {
            Err(Error::PlaceholderWithoutHeader)
        }
        Content::Test(_) => Ok(vec![convert::test_event()]),
        Content::Notification(notification) => {
            let circumstances = Circumstances {
                now: arrival.now,
                request_id: &arrival.request_id,
                api: arrival.api,
                default_severity: config.default_severity,
                event_per: config.event_per,
                mask,
            };
            convert::convert(*notification, &circumstances)
        }
    }
}

fn find_key(
    config: &Config,
    in_body: Result<Option<IntegrationKey>, KeyFault>,
    in_text: Option<Result<IntegrationKey, KeyFault>>,
    head: &Parts,
) -> Result<(IntegrationKey, KeyPlace), Error> {
    if let Some(key) = in_body.map_err(Error::Key)? {
        return Ok((key, KeyPlace::Body));
    }
    let in_query = query_values(head, &KEY_NAMES).into_iter().map(|text| (text, KeyPlace::Query));
    let in_header = head.headers.get("x-integration-key").and_then(header_text);
    let in_header = in_header.map(|text| (text, KeyPlace::Header));
    if let Some((text, place)) = in_query.chain(in_header).find(|(text, _)| !text.trim().is_empty()) {
        return IntegrationKey::parse(&text).map(|key| (key, place)).map_err(Error::Key);
    }
    if let Some(key) = config.integration_key.clone() {
        return Ok((key, KeyPlace::Setting));
    }
    let key = in_text.unwrap_or(Err(KeyFault::Missing)).map_err(Error::Key)?;
    Ok((key, KeyPlace::Text))
}

/// The decoded values of these names in the query, in its order.
pub(crate) fn query_values(head: &Parts, names: &[&str]) -> Vec<String> {
    let query = head.uri.query().unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs.filter(|(name, _)| names.contains(&name.as_ref())).map(|(_, value)| value.into_owned()).collect()
}

/// A header's value as text, white space around it cut.
pub(crate) fn header_text(value: &HeaderValue) -> Option<String> {
    value.to_str().ok().map(|text| text.trim().to_owned())
}
