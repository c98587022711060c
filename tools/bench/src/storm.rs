//! Notifications of many alerts.

use crate::function::Function;
use crate::program::Program;
use crate::report::{Report, megabytes, milliseconds};
use crate::server::PagerDuty;
use crate::{Fault, notification};
use std::time::{Duration, Instant};

/// How long a call of PagerDuty takes in the storm of 100 alerts.
const CALL: Duration = Duration::from_millis(50);
const PEAK_MAX_BODIES: f64 = 8.0;

/// Invokes an idle process with each of them.
pub(crate) async fn measure(report: &mut Report, program: &Program) -> Result<(), Fault> {
    // The larger body is as large as a function URL lets through.
    for (alerts, description_chars) in [(3_000, 580), (5_000, 100)] {
        large(report, program, alerts, description_chars).await?;
    }
    rounds(program).await
}

async fn large(report: &mut Report, program: &Program, alerts: usize, chars: usize) -> Result<(), Fault> {
    let pagerduty = PagerDuty::start(Duration::ZERO).await?;
    let body = notification::body(alerts, chars)?;
    let event = notification::envelope(&body)?;
    let mut function = Function::start(program, &pagerduty.url(), None).await?;
    function.idle().await?;
    let (idle_cpu, idle) = (function.cpu().await?, function.memory()?);
    let given = Instant::now();
    function.give(&event)?;
    let wall = function.answered_since(given).await?;
    let (cpu, storm) = (function.cpu().await?, function.memory()?);
    let body_mb = megabytes(body.len().try_into()?);
    println!(
        "{alerts} alerts, {body_mb:.2} MB: {} requests to PagerDuty, {:.0} ms, {:.0} ms of CPU, peak {:.1} MB",
        pagerduty.accepted().len(),
        milliseconds(wall),
        milliseconds(cpu.saturating_sub(idle_cpu)),
        megabytes(storm)
    );
    let grown = megabytes(storm - idle);
    report.limited("peak memory above idle / body", grown / body_mb, PEAK_MAX_BODIES, "×");
    Ok(())
}

/// 100 alerts go in rounds of eight; the gravest are in the first (tests/it/order.rs).
async fn rounds(program: &Program) -> Result<(), Fault> {
    let pagerduty = PagerDuty::start(CALL).await?;
    let event = notification::envelope(&notification::body(100, 0)?)?;
    let mut function = Function::start(program, &pagerduty.url(), None).await?;
    function.idle().await?;
    let given = Instant::now();
    function.give(&event)?;
    function.answered_since(given).await?;
    let accepted = pagerduty.accepted();
    let after: Vec<f64> = accepted.iter().map(|at| milliseconds(at.duration_since(given))).collect();
    let [first, .., last] = after[..] else { return Err("nothing was accepted".into()) };
    println!(
        "100 alerts, {} ms a call: the first event is accepted after {first:.0} ms, the last of {} after {last:.0} ms",
        CALL.as_millis(),
        accepted.len()
    );
    Ok(())
}
