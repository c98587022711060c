//! Rules of the formats that no sample shows: each row is one that a mutant of the code survived.

use crate::bridge::{Bridge, KEY};
use serde_json::{Value, json};

/// What became of a JSON object with these members besides the key.
async fn payload_of(bridge: &Bridge, members: &str) -> Value {
    let body = format!(r#"{{"integration_key":"{KEY}",{members}}}"#);
    let answer = bridge.post("/", "application/json", &body).await;
    let mut events = bridge.take_events();
    assert_eq!(events.len(), 1, "{answer:?} for {body}");
    events.remove(0)["payload"].take()
}

#[tokio::test]
async fn a_summary_is_whole_up_to_1024_characters() {
    let bridge = Bridge::start().await;
    for (length, shown) in [(1_024, "告".repeat(1_024)), (1_025, format!("{}…", "告".repeat(1_023)))] {
        let payload = payload_of(&bridge, &format!(r#""summary":"{}""#, "告".repeat(length))).await;
        assert_eq!(payload["summary"], shown);
    }
}

#[tokio::test]
async fn a_link_is_one_that_a_browser_opens() {
    let bridge = Bridge::start().await;
    for (link, taken) in [
        ("https://example.com/a?b#c", true),
        ("HTTP://example.com", true),
        ("https://", false),
        ("https:///a", false),
        ("https://?a", false),
        ("https://#a", false),
        ("https://a b", false),
        (r"https://a\u0000b", false),
        ("ftp://example.com", false),
        ("example.com", false),
    ] {
        let body = format!(r#"{{"integration_key":"{KEY}","summary":"s","link":"{link}"}}"#);
        bridge.post("/", "application/json", &body).await;
        let event = bridge.take_events().remove(0);
        assert_eq!(event.get("links").is_some(), taken, "{link}");
    }
}

#[tokio::test]
async fn labels_of_any_type_show_what_may_be_shown() {
    let bridge = Bridge::start().await;
    for (instance, source) in [
        (r#"{"token":"secret","a":1}"#, r#"{"a":1}"#),
        (r#"[{"token":"secret","a":1}]"#, r#"[{"a":1}]"#),
        ("[]", "ARMS"),
        ("null", "ARMS"),
        ("7", "7"),
    ] {
        let alert = format!(r#""alerts":[{{"labels":{{"alertname":"A","instance":{instance}}}}}]"#);
        assert_eq!(payload_of(&bridge, &alert).await["source"], source, "{instance}");
    }
    for other in [r#"{"a":1}"#, "[1]"] {
        let payload = payload_of(&bridge, &format!(r#""title":"t","instance":{other}"#)).await;
        assert_eq!(payload["source"], "ARMS", "{other}");
    }
}

#[tokio::test]
async fn arms_s_own_message_is_told_unless_it_begins_with_null() {
    let bridge = Bridge::start().await;
    for (message, summary) in [("disk is full", "A: disk is full"), ("null disk", "A")] {
        let alert = format!(
            r#""alerts":[{{"labels":{{"alertname":"A"}},"annotations":{{"_aliyun_arms_alert_message":"{message}"}}}}]"#
        );
        assert_eq!(payload_of(&bridge, &alert).await["summary"], summary);
    }
}

#[tokio::test]
async fn a_page_is_arms_s_where_its_labels_are_shared_too() {
    let bridge = Bridge::start().await;
    for (label, severity) in [("_aliyun_arms_region_id", "info"), ("region", "critical")] {
        let members = format!(
            r#""commonLabels":{{"{label}":"x"}},"alerts":[{{"labels":{{"alertname":"A","severity":"page"}}}}]"#
        );
        assert_eq!(payload_of(&bridge, &members).await["severity"], severity, "{label}");
    }
}

#[tokio::test]
async fn what_cloudmonitor_measured_is_the_message_of_its_callback_alone() {
    let bridge = Bridge::start().await;
    for (body, summary) in [
        ("alertState=ALERT&metricName=cpu&curValue=3", "cpu now 3"),
        ("alertState=ALERT&ruleId=r&expression=$Average>2&curValue=null", "$Average>2"),
        ("alertState=ALERT&alertName=N&metricName=cpu", "N: cpu"),
        ("alertName=N&metricName=cpu", "N"),
        ("alertState=ALERT&expression=e&summary=s", "s"),
    ] {
        bridge.post("/", "text/plain", &format!("integration_key={KEY}&{body}")).await;
        assert_eq!(bridge.take_events().remove(0)["payload"]["summary"], summary, "{body}");
    }
}

#[tokio::test]
async fn a_percent_sign_that_escapes_nothing_makes_a_form_raw() {
    let bridge = Bridge::start().await;
    let form = "application/x-www-form-urlencoded";
    for (value, summary) in
        [("a%20b", "a b"), ("a%2gb", "a%2gb"), ("a%g2b", "a%g2b"), ("a%2", "a%2"), ("a%", "a%")]
    {
        bridge.post("/", form, &format!("integration_key={KEY}&summary={value}")).await;
        assert_eq!(bridge.take_events().remove(0)["payload"]["summary"], summary, "{value}");
    }
}

#[tokio::test]
async fn pagerduty_s_own_event_may_hold_texts_where_objects_belong() {
    let bridge = Bridge::start().await;
    let own = |payload: &str| format!(r#""event_action":"trigger","dedup_key":"d","payload":{payload}"#);
    let text = json!(r#"{"summary":"s","source":"x","severity":"info"}"#).to_string();
    let payload = payload_of(&bridge, &own(&text)).await;
    assert_eq!((&payload["summary"], &payload["severity"]), (&json!("s"), &json!("info")));
    for (given, details) in [
        (r#""why""#, json!({"details": "why"})),
        ("[1]", json!({"details": [1]})),
        ("null", Value::Null),
        (r#""""#, Value::Null),
        (r#"{"a":1}"#, json!({"a": 1})),
    ] {
        let payload = format!(r#"{{"summary":"s","source":"x","severity":"info","custom_details":{given}}}"#);
        let payload = payload_of(&bridge, &own(&payload)).await;
        assert_eq!(payload.get("custom_details").unwrap_or(&Value::Null), &details, "{given}");
    }
}

#[tokio::test]
async fn other_json_is_told_by_its_own_words_before_a_searched_one() {
    let bridge = Bridge::start().await;
    for (members, summary) in [
        (r#""summary":"s","title":"t""#, "s"),
        (r#""message":"m","title":"t""#, "m"),
        (r#""title":"t","text":"x""#, "t"),
        (r#""content":"""#, "ARMS alert without content: add a body template"),
        (r#""content":{}"#, "ARMS alert without content: add a body template"),
        (r#""content":null,"token":"secret""#, "ARMS alert without content: add a body template"),
        (r#""n":{"a":1}"#, r#"{"n":{"a":1}}"#),
    ] {
        assert_eq!(payload_of(&bridge, members).await["summary"], summary, "{members}");
    }
}

#[tokio::test]
async fn a_bare_alert_or_a_list_of_them_counts_under_any_name() {
    let bridge = Bridge::start().await;
    let alert =
        r#"{"labels":{"alertname":"z1","severity":"critical"},"status":"resolved","fingerprint":"f1"}"#;
    let text = json!(alert).to_string();
    let list_text = json!(format!("[{alert}]")).to_string();
    for member in [
        format!(r#""data":{alert}"#),
        format!(r#""foo":[{alert}]"#),
        format!(r#""payload":{text}"#),
        format!(r#""alerts":{list_text}"#),
        format!(r#""data":{text},"region":"cn-hangzhou""#),
    ] {
        let body = format!(r#"{{"integration_key":"{KEY}",{member}}}"#);
        let answer = bridge.post("/", "application/json", &body).await;
        let events = bridge.take_events();
        let [event] = events.as_slice() else { panic!("{member}: {answer:?}") };
        assert_eq!(
            (&event["event_action"], &event["dedup_key"]),
            (&json!("resolve"), &json!("f1")),
            "{member}"
        );
    }
}
