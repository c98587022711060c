//! The formats in their order of precedence, and documents inside documents.

use super::content::{Content, Placeholder};
use super::fields::Fields;
use super::form::Form;
use super::members::{self, Object};
use super::names::CONTENT;
use super::notification::Alert;
use super::notification::Notification;
use super::{
    alertmanager, chat, cloudmonitor, cloudmonitor_event, cloudmonitor_mns, cloudmonitor2, eventbridge,
    grafana_legacy, kube_eventer, log_service, other, pagerduty_event, preset,
};
use crate::lenient_json::{self, Document, NESTING_MAX, unquote};
use serde_json::Value;

/// Where Message Service puts what it carries.
const MESSAGE: &str = "Message";

/// A format of JSON objects that are one alert each.
struct AlertFormat {
    /// Whether an object is of this format.
    recognises: fn(&Object) -> bool,
    /// Reads such an object.
    read: fn(Object) -> Alert,
}

/// The sources of single alerts; the first that recognises an object reads it. The last format is the
/// least specific one.
const ALERT_FORMATS: [AlertFormat; 9] = [
    AlertFormat { recognises: kube_eventer::recognises, read: kube_eventer::read },
    AlertFormat { recognises: cloudmonitor::recognises, read: cloudmonitor::read },
    AlertFormat { recognises: cloudmonitor_mns::recognises, read: cloudmonitor_mns::read },
    AlertFormat { recognises: cloudmonitor2::recognises, read: cloudmonitor2::read },
    AlertFormat { recognises: cloudmonitor_event::recognises, read: cloudmonitor_event::read },
    AlertFormat { recognises: log_service::recognises, read: log_service::read },
    AlertFormat { recognises: grafana_legacy::recognises, read: grafana_legacy::read },
    AlertFormat { recognises: eventbridge::recognises, read: eventbridge::read },
    AlertFormat { recognises: alertmanager::is_alert, read: alertmanager::alert },
];

/// A format of JSON objects that are a whole webhook.
struct Format {
    /// Whether an object is of this format.
    recognises: fn(&Object) -> bool,
    /// Reads such an object; the number is how many more documents may be nested in it as text.
    read: fn(Object, u32) -> Content,
}

/// The formats of whole webhooks; the first that recognises an object reads it.
const FORMATS: [Format; 7] = [
    Format {
        recognises: |object| alertmanager::is_notification(object) && !pagerduty_event::is_complete(object),
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
    Format {
        recognises: |object| alert_format(object).is_some() && notification_member(object).is_none(),
        read: |object, _| single_alert(object),
    },
    Format { recognises: |object| chat::text(object).is_some(), read: read_chat },
    Format { recognises: |object| holder(object).is_some(), read: read_wrapped },
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
        Value::Array(items) => return notification(read_array(items)),
        scalar => return notification(other::read(scalar)),
    };
    let format = FORMATS.iter().find(|format| (format.recognises)(&object));
    match format {
        Some(format) => (format.read)(object, nesting),
        None => notification(other::read(Value::Object(object))),
    }
}

/// The format of a single alert.
fn alert_format(object: &Object) -> Option<&'static AlertFormat> {
    ALERT_FORMATS.iter().find(|format| (format.recognises)(object))
}

/// An object that is one alert.
fn single_alert(object: Object) -> Content {
    match alert_format(&object) {
        Some(format) => notification(Notification::of(vec![(format.read)(object)])),
        None => notification(other::read(Value::Object(object))),
    }
}

/// A list whose items are all alerts is read one by one; any other list is one event.
fn read_array(items: Vec<Value>) -> Notification {
    let is_alert = |item: &Value| item.as_object().is_some_and(|object| alert_format(object).is_some());
    let are_alerts =
        !items.is_empty() && items.len() <= alertmanager::ALERTS_MAX && items.iter().all(is_alert);
    if !are_alerts {
        return other::read(Value::Array(items));
    }
    let mut alerts = Vec::with_capacity(items.len());
    for item in items {
        if let Value::Object(object) = item
            && let Some(format) = alert_format(&object)
        {
            alerts.push((format.read)(object));
        }
    }
    Notification::of(alerts)
}

