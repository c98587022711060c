//! PagerDuty's own events, passed on with what exceeds a limit corrected.

use super::context::Context;
use super::words::{self, Speaker};
use super::{details, facts, identity};
use crate::error::Error;
use crate::event::{Action, Api, Event, Image, Link, Payload, Severity};
use crate::timestamp;
use crate::webhook::{Fields, OwnImage, OwnLink, PagerDutyEvent};

/// The event as `context.api` takes it.
pub(super) fn event(own: PagerDutyEvent, context: &Context) -> Result<Event, Error> {
    let fields = &own.fields;
    let action = fields.get("status").map_or(Action::Trigger, words::action);
    let given = fields.get("dedup_key").map(identity::limited);
    let dedup_key = match given.or_else(|| identity::of_fields(fields)) {
        Some(key) => key,
        None if action == Action::Resolve && context.api != Api::Change => {
            return Err(Error::ResolveWithoutIdentity);
        }
        None => identity::once(context.request_id, 0),
    };
    let mut payload = Payload::new(summary(fields), severity(fields, context.default_severity));
    if let Some(source) = text(fields, "source") {
        payload.source = source;
    }
    payload.component = text(fields, "component");
    payload.group = text(fields, "group");
    payload.class = text(fields, "class").or_else(|| fields.alert_name.clone());
    payload.timestamp = fields.get("timestamp").and_then(|text| timestamp::read(text, context.now));
    payload.client = own.client.or(payload.client);
    payload.client_url = own.client_url.as_deref().and_then(facts::web_url);
    let given = fields.get("link").and_then(facts::web_url);
    payload.links.extend(given.map(|href| Link { href, text: Some("Link".to_owned()) }));
    payload.links.extend(own.links.into_iter().filter_map(link));
    payload.images = own.images.into_iter().filter_map(image).collect();
    payload.custom_details.clone_from(&fields.others);
    details::add_unused(&mut payload.custom_details, fields, &payload.summary, context.now);
    // An event of v1 has a place for everything that it says.
    if context.api == Api::V1 && !own.is_v1 {
        payload.show_in_details();
    }
    Ok(Event { action, dedup_key, payload })
}

fn text(fields: &Fields, name: &str) -> Option<String> {
    fields.get(name).map(str::to_owned)
}

/// Its summary, or the text that stands in for a missing one.
fn summary(fields: &Fields) -> String {
    match (fields.get("summary"), fields.get("message")) {
        (Some(summary), Some(message)) => format!("{summary}: {message}"),
        (Some(text), None) | (None, Some(text)) => text.to_owned(),
        (None, None) => facts::pairs_as_text(fields.others.iter()),
    }
}

fn severity(fields: &Fields, default: Severity) -> Severity {
    for (name, word) in &fields.severities {
        let speaker = if *name == "level" { Speaker::Arms } else { Speaker::Other };
        if let Some(severity) = words::severity(word, speaker) {
            return severity;
        }
    }
    default
}

fn link(link: OwnLink) -> Option<Link> {
    Some(Link { href: facts::web_url(&link.href)?, text: link.text })
}

fn image(image: OwnImage) -> Option<Image> {
    let href = image.href.as_deref().and_then(facts::web_url);
    Some(Image { src: facts::image_url(&image.src)?, href, alt: image.alt })
}
