//! The function from outside: bodies in, events and answers out.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up, or reads what is not there, should stop"
)]

mod bridge;
mod golden;
mod group;
mod properties;
mod tables;
mod tidy;
