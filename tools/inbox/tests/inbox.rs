//! The built tool, as someone at a terminal uses it.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up should stop")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const FINGERPRINT: &str = "3f1c0d5e9a7b42688c01d2e3f4a5b6c7";
const TOKEN: &str = "it's-a-secret";
const PATIENCE: Duration = Duration::from_secs(20);
/// The last line of the tour.
const READY: &str = "Every further webhook";

fn inbox(options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arms-pagerduty-inbox"));
    command.args(options).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn succeeded(output: &Output) -> &str {
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
    text(&output.stdout)
}

/// The tool, serving.
struct Running {
    child: Child,
    lines: Receiver<String>,
    tour: String,
}

impl Running {
    fn start(options: &[&str]) -> Self {
        Self::start_with(options, &[])
    }

    /// With these variables in its environment.
    fn start_with(options: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = inbox(&[&["--listen", "127.0.0.1:0", "--page", "127.0.0.1:0"], options].concat())
            .envs(variables.iter().copied())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut running = Self { child, lines, tour: String::new() };
        while !running.tour.contains(READY) {
            let line = running.line();
            running.tour.push_str(&line);
            running.tour.push('\n');
        }
        running
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }

    /// The value behind a name at the begin of a line.
    fn address(&self, name: &str) -> &str {
        let mut lines = self.tour.lines().filter_map(|line| line.strip_prefix(name)?.split("http://").nth(1));
        lines.next().unwrap().split(['/', ' ']).next().unwrap()
    }

    /// Asks it to end as Ctrl-C does; its exit code and what it still said.
    fn interrupt(mut self) -> (Option<i32>, Vec<String>) {
        let kill = format!("kill -INT {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let rest: Vec<String> = std::iter::from_fn(|| self.lines.recv_timeout(PATIENCE).ok()).collect();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Has ended if the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The commands to paste.
fn commands(tour: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut is_inside = false;
    for line in tour.lines() {
        if line.starts_with("curl ") {
            commands.push(String::new());
            is_inside = true;
        }
        if let Some(command) = commands.last_mut().filter(|_| is_inside) {
            command.push_str(line);
            command.push('\n');
            is_inside = line.ends_with('\\');
        }
    }
    commands
}

/// Does what curl would do with the command as a shell hands it over; the answer's status.
fn paste(command: &str) -> u16 {
    let script = format!("curl() {{ printf '%s\\n' \"$@\"; }}\n{command}");
    let output = Command::new("sh").args(["-c", &script]).env("WEBHOOK_TOKEN", TOKEN).output().unwrap();
    let mut arguments = succeeded(&output).lines();
    let (mut url, mut headers, mut body) = ("", Vec::new(), "");
    while let Some(argument) = arguments.next() {
        match argument {
            "-i" => {}
            "-H" => headers.push(arguments.next().unwrap()),
            "-d" => body = arguments.next().unwrap(),
            _ => url = argument.strip_prefix("http://").unwrap(),
        }
    }
    let (address, path) = url.split_once('/').unwrap();
    post(address, &format!("/{path}"), &headers, body)
}

fn post(address: &str, path: &str, headers: &[&str], body: &str) -> u16 {
    send(address, "POST", path, headers, body).0
}

/// The answer's status and all of the answer.
fn send(address: &str, method: &str, path: &str, headers: &[&str], body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    let length = format!("content-length: {}", body.len());
    let request = format!("{head}{}\r\n\r\n{body}", [&[length.as_str()], headers].concat().join("\r\n"));
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

#[test]
fn once_shows_the_whole_way_and_ends() {
    let output = inbox(&["--once", "--listen", "127.0.0.1:0"]).output().unwrap();
    let shown = succeeded(&output);
    for expected in [
        "x-integration-key: ****cdef",
        "\"status\": \"firing\"",
        "\"routing_key\": \"****cdef\"",
        "\"event_action\": \"trigger\"",
        &format!("\"dedup_key\": \"{FINGERPRINT}\""),
        "202 Accepted",
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
    assert_eq!(shown.matches(KEY).count(), commands(shown).len());
}

#[test]
fn the_printed_commands_trigger_the_alert_again_and_resolve_it() {
    let running = Running::start(&[]);
    let [again, resolve] = commands(&running.tour).try_into().unwrap();
    let shown = |parts: [&str; 4]| {
        let line = running.line();
        let found: Vec<Option<usize>> = parts.iter().map(|part| line.find(part)).collect();
        assert!(found.iter().all(Option::is_some) && found.is_sorted(), "{parts:?} in {line}");
    };
    assert_eq!(paste(&again), 202);
    shown(["trigger", "critical  202", FINGERPRINT, "容器内存使用率过高: 命名空间 shop"]);
    assert_eq!(paste(&resolve), 202);
    shown(["resolve", "202", FINGERPRINT, "-> resolved"]);
    assert_eq!(paste(&resolve), 202);
    shown(["resolve", "202", FINGERPRINT, "-> resolved"]);
    assert_eq!(paste(&again), 202);
    shown(["trigger", "202", FINGERPRINT, "-> triggered, 3 times"]);
    // The console's test pages nobody.
    let headers = ["content-type: application/json", &format!("x-integration-key: {KEY}")];
    assert_eq!(post(running.address("Webhook"), "/", &headers, "$alertmanager_content"), 202);
    shown(["resolve", "202", "arms-webhook-test", "-> no such alert"]);
    assert_eq!(running.interrupt(), (Some(0), vec![]));
}

#[test]
fn each_api_has_its_line() {
    let running = Running::start(&[]);
    let function = running.address("Webhook").to_owned();
    let key = format!("x-integration-key: {KEY}");
    let form = "summary=deployed checkout\ndedup_key=a";
    for (path, status, expected) in [
        ("/v2", 202, "trigger      error     202  a  deployed checkout  -> triggered"),
        ("/change", 202, "change                 202  deployed checkout  -> noted"),
        ("/v1", 200, "trigger      error     200  a  deployed checkout  -> triggered, 2 times"),
    ] {
        assert_eq!(post(&function, path, &["content-type: text/plain", &key], form), status, "{path}");
        let line = running.line();
        assert!(line.ends_with(expected), "{expected} in {line}");
    }
    assert_eq!(running.interrupt(), (Some(0), vec![]));
}

#[test]
fn what_the_function_refuses_is_told_too() {
    let running = Running::start_with(&["--token"], &[("WEBHOOK_TOKEN", TOKEN)]);
    let (shown, commands) = (running.tour.clone(), commands(&running.tour));
    assert!(shown.contains("x-webhook-token: ********"));
    assert!(!shown.contains(TOKEN));
    assert_eq!(shown.matches("$WEBHOOK_TOKEN").count(), commands.len());
    let function = running.address("Webhook").to_owned();
    let key = format!("x-integration-key: {KEY}");

    assert_eq!(post(&function, "/", &[&key], "disk full"), 401);
    assert!(running.line().contains("refused      401  POST /  "));
    let token = "x-webhook-token: it's-a-secret";
    assert_eq!(post(&function, "/", &[token], "disk full"), 400);
    assert!(running.line().contains("refused      400  POST /  "));
    assert_eq!(post(&function, "/nowhere", &[token], "disk full"), 404);
    assert!(running.line().contains("refused      404  POST an unknown path  "));
    for command in &commands {
        assert_eq!(paste(command), 202);
        assert!(running.line().contains(FINGERPRINT));
    }
    let hostile = r#"{"alerts":[{"fingerprint":"a\u001b[2Jb","labels":{"alertname":"c\u001b]0;d\u0007"}}]}"#;
    assert_eq!(post(&function, "/", &[token, &key], hostile), 202);
    let line = running.line();
    assert!(line.contains("[2Jb") && !line.contains(char::is_control), "{line:?}");
    assert_eq!(running.interrupt(), (Some(0), vec![]));
}

#[test]
fn the_terminal_shows_no_secret() {
    let running = Running::start(&[]);
    let function = running.address("Webhook").to_owned();
    let headers = ["content-type: application/json", &format!("x-integration-key: {KEY}")];
    let other = KEY.to_uppercase();
    for body in [
        format!(r#"{{"alertname":"ROUTING_KEY={other}"}}"#),
        format!(r#"{{"alertname":"a","message":"the integration key: {other}"}}"#),
        format!(r#"{{"alertname":"a","dedup_key":"token={other}"}}"#),
        format!(r#"{{"alertname":"a","message":"{{\"serviceKey\":[\"{other}\"]}}"}}"#),
    ] {
        assert_eq!(post(&function, "/", &headers, &body), 202);
        let line = running.line();
        assert!(line.contains("****CDEF") && !line.contains(&other), "{line}");
    }
    assert_eq!(running.interrupt(), (Some(0), vec![]));
}

#[test]
fn a_superseded_event_is_no_failure() {
    let running = Running::start(&[]);
    let (function, page) = (running.address("Webhook").to_owned(), running.address("Page").to_owned());
    let alert = |status: &str| format!(r#"{{"alertname":"a","dedup_key":"a","status":"{status}"}}"#);
    let headers = ["content-type: application/json", &format!("x-integration-key: {KEY}")];
    // The first attempt of the trigger is never answered; the resolve overtakes the second.
    let fault = r#"{"kind":"nothing","times":1}"#;
    assert_eq!(send(&page, "PUT", "/api/fault", &[], fault).0, 200);
    thread::scope(|scope| {
        let trigger = scope.spawn(|| send(&function, "POST", "/", &headers, &alert("firing")));
        thread::sleep(Duration::from_millis(500));
        assert_eq!(send(&function, "POST", "/", &headers, &alert("resolved")).0, 202);
        let (status, answer) = trigger.join().unwrap();
        assert!(status == 202 && answer.contains("superseded"), "{answer}");
    });
    let mut lines = [running.line(), running.line()];
    lines.sort_by_key(|line| line.contains("trigger"));
    let [resolve, trigger] = lines;
    assert!(resolve.contains("202") && resolve.contains("-> "), "{resolve}");
    assert!(trigger.ends_with("-> superseded: PagerDuty has a newer event of this alert"), "{trigger}");
    assert_eq!(running.interrupt(), (Some(0), vec![]));
}

#[test]
fn a_secret_on_the_command_line_is_refused_and_not_told_again() {
    for arguments in [
        ["--token", TOKEN].as_slice(),
        &[&format!("--token={TOKEN}")],
        &["--forward-to-pagerduty", KEY],
        &[&format!("--forward-to-pagerduty={KEY}")],
    ] {
        let output = inbox(arguments).output().unwrap();
        let said = text(&output.stderr);
        assert!(!output.status.success() && said.contains("WEBHOOK_TOKEN"), "{said}");
        assert!(!said.contains(TOKEN) && !said.contains(KEY), "{said}");
    }
    let without =
        inbox(&["--token", "--listen", "127.0.0.1:0"]).env_remove("WEBHOOK_TOKEN").output().unwrap();
    assert!(text(&without.stderr).contains("--token needs the variable WEBHOOK_TOKEN"));
}

#[test]
fn the_rate_limit_is_pagerdutys() {
    let running = Running::start(&["--rate-limit"]);
    let pagerduty = running.address("PagerDuty").to_owned();
    let event = format!(r#"{{"routing_key":"{KEY}","event_action":"resolve","dedup_key":"a"}}"#);
    // The tour's event was the first of 120.
    let statuses: Vec<u16> = (0..120).map(|_| post(&pagerduty, "/v2/enqueue", &[], &event)).collect();
    assert_eq!(statuses.iter().position(|status| *status == 429), Some(119), "{statuses:?}");
    assert_eq!(running.interrupt(), (Some(0), vec![]));
}

#[test]
fn durable_delivery_brings_everything_through_an_outage() {
    let output = inbox(&["--outage", "2", "--once", "--listen", "127.0.0.1:0"]).output().unwrap();
    let shown = succeeded(&output);
    let (before, after) = shown.split_once("PagerDuty is back").unwrap();
    assert!(before.contains("QueueLag        firing    202 stored"), "{shown}");
    for line in ["QueueLag        firing, resolved, firing               -> triggered", "Nothing was lost"] {
        assert!(after.contains(line), "{shown}");
    }
}

#[test]
fn after_an_outage_the_function_still_stores_first() {
    let running = Running::start(&["--outage", "1"]);
    let event = format!(r#"{{"routing_key":"{KEY}","event_action":"resolve","dedup_key":"DiskFull"}}"#);
    assert_eq!(post(running.address("Webhook"), "/v2/enqueue", &[], &event), 202);
    let lines = [running.line(), running.line()];
    let is_there = |text: &str| lines.iter().any(|line| line.contains("DiskFull") && line.contains(text));
    assert!(is_there("stored: it waits in the queue") && is_there("-> resolved"), "{lines:?}");
    assert_eq!(running.interrupt(), (Some(0), vec![]));
}

#[test]
fn a_taken_port_is_told_and_another_one_found() {
    // Taken now, be it by somebody else.
    let _held = TcpListener::bind("127.0.0.1:9000");
    let output = inbox(&["--once"]).output().unwrap();
    let shown = succeeded(&output);
    assert!(shown.starts_with("127.0.0.1:9000 is taken"), "{shown}");
    assert!(!shown.contains("http://127.0.0.1:9000/"), "{shown}");
}

#[test]
fn a_port_that_was_asked_for_has_to_be_free() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap().to_string();
    for option in ["--listen", "--pagerduty"] {
        let others: &[&str] = if option == "--listen" { &[] } else { &["--listen", "127.0.0.1:0"] };
        let output = inbox(&[&[option, address.as_str()], others].concat()).output().unwrap();
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
        assert!(text(&output.stderr).contains("cannot listen"), "{}", text(&output.stderr));
    }
}

#[test]
fn the_environment_changes_nothing() {
    let output = inbox(&["--once", "--listen", "127.0.0.1:0"])
        .env("PAGERDUTY_EVENTS_URL", "https://user@example.com")
        .env("PAGERDUTY_REGION", "nowhere")
        .env("WEBHOOK_TOKEN", "t")
        .env("PAGERDUTY_INTEGRATION_KEY", KEY)
        .env("LISTEN", "nine")
        .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("http_proxy", "http://127.0.0.1:1")
        .env("ALL_PROXY", "http://127.0.0.1:1")
        .output()
        .unwrap();
    assert!(succeeded(&output).contains("202 Accepted"));
}
