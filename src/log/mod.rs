//! Logs: a JSON object a line, on standard output.
//!
//! No line holds a query string, a list of headers or a body. The one exception is `undelivered`,
//! which holds an event without its key so that it can be sent again.

mod metrics;

use crate::answer::Answer;
use crate::config::{Config, Level};
use crate::deliver::{Delivery, Outcome};
use crate::event::Api;
use crate::secret::Mask;
use crate::timestamp;
pub use metrics::milliseconds;
use metrics::{Directive, Embedded};
use serde::Serialize;
use serde_json::value::RawValue;
use std::io::Write;
use std::sync::Arc;
use std::time::SystemTime;

/// Where a line goes, its line break included.
type Sink = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// Writes the lines up to its level.
#[derive(Clone)]
pub struct Log {
    level: Level,
    /// Lambda's name of the function. Only there are lines read for metrics.
    function: Option<String>,
    write: Sink,
}

/// One request, answered.
#[derive(Serialize)]
pub struct RequestLine<'a> {
    /// The host's id for the request.
    pub request_id: &'a str,
    /// The HTTP method, if it was a request.
    pub method: Option<&'a str>,
    /// The path, if it is one of ours.
    pub path: Option<&'a str>,
    /// The answer's status.
    pub status: u16,
    /// How many events were made of it.
    pub events: usize,
    /// One.
    pub webhooks: u8,
    /// One if it was refused, else none.
    pub webhooks_refused: u8,
    /// How long it took.
    pub milliseconds: u64,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl<'a> RequestLine<'a> {
    /// The line of a request that was answered so, at once and without events.
    #[must_use]
    pub fn new(request_id: &'a str, answer: &Answer) -> Self {
        Self {
            request_id,
            method: None,
            path: None,
            status: answer.response.status().as_u16(),
            events: 0,
            webhooks: 1,
            webhooks_refused: 0,
            milliseconds: 0,
            error: None,
        }
    }
}

/// One event, accepted or not.
#[derive(Serialize)]
struct EventLine<'a> {
    request_id: &'a str,
    key: &'a str,
    /// PagerDuty's path for the API.
    path: &'static str,
    action: &'static str,
    dedup_key: &'a str,
    severity: &'static str,
    /// PagerDuty's, if it answered.
    status: Option<u16>,
    /// The status as one of a few words, as many as a metric's dimension should have.
    answer: &'static str,
    attempts: u32,
    milliseconds: u64,
    events: u8,
    answers: u8,
    retries: u32,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [String],
}

/// One event that PagerDuty does not have.
#[derive(Serialize)]
struct UndeliveredLine<'a> {
    request_id: &'a str,
    key: &'a str,
    /// Where it is to be sent once the key has been added.
    path: &'static str,
    status: Option<u16>,
    undelivered: u8,
    /// One if PagerDuty refused it, so that sending it again will not help.
    refused: u8,
    errors: &'a [String],
    event: &'a RawValue,
}

/// A start or an end.
#[derive(Serialize)]
struct StateLine<'a> {
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
}

#[derive(Serialize)]
struct Line<'a, T> {
    timestamp: String,
    level: &'static str,
    message: &'a str,
    #[serde(flatten)]
    fields: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<&'a str>,
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    metrics: Option<Embedded>,
}

impl Log {
    /// What the settings say, on standard output.
    #[must_use]
    pub fn to_stdout(config: &Config) -> Self {
        let write = |line: &[u8]| {
            // There is no other place to report that the log cannot be written.
            let _ = std::io::stdout().lock().write_all(line);
        };
        Self { function: config.lambda_function.clone(), ..Self::new(config.log_level, write) }
    }

    /// Lines up to `level`, each with its line break handed to `write`.
    #[must_use]
    pub fn new(level: Level, write: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        Self { level, function: None, write: Arc::new(write) }
    }

    fn line(&self, level: Level, message: &str, fields: impl Serialize, directives: &'static [Directive]) {
        if level > self.level {
            return;
        }
        let now = SystemTime::now();
        let function = self.function.as_deref().filter(|_| !directives.is_empty());
        let line = Line {
            timestamp: timestamp::of(now),
            level: level.word(),
            message,
            fields,
            function,
            metrics: function.map(|_| Embedded::new(directives, now)),
        };
        if let Ok(mut line) = serde_json::to_vec(&line) {
            line.push(b'\n');
            (self.write)(&line);
        }
    }

    /// The process takes requests, or has stopped taking them.
    pub fn state(&self, message: &str, address: Option<&str>) {
        self.line(Level::Info, message, StateLine { version: env!("CARGO_PKG_VERSION"), address }, &[]);
    }

    /// A request was answered.
    pub fn request(&self, level: Level, line: &RequestLine) {
        self.line(level, "request", line, metrics::REQUEST);
    }

    /// An event was sent or given up; in the second case an `undelivered` line follows.
    pub fn event(&self, request_id: &str, delivery: &Delivery, mask: &Mask) {
        let parcel = &delivery.parcel;
        let accepted = delivery.is_accepted();
        let errors = if accepted { Vec::new() } else { delivery.outcome.errors(mask) };
        let key = parcel.key.masked();
        let status = delivery.status();
        let level = if accepted { Level::Info } else { Level::Warn };
        let line = EventLine {
            request_id,
            key: &key,
            path: parcel.api.path(),
            action: parcel.action.word(),
            dedup_key: &parcel.dedup_key,
            severity: parcel.severity.word(),
            status,
            answer: answer_word(delivery),
            attempts: delivery.attempts,
            milliseconds: milliseconds(delivery.elapsed),
            events: 1,
            answers: 1,
            retries: delivery.attempts.saturating_sub(1),
            errors: &errors,
        };
        self.line(level, "event", line, metrics::EVENT);
        if !accepted {
            self.undelivered(request_id, delivery, &key, &errors);
        }
    }

