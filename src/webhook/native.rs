//! PagerDuty's own events, of any of its APIs: taken apart, so that what is missing or over a limit
//! can be mended before they go on.

use super::fields::text_of;
use super::json;
use super::notification::{Notification, Own, OwnImage, OwnLink};
use serde_json::{Map, Value};

/// What an alert event of either API does.
const ACTIONS: [&str; 3] = ["trigger", "acknowledge", "resolve"];
/// The fields of PD-CEF that are read as fields of ours with the same name.
const PAYLOAD_FIELDS: [&str; 7] =
    ["summary", "source", "severity", "timestamp", "component", "group", "class"];

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
pub(super) fn read(mut object: Map<String, Value>) -> Notification {
    let mut notification = Notification::default();
    let fields = &mut notification.fields;
    let is_v1 = object.contains_key("event_type");
    let mut payload = match object.remove("payload") {
        Some(Value::Object(payload)) => payload,
        Some(Value::String(text)) => match json::parse(text.trim()) {
            Ok(Value::Object(payload)) => payload,
            _ => Map::from_iter([("summary".to_owned(), Value::String(text))]),
        },
        _ => Map::new(),
    };
    for name in PAYLOAD_FIELDS {
        if let Some(value) = payload.remove(name).or_else(|| object.remove(name)) {
            fields.take(name, value);
        }
    }
    let v1_names = [("event_type", "status"), ("incident_key", "dedup_key"), ("description", "summary")];
    let v2_names = [("event_action", "status"), ("dedup_key", "dedup_key"), ("incident_key", "dedup_key")];
    for (name, field) in if is_v1 { v1_names } else { v2_names } {
        if let Some(value) = object.remove(name) {
            fields.take(field, value);
        }
    }
    let details = payload.remove("custom_details").or_else(|| object.remove("custom_details"));
    match details.or_else(|| object.remove("details")) {
        Some(Value::Object(details)) => fields.others = details,
        // PagerDuty takes an object only.
        Some(details) if text_of(&details).is_some() => {
            fields.others.insert("details".to_owned(), details);
        }
        _ => {}
    }
    let mut own = Own {
        is_v1,
        client: object.remove("client").and_then(|client| text_of(&client)),
        client_url: object.remove("client_url").and_then(|url| text_of(&url)),
        ..Own::default()
    };
    for name in ["links", "images", "contexts"] {
        let Some(Value::Array(items)) = object.remove(name) else { continue };
        for item in items {
            let text = |name: &str| text_of(item.get(name)?);
            if let Some(src) = text("src") {
                own.images.push(OwnImage { src, href: text("href"), alt: text("alt") });
            } else if let Some(href) = text("href") {
                own.links.push(OwnLink { href, text: text("text") });
            }
        }
    }
    if notification.fields.get("summary").is_none() {
        // What PagerDuty would refuse or drop may be all that there is to read.
        notification.fields.take_object(object);
    }
    notification.own = Some(own);
    notification
}
