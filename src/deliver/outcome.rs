//! What became of a parcel.

use crate::error::Error;
use crate::event::{Api, Parcel};
use crate::secret::Mask;
use bytes::Bytes;
use http::HeaderValue;
use serde_json::Value;
use std::time::Duration;

/// The most of an answer's body that is passed on.
pub const REPLY_MAX_BYTES: usize = 64 * 1024;
/// The most of a text of PagerDuty's that counts as an error; `Invalid routing key` is far shorter.
const ERROR_MAX_BYTES: usize = 200;

/// A parcel and how its delivery ended.
pub struct Delivery {
    /// The parcel.
    pub parcel: Parcel,
    /// How it ended.
    pub outcome: Outcome,
    /// How many times it was sent.
    pub attempts: u32,
    /// The time from the first attempt to the end.
    pub elapsed: Duration,
}

/// How sending ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// PagerDuty answered. A success that is not its own, such as a proxy's page, is [`Outcome::Failed`].
    Answered(Reply),
    /// There was no answer that counts.
    Failed(Error),
    /// PagerDuty has accepted a newer event of the same alert, so this one was not sent any more.
    Superseded,
    /// The queue has it, and the worker will send it.
    Stored,
}

/// PagerDuty's answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body, slightly longer than [`REPLY_MAX_BYTES`] at most.
    pub body: Bytes,
    /// The one header that is passed on.
    pub retry_after: Option<HeaderValue>,
}

impl Delivery {
    /// Whether PagerDuty has accepted the event, or a newer one of the same alert, or the queue has it.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.outcome.is_accepted(self.parcel.api)
    }

    /// PagerDuty's status, if it answered.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match &self.outcome {
            Outcome::Answered(reply) => Some(reply.status),
            Outcome::Failed(_) | Outcome::Superseded | Outcome::Stored => None,
        }
    }

    /// Whether the same event may be accepted when it is sent again.
    #[must_use]
    pub fn may_be_retried(&self) -> bool {
        self.outcome.may_be_retried(self.parcel.api)
    }
}

impl Outcome {
    /// Whether PagerDuty has accepted the event, or a newer one of the same alert, or the queue has it.
    #[must_use]
    pub fn is_accepted(&self, api: Api) -> bool {
        match self {
            Self::Answered(reply) => reply.status == api.accepted(),
            Self::Failed(_) => false,
            Self::Superseded | Self::Stored => true,
        }
    }

    /// Whether the same event may be accepted when it is sent again.
    #[must_use]
    pub fn may_be_retried(&self, api: Api) -> bool {
        match self {
            Self::Answered(reply) => api.may_be_retried(reply.status),
            // Behind a proxy's page PagerDuty has the event or not. As after a connection that broke, to
            // send it twice does less harm than to lose it.
            Self::Failed(error) => {
                matches!(error, Error::NotReached(_) | Error::NotPagerDuty { .. } | Error::NoAnswerInTime)
            }
            Self::Superseded | Self::Stored => false,
        }
    }

    /// The answer, if it says that there are too many events.
    #[must_use]
    pub fn rate_limit(&self, api: Api) -> Option<&Reply> {
        match self {
            Self::Answered(reply) if api.is_rate_limit(reply.status) => Some(reply),
            Self::Answered(_) | Self::Failed(_) | Self::Superseded | Self::Stored => None,
        }
    }

    /// What PagerDuty said about a refused event, or why it said nothing.
    #[must_use]
    pub fn errors(&self, mask: &Mask) -> Vec<String> {
        let mut errors = match self {
            Self::Failed(error) => vec![error.to_string()],
            Self::Answered(reply) => reply.errors(mask),
            Self::Superseded | Self::Stored => Vec::new(),
        };
        for error in &mut errors {
            mask.apply(error);
        }
        errors.retain(|error| !error.is_empty());
        errors
    }
}

impl Reply {
    /// Whether PagerDuty says so that it has accepted an event: by its status, and by a `status` of
    /// `success` in a JSON body, which v2's answers may lack. Anything else comes from a proxy.
    #[must_use]
    pub fn accepts(&self, api: Api) -> bool {
        if self.status != api.accepted() {
            return false;
        }
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        match body.get("status") {
            Some(status) => status == "success",
            None => api != Api::V1,
        }
    }

    fn errors(&self, mask: &Mask) -> Vec<String> {
        let Ok(Value::Object(body)) = serde_json::from_slice(&self.body) else {
            return vec![mask.cut(&self.body, false, ERROR_MAX_BYTES)];
        };
        match body.get("errors").or_else(|| body.get("error")) {
            Some(Value::Array(errors)) => errors.iter().map(text).collect(),
            _ => body.get("message").map(text).into_iter().collect(),
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
