//! Where each value of an event came from, found by trying: each value of the webhook is changed alone, and what
//! changes in the event with it came from there. It knows none of the function's rules, so it cannot be wrong about them.

use crate::leaves::{self, Leaf, Members};
use crate::rehearsal::Written;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{HashMap, HashSet};
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

/// The fields of an event in the order in which it is written, their origins not yet known.
pub(crate) fn fields(event: &str) -> Vec<Field> {
    let mut fields = Vec::new();
    flatten(event, "", &mut fields);
    fields
}

/// What was found out about a body.
pub(crate) struct Traced {
    /// The fields of each event, with where they came from.
    pub(crate) events: Vec<Vec<Field>>,
    /// The values that no event shows, and that decide nothing.
    pub(crate) lost: Vec<String>,
}

/// Where the values of the events came from that `write` makes of `body`; `None` if it makes none, or if finding out
/// would take too long.
pub(crate) fn trace(body: &str, write: impl Fn(&str) -> Option<Written>) -> Option<Traced> {
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
    let end = Instant::now() + TRIALS_WITHIN;
    for batch in batches(&leaves, &events) {
        let is_word = batch.iter().any(|tried| tried.leaf.text.len() <= WORD_MAX_BYTES);
        let changed: Vec<&Leaf> = batch.iter().map(|tried| tried.leaf).collect();
        for trial in TRIALS.into_iter().take(if is_word { TRIALS.len() } else { TRIALS_OF_TEXT }) {
            if Instant::now() > end {
                return None;
            }
            if let Some(changed) = write(&leaves::put(body, &changed, trial)) {
                compare(&batch, &mut events, &changed, |_| true);
            }
        }
    }
    together(body, &leaves, write, &mut events);
    for field in events.iter_mut().flatten() {
        // What is repeated word for word came from there; what else could have kept it from coming tells less.
        let repeats = |leaf: &&Leaf| field.value.as_str() == Some(leaf.text.as_str());
        let exact: Vec<String> = leaves.iter().filter(repeats).map(|leaf| leaf.path.clone()).collect();
        if field.from.iter().any(|path| exact.contains(path)) {
            field.from.retain(|path| exact.contains(path));
        }
        field.from.sort_by_key(|path| leaves.iter().position(|leaf| leaf.path == *path));
    }
    let lost = lost(&leaves, &events);
    Some(Traced { events, lost })
}

fn lost(leaves: &[Leaf], events: &[Vec<Field>]) -> Vec<String> {
    let fields = || events.iter().flatten();
    let is_shown = |leaf: &&Leaf| {
        fields().any(|field| match &field.value {
            Value::String(text) => text.contains(leaf.text.trim()),
            other => {
                let written = other.to_string();
                written == leaf.text
            }
        })
    };
    let decides = |leaf: &&Leaf| fields().any(|field| field.from.contains(&leaf.path));
    // A key is needed, and shown nowhere; some sources write null for what they do not have.
    let is_missed = |leaf: &&Leaf| !leaf.text.starts_with("****") && leaf.text != "null";
    let lost = leaves.iter().filter(|leaf| is_missed(leaf) && !decides(leaf) && !is_shown(leaf));
    lost.map(|leaf| leaf.path.clone()).collect()
}

/// Values that say the same in several places stand in for each other: they are changed together, for the fields that
/// none of them decides alone.
fn together(
    body: &str,
    leaves: &[Leaf],
    write: impl Fn(&str) -> Option<Vec<Vec<Field>>>,
    events: &mut [Vec<Field>],
) {
    let mut of_text: HashMap<&str, Vec<&Leaf>> = HashMap::new();
    for leaf in leaves {
        of_text.entry(&leaf.text).or_default().push(leaf);
    }
    for twins in of_text.into_values().filter(|twins| (2..=TWINS_MAX).contains(&twins.len())) {
        let Some(changed) = write(&leaves::put(body, &twins, Some("changed"))) else { continue };
        let tried: Vec<Tried> = twins.into_iter().map(|leaf| Tried { leaf, event: None }).collect();
        compare(&tried, events, &changed, |field| field.from.is_empty());
    }
}

