//! The built tool, as someone at a terminal or at its page uses it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up should stop; an index that JSON lacks gives null"
)]

mod api;
mod terminal;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const TOKEN: &str = "it's-a-secret";
const PATIENCE: Duration = Duration::from_secs(20);
/// The last line of the tour.
const READY: &str = "Every further webhook";
const JSON: (&str, &str) = ("content-type", "application/json");
const KEY_HEADER: (&str, &str) = ("x-integration-key", KEY);

fn command(options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arms-pagerduty-inbox"));
    command.args(options).stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// The tool, serving on free ports.
struct Inbox {
    child: Child,
    lines: Receiver<String>,
    tour: String,
}

impl Inbox {
    fn start(options: &[&str]) -> Self {
        Self::start_with(options, &[])
    }

    /// With these variables in its environment.
    fn start_with(options: &[&str], variables: &[(&str, &str)]) -> Self {
        let addresses = ["--listen", "127.0.0.1:0", "--page", "127.0.0.1:0"];
        let mut child =
            command(&[&addresses, options].concat()).envs(variables.iter().copied()).spawn().unwrap();
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut inbox = Self { child, lines, tour: String::new() };
        while !inbox.tour.contains(READY) {
            let line = inbox.line();
            inbox.tour.push_str(&line);
            inbox.tour.push('\n');
        }
        inbox
    }

    /// The next line on the terminal.
    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }

    /// The base URL behind a name at the begin of a line.
    fn url(&self, name: &str) -> String {
        let url = self.tour.lines().find_map(|line| line.strip_prefix(name)?.split("http://").nth(1));
        format!("http://{}", url.unwrap().split(['/', ' ']).next().unwrap())
    }

    /// Calls the page's API with any method.
    fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (status, answer) = http(method, &(self.url("Page") + path), &[], &body.to_string());
        (status, serde_json::from_str(&answer).unwrap_or_default())
    }

    fn get(&self, path: &str) -> Value {
        self.done("GET", path, &Value::Null)
    }

    fn done(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call(method, path, body);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Sends a webhook; the answer's status.
    fn webhook(&self, path: &str, headers: &[(&str, &str)], body: &str) -> u16 {
        http("POST", &(self.url("Webhook") + path), headers, body).0
    }

    /// Sends the alert of this name.
    fn alert(&self, name: &str, status: &str) -> u16 {
        self.webhook("/", &[JSON, KEY_HEADER], &alert(name, status))
    }

    /// The webhook that came last.
    fn newest(&self) -> Value {
        let list = self.get("/api/webhooks");
        self.get(&format!("/api/webhooks/{}", list["webhooks"][0]["id"].as_str().unwrap()))
    }

    /// Asks it to end as Ctrl-C does; its exit code and what it still said.
    fn interrupt(mut self) -> (Option<i32>, Vec<String>) {
        let kill = format!("kill -INT {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let rest = std::iter::from_fn(|| self.lines.recv_timeout(PATIENCE).ok()).collect();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        // Has ended if the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request; the answer's status and body.
fn http(method: &str, url: &str, headers: &[(&str, &str)], body: impl ureq::AsSendBody) -> (u16, String) {
    let request = ureq::http::Request::builder().method(method).uri(url);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .proxy(None)
        .timeout_global(Some(PATIENCE + PATIENCE))
        .build()
        .into();
    let mut answer = agent.run(request.body(body).unwrap()).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

fn alert(name: &str, status: &str) -> String {
    let labels = json!({"alertname": name, "severity": "warning", "instance": "web-1"});
    json!({"alerts": [{"status": status, "fingerprint": name, "labels": labels}]}).to_string()
}
