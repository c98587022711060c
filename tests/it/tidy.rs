//! The project's own rules, checked on its files.

use crate::bridge::repository;
use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// What turns bodies into events has no clock, no network and no host: it can be read and tested
/// alone.
#[test]
fn the_core_is_pure() {
    let source = repository().join("src");
    let rooms = ["webhook", "convert", "event"].map(|folder| sources(&source.join(folder))).concat();
    let single =
        ["config.rs", "error.rs", "intake.rs", "secret.rs", "timestamp.rs"].map(|file| source.join(file));
    let forbidden = [
        "async ",
        ".await",
        "tokio",
        "reqwest",
        "hyper",
        "lambda",
        "std::env",
        "std::fs",
        "Instant::now",
        "SystemTime::now",
        "std::thread",
    ];
    for path in rooms.into_iter().chain(single) {
        let text = std::fs::read_to_string(&path).expect("a file");
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default().to_lowercase();
            // The settings name the hosts; they do not call them.
            if path.ends_with("config.rs") && code.contains("lambda") {
                continue;
            }
            for word in forbidden {
                assert!(!code.contains(&word.to_lowercase()), "{}:{}: {word}", path.display(), number + 1);
            }
        }
    }
}

/// A newcomer reads the function in an hour; a room that grows past this has two ideas in it.
#[test]
fn no_file_of_the_function_is_long() {
    for path in sources(&repository().join("src")) {
        let text = std::fs::read_to_string(&path).expect("a file");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        assert!(code.lines().count() <= 340, "{} has {} lines", path.display(), code.lines().count());
    }
}