/// A value that is changed, and the one event that it can be about if others are changed with it.
struct Tried<'a> {
    leaf: &'a Leaf,
    event: Option<usize>,
}

/// The values that are tried together: those of one name in several alerts, if it can be seen which event each alert
/// has become; else each alone.
fn batches<'a>(leaves: &'a [Leaf], events: &[Vec<Field>]) -> Vec<Vec<Tried<'a>>> {
    let owners = owners(leaves, events);
    let mut alike: Vec<(String, Vec<&Leaf>)> = Vec::new();
    for leaf in leaves {
        let name = item_and_name(leaf).map_or_else(|| leaf.path.clone(), |(_, name)| name.to_owned());
        match alike.iter_mut().find(|(known, _)| *known == name) {
            Some((_, leaves)) => leaves.push(leaf),
            None => alike.push((name, vec![leaf])),
        }
    }
    let mut batches = Vec::new();
    for (_, leaves) in alike {
        let owner = |leaf: &Leaf| owners.get(item_and_name(leaf)?.0).copied();
        let distinct: HashSet<usize> = leaves.iter().filter_map(|leaf| owner(leaf)).collect();
        if leaves.len() > 1 && distinct.len() == leaves.len() {
            batches.push(leaves.into_iter().map(|leaf| Tried { leaf, event: owner(leaf) }).collect());
        } else {
            batches.extend(leaves.into_iter().map(|leaf| vec![Tried { leaf, event: None }]));
        }
    }
    batches
}

/// `alerts[0]` and `.labels.severity`.
fn item_and_name(leaf: &Leaf) -> Option<(&str, &str)> {
    leaf.path.split_at_checked(leaf.path.find(']')? + 1)
}

/// Which event each item of a list has become: the only one that repeats a text of this item alone.
fn owners<'a>(leaves: &'a [Leaf], events: &[Vec<Field>]) -> HashMap<&'a str, usize> {
    let mut items: HashMap<&str, HashSet<&str>> = HashMap::new();
    for leaf in leaves {
        items.entry(&leaf.text).or_default().insert(item_and_name(leaf).map_or("", |(item, _)| item));
    }
    let mut repeating: HashMap<&str, HashSet<usize>> = HashMap::new();
    for (number, event) in events.iter().enumerate() {
        for text in event.iter().filter_map(|field| field.value.as_str()) {
            repeating.entry(text).or_default().insert(number);
        }
    }
    let mut owners = HashMap::new();
    for (text, items) in items {
        if let (Some(item), 1, Some(events)) = (items.iter().next(), items.len(), repeating.get(text))
            && let (Some(event), 1) = (events.iter().next(), events.len())
        {
            owners.insert(*item, *event);
        }
    }
    owners
}

fn compare(
    tried: &[Tried],
    events: &mut [Vec<Field>],
    changed: &[Vec<Field>],
    is_open: impl Fn(&Field) -> bool,
) {
    let twins = twins(events, changed);
    for (number, (event, twin)) in events.iter_mut().zip(twins).enumerate() {
        let Some(twin) = twin else { continue };
        let paths: Vec<&String> = tried
            .iter()
            .filter(|tried| tried.event.is_none_or(|event| event == number))
            .map(|tried| &tried.leaf.path)
            .collect();
        let (names, twin_names) = (page_names(event), page_names(twin));
        let values: HashMap<&str, &Value> =
            twin.iter().zip(&twin_names).map(|(field, name)| (name.as_str(), &field.value)).collect();
        let differs_as = |name: &str, field: &Field| values.get(name) != Some(&&field.value);
        let differs: Vec<bool> =
            event.iter().zip(&names).map(|(field, name)| differs_as(name, field)).collect();
        // Another action has other fields: that tells nothing of where theirs came from.
        let is_other_action = event.iter().zip(&differs).any(|(field, differs)| is_action(field) && *differs);
        let relevant = |field: &Field| !is_other_action || is_action(field);
        for (field, differs) in event.iter_mut().zip(differs) {
            if differs && relevant(field) && is_open(field) {
                let new: Vec<&String> =
                    paths.iter().copied().filter(|path| !field.from.contains(path)).collect();
                field.from.extend(new.into_iter().cloned());
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

fn identity(event: &[Field]) -> Option<&Value> {
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
