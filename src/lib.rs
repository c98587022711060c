//! arms-pagerduty turns the webhooks of Alibaba Cloud ARMS into PagerDuty events.
//!
//! A request takes one straight way: [`host`] brings it in, [`relay`] lets it pass or refuses it,
//! [`intake`] finds its key, [`webhook`] reads its body into a notification, [`convert`] makes events of that, [`event`]
//! writes them as PagerDuty takes them, [`pagerduty`] sends them, and [`answer`] makes PagerDuty's
//! words the answer.
//!
//! - [`config`]: settings, checked once at start.
//! - [`webhook`]: what ARMS sends; a file a format.
//! - [`convert`]: what an alert means to PagerDuty: action, identity, severity, summary.
//! - [`event`]: what PagerDuty takes; a file an API.
//! - [`pagerduty`]: sending, and sending again while there is time.
//! - [`answer`]: the answer to the webhook.
//! - [`intake`]: a request becomes events under a key.
//! - [`relay`]: the one handler.
//! - [`host`]: Lambda, Function Compute and plain HTTP.
//! - [`error`]: every refusal and its status.
//! - [`secret`]: keys and tokens, which cannot be printed.
//! - [`timestamp`]: the ways in which ARMS writes a time.
//! - [`log`]: JSON lines.
//! - [`metrics`]: what CloudWatch counts in them.

pub mod answer;
pub mod config;
pub mod convert;
pub mod error;
pub mod event;
pub mod host;
pub mod intake;
pub mod log;
pub mod metrics;
pub mod pagerduty;
pub mod relay;
pub mod secret;
pub mod timestamp;
pub mod webhook;
