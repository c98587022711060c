//! What PagerDuty would know, event by event.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

use serde_json::json;

use super::*;

fn v2(action: &str, dedup_key: &str) -> Value {
    json!({
        "routing_key": "key", "event_action": action, "dedup_key": dedup_key,
        "payload": {"summary": format!("{action} {dedup_key}"), "source": "db", "severity": "error"},
    })
}

fn take(memory: &mut Memory, event: &Value, at_ms: u64) -> Option<String> {
    memory.take(Api::V2, event, 100, at_ms)
}

#[test]
fn an_alert_lives_as_at_pagerduty() {
    use AlertState::{Acknowledged, Resolved, Triggered};
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
        assert_eq!(take(&mut memory, &v2(action, "a"), at_ms).as_deref(), Some("a"));
        let alert = memory.alert("key", "a").unwrap();
        assert_eq!(
            (alert.state, alert.opened, alert.triggers),
            (state, opened, triggers),
            "{at_ms} {action}"
        );
    }
    let alert = memory.alert("key", "a").unwrap();
    assert_eq!((alert.opened_at_ms, alert.changed_at_ms, alert.events.len()), (8, 9, 7));
    assert_eq!(memory.without_alert, 2);
}

#[test]
fn a_follow_up_without_an_alert_is_dropped() {
    let mut memory = Memory::default();
    take(&mut memory, &v2("resolve", "a"), 1);
    take(&mut memory, &v2("acknowledge", "a"), 2);
    assert_eq!((memory.alerts().len(), memory.without_alert), (0, 2));
}

#[test]
fn a_dedup_key_belongs_to_one_integration_key() {
    let mut memory = Memory::default();
    let mut other = v2("trigger", "a");
    other["routing_key"] = json!("other");
    take(&mut memory, &v2("trigger", "a"), 1);
    take(&mut memory, &other, 2);
    take(&mut memory, &v2("resolve", "a"), 3);
    assert_eq!(memory.alert("key", "a").unwrap().state, AlertState::Resolved);
    assert_eq!(memory.alert("other", "a").unwrap().state, AlertState::Triggered);
}

#[test]
fn a_trigger_without_a_dedup_key_opens_an_alert_each_time() {
    let mut memory = Memory::default();
    let mut event = v2("trigger", "");
    let first = take(&mut memory, &event, 1).unwrap();
    event.as_object_mut().unwrap().remove("dedup_key");
    let second = take(&mut memory, &event, 2).unwrap();
    assert_ne!(first, second);
    assert_eq!((memory.alerts().len(), first.len()), (2, 32));
}

#[test]
fn v1_and_v2_share_the_alerts_of_a_key() {
    let mut memory = Memory::default();
    let trigger =
        json!({"service_key": "key", "event_type": "trigger", "incident_key": "a", "description": "down"});
    assert_eq!(memory.take(Api::V1, &trigger, 100, 1).as_deref(), Some("a"));
    let alert = memory.alert("key", "a").unwrap();
    assert_eq!((alert.summary.as_str(), &alert.severity, &alert.source), ("down", &None, &None));
    take(&mut memory, &v2("resolve", "a"), 2);
    assert_eq!(memory.alert("key", "a").unwrap().state, AlertState::Resolved);
}

#[test]
fn a_change_event_opens_nothing() {
    let mut memory = Memory::default();
    let event = json!({"routing_key": "key", "payload": {"summary": "deployed", "source": "ci"}});
    assert_eq!(memory.take(Api::Change, &event, 100, 1), None);
    assert_eq!(memory.changes().first().unwrap().summary, "deployed");
    assert!(memory.alerts().is_empty());
}

#[test]
fn the_latest_alert_stands_first_and_the_quietest_goes_first() {
    let mut memory = Memory::default();
    for n in 0..ALERTS_MAX {
        take(&mut memory, &v2("trigger", &n.to_string()), 1);
    }
    take(&mut memory, &v2("trigger", "0"), 2);
    take(&mut memory, &v2("trigger", "new"), 3);
    let keys: Vec<_> = memory.alerts().into_iter().map(|alert| alert.dedup_key).collect();
    assert_eq!((keys.len(), memory.alerts_let_go), (ALERTS_MAX, 1));
    assert_eq!(keys.iter().take(2).collect::<Vec<_>>(), ["new", "0"]);
    assert!(memory.alert("key", "1").is_none());
}

#[test]
fn the_events_of_an_alert_are_bounded() {
    let mut memory = Memory::default();
    for at_ms in 0..25 {
        take(&mut memory, &v2("trigger", "a"), at_ms);
    }
    let alert = memory.alert("key", "a").unwrap();
    assert_eq!((alert.events.len(), alert.events_let_go, alert.triggers), (EVENTS_PER_ALERT_MAX, 5, 25));
    assert_eq!(alert.events.front().unwrap().at_ms, 5);
}

#[test]
fn large_events_are_bounded_by_their_bytes() {
    let (mut alerts, mut changes) = (Memory::default(), Memory::default());
    for key in ["a", "b", "c"] {
        alerts.take(Api::V2, &v2("trigger", key), EVENTS_MAX_BYTES / 2 + 1, 1);
        changes.take(Api::Change, &json!({}), EVENTS_MAX_BYTES / 2 + 1, 1);
    }
    assert_eq!((alerts.alerts().len(), alerts.alerts_let_go), (1, 2));
    assert_eq!((changes.changes().len(), changes.changes_let_go), (1, 2));
}

#[test]
fn a_person_can_acknowledge_and_resolve_what_is_open() {
    let mut memory = Memory::default();
    take(&mut memory, &v2("trigger", "a"), 1);
    assert!(memory.set_state("key", "a", AlertState::Acknowledged, 2));
    assert!(memory.set_state("key", "a", AlertState::Resolved, 3));
    assert!(!memory.set_state("key", "a", AlertState::Acknowledged, 4));
    assert!(!memory.set_state("key", "b", AlertState::Resolved, 5));
    memory.clear();
    assert!(memory.alerts().is_empty());
}

#[test]
fn what_is_written_out_does_not_show_the_key() {
    let mut memory = Memory::default();
    let key = "e93facc04764012d7bfb002500d5d1a6";
    let mut event = v2("trigger", "a");
    event["routing_key"] = json!(key);
    take(&mut memory, &event, 1);
    memory.take(Api::Change, &event, 100, 2);
    let written = json!([memory.alerts(), memory.changes()]);
    assert!(!written.to_string().contains(key), "{written}");
    assert_eq!(written.pointer("/0/0/key"), Some(&json!("…d1a6")));
    assert_eq!(written.pointer("/1/0/event/payload/source"), Some(&json!("db")));
}
