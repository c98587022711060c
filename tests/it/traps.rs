//! Bodies that once fooled the function: each was found by somebody who tried to.

use crate::bridge::{Bridge, KEY};
use serde_json::{Value, json};

/// Posts a body and gives the one event that came of it.
async fn only_event(bridge: &Bridge, content_type: &str, body: &str) -> Value {
    let answer = bridge.post("/", content_type, body).await;
    let mut events = bridge.take_events();
    assert_eq!(events.len(), 1, "{answer:?} for {body}");
    events.remove(0)
}

#[tokio::test]
async fn json_that_an_alert_quotes_sets_no_field_of_the_notification() {
    let bridge = Bridge::start().await;
    let quoted = r#"resp {"a":"b","status":"ok","dedup_key":"zz","level":"info","恢复时间":"x","c":"d"}"#;
    let other = "f".repeat(32);
    for body in [
        format!(
            r#"{{"integration_key":"{KEY}","summary":"{quoted}","status":"firing","dedup_key":"d1","level":"P1"}}"#
        ),
        format!(r#"{{"integration_key":"{KEY}","summary":"{quoted}","dedup_key":"d1","level":"P1"}}"#),
        format!(
            r#"{{"integration_key":"{KEY}","告警名称":"N","告警时间":"2026-11-22 07:18:15","告警内容":"{quoted}","dedup_key":"d1","level":"P1"}}"#
        ),
        format!(
            r#"{{"message":"x {{"a":"b","routing_key":"{other}","c":"d"}}","integration_key":"{KEY}","dedup_key":"d1","level":"P1"}}"#
        ),
    ] {
        let event = only_event(&bridge, "application/json", &body).await;
        assert_eq!(event["event_action"], "trigger", "{body}");
        assert_eq!(event["dedup_key"], "d1", "{body}");
        assert_eq!(event["payload"]["severity"], "critical", "{body}");
        assert_eq!(event["routing_key"], KEY, "{body}");
    }
}

#[tokio::test]
async fn a_bracket_or_a_field_too_many_does_not_hide_a_recovery() {
    let bridge = Bridge::start().await;
    let alerts = r#"{"alerts":[{"labels":{"alertname":"A"},"fingerprint":"d1","status":"resolved"}]}"#;
    for (content_type, body) in [
        ("text/plain", format!("integration_key={KEY}&content={alerts}&level=x")),
        (
            "application/json",
            format!(r#"{{"integration_key":"{KEY}","status":"resolved","dedup_key":"d1"}}}}"#),
        ),
        (
            "application/json",
            format!(r#"{{"status":"resolved","dedup_key":"d1","integration_key":"{KEY}"}};"#),
        ),
        ("application/json", format!(r#"{{"integration_key":"{KEY}","content":{alerts}}}}}"#)),
        (
            "application/json",
            format!(
                r#"{{"integration_key":"{KEY}","summary":"say "x"","status":"resolved","dedup_key":"d1"}}}}"#
            ),
        ),
        (
            "application/json",
            format!(
                r#"{{"integration_key":"{KEY}","content":[{{"status":"resolved","labels":{{"alertname":"A"}},"fingerprint":"d1"}}]}}"#
            ),
        ),
    ] {
        let event = only_event(&bridge, content_type, &body).await;
        assert_eq!(
            (&event["event_action"], &event["dedup_key"]),
            (&json!("resolve"), &json!("d1")),
            "{body}"
        );
    }
}

#[tokio::test]
async fn the_content_of_a_preset_that_fires_may_speak_of_a_recovery() {
    let bridge = Bridge::start().await;
    for body in [
        format!(
            "integration_key={KEY}\n告警名称: N\n告警时间: 2026-11-22 07:18:15\n告警内容: first line\n恢复时间: 未知"
        ),
        format!(
            "integration_key={KEY}\r\nAlert name: N\r\nAlert time: 2026-11-22 07:18:15\r\nAlert content: a\r\nTime resolved: n/a"
        ),
    ] {
        let event = only_event(&bridge, "text/plain", &body).await;
        assert_eq!(event["event_action"], "trigger", "{body}");
    }
}

/// One template may serve for both states: then its recovery time is blank while the alert fires.
#[tokio::test]
async fn a_preset_is_over_when_its_recovery_has_a_time_unless_its_status_says_otherwise() {
    let bridge = Bridge::start().await;
    for (fields, action) in [
        (r#""恢复时间":"2025-03-14 10:52:40""#, "resolve"),
        (r#""恢复时间":"""#, "trigger"),
        (r#""恢复时间":"","告警时间":"""#, "trigger"),
        (r#""恢复时间":"2025-03-14 10:52:40","告警时间":"2025-03-14 10:31:07""#, "resolve"),
        (r#""恢复时间":"","告警时间":"2025-03-14 10:31:07""#, "trigger"),
        (r#""恢复时间":null,"告警时间":"2025-03-14 10:31:07""#, "trigger"),
        (r#""Time resolved":"{{ .endTime }}","Alert time":"2025-03-14 10:31:07""#, "trigger"),
        (r#""status":"resolved","告警时间":"2025-03-14 10:31:07""#, "resolve"),
        (r#""status":"firing","告警时间":"2025-03-14 10:31:07""#, "trigger"),
        (r#""status":"firing","恢复时间":"2025-03-14 10:52:40""#, "trigger"),
    ] {
        let body = format!(r#"{{"integration_key":"{KEY}","告警名称":"N",{fields}}}"#);
        let event = only_event(&bridge, "application/json", &body).await;
        assert_eq!(event["event_action"], action, "{body}");
        let lines =
            format!("integration_key={KEY}\n告警名称: N\n{}", fields.replace("\",\"", "\n").replace('"', ""));
        if !fields.contains("status") && !fields.contains("null") {
            let event = only_event(&bridge, "text/plain", &lines).await;
            assert_eq!(event["event_action"], action, "{lines}");
        }
    }
}

#[tokio::test]
async fn a_token_of_digits_is_masked_where_it_stands_as_a_number() {
    let bridge = Bridge::with(&[("WEBHOOK_TOKEN", "1234567890123456")]).await;
    let body = format!(r#"{{"integration_key":"{KEY}","title":"t","a":[1234567890123456],"b":12}}"#);
    bridge.post("/?token=1234567890123456", "application/json", &body).await;
    let details = bridge.take_events().remove(0)["payload"]["custom_details"].clone();
    assert_eq!((&details["a"], &details["b"]), (&json!(["********"]), &json!(12)));
}

#[tokio::test]
async fn a_message_that_all_alerts_share_is_filled_from_each_alert() {
    let bridge = Bridge::start().await;
    let alert = |pod: &str, value: u8| json!({"labels": {"alertname": "A", "pod": pod}, "annotations": {"value": value}});
    let body = json!({
        "integration_key": KEY, "alerts": [alert("a", 1), alert("b", 2)],
        "commonAnnotations": {"message": "{{$labels.pod}} is at {{$value}}"},
    });
    bridge.post("/", "application/json", &body.to_string()).await;
    let mut summaries: Vec<_> =
        bridge.take_events().iter().map(|event| event["payload"]["summary"].to_string()).collect();
    summaries.sort();
    assert_eq!(summaries, [r#""A: a is at 1""#, r#""A: b is at 2""#]);
}

#[tokio::test]
async fn what_stands_beside_the_fields_of_pagerduty_s_own_event_is_not_lost() {
    let bridge = Bridge::start().await;
    let alert = r#"{"alerts":[{"labels":{"alertname":"A"},"fingerprint":"f","status":"firing"}]}"#;
    for (body, summary, dedup_key) in [
        (format!(r#""event_action":"trigger","dedup_key":"d","content":{alert}"#), "A", "f"),
        (r#""event_action":"trigger","dedup_key":"d","message":"disk""#.to_owned(), "disk", "d"),
        (r#""event_action":"trigger","dedup_key":"d","title":"disk""#.to_owned(), "disk", "d"),
    ] {
        let body = format!(r#"{{"integration_key":"{KEY}",{body}}}"#);
        let event = only_event(&bridge, "application/json", &body).await;
        assert_eq!(event["payload"]["summary"], summary, "{body}");
        assert_eq!(event["dedup_key"], dedup_key, "{body}");
    }
}

#[tokio::test]
async fn a_field_without_a_value_holds_its_place_against_a_text() {
    let bridge = Bridge::start().await;
    for body in [
        format!("integration_key={KEY}&status=&dedup_key=d1\nsummary=CPU\nmessage=x\nstatus=ok"),
        format!("integration_key={KEY}&status={{{{ .status }}}}&dedup_key=d1\nmessage=x\nstatus=ok"),
        format!("integration_key={KEY}&status=<no value>&dedup_key=d1\nmessage=x\nstatus=ok"),
    ] {
        let event = only_event(&bridge, "text/plain", &body).await;
        assert_eq!(
            (&event["event_action"], &event["dedup_key"]),
            (&json!("trigger"), &json!("d1")),
            "{body}"
        );
    }
}

#[tokio::test]
async fn what_a_template_does_to_texts_is_undone() {
    let bridge = Bridge::start().await;
    for (content_type, body, summary) in [
        ("application/json", format!(r#"{{"integration_key":"{KEY}","告警名称":"N"}}"#), "N"),
        (
            "application/json",
            format!(r#"{{"integration_key":"{KEY}","summary":"{{{{ .a }}}}","text":"t"}}"#),
            "t",
        ),
        (
            "application/json",
            format!(r#"{{"routing_key":"{KEY}","event_action":"trigger","dedup_key":"q","payload":"disk"}}"#),
            "disk",
        ),
        (
            "application/json",
            format!(
                r#"{{"integration_key":"{KEY}","summary":"s","message":"at C:\data\","status":"firing"}}"#
            ),
            r"s: at C:\data\",
        ),
        (
            "application/json",
            format!(r#"{{"integration_key":"{KEY}","alerts":[],"message":"disk"}}"#),
            "disk",
        ),
        (
            "application/json",
            format!(r#"{{"integration_key":"{KEY}","token":"secret","n":{{"signature":"secret"}}}}"#),
            "ARMS alert without content: add a body template",
        ),
        ("text/plain", format!("integration_key={KEY}&token=secret&x=1"), "ARMS alert: x=1"),
    ] {
        let event = only_event(&bridge, content_type, &body).await;
        assert_eq!(event["payload"]["summary"], summary, "{body}");
        assert!(!event.to_string().contains("secret"), "{event}");
    }
}

#[tokio::test]
async fn the_key_is_found_in_text_too_but_only_where_no_other_place_has_one() {
    let bridge = Bridge::start().await;
    let other = "f".repeat(32);
    for (path, body, key) in [
        ("/", format!("{{\"integration_key\":\"{KEY}\", no value at all {{"), KEY),
        ("/", format!("{{ 'routing_key' = '{KEY}' ; disk full"), KEY),
        ("/", format!("CPU high, service_key： {KEY}."), KEY),
        ("/", format!("put your integration_key here: integration_key = {KEY}"), KEY),
        ("/", format!("<alert><integration_key>{KEY}</integration_key></alert>"), KEY),
        (&format!("/?integration_key={KEY}"), format!("CPU high, integration_key: {other}"), KEY),
        // The query comes before a template's own key too.
        (
            &format!("/?integration_key={other}"),
            format!("{{\"integration_key\":\"{KEY}\", no value {{"),
            &other,
        ),
    ] {
        bridge.post(path, "text/plain", &body).await;
        let events = bridge.take_events();
        assert_eq!(events.len(), 1, "{body}");
        assert_eq!(events[0]["routing_key"], key, "{body}");
        assert!(!events[0]["payload"].to_string().contains(key), "the key is masked in the text: {body}");
    }
    for (body, said) in [
        ("{\"integration_key\":\"****4463\", no value {", "masked"),
        // An alert's text does not choose the key where the template's is wrong.
        (&format!("{{\"integration_key\":\"****4463\", no value {{ service_key: {other}"), "masked"),
        ("CPU high, integration_key without one", "no integration key"),
        ("CPU high", "no integration key"),
    ] {
        let answer = bridge.post("/", "text/plain", body).await;
        assert_eq!(answer.status(), 400, "{body}");
        assert!(String::from_utf8_lossy(answer.body()).contains(said), "{answer:?} for {body}");
    }
}

#[tokio::test]
async fn a_notification_is_found_wherever_a_template_put_it() {
    let bridge = Bridge::start().await;
    let alerts = r#"{"alerts":[{"labels":{"alertname":"A"},"fingerprint":"d1","status":"resolved"}]}"#;
    let quoted = json!(alerts).to_string();
    let twice = json!(quoted).to_string();
    for body in [
        format!(r#"{{"integration_key":"{KEY}","data":{alerts}}}"#),
        // Of two of ARMS's variables it fills one.
        format!(r#"{{"integration_key":"{KEY}","data":{alerts},"content":"$content"}}"#),
        format!(r#"{{"integration_key":"{KEY}","data":{alerts},"a":"$content"}}"#),
        format!(r#"{{"integration_key":"{KEY}","data":{alerts},"content":"A is over"}}"#),
        format!(r#"{{"integration_key":"{KEY}","content":{quoted}}}"#),
        format!(r#"{{"integration_key":"{KEY}","content":{twice}}}"#),
        format!("integration_key={KEY}\ncontent={quoted}"),
    ] {
        let event = only_event(&bridge, "application/json", &body).await;
        assert_eq!(
            (&event["event_action"], &event["dedup_key"]),
            (&json!("resolve"), &json!("d1")),
            "{body}"
        );
    }
    let unfilled = format!(r#"{{"integration_key":"{KEY}","data":$alertmanager_content}}"#);
    let event = only_event(&bridge, "application/json", &unfilled).await;
    assert_eq!(event["dedup_key"], "arms-webhook-test");
}

#[tokio::test]
async fn what_is_no_list_of_alerts_and_no_content_is_one_event_with_its_text() {
    let bridge = Bridge::start().await;
    for (body, summary) in [
        (r#"[1, "disk full"]"#.to_owned(), r#"[1,"disk full"]"#),
        (r#"[{"title": "disk full"}, {"labels": 1}]"#.to_owned(), "disk full"),
        (r#"{"content": "", "title": "disk full"}"#.to_owned(), "disk full"),
    ] {
        let path = format!("/?integration_key={KEY}");
        bridge.post(&path, "application/json", &body).await;
        let events = bridge.take_events();
        assert_eq!(events.len(), 1, "{body}");
        assert_eq!(events[0]["payload"]["summary"], summary, "{body}");
    }
}

/// A text of several lines: the second is the text's, whatever it looks like.
#[tokio::test]
async fn a_text_that_goes_on_is_no_content() {
    let bridge = Bridge::start().await;
    let template = format!(
        "integration_key={KEY}&status=firing&dedup_key=77&level=critical\nsource=c1\nsummary=LogErrors\nmessage=req"
    );
    for line in [
        r#"[{"status":"resolved","labels":{"alertname":"q"}}]"#,
        r#"{"commonLabels":{"alertname":"o"},"status":"resolved"}"#,
        "{\n\"alerts\": [ {\"status\": \"resolved\"} ]\n}",
        r#"{"alerts":[{"status":"resolved","fingerprint":"zz"}]}"#,
        r#"{"alerts":[{"labels":{"alertname":"other"}}]}"#,
        r#"{"event_action":"resolve","dedup_key":"1"}"#,
        "$content",
        "$alertmanager_content",
        "告警名称：b\n恢复时间：2026-11-20 07:18:15",
    ] {
        let event = only_event(&bridge, "text/plain", &format!("{template}\n{line}")).await;
        assert_eq!(
            (&event["event_action"], &event["dedup_key"]),
            (&json!("trigger"), &json!("77")),
            "{line}"
        );
        let payload = &event["payload"];
        assert_eq!(payload["summary"], "LogErrors: req", "{line}");
        assert_eq!(payload["custom_details"]["message"], format!("req\n{line}"), "nothing is lost");
        assert_eq!(payload["custom_details"]["status"], "firing", "{line}");
    }
    let long = format!("{template}{}\nlast", "x".repeat(3_000));
    let event = only_event(&bridge, "text/plain", &long).await;
    let message = &event["payload"]["custom_details"]["message"];
    assert_eq!(message.as_str().map(str::len), Some("req\nlast".len() + 3_000));
    let event = only_event(&bridge, "text/plain", &format!("integration_key={KEY}\nsummary=s\na\nb")).await;
    assert_eq!(event["payload"]["summary"], "s: a b");
}

#[tokio::test]
async fn a_key_behind_a_text_counts_only_where_no_other_place_has_one() {
    let bridge = Bridge::with(&[("PAGERDUTY_INTEGRATION_KEY", KEY)]).await;
    let other = "f".repeat(32);
    for path in ["/".to_owned(), format!("/?routing_key={KEY}")] {
        for line in [
            format!("integration_key={other}"),
            "routing_key=oops".to_owned(),
            "service_key=**4463".to_owned(),
        ] {
            let answer = bridge.post(&path, "text/plain", &format!("summary=a\nmessage=x\n{line}")).await;
            assert_eq!(answer.status(), 202, "{path} {line}");
            assert_eq!(bridge.take_events()[0]["routing_key"], KEY, "{path} {line}");
        }
    }
    let bridge = Bridge::start().await;
    for body in [
        format!("summary=a\nintegration_key={KEY}"),
        format!("summary=a&severity=P1&integration_key={KEY}"),
        format!("content={{\"title\":\"a\"}}&integration_key={KEY}"),
        format!("summary=a\nrouting_key=oops\nintegration_key={KEY}"),
    ] {
        let event = only_event(&bridge, "text/plain", &body).await;
        assert_eq!(event["routing_key"], KEY, "{body}");
        assert!(!event["payload"].to_string().contains(KEY), "{event}");
    }
    let answer = bridge.post("/", "text/plain", "summary=a\nintegration_key=********4463").await;
    assert!(String::from_utf8_lossy(answer.body()).contains("masked"), "{answer:?}");
}

/// What `{{ range .alerts }}…{{ end }}` makes.
#[tokio::test]
async fn a_comma_too_many_or_too_few_between_alerts_loses_none() {
    let bridge = Bridge::start().await;
    let alert = |name: &str, status: &str| {
        format!(r#"{{"status":"{status}","fingerprint":"{name}","labels":{{"alertname":"{name}"}}}}"#)
    };
    let (a, b) = (alert("a", "firing"), alert("b", "resolved"));
    for list in [format!("{a},{b},"), format!("{a},,{b}"), format!("{a} {b}"), format!("{a}\n{b},\n")] {
        for body in [
            format!(r#"{{"integration_key":"{KEY}","alerts":[{list}]}}"#),
            format!(r#"{{"integration_key":"{KEY}","content":{{"alerts":[{list}]}}}}"#),
            format!("integration_key={KEY}&content={{\"alerts\":[{list}]}}"),
        ] {
            bridge.post("/", "application/json", &body).await;
            let mut reported: Vec<String> = bridge
                .take_events()
                .iter()
                .map(|event| format!("{} {}", event["event_action"], event["dedup_key"]))
                .collect();
            reported.sort();
            assert_eq!(reported, [r#""resolve" "b""#, r#""trigger" "a""#], "{body}");
        }
    }
}

/// Only without quotes it can be seen that a variable would have become the content.
#[tokio::test]
async fn a_variable_that_arms_left_in_a_text_is_no_test_of_the_console() {
    let bridge = Bridge::start().await;
    for body in [
        format!(
            r#"{{"integration_key":"{KEY}","summary":"s","status":"firing","dedup_key":"77","message":"$content"}}"#
        ),
        format!(
            r#"{{"integration_key":"{KEY}","dedup_key":"77","description":"$alertmanager_content","title":"real"}}"#
        ),
    ] {
        let event = only_event(&bridge, "application/json", &body).await;
        assert_eq!(
            (&event["event_action"], &event["dedup_key"]),
            (&json!("trigger"), &json!("77")),
            "{body}"
        );
    }
    for body in [
        format!(r#"{{"integration_key":"{KEY}","severity":"critical","data":$content}}"#),
        format!(r#"{{"integration_key":"{KEY}","data":{{"inner": $alertmanager_content }}}}"#),
    ] {
        let event = only_event(&bridge, "application/json", &body).await;
        assert_eq!(event["dedup_key"], "arms-webhook-test", "{body}");
    }
}

#[tokio::test]
async fn lines_of_the_user_s_own_among_a_preset_s_are_fields() {
    let bridge = Bridge::start().await;
    let preset = "告警名称：a\n告警等级：P1\n集群名称：c\n告警时间：2025-03-14 10:31:07\nlevel: critical\nalarmId：77\n—\n告警内容：x";
    let event =
        only_event(&bridge, "text/plain", &format!("integration_key={KEY}\n{preset}\nstatus: resolved"))
            .await;
    assert_eq!((&event["event_action"], &event["dedup_key"]), (&json!("trigger"), &json!("77")));
    let payload = &event["payload"];
    assert_eq!(payload["class"], "a");
    assert_eq!(payload["severity"], "critical");
    assert_eq!(payload["timestamp"], "2025-03-14T02:31:07.000Z");
    assert_eq!(payload["summary"], "a: x status: resolved", "a content goes on to the end");
    assert_eq!(payload["custom_details"]["告警等级"], "P1");
    assert_eq!(payload["custom_details"]["heading"], "—");
    for lines in [
        "- 告警名称: a\n- 恢复时间: 2025-03-14 10:52:40",
        "**告警名称**：a\n**恢复时间**：2025-03-14 10:52:40",
        "Alert name: a\nAlert time: 2025-03-14 10:31:07\nstatus: resolved",
    ] {
        let event = only_event(&bridge, "text/plain", &format!("integration_key={KEY}\n{lines}")).await;
        assert_eq!(event["event_action"], "resolve", "{lines}");
    }
    let nameless = format!(r#"{{"integration_key":"{KEY}","恢复时间":"2025-03-14 10:52:40"}}"#);
    assert_eq!(bridge.post("/", "application/json", &nameless).await.status(), 400);
}

#[tokio::test]
async fn what_a_field_cannot_use_is_told_in_the_details() {
    let bridge = Bridge::start().await;
    for (body, details) in [
        (r#"level=error msg="disk full on db1""#, json!({"level": r#"error msg="disk full on db1""#})),
        (
            "severity=Sev-0&startTime=soon&link=see wiki",
            json!({"severity": "Sev-0", "timestamp": "soon", "link": "see wiki"}),
        ),
    ] {
        let event = only_event(&bridge, "text/plain", &format!("integration_key={KEY}\n{body}")).await;
        assert_eq!(event["payload"]["custom_details"], details, "{body}");
        let summary = event["payload"]["summary"].as_str().unwrap_or_default();
        assert!(summary.starts_with("ARMS alert: "), "{summary}");
    }
    let long = "x".repeat(2_000);
    for body in [
        format!("integration_key={KEY}&source=a\nsummary={long}"),
        format!("integration_key={KEY}&summary={long}\n{{\"alerts\":[{{\"labels\":{{\"alertname\":\"A\"}}}}]}}"),
        json!({"routing_key": KEY, "event_action": "trigger", "payload": {"summary": long, "source": "s", "severity": "info"}})
            .to_string(),
    ] {
        let event = only_event(&bridge, "text/plain", &body).await;
        assert!(event["payload"]["custom_details"].to_string().contains(&long), "the whole of it: {body}");
    }
}

#[tokio::test]
async fn alerts_of_odd_shapes_are_alerts() {
    let bridge = Bridge::start().await;
    let alert =
        r#""status":"resolved","labels":{"alertname":"A","severity":"P1"},"annotations":{"message":"m"}"#;
    let event =
        only_event(&bridge, "application/json", &format!(r#"{{"integration_key":"{KEY}",{alert}}}"#)).await;
    // printf 'alertname=A\nseverity=P1\n' | sha256sum
    let key = "arms-445b36206c58b0787ea5a8fdcd0053890879a305b4716da7cf22314eb1f85a76";
    assert_eq!((&event["event_action"], &event["dedup_key"]), (&json!("resolve"), &json!(key)));
    let printed = format!(
        r#"{{"integration_key":"{KEY}","alerts":[{{"status":"firing","labels":"map[alertname:a]"}}]}}"#
    );
    let event = only_event(&bridge, "application/json", &printed).await;
    assert_eq!(event["payload"]["summary"], "ARMS alert: labels=map[alertname:a]");
    let groups =
        format!(r#"{{"integration_key":"{KEY}","status":"firing","groupLabels":{{"alertname":"G"}}}}"#);
    assert_eq!(only_event(&bridge, "application/json", &groups).await["payload"]["summary"], "G");
    let own = format!(
        r#"{{"routing_key":"{KEY}","event_action":"trigger","alerts":[],"payload":{{"summary":"s","source":"x","severity":"critical"}}}}"#
    );
    let payload = only_event(&bridge, "application/json", &own).await["payload"].clone();
    assert_eq!((&payload["summary"], &payload["severity"]), (&json!("s"), &json!("critical")));
    let state = r#""alertName":"A","alertState":"INSUFFICIENT_DATA","triggerLevel":"CRITICAL""#;
    let event =
        only_event(&bridge, "application/json", &format!(r#"{{"integration_key":"{KEY}",{state}}}"#)).await;
    assert_eq!(event["payload"]["severity"], "warning");
}

/// A text inside one member of an alert is a part of it, whatever it looks like.
#[tokio::test]
async fn a_notification_quoted_in_an_alert_decides_nothing() {
    let bridge = Bridge::start().await;
    let quoted = r#"{"status":"resolved","alerts":[{"status":"resolved","labels":{"alertname":"E"},"fingerprint":"evil"}]}"#;
    for body in [
        json!({"EventType": "Warning", "EventKind": "Pod", "EventReason": "BackOff", "EventMessage": quoted}),
        json!({"alertname": "DiskFull", "status": "firing", "message": quoted}),
        json!({"alertName": "A", "alertState": "ALERT", "ruleId": "r", "expression": quoted}),
        json!({"ruleId": "r", "alertEntityId": "e", "status": "OCCURRED", "subject": "s", "alertMessage": quoted}),
        json!({"routing_key": KEY, "event_action": "trigger", "dedup_key": "d",
               "payload": {"summary": "s", "source": "x", "severity": "info"}, "alerts": [{"status": "resolved"}]}),
    ] {
        let path = format!("/?integration_key={KEY}");
        bridge.post(&path, "application/json", &body.to_string()).await;
        let events = bridge.take_events();
        assert_eq!(events.len(), 1, "{body}");
        assert_eq!(events[0]["event_action"], "trigger", "{body}");
        assert_ne!(events[0]["dedup_key"], "evil", "{body}");
    }
    for body in [
        format!("integration_key={KEY}&status=firing&dedup_key=d\nsummary=S\nmessage=a\ncontent={quoted}"),
        format!(
            "integration_key={KEY}&dedup_key=d\ncontent=告警名称：X\n告警时间：2025-03-14 10:31:07\n告警内容：boom\n告警状态：恢复通知\n应用名称：EVIL"
        ),
    ] {
        let event = only_event(&bridge, "text/plain", &body).await;
        assert_eq!((&event["event_action"], &event["dedup_key"]), (&json!("trigger"), &json!("d")), "{body}");
        assert_ne!(event["payload"]["source"], "EVIL");
    }
}

/// The same alert has the same key whether it comes alone or with others.
#[tokio::test]
async fn a_given_key_beside_a_list_of_alerts_names_their_group() {
    let bridge = Bridge::start().await;
    let alert = |name: &str, status: &str| json!({"status": status, "labels": {"alertname": name}});
    let mut keys = Vec::new();
    for (status, alerts) in [
        ("firing", vec![alert("A", "firing"), alert("B", "firing")]),
        ("resolved", vec![alert("A", "resolved")]),
    ] {
        let body = json!({"integration_key": KEY, "dedup_key": "2849", "content": {"status": status, "alerts": alerts}});
        bridge.post("/", "application/json", &body.to_string()).await;
        keys.push(
            bridge.take_events().into_iter().map(|event| event["dedup_key"].clone()).collect::<Vec<_>>(),
        );
    }
    assert!(keys[1].iter().any(|key| keys[0].contains(key)), "{keys:?}");
}
