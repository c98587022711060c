//! A notification becomes events, in PagerDuty's terms: the one place that decides what an alert
//! means.

mod identity;
mod severity;

use crate::error::Error;
use crate::event::{self, Action, Event, Link, Payload, SUMMARY_MAX_CHARS, Severity};
use crate::secret::Mask;
use crate::timestamp;
use crate::webhook::{Alert, Fields, Notification, text_of};
use serde_json::{Map, Value};
use severity::Voice;
use std::collections::HashMap;
use std::time::SystemTime;

/// The summary of a webhook that carries a key and nothing else.
pub const NO_CONTENT_SUMMARY: &str = "ARMS alert without content: add a body template";
/// The source of an alert that names none.
const DEFAULT_SOURCE: &str = "ARMS";
const SOURCE_LABELS: [&str; 10] = [
    "instance",
    "host",
    "node",
    "_aliyun_arms_involvedObject_name",
    "pod_name",
    "pod",
    "service",
    "app",
    "clustername",
    "cluster",
];
const COMPONENT_LABELS: [&str; 6] = ["container", "service", "app", "job", "pod_name", "pod"];
const GROUP_LABELS: [&str; 4] = ["clustername", "cluster", "namespace", "_aliyun_arms_integration_name"];
const MESSAGE_ANNOTATIONS: [&str; 3] = ["message", "summary", "description"];
/// ARMS's own message, which begins with `null` where its template could not be filled.
const ARMS_MESSAGE_ANNOTATION: &str = "_aliyun_arms_alert_message";
const ARMS_LEVEL_LABEL: &str = "_aliyun_arms_alert_level";
const ARMS_LABEL_PREFIX: &str = "_aliyun_arms_";

/// What an event depends on besides the notification.
pub struct Circumstances<'a> {
    /// The time of the request.
    pub now: SystemTime,
    /// The host's id for the request: the same when the platform sends it again.
    pub request_id: &'a str,
    /// `DEFAULT_SEVERITY`.
    pub default_severity: Severity,
    /// The secrets that must stand in no event.
    pub mask: &'a Mask,
}

/// The events of a notification: at least one, one a dedup key, in the notification's order.
///
/// # Errors
/// [`Error::ResolveWithoutIdentity`] if all it says is that something unnamed is over.
pub fn convert(mut notification: Notification, circumstances: &Circumstances) -> Result<Vec<Event>, Error> {
    let mut alerts = std::mem::take(&mut notification.alerts);
    if alerts.is_empty() {
        alerts.push(Alert::default());
    }
    let is_only = alerts.len() == 1;
    let mut events = Vec::with_capacity(alerts.len());
    let mut unnamed = 0;
    for mut alert in alerts {
        if alert.labels.is_empty() {
            alert.labels.clone_from(&notification.common_labels);
        }
        let action = action(&alert, &notification);
        let dedup_key = match dedup_key(&alert, &notification.fields, is_only, circumstances.mask) {
            Some(key) => key,
            // Nobody could tell which alert is over; the others of the notification still count.
            None if action == Action::Resolve => continue,
            None => {
                unnamed += 1;
                identity::once(circumstances.request_id, unnamed - 1)
            }
        };
        events.push(Event { action, dedup_key, payload: payload(alert, &notification, circumstances) });
    }
    if events.is_empty() { Err(Error::ResolveWithoutIdentity) } else { Ok(one_a_key(events)) }
}

/// The event of the console's test: it proves the way to PagerDuty and pages nobody.
#[must_use]
pub fn test_event() -> Event {
    Event {
        action: Action::Resolve,
        dedup_key: identity::TEST.to_owned(),
        payload: Payload {
            summary: "Test of the ARMS webhook: the way to PagerDuty works".to_owned(),
            source: DEFAULT_SOURCE.to_owned(),
            severity: Severity::Info,
            timestamp: None,
            component: None,
            group: None,
            class: None,
            custom_details: Map::new(),
            client_url: None,
            links: Vec::new(),
        },
    }
}

/// Of the events with one key the gravest trigger, else the acknowledge, else the resolve: what is
/// open must not be closed by its twin.
fn one_a_key(events: Vec<Event>) -> Vec<Event> {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(events.len());
    let mut kept: Vec<Event> = Vec::with_capacity(events.len());
    for event in events {
        match places.get(&event.dedup_key).and_then(|place| kept.get_mut(*place)) {
            Some(twin) => {
                if event.urgency() < twin.urgency() {
                    *twin = event;
                }
            }
            None => {
                places.insert(event.dedup_key.clone(), kept.len());
                kept.push(event);
            }
        }
    }
    kept
}

fn action(alert: &Alert, notification: &Notification) -> Action {
    let is_resolved = |status: &str| {
        let words = ["resolved", "resolve", "ok", "recovered", "恢复", "已恢复"];
        words.iter().any(|word| status.eq_ignore_ascii_case(word))
    };
    let given = notification.fields.get("status");
    let statuses = [alert.status.as_deref(), notification.status.as_deref(), given];
    if statuses.into_iter().flatten().any(is_resolved) {
        Action::Resolve
    } else if given.is_some_and(|status| status.eq_ignore_ascii_case("acknowledge")) {
        Action::Acknowledge
    } else {
        Action::Trigger
    }
}

fn dedup_key(alert: &Alert, fields: &Fields, is_only: bool, mask: &Mask) -> Option<String> {
    // One given key for many alerts would merge them into one.
    let given = fields.get("dedup_key").filter(|_| is_only);
    let named = alert.fingerprint.as_deref().or(given).map(|key| {
        let mut key = key.to_owned();
        mask.apply(&mut key);
        identity::limit(key)
    });
    named
        .or_else(|| identity::of_labels(&alert.labels))
        .or_else(|| identity::of_fields(fields).filter(|_| is_only))
}

