//! Events API v1 (PagerDuty, "Events API v1"): a description and details, nothing of PD-CEF.

use super::model::{Action, Event, Payload};
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Serialize)]
pub(super) struct Body<'a> {
    event_type: Action,
    incident_key: &'a str,
    /// PagerDuty logs the description and the details of an acknowledge and a resolve too.
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    details: &'a Map<String, Value>,
    #[serde(flatten)]
    trigger: Option<Trigger<'a>>,
}

/// What only a trigger has.
#[derive(Serialize)]
struct Trigger<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contexts: Vec<Context<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Context<'a> {
    Link {
        href: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<&'a str>,
    },
    Image {
        src: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        href: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        alt: Option<&'a str>,
    },
}

impl<'a> Body<'a> {
    pub(super) fn new(event: &'a Event) -> Self {
        let is_trigger = event.action == Action::Trigger;
        Self {
            event_type: event.action,
            incident_key: &event.dedup_key,
            description: &event.payload.summary,
            details: &event.payload.custom_details,
            trigger: is_trigger.then(|| Trigger::new(&event.payload)),
        }
    }
}

impl<'a> Trigger<'a> {
    fn new(payload: &'a Payload) -> Self {
        let links =
            payload.links.iter().map(|link| Context::Link { href: &link.href, text: link.text.as_deref() });
        let images = payload.images.iter().map(|image| Context::Image {
            src: &image.src,
            href: image.href.as_deref(),
            alt: image.alt.as_deref(),
        });
        Self {
            client: payload.client.as_deref(),
            client_url: payload.client_url.as_deref(),
            contexts: links.chain(images).collect(),
        }
    }
}
