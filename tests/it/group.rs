//! Many alerts: storms, groups, and that nothing stays open behind them.

use crate::bridge::{Bridge, KEY};
use pagerduty_standin::{Fault, Options, RateLimit, Reply, Standin};
use serde_json::{Value, json};

/// The key of the group that [`notification`] names: `printf '{}:{a="b"}' | sha256sum`.
const GROUP: &str = "arms-group-4ca5ec9f098a6ae03a1477793142baa14c42eead45ff383451829c578b7d66ec";

fn alert(number: usize, status: &str, severity: &str) -> Value {
    json!({
        "status": status, "fingerprint": format!("f{number:04}"), "startsAt": "2025-03-01T00:00:00Z",
        "labels": {"alertname": "PodDown", "severity": severity, "pod": format!("pod-{number}")},
        "annotations": {"message": format!("pod-{number} is down")},
    })
}

fn notification(alerts: &[Value]) -> Value {
    let status = if alerts.iter().any(|alert| alert["status"] == "firing") { "firing" } else { "resolved" };
    json!({
        "integration_key": KEY, "status": status, "receiver": "pd", "groupKey": "{}:{a=\"b\"}",
        "groupLabels": {"alertname": "PodDown"}, "commonLabels": {"alertname": "PodDown"}, "alerts": alerts,
    })
}

fn alerts(count: usize, status: &str) -> Vec<Value> {
    (0..count).map(|number| alert(number, status, if number == 7 { "critical" } else { "warning" })).collect()
}

/// The same without anything that names a group.
fn nameless(alerts: &[Value]) -> Value {
    let status = if alerts.iter().any(|alert| alert["status"] == "firing") { "firing" } else { "resolved" };
    json!({"integration_key": KEY, "status": status, "alerts": alerts})
}

/// Alerts of which each started a second after the one before it.
fn started_one_after_the_other(count: usize, status: &str) -> Vec<Value> {
    let mut alerts = alerts(count, status);
    for (second, alert) in alerts.iter_mut().enumerate() {
        alert["startsAt"] = json!(format!("2025-03-01T00:{:02}:{:02}Z", second / 60, second % 60));
    }
    alerts
}

fn sorted_keys(events: &[Value]) -> Vec<String> {
    let key = |event: &Value| event["dedup_key"].as_str().unwrap_or_default().to_owned();
    let mut keys: Vec<String> = events.iter().map(key).collect();
    keys.sort();
    keys
}

/// The fingerprints of the alerts with these numbers.
fn numbers(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("f{number:04}")).collect()
}

async fn post(bridge: &Bridge, body: &Value) -> u16 {
    bridge.post("/v2/enqueue", "application/json", &body.to_string()).await.status().as_u16()
}

fn open(standin: &Standin) -> usize {
    let alerts = serde_json::to_value(standin.alerts()).expect("JSON");
    alerts.as_array().expect("a list").iter().filter(|alert| alert["state"] != "resolved").count()
}

#[tokio::test]
async fn a_hundred_alerts_are_a_hundred_events_and_one_more_makes_it_one() {
    let bridge = Bridge::start().await;
    assert_eq!(post(&bridge, &notification(&alerts(100, "firing"))).await, 202);
    assert_eq!(bridge.take_events().len(), 100);
    assert_eq!(post(&bridge, &notification(&alerts(101, "firing"))).await, 202);
    let events = bridge.take_events();
    assert_eq!(events.len(), 1);
    let payload = &events[0]["payload"];
    assert_eq!(payload["severity"], "critical", "the gravest firing");
    assert_eq!(payload["summary"], "PodDown: 101 of 101 alerts firing: pod-7 is down");
    assert_eq!(payload["custom_details"]["alerts"].as_array().map(Vec::len), Some(101));
    assert_eq!(payload["custom_details"]["counts"], json!({"firing": 101, "resolved": 0, "truncated": 0}));
}

#[tokio::test]
async fn after_a_storm_and_its_recovery_nothing_stays_open() {
    for recovery in [150, 40, 2, 1] {
        let bridge = Bridge::start().await;
        assert_eq!(post(&bridge, &notification(&alerts(150, "firing"))).await, 202);
        assert_eq!(open(&bridge.standin), 1);
        assert_eq!(post(&bridge, &notification(&alerts(recovery, "resolved"))).await, 202);
        assert_eq!(open(&bridge.standin), 0, "recovery of {recovery}");
    }
}

