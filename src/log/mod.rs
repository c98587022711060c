//! Logs: a JSON object a line, on standard output.
//!
//! No line holds a query string, a list of headers or a body. The one exception is `undelivered`,
//! which holds an event without its key so that it can be sent again.

mod lines;
mod logged;
pub mod messages;
mod metrics;
mod queue;

use crate::config::{Config, Host, Level};
use crate::deliver::message::Unsendable;
use crate::deliver::{Delivery, Outcome, StoreFault, Unstored};
use crate::event::{Api, Parcel};
use crate::secret::Mask;
use crate::timestamp;
use lines::{
    DroppedLine, EventLine, MessageLine, PostponedLine, StateLine, StoredLine, UndeliveredCountLine,
    UndeliveredLine, UnstoredLine,
};
pub use lines::{ListeningLine, RequestLine};
pub use logged::{Accepted, Incomplete, Logged, Members, Undelivered, read};
pub use metrics::milliseconds;
use metrics::{Directive, Embedded};
use queue::{Queue, Worth};
use serde::Serialize;
use serde_json::value::RawValue;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What is said of an event that was still being sent when the process had to end.
const ABANDONED: &str = "the process was stopped before PagerDuty had accepted the event";

/// What is said of events for whose storing there was no time.
const NO_TIME: &str = "there was no time to store";

/// A message of the queue, as lines name it.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// The invocation's id.
    pub request_id: &'a str,
    /// The queue's id of the message.
    pub message_id: &'a str,
    /// How many times it has been received, this time included.
    pub receives: u32,
}

/// Writes a line, its line break included.
type Write = dyn Fn(&[u8]) + Send + Sync;

/// Where lines go.
#[derive(Clone)]
enum Sink {
    /// Each is written before the caller goes on.
    Direct(Arc<Write>),
    /// A thread writes them.
    Queued(Arc<Queue>),
}

/// Writes the lines up to its level.
#[derive(Clone)]
pub struct Log {
    level: Level,
    /// Lambda's name of the function. Only there are lines read for metrics.
    function: Option<String>,
    sink: Sink,
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
    /// What the settings say, on standard output. A function on Lambda may be frozen right after its
    /// answer, so it writes each line at once; elsewhere a thread writes, for a reader that stops must
    /// not stop the paging.
    #[must_use]
    pub fn to_stdout(config: &Config) -> Self {
        let queue = match config.host {
            Host::Lambda => None,
            Host::FunctionCompute(_) | Host::Plain(_) => Queue::start(std::io::stdout(), dropped_line).ok(),
        };
        let sink = queue.map_or_else(|| Sink::Direct(Arc::new(write_to_stdout)), Sink::Queued);
        Self { level: config.log_level, function: config.lambda_function.clone(), sink }
    }

    /// Lines up to `level`, each with its line break handed to `write`.
    #[must_use]
    pub fn new(level: Level, write: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        Self { level, function: None, sink: Sink::Direct(Arc::new(write)) }
    }

    /// Waits until all lines are written, but no longer than `within`.
    pub fn flush(&self, within: Duration) {
        if let Sink::Queued(queue) = &self.sink {
            queue.flush(within);
        }
    }

    fn line(&self, level: Level, message: &str, fields: impl Serialize, directives: &'static [Directive]) {
        self.line_worth(Worth::Ordinary, level, message, fields, directives);
    }

    fn line_worth(
        &self,
        worth: Worth,
        level: Level,
        message: &str,
        fields: impl Serialize,
        directives: &'static [Directive],
    ) {
        if level > self.level {
            return;
        }
        let function = self.function.as_deref().filter(|_| !directives.is_empty());
        let line = write(level, message, fields, function, directives);
        match &self.sink {
            Sink::Direct(write) => write(&line),
            Sink::Queued(queue) => queue.push(worth, line),
        }
    }

    /// The process takes requests.
    pub fn listening(&self, line: &ListeningLine) {
        let line = StateLine { version: env!("CARGO_PKG_VERSION"), listening: Some(line) };
        self.line(Level::Info, messages::LISTENING, line, &[]);
    }

    /// The process has stopped taking requests.
    pub fn stopped(&self) {
        let line = StateLine { version: env!("CARGO_PKG_VERSION"), listening: None };
        self.line(Level::Info, messages::STOPPED, line, &[]);
    }

