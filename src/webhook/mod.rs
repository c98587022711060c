//! What ARMS sends: a body of any kind becomes a [`Notification`].
//!
//! [`parse`] tells the kind by what the body is. Nothing is refused here: what no format fits is a
//! notification whose message is the text.

mod alertmanager;
mod cloudmonitor;
mod fields;
mod form;
mod json;
mod mend;
mod native;
mod notification;
mod other;
mod preset;

pub use fields::{Fields, KEY_NAMES, text_of};
pub use notification::{ARMS_PREFIX, Alert, Notification, Own, OwnImage, OwnLink};

use crate::secret::{IntegrationKey, KeyFault};
use fields::CONTENT;
use serde_json::Value;
use std::borrow::Cow;

/// What the names of the key end in.
const KEY_NAMES_END: &str = "_key";
/// How often a document may hold another as text before the rest is left as text.
const NESTING_MAX: u32 = 4;

/// One webhook, read.
pub struct Webhook {
    /// The integration key that the body gives in a place of its own.
    pub key: Result<Option<IntegrationKey>, KeyFault>,
    /// A key that stands somewhere in free text, or what was meant as one: taken only where no other
    /// place gives one, for the text may be an alert's.
    pub key_in_text: Option<Result<IntegrationKey, KeyFault>>,
    /// What it says.
    pub content: Content,
}

/// What a webhook says.
pub enum Content {
    /// Something has happened.
    Notification(Box<Notification>),
    /// The console's Test button: ARMS does not fill the placeholder there.
    Test(Placeholder),
}

/// A variable of ARMS's body templates that arrived unfilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// `$alertmanager_content`, filled only under `Content-Type: application/json`.
    AlertmanagerContent,
    /// `$content`.
    Content,
}

impl Placeholder {
    fn of(text: &str) -> Option<Self> {
        match text.trim() {
            "$alertmanager_content" => Some(Self::AlertmanagerContent),
            "$content" => Some(Self::Content),
            _ => None,
        }
    }
}

/// Reads a body that is not blank. `content_type` is the header's media type in lower case,
/// without parameters.
#[must_use]
pub fn parse(body: &str, content_type: &str) -> Webhook {
    let text = unquote(body.trim_start_matches('\u{feff}').trim());
    let text = text.trim();
    let (key, key_in_text, content) = if let Some(placeholder) = Placeholder::of(text) {
        (Ok(None), None, Content::Test(placeholder))
    } else if let Some(document) = document(text, NESTING_MAX) {
        let key = match &document {
            Value::Object(object) => key_of(KEY_NAMES.iter().filter_map(|name| text_of(object.get(*name)?))),
            _ => Ok(None),
        };
        (key, None, read_document(document, NESTING_MAX))
    } else if let Some(form) = form::parse(text, content_type) {
        let (key, key_behind_text, content) = read_form(form);
        // A template may name its key behind a text, even in the text's line.
        let key_in_text = match key_behind_text {
            Some(Ok(key)) => Some(Ok(key)),
            other => keys_in(text).find(Result::is_ok).or(other),
        };
        (key, key_in_text, content)
    } else if text.starts_with('{') {
        // Meant as JSON and past mending: its first key is the template's.
        (keys_in(text).next().transpose(), None, read_text(text))
    } else {
        (Ok(None), keys_in(text).find(Result::is_ok), read_text(text))
    };
    Webhook { key, key_in_text, content }
}

/// A text that came as a JSON string, as the text that it is.
fn unquote(text: &str) -> Cow<'_, str> {
    let inner = text.starts_with('"').then(|| serde_json::from_str(text).ok()).flatten();
    inner.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The text as a JSON document: as it is, with something behind its end, mended, or escaped.
fn document(text: &str, nesting: u32) -> Option<Value> {
    let nesting = nesting.checked_sub(1)?;
    if text.starts_with("{\\\"") {
        let unescaped: String = serde_json::from_str(&format!("\"{text}\"")).ok()?;
        return document(unescaped.trim(), nesting);
    }
    if text.starts_with('"') {
        let inner = unquote(text);
        return if inner == text { None } else { document(inner.trim(), nesting) };
    }
    if !text.starts_with(['{', '[']) {
        return None;
    }
    json::parse(text).ok().or_else(|| mend::mend(text))
}

