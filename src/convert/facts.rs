//! The facts of one alert, resolved once from its labels, its annotations, what all alerts share, and
//! the fields of the template.

use super::context::Context;
use super::placeholders;
use super::words::{self, Speaker};
use crate::event::{Action, Link, Payload, SUMMARY_MAX_CHARS, Severity};
use crate::lenient_json::text_of;
use crate::secret::is_secret_name;
use crate::timestamp;
use crate::webhook::{ARMS_PREFIX, Alert, Fields, Notification};
use serde_json::{Map, Value};
use std::time::SystemTime;

/// The summary of a webhook that carries a key and nothing else.
const NO_CONTENT_SUMMARY: &str = "ARMS alert without content: add a body template";
/// The preset template says `application` for what labels call an `app`.
const SOURCE_NAMES: [&str; 11] = [
    "instance",
    "host",
    "node",
    "_aliyun_arms_involvedObject_name",
    "pod_name",
    "pod",
    "service",
    "app",
    "application",
    "clustername",
    "cluster",
];
const COMPONENT_NAMES: [&str; 7] = ["container", "service", "app", "application", "job", "pod_name", "pod"];
const GROUP_NAMES: [&str; 4] = ["clustername", "cluster", "namespace", "_aliyun_arms_integration_name"];
const CLASS_NAMES: [&str; 1] = ["alertname"];
const MESSAGE_NAMES: [&str; 3] = ["message", "summary", "description"];
/// ARMS's own message, which begins with `null` if its template could not be filled.
const ARMS_MESSAGE_NAME: &str = "_aliyun_arms_alert_message";
const ARMS_LEVEL_NAME: &str = "_aliyun_arms_alert_level";
const WEB_SCHEMES: [&str; 2] = ["http", "https"];

/// What is known of one alert.
pub(super) struct Facts {
    /// What it is called.
    pub(super) name: Option<String>,
    /// What is said about it, with placeholders filled.
    pub(super) message: Option<String>,
    pub(super) severity: Severity,
    pub(super) source: Option<String>,
    pub(super) component: Option<String>,
    pub(super) group: Option<String>,
    pub(super) class: Option<String>,
    /// Since when it fires, in PagerDuty's notation.
    pub(super) started_at: Option<String>,
    /// The page that shows it.
    pub(super) client_url: Option<String>,
    pub(super) links: Vec<Link>,
    /// The summary of an alert that has neither a name nor a message.
    fallback: String,
}

impl Facts {
    pub(super) fn of(alert: &Alert, notification: &Notification, context: &Context) -> Self {
        let lookup = Lookup { alert, notification };
        let fields = &notification.fields;
        let name = name(alert, notification);
        let message = message(alert, notification);
        let fallback = match (&name, &message) {
            (None, None) => rest_as_text(alert, fields, context.now),
            _ => String::new(),
        };
        let started = alert.starts_at.as_deref().or_else(|| fields.get("timestamp"));
        let class = lookup.text(&CLASS_NAMES, "class").or_else(|| fields.alert_name.clone());
        Self {
            name,
            message,
            severity: severity(alert, notification, context.default_severity),
            source: lookup.text(&SOURCE_NAMES, "source"),
            component: lookup.text(&COMPONENT_NAMES, "component"),
            group: lookup.text(&GROUP_NAMES, "group"),
            class,
            started_at: started.and_then(|started| timestamp::read(started, context.now)),
            client_url: notification.external_url.as_deref().and_then(web_url),
            links: links(alert, notification),
            fallback,
        }
    }

    /// The alert's name and message.
    pub(super) fn summary(&self) -> String {
        match (&self.name, &self.message) {
            (Some(name), Some(message)) => format!("{name}: {message}"),
            (Some(text), None) | (None, Some(text)) => text.clone(),
            (None, None) => self.fallback.clone(),
        }
    }

    /// The event's payload, still without details.
    pub(super) fn into_payload(self) -> Payload {
        let mut payload = Payload::new(self.summary(), self.severity);
        if let Some(source) = self.source {
            payload.source = source;
        }
        payload.component = self.component;
        payload.group = self.group;
        payload.class = self.class;
        payload.timestamp = self.started_at;
        payload.client_url = self.client_url;
        payload.links = self.links;
        payload
    }
}

/// Looks facts up where they may stand.
struct Lookup<'a> {
    alert: &'a Alert,
    notification: &'a Notification,
}

impl Lookup<'_> {
    /// Labels come first, then the field of that name, then what the body says under the labels' names.
    fn text(&self, names: &[&str], field: &str) -> Option<String> {
        let fields = &self.notification.fields;
        for labels in [&self.alert.labels, &self.notification.common_labels] {
            let found = names.iter().find_map(|name| text_of(labels.get(*name)?));
            if found.is_some() {
                return found;
            }
        }
        if let Some(text) = fields.get(field) {
            return Some(text.to_owned());
        }
        let scalar = |name: &&str| {
            let value = fields.others.get(*name)?;
            if value.is_object() || value.is_array() { None } else { text_of(value) }
        };
        names.iter().find_map(scalar)
    }
}

/// What the alert does: it is over if it, its notification or the template says so.
pub(super) fn action(alert: &Alert, notification: &Notification) -> Action {
    let given = notification.fields.get("status");
    let statuses = [alert.status.as_deref(), notification.status.as_deref(), given];
    if statuses.into_iter().flatten().any(words::is_resolved) {
        return Action::Resolve;
    }
    given.map_or(Action::Trigger, words::action)
}

