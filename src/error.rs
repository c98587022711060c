//! Every reason to answer with something else than PagerDuty's own words, and the one table from
//! reason to HTTP status.

use crate::secret::KeyFault;
use http::StatusCode;

/// Why a request is refused, or why PagerDuty's answer is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such path.
    #[error("there is nothing at this path")]
    UnknownPath,
    /// A method that the path does not take; `allow` is the one that it does.
    #[error("only {allow} is taken here")]
    WrongMethod {
        /// The method for the `Allow` header.
        allow: &'static str,
    },
    /// `WEBHOOK_TOKEN` is set and the request does not carry it.
    #[error("the webhook token is missing or wrong")]
    Unauthorized,
    /// A body over [`crate::intake::BODY_MAX_BYTES`].
    #[error("the body is larger than 6 MiB")]
    TooLarge,
    /// The client did not send its whole body, or not in time.
    #[error("the body did not arrive in full")]
    BodyIncomplete,
    /// A body of nothing, or of white space alone.
    #[error("the body is empty")]
    EmptyBody,
    /// No usable integration key.
    #[error("{}", key_message(*.0))]
    Key(KeyFault),
    /// An unfilled `$alertmanager_content` without the header under which ARMS fills it.
    #[error("ARMS did not fill $alertmanager_content")]
    PlaceholderWithoutHeader,
    /// A resolve that says nothing of what it resolves.
    #[error("a resolve needs to name the alert that it resolves")]
    ResolveWithoutIdentity,
    /// An invocation that is no HTTP request.
    #[error("this invocation is no HTTP request of payload format 2.0")]
    NotHttp,
    /// No connection to PagerDuty, or one that broke before an answer.
    #[error("PagerDuty could not be reached")]
    NotReached,
    /// PagerDuty's address answered with a redirect, which is never followed with a key in hand.
    #[error("PagerDuty's address answered with a redirect")]
    Redirected,
    /// PagerDuty took longer than the time there was.
    #[error("PagerDuty did not answer in time")]
    NoAnswerInTime,
}

fn key_message(fault: KeyFault) -> String {
    match fault {
        KeyFault::Missing => "there is no integration key".to_owned(),
        KeyFault::Masked => "the integration key is a masked one".to_owned(),
        KeyFault::RestApiKey => "the integration key has 20 characters: that is a REST API key".to_owned(),
        KeyFault::Length(chars) => format!("the integration key has {chars} characters, not 32"),
        KeyFault::Characters => {
            "the integration key holds other characters than letters and digits".to_owned()
        }
        KeyFault::TwoDifferent => "the body holds two different integration keys".to_owned(),
        KeyFault::Ruleset => "a ruleset key (R…) takes no change events".to_owned(),
    }
}

