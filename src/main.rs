//! Hands the command line and the environment to the function.

use arms_pagerduty::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    let lookup = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    cli::run(std::env::args_os().skip(1), lookup)
}
