//! arms-pagerduty turns the webhooks of Alibaba Cloud ARMS into PagerDuty events.
//!
//! A request takes one way: [`host`] brings it in and hands it to [`relay`], the one handler.
//! [`admit`] lets it in or refuses it by its head. [`prepare`] turns its body into finished parcels:
//! [`webhook`] reads the body into a notification, [`convert`] makes events of that, and [`event`]
//! writes them as PagerDuty takes them. [`deliver`] sends the parcels, and [`answer`] makes the answer
//! of what became of them. With a queue, [`deliver`] stores the parcels first, and [`worker`] sends them when
//! the queue hands them out.
//!
//! - [`cli`]: the command line.
//! - [`config`]: settings, checked once at start.
//! - [`host`]: Lambda, Function Compute and plain HTTP.
//! - [`relay`]: the one handler: admit, prepare, deliver, answer.
//! - [`admit`]: path, method and token; no web pages without a token.
//! - [`in_flight`]: the events that have no outcome yet.
//! - [`prepare`]: from a request to parcels: key, body, events, secrets.
//! - [`decode`]: `Content-Encoding` and UTF-16.
//! - [`webhook`]: the formats of the senders, a file for each.
//! - [`lenient_json`]: JSON that templates have broken.
//! - [`convert`]: what an alert means to PagerDuty: facts, words, identity, groups.
//! - [`event`]: what PagerDuty takes: an event, its limits, and a writer for each API.
//! - [`deliver`]: sending, and sending again while there is time; storing first.
//! - [`worker`]: the queue's messages: sent, kept for later, or buried.
//! - [`answer`]: the answer to the webhook.
//! - [`error`]: every refusal, with its status, message and remedy.
//! - [`secret`]: keys and tokens, which cannot be printed.
//! - [`timestamp`]: the notations of time.
//! - [`request`]: query values and header texts.
//! - [`resend`]: sends again what the log says PagerDuty does not have.
//! - [`log`]: JSON lines and what CloudWatch counts in them.

pub mod admit;
pub mod answer;
pub mod cli;
pub mod config;
pub mod convert;
pub mod decode;
pub mod deliver;
pub mod error;
pub mod event;
pub mod host;
pub mod in_flight;
pub mod lenient_json;
pub mod log;
pub mod prepare;
pub mod relay;
pub mod request;
pub mod resend;
pub mod secret;
pub mod timestamp;
pub mod webhook;
pub mod worker;
