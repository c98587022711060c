//! The API behind the page, over HTTP, without a browser.

use crate::{Inbox, JSON, KEY, KEY_HEADER, PATIENCE, alert, http};
use pagerduty_standin::{Options, Standin};
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};

const OTHER_KEY: &str = "fedcba9876543210fedcba9876543210";

fn origin<'a>(webhook: &'a Value, field: &str) -> &'a Value {
    let fields = webhook["events"][0]["fields"].as_array().unwrap();
    &fields.iter().find(|one| one["name"] == field).expect("the field")["from"]
}

/// All that the page and its API can show.
fn all_shown(inbox: &Inbox) -> String {
    let mut all = inbox.get("/api/export").to_string();
    for list in ["alerts", "changes", "webhooks"] {
        let rows = inbox.get(&format!("/api/{list}"));
        for id in rows[list].as_array().unwrap().iter().filter_map(|row| row["id"].as_str()) {
            all += &inbox.get(&format!("/api/{list}/{id}")).to_string();
        }
        all += &rows.to_string();
    }
    all
}

#[test]
fn alerts_are_listed_opened_acknowledged_resolved_and_cleared() {
    let inbox = Inbox::start(&[]);
    assert_eq!((inbox.alert("a", "firing"), inbox.alert("a", "firing")), (202, 202));
    let first = &inbox.get("/api/alerts")["alerts"][0];
    assert_eq!((&first["state"], &first["triggers"]), (&json!("triggered"), &json!(2)));
    assert_eq!((&first["severity"], &first["source"]), (&json!("warning"), &json!("web-1")));
    let path = format!("/api/alerts/{}", first["id"].as_str().unwrap());
    assert_eq!(inbox.get(&path)["webhooks"].as_array().unwrap().len(), 2);
    for (verb, was_open, state) in
        [("acknowledge", true, "acknowledged"), ("resolve", true, "resolved"), ("resolve", false, "resolved")]
    {
        assert_eq!(inbox.done("POST", &format!("{path}/{verb}"), &json!({}))["was_open"], was_open);
        assert_eq!(inbox.get(&path)["state"], state);
    }
    assert_eq!(inbox.call("POST", &format!("{path}/snooze"), &json!({})).0, 404);
    assert_eq!(inbox.done("POST", "/api/clear", &json!({}))["cleared"], true);
    assert_eq!(inbox.get("/api/alerts")["alerts"], json!([]));
    assert_eq!(inbox.get("/api/webhooks")["webhooks"], json!([]));
    assert_eq!(inbox.call("GET", &path, &json!({})).0, 404);
}