#[tokio::test]
async fn while_one_alert_fires_the_group_stays_open() {
    let bridge = Bridge::start().await;
    post(&bridge, &notification(&alerts(150, "firing"))).await;
    let mut mixed = alerts(150, "resolved");
    mixed[3] = alert(3, "firing", "warning");
    post(&bridge, &notification(&mixed)).await;
    post(&bridge, &notification(&mixed[..20])).await;
    assert_eq!(open(&bridge.standin), 2, "the group's and the one that fires");
}

#[tokio::test]
async fn a_storm_stays_under_the_documented_rate_limit() {
    let options = Options { rate_limit: Some(RateLimit::DOCUMENTED), ..Options::default() };
    let bridge = Bridge::beside(Standin::start(options).await.expect("loopback"), &[]);
    assert_eq!(post(&bridge, &notification(&alerts(3_000, "firing"))).await, 202);
    assert_eq!(post(&bridge, &notification(&alerts(3_000, "resolved"))).await, 202);
    assert_eq!(open(&bridge.standin), 0);
    assert_eq!(bridge.standin.requests().len(), 1 + 101);
}

/// A storm mostly begins small: then single alerts are open beside the group's.
#[tokio::test]
async fn after_a_storm_that_grew_nothing_stays_open_either() {
    let bridge = Bridge::start().await;
    let mut grown = alerts(150, "firing");
    // The order of a notification says nothing of the age.
    grown.reverse();
    for (age, alert) in grown.iter_mut().rev().enumerate() {
        alert["startsAt"] = json!(format!("2025-03-01T00:{:02}:{:02}Z", age / 60, age % 60));
    }
    post(&bridge, &notification(&grown[90..])).await;
    post(&bridge, &notification(&grown)).await;
    assert_eq!(open(&bridge.standin), 61, "sixty of them and the group's");
    for alert in &mut grown {
        alert["status"] = json!("resolved");
    }
    assert_eq!(post(&bridge, &notification(&grown)).await, 202);
    assert_eq!(open(&bridge.standin), 0);
}

#[tokio::test]
async fn by_group_a_notification_is_one_event_with_the_alerts_in_its_details() {
    let bridge = Bridge::with(&[("EVENT_PER", "group")]).await;
    let mut mixed = alerts(3, "firing");
    mixed[0] = alert(0, "resolved", "critical");
    post(&bridge, &notification(&mixed)).await;
    let fired = bridge.take_events();
    assert_eq!(fired.len(), 1);
    assert_eq!(fired[0]["event_action"], "trigger");
    assert_eq!(fired[0]["payload"]["severity"], "warning", "a resolved alert is not grave");
    let listed = fired[0]["payload"]["custom_details"]["alerts"].as_array().expect("a list");
    assert_eq!(listed.last().expect("one")["status"], "resolved");
    post(&bridge, &notification(&alerts(3, "resolved"))).await;
    let resolved = bridge.take_events();
    assert_eq!(resolved[0]["event_action"], "resolve");
    assert_eq!(resolved[0]["dedup_key"], fired[0]["dedup_key"]);
}

/// Nothing says that a recovery lists the alerts that fired.
#[tokio::test]
async fn by_group_a_notification_that_lists_no_alerts_has_the_group_s_key_too() {
    let bridge = Bridge::with(&[("EVENT_PER", "group")]).await;
    post(&bridge, &notification(&alerts(3, "firing"))).await;
    assert_eq!(open(&bridge.standin), 1);
    post(&bridge, &notification(&[])).await;
    assert_eq!(open(&bridge.standin), 0);
    let form = format!("integration_key={KEY}&dedup_key=mine&status=firing");
    bridge.post("/", "text/plain", &form).await;
    let events = bridge.take_events();
    assert_eq!(
        events.last().map(|event| event["dedup_key"].clone()),
        Some(json!("mine")),
        "a form has no group"
    );
}