    /// PagerDuty does not have an event: the line holds all of it but its key.
    fn undelivered(&self, request_id: &str, delivery: &Delivery, key: &str, errors: &[String]) {
        let parcel = &delivery.parcel;
        let Ok(event) = serde_json::from_slice::<Box<RawValue>>(&parcel.event) else { return };
        let line = UndeliveredLine {
            request_id,
            key,
            path: parcel.api.path(),
            status: delivery.status(),
            undelivered: 1,
            refused: u8::from(!delivery.may_be_retried()),
            errors,
            event: &event,
        };
        self.line(Level::Error, "undelivered", line, metrics::UNDELIVERED);
    }
}

fn answer_word(delivery: &Delivery) -> &'static str {
    match &delivery.outcome {
        Outcome::Superseded => "superseded",
        Outcome::Failed(_) => "none",
        Outcome::Answered(reply) => status_word(delivery.parcel.api, reply.status),
    }
}

fn status_word(api: Api, status: u16) -> &'static str {
    match status {
        status if status == api.accepted() => "accepted",
        status if api.is_rate_limit(status) => "rate_limit",
        500.. => "fault",
        _ => "refused",
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]
mod tests {
    use super::*;
    use crate::deliver::Reply;
    use crate::error::{Error, Unreached};
    use crate::event::{Action, Parcel, Severity};
    use crate::secret::IntegrationKey;
    use bytes::Bytes;
    use serde_json::Value;
    use std::sync::Mutex;
    use std::time::Duration;

    fn lines(function: Option<&str>, log_to: impl Fn(&Log)) -> Vec<Value> {
        let written = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&written);
        let log = Log::new(Level::Debug, move |line| sink.lock().unwrap().extend_from_slice(line));
        log_to(&Log { function: function.map(str::to_owned), ..log });
        let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        written.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn one_of_each(log: &Log) {
        let line = RequestLine {
            request_id: "r",
            method: Some("POST"),
            path: Some("/"),
            status: 202,
            events: 1,
            webhooks: 1,
            webhooks_refused: 0,
            milliseconds: 5,
            error: None,
        };
        log.request(Level::Info, &line);
        let accepted = Reply { status: 202, body: Bytes::new(), retry_after: None };
        for outcome in [Outcome::Answered(accepted), Outcome::Failed(Error::NotReached(Unreached::Connect))] {
            let parcel = Parcel {
                api: Api::V2,
                key: IntegrationKey::parse("0123456789abcdef0123456789abcdef").ok().unwrap(),
                dedup_key: "d".to_owned(),
                action: Action::Resolve,
                severity: Severity::Info,
                event: Bytes::from_static(br#"{"event_action":"resolve","dedup_key":"d"}"#),
                is_extra: false,
            };
            let delivery = Delivery { parcel, outcome, attempts: 3, elapsed: Duration::from_millis(7) };
            log.event("r", &delivery, &Mask::new([], []));
        }
    }

    #[test]
    fn on_lambda_every_metric_and_dimension_of_a_line_stands_in_it() {
        let lines = lines(Some("f"), one_of_each);
        let messages: Vec<&str> = lines.iter().filter_map(|line| line.get("message")?.as_str()).collect();
        assert_eq!(messages, ["request", "event", "event", "undelivered"]);
        let words = lines.get(1).map(|line| [line.get("action"), line.get("severity"), line.get("level")]);
        assert_eq!(words, Some([Some(&"resolve".into()), Some(&"info".into()), Some(&"info".into())]));
        for line in &lines {
            let directives = line.pointer("/_aws/CloudWatchMetrics").and_then(Value::as_array).unwrap();
            for directive in directives {
                assert_eq!(directive.get("Namespace"), Some(&Value::from("arms-pagerduty")));
                for metric in directive.get("Metrics").and_then(Value::as_array).unwrap() {
                    let name = metric.get("Name").and_then(Value::as_str).unwrap();
                    assert!(line.get(name).is_some_and(Value::is_number), "{name} in {line}");
                    assert!(metric.get("Unit").is_some_and(Value::is_string), "{line}");
                }
                for name in directive.pointer("/Dimensions/0").and_then(Value::as_array).unwrap() {
                    let name = name.as_str().unwrap();
                    assert!(line.get(name).is_some_and(Value::is_string), "{name} in {line}");
                }
            }
            let written = line.get("timestamp").and_then(Value::as_str).unwrap();
            assert_eq!(
                timestamp::read(written, SystemTime::now(), timestamp::Zone::Utc).as_deref(),
                Some(written)
            );
            assert!(line.pointer("/_aws/Timestamp").and_then(Value::as_u64).unwrap() > 1_700_000_000_000);
        }
    }

    #[test]
    fn elsewhere_the_lines_hold_the_same_counts_and_no_word_to_cloudwatch() {
        let lines = lines(None, one_of_each);
        assert!(lines.iter().all(|line| line.get("_aws").is_none() && line.get("function").is_none()));
        let counts = |name: &str| lines.iter().filter_map(|line| line.get(name)?.as_u64()).sum::<u64>();
        assert_eq!((counts("webhooks"), counts("retries"), counts("undelivered")), (1, 4, 1));
    }

    #[test]
    fn each_answer_of_pagerduty_is_counted_under_one_of_few_words() {
        for (status, word) in
            [(202, "accepted"), (400, "refused"), (403, "refused"), (429, "rate_limit"), (500, "fault")]
        {
            assert_eq!(status_word(Api::V2, status), word, "{status}");
        }
        assert_eq!(status_word(Api::V1, 403), "rate_limit");
    }
}
