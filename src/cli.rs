//! The command line: start the function, check its settings, or send undelivered events again.

use crate::config::{Config, Host, Queues, SuccessStatus};
use crate::convert::EventPer;
use crate::host;
use crate::resend;
use crate::secret::Mask;
use std::ffi::OsString;
use std::io::{self, Write};
use std::pin::Pin;
use std::process::ExitCode;
use url::Url;

const HELP: &str = "\
Turns the webhooks of Alibaba Cloud ARMS into PagerDuty events.

Usage: arms-pagerduty [OPTION]
       arms-pagerduty resend [--dry-run] [FILE...]

Without an option it starts, with the settings of the environment.

  --check    read the settings, print what they mean (no secrets), and exit with 0 or 1
  --help     print this
  --version  print the version

resend reads log lines from the files, or from standard input, and sends the events again that are logged
as undelivered, under PAGERDUTY_INTEGRATION_KEY. It says what becomes of each, and exits with 1 if one was
not accepted.

  --dry-run  only show what would be sent

Settings (environment variables): PAGERDUTY_INTEGRATION_KEY, WEBHOOK_TOKEN, PAGERDUTY_REGION,
PAGERDUTY_EVENTS_URL, DEFAULT_SEVERITY, SEVERITIES, EVENT_PER, SUCCESS_STATUS, DELIVER_WITHIN_MS,
QUEUE_URL, DEAD_LETTERS_URL, LISTEN, LOG_LEVEL.
docs/settings.md explains them.
";
const VERSION: &str = concat!("arms-pagerduty ", env!("CARGO_PKG_VERSION"), "\n");
/// The exit status for a wrong command line.
const USAGE: u8 = 2;
/// Enough for the longest name of a setting.
const NAME_WIDTH: usize = 27;

/// Gives an environment variable's value.
type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;
/// Work that ends the process.
type Work<'a> = Pin<Box<dyn Future<Output = Result<ExitCode, host::Fault>> + 'a>>;

/// Does what the arguments ask for. `lookup` gives an environment variable's value.
pub fn run(arguments: impl Iterator<Item = OsString>, lookup: impl Fn(&str) -> Option<String>) -> ExitCode {
    let lookup: &Lookup = &lookup;
    let arguments: Vec<OsString> = arguments.collect();
    let texts: Vec<String> =
        arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let words: Vec<&str> = texts.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => start(lookup),
        ["--help" | "-h"] => print(HELP),
        ["--version" | "-V"] => print(VERSION),
        ["--check"] => check(lookup),
        // Images and emulators for Lambda may hand the name of a handler over; an alert must not be lost
        // for that.
        _ if lookup("AWS_LAMBDA_RUNTIME_API").is_some() => start(lookup),
        ["resend", "--help" | "-h"] => print(HELP),
        ["resend", ..] => resend(arguments.into_iter().skip(1), lookup),
        [first, ..] => unknown(first),
    }
}

fn unknown(argument: &str) -> ExitCode {
    stop([format!("unknown argument {argument:?}; --help shows what there is")]);
    ExitCode::from(USAGE)
}

fn start(lookup: &Lookup) -> ExitCode {
    let config = match Config::read(lookup) {
        Ok(config) => config,
        Err(faults) => return stop(faults.iter().map(ToString::to_string)),
    };
    block_on(Box::pin(async {
        host::run(config).await?;
        Ok(ExitCode::SUCCESS)
    }))
}

/// Does the work on this thread.
fn block_on(work: Work) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return stop([error.to_string()]),
    };
    let end = runtime.block_on(work);
    // A look-up of a name that hangs must not hold up the end.
    runtime.shutdown_background();
    end.unwrap_or_else(|error| stop([error.to_string()]))
}

