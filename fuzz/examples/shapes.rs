//! Reads every shape at a quarter, a half and the whole of what the relay takes, and fails if one takes over a second of
//! work, if its time grows faster than its size, or if it needs too much memory. `shapes seeds` writes what a fuzzer
//! begins with into `corpus` instead.

use arms_pagerduty::convert::EventPer;
use arms_pagerduty::event::Api;
use arms_pagerduty_fuzz::shapes::{BODY_MAX_BYTES, Shape, fill, shapes, write_seeds};
use arms_pagerduty_fuzz::{CONTENT_TYPES, run, worked};
use std::hint::black_box;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs};

const SIZES: [usize; 3] = [BODY_MAX_BYTES / 4, BODY_MAX_BYTES / 2, BODY_MAX_BYTES];
/// What no body may take (docs/security.md).
const WITHIN: Duration = Duration::from_secs(1);
/// How much longer four times the size may take: 4 is linear, 16 is quadratic.
const GROWTH_MAX: f64 = 8.0;
/// What takes less is not judged by its growth: that would be noise.
const JUDGED_FROM: Duration = Duration::from_millis(100);
/// What the function may need besides the body: it has 128 MiB for all, and the largest need measured was 57 MiB.
const PEAK_MAX_MIB: usize = 80;
/// The best of so many runs counts: on a shared machine one may be slow.
const RUNS: usize = 5;

fn main() -> io::Result<ExitCode> {
    if env::args().nth(1).as_deref() == Some("seeds") {
        write_seeds(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let (mut passed, mut failed) = (0, 0);
    for shape in shapes()? {
        for &api in shape.apis {
            *if measure(&shape, api)? { &mut passed } else { &mut failed } += 1;
        }
    }
    writeln!(io::stdout(), "{passed} passed, {failed} failed")?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints the time of each size, the growth and the peak of memory besides the body itself, and says whether all is well.
fn measure(shape: &Shape, api: Api) -> io::Result<bool> {
    let mut best = [Duration::MAX; SIZES.len()];
    let (mut growth, mut peak_mib, mut is_good) = (0.0, 0, false);
    for _ in 0..RUNS {
        for (best, bytes) in best.iter_mut().zip(SIZES) {
            let body = fill(&shape.pattern, bytes);
            // From here on the peak is counted anew.
            fs::write("/proc/self/clear_refs", "5")?;
            let before_kib = status_kib("VmRSS:")?;
            let started = worked();
            let content_type = CONTENT_TYPES[usize::from(shape.content_type)];
            let parcels = black_box(run(&body, content_type, api, EventPer::Alert, |_| ()));
            parcels.iter().flatten().for_each(|parcel| _ = black_box(parcel.body()));
            *best = worked().saturating_sub(started).min(*best);
            peak_mib = status_kib("VmHWM:")?.saturating_sub(before_kib) / 1024;
        }
        growth = best[2].as_secs_f64() / best[0].as_secs_f64().max(1e-6);
        let grows_well = best[2] < JUDGED_FROM || growth <= GROWTH_MAX;
        is_good = best[2] <= WITHIN && grows_well && peak_mib <= PEAK_MAX_MIB;
        // Whatever is so slow is not so by chance.
        if is_good || best[2] > WITHIN * 3 {
            break;
        }
    }
    let verdict = if is_good { "ok" } else { "FAIL" };
    let times = best.map(|time| time.as_millis());
    let name: String = shape.name.escape_debug().take(60).collect();
    writeln!(io::stdout(), "{verdict:4} {times:4?} ms, {growth:4.1}, {peak_mib:3} MiB: {name} for {api:?}")?;
    Ok(is_good)
}

/// A line of `/proc/self/status`, in KiB.
fn status_kib(name: &str) -> io::Result<usize> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| io::Error::other("the kernel does not say it"))
}
