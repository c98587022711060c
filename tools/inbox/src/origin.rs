//! Where each value of an event came from, found by trying: each value of the webhook is changed alone, and what
//! changes in the event with it came from there. It knows none of the function's rules, so it cannot be wrong about them.

use crate::leaves::{self, Leaf};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

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
/// As many of them are tried where a text is too long to be such a word.
const TRIALS_OF_TEXT: usize = 2;
const WORD_MAX_BYTES: usize = 64;
/// Then it is given up: whoever opens a webhook does not wait for longer.
const TRIALS_WITHIN: Duration = Duration::from_secs(4);
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
    pub(crate) value: Value,
    /// The webhook's values that decide it; none for a default.
    pub(crate) from: Vec<String>,
}

/// An event's fields.
type Event = Vec<Field>;
/// A value that is changed, and the one event that it can be about if others are changed with it.
type Tried<'a> = (&'a Leaf, Option<usize>);

/// What was found out about a body.
pub(crate) struct Traced {
    /// The fields of each event, with where they came from.
    pub(crate) events: Vec<Event>,
    /// The values that no event shows, and that decide nothing.
    pub(crate) lost: Vec<String>,
}

/// The fields of an event in the order in which it is written, their origins not yet known.
pub(crate) fn fields(event: &str) -> Event {
    let mut fields = Vec::new();
    leaves::visit(event, "", &mut |name, raw| {
        let value = serde_json::from_str(raw).unwrap_or_default();
        fields.push(Field { name: name.to_owned(), value, from: Vec::new() });
    });
    fields
}

/// Where the values of the events came from that `write` makes of `body`; `None` if it makes none, or if finding out
/// would take too long. `write` gives none for a body that is taken for another format than this one: that tells
/// nothing of where its values came from.
pub(crate) fn trace(body: &str, write: impl Fn(&str) -> Option<Vec<String>>) -> Option<Traced> {
    if body.len() > BODY_MAX_BYTES {
        return None;
    }
    let write = |body: &str| Some(write(body)?.iter().map(|event| fields(event)).collect::<Vec<_>>());
    let mut events = write(body)?;
    let leaves = leaves::of(body);
    let end = Instant::now() + TRIALS_WITHIN;
    for batch in batches(&leaves, &events) {
        let is_word = batch.iter().any(|(leaf, _)| leaf.text.len() <= WORD_MAX_BYTES);
        let changed: Vec<&Leaf> = batch.iter().map(|(leaf, _)| *leaf).collect();
        for trial in TRIALS.into_iter().take(if is_word { TRIALS.len() } else { TRIALS_OF_TEXT }) {
            if Instant::now() > end {
                return None;
            }
            if let Some(changed) = write(&leaves::put(body, &changed, trial)) {
                compare(&batch, &mut events, &changed, |_| true);
            }
        }
    }
    // Values that say the same in several places are changed together, for the fields
    // that none of them decides alone.
    for twins in grouped(&leaves, |leaf| &leaf.text) {
        if (2..=TWINS_MAX).contains(&twins.len())
            && let Some(changed) = write(&leaves::put(body, &twins, Some("changed")))
        {
            let tried: Vec<Tried> = twins.into_iter().map(|leaf| (leaf, None)).collect();
            compare(&tried, &mut events, &changed, |field| field.from.is_empty());
        }
    }
    for field in events.iter_mut().flatten() {
        // What is repeated word for word came from there; what else could have kept it from coming tells less.
        let repeats = |path: &String| {
            leaves.iter().any(|leaf| leaf.path == *path && field.value.as_str() == Some(&leaf.text))
        };
        if field.from.iter().any(repeats) {
            field.from = field.from.iter().filter(|path| repeats(path)).cloned().collect();
        }
        field.from.sort_by_key(|path| leaves.iter().position(|leaf| leaf.path == *path));
    }
    let lost = leaves.iter().filter(|leaf| is_lost(leaf, &events)).map(|leaf| leaf.path.clone()).collect();
    Some(Traced { events, lost })
}

/// The values that have the same in common, in their order.
fn grouped<'a>(leaves: &'a [Leaf], by: impl Fn(&'a Leaf) -> &'a str) -> Vec<Vec<&'a Leaf>> {
    let mut groups: BTreeMap<&str, Vec<&Leaf>> = BTreeMap::new();
    for leaf in leaves {
        groups.entry(by(leaf)).or_default().push(leaf);
    }
    groups.into_values().collect()
}

/// Whether no event shows a value, and it decides nothing.
fn is_lost(leaf: &Leaf, events: &[Event]) -> bool {
    let is_shown = |value: &Value| match value {
        Value::String(text) => text.contains(leaf.text.trim()),
        other => {
            let written = other.to_string();
            written == leaf.text
        }
    };
    // A key is needed, and shown nowhere; some sources write null for what they do not have.
    let is_missed = !leaf.text.starts_with("****") && leaf.text != "null";
    is_missed
        && !events.iter().flatten().any(|field| is_shown(&field.value) || field.from.contains(&leaf.path))
}

