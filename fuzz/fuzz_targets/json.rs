//! `fuzz/run 60 json`, or `cargo +nightly fuzz run json`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: (arms_pagerduty_fuzz::Choice, Vec<arms_pagerduty_fuzz::Step>)| {
    arms_pagerduty_fuzz::json(input.0, &input.1);
});
