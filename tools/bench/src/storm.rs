//! One notification of 3,000 alerts, as large as a function URL lets through.

use crate::http_server::HttpServer;
use crate::process::Function;
use crate::report::Report;
use crate::statistics::megabytes;
use crate::{Fault, notification};
use bytes::Bytes;
use std::path::Path;

const ALERTS: usize = 3_000;
/// Brings the body to 5 MB.
const DESCRIPTION_CHARS: usize = 580;
const PEAK_MAX_BODIES: f64 = 6.0;

/// Invokes an idle process once.
pub(crate) async fn measure(
    report: &mut Report,
    function: &Path,
    pagerduty: &HttpServer,
) -> Result<(), Fault> {
    let body = notification::body(ALERTS, DESCRIPTION_CHARS)?;
    let event = Bytes::from(notification::envelope(&body)?);
    let mut function = Function::start(function, pagerduty.address, None).await?;
    function.idle().await?;
    let (idle_cpu, idle) = (function.cpu().await?, function.memory()?);
    let requests_before = pagerduty.requests();
    let invoked = function.invoke(&event).await?;
    let (cpu, storm) = (function.cpu().await?, function.memory()?);
    let body_mb = megabytes(u64::try_from(body.len())?);
    let grown = megabytes(storm.peak - idle.peak);
    println!(
        "\n{ALERTS} alerts, {body_mb:.2} MB in an envelope of {:.2} MB: {} requests to PagerDuty, \
         {:.0} ms, {:.0} ms of CPU; idle {:.2} MB, peak {:.2} MB",
        megabytes(u64::try_from(event.len())?),
        pagerduty.requests() - requests_before,
        invoked.wall.as_secs_f64() * 1e3,
        cpu.saturating_sub(idle_cpu).as_secs_f64() * 1e3,
        megabytes(idle.peak),
        megabytes(storm.peak)
    );
    report.limited("3,000 alerts, peak memory above idle / body", grown / body_mb, PEAK_MAX_BODIES, "×");
    Ok(())
}