    /// A request was answered.
    pub fn request(&self, level: Level, line: &RequestLine) {
        self.line(level, messages::REQUEST, line, metrics::REQUEST);
    }

    /// An event was stored, sent or given up; in the last case its `undelivered` lines follow.
    pub fn event(&self, request_id: &str, delivery: &Delivery, mask: &Mask) {
        if matches!(delivery.outcome, Outcome::Stored) {
            return self.stored(request_id, delivery);
        }
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
            action: parcel.action_word(),
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
        self.line(level, messages::EVENT, line, metrics::EVENT);
        if !accepted {
            let refused = !delivery.may_be_retried();
            let took = Some(delivery.elapsed);
            self.undelivered(request_id, parcel, status, took, refused, &errors);
        }
    }

    /// The queue has taken an event.
    fn stored(&self, request_id: &str, delivery: &Delivery) {
        let parcel = &delivery.parcel;
        let line = StoredLine {
            request_id,
            key: &parcel.key.masked(),
            path: parcel.api.path(),
            action: parcel.action_word(),
            dedup_key: &parcel.dedup_key,
            severity: parcel.severity.word(),
            attempts: delivery.attempts,
            milliseconds: milliseconds(delivery.elapsed),
        };
        self.line(Level::Info, messages::STORED, line, &[]);
    }

    /// The queue did not take events; they were sent straight to PagerDuty, or lines report them as undelivered.
    pub fn unstored(&self, request_id: &str, unstored: &Unstored) {
        let error = unstored.fault.as_ref().map_or_else(|| NO_TIME.to_owned(), ToString::to_string);
        let line = UnstoredLine { request_id, unstored: unstored.events, error };
        self.line(Level::Error, messages::UNSTORED, line, metrics::UNSTORED);
    }

    /// A message of the queue was tried in vain and stays there.
    pub fn postponed(&self, message: Received, delivery: &Delivery, again_in: Duration, mask: &Mask) {
        let parcel = &delivery.parcel;
        let line = PostponedLine {
            request_id: message.request_id,
            message_id: message.message_id,
            key: &parcel.key.masked(),
            path: parcel.api.path(),
            action: parcel.action_word(),
            dedup_key: &parcel.dedup_key,
            severity: parcel.severity.word(),
            status: delivery.status(),
            answer: answer_word(delivery),
            attempts: delivery.attempts,
            milliseconds: milliseconds(delivery.elapsed),
            receives: message.receives,
            again_in_seconds: again_in.as_secs(),
            answers: 1,
            retries: delivery.attempts.saturating_sub(1),
            errors: &delivery.outcome.errors(mask),
        };
        self.line(Level::Warn, messages::POSTPONED, line, metrics::POSTPONED);
    }

    /// A message of the queue that cannot be sent is among the dead letters now.
    pub fn buried(&self, message: Received, why: Unsendable) {
        let Received { request_id, message_id, .. } = message;
        let count = UndeliveredCountLine { request_id, dedup_key: "", undelivered: 1, refused: 1 };
        self.line_worth(Worth::Keep, Level::Error, messages::UNDELIVERED_COUNT, count, metrics::UNDELIVERED);
        let line = MessageLine { request_id, message_id, error: why.to_string() };
        self.line(Level::Error, messages::DEAD_LETTER, line, &[]);
    }

    /// A message of the queue could not be moved: it will be seen again.
    pub fn unmoved(&self, message: Received, fault: &StoreFault) {
        let Received { request_id, message_id, .. } = message;
        let line = MessageLine { request_id, message_id, error: fault.to_string() };
        self.line(Level::Warn, messages::NOT_MOVED, line, &[]);
    }

    /// The process ends while an event is still being sent.
    pub fn abandoned(&self, request_id: &str, parcel: &Parcel) {
        self.undelivered(request_id, parcel, None, None, false, &[ABANDONED.to_owned()]);
    }

