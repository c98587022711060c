//! The page and the API behind it, for this machine alone.

use crate::inbox::Inbox;
use crate::masking::{self, HIDDEN};
use crate::queue::Queue;
use crate::record::{Webhook, alert_id};
use crate::samples::{self, TOKEN_HEADER};
use crate::template;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::middleware::{Next, from_fn, map_response_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use include_dir::{Dir, include_dir};
use pagerduty_standin::{Alert, AlertState, Api, Order};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Nothing but the page's own files; no inline script, none from a text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// A webhook of 6 MiB, written as a JSON text.
const BODY_MAX_BYTES: usize = 32 << 20;
/// How long a call waits for something to change.
const WAIT_MAX: Duration = Duration::from_secs(25);
/// Changes within this time are reported together.
const PAUSE: Duration = Duration::from_millis(60);
/// Dedup keys of a webhook in a list, to be found by.
const KEYS_MAX: usize = 10;

/// The page itself: plain files, built into the tool.
static FILES: Dir = include_dir!("$CARGO_MANIFEST_DIR/page");

type Shared = State<Arc<Inbox>>;
/// An answer of the API, or why a call is not answered as it was meant: a status and a sentence.
type Answer<T = Value> = Result<Json<T>, Refusal>;

#[derive(Debug)]
pub(crate) struct Refusal(StatusCode, String);

impl Refusal {
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }

    fn not_found(message: &str) -> Self {
        Self(StatusCode::NOT_FOUND, message.to_owned())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

/// The page and its API. Whatever is asked, the answer is fit for a browser that is shown hostile texts.
pub(crate) fn router(inbox: Arc<Inbox>) -> Router {
    // All that comes from webhooks leaves through `masked`.
    let own = Router::new()
        .route("/api/status", get(async |State(inbox): Shared| Json(status(&inbox))))
        .route("/api/revision", get(revision))
        .route("/api/alerts", get(alerts))
        .route("/api/alerts/{id}", get(alert))
        .route("/api/alerts/{id}/{action}", post(act))
        .route("/api/changes", get(async |State(inbox): Shared| Json(changes(&inbox))))
        .route("/api/webhooks", get(webhooks))
        .route("/api/webhooks/{id}", get(webhook))
        .route("/api/export", get(export))
        .route("/api/preview", post(preview))
        .route("/api/send", post(send))
        .route("/api/clear", post(clear))
        .route("/api/fault", get(async |State(inbox): Shared| Json(fault(&inbox))).put(set_fault))
        .layer(map_response_with_state(Arc::clone(&inbox), masked))
        .with_state(inbox);
    own.route("/api/samples", get(async || Json(json!({ "samples": samples::all() }))))
        .route("/api/template", get(async |Query(query)| template::template(&query).map(Json)))
        .fallback(file)
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .layer(from_fn(guard))
}

/// One of the page's own files.
async fn file(request: Request) -> Result<impl IntoResponse, Refusal> {
    let name = match request.uri().path() {
        "/" => "index.html",
        path => path.trim_start_matches('/'),
    };
    let content_type = match name.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    };
    let file = FILES.get_file(name).ok_or(Refusal::not_found("there is nothing at this path"))?;
    Ok(([(header::CONTENT_TYPE, content_type)], file.contents()))
}

/// An answer without a secret in it.
async fn masked(State(inbox): Shared, response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    // It is in memory already, so that reading it cannot fail.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    head.headers.remove(header::CONTENT_LENGTH);
    let shown = masking::json(&String::from_utf8_lossy(&body), &inbox.mask);
    Response::from_parts(head, Body::from(shown))
}

/// Answers only those who may ask, and tells the browser to trust nothing else.
async fn guard(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let mut response = match admit(&head) {
        Ok(()) => next.run(Request::from_parts(head, body)).await,
        Err(refusal) => refusal.into_response(),
    };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Only this machine's own pages may ask: a name that a stranger lets point here is no name of ours, and another
/// site's page may change nothing.
fn admit(head: &Parts) -> Result<(), Refusal> {
    let value = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = value("host").unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    if !["localhost", "127.0.0.1", "[::1]"].contains(&name) {
        return Err(Refusal(StatusCode::FORBIDDEN, "this page is called localhost or 127.0.0.1".to_owned()));
    }
    let is_own = value("origin").is_none_or(|origin| origin.strip_prefix("http://") == Some(host));
    let is_same = value("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    if head.method != Method::GET && !(is_own && is_same) {
        return Err(Refusal(StatusCode::FORBIDDEN, "another site's page may change nothing here".to_owned()));
    }
    Ok(())
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad(error.to_string()))
}

fn status(inbox: &Inbox) -> Value {
    let (standin, memory) = (&inbox.standin, &inbox.memory);
    let open = standin.read_alerts(|alert| (alert.state != AlertState::Resolved).then_some(()));
    let undelivered = memory.map(|webhook| (webhook.outcome() == "undelivered").then(|| webhook.id.clone()));
    let queue = inbox.queue.as_ref().map(Queue::counts);
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "webhook_url": format!("http://{}", inbox.address),
        "pagerduty_url": inbox.events_url,
        "wants_token": inbox.token.is_some(),
        "forwarding": inbox.forward.as_ref().map(|to| json!({"url": to.url, "key": to.shown_key})),
        "queue": queue.map(|(waiting, dead)| json!({"waiting": waiting, "dead": dead})),
        "revision": *memory.revision.borrow(),
        "counts": {
            "open_alerts": open.len(),
            "changes": standin.changes().len(),
            "webhooks": memory.map(|_| Some(())).len(),
        },
        "let_go": {"webhooks": memory.let_go(), "alerts_changes_and_requests": standin.let_go()},
        "undelivered": {"webhooks": undelivered.len(), "latest": undelivered.first()},
        "without_alert": standin.without_alert(),
        "fault": fault(inbox),
    })
}

