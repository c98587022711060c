//! Many alerts: storms, groups, and that nothing stays open behind them.

use crate::bridge::{Bridge, KEY};
use pagerduty_standin::{Options, RateLimit, Standin};
use serde_json::{Value, json};

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
    for recovery in [150, 40, 2] {
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
    assert_eq!(bridge.standin.requests().len(), 1 + 100);
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
    // printf 'alertname=PodDown\ngroupLabels={"alertname":"PodDown"}\nreceiver=pd\n' | sha256sum
    let key = "arms-group-83731920979d5ad581440751c0bfb156a33a6228079ebd445b072e762cc03525";
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

#[tokio::test]
async fn a_group_that_nothing_names_is_told_once_and_its_recovery_is_refused() {
    let bridge = Bridge::with(&[("EVENT_PER", "group")]).await;
    for (path, status, answered, dedup_key) in [
        ("/", "firing", 202, json!("arms-once-REQUEST_ID")),
        ("/", "resolved", 400, json!(null)),
        ("/change", "resolved", 202, json!(null)),
        ("/v1", "resolved", 400, json!(null)),
    ] {
        let body = json!({"integration_key": KEY, "alerts": [{"status": status}, {"status": status}]});
        let answer = bridge.post(path, "application/json", &body.to_string()).await;
        assert_eq!(answer.status().as_u16(), answered, "{path} {status}: {answer:?}");
        let events = bridge.take_events();
        assert_eq!(events.len(), usize::from(answered == 202), "{path} {status}");
        if path == "/" && answered == 202 {
            assert_eq!(events[0]["dedup_key"], dedup_key);
        }
    }
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