    /// PagerDuty does not have an event: a line that counts it, then one that holds all of it but its
    /// key.
    fn undelivered(
        &self,
        request_id: &str,
        parcel: &Parcel,
        status: Option<u16>,
        took: Option<Duration>,
        refused: bool,
        errors: &[String],
    ) {
        let (refused, dedup_key) = (u8::from(refused), &parcel.dedup_key);
        let count = UndeliveredCountLine { request_id, dedup_key, undelivered: 1, refused };
        self.line_worth(Worth::Keep, Level::Error, messages::UNDELIVERED_COUNT, count, metrics::UNDELIVERED);
        let Ok(event) = serde_json::from_slice::<&RawValue>(&parcel.event) else { return };
        let key = &parcel.key.masked();
        let (path, milliseconds) = (parcel.api.path(), took.map(milliseconds));
        let line = UndeliveredLine { request_id, key, path, status, milliseconds, refused, errors, event };
        self.line_worth(Worth::Keep, Level::Error, messages::UNDELIVERED, line, &[]);
    }
}

/// A whole line, its line break included. `function` is given if CloudWatch is to count.
fn write(
    level: Level,
    message: &str,
    fields: impl Serialize,
    function: Option<&str>,
    directives: &'static [Directive],
) -> Vec<u8> {
    let now = SystemTime::now();
    let line = Line {
        timestamp: timestamp::of(now),
        level: level.word(),
        message,
        fields,
        function,
        metrics: function.map(|_| Embedded::new(directives, now)),
    };
    let mut written = serde_json::to_vec(&line).unwrap_or_default();
    written.push(b'\n');
    written
}

/// The line that tells how many lines were dropped, whatever the level.
fn dropped_line(dropped: u64) -> Vec<u8> {
    write(Level::Warn, messages::LINES_DROPPED, DroppedLine { dropped }, None, &[])
}

fn write_to_stdout(line: &[u8]) {
    // There is no other place to report that the log cannot be written.
    let _ = std::io::stdout().lock().write_all(line);
}

fn answer_word(delivery: &Delivery) -> &'static str {
    match &delivery.outcome {
        Outcome::Superseded => messages::SUPERSEDED,
        Outcome::Stored => messages::STORED,
        Outcome::Failed(_) => "none",
        Outcome::Answered(reply) => status_word(delivery.parcel.api, reply.status),
    }
}

fn status_word(api: Api, status: u16) -> &'static str {
    match status {
        status if status == api.accepted() => messages::ACCEPTED,
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
        let mut lines = lines(Some("f"), one_of_each);
        let messages: Vec<&str> = lines.iter().filter_map(|line| line.get("message")?.as_str()).collect();
        assert_eq!(messages, ["request", "event", "event", "undelivered_count", "undelivered"]);
        // Log services split long lines, and then what is at their end is not counted.
        let long = lines.pop().unwrap();
        assert!(long.get("_aws").is_none() && long.get("event").is_some(), "{long}");
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
    fn the_lines_of_events_are_read_back() {
        let lines = lines(None, one_of_each);
        let texts: Vec<String> = lines.iter().map(Value::to_string).collect();
        let read = texts.iter().filter_map(|text| read(&serde_json::from_str(text).unwrap()));
        let read: Vec<Logged> = read.map(Result::unwrap).collect();
        let [accepted, not_accepted, count, undelivered] = read.as_slice() else { unreachable!("{read:?}") };
        let Logged::Accepted(accepted) = accepted else { unreachable!("{accepted:?}") };
        let reported = (accepted.key.as_str(), accepted.action.as_str(), accepted.dedup_key.as_str());
        assert_eq!(reported, ("****cdef", "resolve", "d"));
        assert_eq!((not_accepted, count), (&Logged::NotAccepted, &Logged::UndeliveredCount));
        let Logged::Undelivered(undelivered) = undelivered else { unreachable!("{undelivered:?}") };
        assert_eq!((undelivered.key.as_str(), undelivered.path.as_str()), ("****cdef", "v2/enqueue"));
        let event: Value = serde_json::from_str(&undelivered.event).unwrap();
        assert_eq!(event.get("event_action"), Some(&"resolve".into()));
        assert!(undelivered.begun_ms.is_some() && accepted.begun_ms.is_some());
    }

    #[test]
    fn lines_that_were_dropped_are_told() {
        let reported: Value = serde_json::from_slice(&dropped_line(7)).unwrap();
        assert_eq!(reported.get("message"), Some(&"log lines dropped".into()));
        assert_eq!((reported.get("level"), reported.get("dropped")), (Some(&"warn".into()), Some(&7.into())));
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