/// The values that are tried together: those of one name in several alerts, if it can be seen which event each alert
/// has become; else each alone.
fn batches<'a>(leaves: &'a [Leaf], events: &[Event]) -> Vec<Vec<Tried<'a>>> {
    // An item has become the only event that repeats a text of this item alone.
    let owner = |leaf: &'a Leaf| {
        let (item, _) = item_and_name(leaf);
        let is_own = |other: &Leaf| other.text != leaf.text || item_and_name(other).0 == item;
        let repeats = |event: &Event| event.iter().any(|field| field.value.as_str() == Some(&leaf.text));
        let mut owners = events.iter().enumerate().filter(|(_, event)| repeats(event));
        let owner = owners.next().filter(|_| leaves.iter().all(is_own) && owners.next().is_none())?.0;
        Some((item, owner)).filter(|_| !item.is_empty())
    };
    let owners: HashMap<&str, usize> = leaves.iter().filter_map(owner).collect();
    let mut batches = Vec::new();
    for alike in grouped(leaves, |leaf| item_and_name(leaf).1) {
        let mut batch: Vec<Tried> = Vec::new();
        for leaf in alike {
            let owner = owners.get(item_and_name(leaf).0).copied();
            let is_own = owner.is_some() && batch.iter().all(|(_, other)| *other != owner);
            if is_own { batch.push((leaf, owner)) } else { batches.push(vec![(leaf, None)]) }
        }
        batches.push(batch);
    }
    batches
}

/// `alerts[0]` and `.labels.severity`; nothing and the whole if it is of no list.
fn item_and_name(leaf: &Leaf) -> (&str, &str) {
    let end = leaf.path.find(']').map_or(0, |end| end + 1);
    leaf.path.split_at(end)
}

/// Notes which fields of `events` have become others in `changed`.
fn compare(tried: &[Tried], events: &mut [Event], changed: &[Event], is_open: impl Fn(&Field) -> bool) {
    let twins = twins(events, changed);
    for (number, (event, twin)) in events.iter_mut().zip(twins).enumerate() {
        let own = tried.iter().filter(|(_, event)| event.is_none_or(|event| event == number));
        let paths: Vec<&String> = own.map(|(leaf, _)| &leaf.path).collect();
        let Some(twin) = twin.filter(|_| !paths.is_empty()) else { continue };
        let names = page_names(twin);
        let values: HashMap<&str, &Value> =
            names.iter().map(String::as_str).zip(twin.iter().map(|field| &field.value)).collect();
        let is_other = |name: &str, field: &Field| values.get(name) != Some(&&field.value);
        let own_names = page_names(event);
        // Another action has other fields: that tells nothing of where theirs came from.
        let is_action = |field: &Field| matches!(field.name.as_str(), "event_action" | "event_type");
        let is_other_action = event.iter().any(|field| is_action(field) && is_other(&field.name, field));
        for (field, name) in event.iter_mut().zip(&own_names) {
            if is_other(name, field) && is_open(field) && (!is_other_action || is_action(field)) {
                let new: Vec<_> = paths.iter().filter(|path| !field.from.contains(path)).collect();
                field.from.extend(new.into_iter().map(|path| (*path).clone()));
            }
        }
    }
}

/// What each event has become. Events are known by their dedup key, for their order may have changed with their
/// severity. If none has come or gone, those without their like have got another key, and are in the same order.
fn twins<'a>(events: &[Event], changed: &'a [Event]) -> Vec<Option<&'a Event>> {
    let identity = |event: &Event| {
        let key = event.iter().find(|field| matches!(field.name.as_str(), "dedup_key" | "incident_key"));
        key.map(|field| field.value.clone())
    };
    let is_same =
        |event: &Event, other: &Event| identity(event).is_some_and(|key| identity(other) == Some(key));
    let is_new = |other: &&'a Event| !events.iter().any(|event| is_same(event, other));
    let mut new = changed.iter().filter(is_new).filter(|_| events.len() == changed.len());
    let twin = |event: &Event| changed.iter().find(|other| is_same(event, other)).or_else(|| new.next());
    events.iter().map(twin).collect()
}

/// The names of an event's fields. A page is known by its address instead of its place, for it moves up when one
/// before it is gone.
fn page_names(event: &Event) -> Vec<String> {
    let of_page = |field: &Field| {
        let (item, member) = field.name.rsplit_once('.')?;
        let (list, _) = item.split_once('[')?;
        let (_, address) = PAGES.iter().find(|(name, _)| *name == list)?;
        let address = format!("{item}.{address}");
        let address = event.iter().find(|field| field.name == address)?.value.as_str()?;
        Some(format!("{address} {member}"))
    };
    event.iter().map(|field| of_page(field).unwrap_or_else(|| field.name.clone())).collect()
}
