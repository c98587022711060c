//! Decides which of the undelivered events are sent again.

use super::input::{Broken, Entry, Found, Line};
use crate::event::{Action, Api, Parcel, Severity};
use crate::log::{Accepted, Members, Undelivered};
use crate::secret::{IntegrationKey, is_secret_name};
use bytes::Bytes;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap};

/// What is to be sent, and what is not and why.
pub struct Plan {
    /// The undelivered events under the key, in the order in which they were first sent.
    pub(super) items: Vec<Item>,
    /// How many there are under each other key, which is masked.
    pub(super) other_keys: BTreeMap<String, usize>,
    /// The undelivered events that cannot be read.
    pub(super) broken: Vec<Broken>,
    /// How many events were counted as undelivered whose lines are not in the inputs.
    pub(super) missing: usize,
    /// How many lines the inputs have.
    pub(super) lines: usize,
}

/// One undelivered event.
pub(super) struct Item {
    /// File and line.
    pub(super) place: String,
    pub(super) parcel: Parcel,
    /// What PagerDuty would show; may be empty.
    pub(super) summary: String,
    pub(super) fate: Fate,
}

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is sent.
    Send,
    /// It is a trigger, and a resolve of the same alert comes later.
    Resolved,
    /// PagerDuty has accepted a newer event of the same alert.
    Outdated,
    /// The same event comes later once more.
    Repeated,
}

/// Which alert an event is about: path and dedup key. An event that is about none, such as a change
/// event, has itself as the second.
type Alert = (&'static str, String);

/// One event of an alert, sent or to be sent.
enum Step {
    Undelivered(Item, Alert),
    Accepted(Alert),
}

/// What follows an event of an alert.
#[derive(Default)]
struct Later {
    is_accepted: bool,
    is_resolved: bool,
    event: Option<Bytes>,
}

impl Plan {
    /// Decides. Only events whose masked key fits `key` are sent.
    #[must_use]
    pub fn new(found: Found, key: &IntegrationKey) -> Self {
        let Found { entries, mut broken, counted, dead_letters, lines, .. } = found;
        let is_undelivered = |entry: &&Entry| matches!(entry.line, Line::Undelivered(_));
        let seen = entries.iter().filter(is_undelivered).count() + broken.len() + dead_letters;
        let (mut steps, mut other_keys) = (Vec::new(), BTreeMap::new());
        for Entry { place, line, .. } in entries {
            match line {
                Line::Accepted(accepted) => steps.extend(accepted_step(&accepted, key)),
                Line::Undelivered(line) if line.key != key.masked() => {
                    *other_keys.entry(line.key).or_default() += 1;
                }
                Line::Undelivered(line) => match item(&place, &line, key) {
                    Ok((item, alert)) => steps.push(Step::Undelivered(item, alert)),
                    Err(reason) => broken.push(Broken { place, reason: reason.to_owned() }),
                },
            }
        }
        Self { items: decide(steps), other_keys, broken, missing: counted.saturating_sub(seen), lines }
    }
}

/// Decides from the last event to the first, for what comes later decides.
fn decide(steps: Vec<Step>) -> Vec<Item> {
    let mut alerts: HashMap<Alert, Later> = HashMap::new();
    let mut items = Vec::new();
    for step in steps.into_iter().rev() {
        match step {
            Step::Accepted(alert) => alerts.entry(alert).or_default().is_accepted = true,
            Step::Undelivered(mut item, alert) => {
                let later = alerts.entry(alert).or_default();
                item.fate = later.fate(&item.parcel);
                if item.fate == Fate::Send {
                    later.event = Some(item.parcel.event.clone());
                }
                later.is_resolved |= item.parcel.action == Action::Resolve;
                items.push(item);
            }
        }
    }
    items.reverse();
    items
}

impl Later {
    fn fate(&self, parcel: &Parcel) -> Fate {
        if self.is_accepted {
            Fate::Outdated
        } else if self.is_resolved && parcel.action == Action::Trigger {
            Fate::Resolved
        } else if self.event.as_ref() == Some(&parcel.event) {
            Fate::Repeated
        } else {
            Fate::Send
        }
    }
}

/// `None` if it decides nothing about other events. An acknowledgement does not: without an alert
/// PagerDuty ignores it.
fn accepted_step(accepted: &Accepted, key: &IntegrationKey) -> Option<Step> {
    let api = api(&accepted.path)?;
    let settles_state =
        [Action::Trigger, Action::Resolve].iter().any(|action| action.word() == accepted.action);
    if accepted.key != key.masked() || api == Api::Change || !settles_state {
        return None;
    }
    Some(Step::Accepted((api.path(), accepted.dedup_key.clone())))
}

fn item(place: &str, line: &Undelivered, key: &IntegrationKey) -> Result<(Item, Alert), &'static str> {
    let api = api(&line.path).ok_or("its path is none of PagerDuty's")?;
    let event: Members = serde_json::from_str(&line.event).map_err(|_| "its event is not JSON")?;
    if event.is_empty() {
        return Err("its event is empty");
    }
    if event.keys().any(|name| is_secret_name(name)) {
        return Err("its event has a key or a token of its own");
    }
    let action = action(api, &event).ok_or("its event has no known action")?;
    let dedup_key = dedup_key(api, &event);
    let alert = (api.path(), dedup_key.clone().unwrap_or_else(|| line.event.clone()));
    let parcel = Parcel {
        api,
        key: key.clone(),
        dedup_key: dedup_key.unwrap_or_default(),
        action,
        severity: Severity::default(),
        event: Bytes::from(line.event.clone()),
        is_extra: false,
    };
    let summary = summary(api, &event).unwrap_or_default();
    Ok((Item { place: place.to_owned(), parcel, summary, fate: Fate::Send }, alert))
}