#[tokio::test]
async fn an_alarm_id_beside_the_notification_names_the_group() {
    let bridge = Bridge::with(&[("EVENT_PER", "group")]).await;
    let mut body = notification(&alerts(2, "firing"));
    body.as_object_mut().expect("an object").remove("groupKey");
    // printf 2848 | sha256sum
    let key = "arms-group-95f180e417e425f00e97c5a95bfe534c0b1c90d9d8115c9acad2c04c8d6cb246";
    for body in [
        format!("integration_key={KEY}&alarmId=2848\ncontent={body}"),
        json!({"integration_key": KEY, "alarmId": "2848", "content": body}).to_string(),
    ] {
        bridge.post("/", "application/json", &body).await;
        assert_eq!(bridge.take_events()[0]["dedup_key"], key, "{body}");
    }
}

#[tokio::test]
async fn a_truncated_group_never_resolves() {
    let bridge = Bridge::with(&[("EVENT_PER", "group")]).await;
    let mut body = notification(&alerts(3, "resolved"));
    body["truncatedAlerts"] = json!(5);
    assert_eq!(post(&bridge, &body).await, 202);
    assert_eq!(bridge.take_events()[0]["event_action"], "trigger");
}

#[tokio::test]
async fn a_storm_too_large_for_pagerduty_keeps_the_gravest_and_counts_the_rest() {
    let bridge = Bridge::start().await;
    let mut many = alerts(3_000, "firing");
    for alert in &mut many {
        alert["annotations"]["description"] = json!("x".repeat(1_500));
    }
    let body = notification(&many).to_string();
    assert!(body.len() > 4_500_000, "{} bytes", body.len());
    assert_eq!(bridge.post("/", "application/json", &body).await.status(), 202);
    let events = bridge.take_events();
    let details = &events[0]["payload"]["custom_details"];
    let kept = details["alerts"].as_array().expect("a list");
    assert!(kept.len() > 100, "{} alerts kept", kept.len());
    assert_eq!(kept[0]["labels"]["severity"], "critical");
    assert_eq!(details["left_out"]["alerts"], json!(3_000 - kept.len()));
    assert_eq!(details["counts"]["firing"], 3_000);
}

/// Golden: how the group's key is made where neither `groupKey` nor `alarmId` names the group.
#[tokio::test]
async fn the_key_of_a_nameless_group_is_a_promise() {
    let bridge = Bridge::with(&[("EVENT_PER", "group")]).await;
    let mut body = notification(&alerts(2, "firing"));
    body.as_object_mut().expect("an object").remove("groupKey");
    post(&bridge, &body).await;
    // printf 'groupLabels={"alertname":"PodDown"}\nreceiver=pd\n' | sha256sum
    let key = "arms-group-f2f54d1aa276c9048fd95071f46c9f4d13d0f874b8e68cdb6ae912b927dc528c";
    assert_eq!(bridge.take_events()[0]["dedup_key"], key);
}

/// Single alerts are resolved beside the group only where there can be some.
#[tokio::test]
async fn the_recovery_of_a_storm_is_one_event_where_no_alert_ever_was_its_own() {
    let by_group = Bridge::with(&[("EVENT_PER", "group")]).await;
    post(&by_group, &notification(&alerts(150, "resolved"))).await;
    assert_eq!(by_group.take_events().len(), 1);
    let bridge = Bridge::start().await;
    let body = notification(&alerts(150, "resolved")).to_string();
    bridge.post("/change", "application/json", &body).await;
    assert_eq!(bridge.take_events().len(), 1);
}

#[tokio::test]
async fn of_two_equal_events_with_one_key_the_first_stays() {
    let bridge = Bridge::start().await;
    let mut twins = [alert(1, "firing", "warning"), alert(1, "firing", "warning")];
    twins[1]["annotations"]["message"] = json!("the second");
    post(&bridge, &notification(&twins)).await;
    let events = bridge.take_events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["payload"]["summary"], "PodDown: pod-1 is down");
}

/// What all alerts share is cut where each event would repeat it, and only there.
#[tokio::test]
async fn a_long_text_that_all_alerts_share_is_whole_in_the_event_of_a_single_one() {
    let bridge = Bridge::start().await;
    let long = "x".repeat(100_000);
    for (count, whole) in [(1, true), (2, false)] {
        let mut body = notification(&alerts(count, "firing"));
        body["commonAnnotations"] = json!({"runbook": long});
        for alert in body["alerts"].as_array_mut().expect("a list") {
            alert["annotations"] = json!({});
        }
        post(&bridge, &body).await;
        for event in bridge.take_events() {
            let shown = &event["payload"]["custom_details"]["annotations"]["runbook"];
            assert_eq!(shown.as_str().is_some_and(|shown| shown.len() == long.len()), whole, "{count}");
        }
    }
}

