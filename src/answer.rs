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

/// The `status` of an event in whose place PagerDuty has accepted a newer one.
const SUPERSEDED: &str = "superseded";

/// The `status` of events that the queue has taken.
const STORED: &str = "stored";

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

/// The answer to a webhook whose events have been delivered or given up. `left` is how many of its alerts
/// are over and could not be resolved.
#[must_use]
pub fn of_deliveries(deliveries: &[Delivery], left: usize, mask: &Mask) -> Answer {
    // An accepted event that goes beside the notification's own is not counted.
    let is_counted = |delivery: &&Delivery| !(delivery.parcel.is_extra && delivery.is_accepted());
    let counted: Vec<&Delivery> = deliveries.iter().filter(is_counted).collect();
    let response = match counted.as_slice() {
        [one] => of_one(one, mask),
        several => of_several(several, left, mask),
    };
    let all_accepted = counted.iter().all(|delivery| delivery.is_accepted());
    let failed = (!all_accepted).then_some(response.status());
    Answer { response, failed }
}

fn of_one(delivery: &Delivery, mask: &Mask) -> Response<Bytes> {
    match &delivery.outcome {
        Outcome::Answered(reply) => of_reply(reply, mask),
        Outcome::Failed(error) => of_error(*error).response,
        Outcome::Superseded => {
            let message = "PagerDuty has already accepted a newer event for the same alert".to_owned();
            let body = Summary { status: SUPERSEDED, message, failures: Vec::new() };
            json(status_code(delivery.parcel.api.accepted()), &body)
        }
        Outcome::Stored => {
            let message = Counts { all: 1, stored: 1, ..Counts::default() }.message(0);
            let body = Summary { status: STORED, message, failures: Vec::new() };
            json(status_code(delivery.parcel.api.accepted()), &body)
        }
    }
}

fn of_reply(reply: &Reply, mask: &Mask) -> Response<Bytes> {
    let is_whole = reply.body.len() <= REPLY_MAX_BYTES;
    let text = mask.cut(&reply.body, is_whole, REPLY_MAX_BYTES);
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
    let content_type = if is_json { "application/json" } else { "text/plain; charset=utf-8" };
    let mut response = typed(status_code(reply.status), content_type, text.into());
    if let Some(retry_after) = &reply.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, retry_after.clone());
    }
    response
}

fn of_several(deliveries: &[&Delivery], left: usize, mask: &Mask) -> Response<Bytes> {
    let failed: Vec<&&Delivery> = deliveries.iter().filter(|delivery| !delivery.is_accepted()).collect();
    let count = |is_such: fn(&Outcome) -> bool| {
        deliveries.iter().filter(|delivery| is_such(&delivery.outcome)).count()
    };
    let superseded = count(|outcome| matches!(outcome, Outcome::Superseded));
    let stored = count(|outcome| matches!(outcome, Outcome::Stored));
    let all = deliveries.len();
    let accepted = all.saturating_sub(failed.len() + superseded + stored);
    let counts = Counts { all, accepted, stored, superseded };
    let accepted_status = deliveries.first().map_or(202, |delivery| delivery.parcel.api.accepted());
    // A failure that may pass when it is sent again comes first: a platform that retries must see it.
    let priority = |delivery: &&&Delivery| (delivery.may_be_retried(), status_of(delivery));
    let status = failed.iter().map(priority).max().map_or(accepted_status, |(_, status)| status);
    let listed = failed.iter().take(FAILURES_MAX).map(|delivery| Failure {
        dedup_key: &delivery.parcel.dedup_key,
        status: status_of(delivery),
        errors: delivery.outcome.errors(mask),
    });
    let word = match (failed.len(), stored, superseded) {
        (0, 0, 0) => "success",
        (0, 0, _) => SUPERSEDED,
        (0, _, _) => STORED,
        _ => "not delivered",
    };
    let summary = Summary { status: word, message: counts.message(left), failures: listed.collect() };
    json(status_code(status), &summary)
}