fn read_document(document: Value, nesting: u32) -> Content {
    let mut object = match document {
        Value::Object(object) => object,
        Value::Array(items) if alertmanager::is_list(&items) => {
            return told(alertmanager::read_list(items));
        }
        document => return told(other::read(document)),
    };
    // An empty list of alerts beside an event of PagerDuty's says nothing.
    let lists_none = object.get("alerts").and_then(Value::as_array).is_some_and(Vec::is_empty);
    let is_event_alone = lists_none && object.contains_key("payload") && native::is_event(&object);
    if alertmanager::is_notification(&object) && !is_event_alone {
        return told(alertmanager::read(object));
    }
    if preset::is_object(&object) {
        return told(preset::read_object(object));
    }
    // An event with a notification as its content is no event of PagerDuty's.
    if native::is_event(&object) && (object.contains_key("payload") || !object.contains_key(CONTENT)) {
        return told(native::read(object));
    }
    // A notification wherever a template put it comes first: beside one that ARMS filled, a variable that it
    // left says nothing.
    let is_notification = |value: &Value| value.as_object().is_some_and(alertmanager::is_notification);
    let holder = object.iter().find(|(_, value)| is_notification(value)).map(|(name, _)| name.clone());
    let name = holder.or_else(|| object.contains_key(CONTENT).then(|| CONTENT.to_owned()));
    if name.is_none() && alertmanager::is_alert(&object) {
        return told(alertmanager::read_list(vec![Value::Object(object)]));
    }
    match name.and_then(|name| object.remove(&name)) {
        Some(content) if text_of(&content).is_some() => {
            let mut fields = Fields::default();
            fields.take_object(object);
            read_content(fields, content, nesting)
        }
        _ => told(other::read(Value::Object(object))),
    }
}

/// The form's key, what stands as one behind a text, and the content.
type ReadForm = (Result<Option<IntegrationKey>, KeyFault>, Option<Result<IntegrationKey, KeyFault>>, Content);

fn read_form(form: form::Form) -> ReadForm {
    let keys = |pairs: &[(String, String)]| -> Vec<String> {
        let keys = pairs.iter().filter(|(name, _)| KEY_NAMES.contains(&name.as_str()));
        keys.filter_map(|(_, value)| text_of(&Value::String(value.clone()))).collect()
    };
    let (template, behind_text) = form.pairs.split_at(form.before_text.min(form.pairs.len()));
    let key = key_of(keys(template).into_iter());
    let key_behind_text = keys(behind_text).first().map(|value| IntegrationKey::parse(value));
    if cloudmonitor::is_callback(&form.pairs) {
        let mut fields = cloudmonitor::read(form.pairs);
        fields.go_on(form.loose);
        fields.go_on(form.continued);
        return (key, key_behind_text, told(Notification { fields, ..Notification::default() }));
    }
    let mut fields = Fields::default();
    let mut content = None;
    for (name, value) in form.pairs {
        if name == CONTENT {
            content = content.or(Some(value)).filter(|value| !value.is_empty());
        } else {
            fields.take(&name, Value::String(value));
        }
    }
    fields.go_on(form.continued);
    let content = content.unwrap_or(form.loose);
    (key, key_behind_text, read_content(fields, Value::String(content), NESTING_MAX))
}

/// The content of a form or of a JSON object, whose other fields are `outer`.
fn read_content(outer: Fields, content: Value, nesting: u32) -> Content {
    let inner = match content {
        Value::String(text) => match (Placeholder::of(&text), document(text.trim(), nesting)) {
            (Some(placeholder), _) => return Content::Test(placeholder),
            (None, Some(document)) => read_document(document, nesting.saturating_sub(1)),
            (None, None) => read_text(unquote(text.trim()).trim()),
        },
        document => read_document(document, nesting.saturating_sub(1)),
    };
    match inner {
        Content::Notification(mut notification) => {
            // What the template says comes before what the alert's own text says.
            let inner = std::mem::replace(&mut notification.fields, outer);
            notification.fields.append(inner);
            Content::Notification(notification)
        }
        test @ Content::Test(_) => test,
    }
}

fn told(notification: Notification) -> Content {
    Content::Notification(Box::new(notification))
}

fn read_text(text: &str) -> Content {
    if let Some(notification) = preset::read_lines(text) {
        return told(notification);
    }
    let mut notification = Notification::default();
    notification.fields.take("message", Value::String(text.to_owned()));
    told(notification)
}

/// The one key among `values`.
fn key_of(mut values: impl Iterator<Item = String>) -> Result<Option<IntegrationKey>, KeyFault> {
    let Some(first) = values.next() else { return Ok(None) };
    if values.any(|other| other != first) {
        return Err(KeyFault::TwoDifferent);
    }
    IntegrationKey::parse(&first).map(Some)
}

/// The keys that a text names, in whatever notation, those that are none too.
fn keys_in(text: &str) -> impl Iterator<Item = Result<IntegrationKey, KeyFault>> {
    let ends = text.match_indices(KEY_NAMES_END).map(|(at, end)| at + end.len());
    let behind_names = ends.filter_map(move |end| {
        let (before, behind) = text.split_at_checked(end)?;
        KEY_NAMES.iter().any(|name| before.ends_with(name)).then_some(behind)
    });
    behind_names.filter_map(|behind| {
        let notation = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ':' | '=' | '：' | '>');
        let value = behind.trim_start_matches(notation);
        let end = value.find(|c: char| !(c.is_alphanumeric() || c == '*')).unwrap_or(value.len());
        value.get(..end).filter(|value| !value.is_empty()).map(IntegrationKey::parse)
    })
}
