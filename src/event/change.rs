//! Events API v2, change events (PagerDuty, "Send a change event"): no action, no identity, no
//! severity.

use super::model::{Event, Image, Link};
use serde::Serialize;
use serde_json::{Map, Value};

/// Most links of a change event (PagerDuty, "Send a change event").
const LINKS_MAX: usize = 50;

#[derive(Serialize)]
pub(super) struct Body<'a> {
    payload: Payload<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    links: &'a [Link],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    images: &'a [Image],
}

#[derive(Serialize)]
struct Payload<'a> {
    summary: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<&'a str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    custom_details: &'a Map<String, Value>,
}

impl<'a> Body<'a> {
    pub(super) fn new(event: &'a Event) -> Self {
        let payload = &event.payload;
        Self {
            payload: Payload {
                summary: &payload.summary,
                source: &payload.source,
                timestamp: payload.timestamp.as_deref(),
                custom_details: &payload.custom_details,
            },
            links: payload.links.get(..LINKS_MAX).unwrap_or(&payload.links),
            images: &payload.images,
        }
    }
}
