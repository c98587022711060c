//! Delivery: each parcel until PagerDuty has accepted it, refused it, or time has run out.

//!
//! There are two ways: straight to PagerDuty, or into a queue first, from which a worker sends. What is
//! decided on the second way is decided in [`decide`] and [`message`], which know no clock and no network.

mod client;
pub mod decide;
mod dns;
pub mod message;
mod name_query;
mod name_servers;
mod order;
mod outcome;
mod queue;
mod reach;
mod retry;
mod sigv4;
mod sqs;
mod stored;
mod straight;
mod tls;
mod way;

pub use outcome::{Delivery, Outcome, REPLY_MAX_BYTES, Reply};
pub use sqs::StoreFault;
pub use stored::{Handed, Receipt, Stored, Unstored};
pub use straight::{Ended, Sender};
pub use way::Way;
