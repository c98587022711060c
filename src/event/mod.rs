//! What PagerDuty takes: an [`Event`] in its terms, made to fit its limits and written for one of its
//! APIs. A finished one is a [`Parcel`].

mod api;
mod change;
mod model;
mod parcel;
mod scrub;
mod size;
mod v1;
mod v2;
mod write;

pub use api::Api;
pub use model::{
    Action, DEDUP_KEY_MAX_CHARS, Event, Image, Link, Payload, SUMMARY_MAX_CHARS, Severity, Urgency,
};
pub use parcel::Parcel;
pub use size::BODY_MAX_BYTES;

use crate::secret::Mask;
use serde_json::{Map, Value};

impl Event {
    /// Takes secrets out of it: fields that are named like one, and those that `mask` knows wherever
    /// they occur in text.
    pub fn scrub(&mut self, mask: &Mask) {
        scrub::scrub(self, mask);
    }

    /// Makes the event fit PagerDuty's limits. The least useful parts go first, and counts say what was
    /// left out; action, identity, severity and summary stay.
    pub fn fit(&mut self, api: Api) {
        size::fit(self, api);
    }

    /// The event as JSON for `api`, without a key.
    #[must_use]
    pub fn write(&self, api: Api) -> Vec<u8> {
        write::event(self, api)
    }
}

/// Bounds a text that each of several events would repeat.
pub fn bound_text(text: &mut String) {
    size::bound_text(text);
}

/// Bounds what all alerts of a notification share, and each of their events would repeat.
pub fn bound_shared(shared: &mut Map<String, Value>) {
    size::bound(shared);
}