/// The first known word for the severity.
pub(super) fn severity(alert: &Alert, notification: &Notification, default: Severity) -> Severity {
    let is_arms =
        notification.common_is_arms || alert.labels.keys().any(|name| name.starts_with(ARMS_PREFIX));
    let speaker = if is_arms { Speaker::Arms } else { Speaker::Other };
    let labels = [
        alert.labels.get("severity"),
        alert.labels.get(ARMS_LEVEL_NAME),
        notification.common_labels.get("severity"),
    ];
    for label in labels.into_iter().flatten() {
        let word = text_of(label).unwrap_or_default();
        if let Some(severity) = words::severity(&word, speaker) {
            return severity;
        }
    }
    for (name, word) in &notification.fields.severities {
        let speaker = if *name == "level" { Speaker::Arms } else { speaker };
        if let Some(severity) = words::severity(word, speaker) {
            return severity;
        }
    }
    default
}

/// When the alert started, in PagerDuty's notation.
pub(super) fn started_at(alert: &Alert, now: SystemTime) -> Option<String> {
    timestamp::read(alert.starts_at.as_deref()?, now)
}

/// What the alert is called.
fn name(alert: &Alert, notification: &Notification) -> Option<String> {
    for labels in [&alert.labels, &notification.common_labels] {
        if let Some(name) = labels.get("alertname").and_then(text_of) {
            return Some(name);
        }
    }
    notification.fields.get("summary").map(str::to_owned)
}

/// What is said about the alert, with placeholders filled.
fn message(alert: &Alert, notification: &Notification) -> Option<String> {
    let fill = |text: &str| placeholders::fill(text, alert, &notification.common_annotations);
    let filled = |value: &Value| match value {
        Value::String(text) => text_of(&Value::String(fill(text))),
        other => text_of(other),
    };
    for annotations in [&alert.annotations, &notification.common_annotations] {
        let message = MESSAGE_NAMES.iter().find_map(|name| filled(annotations.get(*name)?));
        if message.is_some() {
            return message;
        }
        let of_arms = annotations.get(ARMS_MESSAGE_NAME).and_then(filled);
        if let Some(message) = of_arms.filter(|message| !message.starts_with("null")) {
            return Some(message);
        }
    }
    notification.fields.get("message").map(fill)
}

/// What there is to read in an alert that has neither a name nor a message.
fn rest_as_text(alert: &Alert, fields: &Fields, now: SystemTime) -> String {
    let unused = unused(fields, now);
    pairs_as_text(alert.labels.iter().chain(&fields.others).chain(&unused))
}

/// Names and values as one text, without secrets.
pub(super) fn pairs_as_text<'a>(members: impl Iterator<Item = (&'a String, &'a Value)>) -> String {
    let mut pairs = Vec::new();
    for (name, value) in members {
        if !is_secret_name(name)
            && let Some(text) = text_of(value)
        {
            pairs.push(format!("{name}={text}"));
        }
    }
    if pairs.is_empty() { NO_CONTENT_SUMMARY.to_owned() } else { format!("ARMS alert: {}", pairs.join(", ")) }
}

/// Fields whose values are not of the kind that they should be; the details show them.
pub(super) fn unused(fields: &Fields, now: SystemTime) -> Map<String, Value> {
    let mut unused = Map::new();
    let mut keep = |name: &str, text: &str| {
        unused.insert(name.to_owned(), Value::String(text.to_owned()));
    };
    for (name, word) in &fields.severities {
        if words::severity(word, Speaker::Other).is_none() {
            keep(name, word);
        }
    }
    if let Some(text) = fields.get("timestamp")
        && timestamp::read(text, now).is_none()
    {
        keep("timestamp", text);
    }
    if let Some(text) = fields.get("link")
        && web_url(text).is_none()
    {
        keep("link", text);
    }
    unused
}

/// The alert's pages, each once.
fn links(alert: &Alert, notification: &Notification) -> Vec<Link> {
    let pages = [
        (notification.external_url.as_deref(), "Alert in ARMS"),
        (alert.generator_url.as_deref(), "Alert rule"),
        (notification.fields.get("link"), "Link"),
    ];
    let mut links: Vec<Link> = Vec::new();
    for (url, text) in pages {
        if let Some(href) = url.and_then(web_url)
            && !links.iter().any(|link| link.href == href)
        {
            links.push(Link { href, text: Some(text.to_owned()) });
        }
    }
    links
}

/// An http or https URL; PagerDuty refuses an event with a blank one.
pub(super) fn web_url(url: &str) -> Option<String> {
    url_of(url, &WEB_SCHEMES)
}

/// An https URL, which is what PagerDuty takes for an image.
pub(super) fn image_url(url: &str) -> Option<String> {
    url_of(url, &["https"])
}

fn url_of(url: &str, schemes: &[&str]) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let is_web = schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let has_host = !rest.is_empty() && !rest.starts_with(['/', '?', '#']);
    let is_clean = !url.chars().any(|c| c.is_whitespace() || c.is_control());
    (is_web && has_host && is_clean).then(|| url.to_owned())
}

/// Whether `summary` shows the whole of `text`.
pub(super) fn shows(summary: &str, text: &str) -> bool {
    text.chars().count() <= SUMMARY_MAX_CHARS && summary.contains(text)
}