fn api(path: &str) -> Option<Api> {
    Api::ALL.into_iter().find(|api| api.path() == path)
}

fn action(api: Api, event: &Members) -> Option<Action> {
    let name = match api {
        Api::V2 => "event_action",
        Api::V1 => "event_type",
        Api::Change => return Some(Action::Trigger),
    };
    let word = text(event, name)?;
    let actions = [Action::Trigger, Action::Acknowledge, Action::Resolve];
    actions.into_iter().find(|action| action.word() == word)
}

fn dedup_key(api: Api, event: &Members) -> Option<String> {
    match api {
        Api::V2 => text(event, "dedup_key"),
        Api::V1 => text(event, "incident_key"),
        Api::Change => None,
    }
}

fn summary(api: Api, event: &Members) -> Option<String> {
    if api == Api::V1 {
        return text(event, "description");
    }
    let payload: &RawValue = event.get("payload")?;
    let payload: Members = serde_json::from_str(payload.get()).ok()?;
    text(&payload, "summary")
}

fn text(members: &Members, name: &str) -> Option<String> {
    serde_json::from_str(members.get(name)?.get()).ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn key() -> IntegrationKey {
        IntegrationKey::parse(KEY).ok().unwrap()
    }

    /// A plan for lines that were written a second after each other.
    fn plan(lines: &[Value]) -> Plan {
        let mut text = String::new();
        for (second, line) in lines.iter().enumerate() {
            let mut line = line.clone();
            let timestamp = format!("2026-11-24T10:00:{second:02}.000Z");
            line.as_object_mut().unwrap().insert("timestamp".to_owned(), timestamp.into());
            text = format!("{text}{line}\n");
        }
        let mut found = Found::default();
        found.add("log", &text);
        Plan::new(found, &key())
    }

    fn undelivered(path: &str, event: &Value) -> Value {
        json!({"message": "undelivered", "key": "****cdef", "path": path, "event": event})
    }

    fn v2(action: &str, dedup_key: &str) -> Value {
        undelivered("v2/enqueue", &json!({"event_action": action, "dedup_key": dedup_key}))
    }

    fn accepted(action: &str, dedup_key: &str) -> Value {
        json!({"message": "event", "key": "****cdef", "path": "v2/enqueue", "action": action,
               "dedup_key": dedup_key, "answer": "accepted", "milliseconds": 20})
    }

    fn fates(lines: &[Value]) -> Vec<Fate> {
        plan(lines).items.iter().map(|item| item.fate).collect()
    }

    #[test]
    fn what_stands_later_decides_what_is_sent() {
        use Fate::{Outdated, Repeated, Resolved, Send};
        let [trigger, acknowledge, resolve] =
            ["trigger", "acknowledge", "resolve"].map(|action| v2(action, "d"));
        let t = || trigger.clone();
        let (a, r) = (|| acknowledge.clone(), || resolve.clone());
        let other = v2("resolve", "other");
        let changed = undelivered(
            "v2/enqueue",
            &json!({"event_action": "trigger", "dedup_key": "d", "payload": {"summary": "x"}}),
        );
        let v1 = undelivered(
            "generic/2010-04-15/create_event.json",
            &json!({"event_type": "resolve", "incident_key": "d"}),
        );
        let of_another_key = json!({"message": "undelivered", "key": "****0000", "path": "v2/enqueue",
                                    "event": {"event_action": "resolve", "dedup_key": "d"}});
        for (what, lines, wanted) in [
            ("one", vec![t()], vec![Send]),
            ("over before it went", vec![t(), r()], vec![Resolved, Send]),
            ("fires again", vec![t(), r(), t()], vec![Resolved, Send, Send]),
            ("over again", vec![r(), t(), r()], vec![Repeated, Resolved, Send]),
            ("acknowledged between", vec![t(), a(), t()], vec![Send, Send, Send]),
            ("acknowledged and over", vec![t(), a(), r()], vec![Resolved, Send, Send]),
            ("logged several times", vec![t(), t(), t()], vec![Repeated, Repeated, Send]),
            ("says something new", vec![t(), changed.clone(), t()], vec![Send, Send, Send]),
            ("another alert is over", vec![t(), other], vec![Send, Send]),
            ("another API's alert is over", vec![t(), v1], vec![Send, Send]),
            ("another key's alert is over", vec![t(), of_another_key], vec![Send]),
            ("its resolve was accepted", vec![t(), accepted("resolve", "d")], vec![Outdated]),
            (
                "it fired again and was accepted",
                vec![r(), accepted("trigger", "d"), r()],
                vec![Outdated, Send],
            ),
            ("another one was accepted", vec![t(), accepted("resolve", "x")], vec![Send]),
            ("was acknowledged", vec![t(), accepted("acknowledge", "d")], vec![Send]),
            ("was accepted before", vec![accepted("resolve", "d"), t()], vec![Send]),
        ] {
            assert_eq!(fates(&lines), wanted, "{what}");
        }
    }

    #[test]
    fn what_began_earlier_and_was_given_up_later_is_older() {
        let mut slow = v2("trigger", "d");
        slow.as_object_mut().unwrap().insert("milliseconds".to_owned(), 25_000.into());
        assert_eq!(fates(&[accepted("resolve", "d"), slow]), [Fate::Outdated]);
    }

    #[test]
    fn a_change_event_is_about_no_alert_and_goes_once() {
        let change =
            |summary: &str| undelivered("v2/change/enqueue", &json!({"payload": {"summary": summary}}));
        let lines = [change("a"), change("b"), change("a"), v2("resolve", "d")];
        assert_eq!(fates(&lines), [Fate::Repeated, Fate::Send, Fate::Send, Fate::Send]);
    }

    #[test]
    fn an_event_without_a_dedup_key_is_an_alert_of_its_own() {
        let event = |action: &str| undelivered("v2/enqueue", &json!({"event_action": action, "n": 1}));
        assert_eq!(fates(&[event("trigger"), event("resolve")]), [Fate::Send, Fate::Send]);
    }

    #[test]
    fn the_parcel_is_the_event_under_the_key() {
        let event = json!({"event_type": "trigger", "incident_key": "d", "description": "CPU"});
        let plan = plan(&[undelivered("generic/2010-04-15/create_event.json", &event)]);
        let item = plan.items.first().unwrap();
        let sent: Value = serde_json::from_slice(&item.parcel.body()).unwrap();
        let mut wanted = event.clone();
        wanted.as_object_mut().unwrap().insert("service_key".to_owned(), KEY.into());
        assert_eq!((sent, item.summary.as_str(), item.place.as_str()), (wanted, "CPU", "log:1"));
    }

    #[test]
    fn events_of_other_keys_and_those_that_cannot_be_sent_are_counted() {
        let of_key = |key: &str| {
            let mut line = v2("trigger", "d");
            line.as_object_mut().unwrap().insert("key".to_owned(), key.into());
            line
        };
        let plan_of = |event: &Value| plan(&[undelivered("v2/enqueue", event)]);
        let counted = plan(&[of_key("****1111"), of_key("****1111"), of_key("****2222"), v2("trigger", "d")]);
        let keys: Vec<(&str, usize)> =
            counted.other_keys.iter().map(|(key, count)| (key.as_str(), *count)).collect();
        assert_eq!((keys, counted.items.len()), (vec![("****1111", 2), ("****2222", 1)], 1));
        for (event, reason) in [
            (json!({}), "empty"),
            (json!({"dedup_key": "d"}), "action"),
            (json!({"event_action": "page", "dedup_key": "d"}), "action"),
            (json!({"event_action": "trigger", "routing_key": "x"}), "key"),
        ] {
            let plan = plan_of(&event);
            assert!(plan.items.is_empty(), "{event}");
            assert!(plan.broken.first().is_some_and(|broken| broken.reason.contains(reason)), "{event}");
        }
        assert_eq!(plan(&[undelivered("v3/enqueue", &json!({"event_action": "trigger"}))]).broken.len(), 1);
    }

    #[test]
    fn an_event_that_was_counted_and_is_not_there_is_missing() {
        let count = json!({"message": "undelivered_count", "undelivered": 1});
        assert_eq!(plan(&[count.clone(), v2("trigger", "d"), count.clone()]).missing, 1);
        assert_eq!(plan(&[count, v2("trigger", "d")]).missing, 0);
        assert_eq!(plan(&[v2("trigger", "d")]).missing, 0, "only the long lines were looked for");
        let dead_letter = json!({"message": "dead letter", "error": "x"});
        assert_eq!(plan(&[json!({"message": "undelivered_count"}), dead_letter]).missing, 0);
    }
}
