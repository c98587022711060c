//! Every reason to answer with something other than PagerDuty's own words, and the one table from
//! reason to answer.

use crate::secret::KeyFault;
use crate::webhook::BODY_MAX_BYTES;
use http::StatusCode;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The `status` of a request that was refused.
const INVALID: &str = "invalid event";
/// The `status` of an event that did not reach PagerDuty.
const NOT_DELIVERED: &str = "not delivered";
const MIB_BYTES: usize = 1024 * 1024;

/// Why a request is refused, or why there is no answer from PagerDuty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// There is no such path.
    UnknownPath,
    /// The path does not take this method.
    WrongMethod {
        /// The method that it takes.
        allow: &'static str,
    },
    /// `WEBHOOK_TOKEN` is set and the request does not carry it.
    Unauthorized,
    /// A web page sent the request, to a plain host without `WEBHOOK_TOKEN`.
    WebPage,
    /// The body is larger than [`BODY_MAX_BYTES`].
    TooLarge,
    /// The client did not send its whole body in time.
    BodyIncomplete {
        /// How long it had.
        within: Duration,
    },
    /// The body is empty or only white space.
    EmptyBody,
    /// There is no usable integration key.
    Key(KeyFault),
    /// An unfilled `$alertmanager_content` came without the header under which ARMS fills it.
    PlaceholderWithoutHeader,
    /// A resolve does not say what it resolves.
    ResolveWithoutIdentity,
    /// An acknowledge or a resolve in PagerDuty's own terms has no key.
    OwnEventWithoutKey {
        /// The field that should hold it.
        field: &'static str,
    },
    /// The body's `Content-Encoding` is not one that is decoded.
    UnknownEncoding,
    /// An invocation is not an HTTP request.
    NotHttp,
    /// There was no connection to PagerDuty, or it broke before an answer.
    NotReached(Unreached),
    /// An answer came that PagerDuty does not give, such as a proxy's login page.
    NotPagerDuty {
        /// Its HTTP status.
        status: u16,
    },
    /// PagerDuty's address answered with a redirect, which is not followed: it would carry the key.
    Redirected,
    /// PagerDuty took longer than the time that was left.
    NoAnswerInTime,
}

/// Why PagerDuty could not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreached {
    /// Its name, or the proxy's, could not be resolved.
    Dns,
    /// No connection could be made.
    Connect,
    /// There was a connection, but it could not be encrypted.
    Tls,
    /// Connecting took longer than an attempt may.
    TimedOut,
    /// The connection broke before the whole answer was there.
    BrokenOff,
}

/// How an [`Error`] is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// The `status` field of the body. Never `success`: only PagerDuty says that.
    pub word: &'static str,
    /// What is wrong.
    pub message: Cow<'static, str>,
    /// What to change, in which field of the ARMS console, with a correct example.
    pub remedy: Cow<'static, str>,
}

impl Error {
    /// The answer to this error.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "one table with a row for each error")]
    pub fn refusal(self) -> Refusal {
        match self {
            Self::UnknownPath => row(
                StatusCode::NOT_FOUND,
                INVALID,
                "there is nothing at this path",
                "set the URL of the ARMS webhook to https://<this host>/v2/enqueue for alerts, \
                 https://<this host>/v1 for Events API v1, or https://<this host>/change for change events",
            ),
            Self::WrongMethod { allow } => row(
                StatusCode::METHOD_NOT_ALLOWED,
                INVALID,
                format!("this path takes {allow} only"),
                match allow {
                    "POST" => {
                        "set the method of the ARMS webhook to Post: a webhook of type Get carries no alert"
                    }
                    _ => "use GET for the health check",
                },
            ),
            Self::Unauthorized => row(
                StatusCode::UNAUTHORIZED,
                INVALID,
                "the webhook token is missing or wrong",
                "add the header x-webhook-token to the ARMS webhook, with the value of WEBHOOK_TOKEN (or the \
                 header Authorization: Bearer <token>, or ?token=<token> at the end of its URL)",
            ),
            Self::WebPage => row(
                StatusCode::FORBIDDEN,
                INVALID,
                "requests from web pages (header Origin) are refused",
                "set WEBHOOK_TOKEN and send it in the header x-webhook-token; without a token any web page that is \
                 open on this machine could page people",
            ),
            Self::TooLarge => row(
                StatusCode::PAYLOAD_TOO_LARGE,
                INVALID,
                format!("the body is larger than {} MiB", BODY_MAX_BYTES / MIB_BYTES),
                "group fewer alerts into one notification: in ARMS under Notification Policies, for \
                 example group by alertname and clustername",
            ),
            Self::BodyIncomplete { within } => row(
                StatusCode::REQUEST_TIMEOUT,
                INVALID,
                "the body did not arrive completely",
                format!("send the whole body within {} seconds", within.as_secs()),
            ),
            Self::EmptyBody => row(
                StatusCode::BAD_REQUEST,
                INVALID,
                "the body is empty",
                "fill the notification template (body) of the ARMS webhook, for example with \
                 {\"integration_key\":\"<32 characters>\",\"content\":$alertmanager_content} and the header \
                 Content-Type: application/json",
            ),
            Self::Key(fault) => key_refusal(fault),
            Self::PlaceholderWithoutHeader => row(
                StatusCode::BAD_REQUEST,
                INVALID,
                "ARMS did not fill $alertmanager_content",
                "add the header Content-Type: application/json to the ARMS webhook: without it ARMS leaves \
                 $alertmanager_content unfilled, in real alerts too",
            ),
            Self::ResolveWithoutIdentity => row(
                StatusCode::BAD_REQUEST,
                INVALID,
                "a resolve must name the alert that it resolves",
                "add dedup_key={{ .alarmId }} to the notification template and to the recovery template of \
                 the ARMS webhook, or send {\"integration_key\":\"<32 characters>\",\"content\":$alertmanager_content}",
            ),
            Self::OwnEventWithoutKey { field } => row(
                StatusCode::BAD_REQUEST,
                INVALID,
                "Event object is invalid",
                format!("'{field}' is missing or blank"),
            ),
            Self::UnknownEncoding => row(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                INVALID,
                "the Content-Encoding of the body is not supported",
                "send the body without Content-Encoding, or with gzip or deflate",
            ),
            Self::NotHttp => row(
                StatusCode::BAD_REQUEST,
                INVALID,
                "this invocation is not an HTTP request of payload format 2.0",
                "invoke the function through its function URL or an HTTP API (payload format 2.0), for \
                 example with a file of events/",
            ),
            Self::NotReached(reason) => row(
                StatusCode::BAD_GATEWAY,
                NOT_DELIVERED,
                format!("PagerDuty could not be reached: {}", reason.describe()),
                "check the network and PAGERDUTY_EVENTS_URL, PAGERDUTY_REGION and the proxy variables; the log \
                 line undelivered holds the event",
            ),
            Self::NotPagerDuty { status } => row(
                StatusCode::BAD_GATEWAY,
                NOT_DELIVERED,
                format!("an answer with status {status} came that is not PagerDuty's"),
                "check PAGERDUTY_EVENTS_URL and the proxy: something in between answers in PagerDuty's place, \
                 for example with a login page; the log line undelivered holds the event",
            ),
            Self::Redirected => row(
                StatusCode::BAD_GATEWAY,
                NOT_DELIVERED,
                "PagerDuty's address answered with a redirect",
                "let PAGERDUTY_EVENTS_URL name the final address, for example https://events.pagerduty.com; \
                 redirects are not followed",
            ),
            Self::NoAnswerInTime => row(
                StatusCode::GATEWAY_TIMEOUT,
                NOT_DELIVERED,
                "PagerDuty did not answer in time",
                "see https://status.pagerduty.com; the log line undelivered holds the event to send again",
            ),
        }
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.refusal().status
    }
}

