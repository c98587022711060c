//! The function from outside: bodies in, events and answers out.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up, or reads what is not there, should stop"
)]

mod acceptance;
mod actions_time;
mod answers;
mod bridge;
mod clients;
mod command_line;
mod delivery;
mod docs;
mod durable;
mod formats;
mod golden;
mod group;
mod hosts;
mod keys;
mod lambda;
mod lives;
mod order;
mod outages;
mod process;
mod properties;
mod random;
mod reach;
mod refusals;
mod resend;
mod secrets;
mod size;
mod slow_bodies;
mod sources;
mod sqs;
mod stops;
mod tables;
mod tidy;
mod traps;
