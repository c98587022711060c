//! From exec to the first answer.

use crate::Fault;
use crate::http_server::HttpServer;
use crate::process::Function;
use crate::report::Report;
use crate::statistics::{Sample, megabytes};
use bytes::Bytes;
use std::path::Path;
use std::time::Duration;

const WALL_RATIO_MAX: f64 = 1.5;
const CPU_RATIO_MAX: f64 = 1.4;
const BINARY_MAX_MB: f64 = 3.0;
const PEAK_MAX_MB: f64 = 6.0;
/// Starts before the first that counts: pages and clocks warm up.
const WARM_UP_RUNS: usize = 5;

#[derive(Default)]
struct Runs {
    wall: Vec<Duration>,
    cpu: Vec<Duration>,
    peak: Vec<f64>,
    anonymous: Vec<f64>,
}

struct Summary {
    wall: Sample,
    cpu: Sample,
    peak: Sample,
    anonymous: Sample,
    binary: f64,
}

/// Starts both programs in turn, so that a busy machine is busy for both.
pub(crate) async fn measure(
    report: &mut Report,
    programs: [&Path; 2],
    pagerduty: &HttpServer,
    event: &Bytes,
    count: usize,
) -> Result<(), Fault> {
    let mut runs = [Runs::default(), Runs::default()];
    for number in 0..WARM_UP_RUNS + count {
        for (program, runs) in programs.into_iter().zip(&mut runs) {
            let mut function = Function::start(program, pagerduty.address, Some(event)).await?;
            let first = function.first_answer().await?;
            let (cpu, memory) = (function.cpu().await?, function.memory()?);
            if number >= WARM_UP_RUNS {
                runs.wall.push(first.wall);
                runs.cpu.push(cpu);
                runs.peak.push(megabytes(memory.peak));
                runs.anonymous.push(megabytes(memory.anonymous));
            }
        }
    }
    let [function, hello] = runs;
    let (function, hello) = (function.summary(programs[0])?, hello.summary(programs[1])?);
    println!("cold start, exec to first answer: {count} starts of each, in turn; medians");
    println!(
        "{:<16}{:>9}{:>9}{:>9}{:>9}{:>14}{:>11}",
        "", "wall ms", "p90", "CPU ms", "peak MB", "anonymous MB", "binary MB"
    );
    function.print("arms-pagerduty");
    hello.print("hello");
    let ratio = |of: fn(&Summary) -> &Sample| of(&function).median() / of(&hello).median();
    report.limited("cold start, wall time, function / hello", ratio(|it| &it.wall), WALL_RATIO_MAX, "×");
    report.limited("cold start, CPU, function / hello", ratio(|it| &it.cpu), CPU_RATIO_MAX, "×");
    report.limited("binary", function.binary, BINARY_MAX_MB, "MB");
    report.limited("peak memory of one alert, the most of all", function.peak.max(), PEAK_MAX_MB, "MB");
    Ok(())
}

impl Runs {
    fn summary(self, program: &Path) -> Result<Summary, Fault> {
        Ok(Summary {
            wall: Sample::of_milliseconds(self.wall),
            cpu: Sample::of_milliseconds(self.cpu),
            peak: Sample::of(self.peak),
            anonymous: Sample::of(self.anonymous),
            binary: megabytes(std::fs::metadata(program)?.len()),
        })
    }
}

impl Summary {
    fn print(&self, name: &str) {
        println!(
            "{name:<16}{:>9.2}{:>9.2}{:>9.2}{:>9.2}{:>14.2}{:>11.2}",
            self.wall.median(),
            self.wall.p90(),
            self.cpu.median(),
            self.peak.median(),
            self.anonymous.median(),
            self.binary
        );
    }
}
