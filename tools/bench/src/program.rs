//! The programs that are compared: each is a Lambda function that answers one event.

use crate::Fault;
use crate::report::megabytes;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A function, and how it is started.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) command: Vec<OsString>,
    /// What is deployed, if it is one file that needs nothing else.
    pub(crate) binary: Option<PathBuf>,
}

/// Everything that is installed here, the function first. The others in other languages do comparable work: they take
/// an event from the Runtime API, post one event to PagerDuty for each alert and answer, with the standard library.
pub(crate) fn all(function: Option<&Path>) -> Result<Vec<Program>, Fault> {
    let of_hello = "rustc -p arms-pagerduty-bench --bin hello --no-default-features --features=hello";
    let is_static = "-- -C target-feature=+crt-static";
    let function = match function {
        Some(path) => path.to_owned(),
        None => built("build -p arms-pagerduty --bin arms-pagerduty", "arms-pagerduty")?,
    };
    let mut programs = vec![
        unpacked("arms-pagerduty", &function)?,
        unpacked("hello", &built(of_hello, "hello")?)?,
        unpacked("hello, static", &built(&format!("{of_hello} {is_static}"), "hello")?)?,
    ];
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    for (name, path_of_itself, script) in [
        ("Python", ["python3", "-c", "import sys; print(sys.executable)"], "relay.py"),
        ("Node.js", ["node", "-p", "process.execPath"], "relay.mjs"),
    ] {
        match interpreter(path_of_itself) {
            Some(path) => {
                let command = vec![path.into(), peers.join(script).into()];
                programs.push(Program { name, command, binary: None });
            }
            None => println!("LEFT OUT: {name} is not installed"),
        }
    }
    Ok(programs)
}

/// A release binary. Each is built by a cargo of its own: built together they would be given each other's features.
fn built(arguments: &str, file: &str) -> Result<PathBuf, Fault> {
    let (command, rest) = arguments.split_once(' ').ok_or("no arguments")?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([command, "--release"]).args(rest.split(' ')).current_dir(env!("CARGO_MANIFEST_DIR"));
    let status = cargo.status()?;
    if !status.success() {
        return Err(format!("cargo {arguments}: {status}").into());
    }
    // In the target folder that this program was built in.
    let own = std::env::current_exe()?;
    let target = own.ancestors().nth(2).ok_or("no target folder")?;
    Ok(target.join("release").join(file))
}

fn unpacked(name: &'static str, built: &Path) -> Result<Program, Fault> {
    let path = built.with_file_name(format!("{name}.unpacked"));
    fs::copy(built, &path)?;
    Ok(Program { name, command: vec![path.clone().into()], binary: Some(path) })
}

impl Program {
    /// Writes the binary as unpacking its zip does. Where its pages then lie in memory is chance, and the same
    /// binary starts up to 14 % faster or slower by it. So each start gets a file of its own.
    pub(crate) fn unpack(&self) -> Result<(), Fault> {
        let Some(path) = &self.binary else { return Ok(()) };
        let content = fs::read(path)?;
        Ok(fs::write(path, content)?)
    }
}

/// Where an interpreter is: what is found in `PATH` may be a script that looks for it.
fn interpreter([name, option, code]: [&str; 3]) -> Option<String> {
    let output = Command::new(name).args([option, code]).output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned()).filter(|path| !path.is_empty())
}

/// How many MB a file has, and how many when it is packed.
pub(crate) fn sizes(binary: &Path) -> Result<[f64; 2], Fault> {
    let content = fs::read(binary)?;
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::best());
    packer.write_all(&content)?;
    Ok([megabytes(content.len().try_into()?), megabytes(packer.finish()?.len().try_into()?)])
}