/// Answers as soon as the revision is another one than the query's `after`, after 25 s at the latest.
async fn revision(State(inbox): Shared, Query(query): Query<HashMap<String, u64>>) -> Json<Value> {
    let after = query.get("after").copied();
    let mut revision = inbox.memory.revision.subscribe();
    let waiting = async {
        let is_new = revision.wait_for(|now| Some(*now) != after).await.is_ok();
        // Before the first look there is nothing to wait together with.
        if is_new && after.is_some() {
            sleep(PAUSE).await;
        }
    };
    // Whichever comes first, the answer is what is so then.
    let _ = timeout(WAIT_MAX, inbox.stop.run_until_cancelled(waiting)).await;
    Json(json!({ "revision": *inbox.memory.revision.borrow() }))
}

/// An alert in a list.
fn row(alert: &Alert) -> Value {
    json!({
        "id": alert_id(&alert.key, &alert.dedup_key),
        "key": shown(&alert.key),
        "dedup_key": alert.dedup_key,
        "state": alert.state,
        "severity": alert.severity,
        "summary": alert.summary,
        "source": alert.source,
        "opened": alert.opened,
        "triggers": alert.triggers,
        "opened_at_ms": alert.opened_at_ms,
        "changed_at_ms": alert.changed_at_ms,
    })
}

/// The end of a key, which may be none that the function knows.
fn shown(key: &str) -> String {
    let end = key.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    format!("****{}", key.get(end..).unwrap_or_default())
}

async fn alerts(State(inbox): Shared) -> Json<Value> {
    Json(json!({ "alerts": inbox.standin.read_alerts(|alert| Some(row(alert))) }))
}

fn find(inbox: &Inbox, id: &str) -> Result<Alert, Refusal> {
    inbox.alert(id).ok_or(Refusal::not_found("there is no such alert"))
}

async fn alert(State(inbox): Shared, Path(id): Path<String>) -> Answer {
    let alert = find(&inbox, &id)?;
    let mut shown = row(&alert);
    let webhooks = inbox.memory.map(|webhook| {
        let is_about_it = webhook.events.iter().any(|sent| sent.alert.as_ref() == Some(&id));
        is_about_it.then(|| summary(webhook))
    });
    let more = json!({"events": alert.events, "events_let_go": alert.events_let_go, "webhooks": webhooks});
    if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
        shown.extend(more);
    }
    Ok(Json(shown))
}

