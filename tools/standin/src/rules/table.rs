//! The rules, field by field, with their sources.

use Must::{
    Alphanumeric, Chars, CharsUpTo, ItemsUpTo, List, NotBeginWith, Object, OneOf, Text, Timestamp, Url,
};
use Needed::{Always, FollowUp, Never, Trigger};

use super::{Must, Needed};
use crate::Api;

const V1: &[Api] = &[Api::V1];
const V2: &[Api] = &[Api::V2];
const CHANGE: &[Api] = &[Api::Change];
const BOTH: &[Api] = &[Api::V2, Api::Change];

const ACTION: &[Must] = &[OneOf(&["trigger", "acknowledge", "resolve"])];
const HTTP_URL: Must = Url(&["http://", "https://"]);
const HTTPS_URL: Must = Url(&["https://"]);
const SEVERITY: &[Must] = &[OneOf(&["critical", "warning", "error", "info"])];

const ENQUEUE: &str = "OpenAPI v2, paths/*/post/requestBody";
const OVERVIEW: &str = "docs: Events API v2 overview, a trigger needs a payload; OpenAPI v2";
const PAYLOAD: &str = "OpenAPI v2, components/schemas/Payload and ChangeEventPayload";
const LINKS: &str = "OpenAPI v2, components/schemas/Links; docs: a blank href is refused";
const IMAGES: &str = "OpenAPI v2, components/schemas/Images, served via HTTPS";
const CREATE_EVENT: &str = "OpenAPI v1, paths/~1create_event.json/post/requestBody";
const CONTEXTS: &str = "OpenAPI v1, components/schemas/LinkContext and ImageContext";
const KEY: &str = "docs: 32 letters and digits; reports: github.com/envato/pagerduty/issues/70, \
                   github.com/blockpane/tenderduty/issues/10";
const KEY_V1: &str = "docs: 32 letters and digits; report: github.com/influxdata/kapacitor/issues/1785";
const RULESET_KEY: &str =
    "docs: change events, a ruleset's key (R...) cannot take one; the answer is unknown";
const DEDUP_KEY: &str = "docs: dedup_key and incident_key, at most 255 characters";
const SUMMARY: &str = "docs: at most 1024 characters; report: github.com/dagster-io/dagster/issues/19567";
const DESCRIPTION: &str =
    "docs: at most 1024 characters; report: github.com/YelpArchive/sensu_handlers/issues/38";
const TIMESTAMP: &str = "docs: ISO 8601; reports: a blank for the T or an hour of one digit is refused";
const CHANGE_LINKS: &str = "docs: change events, at most 50 links; reports: the answer";

/// A field of some APIs: when it has to be there, what it must be, and where that is written.
type Row = (&'static [Api], &'static str, Needed, &'static [Must], &'static str);

/// Of one field, the type comes before its limits.
pub(super) static TABLE: &[Row] = &[
    (BOTH, "routing_key", Always, &[Text, Chars(32), Alphanumeric], KEY),
    (CHANGE, "routing_key", Never, &[NotBeginWith('R')], RULESET_KEY),
    (V2, "event_action", Always, ACTION, ENQUEUE),
    (V2, "dedup_key", FollowUp, &[Text, CharsUpTo(255)], DEDUP_KEY),
    (V2, "client", Never, &[Text], ENQUEUE),
    (V2, "client_url", Never, &[Text, HTTP_URL], ENQUEUE),
    (BOTH, "payload", Trigger, &[Object], OVERVIEW),
    (BOTH, "payload.summary", Trigger, &[Text, CharsUpTo(1024)], SUMMARY),
    (V2, "payload.source", Trigger, &[Text], PAYLOAD),
    (CHANGE, "payload.source", Never, &[Text], PAYLOAD),
    (V2, "payload.severity", Trigger, SEVERITY, PAYLOAD),
    (BOTH, "payload.timestamp", Never, &[Text, Timestamp], TIMESTAMP),
    (V2, "payload.component", Never, &[Text], PAYLOAD),
    (V2, "payload.group", Never, &[Text], PAYLOAD),
    (V2, "payload.class", Never, &[Text], PAYLOAD),
    (BOTH, "payload.custom_details", Never, &[Object], PAYLOAD),
    (BOTH, "links", Never, &[List], LINKS),
    (CHANGE, "links", Never, &[ItemsUpTo(50)], CHANGE_LINKS),
    (BOTH, "links[]", Never, &[Object], LINKS),
    (BOTH, "links[].href", Always, &[Text, HTTP_URL], LINKS),
    (BOTH, "links[].text", Never, &[Text], LINKS),
    (BOTH, "images", Never, &[List], IMAGES),
    (BOTH, "images[]", Never, &[Object], IMAGES),
    (BOTH, "images[].src", Always, &[Text, HTTPS_URL], IMAGES),
    (BOTH, "images[].href", Never, &[Text, HTTP_URL], IMAGES),
    (BOTH, "images[].alt", Never, &[Text], IMAGES),
    (V1, "service_key", Always, &[Text, Chars(32), Alphanumeric], KEY_V1),
    (V1, "event_type", Always, ACTION, CREATE_EVENT),
    (V1, "incident_key", FollowUp, &[Text, CharsUpTo(255)], DEDUP_KEY),
    (V1, "description", Trigger, &[Text, CharsUpTo(1024)], DESCRIPTION),
    (V1, "details", Never, &[Object], CREATE_EVENT),
    (V1, "client", Never, &[Text], CREATE_EVENT),
    (V1, "client_url", Never, &[Text, HTTP_URL], CREATE_EVENT),
    (V1, "contexts", Never, &[List], CREATE_EVENT),
    (V1, "contexts[]", Never, &[Object], CREATE_EVENT),
    (V1, "contexts[].type", Always, &[OneOf(&["link", "image"])], CONTEXTS),
    (V1, "contexts[link].href", Always, &[Text, HTTP_URL], CONTEXTS),
    (V1, "contexts[link].text", Never, &[Text], CONTEXTS),
    (V1, "contexts[image].src", Always, &[Text, HTTPS_URL], CONTEXTS),
    (V1, "contexts[image].href", Never, &[Text, HTTP_URL], CONTEXTS),
    (V1, "contexts[image].alt", Never, &[Text], CONTEXTS),
];
