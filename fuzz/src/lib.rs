//! What is fuzzed, the same for libFuzzer (`fuzz_targets/`) and for the run on a stable toolchain
//! (`examples/stable.rs`).
//!
//! - [`body`]: any bytes as a webhook's body, on the way that the relay takes.
//! - [`json`]: bytes as a recipe for JSON as templates break it, and the time that reading it takes.
//! - [`size`]: bytes as a recipe for an event of any size, and what the size limit makes of it.
//! - [`shapes`]: bodies of any size, of the shapes that a slow way would show at.
//! - [`grown`]: all of them, each format's samples grown to any size, and the bodies that were once slow.
//! - [`clock`]: the time that this thread has worked.
//! - [`seeds`]: what to begin with: the samples of `events/`.

#![forbid(unsafe_code)]

pub mod clock;
mod core;
pub mod grown;
mod near_json;
mod oversize;
pub mod seeds;
pub mod shapes;

pub use crate::core::{body, run};
pub use crate::near_json::{PIECES, json};
pub use crate::oversize::size;

/// A target: it panics at what must not be.
pub type Target = fn(&[u8]);

/// Every target with its name.
pub const TARGETS: [(&str, Target); 3] = [("body", body), ("json", json), ("size", size)];