async fn act(State(inbox): Shared, Path((id, action)): Path<(String, String)>) -> Answer {
    let Alert { key, dedup_key, .. } = find(&inbox, &id)?;
    let was_open = match action.as_str() {
        "acknowledge" => inbox.standin.acknowledge(&key, &dedup_key),
        "resolve" => inbox.standin.resolve(&key, &dedup_key),
        _ => return Err(Refusal::not_found("there is nothing at this path")),
    };
    Ok(Json(json!({ "was_open": was_open })))
}

fn changes(inbox: &Inbox) -> Value {
    // Newest first on both sides, and each webhook's event is one change: equal events pair off in order.
    let of_changes = inbox.memory.map(|webhook| (webhook.api == Some(Api::Change)).then(|| webhook.clone()));
    let mut sent = Vec::new();
    for webhook in &of_changes {
        let event = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        sent.extend(webhook.events.iter().rev().map(|sent| (event(sent.event.get()), &webhook.id)));
    }
    let changes = inbox.standin.changes().into_iter().map(|change| {
        let place = sent.iter().position(|(event, _)| *event == change.taken.event);
        json!({
            "summary": change.summary,
            "source": change.source,
            "key": shown(&change.key),
            "at_ms": change.taken.at_ms,
            "webhook": place.map(|place| sent.remove(place).1),
        })
    });
    json!({ "changes": changes.collect::<Vec<_>>() })
}

/// All that is remembered.
async fn export(State(inbox): Shared) -> Json<Value> {
    Json(json!({
        "status": status(&inbox),
        "alerts": inbox.standin.alerts(),
        "changes": inbox.standin.changes(),
        "webhooks": inbox.memory.map(|webhook| Some(json!(webhook))),
    }))
}

async fn webhooks(State(inbox): Shared) -> Json<Value> {
    Json(json!({ "webhooks": inbox.memory.map(|webhook| Some(summary(webhook))) }))
}

/// A webhook in a list.
fn summary(webhook: &Webhook) -> Value {
    let (first, refused) = (webhook.events.first(), webhook.refused.as_ref());
    let message = refused.map(|why| &*why.message);
    json!({
        "id": webhook.id,
        "at_ms": webhook.at_ms,
        "method": webhook.method,
        "target": webhook.target,
        "api": webhook.api,
        "title": first.map(|sent| sent.summary.as_str()).or(message),
        "action": first.map(|sent| sent.action),
        "severity": first.map(|sent| sent.severity),
        "dedup_keys": webhook.events.iter().map(|sent| &sent.dedup_key).take(KEYS_MAX).collect::<Vec<_>>(),
        "events": webhook.events.len(),
        "attempts": webhook.events.iter().map(|sent| sent.attempts.len()).max(),
        "status": webhook.answer.as_ref().map(|answer| answer.status),
        "outcome": webhook.outcome(),
    })
}

/// A webhook with all that is known of it by now.
async fn webhook(State(inbox): Shared, Path(id): Path<String>) -> Answer<Webhook> {
    let found = || inbox.memory.get(&id).ok_or(Refusal::not_found("there is no such webhook"));
    if let Some(traced) = Arc::clone(&inbox).trace(&found()?).await {
        inbox.memory.change(&id, |webhook| webhook.take_origins(traced));
    }
    let mut webhook = found()?;
    if webhook.answer.is_none() {
        webhook.take_attempts(&inbox.standin.requests_since(webhook.after_request));
    }
    Ok(Json(webhook))
}

/// A webhook to try.
#[derive(Deserialize)]
struct Draft {
    /// Path and query.
    path: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: String,
}

