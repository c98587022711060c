//! How fast and how small the function is, beside a bare `lambda_runtime` hello and other languages.
//!
//! `cargo run --release -p arms-pagerduty-bench` builds them, runs them against a Lambda Runtime API
//! and a PagerDuty on loopback and prints what it measured next to the project's limits. It judges
//! no machine: only with `--check` does it fail when a limit is passed.

#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

mod build;
mod cold_start;
mod conversion;
mod http_server;
mod notification;
mod pagerduty;
mod process;
mod program;
mod report;
mod runtime_api;
mod statistics;
mod storm;
mod throttled;

use bytes::Bytes;
use report::Report;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What broke.
type Fault = Box<dyn std::error::Error>;

const USAGE: &str = "usage: arms-pagerduty-bench [--check] [--runs N] [--function PATH]
  --check          exit code 1 if a limit is passed
  --runs N         cold starts of each program, 60 by default
  --function PATH  measure this binary instead of building the function";

struct Options {
    is_check: bool,
    runs: usize,
    function: Option<PathBuf>,
}

fn main() -> Result<ExitCode, Fault> {
    let Some(options) = options(std::env::args().skip(1)) else {
        println!("{USAGE}");
        return Ok(ExitCode::from(2));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(measure(&options))?;
    println!("\n{report}");
    Ok(if options.is_check && !report.is_within() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn options(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options { is_check: false, runs: 60, function: None };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--check" => options.is_check = true,
            "--runs" => options.runs = arguments.next()?.parse().ok().filter(|runs| *runs > 0)?,
            "--function" => options.function = Some(arguments.next()?.into()),
            _ => return None,
        }
    }
    Some(options)
}

async fn measure(options: &Options) -> Result<Report, Fault> {
    let programs = program::all(options.function.as_deref())?;
    let event = Bytes::from(std::fs::read(notification::SAMPLE)?);
    let pagerduty = pagerduty::start(Duration::ZERO).await?;
    let mut report = Report::default();
    let load = std::fs::read_to_string("/proc/loadavg")?;
    println!("load before, of one, five and fifteen minutes: {load}");
    cold_start::measure(&mut report, &programs, &pagerduty, &event, options.runs).await?;
    conversion::measure(&mut report)?;
    let function = programs.first().ok_or("no function")?;
    storm::measure(&mut report, function).await?;
    throttled::measure(&programs, &event).await?;
    Ok(report)
}
