//! From exec to the first answer, in one table with ratios.

use crate::Fault;
use crate::function::Function;
use crate::program::{self, Program};
use crate::report::{Report, median, megabytes, milliseconds};
use crate::server::PagerDuty;
use axum::body::Bytes;

/// Starts before the first that counts: pages and clocks warm up.
const WARM_UP_RUNS: usize = 3;

/// Wall time and CPU time in ms, peak memory in MB, page faults: of each run, then their medians.
type Measured<T> = [T; 4];

/// Starts the programs in turn, so that a busy machine is busy for all of them.
pub(crate) async fn measure(
    report: &mut Report,
    programs: &[Program],
    pagerduty: &PagerDuty,
    event: &Bytes,
    count: usize,
) -> Result<(), Fault> {
    let mut runs: Vec<Measured<Vec<f64>>> = vec![Measured::default(); programs.len()];
    for number in 0..WARM_UP_RUNS + count {
        for (program, runs) in programs.iter().zip(&mut runs) {
            program.unpack()?;
            let run = start(program, pagerduty, event).await?;
            if number >= WARM_UP_RUNS {
                runs.iter_mut().zip(run).for_each(|(values, value)| values.push(value));
            }
        }
    }
    let medians: Vec<_> = runs.iter().map(|runs| runs.each_ref().map(|values| median(values))).collect();
    println!("exec to first answer: {count} starts of each, in turn; medians; in brackets times hello's");
    println!(
        "{:<16}{:>16}{:>16}{:>16}{:>14}{:>11}{:>9}",
        "", "wall ms", "CPU ms", "peak MB", "page faults", "binary MB", "zip MB"
    );
    let [function, hello, hello_static, ..] = medians[..] else { return Err("three programs".into()) };
    let mut sizes = Vec::new();
    for (program, medians) in programs.iter().zip(&medians) {
        print!("{:<16}", program.name);
        for (value, base) in medians.iter().zip(hello).take(3) {
            print!("{:>16}", format!("{value:.2} ({:.2})", value / base));
        }
        // More than a file is deployed of the others.
        let [binary, zip] = program.binary.as_deref().map_or(Ok([f64::NAN; 2]), program::sizes)?;
        println!("{:>14}{:>11}{:>9}", medians[3], size(binary), size(zip));
        sizes.push((binary, zip));
    }
    let (binary, zip) = sizes.first().copied().unwrap_or_default();
    report.limited("wall time / hello's", function[0] / hello[0], 0.95, "×");
    report.limited("CPU / hello's", function[1] / hello[1], 0.92, "×");
    report.limited("wall time / static hello's", function[0] / hello_static[0], 1.30, "×");
    report.limited("CPU / static hello's", function[1] / hello_static[1], 1.30, "×");
    report.limited("peak memory", function[2], 3.5, "MB");
    report.limited("binary", binary, 4.0, "MB");
    report.limited("zip", zip, 1.9, "MB");
    Ok(())
}

async fn start(program: &Program, pagerduty: &PagerDuty, event: &Bytes) -> Result<Measured<f64>, Fault> {
    let mut function = Function::start(program, &pagerduty.url(), Some(event)).await?;
    let wall = function.answered_since(function.started).await?;
    let (cpu, memory) = (function.cpu().await?, function.memory()?);
    let page_faults = u32::try_from(function.page_faults()?)?;
    Ok([milliseconds(wall), milliseconds(cpu), megabytes(memory), page_faults.into()])
}

fn size(megabytes: f64) -> String {
    if megabytes.is_nan() { "-".to_owned() } else { format!("{megabytes:.2}") }
}
