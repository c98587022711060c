//! Reads every body of `bodies` at a quarter, a half and the whole of what the relay takes, and fails if one takes over
//! a second of work or if its time grows faster than its size. Prints each size's time, the growth and the peak of
//! memory; each body has a process of its own for that.
//!
//! `shapes` measures all, `shapes NAME` one of them.

use arms_pagerduty_fuzz::bodies::{BODY_MAX_BYTES, Body, bodies};
use arms_pagerduty_fuzz::{run, worked};
use std::hint::black_box;
use std::io::{self, Write};
use std::process::{Command, ExitCode};
use std::time::Duration;
use std::{env, fs};

/// A quarter, a half, the whole.
const SIZES: [usize; 3] = [BODY_MAX_BYTES / 4, BODY_MAX_BYTES / 2, BODY_MAX_BYTES];
/// What no body may take (docs/security.md).
const WITHIN: Duration = Duration::from_secs(1);
/// How much longer four times the size may take: 4 is linear, 16 is quadratic.
const GROWTH_MAX: f64 = 8.0;
/// What takes less is not judged by its growth: that would be noise.
const JUDGED_FROM: Duration = Duration::from_millis(100);
/// The best of so many runs counts: on a shared machine one may be slow.
const RUNS: usize = 5;

fn main() -> io::Result<ExitCode> {
    let bodies = bodies()?;
    let mut out = io::stdout();
    if let Some(name) = env::args().nth(1) {
        let body = bodies.iter().find(|body| body.name == name);
        let ok = measure(body.ok_or_else(|| io::Error::other("no such body"))?)?;
        return Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let sizes = SIZES.map(|bytes| format!("{:.1} MiB", mib(bytes)));
    writeln!(out, "     {:52} {:>9} {:>9} {:>9}  growth   memory", "body", sizes[0], sizes[1], sizes[2])?;
    let mut failed = 0;
    for body in &bodies {
        let status = Command::new(env::current_exe()?).arg(&body.name).status()?;
        failed += usize::from(!status.success());
    }
    writeln!(
        out,
        "{} passed, {failed} failed; at most {WITHIN:?}, and {GROWTH_MAX} times the time for 4 times the size",
        bodies.len() - failed
    )?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure(body: &Body) -> io::Result<bool> {
    let mut best = [Duration::MAX; SIZES.len()];
    let mut peak_kib = 0;
    for _ in 0..RUNS {
        for (best, bytes) in best.iter_mut().zip(SIZES) {
            let text = (body.make)(bytes);
            // The body itself stays, as it does in the relay.
            let before_kib = status_kib("VmRSS:");
            let started = worked();
            black_box(run(&text, &body.content_type, body.api));
            *best = worked().saturating_sub(started).min(*best);
            peak_kib = status_kib("VmHWM:").saturating_sub(before_kib);
            // Whatever is so slow will be slower at the next size.
            if *best > WITHIN * 3 {
                break;
            }
        }
        if is_good(best) {
            break;
        }
    }
    let times = best.map(|time| match time {
        Duration::MAX => "-".to_owned(),
        time => format!("{} ms", time.as_millis()),
    });
    let verdict = if is_good(best) { "ok" } else { "FAIL" };
    writeln!(
        io::stdout(),
        "{verdict:4} {:52} {:>9} {:>9} {:>9} {:7.1} {:>8}",
        body.name,
        times[0],
        times[1],
        times[2],
        growth(best),
        format!("{} MiB", peak_kib / 1024),
    )?;
    Ok(is_good(best))
}

fn is_good(best: [Duration; SIZES.len()]) -> bool {
    best[2] <= WITHIN && (best[2] < JUDGED_FROM || growth(best) <= GROWTH_MAX)
}

/// How much longer the whole takes than a quarter of it.
fn growth(best: [Duration; SIZES.len()]) -> f64 {
    best[2].as_secs_f64() / best[0].as_secs_f64().max(1e-6)
}

#[expect(clippy::cast_precision_loss, reason = "a size to be printed")]
fn mib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// A line of `/proc/self/status`, in KiB.
fn status_kib(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