impl Draft {
    fn request(self, token: Option<&str>) -> Result<(Parts, Bytes), Refusal> {
        let path = format!("/{}", self.path.trim().trim_start_matches('/'));
        let request = http::Request::post(&path).body(Bytes::from(self.body));
        let request = request.map_err(|_| Refusal::bad(format!("{path:?} is no path of a URL")))?;
        let (mut head, body) = request.into_parts();
        for (name, value) in &self.headers {
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            // The page never learns the token, but it may use it.
            let is_ours = name == TOKEN_HEADER && value == HIDDEN;
            let value = token.filter(|_| is_ours).unwrap_or(value);
            let header = HeaderName::try_from(&name).ok().zip(HeaderValue::from_str(value).ok());
            let unfit = || Refusal::bad(format!("{name:?} is no header that HTTP can carry"));
            let (name, value) = header.ok_or_else(unfit)?;
            head.headers.append(name, value);
        }
        Ok((head, body))
    }
}

async fn preview(State(inbox): Shared, draft: Bytes) -> Answer<Webhook> {
    let (head, body) = read::<Draft>(&draft)?.request(inbox.token.as_deref())?;
    let mut webhook = inbox.preview(&head, &body);
    if let Some(traced) = inbox.trace(&webhook).await {
        webhook.take_origins(traced);
    }
    Ok(Json(webhook))
}

/// Sends a webhook, and comes back when the function has answered.
async fn send(State(inbox): Shared, draft: Bytes) -> Answer {
    let (head, body) = read::<Draft>(&draft)?.request(inbox.token.as_deref())?;
    let (id, response) = inbox.take(head, Ok(body)).await;
    let body = String::from_utf8_lossy(response.body());
    Ok(Json(json!({"webhook": id, "status": response.status().as_u16(), "body": body})))
}

/// Forgets alerts, changes and webhooks; the fault stays.
async fn clear(State(inbox): Shared) -> Json<Value> {
    inbox.standin.clear();
    inbox.memory.clear();
    Json(json!({ "cleared": true }))
}

/// The fault, and how often it will still happen if that was said.
fn fault(inbox: &Inbox) -> Value {
    let order = inbox.order.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let left = order.times.map(|_| inbox.standin.faults_waiting());
    let mut shown = json!(if left == Some(0) { Order::default() } else { order });
    if let (Some(left @ 1..), Value::Object(fields)) = (left, &mut shown) {
        fields.insert("left".to_owned(), json!(left));
    }
    shown
}

async fn set_fault(State(inbox): Shared, order: Bytes) -> Answer {
    let order: Order = read(&order)?;
    inbox.standin.order_fault(&order).map_err(Refusal::bad)?;
    *inbox.order.lock().unwrap_or_else(PoisonError::into_inner) = order;
    inbox.memory.changed();
    Ok(Json(fault(&inbox)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &str, headers: &[(&str, &str)]) -> Option<StatusCode> {
        let request = headers
            .iter()
            .fold(Request::builder().method(method), |request, (name, value)| request.header(*name, *value));
        admit(&request.body(()).ok()?.into_parts().0).err().map(|refusal| refusal.0)
    }

    #[test]
    fn only_this_machines_own_pages_may_ask() {
        let forbidden = Some(StatusCode::FORBIDDEN);
        for (method, headers, expected) in [
            ("GET", &[("host", "127.0.0.1:9001")][..], None),
            ("GET", &[("host", "localhost:9001")], None),
            ("GET", &[("host", "[::1]:9001")], None),
            ("GET", &[("host", "[::1]")], None),
            ("GET", &[], forbidden),
            ("GET", &[("host", "rebound.example.com:9001")], forbidden),
            ("GET", &[("host", "127.0.0.1.example.com")], forbidden),
            ("POST", &[("host", "localhost:9001")], None),
            ("POST", &[("host", "localhost:9001"), ("origin", "http://localhost:9001")], None),
            ("POST", &[("host", "localhost:9001"), ("origin", "http://localhost:9000")], forbidden),
            ("POST", &[("host", "localhost:9001"), ("origin", "null")], forbidden),
            ("POST", &[("host", "localhost:9001"), ("sec-fetch-site", "cross-site")], forbidden),
            ("PUT", &[("host", "localhost:9001"), ("origin", "https://example.com")], forbidden),
        ] {
            assert_eq!(status(method, headers), expected, "{method} {headers:?}");
        }
    }
}