#[test]
fn a_webhook_tells_its_whole_way_and_no_secret() {
    let inbox = Inbox::start_with(&["--token"], &[("WEBHOOK_TOKEN", "s3cret-token")]);
    let token = ("x-webhook-token", "s3cret-token");
    let body = format!(r#"{{"integration_key":"{KEY}","content":{}}}"#, alert("a", "firing"));
    assert_eq!(inbox.webhook("/v2?token=s3cret-token", &[JSON], &body), 202);
    let webhook = inbox.newest();
    assert_eq!((&webhook["key"], &webhook["key_from"]), (&json!("****cdef"), &json!("the body")));
    assert_eq!(webhook["answer"]["status"], 202);
    let event = &webhook["events"][0];
    assert_eq!((&event["broken"], &event["delivery"]["attempts"]), (&json!([]), &json!(1)));
    assert_eq!(event["attempts"][0]["status"], 202);
    assert_eq!(origin(&webhook, "payload.severity"), &json!(["content.alerts[0].labels.severity"]));
    assert_eq!(origin(&webhook, "dedup_key"), &json!(["content.alerts[0].fingerprint"]));
    assert_eq!(origin(&webhook, "client"), &json!([]));

    assert_eq!(inbox.webhook("/", &[JSON, token, ("authorization", "Bearer s3cret-token")], &body), 202);
    assert_eq!(inbox.webhook("/", &[JSON, ("x-webhook-token", "wr0ng")], &body), 401);
    // Two keys: no mask of the function's can know the second.
    let two = format!(r#"{{"integration_key":"{KEY}","routing_key":"{OTHER_KEY}"}}"#);
    assert_eq!(inbox.webhook("/", &[JSON, token], &two), 400);
    assert!(inbox.newest()["refused"]["message"].as_str().unwrap().contains("two different"));
    let all = all_shown(&inbox);
    for secret in [KEY, OTHER_KEY, "s3cret-token", "wr0ng"] {
        assert!(!all.contains(secret), "{secret}");
    }
}

#[test]
fn no_notation_of_a_key_shows_it() {
    let inbox = Inbox::start(&[]);
    // What the function takes as the request's key, and what only a name says to be one.
    let escaped = format!("\\u00{:x}{}", OTHER_KEY.as_bytes()[0], &OTHER_KEY[1..]);
    let twice = json!({"token": OTHER_KEY}).to_string();
    let bodies = [
        ("/", json!({"integrationKey": OTHER_KEY, "message": "a"}).to_string()),
        ("/", json!({"ROUTING_KEY": OTHER_KEY, "message": "b"}).to_string()),
        ("/", json!({"routing_key": [OTHER_KEY, [OTHER_KEY]], "message": "c"}).to_string()),
        ("/", json!({"integration_key": {"prod": OTHER_KEY}, "message": "d"}).to_string()),
        ("/", format!(r#"{{"message":"e","n":{{"integration\u005fkey":"{escaped}"}}}}"#)),
        ("/", json!({"message": format!("set Routing-Key: {OTHER_KEY} now"), "n": [twice]}).to_string()),
        ("/", json!({"alertname": "f", "link": format!("https://h/?serviceKey={OTHER_KEY}")}).to_string()),
        ("/", json!({"alertname": "g", "dedup_key": format!("token={OTHER_KEY}")}).to_string()),
        ("/change", json!({"summary": format!("x-webhook-token {OTHER_KEY}")}).to_string()),
        ("/v1", json!({"summary": "h", "n": [{"name": "token", "value": OTHER_KEY}]}).to_string()),
        ("/nowhere", format!("signature='{OTHER_KEY}'")),
        ("/?serviceKey[]=KEY&x=1", format!("summary=i\nTOKEN={OTHER_KEY}")),
        ("/v2?q=%7B%22ROUTING%5FKEY%22:%22KEY%22%7D", "summary=j".to_owned()),
    ];
    for (path, body) in &bodies {
        let path = path.replace("=KEY", &format!("={OTHER_KEY}")).replace("22KEY", &format!("22{OTHER_KEY}"));
        inbox.webhook(&path, &[JSON, KEY_HEADER], body);
        let draft = json!({"path": path, "headers": [["x-integration-key", KEY]], "body": body});
        let preview = inbox.done("POST", "/api/preview", &draft).to_string();
        assert!(!preview.contains(OTHER_KEY), "{preview}");
    }
    let utf_16 = format!("\u{feff}summary=utf-16\ntoken={OTHER_KEY}");
    let utf_16: Vec<u8> = utf_16.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(http("POST", &inbox.url("Webhook"), &[KEY_HEADER], utf_16).0, 202);
    let shown = all_shown(&inbox);
    assert!(shown.contains("utf-16\\ntoken=****3210"), "{shown}");
    for secret in [KEY, OTHER_KEY, &escaped] {
        let before = shown.split_once(secret).map(|(before, _)| before.split_at(before.len() - 200).1);
        assert_eq!(before, None, "{secret}");
    }
}

#[test]
fn change_events_lead_to_their_webhook() {
    let inbox = Inbox::start(&[]);
    for _ in 0..2 {
        assert_eq!(inbox.webhook("/change", &[KEY_HEADER], "summary=deployed"), 202);
    }
    let changes = inbox.get("/api/changes");
    let [newer, older] = changes["changes"].as_array().unwrap().as_slice() else { panic!("{changes}") };
    assert_eq!((&newer["summary"], &newer["key"]), (&json!("deployed"), &json!("****cdef")));
    assert!(newer["webhook"].is_string() && newer["webhook"] != older["webhook"]);
}

#[test]
fn a_preview_sends_nothing_and_sending_uses_the_token_unseen() {
    let inbox = Inbox::start_with(&["--token"], &[("WEBHOOK_TOKEN", "s3cret-token")]);
    let draft = |path: &str, token: &str| {
        let headers = json!([JSON, KEY_HEADER, ("x-webhook-token", token)]);
        json!({"path": path, "headers": headers, "body": alert("a", "firing")})
    };
    let before = inbox.get("/api/webhooks");
    let preview = inbox.done("POST", "/api/preview", &draft("/v2/enqueue", "********"));
    assert_eq!(preview["events"][0]["event"]["event_action"], "trigger");
    assert_eq!(origin(&preview, "event_action"), &json!(["alerts[0].status"]));
    assert_eq!(preview["answer"], Value::Null);
    for (path, token, status) in
        [("/v2/enqueue", "wrong", 401), ("/nowhere", "********", 404), ("/healthz", "********", 405)]
    {
        let preview = inbox.done("POST", "/api/preview", &draft(path, token));
        assert_eq!(preview["answer"]["status"], status, "{path}");
    }
    assert_eq!(inbox.get("/api/webhooks"), before);
    assert_eq!(inbox.done("POST", "/api/send", &draft("/v1", "********"))["status"], 200);
    assert_eq!(inbox.newest()["api"], "v1");
    let broken = json!({"path": "/v2", "headers": [["no name", "x"]], "body": ""});
    assert_eq!(inbox.call("POST", "/api/send", &broken).0, 400);
}

#[test]
fn every_sample_can_be_previewed_and_every_value_has_an_origin() {
    let inbox = Inbox::start(&[]);
    let samples = inbox.get("/api/samples");
    let samples = samples["samples"].as_array().unwrap();
    assert_eq!(samples.len(), 44);
    let preview = |sample: &Value| inbox.done("POST", "/api/preview", sample);
    for sample in samples {
        let (preview, name) = (preview(sample), &sample["name"]);
        assert!(!preview["events"].as_array().unwrap().is_empty(), "{name}: {preview}");
        assert_eq!(
            (&preview["is_traced"], &preview["events"][0]["broken"]),
            (&json!(true), &json!([])),
            "{name}"
        );
    }
    for (name, field, from) in [
        ("alertmanager-resolved", "event_action", json!(["status", "alerts[0].status"])),
        ("cloudmonitor2-triggered", "payload.severity", json!(["severity"])),
        ("cloudmonitor2-triggered", "links[1].text", json!(["alertRuleUrl"])),
        ("cloudmonitor2-resolved", "event_action", json!(["status"])),
        ("cloudmonitor-system-executed", "event_action", json!(["name"])),
        ("cloudmonitor-mns-alert", "event_action", json!(["curLevel"])),
        ("sls-firing", "payload.severity", json!(["[0].severity"])),
        ("sls-lines", "dedup_key", json!(["所属项目", "告警名称", "告警标签"])),
        ("eventbridge-event", "client", json!([])),
        ("chat-dingtalk", "event_action", json!(["content.Time resolved"])),
    ] {
        let sample = samples.iter().find(|sample| sample["name"] == name).unwrap();
        assert_eq!(origin(&preview(sample), field), &from, "{name}: {field}");
    }
}

#[test]
fn many_alerts_in_one_webhook_are_traced_in_time_and_what_is_lost_is_named() {
    let inbox = Inbox::start(&[]);
    let alert = |number: u32| {
        let message =
            format!("Pod checkout-{number} restarted {number} times, look at its logs. {}", "x".repeat(200));
        json!({
            "status": if number == 4 { "resolved" } else { "firing" }, "fingerprint": format!("print-{number}"),
            "labels": {"alertname": "PodRestarts", "severity": "warning", "instance": format!("web-{number}")},
            "annotations": {"message": message}, "startsAt": "2026-11-20T08:00:00Z",
        })
    };
    let body = json!({"receiver": "r", "alerts": (0..60).map(alert).collect::<Vec<_>>()}).to_string();
    assert!(body.len() > 26_000);
    let draft = json!({"path": "/", "headers": [["x-integration-key", KEY]], "body": body});
    let preview = inbox.done("POST", "/api/preview", &draft);
    assert_eq!((preview["events"].as_array().unwrap().len(), &preview["is_traced"]), (60, &json!(true)));
    let fields = preview["events"][3]["fields"].as_array().unwrap();
    for (field, from) in
        [("payload.severity", "alerts[3].labels.severity"), ("dedup_key", "alerts[3].fingerprint")]
    {
        let found = fields.iter().find(|one| one["name"] == field).unwrap();
        assert_eq!(found["from"], json!([from]));
    }
    // A resolve has no severity.
    assert_eq!(preview["lost"], json!(["alerts[4].annotations.message"]));
}

#[test]
fn faults_are_set_counted_and_seen_in_the_attempts() {
    let inbox = Inbox::start(&[]);
    let set = |fault: &Value| inbox.done("PUT", "/api/fault", fault);
    assert_eq!(inbox.get("/api/fault"), json!({"kind": "none"}));
    assert_eq!(set(&json!({"kind": "status", "status": 500, "times": 2}))["left"], 2);
    assert_eq!(inbox.alert("a", "firing"), 202);
    let webhook = inbox.newest();
    let attempts = webhook["events"][0]["attempts"].as_array().unwrap();
    assert_eq!(attempts.iter().map(|one| &one["status"]).collect::<Vec<_>>(), [500, 500, 202]);
    assert_eq!(inbox.get("/api/fault"), json!({"kind": "none"}));
    let always = json!({"kind": "status", "status": 400});
    assert_eq!(set(&always), always);
    assert_eq!(inbox.alert("b", "firing"), 400);
    assert_eq!(set(&json!({"kind": "slow", "ms": 200}))["ms"], 200);
    let began = Instant::now();
    assert_eq!(inbox.alert("c", "firing"), 202);
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert_eq!(set(&json!({"kind": "nothing", "times": 1}))["kind"], "nothing");
    assert_eq!(inbox.alert("d", "firing"), 202);
    assert_eq!(inbox.newest()["events"][0]["attempts"][0]["status"], Value::Null);
    for bad in [
        json!({"kind": "status", "status": 99}),
        json!({"kind": "odd"}),
        json!({"kind": "nothing", "times": 0}),
    ] {
        assert_eq!(inbox.call("PUT", "/api/fault", &bad).0, 400, "{bad}");
    }
}

#[test]
fn who_waits_is_told_of_a_change() {
    let inbox = Inbox::start(&[]);
    let revision = inbox.get("/api/revision")["revision"].as_u64().unwrap();
    let url = format!("{}/api/revision?after={revision}", inbox.url("Page"));
    let waiting = thread::spawn(move || http("GET", &url, &[], "").1);
    thread::sleep(Duration::from_millis(200));
    assert!(!waiting.is_finished());
    inbox.alert("a", "firing");
    let reported: Value = serde_json::from_str(&waiting.join().unwrap()).unwrap();
    assert!(reported["revision"].as_u64().unwrap() > revision);
}

#[test]
fn the_fields_to_paste_fit_the_api_and_the_format() {
    let inbox = Inbox::start(&[]);
    for (query, fields, expected) in [
        ("", 7, "$alertmanager_content"),
        ("?api=v1&format=fields", 6, "dedup_key={{ .alarmId }}"),
        ("?api=change&format=preset", 7, "恢复时间"),
        ("?format=key", 6, "integration_key=<32 characters>"),
        (
            "?api=v1&format=cloudmonitor",
            1,
            "https://<function URL host>/v1?integration_key=<32 characters>&token=",
        ),
        ("?format=cloudmonitor-events", 4, "推送渠道"),
        ("?format=cloudmonitor2", 3, "x-integration-key: <32 characters>"),
        ("?format=sls", 5, "通用Webhook"),
        ("?format=eventbridge", 2, "完整事件"),
        ("?format=prometheus", 1, "credentials: <your WEBHOOK_TOKEN>"),
        ("?format=grafana", 5, "Extra Headers"),
        ("?format=kube-eventer", 3, "SUCCESS_STATUS=200"),
    ] {
        let template = inbox.get(&format!("/api/template{query}"));
        let text = template.to_string();
        assert_eq!(template["fields"].as_array().unwrap().len(), fields, "{text}");
        assert!(text.contains(expected) && text.contains("https://<function URL host>/"), "{query}: {text}");
        assert!(
            !["{url}", "{url_with_key}", "{key}", "{token}"].iter().any(|part| text.contains(part)),
            "{text}"
        );
    }
    for bad in ["api=v9", "format=zabbix"] {
        assert_eq!(inbox.call("GET", &format!("/api/template?{bad}"), &json!({})).0, 400, "{bad}");
    }
}

#[test]
fn only_this_machines_own_page_is_served() {
    let inbox = Inbox::start(&[]);
    let page = inbox.url("Page");
    let answer = ureq::get(&page).call().unwrap();
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap());
    assert!(header("content-security-policy").unwrap().starts_with("default-src 'none'; script-src 'self'"));
    assert_eq!(header("x-content-type-options"), Some("nosniff"));
    assert_eq!(header("access-control-allow-origin"), None);
    let alerts = format!("{page}/api/alerts");
    assert_eq!(http("GET", &alerts, &[("host", "rebound.example.com")], "").0, 403);
    let clear = format!("{page}/api/clear");
    assert_eq!(http("POST", &clear, &[("origin", "https://example.com")], "{}").0, 403);
    assert_eq!(http("DELETE", &alerts, &[], "").0, 405);
    assert_eq!(http("GET", &format!("{page}/nowhere"), &[], "").0, 404);
    assert_eq!(inbox.get("/api/alerts")["alerts"].as_array().unwrap().len(), 1, "the tour's");
}

#[test]
fn the_oldest_webhooks_are_let_go_and_counted() {
    let inbox = Inbox::start(&[]);
    for _ in 0..520 {
        inbox.webhook("/nowhere", &[], "x");
    }
    assert_eq!(inbox.get("/api/webhooks")["webhooks"].as_array().unwrap().len(), 500);
    assert_eq!(inbox.get("/api/status")["let_go"]["webhooks"], 21, "the tour's among them");
}

#[tokio::test]
async fn events_go_to_the_real_pagerduty_only_if_asked_for_and_never_for_a_strange_page() {
    // A second stand-in for the real PagerDuty.
    let real = Standin::start(Options::default()).await.unwrap();
    let url = real.url();
    let called = tokio::task::spawn_blocking(move || {
        // A proxy of the environment is never between the inbox and what is on loopback.
        let variables = [("PAGERDUTY_INTEGRATION_KEY", OTHER_KEY), ("HTTP_PROXY", "http://127.0.0.1:1")];
        let inbox = Inbox::start_with(&["--forward-to-pagerduty", "--forward-url", &url], &variables);
        let said = &inbox.tour;
        assert!(said.contains("EVERY EVENT GOES TO THE REAL PAGERDUTY") && !said.contains(OTHER_KEY));
        assert_eq!(inbox.get("/api/status")["forwarding"]["key"], "****3210");
        assert_eq!(inbox.alert("a", "firing"), 202);
        let end = Instant::now() + PATIENCE;
        while inbox.newest()["events"][0]["forwarded"]["status"] != 202 {
            assert!(Instant::now() < end, "{}", inbox.newest());
            thread::sleep(Duration::from_millis(20));
        }
        let strange = [JSON, KEY_HEADER, ("origin", "https://example.com")];
        assert_eq!(inbox.webhook("/", &strange, &alert("b", "firing")), 403);
        thread::sleep(Duration::from_millis(300));
    });
    called.await.unwrap();
    // Neither the tour's sample nor the strange page's alert is there.
    let keys: Vec<(String, String)> =
        real.alerts().into_iter().map(|alert| (alert.key, alert.dedup_key)).collect();
    assert_eq!(keys, [(OTHER_KEY.to_owned(), "a".to_owned())]);
}
