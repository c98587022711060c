//! The function on loopback beside a PagerDuty stand-in: see what would page, before anyone is paged.
//!
//! - `options`: the command line.
//! - `bench`: the function and the stand-in, started and stopped together.
//! - `sample`: one real notification, and the commands that send more like it.
//! - `client`: one POST on loopback.
//! - `tour`: the sample on its way from ARMS to the on-call's screen.
//! - `journal`: every further webhook, a line an event.
//! - `screen`: the terminal.
//! - `json`: JSON laid out for reading.

mod bench;
mod client;
mod journal;
mod json;
mod options;
mod sample;
mod screen;
mod tour;

use arms_pagerduty::host::Fault;
use bench::Bench;
use clap::Parser;
use journal::Journal;
use options::Options;
use sample::Sample;
use screen::Screen;
use std::io::{ErrorKind, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the function's client reads from the environment. Here all of its ways are on loopback.
const PROXY_VARIABLES: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

fn main() -> ExitCode {
    let options = Options::parse();
    match start(&options) {
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
    if PROXY_VARIABLES.iter().any(|name| std::env::var_os(name).is_some()) {
        let mut again = Command::new(std::env::current_exe()?);
        again.args(std::env::args_os().skip(1));
        for name in PROXY_VARIABLES {
            again.env_remove(name);
        }
        // Comes back only if it fails.
        return Err(again.exec().into());
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(options))
}

async fn run(options: &Options) -> Result<(), Fault> {
    let mut signals = Signals::new()?;
    let (log, lines) = journal::open();
    let sample = Sample::embedded()?;
    let bench = Bench::start(options, log).await?;
    let mut screen = Screen::of_stdout();
    let mut journal = Journal::new(lines, bench.standin.clone(), sample.fingerprint.clone());
    let shown = tokio::select! {
        shown = show(options, &sample, &bench, &mut screen, &mut journal) => shown,
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
    sample: &Sample,
    bench: &Bench,
    screen: &mut Screen,
    journal: &mut Journal,
) -> Result<(), Fault> {
    tour::give(options, sample, bench, screen).await?;
    if options.once {
        return Ok(());
    }
    screen.line("")?;
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