/// Its group event could never be resolved.
#[tokio::test]
async fn by_group_a_notification_that_names_no_group_is_sent_alert_by_alert() {
    let bridge = Bridge::with(&[("EVENT_PER", "group")]).await;
    for count in [1, 2, 100] {
        assert_eq!(post(&bridge, &nameless(&alerts(count, "firing"))).await, 202);
        assert_eq!(bridge.take_events().len(), count);
        assert_eq!(post(&bridge, &nameless(&alerts(count, "firing"))).await, 202);
        assert_eq!(open(&bridge.standin), count);
        assert_eq!(post(&bridge, &nameless(&alerts(count, "resolved"))).await, 202);
        assert_eq!(open(&bridge.standin), 0);
        let resolves = bridge.take_events().split_off(count);
        assert_eq!(resolves.len(), count, "no key of a group is made up");
    }
}

/// Neither the group nor the alerts have a name: a page can be sent, what it was for cannot be resolved.
#[tokio::test]
async fn alerts_that_nothing_names_are_told_once_and_their_recovery_is_refused() {
    let bridge = Bridge::with(&[("EVENT_PER", "group")]).await;
    for (path, status, answered, events) in [
        ("/", "firing", 202, 2),
        ("/", "resolved", 400, 0),
        ("/change", "resolved", 202, 2),
        ("/v1", "resolved", 400, 0),
    ] {
        let body = json!({"integration_key": KEY, "alerts": [{"status": status}, {"status": status}]});
        let answer = bridge.post(path, "application/json", &body.to_string()).await;
        assert_eq!(answer.status().as_u16(), answered, "{path} {status}: {answer:?}");
        let sent = bridge.take_events();
        assert_eq!(sent.len(), events, "{path} {status}");
        if path == "/" {
            let keys = sorted_keys(&sent);
            assert!(keys.iter().all(|key| key.starts_with("arms-once-REQUEST_ID")), "{keys:?}");
        }
    }
}

/// More than PagerDuty's rate limit lets pass, and no name to resolve them by: one event that is sent once.
#[tokio::test]
async fn a_storm_without_a_name_is_one_event() {
    for event_per in ["alert", "group"] {
        let bridge = Bridge::with(&[("EVENT_PER", event_per)]).await;
        assert_eq!(post(&bridge, &nameless(&alerts(101, "firing"))).await, 202);
        let events = bridge.take_events();
        assert_eq!(events.len(), 1, "{event_per}");
        assert_eq!(events[0]["event_action"], "trigger");
        assert_eq!(events[0]["dedup_key"], "arms-once-REQUEST_ID");
    }
}

#[tokio::test]
async fn of_a_long_recovery_without_a_name_the_first_hundred_are_resolved_and_the_rest_is_told() {
    for event_per in ["alert", "group"] {
        let bridge = Bridge::with(&[("EVENT_PER", event_per)]).await;
        let mut over = started_one_after_the_other(137, "resolved");
        over.reverse();
        let answer = bridge.post("/", "application/json", &nameless(&over).to_string()).await;
        assert_eq!(answer.status(), 202, "{event_per}: {answer:?}");
        let events = bridge.take_events();
        assert!(events.iter().all(|event| event["event_action"] == "resolve"), "{events:?}");
        assert_eq!(sorted_keys(&events), numbers(0..100), "those that started first, {event_per}");
        let reported: Value = serde_json::from_slice(answer.body()).expect("JSON");
        let message = reported["message"].as_str().expect("a message");
        let mut numbers = message.split(|c: char| !c.is_ascii_digit());
        assert!(numbers.any(|number| number == "37"), "how many were left: {message}");
        assert_eq!(reported["status"], "success", "{reported}");
    }
}

