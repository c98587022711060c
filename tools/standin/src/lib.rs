//! A PagerDuty Events API on loopback: it keeps the documented rules, remembers the alerts, and fails on demand.
//!
//! Start one with [`Standin::start`], send events to [`Standin::url`], then look at what arrived. To judge one event
//! without a server, call [`check`].
//!
//! ```
//! use pagerduty_standin::{Fault, Options, Standin};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let standin = Standin::start(Options::default()).await?;
//! standin.push_fault(Fault::status(500));
//! // Let a client send to `standin.url()`, then ask what arrived.
//! assert!(standin.alerts().is_empty());
//! standin.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! - `api`: the three APIs and the words each has for the same thing
//! - [`rules`]: what PagerDuty refuses, as a table with sources
//! - [`memory`]: the alerts and change events that were accepted
//! - `faults`: every way to answer badly, scripted or standing
//! - `book`: what all connections share: memory, requests, faults, rates
//! - `reply`: answers, PagerDuty's own and made up ones
//! - `control`: what `standin serve` offers beside PagerDuty's paths
//! - `server`: sockets and HTTP
//! - `standin`: the handle that tests and tools hold
#![expect(
    clippy::must_use_candidate,
    reason = "a test that looks at nothing of what it asked for fails nobody"
)]

mod api;
mod book;
mod control;
mod faults;
pub mod memory;
mod reply;
pub mod rules;
mod server;
mod standin;

pub use api::Api;
pub use book::{RateLimit, Received};
pub use faults::{Fault, Order};
pub use memory::{Alert, AlertState, Change};
pub use reply::Reply;
pub use rules::{Refusal, check};
pub use standin::{Options, Standin};
