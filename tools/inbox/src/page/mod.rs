//! The page and the API behind it, for this machine alone.
//!
//! - `api`: what can be asked.
//! - `act`: what can be done.
//! - `fault`: how the stand-in goes wrong.
//! - `template`: the fields of an ARMS webhook, to paste.

mod act;
mod api;
mod fault;
mod template;

pub(crate) use fault::Standing;

use crate::front::Front;
use crate::masking;
use crate::queue::Queue;
use arms_pagerduty::secret::Mask;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::middleware::{Next, from_fn, map_response, map_response_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use tokio::sync::watch;

/// Nothing but the page's own files; no script that stands in the page, none from a text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// A webhook of 6 MiB, written as a JSON text.
const BODY_MAX_BYTES: usize = 32 << 20;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const ICON: &str = "image/svg+xml";
/// The page itself: plain files, built into the tool.
const FILES: [(&str, &str, &str); 12] = [
    ("/", HTML, include_str!("../../page/index.html")),
    ("/style.css", CSS, include_str!("../../page/style.css")),
    ("/icon.svg", ICON, include_str!("../../page/icon.svg")),
    ("/app.js", SCRIPT, include_str!("../../page/app.js")),
    ("/dom.js", SCRIPT, include_str!("../../page/dom.js")),
    ("/lists.js", SCRIPT, include_str!("../../page/lists.js")),
    ("/webhook.js", SCRIPT, include_str!("../../page/webhook.js")),
    ("/compose.js", SCRIPT, include_str!("../../page/compose.js")),
    ("/template.js", SCRIPT, include_str!("../../page/template.js")),
    ("/text.js", SCRIPT, include_str!("../../page/text.js")),
    ("/verdict.js", SCRIPT, include_str!("../../page/verdict.js")),
    ("/zh.js", SCRIPT, include_str!("../../page/zh.js")),
];

/// What the page shows, and what it acts on.
pub(crate) struct Page {
    pub(crate) front: Arc<Front>,
    /// The webhook's URL, without a path.
    pub(crate) webhook_url: String,
    pub(crate) pagerduty_url: String,
    /// The local queue, if events are stored first.
    pub(crate) queue: Option<Arc<Queue>>,
    /// The token to send with, if one is demanded.
    pub(crate) token: Option<String>,
    /// Hides the inbox's own secrets: the token, and the real PagerDuty's key.
    pub(crate) mask: Mask,
    pub(crate) fault: Standing,
    pub(crate) stop: watch::Receiver<bool>,
}

type Shared = State<Arc<Page>>;
type Id = Path<String>;

/// Why a call is not answered as it was meant: a status and a sentence.
#[derive(Debug)]
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(serde_json::json!({ "error": self.1 }))).into_response()
    }
}

impl Page {
    /// The page and its API. Whatever is asked, the answer is fit for a browser that is shown hostile texts.
    pub(crate) fn router(self: Arc<Self>) -> Router {
        // All that comes from webhooks leaves through `masked`.
        let own = Router::new()
            .route("/api/status", get(async |State(page): Shared| Json(page.status())))
            .route(
                "/api/revision",
                get(async |State(page): Shared, Query(query)| Json(page.revision(&query).await)),
            )
            .route("/api/alerts", get(async |State(page): Shared| Json(page.alerts())))
            .route(
                "/api/alerts/{id}",
                get(async |State(page): Shared, Path(id): Id| page.alert(&id).map(Json)),
            )
            .route(
                "/api/alerts/{id}/acknowledge",
                post(async |State(page): Shared, Path(id): Id| page.acknowledge(&id).map(Json)),
            )
            .route(
                "/api/alerts/{id}/resolve",
                post(async |State(page): Shared, Path(id): Id| page.resolve(&id).map(Json)),
            )
            .route("/api/changes", get(async |State(page): Shared| Json(page.changes())))
            .route("/api/webhooks", get(async |State(page): Shared| Json(page.webhooks())))
            .route(
                "/api/webhooks/{id}",
                get(async |State(page): Shared, Path(id): Id| page.webhook(&id).await.map(Json)),
            )
            .route("/api/export", get(async |State(page): Shared| Json(page.export())))
            .route("/api/preview", post(async |State(page): Shared, body| page.preview(read(&body)?).await))
            .route("/api/send", post(async |State(page): Shared, body| page.send(read(&body)?).await))
            .route("/api/clear", post(async |State(page): Shared| Json(page.clear())))
            .route(
                "/api/fault",
                get(async |State(page): Shared| Json(page.fault()))
                    .put(async |State(page): Shared, body| page.set_fault(read(&body)?).map(Json)),
            )
            .layer(map_response_with_state(Arc::clone(&self), masked))
            .with_state(self);
        let samples = async || Json(serde_json::json!({ "samples": crate::samples::all() }));
        let router = own
            .route("/api/samples", get(samples))
            .route("/api/template", get(async |Query(query)| template::template(&query).map(Json)));
        let with_files = FILES.into_iter().fold(router, |router, (path, content_type, text)| {
            router.route(path, get(([(header::CONTENT_TYPE, content_type)], text)))
        });
        with_files
            .fallback(async || Refusal::not_found("there is nothing at this path"))
            .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
            .layer(from_fn(guard))
            .layer(map_response(secured))
    }
}

impl Refusal {
    fn bad(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }

    fn not_found(message: &str) -> Self {
        Self(StatusCode::NOT_FOUND, message.to_owned())
    }
}

/// An answer without a secret in it.
async fn masked(State(page): Shared, response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    // It is in memory already, so that reading it cannot fail.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    head.headers.remove(header::CONTENT_LENGTH);
    let shown = masking::json(&String::from_utf8_lossy(&body), &page.mask);
    Response::from_parts(head, Body::from(shown))
}

async fn guard(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    match admit(&head) {
        Ok(()) => next.run(Request::from_parts(head, body)).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn secured(mut response: Response) -> Response {
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
