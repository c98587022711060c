//! The documentation: links, settings, and two languages that say the same.

use crate::bridge::repository;
use arms_pagerduty::config::Config;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What fits on one page.
const README_WORDS_MAX: usize = 1300;

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of the pages in a folder, sorted.
fn names_in(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(repository().join(folder)).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    let pages = names.filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "md"));
    let mut pages: Vec<String> = pages.collect();
    pages.sort();
    pages
}

/// Each English page with its Chinese twin.
fn pairs() -> Vec<(PathBuf, PathBuf)> {
    let root = repository();
    let mut pairs = vec![(root.join("README.md"), root.join("README.zh-CN.md"))];
    for name in names_in("docs") {
        pairs.push((root.join("docs").join(&name), root.join("docs/zh-CN").join(&name)));
    }
    pairs
}

fn pages() -> Vec<PathBuf> {
    let twins = pairs().into_iter().flat_map(|(english, chinese)| [english, chinese]);
    let single = ["CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"].map(|name| repository().join(name));
    twins.chain(single).collect()
}

/// A page's code blocks, each with its language, and the text around them.
fn split_blocks(page: &str) -> (Vec<(String, Vec<String>)>, String) {
    let mut blocks = Vec::new();
    let mut text = String::new();
    let mut open: Option<(String, Vec<String>)> = None;
    for line in page.lines() {
        // A block may be part of a quotation or of a list.
        let line = line.strip_prefix('>').unwrap_or(line).trim_start();
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language.to_owned(), Vec::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, lines))) => lines.push(line.to_owned()),
            (None, None) => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    assert!(open.is_none(), "a code block without an end");
    (blocks, text)
}

/// The targets of links and images, Markdown's and HTML's.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (opening, end) in [("](", ')'), (" src=\"", '"'), (" srcset=\"", '"')] {
        for piece in text.split(opening).skip(1) {
            found.extend(piece.split(end).next().map(str::to_owned));
        }
    }
    found
}

/// The anchors that GitHub makes of a page's headings: lower case, blanks as hyphens, no punctuation.
fn anchors(page: &str) -> BTreeSet<String> {
    let (_, text) = split_blocks(page);
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let titles = headings.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    titles
        .map(|title| {
            let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut count = 0;
    for path in pages() {
        let page = read(&path);
        let (_, text) = split_blocks(&page);
        for link in links(&text).iter().filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            assert!(target.exists(), "{}: no file {link}", path.display());
            if !anchor.is_empty() {
                assert!(anchors(&read(&target)).contains(anchor), "{}: no heading {link}", path.display());
            }
            count += 1;
        }
    }
    assert!(count > 100, "only {count} links were found");
}

#[test]
fn every_page_is_there_in_both_languages() {
    assert_eq!(names_in("docs"), names_in("docs/zh-CN"));
}

/// What a reader can copy out of a block, without the names of what is to be filled in: those are translated.
fn commands(lines: &[String]) -> Vec<String> {
    let mut commands = Vec::new();
    for line in lines {
        let mut command = String::new();
        for (place, piece) in line.split('<').enumerate() {
            match piece.split_once('>') {
                Some((_, behind)) if place > 0 => {
                    command.push_str("<>");
                    command.push_str(behind);
                }
                _ => command.push_str(piece),
            }
        }
        commands.push(command.trim_end().to_owned());
    }
    commands
}

/// The blocks of commands, not the drawings; in which order they stand is each language's own choice.
fn command_blocks(page: &str) -> Vec<(String, Vec<String>)> {
    let (blocks, _) = split_blocks(page);
    let is_drawing = |lines: &[String]| lines.iter().any(|line| line.contains('─'));
    let blocks = blocks.into_iter().filter(|(_, lines)| !is_drawing(lines));
    let mut blocks: Vec<_> = blocks.map(|(language, lines)| (language, commands(&lines))).collect();
    blocks.sort();
    blocks
}

#[test]
fn commands_are_the_same_in_both_languages() {
    for (english, chinese) in pairs() {
        let (wanted, reported) = (command_blocks(&read(&english)), command_blocks(&read(&chinese)));
        assert_eq!(wanted, reported, "{} and {}", english.display(), chinese.display());
    }
}

/// An interactive zsh takes a comment for more arguments of the command, and most commands refuse them.
#[test]
fn commands_can_be_pasted_into_any_shell() {
    for path in pages() {
        let (blocks, _) = split_blocks(&read(&path));
        let of_a_shell = blocks.iter().filter(|(language, _)| language == "sh");
        for line in of_a_shell.flat_map(|(_, lines)| lines) {
            let has_comment = line.starts_with("# ") || line.contains(" # ");
            assert!(!has_comment, "{}: a comment in {line:?}", path.display());
        }
    }
}

/// The variables in a page's first table.
pub(crate) fn settings_of(page: &str) -> Vec<String> {
    let page = read(&repository().join(page));
    let rows =
        page.lines().skip_while(|line| !line.starts_with("| `")).take_while(|line| line.starts_with('|'));
    rows.filter_map(|row| row.split('`').nth(1)).map(str::to_owned).collect()
}

/// The variables that the program reads, but for those that a platform sets.
fn settings_read() -> BTreeSet<String> {
    let names: RefCell<BTreeSet<String>> = RefCell::default();
    let config = Config::read(|name| {
        names.borrow_mut().insert(name.to_owned());
        None
    });
    assert!(config.is_ok(), "no setting is required");
    let names = names.into_inner().into_iter();
    names.filter(|name| !name.starts_with("AWS_") && !name.starts_with("FC_")).collect()
}

/// In which order is settled by `--check`: see `command_line`.
#[test]
fn the_tables_of_settings_are_what_the_program_reads() {
    let [english, chinese] = ["docs/settings.md", "docs/zh-CN/settings.md"].map(settings_of);
    assert_eq!(english, chinese);
    assert_eq!(BTreeSet::from_iter(english), settings_read());
}

#[test]
fn the_changelog_begins_with_this_version() {
    let page = read(&repository().join("CHANGELOG.md"));
    let first = page.lines().find_map(|line| line.strip_prefix("## ")).expect("a version");
    assert_eq!(first.split(' ').next(), Some(env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_readme_is_one_page() {
    let words = read(&repository().join("README.md")).split_whitespace().count();
    assert!(words <= README_WORDS_MAX, "README.md has {words} words");
}

/// Tables of both languages have the same rows and columns, page by page.
#[test]
fn tables_have_the_same_shape_in_both_languages() {
    let shape = |path: &Path| {
        let (_, text) = split_blocks(&read(path));
        let rows = text.lines().filter(|line| line.starts_with('|'));
        let mut by_columns: BTreeMap<usize, usize> = BTreeMap::new();
        for row in rows {
            *by_columns.entry(row.matches('|').count()).or_default() += 1;
        }
        by_columns
    };
    for (english, chinese) in pairs() {
        assert_eq!(shape(&english), shape(&chinese), "{} and {}", english.display(), chinese.display());
    }
}
