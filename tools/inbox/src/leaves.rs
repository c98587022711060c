//! The single values of a webhook's body, each with its name and its place, so that one can be changed alone.

use crate::decoded::{Decoded, part, regex};
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::cmp::Reverse;
use std::ops::Range;
use std::sync::LazyLock;

/// Bodies with more values are not taken apart further.
const LEAVES_MAX: usize = 200;
/// How deeply documents may be nested inside the texts of others.
const NESTING_MAX: u32 = 3;
/// What a line without a name is called, with its number.
const LINE: &str = "line ";
/// Fewer lines with names are a coincidence.
const NAMED_LINES_MIN: usize = 2;
/// In a form that is not encoded these run to the line's end, whatever they contain.
const TEXT_FIELDS: [&str; 3] = ["summary", "message", "description"];

/// A field of a form, up to its value.
static FIELD: LazyLock<Regex> = LazyLock::new(|| regex(r"^\s*([\w.-]+)\s*="));
/// The name at the begin of a template's line, maybe one of a list or in bold type.
static TITLE: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^[\s*#>-]*([^\W_][^\W_ ]{0,39}(?: +[^\W_ ]+){0,9})\s*\**\s*[:：]"));
/// A name of a JSON object, up to its value or to the brackets in which there are further names.
static MEMBER: LazyLock<Regex> = LazyLock::new(|| regex(r#""([^"\\,{]{1,64})"\s*:\s*("?\s*[\[{])?"#));
/// The quote that ends a text of broken JSON: a comma and a name, or the object's end, follows.
static TEXT_END: LazyLock<Regex> = LazyLock::new(|| regex(r#""\s*(?:,\s*"|[}\]]|$)"#));
static WORD_END: LazyLock<Regex> = LazyLock::new(|| regex(r"[,}\]\n]|$"));
/// An escape in a JSON text; a character of two halves is one.
static ESCAPE: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4}|\\u[0-9a-fA-F]{4}|\\."));

/// An object's members as written, in their order and also where two have one name.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Members<'a>(
    #[serde(borrow, with = "tuple_vec_map")] pub(crate) Vec<(String, &'a RawValue)>,
);

/// One value of a body.
#[derive(Debug)]
pub(crate) struct Leaf {
    /// Its name as a person would say it: `alerts[0].labels.severity`.
    pub(crate) path: String,
    /// What it says, unescaped.
    pub(crate) text: String,
    range: Range<usize>,
    is_json: bool,
    /// In how many JSON texts, one inside the other, it is.
    nesting: u32,
}

/// The values of a body, at most [`LEAVES_MAX`].
pub(crate) fn of(body: &str) -> Vec<Leaf> {
    let mut leaves = document(body, 0).or_else(|| broken(body)).unwrap_or_else(|| lines(body));
    // An empty value decides nothing.
    leaves.retain(|leaf| !leaf.text.trim().is_empty());
    leaves.truncate(LEAVES_MAX);
    leaves
}

/// The body with all of these values set to another, or to nothing.
pub(crate) fn put(body: &str, leaves: &[&Leaf], value: Option<&str>) -> String {
    let mut leaves = leaves.to_vec();
    leaves.sort_by_key(|leaf| Reverse(leaf.range.start));
    let mut new = body.to_owned();
    for leaf in leaves {
        new.replace_range(leaf.range.clone(), &leaf.written(value));
    }
    new
}

/// Calls `visit` with the name and the text of each value of a JSON document that holds no others.
pub(crate) fn visit<'a>(raw: &'a str, path: &str, visit_value: &mut impl FnMut(&str, &'a str)) {
    if raw.starts_with('{')
        && let Ok(Members(members)) = serde_json::from_str(raw)
        && !members.is_empty()
    {
        for (name, value) in members {
            visit(value.get(), &joined(path, &name), visit_value);
        }
    } else if raw.starts_with('[')
        && let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw)
        && !items.is_empty()
    {
        for (number, value) in items.into_iter().enumerate() {
            visit(value.get(), &format!("{path}[{number}]"), visit_value);
        }
    } else {
        visit_value(path, raw);
    }
}

impl Leaf {
    fn plain(body: &str, path: &str, range: Range<usize>) -> Self {
        let text = part(body, range.clone()).trim().to_owned();
        Self { path: path.to_owned(), text, range, is_json: false, nesting: 0 }
    }

    /// How a value is written in its place.
    fn written(&self, value: Option<&str>) -> String {
        let text = match value {
            None if self.is_json => "null".to_owned(),
            Some(value) if self.is_json => Value::from(value).to_string(),
            value => value.unwrap_or_default().to_owned(),
        };
        (0..self.nesting).fold(text, |text, _| {
            let quoted = Value::from(text).to_string();
            part(&quoted, 1..quoted.len() - 1).to_owned()
        })
    }

    /// The same, standing `by` bytes further on in a longer text, under a longer name.
    fn moved(self, by: usize, name: &str) -> Self {
        Self { range: self.range.start + by..self.range.end + by, path: joined(name, &self.path), ..self }
    }
}

/// The values of a JSON object or array; `None` if the text is none.
fn document(text: &str, nesting: u32) -> Option<Vec<Leaf>> {
    let trimmed = text.trim();
    if !trimmed.starts_with(['{', '[']) || nesting > NESTING_MAX {
        return None;
    }
    let raw: &RawValue = serde_json::from_str(trimmed).ok()?;
    let mut leaves = Vec::new();
    visit(raw.get(), "", &mut |path, raw| {
        // Borrowed from the whole: how far in is the distance of the two.
        let start = (raw.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        if leaves.len() < LEAVES_MAX && !matches!(raw, "null" | "{}" | "[]") {
            value(path, raw, start, nesting, &mut leaves);
        }
    });
    Some(leaves)
}

fn value(path: &str, raw: &str, start: usize, nesting: u32, leaves: &mut Vec<Leaf>) {
    let range = start..start + raw.len();
    let whole = |text: &str| {
        let (path, text, range) = (path.to_owned(), text.to_owned(), range.clone());
        Leaf { path, text, range, is_json: true, nesting: 0 }
    };
    let Some(inside) = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) else {
        leaves.push(whole(raw));
        return;
    };
    let unescape = |escape: &str| serde_json::from_str(&format!("\"{escape}\"")).unwrap_or_default();
    let decoded = Decoded::new(inside, &ESCAPE, unescape);
    match document(&decoded.text, nesting + 1).or_else(|| template(&decoded.text)) {
        Some(inner) => leaves.extend(inner.into_iter().map(|leaf| {
            let range = decoded.place(&leaf.range);
            Leaf { range, nesting: leaf.nesting + 1, ..leaf }.moved(start + 1, path)
        })),
        None => leaves.push(whole(&decoded.text)),
    }
}

/// The values of a template's lines inside a text, as chat messages hold them; `None` if they are just text.
fn template(text: &str) -> Option<Vec<Leaf>> {
    let leaves = lines(text);
    let named = leaves.iter().filter(|leaf| !leaf.path.starts_with(LINE)).count();
    (named >= NAMED_LINES_MIN).then_some(leaves)
}

/// The values of a form, of a template's lines, or of free text.
fn lines(body: &str) -> Vec<Leaf> {
    let mut leaves: Vec<Leaf> = Vec::new();
    let is_encoded = !body.trim_end().contains(char::is_whitespace);
    let mut next = 0;
    for (number, line) in body.split_inclusive('\n').enumerate() {
        let (start, end) = (next, next + line.trim_end().len());
        next += line.len();
        if let Some(inside) = document(part(body, start..body.len()), 0) {
            leaves.extend(inside.into_iter().map(|leaf| leaf.moved(start, "")));
            return leaves;
        }
        let mut at = start;
        while at < end {
            let pair_end = part(body, at..end).find('&').map_or(end, |ampersand| at + ampersand);
            let pair = part(body, at..pair_end);
            let title = || TITLE.captures(pair).filter(|_| at == start);
            let named = FIELD.captures(pair).or_else(title).map(|found| found.extract::<1>());
            at = match (named, leaves.last_mut()) {
                (Some((before, ["content"])), _) => {
                    let from = at + before.len();
                    let content = part(body, from..body.len());
                    let inside = document(content, 0).unwrap_or_else(|| lines(content));
                    leaves.extend(inside.into_iter().map(|leaf| leaf.moved(from, "content")));
                    return leaves;
                }
                (Some((before, [name])), _) => {
                    let is_text = TEXT_FIELDS.contains(&name) && !is_encoded;
                    let to = if is_text { end } else { pair_end };
                    leaves.push(Leaf::plain(body, name, at + before.len()..to));
                    to + 1
                }
                // Text that goes on from the pair before.
                (None, Some(last)) if at > start => {
                    *last = Leaf::plain(body, &last.path, last.range.start..pair_end);
                    pair_end + 1
                }
                (None, _) => {
                    leaves.push(Leaf::plain(body, &format!("{LINE}{}", number + 1), at..end));
                    end
                }
            };
        }
    }
    leaves
}

/// The values of JSON that a template's values have broken, as far as a person would tell them: the names alone,
/// without those of the objects around.
fn broken(body: &str) -> Option<Vec<Leaf>> {
    let (mut leaves, mut at) = (Vec::new(), 0);
    while body.trim_start().starts_with('{')
        && let Some(found) = MEMBER.captures_at(body, at)
        && let (Some(name), Some(whole)) = (found.get(1), found.get(0))
    {
        at = whole.end();
        // What is inside has names of its own, also where quotes stand around it.
        if found.get(2).is_some() {
            continue;
        }
        let is_text = part(body, at..body.len()).starts_with('"');
        let start = at + usize::from(is_text);
        let end = if is_text { &TEXT_END } else { &WORD_END }.find_at(body, start);
        at = end.map_or(body.len(), |end| end.start());
        match template(part(body, start..at)) {
            Some(inside) => leaves.extend(inside.into_iter().map(|leaf| leaf.moved(start, name.as_str()))),
            None => leaves.push(Leaf::plain(body, name.as_str(), start..at)),
        }
    }
    (!leaves.is_empty()).then_some(leaves)
}

fn joined(path: &str, name: &str) -> String {
    let dot = if path.is_empty() || name.starts_with('[') { "" } else { "." };
    format!("{path}{dot}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(body: &str) -> Vec<String> {
        of(body).iter().map(|leaf| format!("{}={}", leaf.path, leaf.text)).collect()
    }

    #[test]
    fn each_format_is_taken_apart_into_its_values() {
        for (body, expected) in [
            (r#" {"a":{"b":[1,"x"]},"c":null}"#, vec!["a.b[0]=1", "a.b[1]=x"]),
            (r#"{"content":"{\"a\":\"b\"}"}"#, vec!["content.a=b"]),
            ("k=1&s=a&b\nmessage=x & y=z", vec!["k=1", "s=a&b", "message=x & y=z"]),
            ("k=1&summary=a+b&s=c", vec!["k=1", "summary=a+b", "s=c"]),
            ("k=1&content={\"a\":\"b\"}", vec!["k=1", "content.a=b"]),
            (
                "k=1&content=告警名称：重启\n告警内容：x: y",
                vec!["k=1", "content.告警名称=重启", "content.告警内容=x: y"],
            ),
            (
                r#"{"a":"x "y" z","n":1,"content":"{"b":"c","d":[{"e":"f"}]}"}"#,
                vec![r#"a=x "y" z"#, "n=1", "b=c", "e=f"],
            ),
            (
                r#"{"text":{"content":"Alert name: a\nAlert content: b"}}"#,
                vec!["text.content.Alert name=a", "text.content.Alert content=b"],
            ),
            (r#"{"text":"[{\"a\":1}]"}"#, vec!["text[0].a=1"]),
            ("- 所属项目：p\n- 告警名称：重启", vec!["所属项目=p", "告警名称=重启"]),
            (
                "{\"text\":\"Alert name: a\nAlert content: b\"}",
                vec!["text.Alert name=a", "text.Alert content=b"],
            ),
            ("disk full\non web-1!", vec!["line 1=disk full", "line 2=on web-1!"]),
            ("k=1\n{\"a\":true}", vec!["k=1", "a=true"]),
        ] {
            assert_eq!(shown(body), expected, "{body}");
        }
    }

    #[test]
    fn one_value_is_changed_and_all_else_stays() {
        for (body, at, value, expected) in [
            (r#"{"a":"b","c":[2]}"#, 1, Some("x\"y"), r#"{"a":"b","c":["x\"y"]}"#),
            (r#"{"a":"b","c":[2]}"#, 0, None, r#"{"a":null,"c":[2]}"#),
            (r#"{"content":"{\"a\":\"b\"}"}"#, 0, Some("z"), r#"{"content":"{\"a\":\"z\"}"}"#),
            ("k=1&content={\"a\":\"b\"}", 1, Some("z"), "k=1&content={\"a\":\"z\"}"),
            ("k=1&s=2", 0, None, "k=&s=2"),
            ("告警名称：重启\n告警内容：x", 0, Some("y"), "告警名称：y\n告警内容：x"),
        ] {
            let leaves = of(body);
            let put = leaves.get(at).map(|leaf| put(body, &[leaf], value));
            assert_eq!(put.as_deref(), Some(expected), "{body}");
        }
    }
}
