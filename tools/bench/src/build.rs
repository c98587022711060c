//! The two programs, each built by a cargo of its own: built together they would be given each
//! other's features.

use crate::Fault;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The function's release binary.
pub(crate) fn function() -> Result<PathBuf, Fault> {
    release_binary(&["-p", "arms-pagerduty", "--bin", "arms-pagerduty"])
}

/// The baseline's.
pub(crate) fn hello() -> Result<PathBuf, Fault> {
    release_binary(&[
        "-p",
        "arms-pagerduty-bench",
        "--bin",
        "hello",
        "--no-default-features",
        "--features=hello",
    ])
}

fn release_binary(selection: &[&str]) -> Result<PathBuf, Fault> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = Command::new(cargo)
        .args(["build", "--release", "--message-format=json-render-diagnostics"])
        .args(selection)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()?;
    if !build.status.success() {
        return Err(format!("cargo build {}: {}", selection.join(" "), build.status).into());
    }
    let messages = String::from_utf8(build.stdout)?;
    let executable = messages.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message.get("executable")?.as_str()?))
    });
    executable.ok_or_else(|| format!("cargo build {}: no executable", selection.join(" ")).into())
}