impl Unreached {
    /// The reason in words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Dns => "the name could not be resolved",
            Self::Connect => "no connection could be made",
            Self::Tls => "the TLS handshake failed",
            Self::TimedOut => "connecting took too long",
            Self::BrokenOff => "the connection broke off",
        }
    }
}

/// The same for each mistake that is made with a key.
fn key_refusal(fault: KeyFault) -> Refusal {
    const PASTE: &str = "paste the Integration Key (32 letters and digits) of the service's Integrations tab in \
                         PagerDuty into the body: integration_key=<32 characters>";
    let remedy = match fault {
        KeyFault::Missing => {
            "write integration_key=<32 characters> into the notification template (body) of the ARMS webhook; \
             PagerDuty shows the key in the service's Integrations tab"
        }
        KeyFault::Ruleset => {
            "use the Integration Key of a service's Events API V2 integration for /change, or set the URL of the \
             ARMS webhook to https://<this host>/v2/enqueue"
        }
        KeyFault::TwoDifferent => {
            "leave only one of integration_key, routing_key and service_key in the body: \
             integration_key=<32 characters>"
        }
        KeyFault::Masked | KeyFault::RestApiKey | KeyFault::Length(_) | KeyFault::Characters => PASTE,
    };
    row(StatusCode::BAD_REQUEST, INVALID, fault.to_string(), remedy)
}

fn row(
    status: StatusCode,
    word: &'static str,
    message: impl Into<Cow<'static, str>>,
    remedy: impl Into<Cow<'static, str>>,
) -> Refusal {
    Refusal { status, word, message: message.into(), remedy: remedy.into() }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.refusal().message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_refusal_claims_success_and_each_names_a_remedy() {
        for (error, status) in [
            (Error::UnknownPath, 404),
            (Error::WrongMethod { allow: "POST" }, 405),
            (Error::WrongMethod { allow: "GET" }, 405),
            (Error::Unauthorized, 401),
            (Error::WebPage, 403),
            (Error::TooLarge, 413),
            (Error::BodyIncomplete { within: Duration::from_secs(10) }, 408),
            (Error::EmptyBody, 400),
            (Error::Key(KeyFault::Masked), 400),
            (Error::PlaceholderWithoutHeader, 400),
            (Error::ResolveWithoutIdentity, 400),
            (Error::OwnEventWithoutKey { field: "dedup_key" }, 400),
            (Error::UnknownEncoding, 415),
            (Error::NotHttp, 400),
            (Error::NotReached(Unreached::Dns), 502),
            (Error::NotReached(Unreached::BrokenOff), 502),
            (Error::NotPagerDuty { status: 200 }, 502),
            (Error::Redirected, 502),
            (Error::NoAnswerInTime, 504),
        ] {
            let refusal = error.refusal();
            assert_eq!(refusal.status.as_u16(), status, "{error}");
            assert_ne!(refusal.word, "success");
            assert!(!refusal.message.is_empty() && !refusal.remedy.is_empty());
        }
    }
}
