//! The rules, row by row, with their sources.

use Must::{
    BeAlphanumeric, BeHttpUrl, BeHttpsUrl, BeList, BeObject, BeOneOf, BePresent, BeText, BeTimestamp,
    HaveChars, HaveCharsUpTo, HaveItemsUpTo, NotBeginWith,
};
use Says::{Guess, InvalidKey, Seen, TooManyLinks};
use When::{Always, FollowUp, Trigger};

use super::{Must, Rule, Says, When};
use crate::Api;

const KEY_CHARS: usize = 32;
const DEDUP_KEY_MAX_CHARS: usize = 255;
const SUMMARY_MAX_CHARS: usize = 1024;
const CHANGE_LINKS_MAX: usize = 50;
const ACTIONS: &[&str] = &["trigger", "acknowledge", "resolve"];
const SEVERITIES: &[&str] = &["critical", "warning", "error", "info"];
const CONTEXT_TYPES: &[&str] = &["link", "image"];

const ALERT: &[Api] = &[Api::V2];
const CHANGE: &[Api] = &[Api::Change];
const ALERT_AND_CHANGE: &[Api] = &[Api::V2, Api::Change];
const V1: &[Api] = &[Api::V1];

const ENQUEUE: &str = "OpenAPI v2, paths/*/post/requestBody";
const PAYLOAD: &str = "OpenAPI v2, components/schemas/Payload and ChangeEventPayload";
const CHANGE_PAYLOAD: &str = "OpenAPI v2, components/schemas/ChangeEventPayload";
const LINKS: &str = "OpenAPI v2, components/schemas/Links; docs: a blank href is refused";
const IMAGES: &str = "OpenAPI v2, components/schemas/Images, served via HTTPS";
const CREATE_EVENT: &str = "OpenAPI v1, paths/~1create_event.json/post/requestBody";
const CONTEXTS: &str = "OpenAPI v1, components/schemas/LinkContext and ImageContext";
const DOCS_OVERVIEW: &str = "docs: Events API v2 overview, a trigger needs a payload";
const DOCS_KEYS: &str = "docs: integration keys are 32 letters and digits";
const DOCS_RULESET_KEYS: &str =
    "docs: change events, a ruleset's key (R...) cannot take one; the answer is unknown";
const DOCS_DEDUP_KEY: &str = "docs: dedup_key and incident_key, at most 255 characters";
const DOCS_TIMESTAMP: &str = "docs: ISO 8601; reports: a blank for the T or an hour of one digit is refused";
const DOCS_CHANGE_LINKS: &str = "docs: change events, at most 50 links; reports: the answer";
const REPORT_KEY_LENGTH: &str = "docs: 32 characters; report: github.com/envato/pagerduty/issues/70";
const REPORT_KEY_LETTERS: &str =
    "docs: letters and digits; report: github.com/blockpane/tenderduty/issues/10";
const REPORT_SUMMARY: &str =
    "docs: at most 1024 characters; report: github.com/dagster-io/dagster/issues/19567";
const REPORT_SERVICE_KEY: &str = "docs: 32 characters; report: github.com/influxdata/kapacitor/issues/1785";
const REPORT_DESCRIPTION: &str =
    "docs: at most 1024 characters; report: github.com/YelpArchive/sensu_handlers/issues/38";

const fn rule(
    apis: &'static [Api],
    field: &'static str,
    when: When,
    must: Must,
    says: Says,
    source: &'static str,
) -> Rule {
    Rule { apis, field, when, must, says, source }
}

