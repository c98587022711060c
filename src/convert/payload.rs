//! What PagerDuty shows of an alert: PD-CEF from labels, annotations and fields.

use super::severity::{self, Voice};
use super::{Circumstances, fill};
use crate::event::{self, Image, Link, Payload, SUMMARY_MAX_CHARS, Severity};
use crate::secret::Mask;
use crate::timestamp;
use crate::webhook::{ARMS_PREFIX, Alert, Notification, text_of};
use serde_json::{Map, Value};
use std::time::SystemTime;

/// The summary of a webhook that carries a key and nothing else.
const NO_CONTENT_SUMMARY: &str = "ARMS alert without content: add a body template";
/// The preset template calls an `app` an `application`.
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
const MESSAGE_NAMES: [&str; 3] = ["message", "summary", "description"];
/// ARMS's own message, which begins with `null` where its template could not be filled.
const ARMS_MESSAGE_NAME: &str = "_aliyun_arms_alert_message";
const ARMS_LEVEL_NAME: &str = "_aliyun_arms_alert_level";

/// The payload of one alert of the notification.
pub(super) fn of_alert(alert: Alert, notification: &Notification, circumstances: &Circumstances) -> Payload {
    let mut payload = without_details(&alert, notification, circumstances);
    let mut details = details(alert, notification);
    for (name, value) in unused(notification, circumstances.now) {
        details.entry(name).or_insert(value);
    }
    // Too long, or beside an alert that has a name of its own.
    if let Some(text) = notification.fields.get("summary")
        && (text.chars().count() > SUMMARY_MAX_CHARS || !payload.summary.contains(&summary_line(text)))
    {
        details.entry("summary").or_insert_with(|| Value::String(text.to_owned()));
    }
    payload.custom_details = event::clean(details, circumstances.mask);
    payload
}

/// What the body says in fields that want a certain kind of value, and is of another.
fn unused(notification: &Notification, now: SystemTime) -> Map<String, Value> {
    let fields = &notification.fields;
    let severities =
        fields.severities.iter().filter(|(_, word)| severity::of_word(word, Voice::Other).is_none());
    let severities = severities.map(|(name, word)| (*name, word.as_str()));
    let timestamp = fields.get("timestamp").filter(|text| timestamp::read(text, now).is_none());
    let link = fields.get("link").filter(|url| web_url(url, &["http", "https"]).is_none());
    let texts = [("timestamp", timestamp), ("link", link)];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name, text?)));
    severities.chain(texts).map(|(name, text)| (name.to_owned(), Value::String(text.to_owned()))).collect()
}

/// The same, but for the details.
pub(super) fn without_details(
    alert: &Alert,
    notification: &Notification,
    circumstances: &Circumstances,
) -> Payload {
    let fields = &notification.fields;
    let masked = |text: String| circumstances.mask.hide(text);
    let field = |name: &str| fields.get(name).map(str::to_owned);
    let in_others = |name: &str| {
        let value = fields.others.get(name).filter(|value| !value.is_object() && !value.is_array())?;
        text_of(value).filter(|_| notification.own.is_none())
    };
    // Labels first, then the field of that name, then what a body says in names of its own.
    let find = |names: &[&str], field_name: &str| {
        let of = |map: &Map<String, Value>| {
            names.iter().find_map(|name| shown(map.get(*name)?, circumstances.mask))
        };
        of(&alert.labels)
            .or_else(|| of(&notification.common_labels))
            .or_else(|| field(field_name))
            .or_else(|| names.iter().find_map(|name| in_others(name)))
            .map(masked)
    };
    let started = alert.starts_at.as_deref().or_else(|| fields.get("timestamp"));
    let name = name(alert, notification);
    let summary = match (name, message(alert, notification)) {
        (Some(name), Some(message)) => format!("{name}: {message}"),
        (Some(text), None) | (None, Some(text)) => text,
        (None, None) => {
            let unused = unused(notification, circumstances.now);
            rest_as_text([&alert.labels, &fields.others, &unused], circumstances.mask)
        }
    };
    let mut payload = Payload::new(
        summary_line(&masked(summary)),
        severity(alert, notification).unwrap_or(circumstances.default_severity),
    );
    if let Some(source) = find(&SOURCE_NAMES, "source") {
        payload.source = source;
    }
    payload.timestamp = started.and_then(|started| timestamp::read(started, circumstances.now));
    payload.component = find(&COMPONENT_NAMES, "component");
    payload.group = find(&GROUP_NAMES, "group");
    payload.class = find(&["alertname"], "class").or_else(|| fields.alert_name.clone().map(masked));
    pages(&mut payload, alert, notification, &masked);
    payload
}

/// A label as text; of an object only what may be shown.
fn shown(value: &Value, mask: &Mask) -> Option<String> {
    if value.is_object() || value.is_array() {
        let mut value = value.clone();
        event::clean_value(&mut value, mask);
        return text_of(&value);
    }
    text_of(value)
}

/// What the alert is called.
pub(super) fn name(alert: &Alert, notification: &Notification) -> Option<String> {
    let label = |labels: &Map<String, Value>| text_of(labels.get("alertname")?);
    label(&alert.labels)
        .or_else(|| label(&notification.common_labels))
        .or_else(|| notification.fields.get("summary").map(str::to_owned))
}

