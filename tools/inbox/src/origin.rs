//! Where each value of an event came from, found by trying: each value of the webhook is changed alone, and what
//! changes in the event with it came from there. It knows none of the function's rules, so it cannot be wrong about them.

use crate::leaves::{self, Leaf, Members};
use crate::rehearsal::Written;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// Larger bodies are not tried: each trial reads the whole.
pub(crate) const BODY_MAX_BYTES: usize = 64 * 1024;
/// What a value is replaced with. Words that decide something are among them: an alert's state or severity may be the
/// same without its value, and yet come from it. The name of an event may end with its state.
const TRIALS: [Option<&str>; 6] = [
    None,
    Some("changed:Executed"),
    Some("critical"),
    Some("info"),
    Some("ok"),
    Some("2020-02-02T02:02:02Z"),
];
/// The lists of pages in an event, each with the name of a page's address.
const PAGES: [(&str, &str); 3] = [("links", "href"), ("images", "src"), ("contexts", "href")];

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
pub(crate) fn trace(body: &str, write: impl Fn(&str) -> Option<Written>) -> Option<Vec<Vec<Field>>> {
    if body.len() > BODY_MAX_BYTES {
        return None;
    }
    let Written { format, events } = write(body)?;
    let all_fields = |events: &[String]| events.iter().map(|event| fields(event)).collect::<Vec<_>>();
    let mut events = all_fields(&events);
    // A body that is taken for another format tells nothing of where the values of this one came from.
    let write = |body: &str| {
        let written = write(body).filter(|written| written.format == format)?;
        Some(all_fields(&written.events))
    };
    let leaves = leaves::of(body);
    for leaf in &leaves {
        for trial in TRIALS {
            if let Some(changed) = write(&leaf.put(body, trial)) {
                compare(&[&leaf.path], &mut events, &changed, |_| true);
            }
        }
    }
    together(body, write, &mut events);
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
fn together(body: &str, write: impl Fn(&str) -> Option<Vec<Vec<Field>>>, events: &mut [Vec<Field>]) {
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
        compare(&paths, events, &changed, |field| field.from.is_empty());
    }
}

fn compare(
    paths: &[&str],
    events: &mut [Vec<Field>],
    changed: &[Vec<Field>],
    is_open: impl Fn(&Field) -> bool,
) {
    let twins = twins(events, changed);
    for (event, twin) in events.iter_mut().zip(twins) {
        let Some(twin) = twin else { continue };
        let (names, twin_names) = (page_names(event), page_names(twin));
        let values: HashMap<&str, &serde_json::Value> =
            twin.iter().zip(&twin_names).map(|(field, name)| (name.as_str(), &field.value)).collect();
        let differs_as = |name: &str, field: &Field| values.get(name) != Some(&&field.value);
        let differs: Vec<bool> =
            event.iter().zip(&names).map(|(field, name)| differs_as(name, field)).collect();
        // Another action has other fields: that tells nothing of where theirs came from.
        let is_other_action = event.iter().zip(&differs).any(|(field, differs)| is_action(field) && *differs);
        let relevant = |field: &Field| !is_other_action || is_action(field);
        for (field, differs) in event.iter_mut().zip(differs) {
            if differs && relevant(field) && is_open(field) {
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

/// What each event has become. Events are known by their dedup key, for their order may have changed with their
/// severity. If none has come or gone, those without their like have got another key, and stand in the same order.
fn twins<'a>(events: &[Vec<Field>], changed: &'a [Vec<Field>]) -> Vec<Option<&'a [Field]>> {
    let same =
        |event: &[Field], other: &[Field]| identity(event).is_some() && identity(event) == identity(other);
    let is_lost = |event: &[Field]| !changed.iter().any(|other| same(event, other));
    let is_new = |other: &&'a Vec<Field>| !events.iter().any(|event| same(event, other));
    let mut new = changed.iter().filter(is_new).filter(|_| events.len() == changed.len());
    let twin = |event: &Vec<Field>| {
        if is_lost(event) { new.next() } else { changed.iter().find(|other| same(event, other)) }
    };
    events.iter().map(twin).map(|twin| twin.map(Vec::as_slice)).collect()
}

/// The names of an event's fields. A page is known by its address instead of its place, for it moves up when one
/// before it is gone.
fn page_names(event: &[Field]) -> Vec<String> {
    let address = |item: &str| {
        let (list, _) = item.split_once('[')?;
        let (_, member) = PAGES.iter().find(|(name, _)| *name == list)?;
        let name = format!("{item}.{member}");
        event.iter().find(|field| field.name == name)?.value.as_str()
    };
    let name = |field: &Field| {
        let (item, member) = field.name.rsplit_once('.')?;
        Some(format!("{} {member}", address(item)?))
    };
    event.iter().map(|field| name(field).unwrap_or_else(|| field.name.clone())).collect()
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
