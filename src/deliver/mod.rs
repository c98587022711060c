//! Delivery: each parcel until PagerDuty has accepted it, refused it, or time has run out.

mod client;
mod dns;
mod order;
mod outcome;
mod queue;
mod reach;
mod retry;
mod straight;
mod tls;

pub use outcome::{Delivery, Outcome, REPLY_MAX_BYTES, Reply};
pub use straight::Sender;