fn resend(arguments: impl Iterator<Item = OsString>, lookup: &Lookup) -> ExitCode {
    let options = match resend::Options::read(arguments) {
        Ok(options) => options,
        Err(argument) => return unknown(&argument),
    };
    let (config, key) = match resend::settings(lookup) {
        Ok(settings) => settings,
        Err(faults) => return stop(faults.iter().map(ToString::to_string)),
    };
    let found = match resend::read(&options) {
        Ok(found) => found,
        Err(fault) => return stop([fault]),
    };
    let plan = resend::Plan::new(found, &key);
    let mut out = io::stdout();
    if options.is_dry_run {
        return exit_code(resend::show(&plan, &mut out));
    }
    block_on(Box::pin(async {
        let tally = resend::send(&plan, &config, &mut out).await?;
        Ok(exit_code(tally))
    }))
}

fn exit_code(tally: resend::Tally) -> ExitCode {
    if tally.is_complete { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn check(lookup: &Lookup) -> ExitCode {
    match Config::read(lookup) {
        Ok(config) => print(&describe(&config)),
        Err(faults) => stop(faults.iter().map(ToString::to_string)),
    }
}

fn print(text: &str) -> ExitCode {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn stop(reasons: impl IntoIterator<Item = String>) -> ExitCode {
    for reason in reasons {
        // Without a reader there is nobody to tell.
        let _ = writeln!(io::stderr(), "arms-pagerduty: {reason}");
    }
    ExitCode::FAILURE
}

/// The settings and what they mean, a line each, without secrets.
fn describe(config: &Config) -> String {
    let host = match config.host {
        Host::Lambda => "AWS Lambda".to_owned(),
        Host::FunctionCompute(port) => format!("Function Compute, HTTP on port {port}"),
        Host::Plain(address) => format!("plain HTTP on {address}"),
    };
    let mut text = format!("{VERSION}host: {host}\n\n");
    for (name, value) in settings(config) {
        text = format!("{text}{name:NAME_WIDTH$}{value}\n");
    }
    Mask::new(&config.integration_key, &config.webhook_tokens).hide(text)
}

/// The user's own severity words.
fn severities(config: &Config) -> String {
    let pairs = config.severities.iter().map(|(word, severity)| format!("{word}={}", severity.word()));
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() { "none".to_owned() } else { pairs.join(", ") }
}

fn settings(config: &Config) -> [(&'static str, String); 13] {
    let key = match &config.integration_key {
        Some(key) => format!("set ({})", key.masked()),
        None => "not set: each request must bring its own".to_owned(),
    };
    let token = match config.webhook_tokens.len() {
        0 => "not set: whoever reaches the function can page",
        1 => "set",
        _ => "set (two, while it is being changed)",
    };
    let event_per = match config.event_per {
        EventPer::Alert => "alert",
        EventPer::Group => "group",
    };
    let success_status = match config.success_status {
        SuccessStatus::PagerDuty => "pagerduty",
        SuccessStatus::Ok => "200",
    };
    let queue = |url: fn(&Queues) -> &Url| match &config.queues {
        Some(queues) => url(queues).to_string(),
        None => "not set: events go straight to PagerDuty".to_owned(),
    };
    let listen = match config.host {
        Host::Plain(address) => address.to_string(),
        Host::Lambda | Host::FunctionCompute(_) => "not used on this host".to_owned(),
    };
    [
        ("PAGERDUTY_INTEGRATION_KEY", key),
        ("WEBHOOK_TOKEN", token.to_owned()),
        ("PAGERDUTY_REGION", config.region().unwrap_or("not used: PAGERDUTY_EVENTS_URL is set").to_owned()),
        ("PAGERDUTY_EVENTS_URL", config.events_url.to_string()),
        ("DEFAULT_SEVERITY", config.default_severity.word().to_owned()),
        ("SEVERITIES", severities(config)),
        ("EVENT_PER", event_per.to_owned()),
        ("SUCCESS_STATUS", success_status.to_owned()),
        ("DELIVER_WITHIN_MS", config.deliver_within.as_millis().to_string()),
        ("QUEUE_URL", queue(|queues| &queues.queue_url)),
        ("DEAD_LETTERS_URL", queue(|queues| &queues.dead_letters_url)),
        ("LISTEN", listen),
        ("LOG_LEVEL", config.log_level.word().to_owned()),
    ]
}
