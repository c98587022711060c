//! Notifications of many alerts.

use crate::process::Function;
use crate::program::Program;
use crate::report::Report;
use crate::statistics::megabytes;
use crate::{Fault, notification, pagerduty};
use bytes::Bytes;
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
    let pagerduty = pagerduty::start(Duration::ZERO).await?;
    let body = notification::body(alerts, chars)?;
    let event = Bytes::from(notification::envelope(&body)?);
    let mut function = Function::start(program, &pagerduty.url(), None).await?;
    function.idle().await?;
    let (idle_cpu, idle) = (function.cpu().await?, function.memory()?);
    let invoked = function.invoke(&event).await?;
    let (cpu, storm) = (function.cpu().await?, function.memory()?);
    let body_mb = megabytes(u64::try_from(body.len())?);
    let grown = megabytes(storm - idle);
    println!(
        "{alerts} alerts, {body_mb:.2} MB: {} requests to PagerDuty, {:.0} ms, {:.0} ms of CPU, peak {:.1} MB",
        pagerduty.accepted().len(),
        invoked.wall.as_secs_f64() * 1e3,
        cpu.saturating_sub(idle_cpu).as_secs_f64() * 1e3,
        megabytes(storm)
    );
    report.limited("peak memory above idle / body", grown / body_mb, PEAK_MAX_BODIES, "×");
    Ok(())
}

/// 100 alerts go in rounds of eight; the gravest are in the first (tests/it/order.rs).
async fn rounds(program: &Program) -> Result<(), Fault> {
    let pagerduty = pagerduty::start(CALL).await?;
    let event = Bytes::from(notification::envelope(&notification::body(100, 0)?)?);
    let mut function = Function::start(program, &pagerduty.url(), None).await?;
    function.idle().await?;
    let given = Instant::now();
    function.invoke(&event).await?;
    let accepted = pagerduty.accepted();
    let (Some(first), Some(last)) = (accepted.first(), accepted.last()) else {
        return Err("nothing was accepted".into());
    };
    println!(
        "100 alerts, {} ms a call: the first event is accepted after {:.0} ms, the last of {} after {:.0} ms",
        CALL.as_millis(),
        first.duration_since(given).as_secs_f64() * 1e3,
        accepted.len(),
        last.duration_since(given).as_secs_f64() * 1e3
    );
    Ok(())
}
