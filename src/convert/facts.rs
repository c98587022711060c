//! The facts of one alert, resolved once from its labels, its annotations, what all alerts share, and
//! the fields of the template.

use super::context::Context;
use super::said::Said;
use super::words::{self, Speaker};
use super::{pages, placeholders};
use crate::event::{Image, Link, Payload, SUMMARY_MAX_CHARS, Severity};
use crate::lenient_json::text_of;
use crate::secret::is_secret_name;
use crate::timestamp::{self, Zone};
use crate::webhook::{ARMS_PREFIX, Alert, Notification, Origin};
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
const MESSAGE_NAMES: [&str; 5] = ["message", "summary", "description", "desc", "title"];
/// ARMS's own message, which begins with `null` if its template could not be filled.
const ARMS_MESSAGE_NAME: &str = "_aliyun_arms_alert_message";
const ARMS_LEVEL_NAME: &str = "_aliyun_arms_alert_level";

/// What is known of one alert.
pub(super) struct Facts {
    /// The sender.
    pub(super) origin: Origin,
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
    pub(super) images: Vec<Image>,
    /// The summary of an alert that has neither a name nor a message.
    fallback: String,
}

impl Facts {
    /// `is_only` is whether the notification is about this alert alone.
    pub(super) fn of(alert: &Alert, notification: &Notification, is_only: bool, context: &Context) -> Self {
        let said = Said::of(alert, notification, is_only);
        let lookup = Lookup { alert, notification, said };
        let name = name(alert, notification, said);
        let message = message(alert, notification, said);
        let fallback = match (&name, &message) {
            (None, None) => rest_as_text(alert, said, context),
            _ => String::new(),
        };
        let started = alert.starts_at.as_deref().or_else(|| said.get("timestamp"));
        let class = lookup.text(&CLASS_NAMES, "class").or_else(|| said.alert_name().map(str::to_owned));
        let page = alert.page.as_deref().or(notification.external_url.as_deref());
        Self {
            origin: alert.origin.unwrap_or(notification.origin),
            name,
            message,
            severity: severity(alert, notification, is_only, context),
            source: lookup.text(&SOURCE_NAMES, "source").or_else(|| alert.fallback_source.clone()),
            component: lookup.text(&COMPONENT_NAMES, "component"),
            group: lookup.text(&GROUP_NAMES, "group"),
            class,
            started_at: started.and_then(|started| timestamp::read(started, context.now, Zone::Beijing)),
            client_url: page.and_then(pages::web_url),
            links: pages::links(alert, notification, said),
            images: pages::images(alert),
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
        Payload {
            summary: self.summary(),
            source: self.source.unwrap_or_else(|| self.origin.source().to_owned()),
            severity: self.severity,
            timestamp: self.started_at,
            component: self.component,
            group: self.group,
            class: self.class,
            client: Some(self.origin.client().to_owned()),
            client_url: self.client_url,
            links: self.links,
            images: self.images,
            ..Payload::default()
        }
    }
}

/// Looks facts up where they may be.
struct Lookup<'a> {
    alert: &'a Alert,
    notification: &'a Notification,
    said: Said<'a>,
}

impl Lookup<'_> {
    /// Labels come first, then the field of that name, then what the body says under the labels' names.
    fn text(&self, names: &[&str], field: &str) -> Option<String> {
        for labels in [&self.alert.labels, &self.notification.common_labels] {
            let found = names.iter().find_map(|name| text_of(labels.get(*name)?));
            if found.is_some() {
                return found;
            }
        }
        if let Some(text) = self.said.get(field) {
            return Some(text.to_owned());
        }
        let scalar = |name: &&str| {
            let value = self.said.other(name)?;
            if value.is_object() || value.is_array() { None } else { text_of(value) }
        };
        names.iter().find_map(scalar)
    }
}

/// The first known word for the severity, else the default.
pub(super) fn severity(
    alert: &Alert,
    notification: &Notification,
    is_only: bool,
    context: &Context,
) -> Severity {
    let known = severity_word(alert, notification, is_only, context);
    known.map_or(context.default_severity, |known| known.severity)
}

/// A word that decides the severity.
struct SeverityWord {
    severity: Severity,
    /// The name of the field that holds it; `None` for a label.
    field: Option<&'static str>,
}

fn severity_word(
    alert: &Alert,
    notification: &Notification,
    is_only: bool,
    context: &Context,
) -> Option<SeverityWord> {
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
        if let Some(severity) = words::severity(&word, speaker, context.severities) {
            return Some(SeverityWord { severity, field: None });
        }
    }
    for (name, word) in Said::of(alert, notification, is_only).severities() {
        let speaker = if *name == "level" { Speaker::Arms } else { speaker };
        if let Some(severity) = words::severity(word, speaker, context.severities) {
            return Some(SeverityWord { severity, field: Some(name) });
        }
    }
    None
}

/// When the alert started, in PagerDuty's notation.
pub(super) fn started_at(alert: &Alert, now: SystemTime) -> Option<String> {
    timestamp::read(alert.starts_at.as_deref()?, now, Zone::Beijing)
}

/// What the alert is called.
fn name(alert: &Alert, notification: &Notification, said: Said) -> Option<String> {
    for labels in [&alert.labels, &notification.common_labels] {
        if let Some(name) = labels.get("alertname").and_then(text_of) {
            return Some(name);
        }
    }
    said.get("summary").map(str::to_owned)
}

/// What is said about the alert, with placeholders filled.
fn message(alert: &Alert, notification: &Notification, said: Said) -> Option<String> {
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
    said.get("message").map(fill)
}

/// What there is to read in an alert that has neither a name nor a message.
fn rest_as_text(alert: &Alert, said: Said, context: &Context) -> String {
    let is_known = |_: &str, word: &str| words::severity(word, Speaker::Other, context.severities).is_some();
    let unused = unused(said, is_known, context);
    pairs_as_text(alert.labels.iter().chain(said.others()).chain(&unused))
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

/// Fields that the event's own fields do not show, for the details: severity words that decided nothing,
/// and values that are not of the kind that they should be.
pub(super) fn unshown(
    alert: &Alert,
    notification: &Notification,
    is_only: bool,
    context: &Context,
) -> Map<String, Value> {
    let decisive = severity_word(alert, notification, is_only, context);
    let decisive = decisive.and_then(|word| word.field);
    let is_decisive = |field: &str, _: &str| decisive == Some(field);
    unused(Said::of(alert, notification, is_only), is_decisive, context)
}

/// The same, without the severity words for which `is_shown` is true; it gets their field and the word.
fn unused(said: Said, is_shown: impl Fn(&str, &str) -> bool, context: &Context) -> Map<String, Value> {
    let mut unused = Map::new();
    let mut keep = |name: &str, text: &str| {
        unused.entry(name).or_insert_with(|| Value::String(text.to_owned()));
    };
    for (field, word) in said.severities() {
        if !is_shown(field, word) {
            keep(field, word);
        }
    }
    if let Some(text) = said.get("timestamp")
        && timestamp::read(text, context.now, Zone::Beijing).is_none()
    {
        keep("timestamp", text);
    }
    if let Some(text) = said.get("link")
        && pages::web_url(text).is_none()
    {
        keep("link", text);
    }
    unused
}

/// Whether `summary` shows the whole of `text`.
pub(super) fn shows(summary: &str, text: &str) -> bool {
    text.chars().count() <= SUMMARY_MAX_CHARS && summary.contains(text)
}
