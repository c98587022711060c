//! The programs that are compared: each is a Lambda function that answers one event.

use crate::{Fault, build};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::ffi::OsString;
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
    let function = function.map_or_else(build::function, |path| Ok(path.to_owned()))?;
    let mut programs = vec![
        binary("arms-pagerduty", &function)?,
        binary("hello", &build::hello(false)?)?,
        binary("hello, static", &build::hello(true)?)?,
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

/// Where an interpreter is: what is found in `PATH` may be a script that looks for it.
fn interpreter([name, option, code]: [&str; 3]) -> Option<String> {
    let output = Command::new(name).args([option, code]).output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned()).filter(|path| !path.is_empty())
}

/// The binary as unpacking its zip writes it. How a linker writes a file costs more page faults when it is started.
fn binary(name: &'static str, built: &Path) -> Result<Program, Fault> {
    let path = built.with_extension("unpacked");
    std::fs::write(&path, std::fs::read(built)?)?;
    std::fs::set_permissions(&path, std::fs::metadata(built)?.permissions())?;
    Ok(Program { name, command: vec![path.clone().into()], binary: Some(path) })
}

/// How many bytes a file has, and how many when it is packed.
pub(crate) fn sizes(binary: &Path) -> Result<(u64, u64), Fault> {
    let content = std::fs::read(binary)?;
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::best());
    packer.write_all(&content)?;
    Ok((u64::try_from(content.len())?, u64::try_from(packer.finish()?.len())?))
}
