//! PagerDuty's limits: the summary's length, and the size of an event, which is shrunk step by step,
//! the least useful parts first.
//!
//! Long texts are cut before anything is dropped, alerts of a list go from its end (the writer of
//! the list puts the gravest first), and a field is dropped only when nothing else helps. Counts under
//! `left_out` say what is missing, so that a part is not mistaken for the whole.

use super::api::Api;
use super::model::{DEDUP_KEY_MAX_CHARS, Event, SUMMARY_MAX_CHARS};
use super::write::{event_bytes, json_bytes};
use serde_json::{Map, Value};

/// Most bytes of an event as it is sent (PagerDuty, "Events API v2 overview": 512 KB, taken as the
/// smaller of its two readings).
pub const BODY_MAX_BYTES: usize = 512_000;

/// The member of the details that says what is missing.
const LEFT_OUT: &str = "left_out";
/// The member that says whether the alert still fires.
const STATUS: &str = "status";
/// The list of a group's alerts, which is cut to what fits instead of to a fixed number.
const ALERTS: &str = "alerts";
/// Room for the key, which is not in the event when it is measured, and for the counts.
const RESERVE_BYTES: usize = 1_000;
const FITTING_BYTES: usize = BODY_MAX_BYTES - RESERVE_BYTES;
/// What the alerts of a notification share may take of each event.
const SHARED_MAX_BYTES: usize = 64 * 1024;
/// Characters of a text that the alerts of a notification share.
const SHARED_TEXT_CHARS: usize = 8_192;
/// Characters that texts are cut to, step by step.
const TEXT_STEPS_CHARS: [usize; 5] = [131_072, 32_768, 8_192, 1_024, 128];
/// Characters that a text of a listed alert keeps: alerts are dropped whole before the rest of them is cut
/// further.
const ALERT_TEXT_CHARS: usize = 8_192;
/// Items that lists are cut to at the last step.
const LIST_MAX_ITEMS: usize = 100;
/// Characters of a field beside the details, and of a URL, once an event is too large.
const FIELD_MAX_CHARS: usize = 1_024;
const URL_MAX_CHARS: usize = 2_048;
/// Links and images that stay once an event is too large.
const LINKS_MAX: usize = 10;

#[derive(Default)]
struct LeftOut {
    characters: usize,
    alerts: usize,
    items: usize,
    fields: usize,
}

/// Makes the event fit PagerDuty's limits.
pub(super) fn fit(event: &mut Event, api: Api) {
    event.payload.summary = one_line(&event.payload.summary);
    if event.dedup_key.chars().count() > DEDUP_KEY_MAX_CHARS {
        event.dedup_key = event.dedup_key.chars().take(DEDUP_KEY_MAX_CHARS).collect();
    }
    if event_bytes(event, api) <= FITTING_BYTES {
        return;
    }
    let mut left_out = LeftOut::default();
    shrink_fields(event, &mut left_out);
    let mut too_many = over(event, api);
    for chars in TEXT_STEPS_CHARS {
        if too_many == 0 {
            break;
        }
        let before = (left_out.characters, left_out.alerts);
        for (name, value) in &mut event.payload.custom_details {
            if name != ALERTS || chars >= ALERT_TEXT_CHARS {
                cut_texts(value, chars, &mut left_out);
            }
        }
        if chars <= ALERT_TEXT_CHARS {
            cut_alerts(event, api, &mut left_out);
        }
        // Writing the whole to count it takes longer than everything else here.
        if before != (left_out.characters, left_out.alerts) {
            too_many = over(event, api);
        }
    }
    if too_many > 0 {
        for value in event.payload.custom_details.values_mut() {
            cut_lists(value, &mut left_out);
        }
        too_many = over(event, api);
    }
    drop_largest(&mut event.payload.custom_details, too_many, &mut left_out);
    if over(event, api) > 0 {
        drop_pages(event, &mut left_out);
    }
    // A status of that size is not one.
    if over(event, api) > 0 && event.payload.custom_details.remove(STATUS).is_some() {
        left_out.fields += 1;
    }
    note(&mut event.payload.custom_details, &left_out);
}

/// One line of at most [`SUMMARY_MAX_CHARS`] characters, the last of which shows a cut.
pub(super) fn one_line(text: &str) -> String {
    let line = text.trim().replace("\r\n", " ").replace(['\r', '\n', '\u{2028}', '\u{2029}'], " ");
    if line.chars().count() <= SUMMARY_MAX_CHARS {
        return line;
    }
    line.chars().take(SUMMARY_MAX_CHARS - 1).chain(['…']).collect()
}

/// The bytes that must go.
fn over(event: &Event, api: Api) -> usize {
    event_bytes(event, api).saturating_sub(FITTING_BYTES)
}

fn shrink_fields(event: &mut Event, left_out: &mut LeftOut) {
    let payload = &mut event.payload;
    cut(&mut payload.source, FIELD_MAX_CHARS, left_out);
    let fields = [&mut payload.component, &mut payload.group, &mut payload.class, &mut payload.client];
    for field in fields.into_iter().flatten() {
        cut(field, FIELD_MAX_CHARS, left_out);
    }
    let fits = |url: &String| url.chars().count() <= URL_MAX_CHARS;
    let before = payload.links.len() + payload.images.len() + usize::from(payload.client_url.is_some());
    payload.client_url = payload.client_url.take().filter(fits);
    payload.links.retain(|link| fits(&link.href) && link.text.as_ref().is_none_or(fits));
    payload.images.retain(|image| {
        [Some(&image.src), image.href.as_ref(), image.alt.as_ref()].into_iter().flatten().all(fits)
    });
    payload.links.truncate(LINKS_MAX);
    payload.images.truncate(LINKS_MAX);
    let after = payload.links.len() + payload.images.len() + usize::from(payload.client_url.is_some());
    left_out.items += before - after;
}

