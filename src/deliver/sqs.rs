//! SQS, as far as it is needed here: its JSON protocol (AWS, "Making query API requests using AWS JSON
//! protocol in Amazon SQS").

use super::dns::Resolver;
use super::message::Entry;
use super::sigv4::{self, Scope};
use super::{reach, tls};
use crate::config::Queues;
use crate::error::Unreached;
use crate::timestamp;
use bytes::{Bytes, BytesMut};
use http::header;
use serde::Serialize;
use serde_json::Value;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, timeout_at};
use url::{Position, Url};

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
/// Far more than SQS answers to a batch.
const ANSWER_MAX_BYTES: usize = 256 * 1024;
/// How long an idle connection is kept; a frozen function does not notice that SQS has closed it.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// The longest error code that is reported.
const CODE_MAX_BYTES: usize = 80;

/// The status and body of a success that is to come.
type Calling<'a> = Pin<Box<dyn Future<Output = Result<(u16, Bytes), StoreFault>> + Send + 'a>>;

/// The two queues.
pub(super) struct Sqs {
    queues: Queues,
    /// Built when it is needed.
    client: OnceLock<Option<reqwest::Client>>,
}

/// Why SQS did not do what it was asked to. Its own messages are not reported: one of them repeats the request
/// with the session token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreFault {
    /// There was no connection, or it broke off.
    NotReached(Unreached),
    /// It took longer than a try may.
    TooSlow,
    /// It refused, with this status and the name of the error.
    Refused(u16, String),
    /// The answer is none of SQS's.
    NotSqs(u16),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessageBatch<'a> {
    queue_url: &'a str,
    entries: Vec<BatchEntry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BatchEntry<'a> {
    id: String,
    #[serde(flatten)]
    message: NewMessage<'a>,
}

#[derive(Serialize)]
struct NewMessage<'a> {
    #[serde(rename = "MessageBody")]
    body: &'a str,
    #[serde(rename = "MessageGroupId")]
    group: &'a str,
    #[serde(rename = "MessageDeduplicationId")]
    deduplication: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessage<'a> {
    queue_url: &'a str,
    #[serde(flatten)]
    message: NewMessage<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ChangeMessageVisibility<'a> {
    queue_url: &'a str,
    receipt_handle: &'a str,
    visibility_timeout: u64,
}

impl StoreFault {
    /// Whether it does not pass by itself: a queue that is not there, a right that is missing.
    pub(super) fn is_lasting(&self) -> bool {
        match self {
            Self::Refused(status, code) => (400..=499).contains(status) && !code.contains("Throttl"),
            Self::NotReached(_) | Self::TooSlow | Self::NotSqs(_) => false,
        }
    }
}

impl fmt::Display for StoreFault {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::NotReached(reason) => write!(formatter, "SQS could not be reached: {}", reason.describe()),
            Self::TooSlow => formatter.write_str("SQS did not answer in time"),
            Self::Refused(status, code) => write!(formatter, "SQS refused with status {status}: {code}"),
            Self::NotSqs(status) => {
                write!(formatter, "an answer with status {status} came that is not SQS's")
            }
        }
    }
}

impl Sqs {
    pub(super) fn new(queues: Queues) -> Self {
        Self { queues, client: OnceLock::new() }
    }

    /// Stores messages in the queue, and tells for each whether it is there, and why if one is not.
    ///
    /// # Errors
    /// Why none is there for sure.
    pub(super) async fn store(
        &self,
        entries: &[Entry],
        end: Instant,
    ) -> Result<(Vec<bool>, Option<StoreFault>), StoreFault> {
        let url = &self.queues.queue_url;
        let numbered = entries.iter().enumerate();
        let entries: Vec<BatchEntry> = numbered
            .map(|(number, entry)| BatchEntry { id: number.to_string(), message: entry.into() })
            .collect();
        let count = entries.len();
        let batch = SendMessageBatch { queue_url: url.as_str(), entries };
        let (status, answer) = self.call(url, "SendMessageBatch", json(&batch), end).await?;
        let answer: Value = serde_json::from_slice(&answer).map_err(|_| StoreFault::NotSqs(status))?;
        let list = |name: &str| answer.get(name).and_then(Value::as_array).into_iter().flatten();
        let is_stored = |number: usize| list("Successful").any(|one| text(one, "Id") == number.to_string());
        let stored: Vec<bool> = (0..count).map(is_stored).collect();
        let code = list("Failed").next().map(|one| known_code(text(one, "Code")));
        let fault = code.map_or(StoreFault::NotSqs(status), |code| StoreFault::Refused(status, code));
        let is_whole = stored.iter().all(|stored| *stored);
        Ok((stored, (!is_whole).then_some(fault)))
    }

    /// Puts a message among the dead letters.
    ///
    /// # Errors
    /// Why it is not there for sure.
    pub(super) async fn bury(&self, entry: &Entry, end: Instant) -> Result<(), StoreFault> {
        let url = &self.queues.dead_letters_url;
        let message = SendMessage { queue_url: url.as_str(), message: entry.into() };
        let (status, answer) = self.call(url, "SendMessage", json(&message), end).await?;
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        if text(&answer, "MessageId").is_empty() { Err(StoreFault::NotSqs(status)) } else { Ok(()) }
    }

    /// Lets a message be received again after this time.
    ///
    /// # Errors
    /// Why it will not for sure.
    pub(super) async fn postpone(
        &self,
        receipt: &str,
        after: Duration,
        end: Instant,
    ) -> Result<(), StoreFault> {
        let url = &self.queues.queue_url;
        let change = ChangeMessageVisibility {
            queue_url: url.as_str(),
            receipt_handle: receipt,
            visibility_timeout: after.as_secs(),
        };
        self.call(url, "ChangeMessageVisibility", json(&change), end).await.map(|_| ())
    }

