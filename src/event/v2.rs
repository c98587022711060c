//! Events API v2, alert events (PagerDuty, "Send an alert event").

use super::model::{Action, Event, Image, Link, Payload, Severity};
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Serialize)]
pub(super) struct Body<'a> {
    event_action: Action,
    dedup_key: &'a str,
    #[serde(flatten)]
    trigger: Option<Trigger<'a>>,
}

/// What a trigger has; an acknowledge and a resolve need no more than their key.
#[derive(Serialize)]
struct Trigger<'a> {
    payload: Cef<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_url: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    links: &'a [Link],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    images: &'a [Image],
}

#[derive(Serialize)]
struct Cef<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    summary: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    source: &'a str,
    severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'a str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    custom_details: &'a Map<String, Value>,
}

impl<'a> Body<'a> {
    pub(super) fn new(event: &'a Event) -> Self {
        let has_payload = event.action == Action::Trigger || event.payload.is_on_follow_ups;
        Self {
            event_action: event.action,
            dedup_key: &event.dedup_key,
            trigger: has_payload.then(|| Trigger::new(&event.payload)),
        }
    }
}

impl<'a> Trigger<'a> {
    fn new(payload: &'a Payload) -> Self {
        Self {
            payload: Cef {
                summary: &payload.summary,
                source: &payload.source,
                severity: payload.severity,
                timestamp: payload.timestamp.as_deref(),
                component: payload.component.as_deref(),
                group: payload.group.as_deref(),
                class: payload.class.as_deref(),
                custom_details: &payload.custom_details,
            },
            client: payload.client.as_deref(),
            client_url: payload.client_url.as_deref(),
            links: &payload.links,
            images: &payload.images,
        }
    }
}
