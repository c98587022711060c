//! A refused event, and how PagerDuty says so.

use bytes::Bytes;
use serde_json::json;

use super::{Rule, Says};
use crate::{Api, Reply};

/// An event that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The API that was asked.
    pub api: Api,
    /// Why.
    pub reason: Reason,
}

/// Why an event is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Over [`super::BODY_MAX_BYTES`].
    TooLarge,
    /// Not a JSON object: broken, another type, or a form.
    Unrecognized,
    /// These rules are broken.
    Broken(Vec<&'static Rule>),
    /// Too many events for the key.
    RateLimited,
}

impl Refusal {
    /// The entries of `errors` in the answer.
    #[must_use]
    pub fn errors(&self) -> Vec<&'static str> {
        match &self.reason {
            Reason::TooLarge => vec!["Event size is too large (maximum is 512 KB)"],
            Reason::Unrecognized => vec!["JSON parse error"],
            Reason::RateLimited => Vec::new(),
            Reason::Broken(rules) => rules
                .iter()
                .filter_map(|rule| match rule.says {
                    Says::Seen(text) | Says::Guess(text) => Some(text),
                    Says::InvalidKey | Says::TooManyLinks(_) => None,
                })
                .collect(),
        }
    }

    /// The answer PagerDuty gives.
    #[must_use]
    pub fn reply(&self) -> Reply {
        let invalid = || {
            let errors = self.errors();
            Reply::json(
                400,
                &json!({"status": "invalid event", "message": "Event object is invalid", "errors": errors}),
            )
        };
        match &self.reason {
            // The status is not in the docs. PagerDuty's people believe that it is 400 with an error that says so:
            // github.com/PagerDuty/go-pagerduty/issues/221.
            Reason::TooLarge => invalid(),
            Reason::Unrecognized => {
                let status = if self.api == Api::V1 { "unrecognized object" } else { "Unrecognized object" };
                let message = "Event object format is unrecognized";
                Reply::json(400, &json!({"status": status, "message": message, "errors": self.errors()}))
            }
            Reason::RateLimited => {
                let status = if self.api == Api::V1 { 403 } else { 429 };
                Reply { status, headers: Vec::new(), body: Bytes::new() }
            }
            Reason::Broken(rules) => {
                let links = rules.iter().find_map(|rule| match rule.says {
                    Says::TooManyLinks(text) => Some(text),
                    Says::Seen(_) | Says::Guess(_) | Says::InvalidKey => None,
                });
                match links {
                    _ if !self.errors().is_empty() => invalid(),
                    Some(text) => Reply::json(400, &json!({"error": [text]})),
                    None => invalid_key(),
                }
            }
        }
    }
}

fn invalid_key() -> Reply {
    Reply::text(400, "Invalid routing key")
}