/// A storm that is not over yet: those that are get their resolve at once, nobody tells of them again.
#[tokio::test]
async fn in_a_storm_each_alert_that_is_over_is_resolved_beside_the_group_s_event() {
    let bridge = Bridge::start().await;
    let mut alerts = started_one_after_the_other(150, "firing");
    post(&bridge, &notification(&alerts[..60])).await;
    assert_eq!(open(&bridge.standin), 60);
    bridge.take_events();
    for alert in &mut alerts[10..50] {
        alert["status"] = json!("resolved");
    }
    alerts.reverse();
    post(&bridge, &notification(&alerts)).await;
    let events = bridge.take_events();
    let (group, singles): (Vec<Value>, Vec<Value>) =
        events.into_iter().partition(|event| event["event_action"] == "trigger");
    assert_eq!(group.len(), 1);
    assert_eq!(group[0]["dedup_key"], GROUP);
    assert_eq!(group[0]["payload"]["custom_details"]["counts"]["firing"], 110);
    assert_eq!(sorted_keys(&singles), numbers(10..50));
}

#[tokio::test]
async fn in_a_storm_up_to_a_hundred_are_resolved_those_that_started_first() {
    for (resolved, firing) in [(100, 1), (101, 1), (250, 3), (250, 0)] {
        let bridge = Bridge::start().await;
        let mut alerts = started_one_after_the_other(resolved + firing, "resolved");
        for alert in &mut alerts[resolved..] {
            alert["status"] = json!("firing");
        }
        // A second before midnight in Greenwich, though the hour is a later one.
        alerts[0]["startsAt"] = json!("2025-03-01T07:59:59+08:00");
        alerts.reverse();
        assert_eq!(post(&bridge, &notification(&alerts)).await, 202);
        let mut events = bridge.take_events();
        let group = events.iter().position(|event| event["dedup_key"] == GROUP).expect("the group's");
        let group = events.remove(group);
        assert_eq!(group["event_action"], if firing > 0 { "trigger" } else { "resolve" });
        assert!(events.iter().all(|event| event["event_action"] == "resolve"), "{events:?}");
        assert_eq!(sorted_keys(&events), numbers(0..resolved.min(100)), "{resolved} and {firing}");
    }
}

#[tokio::test]
async fn in_a_storm_that_leaves_alerts_out_those_that_are_over_are_resolved_and_the_group_is_not() {
    let bridge = Bridge::start().await;
    let mut body = notification(&started_one_after_the_other(120, "resolved"));
    body["truncatedAlerts"] = json!(3);
    post(&bridge, &body).await;
    let mut events = bridge.take_events();
    let group = events.iter().position(|event| event["dedup_key"] == GROUP).expect("the group's");
    assert_eq!(events.remove(group)["event_action"], "trigger");
    assert_eq!(sorted_keys(&events), numbers(0..100));
}

/// Every notification of the group in which nothing fires ends it, one alert or many.
#[tokio::test]
async fn the_last_recovery_ends_the_group_s_event_however_few_alerts_it_lists() {
    for (path, last) in [("/", 1), ("/", 2), ("/", 100), ("/v1", 1)] {
        let bridge = Bridge::start().await;
        let send = |count: usize, status: &'static str| {
            let body = notification(&alerts(count, status)).to_string();
            let bridge = &bridge;
            async move { bridge.post(path, "application/json", &body).await }
        };
        send(150, "firing").await;
        assert_eq!(open(&bridge.standin), 1);
        send(last, "resolved").await;
        assert_eq!(open(&bridge.standin), 0, "{path}, {last}");
        bridge.standin.clear();
        send(last, "firing").await;
        assert_eq!(bridge.take_events().len(), last, "none while one fires");
    }
}

#[tokio::test]
async fn while_one_fires_or_some_are_left_out_the_group_s_key_is_not_resolved() {
    let bridge = Bridge::start().await;
    let mut mixed = alerts(2, "resolved");
    mixed[1] = alert(1, "firing", "error");
    post(&bridge, &notification(&mixed)).await;
    assert_eq!(sorted_keys(&bridge.take_events()), numbers(0..2));
    let mut truncated = notification(&alerts(1, "resolved"));
    truncated["truncatedAlerts"] = json!(1);
    post(&bridge, &truncated).await;
    assert_eq!(sorted_keys(&bridge.take_events()), numbers(0..1));
    post(&bridge, &nameless(&alerts(1, "resolved"))).await;
    assert_eq!(sorted_keys(&bridge.take_events()), numbers(0..1), "without a name");
}

