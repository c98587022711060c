//! PagerDuty's own events, of any of its APIs: taken apart, so that what exceeds a limit can be
//! corrected before they are passed on.

use super::fields::Fields;
use crate::lenient_json::{self, text_of};
use serde_json::{Map, Value};

/// The actions of alert events.
const ACTIONS: [&str; 3] = ["trigger", "acknowledge", "resolve"];
/// The fields of PD-CEF, which have the same names as ours.
const PAYLOAD_FIELDS: [&str; 7] =
    ["summary", "source", "severity", "timestamp", "component", "group", "class"];

/// An event as its sender wrote it.
#[derive(Debug, Default)]
pub struct PagerDutyEvent {
    /// Whether it was an event of Events API v1.
    pub is_v1: bool,
    /// Its fields by our names; details are among the others.
    pub fields: Fields,
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

/// Whether the object is such an event: one of v2 by its action with a payload or a key, one of v1
/// by its type, a change event by its payload's summary.
pub(super) fn is_event(object: &Map<String, Value>) -> bool {
    let payload = object.get("payload").and_then(Value::as_object);
    let event_type = object.get("event_type").and_then(text_of);
    object.contains_key("event_action") && (payload.is_some() || object.contains_key("dedup_key"))
        || event_type.is_some_and(|word| ACTIONS.iter().any(|action| word.eq_ignore_ascii_case(action)))
        || payload.is_some_and(|payload| payload.contains_key("summary"))
}

/// Takes an event apart.
pub(super) fn read(mut object: Map<String, Value>) -> PagerDutyEvent {
    let is_v1 = object.contains_key("event_type");
    let mut event = PagerDutyEvent { is_v1, ..PagerDutyEvent::default() };
    let mut payload = payload(object.remove("payload"));
    for name in PAYLOAD_FIELDS {
        if let Some(value) = payload.remove(name).or_else(|| object.remove(name)) {
            event.fields.take(name, value);
        }
    }
    let v1_names = [("event_type", "status"), ("incident_key", "dedup_key"), ("description", "summary")];
    let v2_names = [("event_action", "status"), ("dedup_key", "dedup_key"), ("incident_key", "dedup_key")];
    for (name, field) in if is_v1 { v1_names } else { v2_names } {
        if let Some(value) = object.remove(name) {
            event.fields.take(field, value);
        }
    }
    let details = payload.remove("custom_details").or_else(|| object.remove("custom_details"));
    match details.or_else(|| object.remove("details")) {
        Some(Value::Object(details)) => event.fields.others = details,
        // PagerDuty takes nothing but an object.
        Some(details) if text_of(&details).is_some() => {
            event.fields.others.insert("details".to_owned(), details);
        }
        _ => {}
    }
    event.client = object.remove("client").and_then(|client| text_of(&client));
    event.client_url = object.remove("client_url").and_then(|url| text_of(&url));
    for name in ["links", "images", "contexts"] {
        if let Some(Value::Array(items)) = object.remove(name) {
            for item in &items {
                event.take_page(item);
            }
        }
    }
    if event.fields.get("summary").is_none() {
        // What PagerDuty would refuse or drop may be all that there is to read.
        event.fields.take_object(object);
    }
    event
}

/// The payload, which may have come as text.
fn payload(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(payload)) => payload,
        Some(Value::String(text)) => lenient_json::object(&text)
            .unwrap_or_else(|| Map::from_iter([("summary".to_owned(), Value::String(text))])),
        _ => Map::new(),
    }
}

impl PagerDutyEvent {
    /// Takes a link or an image.
    fn take_page(&mut self, item: &Value) {
        let text = |name: &str| text_of(item.get(name)?);
        if let Some(src) = text("src") {
            self.images.push(OwnImage { src, href: text("href"), alt: text("alt") });
        } else if let Some(href) = text("href") {
            self.links.push(OwnLink { href, text: text("text") });
        }
    }
}
