//! The programs, each built by a cargo of its own: built together they would be given each other's features.

use crate::Fault;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The function's release binary.
pub(crate) fn function() -> Result<PathBuf, Fault> {
    release_binary(&["build", "-p", "arms-pagerduty", "--bin", "arms-pagerduty"], &[])
}

/// The baseline's, linked as usual or statically.
pub(crate) fn hello(is_static: bool) -> Result<PathBuf, Fault> {
    let selection = [
        "rustc",
        "-p",
        "arms-pagerduty-bench",
        "--bin",
        "hello",
        "--no-default-features",
        "--features=hello",
    ];
    let flags: &[&str] = if is_static { &["--", "-C", "target-feature=+crt-static"] } else { &[] };
    let built = release_binary(&selection, flags)?;
    // The two are built into one place.
    let kept = built.with_file_name(if is_static { "hello-static" } else { "hello-dynamic" });
    std::fs::copy(built, &kept)?;
    Ok(kept)
}

fn release_binary(selection: &[&str], flags: &[&str]) -> Result<PathBuf, Fault> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = Command::new(cargo)
        .args(selection)
        .args(["--release", "--message-format=json-render-diagnostics"])
        .args(flags)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()?;
    if !build.status.success() {
        return Err(format!("cargo {}: {}", selection.join(" "), build.status).into());
    }
    let messages = String::from_utf8(build.stdout)?;
    let executable = messages.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message.get("executable")?.as_str()?))
    });
    executable.ok_or_else(|| format!("cargo {}: no executable", selection.join(" ")).into())
}
