//! The formats in their order of precedence, and documents inside documents.

use super::content::{Content, Placeholder};
use super::fields::Fields;
use super::form::Form;
use super::names::CONTENT;
use super::notification::Notification;
use super::{alertmanager, cloudmonitor, other, pagerduty_event, preset};
use crate::lenient_json::{self, Document, NESTING_MAX, text_of, unquote};
use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// A format of JSON objects.
struct Format {
    /// Whether an object is of this format.
    recognises: fn(&Object) -> bool,
    /// Reads such an object; the number is how many more documents may be nested in it as text.
    read: fn(Object, u32) -> Content,
}

/// The formats; the first that recognises an object reads it.
const FORMATS: [Format; 6] = [
    Format {
        recognises: |object| alertmanager::is_notification(object) && !is_pagerduty_event_alone(object),
        read: |object, _| notification(alertmanager::read(object)),
    },
    Format { recognises: preset::is_object, read: |object, _| notification(preset::read_object(object)) },
    // With a notification as its content it is not an event of PagerDuty's.
    Format {
        recognises: |object| {
            pagerduty_event::is_event(object)
                && (object.contains_key("payload") || !object.contains_key(CONTENT))
        },
        read: |object, _| Content::PagerDutyEvent(Box::new(pagerduty_event::read(object))),
    },
    Format { recognises: |object| holder(object).is_some(), read: read_wrapped },
    Format {
        recognises: alertmanager::is_alert,
        read: |object, _| notification(alertmanager::read_list(vec![Value::Object(object)])),
    },
    Format { recognises: |_| true, read: |object, _| notification(other::read(Value::Object(object))) },
];

/// Reads a document.
pub(super) fn read(document: Document, nesting: u32) -> Content {
    let mut value = document.value;
    // A variable without quotes would have become the content, whatever its name.
    let unfilled = document.bare_variables.into_iter().rfind(|word| Placeholder::of(word).is_some());
    if let (Some(unfilled), Value::Object(object)) = (unfilled, &mut value) {
        object.entry(CONTENT).or_insert(Value::String(unfilled));
    }
    read_value(value, nesting)
}

fn read_value(value: Value, nesting: u32) -> Content {
    let object = match value {
        Value::Object(object) => object,
        Value::Array(items) if alertmanager::is_list(&items) => {
            return notification(alertmanager::read_list(items));
        }
        other_value => return notification(other::read(other_value)),
    };
    let format = FORMATS.iter().find(|format| (format.recognises)(&object));
    match format {
        Some(format) => (format.read)(object, nesting),
        None => notification(other::read(Value::Object(object))),
    }
}

/// Reads a form.
pub(super) fn read_form(form: Form) -> Content {
    let mut fields = Fields::default();
    if cloudmonitor::is_callback(&form.pairs) {
        fields = cloudmonitor::read(form.pairs);
        fields.append_text(form.loose);
        fields.append_text(form.continued);
        return notification(Notification { fields, ..Notification::default() });
    }
    let mut content = None;
    for (name, value) in form.pairs {
        if name == CONTENT {
            content = content.or(Some(value)).filter(|value| !value.is_empty());
        } else {
            fields.take(&name, Value::String(value));
        }
    }
    fields.append_text(form.continued);
    let content = content.unwrap_or(form.loose);
    read_content(fields, Value::String(content), NESTING_MAX)
}

/// Reads text that is neither a document nor a form.
pub(super) fn read_text(text: &str) -> Content {
    if let Some(preset) = preset::read_lines(text) {
        return notification(preset);
    }
    let mut told = Notification::default();
    told.fields.take("message", Value::String(text.to_owned()));
    notification(told)
}

/// Whether the object is an event of PagerDuty's with an empty list of alerts, which says nothing.
fn is_pagerduty_event_alone(object: &Object) -> bool {
    let lists_none = object.get("alerts").and_then(Value::as_array).is_some_and(Vec::is_empty);
    lists_none && object.contains_key("payload") && pagerduty_event::is_event(object)
}

/// The member of the user's own object that holds the notification. One that ARMS filled, under any
/// name, comes before `content`, which may be an unfilled variable beside it.
fn holder(object: &Object) -> Option<&str> {
    let is_notification = |value: &Value| value.as_object().is_some_and(alertmanager::is_notification);
    let filled = object.iter().find(|(_, value)| is_notification(value));
    if let Some((name, _)) = filled {
        return Some(name);
    }
    let content = object.get(CONTENT)?;
    text_of(content).map(|_| CONTENT)
}

fn read_wrapped(mut object: Object, nesting: u32) -> Content {
    let name = holder(&object).map(str::to_owned);
    let content = name.and_then(|name| object.remove(&name)).unwrap_or_default();
    let mut fields = Fields::default();
    fields.take_object(object);
    read_content(fields, content, nesting)
}

/// Reads the content of a form or of the user's own object, whose other fields are `outer`.
fn read_content(outer: Fields, content: Value, nesting: u32) -> Content {
    let inner = match content {
        Value::String(text) => {
            if let Some(placeholder) = Placeholder::of(&text) {
                return Content::Test(placeholder);
            }
            match lenient_json::read(text.trim(), nesting) {
                Some(document) => read(document, nesting.saturating_sub(1)),
                None => read_text(unquote(text.trim()).trim()),
            }
        }
        value => read_value(value, nesting.saturating_sub(1)),
    };
    inner.beside(outer)
}

impl Content {
    /// The same with the fields of the template around it, which come before what the alert says.
    fn beside(mut self, outer: Fields) -> Self {
        let fields = match &mut self {
            Self::Notification(notification) => &mut notification.fields,
            Self::PagerDutyEvent(event) => &mut event.fields,
            Self::Test(_) => return self,
        };
        let inner = std::mem::replace(fields, outer);
        fields.append(inner);
        self
    }
}

fn notification(notification: Notification) -> Content {
    Content::Notification(Box::new(notification))
}
