//! The function on loopback beside a PagerDuty stand-in: see what would page, before anyone is paged.
//!
//! - `options`: the command line.
//! - `bench`: the function, the stand-in and the page, started and stopped together.
//! - `front`: the webhook's address; what comes there is remembered, then handled.
//! - `rehearsal`: what the function would make of a webhook, without sending.
//! - `record`: one webhook; `sent`: one event of it and what became of that; `memory`: the latest webhooks.
//! - `leaves`, `origin`: where each value of an event came from.
//! - `masking`: what must not be shown; the page's API and the terminal show nothing but through it.
//! - `forward`: the way to the real PagerDuty, for those who ask for it.
//! - `page`: the page and the API behind it; its files are in `page/`, beside `src/`.
//! - `samples`: what the page offers to try.
//! - `web`: HTTP on loopback.
//! - `queue`: a local queue, for durable delivery; `outage`: an outage of PagerDuty that shows what it is good for.
//! - `sample`: one real notification, and the commands that send more like it.
//! - `tour`: the sample on its way from ARMS to the on-call's screen.
//! - `journal`: every further webhook, a line an event.
//! - `screen`: the terminal.

mod bench;
mod decoded;
mod forward;
mod front;
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
mod rehearsal;
mod sample;
mod samples;
mod screen;
mod sent;
mod tour;
mod web;

use arms_pagerduty::host::Fault;
use bench::Bench;
use journal::Journal;
use memory::Memory;
use options::{Options, Secrets};
use sample::Sample;
use screen::Screen;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};

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
    let mut signals = Signals::new()?;
    let memory = Arc::new(Memory::new());
    let (log, lines) = journal::open();
    let sample = Sample::embedded()?;
    let bench = Bench::start(options, secrets, log, memory).await?;
    let mut screen = Screen::of_stdout();
    let toured = options.outage.is_none().then(|| sample.fingerprint.clone());
    let mut journal = Journal::new(lines, bench.standin.clone(), toured);
    let shown = tokio::select! {
        shown = show(options, secrets, &sample, &bench, &mut screen, &mut journal) => shown,
        () = signals.next() => Ok(()),
    };
    tokio::select! {
        () = bench.stop() => {}
        // Whoever asks twice does not want to wait for what is still being tried.
        () = signals.next() => {}
    }
    shown?;
    if !options.once {
        journal.rest(&mut screen)?;
    }
    Ok(())
}

/// The tour; then each further webhook until something breaks.
async fn show(
    options: &Options,
    secrets: &Secrets,
    sample: &Sample,
    bench: &Bench,
    screen: &mut Screen,
    journal: &mut Journal,
) -> Result<(), Fault> {
    tour::greet(bench, options, &sample.path, screen)?;
    match &bench.queue {
        Some(queue) => outage::show(options, secrets, sample, bench, queue, screen).await?,
        None => tour::give(options, secrets, sample, bench, screen).await?,
    }
    if options.once {
        return Ok(());
    }
    bench.open_forwarding();
    screen.line("")?;
    if let Some(page) = bench.page {
        screen.line(&format!("Open http://{page}/ to see it all in the browser."))?;
    }
    if options.outage.is_some() {
        journal.skip();
    }
    screen.line("Every further webhook is shown here, a line for each event. Ctrl-C ends it.")?;
    journal.follow(screen).await?;
    Ok(())
}

fn is_closed_pipe(fault: &Fault) -> bool {
    fault.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
