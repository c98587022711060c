//! Logs: a JSON object a line, on standard output.
//!
//! No line holds a query string, a list of headers or a body; the one exception is `undelivered`,
//! which holds an event without its key so that someone can send it again.

use crate::answer;
use crate::config::{Config, Level};
use crate::event::Api;
use crate::metrics::{self, Directive, Embedded};
use crate::pagerduty::{Delivery, Outcome};
use crate::secret::Mask;
use crate::timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Where a line goes, its line break included.
type Sink = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// Writes the lines that the level lets pass.
#[derive(Clone)]
pub struct Log {
    level: Level,
    /// Lambda's name of the function: only there are lines read for metrics.
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
    /// The status as few words as a metric's dimension should have.
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
    /// Where it is to be sent, with the key put into it.
    path: &'static str,
    status: Option<u16>,
    undelivered: u8,
    /// One if PagerDuty refused it: then sending it again will not help.
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
            // Without a reader there is nobody to tell.
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

    /// An event was sent, or given up: then its `undelivered` line follows.
    pub fn event(&self, request_id: &str, key: &str, api: Api, delivery: &Delivery, mask: &Mask) {
        let event = &delivery.event;
        let accepted = delivery.is_accepted(api);
        let errors = if accepted { Vec::new() } else { answer::errors_of(&delivery.outcome, mask) };
        let status = match &delivery.outcome {
            Outcome::Answered(reply) => Some(reply.status),
            Outcome::Failed(_) => None,
        };
        let level = if accepted { Level::Info } else { Level::Warn };
        let line = EventLine {
            request_id,
            key,
            path: api.path(),
            action: event.action.word(),
            dedup_key: &event.dedup_key,
            severity: event.payload.severity.word(),
            status,
            answer: answer_word(api, status),
            attempts: delivery.attempts,
            milliseconds: milliseconds(delivery.elapsed),
            events: 1,
            answers: 1,
            retries: delivery.attempts.saturating_sub(1),
            errors: &errors,
        };
        self.line(level, "event", line, metrics::EVENT);
        if accepted {
            return;
        }
        let whole = String::from_utf8(event.write(api, None)).ok();
        if let Some(whole) = whole.and_then(|text| RawValue::from_string(text).ok()) {
            let line = UndeliveredLine {
                request_id,
                key,
                path: api.path(),
                status,
                undelivered: 1,
                refused: u8::from(!delivery.outcome.may_be_retried(api)),
                errors: &errors,
                event: &whole,
            };
            self.line(Level::Error, "undelivered", line, metrics::UNDELIVERED);
        }
    }
}

fn answer_word(api: Api, status: Option<u16>) -> &'static str {
    match status {
        None => "none",
        Some(status) if status == api.accepted() => "accepted",
        Some(status) if api.is_rate_limit(status) => "rate_limit",
        Some(500..) => "fault",
        Some(_) => "refused",
    }
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// A duration as logs give it.
#[must_use]
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