/// Cuts `text` to `max` characters, the last of which shows the cut.
fn cut(text: &mut String, max: usize, left_out: &mut LeftOut) {
    // No text has more characters than bytes.
    if text.len() <= max {
        return;
    }
    let Some((end, _)) = text.char_indices().nth(max.saturating_sub(1)) else { return };
    let rest = text.get(end..).unwrap_or_default().chars().count();
    if rest > 1 {
        text.truncate(end);
        text.push('…');
        text.shrink_to_fit();
        left_out.characters += rest;
    }
}

fn cut_texts(value: &mut Value, max: usize, left_out: &mut LeftOut) {
    match value {
        Value::String(text) => cut(text, max, left_out),
        Value::Array(items) => {
            for item in items {
                cut_texts(item, max, left_out);
            }
        }
        Value::Object(object) => {
            for item in object.values_mut() {
                cut_texts(item, max, left_out);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Drops alerts from the end of the list until the event fits or one is left.
fn cut_alerts(event: &mut Event, api: Api, left_out: &mut LeftOut) {
    if !event.payload.custom_details.contains_key(ALERTS) {
        return;
    }
    let mut over = over(event, api);
    let Some(Value::Array(alerts)) = event.payload.custom_details.get_mut(ALERTS) else { return };
    while over > 0 && alerts.len() > 1 {
        let Some(last) = alerts.pop() else { return };
        over = over.saturating_sub(json_bytes(&last) + 1);
        left_out.alerts += 1;
    }
    alerts.shrink_to_fit();
}

fn cut_lists(value: &mut Value, left_out: &mut LeftOut) {
    match value {
        Value::Array(items) => {
            left_out.items += items.len().saturating_sub(LIST_MAX_ITEMS);
            items.truncate(LIST_MAX_ITEMS);
            for item in items {
                cut_lists(item, left_out);
            }
        }
        Value::Object(object) => {
            left_out.items += object.len().saturating_sub(LIST_MAX_ITEMS);
            let mut place = 0;
            object.retain(|_, _| {
                place += 1;
                place <= LIST_MAX_ITEMS
            });
            for item in object.values_mut() {
                cut_lists(item, left_out);
            }
        }
        _ => {}
    }
}

/// Drops the largest fields until `over` bytes are gone, but for the status.
fn drop_largest(details: &mut Map<String, Value>, mut over: usize, left_out: &mut LeftOut) {
    if over == 0 {
        return;
    }
    let fields = details.iter().enumerate().filter(|(_, (name, _))| *name != STATUS);
    let mut sizes: Vec<(usize, usize)> =
        fields.map(|(place, (name, value))| (json_bytes(name) + json_bytes(value) + 2, place)).collect();
    sizes.sort_unstable();
    // There may be half a million: each is found by its place, not by its name.
    let mut is_dropped = vec![false; details.len()];
    while over > 0
        && let Some((size, place)) = sizes.pop()
    {
        over = over.saturating_sub(size);
        left_out.fields += 1;
        if let Some(is_dropped) = is_dropped.get_mut(place) {
            *is_dropped = true;
        }
    }
    let fields = std::mem::take(details).into_iter().zip(is_dropped);
    *details = fields.filter(|(_, is_dropped)| !is_dropped).map(|(field, _)| field).collect();
}

/// The last resort: with this, what is left is within the limit whatever its characters are.
fn drop_pages(event: &mut Event, left_out: &mut LeftOut) {
    let payload = &mut event.payload;
    left_out.items += payload.links.len() + payload.images.len() + usize::from(payload.client_url.is_some());
    payload.links.clear();
    payload.images.clear();
    payload.client_url = None;
}

/// Keeps a text that all alerts share from being copied into each event at full length.
pub(super) fn bound_text(text: &mut String) {
    cut(text, SHARED_TEXT_CHARS, &mut LeftOut::default());
}

/// Keeps what all alerts of a notification share from being copied into each event at full length.
pub(super) fn bound(shared: &mut Map<String, Value>) {
    let mut bytes = json_bytes(shared);
    if bytes <= SHARED_MAX_BYTES {
        return;
    }
    let mut left_out = LeftOut::default();
    for chars in TEXT_STEPS_CHARS {
        let before = left_out.characters;
        if bytes > SHARED_MAX_BYTES {
            shared.values_mut().for_each(|value| cut_texts(value, chars, &mut left_out));
        }
        if before != left_out.characters {
            bytes = json_bytes(shared);
        }
    }
    if bytes > SHARED_MAX_BYTES {
        shared.values_mut().for_each(|value| cut_lists(value, &mut left_out));
    }
    drop_largest(shared, json_bytes(shared).saturating_sub(SHARED_MAX_BYTES), &mut left_out);
    note(shared, &left_out);
}

fn note(details: &mut Map<String, Value>, left_out: &LeftOut) {
    let counts = [
        ("alerts", left_out.alerts),
        ("characters", left_out.characters),
        ("fields", left_out.fields),
        ("items", left_out.items),
    ];
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    let counts = counts.map(|(name, count)| (name.to_owned(), Value::from(count)));
    details.insert(LEFT_OUT.to_owned(), Value::Object(counts.collect()));
}
