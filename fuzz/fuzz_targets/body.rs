//! `fuzz/run 60 body`, or `cargo +nightly fuzz run body`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: (arms_pagerduty_fuzz::Choice, &[u8])| arms_pagerduty_fuzz::body(
    input.0, input.1
));
