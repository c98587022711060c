//! Where each value of an event came from, found by trying: each value of the webhook is changed alone, and what
//! changes in the event with it came from there. It knows none of the function's rules, so it cannot be wrong about them.

use crate::json::Members;
use crate::leaves::{self, Leaf};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// Larger bodies are not tried: each trial reads the whole.
pub(crate) const BODY_MAX_BYTES: usize = 64 * 1024;
/// What a value is replaced with. Words that decide something are among them: an alert's state or severity may be the
/// same without its value, and yet come from it.
const TRIALS: [Option<&str>; 6] =
    [None, Some("changed"), Some("critical"), Some("info"), Some("resolve"), Some("2020-02-02T02:02:02Z")];

/// More places than this that say the same are a coincidence.
const TWINS_MAX: usize = 8;

/// One value of an event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Field {
    /// Its name, with those of the objects around it.
    pub(crate) name: String,
    /// The value, as JSON.
    pub(crate) value: serde_json::Value,
    /// The webhook's values that decide it; none for a default.
    pub(crate) from: Vec<String>,
}

/// The fields of an event in the order in which it is written, their origins not yet known.
pub(crate) fn fields(event: &str) -> Vec<Field> {
    let mut fields = Vec::new();
    flatten(event, "", &mut fields);
    fields
}

/// The fields of each event that `write` makes of `body`, with where they came from; `None` if it makes none or the
/// body is too large to try.
pub(crate) fn trace(body: &str, write: impl Fn(&str) -> Option<Vec<String>>) -> Option<Vec<Vec<Field>>> {
    if body.len() > BODY_MAX_BYTES {
        return None;
    }
    let mut events: Vec<Vec<Field>> = write(body)?.iter().map(|event| fields(event)).collect();
    let leaves = leaves::of(body);
    for leaf in &leaves {
        for trial in TRIALS {
            if let Some(changed) = write(&leaf.put(body, trial)) {
                let changed: Vec<Vec<Field>> = changed.iter().map(|event| fields(event)).collect();
                compare(&[&leaf.path], &mut events, &changed, |_| true);
            }
        }
    }
    together(body, &write, &mut events);
    for field in events.iter_mut().flatten() {
        // What is repeated word for word came from there; what else could have kept it from coming tells less.
        let repeats = |leaf: &&Leaf| field.value.as_str() == Some(leaf.text.as_str());
        let exact: Vec<String> = leaves.iter().filter(repeats).map(|leaf| leaf.path.clone()).collect();
        if field.from.iter().any(|path| exact.contains(path)) {
            field.from.retain(|path| exact.contains(path));
        }
    }
    Some(events)
}

/// Values that say the same in several places stand in for each other: they are changed together, for the fields that
/// none of them decides alone.
fn together(body: &str, write: impl Fn(&str) -> Option<Vec<String>>, events: &mut [Vec<Field>]) {
    let leaves = leaves::of(body);
    let mut paths: HashMap<&str, Vec<&str>> = HashMap::new();
    for leaf in &leaves {
        paths.entry(&leaf.text).or_default().push(&leaf.path);
    }
    for (text, paths) in paths.into_iter().filter(|(_, paths)| (2..=TWINS_MAX).contains(&paths.len())) {
        let mut variant = body.to_owned();
        while let Some(leaf) = leaves::of(&variant).iter().find(|leaf| leaf.text == text) {
            variant = leaf.put(&variant, Some("changed"));
        }
        let Some(changed) = write(&variant) else { continue };
        let changed: Vec<Vec<Field>> = changed.iter().map(|event| fields(event)).collect();
        compare(&paths, events, &changed, |field| field.from.is_empty());
    }
}

fn compare(
    paths: &[&str],
    events: &mut [Vec<Field>],
    changed: &[Vec<Field>],
    is_open: impl Fn(&Field) -> bool,
) {
    let is_same_count = events.len() == changed.len();
    for (place, event) in events.iter_mut().enumerate() {
        let twin = if is_same_count {
            changed.get(place)
        } else {
            // Some have come or gone; the others are known by their dedup key.
            let key = identity(event);
            changed.iter().find(|other| key.is_some() && identity(other) == key)
        };
        let Some(twin) = twin else { continue };
        let values: HashMap<&str, &serde_json::Value> =
            twin.iter().map(|field| (field.name.as_str(), &field.value)).collect();
        let differs = |field: &Field| values.get(field.name.as_str()) != Some(&&field.value);
        // Another action has other fields: that tells nothing of where theirs came from.
        let is_other_action = event.iter().any(|field| is_action(field) && differs(field));
        for field in event.iter_mut().filter(|field| !is_other_action || is_action(field)) {
            if is_open(field) && differs(field) {
                let new: Vec<&str> = paths
                    .iter()
                    .copied()
                    .filter(|path| !field.from.iter().any(|known| known == path))
                    .collect();
                field.from.extend(new.into_iter().map(str::to_owned));
            }
        }
    }
}

fn is_action(field: &Field) -> bool {
    matches!(field.name.as_str(), "event_action" | "event_type")
}

fn identity(event: &[Field]) -> Option<&serde_json::Value> {
    let key = event.iter().find(|field| matches!(field.name.as_str(), "dedup_key" | "incident_key"));
    key.map(|field| &field.value)
}

fn flatten(raw: &str, name: &str, fields: &mut Vec<Field>) {
    let joined = |inner: &str| if name.is_empty() { inner.to_owned() } else { format!("{name}.{inner}") };
    if raw.starts_with('{')
        && let Ok(Members(members)) = serde_json::from_str(raw)
        && !members.is_empty()
    {
        for (inner, value) in members {
            flatten(value.get(), &joined(&inner), fields);
        }
    } else if raw.starts_with('[')
        && let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw)
        && !items.is_empty()
    {
        for (number, value) in items.into_iter().enumerate() {
            flatten(value.get(), &format!("{name}[{number}]"), fields);
        }
    } else {
        let value = serde_json::from_str(raw).unwrap_or_default();
        fields.push(Field { name: name.to_owned(), value, from: Vec::new() });
    }
}
