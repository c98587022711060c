//! Secrets: every byte that leaves is searched for keys and tokens that came in.

use crate::bridge::{KEY, samples, unpack};
use crate::process::{Answer, Client, Process};
use pagerduty_standin::{Fault, Options, Received, Reply, Standin};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::task::JoinSet;

const REQUEST_KEY: &str = "Kq7Zr2Lm9Xw4Tb6Yc1Vd8Nf3Hs5Jg0Pa";
const CONFIGURED_KEY: &str = "Zw5Ht8Ru3Ey6Qo1Ip4As7Df2Gj9Kl0Xc";
const TOKEN: &str = "first-token-Mn4Bv7Cx";
const NEW_TOKEN: &str = "second-token-Lk8Jh3Gf";
/// What nobody knows as a secret but by its field's name.
const FOREIGN: &str = "foreign-secret-Po9Iu2Yt";
const SECRETS: [&str; 5] = [REQUEST_KEY, CONFIGURED_KEY, TOKEN, NEW_TOKEN, FOREIGN];
/// So much of a secret is too much; of a key, its last four characters may be shown.
const FRAGMENT_CHARS: usize = 12;
/// What is in each request's query, in its headers, and in many a body.
const IN_QUERY: &str = "mark-of-the-query";
const IN_HEADER: &str = "mark-of-the-headers";
const IN_BODY: &str = "mark-of-the-body";

/// The secrets that the function knows, as an alert's text may hold them.
fn text_with_secrets() -> String {
    format!("{REQUEST_KEY} {CONFIGURED_KEY} https://h/?t={TOKEN}&n={NEW_TOKEN}")
}

/// What `text` shows of each secret, if it is more than it may, with the text before it.
fn leaks(text: &str) -> impl Iterator<Item = String> {
    SECRETS.iter().filter_map(move |secret| {
        let at = text.find(&secret[..FRAGMENT_CHARS])?;
        let before: Vec<char> = text[..at].chars().rev().take(10).collect();
        let shown: String = before.into_iter().rev().chain(text[at..].chars().take(secret.len())).collect();
        Some(format!("…{shown}"))
    })
}

struct Post {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Post {
    fn new(path: &str, content_type: &str, body: impl Into<String>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { method: "POST", path: path.to_owned(), headers, body: body.into() }
    }

    /// With secrets in the query and in headers, the right token among them.
    fn with_secrets_around(mut self) -> Self {
        let sign = if self.path.contains('?') { '&' } else { '?' };
        let path = self.path;
        self.path = format!("{path}{sign}token={NEW_TOKEN}&probe={IN_QUERY}&integration_key={REQUEST_KEY}");
        for name in ["referer", "cookie", "user-agent", "x-forwarded-for", REQUEST_KEY] {
            self.headers.push((name.to_owned(), format!("{IN_HEADER} {}", text_with_secrets())));
        }
        self.headers.push(("authorization".to_owned(), format!("Bearer {TOKEN}")));
        self.headers.push(("x-integration-key".to_owned(), CONFIGURED_KEY.to_owned()));
        self
    }

