//! `fuzz/run 60 size`, or `cargo +nightly fuzz run size`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: arms_pagerduty_fuzz::Recipe| arms_pagerduty_fuzz::size(&input));
