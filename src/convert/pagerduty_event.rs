//! PagerDuty's own events, passed on with what exceeds a limit corrected. Nothing is added that the
//! sender did not say, unless PagerDuty requires it.

use super::context::Context;
use super::words::{self, Speaker};
use super::{facts, identity, pages};
use crate::error::Error;
use crate::event::{Action, Api, Event, Image, Link, Payload};
use crate::timestamp::{self, Zone};
use crate::webhook::{OwnImage, OwnLink, PagerDutyEvent};
use serde_json::Value;

/// The event as `context.api` takes it.
pub(super) fn event(own: PagerDutyEvent, context: &Context) -> Result<Event, Error> {
    let action = own.action.as_deref().map_or(Action::Trigger, words::action);
    let dedup_key = match &own.dedup_key {
        Some(key) => identity::limited(key),
        None if action != Action::Trigger && context.api != Api::Change => {
            let field = if own.is_v1 { "incident_key" } else { "dedup_key" };
            return Err(Error::OwnEventWithoutKey { field });
        }
        // As at PagerDuty, a trigger without a key is an alert of its own.
        None => identity::once(context.request_id, 0),
    };
    let is_trigger = action == Action::Trigger;
    let is_v1 = own.is_v1;
    let action_is_absent = own.action.is_none();
    let has_severity = own.severity.is_some();
    let mut payload = payload(own, is_trigger, context);
    // An event of v1 has a place for everything that it says, and so has a change event.
    let was_change = action_is_absent && !is_v1;
    let loses_fields = match context.api {
        Api::V2 => false,
        Api::V1 => !is_v1 && is_trigger,
        Api::Change => !was_change,
    };
    if loses_fields {
        let says_severity = has_severity || payload.custom_details.contains_key("severity");
        payload.show_in_details();
        if !says_severity {
            payload.custom_details.remove("severity");
        }
    }
    Ok(Event { action, dedup_key, payload })
}

fn payload(own: PagerDutyEvent, is_trigger: bool, context: &Context) -> Payload {
    let severity = own.severity.as_deref();
    let known = severity.and_then(|word| words::severity(word, Speaker::Other, context.severities));
    let timestamp = own.timestamp.as_deref();
    let read = timestamp.and_then(|text| time(text, context));
    let mut details = own.details;
    for (name, text, is_used) in
        [("severity", severity, known.is_some()), ("timestamp", timestamp, read.is_some())]
    {
        if let Some(text) = text
            && !is_used
        {
            details.entry(name).or_insert_with(|| Value::String(text.to_owned()));
        }
    }
    let summary = match (own.summary, own.message) {
        (Some(text), _) | (None, Some(text)) => text,
        (None, None) if is_trigger || context.api == Api::Change => facts::pairs_as_text(details.iter()),
        (None, None) => String::new(),
    };
    if !facts::shows(&summary, &summary) {
        details.entry("summary").or_insert_with(|| Value::String(summary.clone()));
    }
    // PagerDuty requires a source for v2 triggers only.
    let required = (is_trigger && context.api == Api::V2)
        .then(|| own.client.clone().unwrap_or_else(|| Payload::DEFAULT_SOURCE.to_owned()));
    Payload {
        summary,
        source: own.source.or(required).unwrap_or_default(),
        severity: known.unwrap_or(context.default_severity),
        timestamp: read,
        component: own.component,
        group: own.group,
        class: own.class,
        custom_details: details,
        is_on_follow_ups: own.has_payload,
        client: own.client,
        client_url: own.client_url.as_deref().and_then(pages::web_url),
        links: own.links.into_iter().filter_map(link).collect(),
        images: own.images.into_iter().filter_map(image).collect(),
    }
}

/// A time that PagerDuty takes stays as it is; any other is rewritten.
fn time(text: &str, context: &Context) -> Option<String> {
    let read = timestamp::read(text, context.now, Zone::Utc)?;
    Some(if timestamp::is_rfc3339(text) { text.to_owned() } else { read })
}

fn link(link: OwnLink) -> Option<Link> {
    Some(Link { href: pages::web_url(&link.href)?, text: link.text })
}

fn image(image: OwnImage) -> Option<Image> {
    let href = image.href.as_deref().and_then(pages::web_url);
    Some(Image { src: pages::image_url(&image.src)?, href, alt: image.alt })
}
