//! Reads the environment, builds the function and hands it to its host.

use arms_pagerduty::config::Config;
use arms_pagerduty::host;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let lookup = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let config = match Config::read(lookup) {
        Ok(config) => config,
        Err(faults) => {
            return stop(faults.iter().map(ToString::to_string));
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return stop([error.to_string()]),
    };
    match runtime.block_on(host::run(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => stop([error.to_string()]),
    }
}

fn stop(reasons: impl IntoIterator<Item = String>) -> ExitCode {
    for reason in reasons {
        // Without a reader there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "arms-pagerduty: {reason}");
    }
    ExitCode::FAILURE
}
