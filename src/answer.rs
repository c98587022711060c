//! The answer to the webhook: PagerDuty's own for one event, a summary for several, ours for a
//! refusal.

use crate::error::Error;
use crate::event::Api;
use crate::pagerduty::{Delivery, Outcome, REPLY_MAX_BYTES, Reply};
use crate::secret::Mask;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

/// Most failures that an answer for several events lists.
const FAILURES_MAX: usize = 20;
/// Most of a text of PagerDuty's that is no JSON, as an error; an `Invalid routing key` is far shorter.
const ERROR_MAX_BYTES: usize = 200;

/// On an answer whose request had passed the token and whose alert did not all reach PagerDuty: the
/// status that says so. A platform that sends again goes by it.
#[derive(Debug, Clone, Copy)]
pub struct Failed(pub StatusCode);

#[derive(Serialize)]
struct Refusal {
    status: &'static str,
    message: String,
    errors: [&'static str; 1],
}

#[derive(Serialize)]
struct Summary<'a> {
    status: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<Failure<'a>>,
}

#[derive(Serialize)]
struct Failure<'a> {
    dedup_key: &'a str,
    status: u16,
    errors: Vec<String>,
}

/// The answer of an error.
#[must_use]
pub fn of_error(error: Error) -> Response<Bytes> {
    let refusal = Refusal { status: error.word(), message: error.to_string(), errors: [error.remedy()] };
    let mut response = json(error.status(), &refusal);
    match error {
        Error::WrongMethod { allow } => {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        Error::Unauthorized => {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        _ => {}
    }
    response
}

/// The answer of a health check.
#[must_use]
pub fn health() -> Response<Bytes> {
    let health = serde_json::json!({
        "status": "ok",
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
    });
    json(StatusCode::OK, &health)
}

/// The answer of what became of a notification's events.
#[must_use]
pub fn of_deliveries(api: Api, deliveries: &[Delivery], mask: &Mask) -> Response<Bytes> {
    let mut response = match deliveries {
        [Delivery { outcome: Outcome::Answered(reply), .. }] => of_reply(reply, mask),
        [Delivery { outcome: Outcome::Failed(error), .. }] => of_error(*error),
        several => of_several(api, several, mask),
    };
    if !deliveries.iter().all(|delivery| delivery.is_accepted(api)) {
        let status = response.status();
        // A proxy's page with status 200 is no delivery.
        let told = if status.is_success() { StatusCode::BAD_GATEWAY } else { status };
        response.extensions_mut().insert(Failed(told));
    }
    response
}

fn of_reply(reply: &Reply, mask: &Mask) -> Response<Bytes> {
    let is_whole = reply.body.len() <= REPLY_MAX_BYTES;
    let text = mask.cut(&reply.body, is_whole, REPLY_MAX_BYTES);
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
    let content_type = if is_json { "application/json" } else { "text/plain; charset=utf-8" };
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = typed(status, content_type, text.into());
    if let Some(retry_after) = &reply.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, retry_after.clone());
    }
    response
}

fn of_several(api: Api, deliveries: &[Delivery], mask: &Mask) -> Response<Bytes> {
    let failed: Vec<&Delivery> = deliveries.iter().filter(|delivery| !delivery.is_accepted(api)).collect();
    let (all, accepted) = (deliveries.len(), deliveries.len() - failed.len());
    // What sending again may mend comes first: it is what a platform that retries must see.
    let statuses = failed.iter().map(|delivery| match status_of(&delivery.outcome) {
        // A proxy's page is no delivery.
        status @ 200..=299 if status != api.accepted() => Error::NotReached.status().as_u16(),
        status => status,
    });
    let status =
        statuses.max_by_key(|status| (api.may_be_retried(*status), *status)).unwrap_or(api.accepted());
    let listed = failed.iter().take(FAILURES_MAX).map(|delivery| Failure {
        dedup_key: &delivery.event.dedup_key,
        status: status_of(&delivery.outcome),
        errors: errors_of(&delivery.outcome, mask),
    });
    let summary = Summary {
        status: if failed.is_empty() { "success" } else { "not delivered" },
        message: format!("PagerDuty accepted {accepted} of {all} events"),
        failures: listed.collect(),
    };
    json(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY), &summary)
}

fn status_of(outcome: &Outcome) -> u16 {
    match outcome {
        Outcome::Answered(reply) => reply.status,
        Outcome::Failed(error) => error.status().as_u16(),
    }
}

/// What PagerDuty said of a refused event, or why it said nothing.
#[must_use]
pub fn errors_of(outcome: &Outcome, mask: &Mask) -> Vec<String> {
    let mut errors = match outcome {
        Outcome::Failed(error) => vec![error.to_string()],
        Outcome::Answered(reply) => match serde_json::from_slice(&reply.body) {
            Ok(Value::Object(body)) => match body.get("errors").or_else(|| body.get("error")) {
                Some(Value::Array(errors)) => errors.iter().map(text).collect(),
                _ => body.get("message").map(text).into_iter().collect(),
            },
            _ => vec![mask.cut(&reply.body, false, ERROR_MAX_BYTES)],
        },
    };
    for error in &mut errors {
        mask.apply(error);
    }
    errors.retain(|error| !error.is_empty());
    errors
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<Bytes> {
    typed(status, "application/json", serde_json::to_vec(body).unwrap_or_default().into())
}

fn typed(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