/// Every rule. Of one field, presence stands first, then the type.
#[rustfmt::skip]
pub static RULES: &[Rule] = &[
    rule(ALERT_AND_CHANGE, "routing_key", Always, BePresent, Guess("'routing_key' is missing or blank"), ENQUEUE),
    rule(ALERT_AND_CHANGE, "routing_key", Always, BeText, Guess("'routing_key' must be a string"), ENQUEUE),
    rule(ALERT_AND_CHANGE, "routing_key", Always, HaveChars(KEY_CHARS), Seen("Length of 'routing_key' is incorrect (should be 32 characters)"), REPORT_KEY_LENGTH),
    rule(ALERT_AND_CHANGE, "routing_key", Always, BeAlphanumeric, Seen("'routing_key' cannot contain non-alphanumeric characters."), REPORT_KEY_LETTERS),
    rule(CHANGE, "routing_key", Always, NotBeginWith('R'), InvalidKey, DOCS_RULESET_KEYS),
    rule(ALERT, "event_action", Always, BePresent, Seen("'event_action' is missing or blank"), ENQUEUE),
    rule(ALERT, "event_action", Always, BeOneOf(ACTIONS), Guess("'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')"), ENQUEUE),
    rule(ALERT, "dedup_key", FollowUp, BePresent, Guess("'dedup_key' is missing or blank"), ENQUEUE),
    rule(ALERT, "dedup_key", Always, BeText, Guess("'dedup_key' must be a string"), ENQUEUE),
    rule(ALERT, "dedup_key", Always, HaveCharsUpTo(DEDUP_KEY_MAX_CHARS), Guess("'dedup_key' is too long (maximum is 255 characters)"), DOCS_DEDUP_KEY),
    rule(ALERT, "client", Always, BeText, Guess("'client' must be a string"), ENQUEUE),
    rule(ALERT, "client_url", Always, BeText, Guess("'client_url' must be a string"), ENQUEUE),
    rule(ALERT, "client_url", Always, BeHttpUrl, Guess("'client_url' must be an HTTP or HTTPS URL"), ENQUEUE),
    rule(ALERT, "payload", Trigger, BePresent, Guess("'payload' is missing or blank"), DOCS_OVERVIEW),
    rule(CHANGE, "payload", Always, BePresent, Guess("'payload' is missing or blank"), ENQUEUE),
    rule(ALERT_AND_CHANGE, "payload", Always, BeObject, Guess("'payload' must be an object"), ENQUEUE),
    rule(ALERT, "payload.summary", Trigger, BePresent, Guess("'payload.summary' is missing or blank"), PAYLOAD),
    rule(CHANGE, "payload.summary", Always, BePresent, Guess("'payload.summary' is missing or blank"), CHANGE_PAYLOAD),
    rule(ALERT_AND_CHANGE, "payload.summary", Always, BeText, Guess("'payload.summary' must be a string"), PAYLOAD),
    rule(ALERT_AND_CHANGE, "payload.summary", Always, HaveCharsUpTo(SUMMARY_MAX_CHARS), Seen("'summary' is too long (maiximum is 1024 characters)"), REPORT_SUMMARY),
    rule(ALERT, "payload.source", Trigger, BePresent, Seen("'payload.source' is missing or blank"), PAYLOAD),
    rule(ALERT_AND_CHANGE, "payload.source", Always, BeText, Guess("'payload.source' must be a string"), PAYLOAD),
    rule(ALERT, "payload.severity", Trigger, BePresent, Guess("'payload.severity' is missing or blank"), PAYLOAD),
    rule(ALERT, "payload.severity", Always, BeOneOf(SEVERITIES), Seen("'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"), PAYLOAD),
    rule(ALERT_AND_CHANGE, "payload.timestamp", Always, BeText, Guess("'payload.timestamp' must be a string"), PAYLOAD),
    rule(ALERT_AND_CHANGE, "payload.timestamp", Always, BeTimestamp, Guess("'payload.timestamp' is invalid (must be an ISO 8601 timestamp)"), DOCS_TIMESTAMP),
    rule(ALERT, "payload.component", Always, BeText, Guess("'payload.component' must be a string"), PAYLOAD),
    rule(ALERT, "payload.group", Always, BeText, Guess("'payload.group' must be a string"), PAYLOAD),
    rule(ALERT, "payload.class", Always, BeText, Guess("'payload.class' must be a string"), PAYLOAD),
    rule(ALERT_AND_CHANGE, "payload.custom_details", Always, BeObject, Guess("'payload.custom_details' must be an object"), PAYLOAD),
    rule(ALERT_AND_CHANGE, "links", Always, BeList, Guess("'links' must be an array"), LINKS),
    rule(CHANGE, "links", Always, HaveItemsUpTo(CHANGE_LINKS_MAX), TooManyLinks("links should have at most 50 item(s)"), DOCS_CHANGE_LINKS),
    rule(ALERT_AND_CHANGE, "links[]", Always, BeObject, Guess("'link' must be an object"), LINKS),
    rule(ALERT_AND_CHANGE, "links[].href", Always, BePresent, Seen("'link href' is missing or blank"), LINKS),
    rule(ALERT_AND_CHANGE, "links[].href", Always, BeText, Guess("'link href' must be a string"), LINKS),
    rule(ALERT_AND_CHANGE, "links[].href", Always, BeHttpUrl, Guess("'link href' must be an HTTP or HTTPS URL"), LINKS),
    rule(ALERT_AND_CHANGE, "links[].text", Always, BeText, Guess("'link text' must be a string"), LINKS),
    rule(ALERT_AND_CHANGE, "images", Always, BeList, Guess("'images' must be an array"), IMAGES),
    rule(ALERT_AND_CHANGE, "images[]", Always, BeObject, Guess("'image' must be an object"), IMAGES),
    rule(ALERT_AND_CHANGE, "images[].src", Always, BePresent, Guess("'image src' is missing or blank"), IMAGES),
    rule(ALERT_AND_CHANGE, "images[].src", Always, BeText, Guess("'image src' must be a string"), IMAGES),
    rule(ALERT_AND_CHANGE, "images[].src", Always, BeHttpsUrl, Guess("'image src' must be an HTTPS URL"), IMAGES),
    rule(ALERT_AND_CHANGE, "images[].href", Always, BeText, Guess("'image href' must be a string"), IMAGES),
    rule(ALERT_AND_CHANGE, "images[].href", Always, BeHttpUrl, Guess("'image href' must be an HTTP or HTTPS URL"), IMAGES),
    rule(ALERT_AND_CHANGE, "images[].alt", Always, BeText, Guess("'image alt' must be a string"), IMAGES),
    rule(V1, "service_key", Always, BePresent, Guess("Service key is missing or blank"), CREATE_EVENT),
    rule(V1, "service_key", Always, BeText, Guess("'service_key' must be a string"), CREATE_EVENT),
    rule(V1, "service_key", Always, HaveChars(KEY_CHARS), Seen("Service key is the wrong length (should be 32 characters)"), REPORT_SERVICE_KEY),
    rule(V1, "service_key", Always, BeAlphanumeric, Guess("Service key cannot contain non-alphanumeric characters"), DOCS_KEYS),
    rule(V1, "event_type", Always, BePresent, Guess("Event type is missing or blank"), CREATE_EVENT),
    rule(V1, "event_type", Always, BeOneOf(ACTIONS), Guess("Event type is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')"), CREATE_EVENT),
    rule(V1, "incident_key", FollowUp, BePresent, Guess("Incident key is missing or blank"), CREATE_EVENT),
    rule(V1, "incident_key", Always, BeText, Guess("'incident_key' must be a string"), CREATE_EVENT),
    rule(V1, "incident_key", Always, HaveCharsUpTo(DEDUP_KEY_MAX_CHARS), Guess("Incident key is too long (maximum is 255 characters)"), DOCS_DEDUP_KEY),
    rule(V1, "description", Trigger, BePresent, Guess("Description is missing or blank"), CREATE_EVENT),
    rule(V1, "description", Always, BeText, Guess("'description' must be a string"), CREATE_EVENT),
    rule(V1, "description", Always, HaveCharsUpTo(SUMMARY_MAX_CHARS), Seen("Description is too long (maximum is 1024 characters)"), REPORT_DESCRIPTION),
    rule(V1, "details", Always, BeObject, Guess("'details' must be an object"), CREATE_EVENT),
    rule(V1, "client", Always, BeText, Guess("'client' must be a string"), CREATE_EVENT),
    rule(V1, "client_url", Always, BeText, Guess("'client_url' must be a string"), CREATE_EVENT),
    rule(V1, "client_url", Always, BeHttpUrl, Guess("'client_url' must be an HTTP or HTTPS URL"), CREATE_EVENT),
    rule(V1, "contexts", Always, BeList, Guess("'contexts' must be an array"), CREATE_EVENT),
    rule(V1, "contexts[]", Always, BeObject, Guess("'context' must be an object"), CREATE_EVENT),
    rule(V1, "contexts[].type", Always, BePresent, Guess("'context type' is missing or blank"), CREATE_EVENT),
    rule(V1, "contexts[].type", Always, BeOneOf(CONTEXT_TYPES), Guess("'context type' is invalid (must be one of the following: 'link' or 'image')"), CONTEXTS),
    rule(V1, "contexts[link].href", Always, BePresent, Guess("'context href' is missing or blank"), CONTEXTS),
    rule(V1, "contexts[link].href", Always, BeText, Guess("'context href' must be a string"), CONTEXTS),
    rule(V1, "contexts[link].href", Always, BeHttpUrl, Guess("'context href' must be an HTTP or HTTPS URL"), CONTEXTS),
    rule(V1, "contexts[link].text", Always, BeText, Guess("'context text' must be a string"), CONTEXTS),
    rule(V1, "contexts[image].src", Always, BePresent, Guess("'context src' is missing or blank"), CONTEXTS),
    rule(V1, "contexts[image].src", Always, BeText, Guess("'context src' must be a string"), CONTEXTS),
    rule(V1, "contexts[image].src", Always, BeHttpsUrl, Guess("'context src' must be an HTTPS URL"), CONTEXTS),
    rule(V1, "contexts[image].href", Always, BeText, Guess("'context href' must be a string"), CONTEXTS),
    rule(V1, "contexts[image].href", Always, BeHttpUrl, Guess("'context href' must be an HTTP or HTTPS URL"), CONTEXTS),
    rule(V1, "contexts[image].alt", Always, BeText, Guess("'context alt' must be a string"), CONTEXTS),
];
