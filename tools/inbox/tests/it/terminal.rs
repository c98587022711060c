//! The tool at a terminal.

use crate::{Inbox, JSON, KEY, KEY_HEADER, READY, TOKEN, command, http};
use serde_json::json;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

const FINGERPRINT: &str = "3f1c0d5e9a7b42688c01d2e3f4a5b6c7";

/// Runs it to its end: the exit code, what it wrote, and what it wrote of faults.
fn ended(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn shown_once(command: &mut Command) -> String {
    let (code, shown, faults) = ended(command);
    assert_eq!((code, faults.as_str()), (Some(0), ""), "{shown}");
    shown
}

/// The commands to paste.
fn commands(tour: &str) -> Vec<String> {
    let from = |(at, _)| &tour[at..];
    let end = |text: &str| text.find("}'\n").map(|end| text[..end + 2].to_owned());
    tour.match_indices("curl ").map(from).filter_map(end).collect()
}

/// Does what curl would do with the command as a shell hands it over; the answer's status.
fn paste(command: &str) -> u16 {
    let script = format!("curl() {{ printf '%s\\n' \"$@\"; }}\n{command}");
    let said = shown_once(Command::new("sh").args(["-c", &script]).env("WEBHOOK_TOKEN", TOKEN));
    let mut arguments = said.lines();
    let (mut url, mut headers, mut body) = ("", Vec::new(), "");
    while let Some(argument) = arguments.next() {
        match argument {
            "-i" => {}
            "-H" => headers.push(arguments.next().unwrap().split_once(": ").unwrap()),
            "-d" => body = arguments.next().unwrap(),
            _ => url = argument,
        }
    }
    http("POST", url, &headers, body).0
}

/// The next line has these parts in this order.
fn shows(inbox: &Inbox, parts: &[&str]) {
    let line = inbox.line();
    let found: Vec<Option<usize>> = parts.iter().map(|part| line.find(part)).collect();
    assert!(found.iter().all(Option::is_some) && found.is_sorted(), "{parts:?} in {line}");
}

#[test]
fn once_shows_the_whole_way_and_ends() {
    let shown = shown_once(&mut command(&["--once", "--listen", "127.0.0.1:0"]));
    for expected in [
        "x-integration-key: ****cdef",
        "\"status\": \"firing\"",
        "\"routing_key\": \"****cdef\"",
        "\"event_action\": \"trigger\"",
        &format!("\"dedup_key\": \"{FINGERPRINT}\""),
        "3. What ARMS is answered\n  202 Accepted\n",
        "\"status\": \"success\"",
        "state     triggered",
        "severity  critical",
        "summary   容器内存使用率过高: ",
        "source    ack-prod-hangzhou",
        "PAGERDUTY_EVENTS_URL",
        "cargo run -p arms-pagerduty",
    ] {
        assert!(shown.contains(expected), "{expected} in {shown}");
    }
    assert!(!shown.contains('\u{1b}'), "colour without a terminal");
    assert!(!shown.contains(READY));
    // The commands need the key as it is.
    assert_eq!((shown.matches(KEY).count(), commands(&shown).len()), (2, 2));
}

#[test]
fn the_printed_commands_trigger_the_alert_again_and_resolve_it() {
    let inbox = Inbox::start(&[]);
    let [again, resolve] = commands(&inbox.tour).try_into().unwrap();
    for (command, line) in [
        (
            &again,
            [
                "trigger",
                "critical  202",
                FINGERPRINT,
                "容器内存使用率过高: 命名空间 shop",
                "-> triggered, 2 times",
            ],
        ),
        (&resolve, ["resolve", "202", FINGERPRINT, "容器内存使用率过高", "-> resolved"]),
        (&resolve, ["resolve", "202", FINGERPRINT, "容器内存使用率过高", "-> resolved"]),
        (&again, ["trigger", "critical  202", FINGERPRINT, "容器内存使用率过高", "-> triggered, 3 times"]),
    ] {
        assert_eq!(paste(command), 202);
        shows(&inbox, &line);
    }
    // The console's test pages nobody.
    assert_eq!(inbox.webhook("/", &[JSON, KEY_HEADER], "$alertmanager_content"), 202);
    shows(&inbox, &["resolve", "202", "arms-webhook-test", "-> no such alert"]);
    assert_eq!(inbox.interrupt(), (Some(0), vec![]));
}

#[test]
fn each_api_has_its_line_and_so_has_what_is_not_delivered() {
    let inbox = Inbox::start(&[]);
    let form = "summary=deployed checkout\ndedup_key=a";
    for (path, status, fault, expected) in [
        (
            "/v2",
            202,
            json!({"kind": "none"}),
            "trigger      error     202  a  deployed checkout  -> triggered",
        ),
        ("/change", 202, json!({"kind": "none"}), "change                 202  deployed checkout  -> noted"),
        (
            "/v1",
            200,
            json!({"kind": "none"}),
            "trigger      error     200  a  deployed checkout  -> triggered, 2 times",
        ),
        (
            "/v2",
            400,
            json!({"kind": "status", "status": 400}),
            "400  a  deployed checkout  -> not delivered in 1 attempts",
        ),
    ] {
        inbox.done("PUT", "/api/fault", &fault);
        assert_eq!(
            inbox.webhook(path, &[("content-type", "text/plain"), KEY_HEADER], form),
            status,
            "{path}"
        );
        let line = inbox.line();
        assert!(line.contains(expected), "{expected} in {line}");
    }
    assert_eq!(inbox.interrupt(), (Some(0), vec![]));
}

#[test]
fn what_the_function_refuses_is_told_too() {
    let inbox = Inbox::start_with(&["--token"], &[("WEBHOOK_TOKEN", TOKEN)]);
    let commands = commands(&inbox.tour);
    assert!(inbox.tour.contains("x-webhook-token: ********") && !inbox.tour.contains(TOKEN));
    assert_eq!((inbox.tour.matches("$WEBHOOK_TOKEN").count(), commands.len()), (2, 2));
    let token = ("x-webhook-token", TOKEN);
    for (path, header, status, line) in [
        ("/", KEY_HEADER, 401, "refused      401  POST /  "),
        ("/", token, 400, "refused      400  POST /  "),
        ("/nowhere", token, 404, "refused      404  POST /nowhere  "),
    ] {
        assert_eq!(inbox.webhook(path, &[header], "disk full"), status);
        shows(&inbox, &[line]);
    }
    for command in &commands {
        assert_eq!(paste(command), 202);
        shows(&inbox, &[FINGERPRINT]);
    }
    let hostile = r#"{"alerts":[{"fingerprint":"a\u001b[2Jb","labels":{"alertname":"c\u001b]0;d\u0007"}}]}"#;
    assert_eq!(inbox.webhook("/", &[token, KEY_HEADER], hostile), 202);
    let line = inbox.line();
    assert!(line.contains("[2Jb") && !line.contains(char::is_control), "{line:?}");
    assert_eq!(inbox.interrupt(), (Some(0), vec![]));
}

#[test]
fn the_terminal_shows_no_secret() {
    let inbox = Inbox::start(&[]);
    let other = KEY.to_uppercase();
    for body in [
        format!(r#"{{"alertname":"ROUTING_KEY={other}"}}"#),
        format!(r#"{{"alertname":"a","message":"the integration key: {other}"}}"#),
        format!(r#"{{"alertname":"a","dedup_key":"token={other}"}}"#),
        format!(r#"{{"alertname":"a","message":"{{\"serviceKey\":[\"{other}\"]}}"}}"#),
    ] {
        assert_eq!(inbox.webhook("/", &[JSON, KEY_HEADER], &body), 202);
        let line = inbox.line();
        assert!(line.contains("****CDEF") && !line.contains(&other), "{line}");
    }
    assert_eq!(inbox.interrupt(), (Some(0), vec![]));
}

#[test]
fn a_superseded_event_is_no_failure() {
    let inbox = Inbox::start(&[]);
    let url = inbox.url("Webhook");
    let send = |status: &str| {
        let alert = json!({"alertname": "a", "dedup_key": "a", "status": status}).to_string();
        http("POST", &url, &[JSON, KEY_HEADER], &alert)
    };
    // The first attempt of the trigger is never answered; the resolve overtakes the second.
    inbox.done("PUT", "/api/fault", &json!({"kind": "nothing", "times": 1}));
    thread::scope(|scope| {
        let trigger = scope.spawn(|| send("firing"));
        thread::sleep(Duration::from_millis(500));
        assert_eq!(send("resolved").0, 202);
        let (status, answer) = trigger.join().unwrap();
        assert!(status == 202 && answer.contains("superseded"), "{answer}");
    });
    let mut lines = [inbox.line(), inbox.line()];
    lines.sort_by_key(|line| line.contains("trigger"));
    let [resolve, trigger] = lines;
    assert!(resolve.contains("202") && resolve.contains("-> "), "{resolve}");
    assert!(trigger.ends_with("-> superseded: PagerDuty has a newer event of this alert"), "{trigger}");
    assert_eq!(inbox.interrupt(), (Some(0), vec![]));
}

#[test]
fn a_secret_on_the_command_line_is_refused_and_not_told_again() {
    for arguments in [
        ["--token", TOKEN].as_slice(),
        &[&format!("--token={TOKEN}")],
        &["--forward-to-pagerduty", KEY],
        &[&format!("--forward-to-pagerduty={KEY}")],
        &[&format!("-{TOKEN}")],
    ] {
        let (code, _, said) = ended(&mut command(arguments));
        assert!(code != Some(0) && said.contains("WEBHOOK_TOKEN"), "{said}");
        assert!(!said.contains(TOKEN) && !said.contains(KEY), "{said}");
    }
    let (_, _, said) = ended(command(&["--token"]).env("WEBHOOK_TOKEN", " "));
    assert!(said.contains("--token needs the variable WEBHOOK_TOKEN"));
    let (_, _, said) = ended(&mut command(&["--lisen", "127.0.0.1:0"]));
    assert!(said.contains("'--lisen'"), "{said}");
}

#[test]
fn the_rate_limit_is_pagerdutys() {
    let inbox = Inbox::start(&["--rate-limit"]);
    let url = inbox.url("PagerDuty") + "/v2/enqueue";
    let event = format!(r#"{{"routing_key":"{KEY}","event_action":"resolve","dedup_key":"a"}}"#);
    // The tour's event was the first of 120.
    let statuses: Vec<u16> = (0..120).map(|_| http("POST", &url, &[], &event).0).collect();
    assert_eq!(statuses.iter().position(|status| *status == 429), Some(119), "{statuses:?}");
}

#[test]
fn durable_delivery_brings_everything_through_an_outage() {
    let shown = shown_once(&mut command(&["--outage", "2", "--once", "--listen", "127.0.0.1:0"]));
    let (before, after) = shown.split_once("PagerDuty is back").unwrap();
    assert!(before.contains("QueueLag        firing    202 stored"), "{shown}");
    for line in ["QueueLag        firing, resolved, firing               -> triggered", "Nothing was lost"] {
        assert!(after.contains(line), "{shown}");
    }
}

#[test]
fn after_an_outage_the_function_still_stores_first() {
    let inbox = Inbox::start(&["--outage", "1"]);
    let event = format!(r#"{{"routing_key":"{KEY}","event_action":"resolve","dedup_key":"DiskFull"}}"#);
    assert_eq!(inbox.webhook("/v2/enqueue", &[], &event), 202);
    let lines = [inbox.line(), inbox.line()];
    let is_there = |text: &str| lines.iter().any(|line| line.contains("DiskFull") && line.contains(text));
    assert!(is_there("stored: it waits in the queue") && is_there("202  DiskFull"), "{lines:?}");
    assert!(is_there("-> resolved"), "{lines:?}");
}

#[test]
fn a_taken_port_is_told_and_another_one_found() {
    // Taken now, be it by somebody else.
    let _held = TcpListener::bind("127.0.0.1:9000");
    let shown = shown_once(&mut command(&["--once"]));
    assert!(shown.starts_with("127.0.0.1:9000 is taken"), "{shown}");
    assert!(!shown.contains("POST http://127.0.0.1:9000/"), "{shown}");
    // What is pasted afterwards goes to where the next one listens.
    assert!(commands(&shown).iter().all(|command| command.contains("http://127.0.0.1:9000/")), "{shown}");
}

#[test]
fn a_port_that_was_asked_for_has_to_be_free() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap().to_string();
    for options in
        [&["--listen", address.as_str()][..], &["--pagerduty", &address, "--listen", "127.0.0.1:0"]]
    {
        let (code, shown, said) = ended(&mut command(options));
        assert_eq!((code, shown.as_str()), (Some(1), ""));
        assert!(said.contains("cannot listen"), "{said}");
    }
}

#[test]
fn the_environment_changes_nothing() {
    let shown = shown_once(
        command(&["--once", "--listen", "127.0.0.1:0"])
            .env("PAGERDUTY_EVENTS_URL", "https://user@example.com")
            .env("PAGERDUTY_REGION", "nowhere")
            .env("WEBHOOK_TOKEN", "t")
            .env("PAGERDUTY_INTEGRATION_KEY", KEY)
            .env("LISTEN", "nine")
            .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
            .env("HTTP_PROXY", "http://127.0.0.1:1")
            .env("http_proxy", "http://127.0.0.1:1")
            .env("ALL_PROXY", "http://127.0.0.1:1"),
    );
    assert!(shown.contains("state     triggered"), "{shown}");
}