impl Error {
    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::UnknownPath => StatusCode::NOT_FOUND,
            Self::WrongMethod { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyIncomplete => StatusCode::REQUEST_TIMEOUT,
            Self::EmptyBody
            | Self::Key(_)
            | Self::PlaceholderWithoutHeader
            | Self::ResolveWithoutIdentity
            | Self::NotHttp => StatusCode::BAD_REQUEST,
            Self::NotReached | Self::Redirected => StatusCode::BAD_GATEWAY,
            Self::NoAnswerInTime => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// The word for the answer's `status` field. Never `success`: only PagerDuty says that.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotReached | Self::Redirected | Self::NoAnswerInTime => "not delivered",
            Self::UnknownPath
            | Self::WrongMethod { .. }
            | Self::Unauthorized
            | Self::TooLarge
            | Self::BodyIncomplete
            | Self::EmptyBody
            | Self::Key(_)
            | Self::PlaceholderWithoutHeader
            | Self::ResolveWithoutIdentity
            | Self::NotHttp => "invalid event",
        }
    }

    /// What to mend, in which field of the ARMS console, with an example that is right.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::UnknownPath => {
                "set the URL of the ARMS webhook to https://<this host>/v2/enqueue for alerts, \
                 https://<this host>/v1 for Events API v1, or https://<this host>/change for change events"
            }
            Self::WrongMethod { allow: "POST" } => {
                "set the method of the ARMS webhook to Post: a webhook of type Get carries no alert"
            }
            Self::WrongMethod { .. } => "ask for the health check with GET",
            Self::Unauthorized => {
                "add the header x-webhook-token to the ARMS webhook, with the value of WEBHOOK_TOKEN (or the \
                 header Authorization: Bearer <token>, or ?token=<token> behind its URL)"
            }
            Self::TooLarge => {
                "group fewer alerts into one notification: in ARMS under Notification Policies, for \
                 example group by alertname and clustername"
            }
            Self::BodyIncomplete => "send the whole body within 10 seconds",
            Self::EmptyBody => {
                "fill the notification template (body) of the ARMS webhook, for example with \
                 {\"integration_key\":\"<32 characters>\",\"content\":$alertmanager_content} and the header \
                 Content-Type: application/json"
            }
            Self::Key(fault) => key_remedy(fault),
            Self::PlaceholderWithoutHeader => {
                "add the header Content-Type: application/json to the ARMS webhook: without it ARMS leaves \
                 $alertmanager_content unfilled, in real alerts too"
            }
            Self::ResolveWithoutIdentity => {
                "add dedup_key={{ .alarmId }} to the notification template and to the recovery template of \
                 the ARMS webhook, or send {\"integration_key\":\"<32 characters>\",\"content\":$alertmanager_content}"
            }
            Self::NotHttp => {
                "invoke the function through its function URL or an HTTP API (payload format 2.0), for \
                 example with a file of events/"
            }
            Self::NotReached => {
                "check the network and PAGERDUTY_EVENTS_URL, PAGERDUTY_REGION and the proxy variables; the log \
                 line undelivered holds the event"
            }
            Self::Redirected => {
                "let PAGERDUTY_EVENTS_URL name the final address, for example https://events.pagerduty.com; \
                 redirects are not followed"
            }
            Self::NoAnswerInTime => {
                "see https://status.pagerduty.com; the log line undelivered holds the event to send again"
            }
        }
    }
}

fn key_remedy(fault: KeyFault) -> &'static str {
    match fault {
        KeyFault::Missing => {
            "write integration_key=<32 characters> into the notification template (body) of the ARMS webhook; \
             PagerDuty shows the key in the service's Integrations tab"
        }
        KeyFault::Masked => {
            "paste all 32 characters of the Integration Key into the body, integration_key=<32 characters>, as the \
             service's Integrations tab in PagerDuty gives them, not the masked text of a page"
        }
        KeyFault::RestApiKey => {
            "paste the Integration Key (32 characters) of the service's Integrations tab in PagerDuty into the body, \
             integration_key=<32 characters>, not a REST API key (20 characters)"
        }
        KeyFault::Length(_) | KeyFault::Characters => {
            "paste the Integration Key, 32 letters and digits, of the service's Integrations tab in PagerDuty into \
             the body: integration_key=<32 characters>"
        }
        KeyFault::Ruleset => {
            "use the Integration Key of a service's Events API V2 integration for /change, or set the URL of the \
             ARMS webhook to https://<this host>/v2/enqueue"
        }
        KeyFault::TwoDifferent => {
            "leave one of integration_key, routing_key and service_key in the body: integration_key=<32 characters>"
        }
    }
}

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
            (Error::TooLarge, 413),
            (Error::BodyIncomplete, 408),
            (Error::EmptyBody, 400),
            (Error::Key(KeyFault::Masked), 400),
            (Error::PlaceholderWithoutHeader, 400),
            (Error::ResolveWithoutIdentity, 400),
            (Error::NotHttp, 400),
            (Error::NotReached, 502),
            (Error::Redirected, 502),
            (Error::NoAnswerInTime, 504),
        ] {
            assert_eq!(error.status().as_u16(), status, "{error}");
            assert_ne!(error.word(), "success");
            assert!(!error.remedy().is_empty());
        }
    }
}
