//! Further invocations of a process that has answered before.

use crate::Fault;
use crate::http_server::HttpServer;
use crate::process::Function;
use crate::statistics::Sample;
use bytes::Bytes;
use std::path::Path;
use std::time::Duration;

const INVOCATIONS: u32 = 200;

/// Invokes both programs in turn.
pub(crate) async fn measure(
    programs: [&Path; 2],
    pagerduty: &HttpServer,
    event: &Bytes,
) -> Result<(), Fault> {
    let mut warm = Vec::new();
    for program in programs {
        let mut function = Function::start(program, pagerduty.address, Some(event)).await?;
        drop(function.first_answer().await?);
        function.idle().await?;
        let before = function.cpu().await?;
        warm.push((function, Vec::new(), before));
    }
    for _ in 0..INVOCATIONS {
        for (function, walls, _) in &mut warm {
            walls.push(function.invoke(event).await?.wall);
            function.idle().await?;
        }
    }
    println!("\nwarm, given to answered: {INVOCATIONS} further invocations of one process each, in turn");
    println!("{:<16}{:>9}{:>9}{:>9}{:>9}", "", "wall ms", "p90", "CPU ms", "peak MB");
    for ((function, walls, before), name) in warm.into_iter().zip(["arms-pagerduty", "hello"]) {
        let cpu: Duration = function.cpu().await?.saturating_sub(before) / INVOCATIONS;
        let (wall, memory) = (Sample::of_milliseconds(walls), function.memory()?);
        println!(
            "{name:<16}{:>9.2}{:>9.2}{:>9.2}{:>9.2}",
            wall.median(),
            wall.p90(),
            cpu.as_secs_f64() * 1e3,
            crate::statistics::megabytes(memory.peak)
        );
    }
    Ok(())
}
