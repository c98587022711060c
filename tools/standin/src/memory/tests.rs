//! What PagerDuty would know, event by event.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

use serde_json::json;

use super::*;
use AlertState::{Acknowledged, Resolved, Triggered};

const KEY: &str = "e93facc04764012d7bfb002500d5d1a6";

fn take(memory: &mut Memory, action: &str, dedup_key: &str, at_ms: u64) -> Option<String> {
    let payload = json!({"summary": action, "source": "db", "severity": "error"});
    let event =
        json!({"routing_key": KEY, "event_action": action, "dedup_key": dedup_key, "payload": payload});
    memory.take(Api::V2, event, 100, at_ms)
}

#[test]
fn an_alert_lives_as_at_pagerduty() {
    let mut memory = Memory::default();
    for (at_ms, (action, state, opened, triggers)) in (1..).zip([
        ("trigger", Triggered, 1, 1),
        ("trigger", Triggered, 1, 2),
        ("acknowledge", Acknowledged, 1, 2),
        ("trigger", Acknowledged, 1, 3),
        ("resolve", Resolved, 1, 3),
        ("resolve", Resolved, 1, 3),
        ("acknowledge", Resolved, 1, 3),
        ("trigger", Triggered, 2, 4),
        ("resolve", Resolved, 2, 4),
    ]) {
        assert_eq!(take(&mut memory, action, "a", at_ms).as_deref(), Some("a"));
        let alert = &memory.alerts[0];
        assert_eq!(
            (alert.state, alert.opened, alert.triggers),
            (state, opened, triggers),
            "{at_ms} {action}"
        );
    }
    let alert = &memory.alerts[0];
    assert_eq!((alert.opened_at_ms, alert.changed_at_ms, alert.events.len()), (8, 9, 7));
    assert_eq!((alert.summary.as_str(), alert.severity.as_deref()), ("trigger", Some("error")));
    take(&mut memory, "acknowledge", "b", 10);
    assert_eq!((memory.alerts.len(), memory.without_alert), (1, 3));
}

#[test]
fn an_alert_is_of_one_integration_key_and_dedup_key_through_whichever_api() {
    let mut memory = Memory::default();
    let (first, second) = (take(&mut memory, "trigger", "", 1), take(&mut memory, "trigger", " ", 2));
    assert!(first != second && first.unwrap().len() == 32, "an alert of its own without a dedup key");
    let v1 = |key| json!({"service_key": key, "event_type": "trigger", "incident_key": "a", "description": "down"});
    for key in [KEY, "other"] {
        assert_eq!(memory.take(Api::V1, v1(key), 100, 3).as_deref(), Some("a"));
    }
    take(&mut memory, "resolve", "a", 4);
    let states: Vec<_> = memory.alerts.iter().map(|alert| (alert.key.as_str(), alert.state)).collect();
    assert_eq!(states, [(KEY, Triggered), (KEY, Triggered), ("other", Triggered), (KEY, Resolved)]);
    let alert = &memory.alerts[2];
    assert_eq!((alert.summary.as_str(), &alert.severity, &alert.source), ("down", &None, &None));
}

#[test]
fn the_quietest_go_first_when_there_are_too_many() {
    let mut memory = Memory::default();
    for n in 0..REMEMBERED_MAX {
        take(&mut memory, "trigger", &n.to_string(), 1);
    }
    for at_ms in 2..27 {
        take(&mut memory, "trigger", "0", at_ms);
    }
    take(&mut memory, "trigger", "new", 27);
    assert_eq!((memory.alerts.len(), memory.let_go), (REMEMBERED_MAX, 1));
    let [oldest, .., loudest, latest] = memory.alerts.make_contiguous() else { unreachable!() };
    assert_eq!([&oldest.dedup_key, &loudest.dedup_key, &latest.dedup_key], ["2", "0", "new"]);
    assert_eq!(
        (loudest.events.len(), loudest.events_let_go, loudest.triggers),
        (EVENTS_PER_ALERT_MAX, 6, 26)
    );
    assert_eq!(loudest.events[0].at_ms, 7);
    let mut sizes = VecDeque::from([BYTES_MAX, BYTES_MAX, BYTES_MAX + 1]);
    assert_eq!((let_go(&mut sizes, |size| *size), sizes), (2, [BYTES_MAX + 1].into()));
}

#[test]
fn a_person_can_acknowledge_and_resolve_what_is_open() {
    let mut memory = Memory::default();
    take(&mut memory, "trigger", "a", 1);
    for (dedup_key, state, is_done) in
        [("a", Acknowledged, true), ("a", Resolved, true), ("a", Acknowledged, false), ("b", Resolved, false)]
    {
        assert_eq!(memory.set_state(KEY, dedup_key, state, 2), is_done, "{dedup_key} {state:?}");
    }
    assert_eq!((memory.alerts[0].state, memory.alerts[0].changed_at_ms), (Resolved, 2));
}

#[test]
fn what_is_written_out_does_not_show_the_key() {
    let mut memory = Memory::default();
    take(&mut memory, "trigger", "a", 1);
    let change = json!({"routing_key": KEY, "payload": {"summary": "deployed", "source": "ci"}});
    assert_eq!(memory.take(Api::Change, change, 100, 2), None);
    let written = json!([memory.alerts, memory.changes]);
    assert!(!written.to_string().contains(KEY), "{written}");
    assert_eq!((&written[0][0]["key"], &written[0][1]), (&json!("…d1a6"), &Value::Null));
    assert_eq!(
        (&written[1][0]["source"], &written[1][0]["event"]["payload"]["summary"]),
        (&json!("ci"), &json!("deployed"))
    );
}
