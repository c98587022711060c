//! The function on loopback beside a PagerDuty stand-in: see what would page, before anyone is paged.
//!
//! - `options`: the command line.
//! - `inbox`: the function, the stand-in and the page, started and stopped together.
//! - `front`: the webhook's address; what comes there is remembered, then handled.
//! - `record`: one webhook, its events and what became of them; `memory`: the latest webhooks.
//! - `leaves`, `origin`: where each value of an event came from; `decoded`: where a decoded text is in its source.
//! - `masking`: what must not be shown; the page's API and the terminal show nothing but through it.
//! - `page`: the page and the API behind it; its files are in `page/`, beside `src/`.
//! - `samples`: bodies to try; `template`: fields to paste at a source.
//! - `queue`: a local queue, for durable delivery; `outage`: an outage of PagerDuty that shows what it is good for.
//! - `tour`: a sample on its way from ARMS to the on-call's screen; `journal`: every further webhook, a line an event.
//! - `screen`: the terminal.

mod decoded;
mod front;
mod inbox;
mod journal;
mod leaves;
mod masking;
mod memory;
mod options;
mod origin;
mod outage;
mod page;
mod queue;
mod record;
mod samples;
mod screen;
mod template;
mod tour;

use arms_pagerduty::host::Fault;
use inbox::Inbox;
use options::{Options, Secrets};
use samples::Sample;
use screen::Screen;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;

fn main() -> ExitCode {
    let started = Options::of_command_line().map_err(Fault::from).and_then(|options| start(&options));
    match started {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) if is_closed_pipe(&fault) => ExitCode::SUCCESS,
        Err(fault) => {
            // Without a reader there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "arms-pagerduty-inbox: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn start(options: &Options) -> Result<(), Fault> {
    let secrets = Secrets::read(options, |name| std::env::var(name).ok())?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(options, &secrets))
}

async fn run(options: &Options, secrets: &Secrets) -> Result<(), Fault> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut asked = async || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let (inbox, mut lines) = Inbox::start(options, secrets).await?;
    let mut screen = Screen::of_stdout();
    let shown = tokio::select! {
        shown = show(&inbox, options, &mut screen, &mut lines) => shown,
        () = asked() => Ok(()),
    };
    tokio::select! {
        () = inbox.stop() => {}
        // Whoever asks twice does not want to wait for what is still being tried.
        () = asked() => {}
    }
    shown?;
    while !options.once
        && let Ok(line) = lines.try_recv()
    {
        screen.line(line)?;
    }
    Ok(())
}

/// The tour or an outage; then each further webhook until something breaks.
async fn show(
    inbox: &Arc<Inbox>,
    options: &Options,
    screen: &mut Screen,
    lines: &mut UnboundedReceiver<String>,
) -> Result<(), Fault> {
    let sample = Sample::first()?;
    tour::greet(inbox, options, &sample.path, screen)?;
    match &inbox.queue {
        Some(queue) => {
            let lasts = Duration::from_secs(options.outage.unwrap_or_default().into());
            outage::show(inbox, queue, lasts, &sample, screen).await?;
        }
        None => tour::give(inbox, options, &sample, screen).await?,
    }
    if options.once {
        return Ok(());
    }
    if let Some(forward) = &inbox.forward {
        forward.is_open.store(true, Ordering::Relaxed);
    }
    // What was sent so far has been shown at length.
    while lines.try_recv().is_ok() {}
    if let Some(page) = inbox.page {
        screen.line(format!("\nOpen http://{page}/ to see it all in the browser."))?;
    }
    screen.line("Every further webhook is shown here, a line for each event. Ctrl-C ends it.")?;
    while let Some(line) = lines.recv().await {
        screen.line(line)?;
    }
    Ok(())
}

fn is_closed_pipe(fault: &Fault) -> bool {
    fault.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