#[tokio::test]
async fn the_resolve_of_the_group_s_key_is_not_counted_in_the_answer() {
    let bridge = Bridge::start().await;
    let one = notification(&alerts(1, "resolved")).to_string();
    let answer = bridge.post("/", "application/json", &one).await;
    assert_eq!(bridge.take_events().len(), 2);
    let reported: Value = serde_json::from_slice(answer.body()).expect("JSON");
    let pagerduty_s = json!({"status": "success", "message": "Event processed", "dedup_key": "f0000"});
    assert_eq!(reported, pagerduty_s, "PagerDuty's own words for the one alert");
    let two = notification(&alerts(2, "resolved")).to_string();
    let answer = bridge.post("/", "application/json", &two).await;
    assert_eq!(bridge.take_events().len(), 3);
    let reported: Value = serde_json::from_slice(answer.body()).expect("JSON");
    let message = reported["message"].as_str().expect("a message");
    assert!(message.contains('2') && !message.contains('3'), "{message}");
}

#[tokio::test]
async fn of_the_resolve_of_the_group_s_key_only_the_failure_is_told() {
    for count in [1, 2] {
        let bridge = Bridge::start().await;
        bridge.standin.set_standing_fault_for(GROUP, Some(Fault::status(400)));
        let body = notification(&alerts(count, "resolved")).to_string();
        let answer = bridge.post("/", "application/json", &body).await;
        assert_eq!(answer.status(), 400, "{answer:?}");
        let reported: Value = serde_json::from_slice(answer.body()).expect("JSON");
        assert_ne!(reported["status"], "success");
        let failures = reported["failures"].as_array().expect("a list");
        assert_eq!(failures.len(), 1, "{reported}");
        assert_eq!(failures[0]["dedup_key"], GROUP, "{reported}");
    }
    // The failure of the alert itself is answered as ever.
    let bridge = Bridge::start().await;
    let refusal = Reply::json(400, &json!({"status": "invalid event", "errors": ["no"]}));
    bridge.standin.set_standing_fault_for("f0000", Some(Fault::Answer(refusal.clone())));
    let body = notification(&alerts(1, "resolved")).to_string();
    let answer = bridge.post("/", "application/json", &body).await;
    assert_eq!((answer.status().as_u16(), answer.body()), (400, &refusal.body));
}

#[tokio::test]
async fn change_events_have_no_resolve_of_a_group() {
    for event_per in ["alert", "group"] {
        let bridge = Bridge::with(&[("EVENT_PER", event_per)]).await;
        let body = notification(&alerts(1, "resolved")).to_string();
        bridge.post("/change", "application/json", &body).await;
        assert_eq!(bridge.take_events().len(), 1, "{event_per}");
    }
}

#[tokio::test]
async fn by_group_the_recovery_of_one_alert_is_the_group_s_resolve_alone() {
    let bridge = Bridge::with(&[("EVENT_PER", "group")]).await;
    post(&bridge, &notification(&alerts(1, "resolved"))).await;
    assert_eq!(sorted_keys(&bridge.take_events()), [GROUP]);
}

