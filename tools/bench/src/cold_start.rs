//! From exec to the first answer, in one table with ratios.

use crate::Fault;
use crate::pagerduty::PagerDuty;
use crate::process::Function;
use crate::program::{self, Program};
use crate::report::Report;
use crate::statistics::{Sample, megabytes};
use bytes::Bytes;
use std::time::Duration;

/// Starts before the first that counts: pages and clocks warm up.
const WARM_UP_RUNS: usize = 3;

#[derive(Default)]
struct Runs {
    wall: Vec<Duration>,
    cpu: Vec<Duration>,
    peak: Vec<f64>,
    faults: Vec<f64>,
}

/// A row of the table.
struct Row {
    name: &'static str,
    wall: f64,
    cpu: f64,
    peak: f64,
    faults: f64,
    /// The binary and its zip in MB; NaN where more than a file is deployed.
    binary: f64,
    zip: f64,
}

/// Starts the programs in turn, so that a busy machine is busy for all of them.
pub(crate) async fn measure(
    report: &mut Report,
    programs: &[Program],
    pagerduty: &PagerDuty,
    event: &Bytes,
    count: usize,
) -> Result<(), Fault> {
    let mut runs: Vec<Runs> = programs.iter().map(|_| Runs::default()).collect();
    for number in 0..WARM_UP_RUNS + count {
        for (program, runs) in programs.iter().zip(&mut runs) {
            let mut function = Function::start(program, &pagerduty.url(), Some(event)).await?;
            let first = function.first_answer().await?;
            let (cpu, memory) = (function.cpu().await?, function.memory()?);
            if number >= WARM_UP_RUNS {
                runs.wall.push(first.wall);
                runs.cpu.push(cpu);
                runs.peak.push(megabytes(memory));
                runs.faults.push(function.page_faults()?);
            }
        }
    }
    let rows = programs.iter().zip(runs).map(|(program, runs)| runs.row(program));
    let rows: Vec<Row> = rows.collect::<Result<_, _>>()?;
    let [function, hello, hello_static, ..] = rows.as_slice() else { return Err("three programs".into()) };
    println!("exec to first answer: {count} starts of each, in turn; medians; in brackets times hello's");
    println!(
        "{:<16}{:>16}{:>16}{:>16}{:>14}{:>11}{:>9}",
        "", "wall ms", "CPU ms", "peak MB", "page faults", "binary MB", "zip MB"
    );
    for row in &rows {
        row.print(hello);
    }
    report.limited("wall time / hello's", function.wall / hello.wall, 0.95, "×");
    report.limited("CPU / hello's", function.cpu / hello.cpu, 0.92, "×");
    report.limited("wall time / static hello's", function.wall / hello_static.wall, 1.30, "×");
    report.limited("CPU / static hello's", function.cpu / hello_static.cpu, 1.30, "×");
    report.limited("peak memory", function.peak, 3.5, "MB");
    report.limited("binary", function.binary, 4.0, "MB");
    report.limited("zip", function.zip, 1.9, "MB");
    Ok(())
}

impl Runs {
    fn row(self, program: &Program) -> Result<Row, Fault> {
        let sizes = program.binary.as_deref().map(program::sizes).transpose()?;
        let (binary, zip) =
            sizes.map_or((f64::NAN, f64::NAN), |(file, zip)| (megabytes(file), megabytes(zip)));
        Ok(Row {
            name: program.name,
            wall: Sample::of_milliseconds(self.wall).median(),
            cpu: Sample::of_milliseconds(self.cpu).median(),
            peak: Sample::of(self.peak).median(),
            faults: Sample::of(self.faults).median(),
            binary,
            zip,
        })
    }
}

impl Row {
    fn print(&self, hello: &Self) {
        let of = |value: f64, base: f64| format!("{value:.2} ({:.2})", value / base);
        println!(
            "{:<16}{:>16}{:>16}{:>16}{:>14}{:>11}{:>9}",
            self.name,
            of(self.wall, hello.wall),
            of(self.cpu, hello.cpu),
            of(self.peak, hello.peak),
            self.faults,
            format!("{:.2}", self.binary).replace("NaN", "-"),
            format!("{:.2}", self.zip).replace("NaN", "-")
        );
    }
}
