//! Secrets taken out of an event, once, before it leaves.

use super::model::{Event, Payload};
use crate::secret::{Mask, is_secret_name};
use serde_json::{Map, Value};

/// Removes the fields of the details that are named like secrets and masks the secrets that `mask`
/// knows in every text.
pub(super) fn scrub(event: &mut Event, mask: &Mask) {
    mask.apply(&mut event.dedup_key);
    let Payload {
        summary,
        source,
        severity: _,
        timestamp,
        component,
        group,
        class,
        custom_details,
        is_on_follow_ups: _,
        client,
        client_url,
        links,
        images,
    } = &mut event.payload;
    mask.apply(summary);
    mask.apply(source);
    let texts = [timestamp, component, group, class, client, client_url];
    let in_links = links.iter_mut().flat_map(|link| [Some(&mut link.href), link.text.as_mut()]);
    let in_images =
        images.iter_mut().flat_map(|image| [Some(&mut image.src), image.href.as_mut(), image.alt.as_mut()]);
    for text in texts.into_iter().map(Option::as_mut).chain(in_links).chain(in_images).flatten() {
        mask.apply(text);
    }
    scrub_object(custom_details, mask);
}

fn scrub_object(object: &mut Map<String, Value>, mask: &Mask) {
    object.retain(|name, _| !is_secret_name(name));
    for value in object.values_mut() {
        scrub_value(value, mask);
    }
    let is_masked = |name: &String| mask.finds(name);
    if object.keys().any(is_masked) {
        let members = std::mem::take(object).into_iter();
        *object = members.map(|(name, value)| (mask.hide(name), value)).collect();
    }
}

fn scrub_value(value: &mut Value, mask: &Mask) {
    match value {
        Value::String(text) => mask.apply(text),
        Value::Array(items) => items.iter_mut().for_each(|item| scrub_value(item, mask)),
        Value::Object(object) => scrub_object(object, mask),
        // A template may have a token of digits without quotes.
        Value::Number(number) => {
            let text = number.to_string();
            if mask.finds(&text) {
                *value = Value::String(mask.hide(text));
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}
