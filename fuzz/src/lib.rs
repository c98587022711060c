//! What is fuzzed, and the bodies that are measured (`examples/shapes.rs`).
//!
//! - [`body`]: any bytes as a webhook's body, on the way that the relay takes.
//! - [`json`]: JSON as templates break it, and the time that reading it takes.
//! - [`size`]: events of any size, and what the size limit makes of them.
//! - [`bodies`]: bodies that grow, and what slow ways would show at.
//! - [`seeds`]: what to begin with: the samples of `events/`.

#![forbid(unsafe_code)]

pub mod bodies;
mod core;
mod near_json;
mod oversize;
pub mod seeds;

pub use crate::core::{Choice, body, run};
pub use crate::near_json::{Step, json};
pub use crate::oversize::{Recipe, size};

use std::fs;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// How long this thread has worked, for what others do on the machine does not count; where the kernel does not say, how long
/// the process has run.
#[must_use]
pub fn worked() -> Duration {
    let line = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = line.split_whitespace().next().and_then(|number| number.parse().ok());
    nanoseconds.map_or_else(|| BEGUN.elapsed(), Duration::from_nanos)
}
