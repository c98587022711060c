//! How fast and how small the function is, beside a bare `lambda_runtime` hello and other languages.
//!
//! `cargo run --release -p arms-pagerduty-bench` builds them, runs them against a Lambda Runtime API
//! and a PagerDuty on loopback and prints what it measured next to the project's limits. It judges
//! no machine: only with `--check` does it fail when a limit is passed.

#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

mod cold_start;
mod conversion;
mod function;
mod notification;
mod program;
mod report;
mod server;
mod storm;
mod throttled;

use axum::body::Bytes;
use clap::Parser;
use report::Report;
use server::PagerDuty;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What broke.
type Fault = Box<dyn std::error::Error>;

/// Measures how fast and how small the function is
#[derive(Parser)]
struct Options {
    /// Exit code 1 if a limit is passed
    #[arg(long)]
    check: bool,
    /// Cold starts of each program
    #[arg(long, default_value = "60")]
    runs: NonZeroUsize,
    /// Measure this binary instead of building the function
    #[arg(long)]
    function: Option<PathBuf>,
}

fn main() -> Result<ExitCode, Fault> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(measure(&options))?;
    println!("\n{report}");
    Ok(if options.check && !report.is_within() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn measure(options: &Options) -> Result<Report, Fault> {
    let programs = program::all(options.function.as_deref())?;
    let event = Bytes::from(std::fs::read(notification::SAMPLE)?);
    let pagerduty = PagerDuty::start(Duration::ZERO).await?;
    let mut report = Report::default();
    let load = std::fs::read_to_string("/proc/loadavg")?;
    println!("load before, of one, five and fifteen minutes: {load}");
    cold_start::measure(&mut report, &programs, &pagerduty, &event, options.runs.get()).await?;
    conversion::measure(&mut report)?;
    let function = programs.first().ok_or("no function")?;
    storm::measure(&mut report, function).await?;
    throttled::measure(&programs, &event).await?;
    Ok(report)
}
