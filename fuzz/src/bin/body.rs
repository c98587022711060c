//! `fuzz/run 60`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: arms_pagerduty_fuzz::Input| arms_pagerduty_fuzz::check(&input));
