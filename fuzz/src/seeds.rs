//! The bodies of the samples in `events/`: what a fuzzer begins with.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The folder of the fuzz targets.
#[must_use]
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// One sample of `events/`.
pub struct Sample {
    /// Its file's name without the ending.
    pub name: String,
    /// The request's content type, without parameters.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Every sample.
///
/// # Errors
/// When the samples cannot be read.
pub fn samples() -> io::Result<Vec<Sample>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder().join("../events"))? {
        paths.push(entry?.path());
    }
    paths.sort();
    let mut samples = Vec::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let event: Value = serde_json::from_slice(&fs::read(path)?)?;
        let text = event.get("body").and_then(Value::as_str).unwrap_or_default();
        let body = match event.get("isBase64Encoded") {
            Some(Value::Bool(true)) => BASE64_STANDARD.decode(text).map_err(io::Error::other)?,
            _ => text.as_bytes().to_vec(),
        };
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let header = event.pointer("/headers/content-type").and_then(Value::as_str).unwrap_or_default();
        let content_type = header.split(';').next().unwrap_or_default().trim().to_owned();
        samples.push(Sample { name, content_type, body });
    }
    Ok(samples)
}

/// Each sample's name and body, behind the two bytes that choose how it is read.
///
/// # Errors
/// When the samples cannot be read.
pub fn bodies() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut bodies = Vec::new();
    for Sample { name, body, .. } in samples()? {
        for (number, choice) in [[0, 0], [1, 1], [2, 2], [3, 0x80]].into_iter().enumerate() {
            bodies.push((format!("{name}-{number}"), [choice.as_slice(), &body].concat()));
        }
    }
    Ok(bodies)
}

/// Writes the samples into a folder for libFuzzer.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write(corpus: &Path) -> io::Result<usize> {
    fs::create_dir_all(corpus)?;
    let bodies = bodies()?;
    for (name, body) in &bodies {
        fs::write(corpus.join(name), body)?;
    }
    Ok(bodies.len())
}
