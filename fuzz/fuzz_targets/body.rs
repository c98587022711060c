//! `cargo +nightly fuzz run body`

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| arms_pagerduty_fuzz::body(data));

/// Without cargo-fuzz there is nothing here: `cargo run` runs the same function.
#[cfg(not(fuzzing))]
fn main() {}