/// What is told of the alert, its placeholders filled.
pub(super) fn message(alert: &Alert, notification: &Notification) -> Option<String> {
    let fill = |text: &str| fill::fill(text, alert, &notification.common_annotations);
    let of = |annotations: &Map<String, Value>| {
        let filled = |name: &str| {
            let Value::String(text) = annotations.get(name)? else { return text_of(annotations.get(name)?) };
            text_of(&Value::String(fill(text)))
        };
        let arms = || filled(ARMS_MESSAGE_NAME).filter(|message| !message.starts_with("null"));
        MESSAGE_NAMES.iter().find_map(|name| filled(name)).or_else(arms)
    };
    let given = || notification.fields.get("message").map(fill);
    of(&alert.annotations).or_else(|| of(&notification.common_annotations)).or_else(given)
}

/// How bad it is, by the first word that is known.
pub(super) fn severity(alert: &Alert, notification: &Notification) -> Option<Severity> {
    let label = |labels: &Map<String, Value>, name| text_of(labels.get(name)?);
    let is_arms =
        notification.common_is_arms || alert.labels.keys().any(|name| name.starts_with(ARMS_PREFIX));
    let voice = if is_arms { Voice::Arms } else { Voice::Other };
    let labels = [
        label(&alert.labels, "severity"),
        label(&alert.labels, ARMS_LEVEL_NAME),
        label(&notification.common_labels, "severity"),
    ];
    let labels = labels.into_iter().flatten().map(|word| (voice, word));
    let fields = notification.fields.severities.iter();
    let fields =
        fields.map(|(name, word)| (if *name == "level" { Voice::Arms } else { voice }, word.clone()));
    labels.chain(fields).find_map(|(voice, word)| severity::of_word(&word, voice))
}

/// What there is to read in an alert that has neither a name nor a message.
fn rest_as_text(rest: [&Map<String, Value>; 3], mask: &Mask) -> String {
    let rest = rest.map(|map| event::clean(map.clone(), mask));
    let pairs: Vec<String> = rest
        .iter()
        .flatten()
        .filter_map(|(name, value)| Some(format!("{name}={}", text_of(value)?)))
        .collect();
    if pairs.is_empty() { NO_CONTENT_SUMMARY.to_owned() } else { format!("ARMS alert: {}", pairs.join(", ")) }
}

/// One line of at most [`SUMMARY_MAX_CHARS`] characters; the last says if something was cut.
pub(super) fn summary_line(text: &str) -> String {
    let line = text.trim().replace("\r\n", " ").replace(['\r', '\n', '\u{2028}', '\u{2029}'], " ");
    if line.chars().count() <= SUMMARY_MAX_CHARS {
        return line;
    }
    line.chars().take(SUMMARY_MAX_CHARS - 1).chain(['…']).collect()
}

/// Links, images and the client's page.
fn pages(
    payload: &mut Payload,
    alert: &Alert,
    notification: &Notification,
    masked: &impl Fn(String) -> String,
) {
    let web = |url: &str| web_url(url, &["http", "https"]).map(masked);
    let texts = [
        (notification.external_url.as_deref(), "Alert in ARMS"),
        (alert.generator_url.as_deref(), "Alert rule"),
        (notification.fields.get("link"), "Link"),
    ];
    payload.client_url = notification.external_url.as_deref().and_then(web);
    for (url, text) in texts {
        if let Some(href) = url.and_then(web)
            && !payload.links.iter().any(|link| link.href == href)
        {
            payload.links.push(Link { href, text: Some(text.to_owned()) });
        }
    }
    let Some(own) = &notification.own else { return };
    payload.client = own.client.clone().map(masked);
    payload.client_url = own.client_url.as_deref().and_then(web);
    payload.links.extend(
        own.links
            .iter()
            .filter_map(|link| Some(Link { href: web(&link.href)?, text: link.text.clone().map(masked) })),
    );
    payload.images.extend(own.images.iter().filter_map(|image| {
        Some(Image {
            src: web_url(&image.src, &["https"]).map(masked)?,
            href: image.href.as_deref().and_then(web),
            alt: image.alt.clone().map(masked),
        })
    }));
}

/// A URL that a browser opens; PagerDuty refuses an event with a blank one.
fn web_url(url: &str, schemes: &[&str]) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let is_web = schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let has_host = !rest.is_empty() && !rest.starts_with(['/', '?', '#']);
    let is_clean = !url.chars().any(|c| c.is_whitespace() || c.is_control());
    (is_web && has_host && is_clean).then(|| url.to_owned())
}

fn details(alert: Alert, notification: &Notification) -> Map<String, Value> {
    let fields = &notification.fields;
    let mut details = fields.others.clone();
    if notification.own.is_some() {
        return details;
    }
    let status = alert.status.as_ref().or(notification.status.as_ref()).cloned();
    let texts = [
        ("status", status.or_else(|| fields.get("status").map(str::to_owned))),
        ("message", fields.get("message").map(str::to_owned)),
        ("startsAt", alert.starts_at),
        ("endsAt", alert.ends_at),
        ("receiver", notification.receiver.clone()),
        ("policy", notification.policy.clone()),
    ];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name, Value::String(text?))));
    let annotations = if alert.annotations.is_empty() {
        notification.common_annotations.clone()
    } else {
        alert.annotations
    };
    let maps = [("labels", alert.labels), ("annotations", annotations)];
    let maps = maps.into_iter().filter(|(_, map)| !map.is_empty());
    for (name, value) in texts.chain(maps.map(|(name, map)| (name, Value::Object(map)))) {
        details.entry(name).or_insert(value);
    }
    details
}
