//! The project's own rules, checked on its files.

use crate::bridge::repository;
use std::collections::{BTreeMap, BTreeSet};
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
    found.sort();
    found
}

/// The code of a file without its tests and comments.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a file");
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// What turns bodies into parcels has no clock, no network and no host: it can be read and tested
/// alone.
#[test]
fn the_core_is_pure() {
    let source = repository().join("src");
    let rooms = ["webhook", "lenient_json", "convert", "event", "config"];
    let rooms = rooms.map(|folder| sources(&source.join(folder))).concat();
    let single = [
        "admit.rs",
        "decode.rs",
        "error.rs",
        "prepare.rs",
        "request.rs",
        "resend/input.rs",
        "resend/plan.rs",
        "secret.rs",
        "timestamp.rs",
    ];
    let single = single.map(|file| source.join(file));
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
        for (number, line) in code(&path).lines().enumerate() {
            let line = line.to_lowercase();
            // The settings name the hosts; they do not call them.
            if path.to_string_lossy().contains("/src/config/") && line.contains("lambda") {
                continue;
            }
            for word in forbidden {
                assert!(!line.contains(&word.to_lowercase()), "{}:{}: {word}", path.display(), number + 1);
            }
        }
    }
}

/// A file that grows past this has two ideas in it.
#[test]
fn no_file_of_the_function_is_long() {
    for path in sources(&repository().join("src")) {
        let lines = code(&path).lines().count();
        assert!(lines <= 340, "{} has {lines} lines", path.display());
    }
}

/// A module's name from its file: `convert` for `convert/mod.rs`, `convert::facts` for
/// `convert/facts.rs`.
fn module_name(path: &Path) -> String {
    let source = repository().join("src");
    let relative = path.strip_prefix(source).expect("a file of src").with_extension("");
    let parts: Vec<&str> = relative.iter().map(|part| part.to_str().expect("a name")).collect();
    parts.join("::").trim_end_matches("::mod").to_owned()
}

/// Splits the items of `use` and other paths that begin with `prefix`, braces included.
fn paths_behind<'a>(code: &'a str, prefix: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let behind = &code[at + prefix.len()..];
        match behind.strip_prefix('{') {
            Some(list) => found.extend(
                list.split('}')
                    .next()
                    .unwrap_or_default()
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty()),
            ),
            None => found.push(behind),
        }
    }
    found
}

/// The identifier at the start of a path.
fn first_name(path: &str) -> &str {
    let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(path.len());
    &path[..end]
}

/// The modules that each module uses. A name that is not a module is an item of the parent.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let files = sources(&repository().join("src"));
    let names: BTreeSet<String> = files.iter().map(|path| module_name(path)).collect();
    let mut graph = BTreeMap::new();
    for path in &files {
        let name = module_name(path);
        if name == "lib" || name == "main" {
            continue;
        }
        let code = code(path);
        let mut used = BTreeSet::new();
        for target in paths_behind(&code, "crate::") {
            used.insert(first_name(target).to_owned());
        }
        let parent = name.rsplit_once("::").map(|(parent, _)| parent.to_owned());
        if let Some(parent) = &parent {
            for target in paths_behind(&code, "super::") {
                let sibling = format!("{parent}::{}", first_name(target));
                used.insert(if names.contains(&sibling) { sibling } else { parent.clone() });
            }
        }
        // A parent that calls its children, apart from declaring and re-exporting them.
        let calls: String =
            code.lines().filter(|line| !line.starts_with("pub use") && !line.starts_with("mod ")).collect();
        for child in names.iter().filter(|child| child.starts_with(&format!("{name}::"))) {
            let short = child.trim_start_matches(&format!("{name}::"));
            if !paths_behind(&calls, &format!("{short}::")).is_empty() {
                used.insert(child.clone());
            }
        }
        used.remove(&name);
        graph.insert(name, used);
    }
    graph
}

/// Looks for a way from `at` back to `goal`.
fn way_back(
    uses: &BTreeMap<String, BTreeSet<String>>,
    at: &str,
    goal: &str,
    seen: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    for next in uses.get(at).into_iter().flatten() {
        if next == goal {
            return Some(vec![at.to_owned(), next.clone()]);
        }
        if seen.insert(next.clone())
            && let Some(mut way) = way_back(uses, next, goal, seen)
        {
            way.insert(0, at.to_owned());
            return Some(way);
        }
    }
    None
}

/// Modules use each other in one direction only, files and rooms alike.
#[test]
fn no_module_uses_itself_in_a_circle() {
    let files = uses();
    let room = |name: &str| first_name(name).to_owned();
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, used) in &files {
        let others = used.iter().map(|used| room(used)).filter(|used| *used != room(name));
        rooms.entry(room(name)).or_default().extend(others);
    }
    for graph in [&files, &rooms] {
        for name in graph.keys() {
            let circle = way_back(graph, name, name, &mut BTreeSet::new());
            assert!(circle.is_none(), "a circle: {}", circle.unwrap_or_default().join(" -> "));
        }
    }
    assert!(files["prepare"].contains("webhook") && files["convert::group"].contains("convert::facts"));
}