/// How many events had which outcome.
#[derive(Default)]
struct Counts {
    all: usize,
    accepted: usize,
    stored: usize,
    superseded: usize,
}

impl Counts {
    fn message(&self, left: usize) -> String {
        let Self { all, accepted, stored, superseded } = self;
        let what = match (stored, accepted) {
            (0, _) => format!("PagerDuty accepted {accepted} of {all} events"),
            (_, 0) => stored_message(*stored, *all),
            _ => format!("{}; PagerDuty accepted {accepted}", stored_message(*stored, *all)),
        };
        let superseded = match superseded {
            0 => String::new(),
            1 => ", 1 was superseded by a newer one".to_owned(),
            _ => format!(", {superseded} were superseded by newer ones"),
        };
        let left = match left {
            0 => String::new(),
            _ => format!(
                "; {left} more alerts are over, but nothing names their group and they are too many to resolve singly"
            ),
        };
        format!("{what}{superseded}{left}")
    }
}

fn stored_message(stored: usize, all: usize) -> String {
    format!("{stored} of {all} events are stored and will be sent to PagerDuty in order")
}

fn status_of(delivery: &Delivery) -> u16 {
    match &delivery.outcome {
        Outcome::Answered(reply) => reply.status,
        Outcome::Failed(error) => error.status().as_u16(),
        Outcome::Superseded | Outcome::Stored => delivery.parcel.api.accepted(),
    }
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY)
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]
mod tests {
    use super::*;
    use crate::event::{Action, Api, Parcel, Severity};
    use crate::secret::IntegrationKey;
    use serde_json::Value;
    use std::time::Duration;

    /// A delivery whose parcel is an extra one or not, and PagerDuty's status.
    fn delivery(is_extra: bool, status: u16) -> Delivery {
        let parcel = Parcel {
            api: Api::V2,
            key: IntegrationKey::parse("0123456789abcdef0123456789abcdef").ok().unwrap(),
            dedup_key: if is_extra { "extra" } else { "own" }.to_owned(),
            action: Action::Resolve,
            severity: Severity::Info,
            event: Bytes::new(),
            is_extra,
        };
        let body = if status == 202 { r#"{"status":"success"}"# } else { r#"{"status":"no"}"# };
        let outcome = Outcome::Answered(Reply { status, body: body.into(), retry_after: None });
        Delivery { parcel, outcome, attempts: 1, elapsed: Duration::ZERO }
    }

    /// The answer's status and body, and the status that says that the request failed.
    fn reported(deliveries: &[Delivery]) -> (u16, Value, Option<u16>) {
        let Answer { response, failed } = of_deliveries(deliveries, 0, &Mask::new([], []));
        let body = serde_json::from_slice(response.body()).unwrap();
        (response.status().as_u16(), body, failed.map(|status| status.as_u16()))
    }

    #[test]
    fn an_accepted_extra_event_is_not_counted() {
        for status in [202, 400] {
            let (status_answered, body, failed) = reported(&[delivery(false, status), delivery(true, 202)]);
            let own = if status == 202 { "success" } else { "no" };
            assert_eq!((status_answered, body), (status, serde_json::json!({"status": own})));
            assert_eq!(failed, (status != 202).then_some(status));
        }
        let (status, body, failed) =
            reported(&[delivery(false, 202), delivery(false, 202), delivery(true, 202)]);
        assert_eq!((status, failed), (202, None));
        assert_eq!(body.get("message"), Some(&"PagerDuty accepted 2 of 2 events".into()));
    }

    #[test]
    fn an_extra_event_that_fails_is_a_failure() {
        let (status, body, failed) = reported(&[delivery(false, 202), delivery(true, 503)]);
        assert_eq!((status, failed), (503, Some(503)));
        assert_eq!(body.pointer("/failures/0/dedup_key"), Some(&"extra".into()));
        assert_eq!(body.get("message"), Some(&"PagerDuty accepted 1 of 2 events".into()));
    }
}
