//! The answer to the webhook: PagerDuty's own for one event, a summary for several, and ours for a
//! refusal.

use crate::config::SuccessStatus;
use crate::deliver::{Delivery, Outcome, REPLY_MAX_BYTES, Reply};
use crate::error::Error;
use crate::secret::Mask;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

/// The most failures that an answer for several events lists.
const FAILURES_MAX: usize = 20;

/// An answer, and whether the request failed.
pub struct Answer {
    /// What the sender of the webhook gets.
    pub response: Response<Bytes>,
    /// If the request was admitted and not all of its events reached PagerDuty: the status that says so.
    /// A platform that sends again goes by it.
    pub failed: Option<StatusCode>,
}

#[derive(Serialize)]
struct RefusalBody<'a> {
    status: &'a str,
    message: &'a str,
    errors: [&'a str; 1],
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

impl Answer {
    /// The same with the status that the settings name for success.
    #[must_use]
    pub fn with_success_status(mut self, setting: SuccessStatus) -> Self {
        if setting == SuccessStatus::Ok && self.failed.is_none() {
            *self.response.status_mut() = StatusCode::OK;
        }
        self
    }
}

/// The answer to an error.
#[must_use]
pub fn of_error(error: Error) -> Answer {
    let refusal = error.refusal();
    let body = RefusalBody { status: refusal.word, message: &refusal.message, errors: [&refusal.remedy] };
    let mut response = json(refusal.status, &body);
    let header = match error {
        Error::WrongMethod { allow } => Some((header::ALLOW, allow)),
        Error::Unauthorized => Some((header::WWW_AUTHENTICATE, "Bearer")),
        _ => None,
    };
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Answer { response, failed: None }
}

/// The answer to a health check.
#[must_use]
pub fn health() -> Answer {
    let health = serde_json::json!({
        "status": "ok",
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
    });
    Answer { response: json(StatusCode::OK, &health), failed: None }
}

/// The answer to a webhook whose events have been delivered or given up.
#[must_use]
pub fn of_deliveries(deliveries: &[Delivery], mask: &Mask) -> Answer {
    let response = match deliveries {
        [Delivery { outcome: Outcome::Answered(reply), .. }] => of_reply(reply, mask),
        [Delivery { outcome: Outcome::Failed(error), .. }] => of_error(*error).response,
        several => of_several(several, mask),
    };
    let all_accepted = deliveries.iter().all(Delivery::is_accepted);
    let status = response.status();
    let failed = match (all_accepted, status.is_success()) {
        (true, _) => None,
        // A proxy's page with status 200 does not mean delivery.
        (false, true) => Some(StatusCode::BAD_GATEWAY),
        (false, false) => Some(status),
    };
    Answer { response, failed }
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

fn of_several(deliveries: &[Delivery], mask: &Mask) -> Response<Bytes> {
    let failed: Vec<&Delivery> = deliveries.iter().filter(|delivery| !delivery.is_accepted()).collect();
    let (all, accepted) = (deliveries.len(), deliveries.len() - failed.len());
    let accepted_status = deliveries.first().map_or(202, |delivery| delivery.parcel.api.accepted());
    // A failure that sending again may resolve comes first: a platform that retries must see it.
    let priority = |delivery: &&Delivery| {
        let status = status_of_several(delivery);
        (delivery.parcel.api.may_be_retried(status), status)
    };
    let status = failed.iter().map(priority).max().map_or(accepted_status, |(_, status)| status);
    let listed = failed.iter().take(FAILURES_MAX).map(|delivery| Failure {
        dedup_key: &delivery.parcel.dedup_key,
        status: status_of(&delivery.outcome),
        errors: delivery.outcome.errors(mask),
    });
    let summary = Summary {
        status: if failed.is_empty() { "success" } else { "not delivered" },
        message: format!("PagerDuty accepted {accepted} of {all} events"),
        failures: listed.collect(),
    };
    json(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY), &summary)
}

/// The status of one failure among several events.
fn status_of_several(delivery: &Delivery) -> u16 {
    match status_of(&delivery.outcome) {
        // A proxy's page does not mean delivery.
        status @ 200..=299 if status != delivery.parcel.api.accepted() => Error::NotReached.status().as_u16(),
        status => status,
    }
}

fn status_of(outcome: &Outcome) -> u16 {
    match outcome {
        Outcome::Answered(reply) => reply.status,
        Outcome::Failed(error) => error.status().as_u16(),
    }
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
