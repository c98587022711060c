//! What can be done.

use super::{Page, Refusal};
use crate::masking::HIDDEN;
use crate::record::Webhook;
use crate::sample::TOKEN_HEADER;
use axum::Json;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// A webhook to try.
#[derive(Deserialize)]
pub(super) struct Draft {
    /// Path and query.
    path: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: String,
}

impl Page {
    pub(super) async fn preview(&self, draft: Draft) -> Result<Json<Webhook>, Refusal> {
        let webhook = self.front.preview(self.request(draft)?);
        Ok(Json(self.traced(webhook).await))
    }

    /// Sends it, and comes back when the function has answered.
    pub(super) async fn send(&self, draft: Draft) -> Result<Json<Value>, Refusal> {
        let (id, response) = Arc::clone(&self.front).take(self.request(draft)?).await;
        Ok(Json(json!({
            "webhook": id,
            "status": response.status().as_u16(),
            "body": String::from_utf8_lossy(response.body()),
        })))
    }

    pub(super) fn acknowledge(&self, id: &str) -> Result<Value, Refusal> {
        let alert = self.find(id)?;
        Ok(json!({ "was_open": self.front.standin.acknowledge(&alert.key, &alert.dedup_key) }))
    }

    pub(super) fn resolve(&self, id: &str) -> Result<Value, Refusal> {
        let alert = self.find(id)?;
        Ok(json!({ "was_open": self.front.standin.resolve(&alert.key, &alert.dedup_key) }))
    }

    /// Forgets alerts, changes and webhooks; the fault stays.
    pub(super) fn clear(&self) -> Value {
        self.front.standin.clear();
        self.front.memory.clear();
        json!({ "cleared": true })
    }

    fn request(&self, draft: Draft) -> Result<Request<Bytes>, Refusal> {
        let path = format!("/{}", draft.path.trim().trim_start_matches('/'));
        let mut request = Request::post(&path)
            .body(Bytes::from(draft.body))
            .map_err(|_| Refusal::bad(format!("{path:?} is no path of a URL")))?;
        for (name, value) in draft.headers {
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            // The page never learns the token, but it may use it.
            let is_ours = name == TOKEN_HEADER && value == HIDDEN;
            let value = self.token.as_deref().filter(|_| is_ours).unwrap_or(value);
            let header = HeaderName::try_from(&name).ok().zip(HeaderValue::from_str(value).ok());
            let (name, value) =
                header.ok_or_else(|| Refusal::bad(format!("{name:?} is no header that HTTP can carry")))?;
            request.headers_mut().append(name, value);
        }
        Ok(request)
    }
}
