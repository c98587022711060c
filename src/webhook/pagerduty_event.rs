//! PagerDuty's own events, of any of its APIs: taken apart, so that what exceeds a limit can be
//! corrected before they are passed on.

use super::fields::Fields;
use super::members::{self, Object, take_text, text};
use crate::lenient_json;
use serde_json::Value;

/// The actions of alert events.
const ACTIONS: [&str; 3] = ["trigger", "acknowledge", "resolve"];
/// The members of an event of v2.
const V2_MEMBERS: [&str; 8] =
    ["routing_key", "event_action", "dedup_key", "payload", "client", "client_url", "links", "images"];

/// An event as its sender wrote it.
#[derive(Debug, Default)]
pub struct PagerDutyEvent {
    /// Whether it was an event of Events API v1.
    pub is_v1: bool,
    /// `event_action` or `event_type`.
    pub action: Option<String>,
    /// `dedup_key` or `incident_key`.
    pub dedup_key: Option<String>,
    /// `summary` or `description`.
    pub summary: Option<String>,
    /// Other text, for an event without a summary.
    pub message: Option<String>,
    /// What is affected.
    pub source: Option<String>,
    /// Possibly not one of PagerDuty's four words.
    pub severity: Option<String>,
    /// Possibly not a time.
    pub timestamp: Option<String>,
    /// The part of the source.
    pub component: Option<String>,
    /// What the source belongs to.
    pub group: Option<String>,
    /// The kind of event.
    pub class: Option<String>,
    /// `custom_details` or `details`, and members that PagerDuty does not know.
    pub details: Object,
    /// Whether it says more than which alert it is about.
    pub has_payload: bool,
    /// The sender.
    pub client: Option<String>,
    /// The page where the sender shows it.
    pub client_url: Option<String>,
    /// Links, unchecked.
    pub links: Vec<OwnLink>,
    /// Images, unchecked.
    pub images: Vec<OwnImage>,
}

/// A link as it came.
#[derive(Debug)]
pub struct OwnLink {
    /// Possibly not a URL.
    pub href: String,
    /// What it leads to.
    pub text: Option<String>,
}

/// An image as it came.
#[derive(Debug)]
pub struct OwnImage {
    /// Possibly not a URL.
    pub src: String,
    /// The page that a click on it opens.
    pub href: Option<String>,
    /// What it shows.
    pub alt: Option<String>,
}

/// Whether the object is such an event: one of v2 by its action and its other members, one of v1 by
/// its type, a change event by its payload's summary.
pub(super) fn is_event(object: &Object) -> bool {
    let payload = object.get("payload").and_then(Value::as_object);
    if is_action(object, "event_type") || payload.is_some_and(|payload| payload.contains_key("summary")) {
        return true;
    }
    if !object.contains_key("event_action") {
        return false;
    }
    let has_no_others = || object.keys().all(|name| V2_MEMBERS.contains(&name.as_str()));
    payload.is_some()
        || object.contains_key("dedup_key")
        || is_action(object, "event_action") && (object.contains_key("routing_key") || has_no_others())
}

/// Whether it is such an event whatever other members it has.
pub(super) fn is_complete(object: &Object) -> bool {
    let has_action = is_action(object, "event_action") || is_action(object, "event_type");
    has_action && object.get("payload").is_some_and(Value::is_object)
}

fn is_action(object: &Object, name: &str) -> bool {
    let word = text(object, name).unwrap_or_default();
    ACTIONS.iter().any(|action| word.eq_ignore_ascii_case(action))
}

/// Takes an event apart.
pub(super) fn read(mut object: Object) -> PagerDutyEvent {
    let is_v1 = object.contains_key("event_type");
    let has_payload = ["payload", "description", "details"].iter().any(|name| object.contains_key(*name));
    let mut payload = payload(object.remove("payload"));
    let mut details = details(&mut payload, &mut object);
    let mut pages = Pages::default();
    for name in ["links", "images", "contexts"] {
        if let Some(Value::Array(items)) = object.remove(name) {
            for item in &items {
                pages.take(item);
            }
        }
    }
    let mut field = |names: &[&str]| take_text(&mut payload, names).or_else(|| take_text(&mut object, names));
    let (action, key, summary) = if is_v1 {
        (&["event_type"][..], &["incident_key"][..], &["description", "summary"][..])
    } else {
        (&["event_action"][..], &["dedup_key", "incident_key"][..], &["summary"][..])
    };
    let mut event = PagerDutyEvent {
        is_v1,
        action: field(action),
        dedup_key: field(key),
        summary: field(summary),
        source: field(&["source"]),
        severity: field(&["severity"]),
        timestamp: field(&["timestamp"]),
        component: field(&["component"]),
        group: field(&["group"]),
        class: field(&["class"]),
        client: field(&["client"]),
        client_url: field(&["client_url"]),
        has_payload,
        links: pages.links,
        images: pages.images,
        ..PagerDutyEvent::default()
    };
    if event.summary.is_none() {
        event.message = field(&["message", "description", "title", "alertname"]);
    }
    for (name, value) in members::without_empty(payload).into_iter().chain(members::without_empty(object)) {
        details.entry(name).or_insert(value);
    }
    event.details = details;
    event
}

impl PagerDutyEvent {
    /// Takes what the template around it says, as far as the event does not say it itself.
    pub(super) fn take_outer(&mut self, outer: Fields) {
        let fields = [
            ("status", &mut self.action),
            ("dedup_key", &mut self.dedup_key),
            ("summary", &mut self.summary),
            ("message", &mut self.message),
            ("source", &mut self.source),
            ("timestamp", &mut self.timestamp),
            ("component", &mut self.component),
            ("group", &mut self.group),
            ("class", &mut self.class),
        ];
        for (name, field) in fields {
            if let Some(text) = outer.get(name)
                && field.is_none()
            {
                *field = Some(text.to_owned());
            }
        }
        let severity = outer.severities.first().map(|(_, word)| word.clone());
        self.severity = self.severity.take().or(severity);
        for (name, value) in outer.others {
            self.details.entry(name).or_insert(value);
        }
    }
}

/// The payload, which may have come as text.
fn payload(value: Option<Value>) -> Object {
    match value {
        Some(Value::Object(payload)) => payload,
        Some(Value::String(text)) => lenient_json::object(&text)
            .unwrap_or_else(|| Object::from_iter([("summary".to_owned(), Value::String(text))])),
        _ => Object::new(),
    }
}

/// The details. PagerDuty takes nothing but an object, so anything else becomes a member of one.
fn details(payload: &mut Object, object: &mut Object) -> Object {
    let given = payload.remove("custom_details").or_else(|| object.remove("custom_details"));
    match given.or_else(|| object.remove("details")) {
        Some(Value::Object(details)) => details,
        Some(other) => members::without_empty(Object::from_iter([("details".to_owned(), other)])),
        None => Object::new(),
    }
}

#[derive(Default)]
struct Pages {
    links: Vec<OwnLink>,
    images: Vec<OwnImage>,
}

impl Pages {
    /// Takes a link or an image.
    fn take(&mut self, item: &Value) {
        let Value::Object(item) = item else { return };
        if let Some(src) = text(item, "src") {
            self.images.push(OwnImage { src, href: text(item, "href"), alt: text(item, "alt") });
        } else if let Some(href) = text(item, "href") {
            self.links.push(OwnLink { href, text: text(item, "text") });
        }
    }
}