/// Golden: what names a group, the first that there is. `printf '…' | sha256sum`
#[tokio::test]
async fn the_keys_of_groups_are_a_promise() {
    let by_group = Bridge::with(&[("EVENT_PER", "group")]).await;
    let by_alert = Bridge::start().await;
    for (names, key) in [
        // {}:{a="b"}
        (json!({"groupKey": "{}:{a=\"b\"}", "alarmId": "2848", "receiver": "pd"}), GROUP),
        // 2848
        (
            json!({"alarmId": 2848, "receiver": "pd", "groupLabels": {"a": "b"}}),
            "arms-group-95f180e417e425f00e97c5a95bfe534c0b1c90d9d8115c9acad2c04c8d6cb246",
        ),
        // groupLabels={"a":"b","c":{"d":1,"e":"f"}}\nreceiver=pd\n
        (
            json!({"receiver": "pd", "groupLabels": {"c": {"e": "f", "d": 1}, "a": "b"}, "commonLabels": {"alertname": "PodDown"}}),
            "arms-group-b5ce97e2fdfae5d4f77bb6fdcc57d7842fc4a0a4e1a3d74b2890d12da78692ff",
        ),
        // groupLabels={"a":"b"}\n
        (
            json!({"groupLabels": {"a": "b"}, "commonLabels": {"alertname": "PodDown"}}),
            "arms-group-921307f739bf8f842e0842d07fe64c1cf3033607cf30b1b88a738468f52a91b5",
        ),
        // alertname=PodDown\nreceiver=pd\n
        (
            json!({"receiver": "pd", "commonLabels": {"alertname": "PodDown"}}),
            "arms-group-f89ce2fcf1bf0cad9f27724a8c58a5d93dd3cb6227b29f9f847c7be861e8fded",
        ),
        (
            json!({"receiver": "pd", "groupLabels": {}, "commonLabels": {"alertname": "PodDown", "x": "y"}}),
            "arms-group-f89ce2fcf1bf0cad9f27724a8c58a5d93dd3cb6227b29f9f847c7be861e8fded",
        ),
        // receiver=pd\n
        (
            json!({"receiver": "pd", "commonLabels": {"x": "y"}}),
            "arms-group-0e1d107e9221e35b8195d6ad0ee232a3c7db2b7a17b0999ccc709d9beafabadb",
        ),
        // alertname=PodDown\n
        (
            json!({"commonLabels": {"alertname": "PodDown"}}),
            "arms-group-ed43fa4afb384c864bc2f5a8a0bcce4e21cdcf381a56d95fd949c14565d620c1",
        ),
    ] {
        let body = |status: &str| {
            let mut body = names.clone();
            body["integration_key"] = json!(KEY);
            body["status"] = json!(status);
            body["alerts"] = Value::from(alerts(2, status));
            body
        };
        post(&by_group, &body("firing")).await;
        assert_eq!(sorted_keys(&by_group.take_events()), [key], "{names}");
        post(&by_alert, &body("resolved")).await;
        let mut keys = sorted_keys(&by_alert.take_events());
        keys.retain(|resolved| !resolved.starts_with('f'));
        assert_eq!(keys, [key], "{names}");
    }
}

/// The common alert name comes and goes as alerts join and recover.
#[tokio::test]
async fn a_second_alert_name_does_not_change_the_key_of_a_group() {
    let bridge = Bridge::with(&[("EVENT_PER", "group")]).await;
    let body = |common: Value| {
        json!({
            "integration_key": KEY, "status": "firing", "receiver": "pd", "groupLabels": {"cluster": "c1"},
            "commonLabels": common, "alerts": alerts(3, "firing"),
        })
    };
    post(&bridge, &body(json!({"alertname": "PodDown", "cluster": "c1"}))).await;
    post(&bridge, &body(json!({"cluster": "c1"}))).await;
    post(&bridge, &body(json!({"alertname": "PodSlow", "cluster": "c1"}))).await;
    post(&bridge, &body(json!({}))).await;
    let mut keys = sorted_keys(&bridge.take_events());
    keys.dedup();
    assert_eq!(keys.len(), 1, "{keys:?}");
}

#[tokio::test]
async fn a_group_s_event_shows_what_its_alerts_share_and_what_is_not_shown() {
    let bridge = Bridge::with(&[("EVENT_PER", "group")]).await;
    let mut body = notification(&alerts(3, "firing"));
    post(&bridge, &body).await;
    let alone = bridge.take_events().remove(0);
    assert_eq!(alone["payload"]["source"], "pod-0", "of the gravest, where nothing is shared");
    body["truncatedAlerts"] = json!("7");
    body["commonLabels"] = json!({"alertname": "PodDown", "cluster": "c1"});
    body["commonAnnotations"] = json!({"runbook": "https://runbooks.example.com"});
    body["dispatchRuleName"] = json!("nightly");
    post(&bridge, &body).await;
    let payload = bridge.take_events().remove(0)["payload"].clone();
    assert_eq!(payload["source"], "c1");
    assert_eq!(payload["group"], "c1");
    assert_eq!(payload["summary"], "PodDown: 3 of 3 alerts firing, 7 more not shown: pod-0 is down");
    let details = &payload["custom_details"];
    assert_eq!(details["labels"], body["commonLabels"]);
    assert_eq!(details["annotations"], body["commonAnnotations"]);
    assert_eq!(details["groupLabels"], body["groupLabels"]);
    assert_eq!((&details["policy"], &details["receiver"]), (&json!("nightly"), &json!("pd")));
}