fn severity(alert: &Alert, notification: &Notification) -> Option<Severity> {
    let label = |labels: &Map<String, Value>, name| text_of(labels.get(name)?);
    let beside_arms =
        |labels: &Map<String, Value>| labels.keys().any(|name| name.starts_with(ARMS_LABEL_PREFIX));
    let is_arms = beside_arms(&alert.labels) || beside_arms(&notification.common_labels);
    let voice = if is_arms { Voice::Arms } else { Voice::Other };
    let labels = [
        label(&alert.labels, "severity"),
        label(&alert.labels, ARMS_LEVEL_LABEL),
        label(&notification.common_labels, "severity"),
    ];
    let labels = labels.into_iter().flatten().map(|word| (voice, word));
    let fields = notification
        .fields
        .severities
        .iter()
        .map(|(name, word)| (if *name == "level" { Voice::Arms } else { voice }, word.clone()));
    labels.chain(fields).find_map(|(voice, word)| severity::of_word(&word, voice))
}

fn payload(alert: Alert, notification: &Notification, circumstances: &Circumstances) -> Payload {
    let fields = &notification.fields;
    let masked = |mut text: String| {
        circumstances.mask.apply(&mut text);
        text
    };
    let field = |name: &str| fields.get(name).map(str::to_owned);
    let label = |names: &[&str]| {
        let of = |labels: &Map<String, Value>| names.iter().find_map(|name| text_of(labels.get(*name)?));
        of(&alert.labels).or_else(|| of(&notification.common_labels))
    };
    let alert_name = label(&["alertname"]);
    let started = alert.starts_at.as_deref().or_else(|| fields.get("timestamp"));
    let summary = summary(
        alert_name.clone().or_else(|| field("summary")),
        message(&alert.annotations)
            .or_else(|| message(&notification.common_annotations))
            .or_else(|| field("message")),
        || rest_as_text(&alert.labels, &fields.others),
    );
    let client_url = notification.external_url.clone().and_then(web_url).map(masked);
    let links = [
        (notification.external_url.clone(), "Alert in ARMS"),
        (alert.generator_url.clone(), "Alert rule"),
        (field("link"), "Link"),
    ];
    let mut payload = Payload {
        summary: cut(&masked(summary)),
        source: label(&SOURCE_LABELS)
            .or_else(|| field("source"))
            .map_or_else(|| DEFAULT_SOURCE.to_owned(), masked),
        severity: severity(&alert, notification).unwrap_or(circumstances.default_severity),
        timestamp: started.and_then(|started| timestamp::read(started, circumstances.now)),
        component: label(&COMPONENT_LABELS).or_else(|| field("component")).map(masked),
        group: label(&GROUP_LABELS).or_else(|| field("group")).map(masked),
        class: alert_name.or_else(|| field("class")).or_else(|| fields.alert_name.clone()).map(masked),
        custom_details: Map::new(),
        client_url,
        links: Vec::new(),
    };
    for (url, text) in links {
        if let Some(href) = url.and_then(web_url).map(masked)
            && !payload.links.iter().any(|link| link.href == href)
        {
            payload.links.push(Link { href, text });
        }
    }
    payload.custom_details = event::clean(details(alert, notification), circumstances.mask);
    payload
}

fn message(annotations: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| text_of(annotations.get(name)?);
    let arms = || text(ARMS_MESSAGE_ANNOTATION).filter(|message| !message.starts_with("null"));
    MESSAGE_ANNOTATIONS.iter().find_map(|name| text(name)).or_else(arms)
}

fn summary(name: Option<String>, message: Option<String>, rest: impl Fn() -> Option<String>) -> String {
    match (name, message) {
        (Some(name), Some(message)) => format!("{name}: {message}"),
        (Some(text), None) | (None, Some(text)) => text,
        (None, None) => rest().unwrap_or_else(|| NO_CONTENT_SUMMARY.to_owned()),
    }
}

/// What there is to read in an alert that has neither a name nor a message.
fn rest_as_text(labels: &Map<String, Value>, others: &Map<String, Value>) -> Option<String> {
    let pairs = labels.iter().chain(others);
    let pairs: Vec<String> =
        pairs.filter_map(|(name, value)| Some(format!("{name}={}", text_of(value)?))).collect();
    (!pairs.is_empty()).then(|| format!("ARMS alert: {}", pairs.join(", ")))
}

/// One line of at most [`SUMMARY_MAX_CHARS`] characters; the last says if something was cut.
fn cut(text: &str) -> String {
    let line = text.trim().replace("\r\n", " ").replace(['\r', '\n', '\u{2028}', '\u{2029}'], " ");
    if line.chars().count() <= SUMMARY_MAX_CHARS {
        return line;
    }
    line.chars().take(SUMMARY_MAX_CHARS - 1).chain(['…']).collect()
}

/// A URL that a browser opens; PagerDuty refuses an event with a blank one.
fn web_url(url: String) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let has_host = !rest.is_empty() && !rest.starts_with(['/', '?', '#']);
    let is_clean = !url.chars().any(|c| c.is_whitespace() || c.is_control());
    (is_web && has_host && is_clean).then_some(url)
}

fn details(alert: Alert, notification: &Notification) -> Map<String, Value> {
    let fields = &notification.fields;
    let mut details = fields.others.clone();
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
    let maps =
        maps.into_iter().filter(|(_, map)| !map.is_empty()).map(|(name, map)| (name, Value::Object(map)));
    for (name, value) in texts.chain(maps) {
        details.entry(name).or_insert(value);
    }
    details
}