    /// Calls an action, and gives the status and body of its success. Boxed, so that the three callers
    /// share its code.
    fn call<'a>(&'a self, queue: &'a Url, action: &'static str, body: Vec<u8>, end: Instant) -> Calling<'a> {
        Box::pin(async move {
            let answered = timeout_at(end, self.post(queue, action, body)).await;
            let (status, answer) = answered.map_err(|_| StoreFault::TooSlow)??;
            if status == 200 {
                return Ok((status, answer));
            }
            let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
            match text(&answer, "__type") {
                "" => Err(StoreFault::NotSqs(status)),
                code => Err(StoreFault::Refused(status, known_code(code))),
            }
        })
    }

    async fn post(&self, queue: &Url, action: &str, body: Vec<u8>) -> Result<(u16, Bytes), StoreFault> {
        let client = self.client().ok_or(StoreFault::NotReached(Unreached::Connect))?;
        let Queues { region, credentials, .. } = &self.queues;
        // With its port, if that is not the usual one.
        let host = &queue[Position::BeforeHost..Position::AfterPort];
        let target = format!("AmazonSQS.{action}");
        let time = basic_time(SystemTime::now());
        let token = credentials.session_token.as_ref().map(|token| ("x-amz-security-token", token.expose()));
        let first = [("content-type", CONTENT_TYPE), ("host", host), ("x-amz-date", time.as_str())];
        let last = ("x-amz-target", target.as_str());
        let signed: Vec<(&str, &str)> = first.into_iter().chain(token).chain([last]).collect();
        let scope = Scope { credentials, region, service: "sqs", time: &time };
        let authorization = sigv4::authorization(&scope, "/", &signed, &body);

        let mut request = client.post(format!("{}/", &queue[..Position::BeforePath])).body(body);
        for (name, value) in signed.into_iter().filter(|(name, _)| *name != "host") {
            request = request.header(name, value);
        }
        let response = request.header(header::AUTHORIZATION, authorization).send().await;
        read(response.map_err(|error| StoreFault::NotReached(reach::reason(&error)))?).await
    }

    fn client(&self) -> Option<&reqwest::Client> {
        let build = || {
            let builder = reqwest::Client::builder()
                .tls_backend_preconfigured(tls::client_config())
                .dns_resolver(Arc::new(Resolver::of_the_system()))
                .user_agent(concat!("arms-pagerduty/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .pool_idle_timeout(IDLE_MAX);
            let builder = if self.queues.heeds_proxy { builder } else { builder.no_proxy() };
            builder.build().ok()
        };
        self.client.get_or_init(build).as_ref()
    }
}

impl<'a> From<&'a Entry> for NewMessage<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self { body: &entry.body, group: &entry.group, deduplication: &entry.deduplication }
    }
}

/// A member's text, empty if there is none.
fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// JSON of strings and numbers, which cannot fail.
fn json(parameters: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(parameters).unwrap_or_default()
}

async fn read(mut response: reqwest::Response) -> Result<(u16, Bytes), StoreFault> {
    let status = response.status().as_u16();
    let mut body = BytesMut::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|_| StoreFault::NotReached(Unreached::BrokenOff))?
    {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_MAX_BYTES {
            return Err(StoreFault::NotSqs(status));
        }
    }
    Ok((status, body.freeze()))
}

/// `com.amazonaws.sqs#QueueDoesNotExist` without its prefix; what is no such name could be
/// anything.
fn known_code(code: &str) -> String {
    let name = code.rsplit('#').next().unwrap_or_default();
    let is_name =
        name.len() <= CODE_MAX_BYTES && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    if is_name && !name.is_empty() { name.to_owned() } else { "an unknown error".to_owned() }
}

/// `YYYYMMDDTHHMMSSZ`.
fn basic_time(time: SystemTime) -> String {
    let written = timestamp::of(time);
    let seconds = written.split('.').next().unwrap_or_default();
    let digits: String = seconds.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    digits + "Z"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_signatures_want_it() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_440_938_160_999);
        assert_eq!(basic_time(at), "20150830T123600Z");
    }

    #[test]
    fn an_error_is_told_by_its_name_alone() {
        for (code, reported) in [
            ("com.amazonaws.sqs#QueueDoesNotExist", "QueueDoesNotExist"),
            ("AWS.SimpleQueueService.NonExistentQueue", "AWS.SimpleQueueService.NonExistentQueue"),
            ("x-amz-security-token: abc", "an unknown error"),
            ("", "an unknown error"),
        ] {
            assert_eq!(known_code(code), reported);
        }
    }

    #[test]
    fn a_missing_queue_lasts_and_an_outage_or_a_limit_passes() {
        for (fault, is_lasting) in [
            (StoreFault::Refused(400, "QueueDoesNotExist".to_owned()), true),
            (StoreFault::Refused(403, "AccessDenied".to_owned()), true),
            (StoreFault::Refused(400, "RequestThrottled".to_owned()), false),
            (StoreFault::Refused(503, "ServiceUnavailable".to_owned()), false),
            (StoreFault::TooSlow, false),
            (StoreFault::NotReached(Unreached::Connect), false),
            (StoreFault::NotSqs(404), false),
        ] {
            assert_eq!(fault.is_lasting(), is_lasting, "{fault}");
        }
    }
}
