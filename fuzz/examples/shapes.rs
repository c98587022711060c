//! Reads a body of every shape, doubling its length up to what the relay takes, and fails if one takes
//! more than two seconds of work in the best of three runs: three times what the slowest takes, and far less than
//! one whose time grows with the square. Prints times and peak memory; each shape has a process of its own for that.

use arms_pagerduty_fuzz::clock::worked;
use arms_pagerduty_fuzz::run;
use arms_pagerduty_fuzz::shapes::{BODY_MAX_BYTES, SHAPES, Shape};
use std::hint::black_box;
use std::io::{self, Write};
use std::process::{Command, ExitCode};
use std::time::Duration;
use std::{env, fs};

const FIRST_BYTES: usize = BODY_MAX_BYTES / 128;
const WITHIN: Duration = Duration::from_secs(2);
const RUNS: usize = 3;

fn main() -> io::Result<ExitCode> {
    let mut out = io::stdout();
    if let Some(name) = env::args().nth(1) {
        let shape = SHAPES.iter().find(|shape| shape.name == name);
        let ok = measure(shape.ok_or_else(|| io::Error::other("no such shape"))?)?;
        return Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let (mut passed, mut failed) = (0, 0);
    for shape in SHAPES {
        if Command::new(env::current_exe()?).arg(shape.name).status()?.success() {
            passed += 1;
        } else {
            failed += 1;
        }
    }
    writeln!(out, "{passed} passed, {failed} failed")?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure(shape: &Shape) -> io::Result<bool> {
    let mut bytes = FIRST_BYTES;
    loop {
        let body = shape.body(bytes);
        // The body itself stays, as it does in the relay.
        let before_kib = status_kib("VmRSS:");
        let mut elapsed = Duration::MAX;
        for _ in 0..RUNS {
            let started = worked();
            black_box(run(&body, shape.content_type));
            elapsed = elapsed.min(worked().saturating_sub(started));
            if elapsed <= WITHIN {
                break;
            }
        }
        if elapsed > WITHIN || bytes >= BODY_MAX_BYTES {
            let peak_kib = status_kib("VmHWM:").saturating_sub(before_kib);
            let verdict = if elapsed > WITHIN { "FAIL" } else { "ok" };
            writeln!(
                io::stdout(),
                "{verdict:4} {:42} {:5} KiB {:6} ms, {:5} MiB besides the body",
                shape.name,
                bytes / 1024,
                elapsed.as_millis(),
                peak_kib / 1024,
            )?;
            return Ok(elapsed <= WITHIN);
        }
        bytes *= 2;
    }
}

/// A line of `/proc/self/status`, in KiB.
fn status_kib(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
