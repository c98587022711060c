//! The bodies of the samples in `events/`: what a fuzzer begins with.

use crate::near_json::PIECES;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::{fs, io};

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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let mut paths =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    paths.sort();
    let sample = |path: &PathBuf| {
        let event: Value = serde_json::from_slice(&fs::read(path)?)?;
        let text = event.get("body").and_then(Value::as_str).unwrap_or_default();
        let body = match event.get("isBase64Encoded") {
            Some(Value::Bool(true)) => BASE64_STANDARD.decode(text).map_err(io::Error::other)?,
            _ => text.as_bytes().to_vec(),
        };
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let header = event.pointer("/headers/content-type").and_then(Value::as_str).unwrap_or_default();
        let content_type = header.split(';').next().unwrap_or_default().trim().to_owned();
        Ok(Sample { name, content_type, body })
    };
    paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "json")).map(sample).collect()
}

/// Writes libFuzzer's dictionary, and the samples for the target `body`: `Choice` takes its bytes from the front.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write(corpus: &Path) -> io::Result<usize> {
    fs::create_dir_all(corpus.join("body"))?;
    let mut pieces = String::new();
    for piece in PIECES {
        let escaped = piece.bytes().fold(String::new(), |text, byte| format!("{text}\\x{byte:02x}"));
        pieces.extend(["\"", &escaped, "\"\n"]);
    }
    fs::write(corpus.join("pieces.dict"), pieces)?;
    let samples = samples()?;
    for Sample { name, body, .. } in &samples {
        for choice in [[0, 0, 0], [1, 1, 0], [2, 2, 0], [3, 0, 1]] {
            let file = format!("body/{name}-{}", choice[0]);
            fs::write(corpus.join(file), [choice.as_slice(), body].concat())?;
        }
    }
    Ok(samples.len())
}
