//! The page and the API behind it, for this machine alone.
//!
//! - `api`: what can be asked.
//! - `act`: what can be done.
//! - `fault`: how the stand-in goes wrong.
//! - `template`: the fields of an ARMS webhook, to paste.
//! - `files`: the page itself.

mod act;
mod api;
mod fault;
mod files;
mod template;

pub(crate) use fault::Standing;

use crate::front::Front;
use crate::masking;
use crate::queue::Queue;
use crate::server;
use arms_pagerduty::secret::Mask;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::watch;

/// Nothing but the page's own files; no script that stands in the page, none from a text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// A webhook of 6 MiB, written as a JSON text.
const BODY_MAX_BYTES: usize = 32 << 20;

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

/// Why a call is not answered as it was meant: a status and a sentence.
type Refusal = (StatusCode, String);

impl Page {
    /// Answers a call; whatever it is, the answer is fit for a browser that is shown hostile texts.
    pub(crate) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let mut response = match guard(&head) {
            Err(refusal) => refused(refusal),
            Ok(()) => match server::collect(body, BODY_MAX_BYTES.saturating_add(1)).await {
                Some(body) if body.len() <= BODY_MAX_BYTES => {
                    self.route(&head, &body).await.unwrap_or_else(refused)
                }
                Some(_) => refused((StatusCode::PAYLOAD_TOO_LARGE, "the body is too large".to_owned())),
                None => refused((StatusCode::REQUEST_TIMEOUT, "the body did not arrive in full".to_owned())),
            },
        };
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-store"),
            (http::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response.map(Full::new)
    }

    async fn route(self: &Arc<Self>, head: &Parts, body: &Bytes) -> Result<Response<Bytes>, Refusal> {
        let path: Vec<&str> = head.uri.path().split('/').filter(|part| !part.is_empty()).collect();
        let is_get = head.method == Method::GET;
        match path.as_slice() {
            ["api", "samples"] if is_get => {
                Ok(json(&serde_json::json!({ "samples": crate::samples::all() })))
            }
            ["api", "template"] if is_get => Self::template(head).map(|template| json(&template)),
            ["api", ..] => self.call(head, body).await.map(|answer| self.masked(&answer)),
            _ if is_get => {
                files::get(head.uri.path()).ok_or_else(|| not_found("there is nothing at this path"))
            }
            _ => Err((StatusCode::METHOD_NOT_ALLOWED, "there is no such call".to_owned())),
        }
    }

    /// The answer to a call that tells of webhooks, not masked yet.
    async fn call(self: &Arc<Self>, head: &Parts, body: &Bytes) -> Result<Response<Bytes>, Refusal> {
        let path: Vec<&str> = head.uri.path().split('/').filter(|part| !part.is_empty()).collect();
        let (is_get, is_post) = (head.method == Method::GET, head.method == Method::POST);
        match path.as_slice() {
            ["api", "status"] if is_get => Ok(json(&self.status())),
            ["api", "revision"] if is_get => Ok(json(&self.revision(head).await)),
            ["api", "alerts"] if is_get => Ok(json(&self.alerts())),
            ["api", "alerts", id] if is_get => self.alert(id).map(|alert| json(&alert)),
            ["api", "changes"] if is_get => Ok(json(&self.changes())),
            ["api", "webhooks"] if is_get => Ok(json(&self.webhooks())),
            ["api", "webhooks", id] if is_get => Ok(json(&self.webhook(id).await?)),
            ["api", "fault"] if is_get => Ok(json(&self.fault())),
            ["api", "fault"] if head.method == Method::PUT => Ok(json(&self.set_fault(read(body)?)?)),
            ["api", "preview"] if is_post => Ok(json(&self.preview(read(body)?).await?)),
            ["api", "send"] if is_post => Ok(json(&self.send(read(body)?).await?)),
            ["api", "alerts", id, "acknowledge"] if is_post => Ok(json(&self.acknowledge(id)?)),
            ["api", "alerts", id, "resolve"] if is_post => Ok(json(&self.resolve(id)?)),
            ["api", "clear"] if is_post => Ok(json(&self.clear())),
            _ if is_get => Err(not_found("there is nothing at this path")),
            _ => Err((StatusCode::METHOD_NOT_ALLOWED, "there is no such call".to_owned())),
        }
    }

    /// The one way out for all that came from a webhook: no secret is in it.
    fn masked(&self, answer: &Response<Bytes>) -> Response<Bytes> {
        let shown = masking::json(&String::from_utf8_lossy(answer.body()), &self.mask);
        typed("application/json", shown.into())
    }
}

/// Only this machine's own pages may ask: a name that a stranger lets point here is no name of ours, and another
/// site's page may change nothing.
fn guard(head: &Parts) -> Result<(), Refusal> {
    let value = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = value("host").unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    if !["localhost", "127.0.0.1", "[::1]"].contains(&name) {
        return Err((StatusCode::FORBIDDEN, "this page is called localhost or 127.0.0.1".to_owned()));
    }
    let is_own = value("origin").is_none_or(|origin| origin.strip_prefix("http://") == Some(host));
    let is_same = value("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    if head.method != Method::GET && !(is_own && is_same) {
        return Err((StatusCode::FORBIDDEN, "another site's page may change nothing here".to_owned()));
    }
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}

fn not_found(message: &str) -> Refusal {
    (StatusCode::NOT_FOUND, message.to_owned())
}

fn refused((status, message): Refusal) -> Response<Bytes> {
    let mut response = json(&serde_json::json!({ "error": message }));
    *response.status_mut() = status;
    response
}

fn json(value: &impl Serialize) -> Response<Bytes> {
    typed("application/json", serde_json::to_vec(value).unwrap_or_default().into())
}

fn typed(content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &str, headers: &[(&str, &str)]) -> Option<StatusCode> {
        let request = headers
            .iter()
            .fold(Request::builder().method(method), |request, (name, value)| request.header(*name, *value));
        guard(&request.body(()).ok()?.into_parts().0).err().map(|(status, _)| status)
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
