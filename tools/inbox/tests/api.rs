//! The API behind the page, over HTTP, without a browser.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up should stop; an index that JSON lacks gives null"
)]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const OTHER_KEY: &str = "fedcba9876543210fedcba9876543210";
const PATIENCE: Duration = Duration::from_secs(20);

/// The built tool, with a page.
struct Inbox {
    child: Child,
    said: String,
    webhook: String,
    page: String,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Inbox {
    fn start(options: &[&str]) -> Self {
        Self::start_with(options, &[])
    }

    /// With these variables in its environment.
    fn start_with(options: &[&str], variables: &[(&str, &str)]) -> Self {
        let addresses = ["--listen", "127.0.0.1:0", "--page", "127.0.0.1:0"];
        let mut child = Command::new(env!("CARGO_BIN_EXE_arms-pagerduty-inbox"))
            .args([&addresses, options].concat())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut said = String::new();
        while !said.contains("Every further webhook") {
            said.push_str(&lines.recv_timeout(PATIENCE).expect("a line"));
            said.push('\n');
        }
        // Read on, so that the tool never waits for a reader.
        thread::spawn(move || while lines.recv().is_ok() {});
        let address = |name: &str| {
            let url = said.lines().find_map(|line| line.strip_prefix(name)?.split("http://").nth(1));
            url.unwrap().split('/').next().unwrap().to_owned()
        };
        let (webhook, page) = (address("Webhook "), address("Page "));
        Self { child, said, webhook, page }
    }

    fn get(&self, path: &str) -> Value {
        let answer = http(&self.page, "GET", path, &[], "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    fn put(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = http(&self.page, method, path, &[], &body.to_string());
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Sends a webhook; what it was answered.
    fn webhook(&self, path: &str, headers: &[&str], body: &str) -> u16 {
        http(&self.webhook, "POST", path, headers, body).status
    }

    fn newest(&self) -> Value {
        let list = self.get("/api/webhooks");
        self.get(&format!("/api/webhooks/{}", list["webhooks"][0]["id"].as_str().unwrap()))
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn http(address: &str, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE + PATIENCE)).unwrap();
    let host = if headers.iter().any(|header| header.starts_with("host:")) {
        ""
    } else {
        &format!("host: {address}\r\n")
    };
    let headers = [headers, &[""]].concat().join("\r\n");
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\n{host}connection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

fn alert(name: &str, status: &str) -> String {
    let labels = json!({"alertname": name, "severity": "warning", "instance": "web-1"});
    json!({"alerts": [{"status": status, "fingerprint": name, "labels": labels}]}).to_string()
}

fn key_header() -> String {
    format!("x-integration-key: {KEY}")
}

const JSON: &str = "content-type: application/json";

fn origin<'a>(webhook: &'a Value, field: &str) -> &'a Value {
    let fields = webhook["events"][0]["fields"].as_array().unwrap();
    &fields.iter().find(|one| one["name"] == field).expect("the field")["from"]
}

#[test]
fn alerts_are_listed_opened_acknowledged_resolved_and_cleared() {
    let inbox = Inbox::start(&[]);
    assert_eq!(inbox.get("/api/alerts")["alerts"].as_array().unwrap().len(), 1, "the tour's");
    assert_eq!(inbox.webhook("/", &[JSON, &key_header()], &alert("a", "firing")), 202);
    assert_eq!(inbox.webhook("/", &[JSON, &key_header()], &alert("a", "firing")), 202);
    let list = inbox.get("/api/alerts");
    let first = &list["alerts"][0];
    assert_eq!((&first["state"], &first["triggers"]), (&json!("triggered"), &json!(2)));
    assert_eq!((&first["severity"], &first["source"]), (&json!("warning"), &json!("web-1")));
    let path = format!("/api/alerts/{}", first["id"].as_str().unwrap());
    let opened = inbox.get(&path);
    assert_eq!(opened["webhooks"].as_array().unwrap().len(), 2);
    for (verb, state) in [("acknowledge", "acknowledged"), ("resolve", "resolved")] {
        assert_eq!(inbox.put("POST", &format!("{path}/{verb}"), &json!({}))["was_open"], true);
        assert_eq!(inbox.get(&path)["state"], state);
    }
    assert_eq!(inbox.put("POST", &format!("{path}/resolve"), &json!({}))["was_open"], false);
    assert_eq!(inbox.put("POST", "/api/clear", &json!({}))["cleared"], true);
    assert_eq!(inbox.get("/api/alerts")["alerts"], json!([]));
    assert_eq!(inbox.get("/api/webhooks")["webhooks"], json!([]));
    assert_eq!(http(&inbox.page, "GET", &path, &[], "").status, 404);
}

#[test]
fn a_webhook_tells_its_whole_way_and_no_secret() {
    let inbox = Inbox::start_with(&["--token"], &[("WEBHOOK_TOKEN", "s3cret-token")]);
    let token = "x-webhook-token: s3cret-token";
    let body = format!(r#"{{"integration_key":"{KEY}","content":{}}}"#, alert("a", "firing"));
    assert_eq!(inbox.webhook("/v2?token=s3cret-token", &[JSON], &body), 202);
    let webhook = inbox.newest();
    assert_eq!((&webhook["key"], &webhook["key_from"]), (&json!("****cdef"), &json!("the body")));
    assert_eq!(webhook["answer"]["status"], 202);
    let event = &webhook["events"][0];
    assert_eq!(event["broken"], json!([]));
    assert_eq!(event["delivery"]["attempts"], 1);
    assert_eq!(event["attempts"][0]["status"], 202);
    assert_eq!(origin(&webhook, "payload.severity"), &json!(["content.alerts[0].labels.severity"]));
    assert_eq!(origin(&webhook, "dedup_key"), &json!(["content.alerts[0].fingerprint"]));
    assert_eq!(origin(&webhook, "client"), &json!([]));

    assert_eq!(inbox.webhook("/", &[JSON, token, "authorization: Bearer s3cret-token"], &body), 202);
    assert_eq!(inbox.webhook("/", &[JSON, "x-webhook-token: wr0ng"], &body), 401);
    // Two keys: no mask of the function's can know the second.
    let two = format!(r#"{{"integration_key":"{KEY}","routing_key":"{OTHER_KEY}"}}"#);
    assert_eq!(inbox.webhook("/", &[JSON, token], &two), 400);
    let refused = inbox.newest();
    assert!(refused["refused"]["message"].as_str().unwrap().contains("two different"));
    let mut all =
        vec![webhook.to_string(), inbox.get("/api/status").to_string(), inbox.get("/api/alerts").to_string()];
    for one in inbox.get("/api/webhooks")["webhooks"].as_array().unwrap() {
        all.push(one.to_string());
        all.push(inbox.get(&format!("/api/webhooks/{}", one["id"].as_str().unwrap())).to_string());
    }
    for secret in [KEY, OTHER_KEY, "s3cret-token", "wr0ng"] {
        assert!(all.iter().all(|text| !text.contains(secret)), "{secret}");
    }
}

/// All that the page and its API can show.
fn all_shown(inbox: &Inbox) -> String {
    let mut all = Vec::new();
    for list in ["alerts", "changes", "webhooks"] {
        let rows = inbox.get(&format!("/api/{list}"));
        for id in rows[list].as_array().unwrap().iter().filter_map(|row| row["id"].as_str()) {
            all.push(inbox.get(&format!("/api/{list}/{id}")).to_string());
        }
        all.push(rows.to_string());
    }
    all.push(inbox.get("/api/status").to_string());
    all.join("\n")
}

#[test]
fn no_notation_of_a_key_shows_it() {
    let inbox = Inbox::start(&[]);
    // What the function takes as the request's key, and what only a name says to be one.
    let escaped = format!("\\u00{:x}{}", OTHER_KEY.as_bytes()[0], &OTHER_KEY[1..]);
    let twice = json!({"token": OTHER_KEY}).to_string();
    let utf_16: Vec<u8> = format!("\u{feff}summary=utf-16\ntoken={OTHER_KEY}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
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
        inbox.webhook(&path, &[JSON, &key_header()], body);
        let draft = json!({"path": path, "headers": [["x-integration-key", KEY]], "body": body});
        let preview = inbox.put("POST", "/api/preview", &draft).to_string();
        assert!(!preview.contains(OTHER_KEY), "{preview}");
    }
    let mut stream = TcpStream::connect(&inbox.webhook).unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n{}\r\ncontent-length: {}\r\n\r\n",
        key_header(),
        utf_16.len()
    );
    stream.write_all(&[head.as_bytes(), &utf_16].concat()).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    let shown = all_shown(&inbox);
    assert!(shown.contains("utf-16\\ntoken=****3210"), "{shown}");
    for secret in [KEY, OTHER_KEY, &escaped] {
        let at = shown.find(secret).map(|at| shown[..at].chars().rev().take(200).collect::<String>());
        let before = at.map(|before| before.chars().rev().collect::<String>());
        assert_eq!(before, None, "{secret}");
    }
}

#[test]
fn change_events_lead_to_their_webhook() {
    let inbox = Inbox::start(&[]);
    assert_eq!(inbox.webhook("/change", &[&key_header()], "summary=deployed"), 202);
    assert_eq!(inbox.webhook("/change", &[&key_header()], "summary=deployed"), 202);
    let changes = inbox.get("/api/changes");
    let [newer, older] = changes["changes"].as_array().unwrap().as_slice() else { panic!("{changes}") };
    assert_eq!((&newer["summary"], &newer["key"]), (&json!("deployed"), &json!("****cdef")));
    assert!(newer["webhook"].is_string() && newer["webhook"] != older["webhook"]);
}

#[test]
fn a_preview_sends_nothing_and_sending_uses_the_token_unseen() {
    let inbox = Inbox::start_with(&["--token"], &[("WEBHOOK_TOKEN", "s3cret-token")]);
    let draft = |path: &str, token: &str| {
        let headers = json!([
            ["content-type", "application/json"],
            ["x-integration-key", KEY],
            ["x-webhook-token", token]
        ]);
        json!({"path": path, "headers": headers, "body": alert("a", "firing")})
    };
    let before = inbox.get("/api/webhooks");
    let preview = inbox.put("POST", "/api/preview", &draft("/v2/enqueue", "********"));
    assert_eq!(preview["events"][0]["event"]["event_action"], "trigger");
    assert_eq!(origin(&preview, "event_action"), &json!(["alerts[0].status"]));
    assert_eq!(preview["answer"], Value::Null);
    for (path, token, status) in
        [("/v2/enqueue", "wrong", 401), ("/nowhere", "********", 404), ("/healthz", "********", 405)]
    {
        assert_eq!(
            inbox.put("POST", "/api/preview", &draft(path, token))["answer"]["status"],
            status,
            "{path}"
        );
    }
    assert_eq!(inbox.get("/api/webhooks"), before);
    assert_eq!(inbox.put("POST", "/api/send", &draft("/v1", "********"))["status"], 200);
    assert_eq!(inbox.newest()["api"], "v1");
    let broken = json!({"path": "/v2", "headers": [["no name", "x"]], "body": ""});
    assert_eq!(http(&inbox.page, "POST", "/api/send", &[], &broken.to_string()).status, 400);
}

#[test]
fn every_sample_can_be_previewed_and_every_value_has_an_origin() {
    let inbox = Inbox::start(&[]);
    let samples = inbox.get("/api/samples");
    let samples = samples["samples"].as_array().unwrap();
    assert_eq!(samples.len(), 44);
    for sample in samples {
        let preview = inbox.put("POST", "/api/preview", sample);
        let name = &sample["name"];
        assert!(!preview["events"].as_array().unwrap().is_empty(), "{name}: {preview}");
        assert_eq!(preview["is_traced"], true, "{name}");
        assert_eq!(preview["events"][0]["broken"], json!([]), "{name}");
    }
    let resolved = samples.iter().find(|sample| sample["name"] == "alertmanager-resolved").unwrap();
    let preview = inbox.put("POST", "/api/preview", resolved);
    assert_eq!(origin(&preview, "event_action"), &json!(["status", "alerts[0].status"]));
    for (name, field, from) in [
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
        let preview = inbox.put("POST", "/api/preview", sample);
        assert_eq!(origin(&preview, field), &from, "{name}: {field}");
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
    let preview = inbox.put("POST", "/api/preview", &draft);
    assert_eq!((preview["events"].as_array().unwrap().len(), &preview["is_traced"]), (60, &json!(true)));
    for (event, field, from) in
        [(3, "payload.severity", "alerts[3].labels.severity"), (3, "dedup_key", "alerts[3].fingerprint")]
    {
        let fields = preview["events"][event]["fields"].as_array().unwrap();
        let found = fields.iter().find(|one| one["name"] == field).unwrap();
        assert_eq!(found["from"], json!([from]));
    }
    // A resolve has no severity.
    assert_eq!(preview["lost"], json!(["alerts[4].annotations.message"]));
}

#[test]
fn faults_are_set_counted_and_seen_in_the_attempts() {
    let inbox = Inbox::start(&[]);
    assert_eq!(inbox.get("/api/fault"), json!({"kind": "none"}));
    let twice = json!({"kind": "status", "status": 500, "times": 2});
    assert_eq!(inbox.put("PUT", "/api/fault", &twice)["left"], 2);
    assert_eq!(inbox.webhook("/", &[JSON, &key_header()], &alert("a", "firing")), 202);
    let webhook = inbox.newest();
    let statuses: Vec<&Value> =
        webhook["events"][0]["attempts"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, [500, 500, 202]);
    assert_eq!(inbox.get("/api/fault"), json!({"kind": "none"}));
    assert_eq!(
        inbox.put("PUT", "/api/fault", &json!({"kind": "status", "status": 400})),
        json!({"kind": "status", "status": 400})
    );
    assert_eq!(inbox.webhook("/", &[JSON, &key_header()], &alert("b", "firing")), 400);
    assert_eq!(inbox.put("PUT", "/api/fault", &json!({"kind": "slow", "ms": 200}))["ms"], 200);
    let began = Instant::now();
    assert_eq!(inbox.webhook("/", &[JSON, &key_header()], &alert("c", "firing")), 202);
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert_eq!(inbox.put("PUT", "/api/fault", &json!({"kind": "nothing", "times": 1}))["kind"], "nothing");
    assert_eq!(inbox.webhook("/", &[JSON, &key_header()], &alert("d", "firing")), 202);
    assert_eq!(inbox.newest()["events"][0]["attempts"][0]["status"], Value::Null);
    for bad in [
        json!({"kind": "status", "status": 99}),
        json!({"kind": "odd"}),
        json!({"kind": "nothing", "times": 0}),
    ] {
        assert_eq!(http(&inbox.page, "PUT", "/api/fault", &[], &bad.to_string()).status, 400, "{bad}");
    }
}

#[test]
fn who_waits_is_told_of_a_change() {
    let inbox = Inbox::start(&[]);
    let revision = inbox.get("/api/revision")["revision"].as_u64().unwrap();
    let page = inbox.page.clone();
    let waiting =
        thread::spawn(move || http(&page, "GET", &format!("/api/revision?after={revision}"), &[], "").body);
    thread::sleep(Duration::from_millis(200));
    assert!(!waiting.is_finished());
    inbox.webhook("/", &[JSON, &key_header()], &alert("a", "firing"));
    let reported: Value = serde_json::from_str(&waiting.join().unwrap()).unwrap();
    assert!(reported["revision"].as_u64().unwrap() > revision);
}

#[test]
fn the_fields_to_paste_fit_the_api_and_the_format() {
    let inbox = Inbox::start(&[]);
    for (query, expected) in [
        ("", "$alertmanager_content"),
        ("?api=v1&format=fields", "dedup_key={{ .alarmId }}"),
        ("?api=change&format=preset", "恢复时间"),
        ("?format=key", "integration_key=<32 characters>"),
    ] {
        let template = inbox.get(&format!("/api/template{query}"));
        assert!(template.to_string().contains(expected), "{query}: {template}");
        assert!(template["fields"].as_array().unwrap().len() >= 6);
    }
    for (name, expected) in [
        ("cloudmonitor", "/v1?integration_key=<32 characters>&token="),
        ("cloudmonitor-events", "推送渠道"),
        ("cloudmonitor2", "x-integration-key: <32 characters>"),
        ("sls", "通用Webhook"),
        ("eventbridge", "完整事件"),
        ("prometheus", "credentials: <your WEBHOOK_TOKEN>"),
        ("grafana", "Extra Headers"),
        ("kube-eventer", "SUCCESS_STATUS=200"),
    ] {
        let template = inbox.get(&format!("/api/template?api=v1&format={name}"));
        let text = template.to_string();
        assert!(text.contains(expected) && text.contains("https://<function URL host>/v1"), "{name}: {text}");
    }
    for bad in ["api=v9", "format=zabbix"] {
        assert_eq!(http(&inbox.page, "GET", &format!("/api/template?{bad}"), &[], "").status, 400, "{bad}");
    }
}

#[test]
fn only_this_machines_own_page_is_served() {
    let inbox = Inbox::start(&[]);
    let page = http(&inbox.page, "GET", "/", &[], "");
    assert!(
        page.head.contains("content-security-policy: default-src 'none'; script-src 'self'"),
        "{}",
        page.head
    );
    assert!(page.head.contains("x-content-type-options: nosniff") && !page.head.contains("access-control"));
    assert_eq!(http(&inbox.page, "GET", "/api/alerts", &["host: rebound.example.com"], "").status, 403);
    assert_eq!(http(&inbox.page, "POST", "/api/clear", &["origin: https://example.com"], "{}").status, 403);
    assert_eq!(http(&inbox.page, "DELETE", "/api/alerts", &[], "").status, 405);
    assert_eq!(http(&inbox.page, "GET", "/nowhere", &[], "").status, 404);
    assert_eq!(inbox.get("/api/alerts")["alerts"].as_array().unwrap().len(), 1);
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

/// A second stand-in for the real PagerDuty: takes one event a connection and answers 202.
fn real_pagerduty() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, events) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut seen, mut part) = (String::new(), [0; 4096]);
            while !seen.ends_with('}') {
                let count = stream.read(&mut part).unwrap();
                seen.push_str(&String::from_utf8_lossy(&part[..count]));
            }
            let _ = stream
                .write_all(b"HTTP/1.1 202 Accepted\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}");
            let _ = sender.send(seen);
        }
    });
    (url, events)
}

