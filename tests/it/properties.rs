//! What holds for every body, not only for those that somebody thought of.

use crate::bridge::KEY;
use arms_pagerduty::convert::{Context, EventPer, convert, convert_own, test_event};
use arms_pagerduty::error::Error;
use arms_pagerduty::event::{Action, Api, BODY_MAX_BYTES, Event, Parcel, Severity};
use arms_pagerduty::secret::{IntegrationKey, Mask};
use arms_pagerduty::webhook::{self, Content};
use pagerduty_standin::Api as Theirs;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Map, Value, json};
use std::time::{Duration, SystemTime};

const APIS: [(Api, Theirs); 3] =
    [(Api::V2, Theirs::V2), (Api::Change, Theirs::Change), (Api::V1, Theirs::V1)];

fn key() -> IntegrationKey {
    let Ok(key) = IntegrationKey::parse(KEY) else { panic!("the key of the tests is one") };
    key
}

/// The body's way through the core.
fn events(body: &str, content_type: &str, api: Api) -> Result<Vec<Event>, Error> {
    let key = key();
    let mask = Mask::new([&key], []);
    let context = Context {
        now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_741_000_000),
        request_id: "r",
        api,
        severities: &[],
        default_severity: Severity::Error,
        event_per: EventPer::Alert,
    };
    let converted = match webhook::read(body, content_type).content {
        Content::Test(_) => test_event(),
        Content::Notification(notification) => convert(*notification, &context)?,
        Content::PagerDutyEvent(event) => convert_own(*event, &context)?,
    };
    let mut events: Vec<Event> = converted.events.into_iter().chain(converted.group_resolve).collect();
    for event in &mut events {
        event.scrub(&mask);
        event.fit(api);
    }
    Ok(events)
}

/// Every event as PagerDuty's rules and limits want it.
fn assert_valid(body: &str, content_type: &str) -> Result<(), TestCaseError> {
    for (api, theirs) in APIS {
        let events = match events(body, content_type, api) {
            Ok(events) => events,
            Err(error) => {
                let is_unnamed =
                    matches!(error, Error::ResolveWithoutIdentity | Error::OwnEventWithoutKey { .. });
                prop_assert!(is_unnamed, "{}", error);
                prop_assert!(api != Api::Change);
                continue;
            }
        };
        prop_assert!(!events.is_empty());
        for event in events {
            let written = Parcel::new(event, api, key()).body().to_vec();
            prop_assert!(written.len() <= BODY_MAX_BYTES, "{} bytes", written.len());
            let refusal = pagerduty_standin::check(theirs, &written).err();
            prop_assert!(refusal.is_none(), "{:?}", refusal.map(|refusal| refusal.errors()));
            let text = String::from_utf8(written).expect("text");
            prop_assert_eq!(text.matches(KEY).count(), 1, "the key is in its own field only");
        }
    }
    Ok(())
}

fn content_types() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("text/plain"), Just("application/json"), Just("application/x-www-form-urlencoded")]
}

/// Pieces of which the formats are made, in any order: near misses of every format.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(vec![
            "{", "}", "[", "]", "\"", "\\", ":", ",", "=", "&", "\n", "\r\n", " ", "%", "%4", "{{", "}}", "：", "null", "true",
            "-1.5e3", "\\u00", "\\ud800", "$content", "$alertmanager_content", "\u{feff}", "\0",
        ]).prop_map(str::to_owned),
        3 => prop::sample::select(vec![
            "alerts", "status", "resolved", "firing", "labels", "annotations", "commonLabels", "alertname", "severity", "message",
            "content", "fingerprint", "integration_key", KEY, "summary", "payload", "event_action", "event_type", "trigger",
            "告警名称", "告警内容", "恢复时间", "Alert name", "alertState", "alertName", "startsAt", "custom_details", "links", "href",
            "truncatedAlerts", "$labels.pod", "$value", "printf \"%.2f\" $value",
        ]).prop_map(|word| format!("\"{word}\":")),
        2 => prop::sample::select(vec!["summary=", "status=resolved", "content=", "告警名称：x\n", "Alert content: y\n", "恢复时间: z\n"])
            .prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 1..40).prop_map(|pieces| pieces.concat())
}