    async fn send(&self, process: &Process) -> Answer {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut client = Client::connect(process.address()).await;
        client.send(self.method, &self.path, &headers, self.body.as_bytes()).await
    }
}

/// Adds secrets to every text, as a name and under the names that secrets have.
fn poison(value: &mut Value) {
    match value {
        Value::String(text) if text != REQUEST_KEY => *text = format!("{text} {}", text_with_secrets()),
        Value::Array(items) => items.iter_mut().for_each(poison),
        Value::Object(object) => {
            object.values_mut().for_each(poison);
            object.insert(text_with_secrets(), json!([format!("{IN_BODY} {}", text_with_secrets())]));
            for name in ["token", "Token", "signature", "x-webhook-token"] {
                object.insert(name.to_owned(), json!({"nested": [FOREIGN]}));
            }
        }
        _ => {}
    }
}

/// Every sample, as it is and with secrets all over it.
fn sample_posts() -> Vec<Post> {
    let mut posts = Vec::new();
    for (_, event) in samples() {
        let request = unpack(&event);
        let path = request.uri().to_string().replace(KEY, REQUEST_KEY);
        let content_type = request.headers()["content-type"].to_str().expect("a text");
        let body = String::from_utf8_lossy(request.body()).replace(KEY, REQUEST_KEY);
        let poisoned = match serde_json::from_str(&body) {
            Ok(mut document) => {
                poison(&mut document);
                document.to_string()
            }
            Err(_) => format!("{body}&note={}&token={TOKEN}", text_with_secrets()),
        };
        posts.push(Post::new(&path, content_type, poisoned));
        posts.push(Post::new(&path, content_type, body));
    }
    posts
}

/// Bodies that say little but secrets, on every path, and requests that are refused.
fn other_posts() -> Vec<Post> {
    let key = REQUEST_KEY;
    let fields = json!({"token": FOREIGN, "signature": FOREIGN, "TOKEN": [FOREIGN]});
    let mut bodies = [
        ("application/json", json!({"integration_key": key, "token": FOREIGN, "n": {"signature": FOREIGN}})),
        (
            "application/json",
            json!({"integration_key": key, "message": text_with_secrets(), "n": [fields.clone()]}),
        ),
        ("application/json", json!({"integration_key": key, "alerts": [{"labels": fields.clone()}]})),
        ("application/json", json!({"integration_key": key, "commonLabels": fields.clone(), "alerts": []})),
        ("application/json", json!({"integration_key": key, "event_action": "trigger", "payload": fields})),
        ("application/json", json!({"integration_key": key, "content": text_with_secrets()})),
        ("text/plain", json!([text_with_secrets()])),
    ];
    let mut posts = Vec::new();
    for path in ["/", "/change", "/v1"] {
        bodies.rotate_left(1);
        posts.extend(
            bodies.iter().map(|(content_type, body)| Post::new(path, content_type, body.to_string())),
        );
        let form = format!("integration_key={key}&token={FOREIGN}&signature={FOREIGN}&x=1");
        posts.push(Post::new(path, "application/x-www-form-urlencoded", form.clone()));
        posts.push(Post::new(path, "text/plain", form));
        let text = format!("{IN_BODY} {}", text_with_secrets());
        posts.push(Post::new(path, "text/plain", text.clone()));
        posts.push(Post::new(
            path,
            "application/json",
            format!("{{\"integration_key\":\"{key}\",\"x\":{text}"),
        ));
    }
    let (short, two) = (format!("integration_key={}", &key[..20]), format!("routing_key={CONFIGURED_KEY}"));
    for body in [String::new(), short, format!("integration_key={key}&{two}")] {
        posts.push(Post::new("/", "text/plain", body));
    }
    posts.push(Post::new(&format!("/{key}/{TOKEN}"), "text/plain", text_with_secrets()));
    for method in ["GET", "PUT", REQUEST_KEY] {
        posts.push(Post { method, ..Post::new("/", "text/plain", text_with_secrets()) });
    }
    posts
}

/// Every way in which PagerDuty, or a proxy in front of it, may answer; some tell secrets back.
fn faults() -> Vec<Option<Fault>> {
    let echo = |padding: usize| format!("{}{REQUEST_KEY} {CONFIGURED_KEY} {TOKEN}", "x".repeat(padding));
    let json = json!({"status": "invalid event", "message": echo(0), "errors": [echo(0), {"key": echo(1)}]});
    vec![
        None,
        Some(Fault::Answer(Reply::json(400, &json))),
        Some(Fault::Answer(Reply::text(400, &echo(180)))),
        Some(Fault::Answer(Reply::html(403, &echo(64 * 1024 - 20)))),
        Some(Fault::Answer(Reply::html(500, &echo(3)).with_header("x-echo", &echo(0)))),
        Some(Fault::html(200)),
        Some(Fault::retry_after(429, "60")),
        Some(Fault::redirect(307, &format!("http://127.0.0.1:1/?{}", text_with_secrets().replace(' ', "")))),
        Some(Fault::Hang { taken: true }),
        Some(Fault::CloseUnanswered { taken: false }),
        Some(Fault::CloseOnAccept),
        Some(Fault::CutAnswer),
        Some(Fault::StallAnswer),
    ]
}

/// A request as PagerDuty got it, less the one field that must hold the key.
fn received_text(request: &Received) -> String {
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let field = request.api.expect("a path of PagerDuty's").key_field();
    let body = [REQUEST_KEY, CONFIGURED_KEY]
        .iter()
        .fold(body, |body, key| body.replacen(&format!("\"{field}\":\"{key}\""), "", 1));
    format!("{} {:?} {:?}\n{body}", request.path, request.query, request.headers)
}

/// Sends everything through every fault at one level of logs: what was found where it must not be.
async fn search(level: &str) -> Vec<String> {
    let standin = Standin::start(Options::default()).await.expect("loopback");
    let url = standin.url();
    let tokens = format!("{TOKEN},{NEW_TOKEN}");
    let settings = [
        ("PAGERDUTY_EVENTS_URL", url.as_str()),
        ("PAGERDUTY_INTEGRATION_KEY", CONFIGURED_KEY),
        ("WEBHOOK_TOKEN", &tokens),
        ("DELIVER_WITHIN_MS", "500"),
        ("LOG_LEVEL", level),
    ];
    let process = Arc::new(Process::start_silent(&settings).await);
    let posts: Vec<Post> = sample_posts().into_iter().chain(other_posts()).collect();
    let posts: Arc<Vec<Post>> = Arc::new(posts.into_iter().map(Post::with_secrets_around).collect());
    let mut problems = Vec::new();
    for fault in faults() {
        standin.clear();
        standin.set_standing_fault(fault.clone());
        let mut sending = JoinSet::new();
        for number in 0..posts.len() {
            let (process, posts) = (Arc::clone(&process), Arc::clone(&posts));
            sending.spawn(async move { (number, posts[number].send(&process).await) });
        }
        for (number, answer) in sending.join_all().await {
            let (text, post) = (format!("{}\n{}", answer.head, answer.body), &posts[number].body);
            problems.extend(leaks(&text).map(|leak| format!("an answer: {leak}\n  to {post}")));
        }
        for request in standin.requests() {
            let text = received_text(&request);
            problems.extend(leaks(&text).map(|leak| format!("an event: {leak}\n  in {text}")));
        }
        assert_eq!(standin.let_go(), 0, "more requests than the stand-in remembers");
    }
    problems.extend(search_output(&process));
    problems
}

fn search_output(process: &Process) -> Vec<String> {
    let mut problems = Vec::new();
    for line in process.stdout().lines().chain(process.stderr().lines()) {
        problems.extend(leaks(line).map(|leak| format!("the log: {leak}\n  in {line}")));
        let may_hold_body = line.contains("\"message\":\"undelivered\"");
        for mark in [IN_QUERY, IN_HEADER, IN_BODY] {
            if line.contains(mark) && !(mark == IN_BODY && may_hold_body) {
                problems.push(format!("the log: {mark}\n  in {line}"));
            }
        }
    }
    if process.lines("undelivered").is_empty() || !process.stderr().is_empty() {
        problems.push(format!("no event was left unsent, or it complained: {}", process.stderr()));
    }
    problems
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_and_no_token_leaves_but_in_the_event_s_own_field() {
    let mut levels = JoinSet::new();
    for level in ["error", "warn", "info", "debug"] {
        levels.spawn(search(level));
    }
    let mut problems = levels.join_all().await.concat();
    problems.sort_unstable();
    let kind = |problem: &mut String| problem.lines().next().map(str::to_owned);
    problems.dedup_by_key(kind);
    assert!(problems.is_empty(), "{} kinds of leaks:\n{}", problems.len(), problems.join("\n"));
}