#[test]
fn events_go_to_the_real_pagerduty_only_if_asked_for_and_never_for_a_strange_page() {
    let (url, events) = real_pagerduty();
    // A proxy of the environment is never between the inbox and what is on loopback.
    let variables = [("PAGERDUTY_INTEGRATION_KEY", OTHER_KEY), ("HTTP_PROXY", "http://127.0.0.1:1")];
    let inbox = Inbox::start_with(&["--forward-to-pagerduty", "--forward-url", &url], &variables);
    assert!(inbox.said.contains("EVERY EVENT GOES TO THE REAL PAGERDUTY") && !inbox.said.contains(OTHER_KEY));
    assert_eq!(inbox.get("/api/status")["forwarding"]["key"], "****3210");
    // The tour's sample pages nobody.
    assert_eq!(inbox.webhook("/", &[JSON, &key_header()], &alert("a", "firing")), 202);
    let sent = events.recv_timeout(PATIENCE).unwrap();
    assert!(
        sent.contains(OTHER_KEY) && sent.contains("\"dedup_key\":\"a\"") && !sent.contains(KEY),
        "{sent}"
    );
    let end = Instant::now() + PATIENCE;
    while inbox.newest()["events"][0]["forwarded"]["status"] != 202 {
        assert!(Instant::now() < end, "{}", inbox.newest());
        thread::sleep(Duration::from_millis(20));
    }
    let strange = [JSON, &key_header(), "origin: https://example.com"];
    assert_eq!(inbox.webhook("/", &strange, &alert("b", "firing")), 403);
    assert!(events.recv_timeout(Duration::from_millis(300)).is_err());
}