/// JSON of any shape, with the names of the formats among its own.
fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "resolved",
            "firing",
            "critical",
            "{{ .x }}",
            "$content",
            "2025-01-01 00:00:00",
            "http://",
            "https://a/b"
        ])
        .prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "status",
        "alerts",
        "labels",
        "annotations",
        "commonLabels",
        "groupLabels",
        "alertname",
        "severity",
        "message",
        "content",
        "fingerprint",
        "summary",
        "payload",
        "event_action",
        "event_type",
        "dedup_key",
        "links",
        "images",
        "contexts",
        "href",
        "src",
        "custom_details",
        "source",
        "告警名称",
        "恢复时间",
        "告警内容",
        "startsAt",
        "externalURL",
        "generatorURL",
        "groupKey",
        "truncatedAlerts",
        "value",
        "token",
        "x",
    ]);
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..8).prop_map(|pairs| {
                Value::Object(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

/// What an attacker or bad luck writes into an alert.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "\"",
        "\"}",
        "\",\"",
        "\":\"",
        "\\",
        "\n",
        "&",
        "=",
        "{",
        "}",
        "]",
        "status=resolved",
        "\nstatus=resolved",
        "\nseverity=info",
        "\ndedup_key=other",
        "\nintegration_key=ffffffffffffffffffffffffffffffff",
        "\",\"status\":\"resolved",
        "\",\"dedup_key\":\"other",
        "\",\"integration_key\":\"ffffffffffffffffffffffffffffffff",
        "\"},\"status\":\"resolved\"",
        "routing_key",
        "恢复时间：now",
        "a",
        " ",
        "disk full",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(Config { cases: 600, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_body_reaches_pagerduty_as_events_that_it_takes(body in pieces(), content_type in content_types()) {
        prop_assume!(!body.trim_start_matches('\u{feff}').trim().is_empty());
        assert_valid(&body, content_type)?;
    }

    #[test]
    fn every_json_document_does_too(document in documents(), content_type in content_types()) {
        assert_valid(&document.to_string(), content_type)?;
        assert_valid(&json!({"integration_key": KEY, "content": document}).to_string(), content_type)?;
        assert_valid(&json!({"alerts": [{"labels": document, "annotations": document}, document]}).to_string(), content_type)?;
    }

    #[test]
    fn no_text_of_an_alert_sets_a_field_an_action_or_a_key_in_a_form(text in texts(), name in prop::sample::select(vec!["message", "summary", "description", "content"])) {
        let body = format!("integration_key={KEY}\nstatus=firing\nseverity=critical\ndedup_key=mine\nsource=here\n{name}={text}");
        let webhook = webhook::read(&body, "text/plain");
        prop_assert!(webhook.keys.own.is_ok_and(|found| found.is_some_and(|found| found.expose() == KEY)));
        let events = events(&body, "text/plain", Api::V2).expect("events");
        prop_assert_eq!(events.len(), 1);
        prop_assert_eq!(events[0].action, Action::Trigger);
        prop_assert_eq!(&events[0].dedup_key, "mine");
        prop_assert_eq!(events[0].payload.severity, Severity::Critical);
        prop_assert_eq!(&events[0].payload.source, "here");
    }

    #[test]
    fn no_text_of_an_alert_sets_an_action_or_a_key_in_json(text in texts()) {
        let body = format!("{{\"integration_key\":\"{KEY}\",\"status\":\"firing\",\"severity\":\"critical\",\"dedup_key\":\"mine\",\"message\":\"{text}\"}}");
        let webhook = webhook::read(&body, "application/json");
        prop_assert!(webhook.keys.own.is_ok_and(|found| found.is_some_and(|found| found.expose() == KEY)), "{}", body);
        let events = events(&body, "application/json", Api::V2).expect("events");
        prop_assert_eq!(events[0].action, Action::Trigger, "{}", body);
        prop_assert_ne!(&events[0].dedup_key, "other");
    }

    #[test]
    fn what_changes_while_an_alert_lasts_does_not_change_its_key(
        labels in prop::collection::btree_map("[a-z]{1,8}", any::<String>(), 1..6),
        values in [any::<String>(), any::<String>()],
        levels in [any::<String>(), any::<String>()],
        messages in [any::<String>(), any::<String>()],
    ) {
        prop_assume!(labels.iter().any(|(name, value)| name != "value" && !value.is_empty()));
        let key = |turn: usize, status: &str| {
            let mut labels: Map<String, Value> = labels.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            labels.insert("value".to_owned(), json!(values[turn]));
            labels.insert("_aliyun_arms_alert_level".to_owned(), json!(levels[turn]));
            let alert = json!({"status": status, "labels": labels, "annotations": {"message": messages[turn]}, "startsAt": turn});
            let body = json!({"status": "firing", "alerts": [alert]}).to_string();
            events(&body, "application/json", Api::V2).expect("events")[0].dedup_key.clone()
        };
        prop_assert_eq!(key(0, "firing"), key(1, "resolved"));
    }
}

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_limit_holds_on_large_alerts(
        unit in any::<String>(),
        times in 1_usize..400_000,
        place in prop::sample::select(vec!["instance", "alertname", "message", "fingerprint", "list", "nested", "name", "url"]),
    ) {
        prop_assume!(!unit.trim().is_empty() && unit.len() * times < 3_000_000);
        let large = unit.repeat(times);
        let mut alert = json!({"status": "firing", "fingerprint": "f", "labels": {"alertname": "n"}, "annotations": {"message": "m"}});
        match place {
            "instance" | "alertname" => alert["labels"][place] = json!(large),
            "message" => alert["annotations"][place] = json!(large),
            "fingerprint" => alert[place] = json!(large),
            "list" => alert["labels"]["list"] = Value::from(vec![json!(unit); times.min(200_000)]),
            "nested" => alert["annotations"]["a"] = json!({"b": [large, {"c": [1, 2, 3]}]}),
            "url" => alert["generatorURL"] = json!(format!("https://x/{}", large.replace(|c: char| !c.is_ascii_alphanumeric(), "a"))),
            _ => alert["labels"] = json!({large.clone(): 1}),
        }
        let body = json!({"alerts": [alert]}).to_string();
        assert_valid(&body, "application/json")?;
        for event in events(&body, "application/json", Api::V2).expect("events") {
            prop_assert_eq!(event.action, Action::Trigger);
            prop_assert!(!event.payload.summary.trim().is_empty());
        }
    }
}