/// Reads a form.
pub(super) fn read_form(form: Form) -> Content {
    let mut fields = Fields::default();
    if let Some(alert) = form_alert(&form) {
        fields.append_text(form.loose);
        fields.append_text(form.continued);
        return notification(Notification { fields, ..Notification::of(vec![alert]) });
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

/// A form of a source that sends its alerts as forms.
fn form_alert(form: &Form) -> Option<Alert> {
    let mut object = Object::new();
    for (name, value) in &form.pairs {
        object.entry(name.clone()).or_insert_with(|| Value::String(value.clone()));
    }
    if cloudmonitor::recognises(&object) {
        return Some(cloudmonitor::read(object));
    }
    cloudmonitor2::recognises(&object).then(|| cloudmonitor2::read(object))
}

/// Reads text that is neither a document nor a form.
pub(super) fn read_text(text: &str) -> Content {
    if let Some(preset) = preset::read_lines(text) {
        return notification(preset);
    }
    let mut read = Notification::default();
    read.fields.take("message", Value::String(text.to_owned()));
    notification(read)
}

/// The member of the user's own object that is an Alertmanager notification.
fn notification_member(object: &Object) -> Option<&str> {
    let is_notification = |value: &Value| value.as_object().is_some_and(alertmanager::is_notification);
    let found = object.iter().find(|(_, value)| is_notification(value));
    found.map(|(name, _)| name.as_str())
}

/// The member that holds such a notification as text. Beside an alert that the object states itself, such a
/// text is a part of that alert and decides nothing.
fn notification_text(object: &Object) -> Option<&str> {
    let is_notification = |value: &Value| {
        let Value::String(text) = value else { return false };
        if !may_be_notification(text) {
            return false;
        }
        let document = lenient_json::read(text.trim(), NESTING_MAX - 1);
        let inner = document.map(|document| document.value);
        inner.as_ref().and_then(Value::as_object).is_some_and(alertmanager::is_notification)
    };
    let (holder, _) = object.iter().find(|(_, value)| is_notification(value))?;
    is_stated_alone(object, holder).then_some(holder)
}

/// Whether no member but `holder` states an alert.
fn is_stated_alone(object: &Object, holder: &str) -> bool {
    let mut others = Fields::default();
    others.take_known(object.iter().filter(|(name, _)| *name != holder));
    !others.name_alert()
}

/// Whether a text is worth parsing: it looks like an object and names alerts or their labels.
fn may_be_notification(text: &str) -> bool {
    let start = text.trim_start();
    start.starts_with(['{', '"']) && (text.contains("alerts") || text.contains("common"))
}

/// The member that holds what the user's own object is about. A notification that ARMS filled, under any
/// name, comes before `content`, which may be an unfilled variable beside it.
fn holder(object: &Object) -> Option<&str> {
    if let Some(name) = notification_member(object).or_else(|| notification_text(object)) {
        return Some(name);
    }
    if members::has(object, CONTENT) {
        return Some(CONTENT);
    }
    // Message Service pushes what it carries as the text `Message`.
    let is_pushed = members::has_any(object, &["MessageId", "TopicOwner"]);
    if is_pushed && members::has(object, MESSAGE) {
        return Some(MESSAGE);
    }
    bare_alerts(object)
}

/// The member that holds Alertmanager's alerts without the notification around them, as values or as text.
/// Beside an alert that the object states itself they decide nothing.
fn bare_alerts(object: &Object) -> Option<&str> {
    let is_alert = |value: &Value| value.as_object().is_some_and(alertmanager::is_alert);
    let are_alerts = |value: &Value| match value {
        Value::Array(items) => !items.is_empty() && items.iter().all(is_alert),
        other => is_alert(other),
    };
    let holds_alerts = |value: &Value| match value {
        Value::String(text) if text.trim_start().starts_with(['{', '[', '"']) && text.contains("labels") => {
            let document = lenient_json::read(text.trim(), NESTING_MAX - 1);
            document.is_some_and(|document| are_alerts(&document.value))
        }
        other => are_alerts(other),
    };
    let (holder, _) = object.iter().find(|(_, value)| holds_alerts(value))?;
    is_stated_alone(object, holder).then_some(holder)
}

/// Reads the message of a chat template as text; everything beside it is fields of the template.
fn read_chat(mut object: Object, _nesting: u32) -> Content {
    let text = chat::take_text(&mut object).unwrap_or_default();
    let mut fields = Fields::default();
    fields.take_object(object);
    read_content(fields, Value::String(text), 1)
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
                return unfilled(outer, placeholder);
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

/// A body whose content ARMS did not fill: an alert if the template says which one in its own fields, else
/// the console's test.
fn unfilled(fields: Fields, placeholder: Placeholder) -> Content {
    if fields.name_alert() {
        return notification(Notification { fields, ..Notification::default() });
    }
    Content::Test(placeholder)
}

impl Content {
    /// The same with the fields of the template around it, which come before what the alert says.
    fn beside(mut self, outer: Fields) -> Self {
        match &mut self {
            Self::Notification(notification) => {
                let inner = std::mem::replace(&mut notification.fields, outer);
                notification.fields.append(inner);
            }
            Self::PagerDutyEvent(event) => event.take_outer(outer),
            Self::Test(_) => {}
        }
        self
    }
}

fn notification(notification: Notification) -> Content {
    Content::Notification(Box::new(notification))
}
