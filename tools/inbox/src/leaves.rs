//! The single values of a webhook's body, each with its name and its place, so that one can be changed alone.

mod broken;

use serde::Deserialize;
use serde_json::value::RawValue;
use std::ops::Range;

/// Bodies with more values are not taken apart further.
const LEAVES_MAX: usize = 200;
/// How often a document may stand in another's text.
const NESTING_MAX: u32 = 3;
/// What a line without a name is called, with its number.
const LINE: &str = "line ";
/// Fewer lines with names are a coincidence.
const NAMED_LINES_MIN: usize = 2;
/// In a form that is not encoded these run to the line's end, whatever stands in them.
const TEXT_FIELDS: [&str; 3] = ["summary", "message", "description"];

/// An object's members as they stand there, in their order and also where two have one name.
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
    /// If a document stands here as text: the document, and the value inside it.
    inner: Option<(String, Box<Leaf>)>,
}

/// The values of a body, at most [`LEAVES_MAX`].
pub(crate) fn of(body: &str) -> Vec<Leaf> {
    let mut leaves = document(body, 0).or_else(|| broken::values(body)).unwrap_or_else(|| lines(body));
    // An empty value decides nothing.
    leaves.retain(|leaf| !leaf.text.trim().is_empty());
    leaves.truncate(LEAVES_MAX);
    leaves
}

/// The body with all of these values set to another, or to nothing.
pub(crate) fn put(body: &str, leaves: &[&Leaf], value: Option<&str>) -> String {
    let mut leaves = leaves.to_vec();
    leaves.sort_by_key(|leaf| leaf.range.start);
    let (mut new, mut at) = (String::with_capacity(body.len()), 0);
    // The values of a document that stands here as text are changed in it together.
    for same in leaves.chunk_by(|one, other| one.range == other.range) {
        let Some(first) = same.first() else { continue };
        new.push_str(body.get(at..first.range.start).unwrap_or_default());
        let inner: Vec<&Leaf> =
            same.iter().filter_map(|leaf| leaf.inner.as_ref()).map(|(_, inner)| &**inner).collect();
        match (&first.inner, value) {
            (Some((document, _)), _) => new.push_str(&first.encode(&put(document, &inner, value))),
            (None, Some(value)) => new.push_str(&first.encode(value)),
            (None, None) if first.is_json => new.push_str("null"),
            (None, None) => {}
        }
        at = first.range.end;
    }
    new + body.get(at..).unwrap_or_default()
}

impl Leaf {
    fn encode(&self, text: &str) -> String {
        if self.is_json { serde_json::Value::from(text).to_string() } else { text.to_owned() }
    }

    /// The same, standing `by` bytes further on in a longer text, under a longer name.
    fn moved(mut self, by: usize, name: &str) -> Self {
        self.range = self.range.start + by..self.range.end + by;
        self.path = joined(name, &self.path);
        self
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
    values(text, raw.get(), "", nesting, &mut leaves);
    Some(leaves)
}

fn values(whole: &str, raw: &str, path: &str, nesting: u32, leaves: &mut Vec<Leaf>) {
    if leaves.len() >= LEAVES_MAX {
        return;
    }
    if raw.starts_with('{') {
        let Ok(Members(members)) = serde_json::from_str(raw) else { return };
        for (name, value) in members {
            values(whole, value.get(), &joined(path, &name), nesting, leaves);
        }
    } else if raw.starts_with('[') {
        let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw) else { return };
        for (number, value) in items.into_iter().enumerate() {
            values(whole, value.get(), &format!("{path}[{number}]"), nesting, leaves);
        }
    } else if raw != "null" {
        // Borrowed from the whole: how far in is the distance of the two.
        let start = (raw.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
        let text = serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned());
        let range = start..start + raw.len();
        match document(&text, nesting + 1).or_else(|| template(&text)) {
            Some(inside) => leaves.extend(inside.into_iter().map(|inner| Leaf {
                path: joined(path, &inner.path),
                text: inner.text.clone(),
                range: range.clone(),
                is_json: true,
                inner: Some((text.clone(), Box::new(inner))),
            })),
            None => leaves.push(Leaf { path: path.to_owned(), text, range, is_json: true, inner: None }),
        }
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
    let mut at = 0;
    for (number, line) in body.split_inclusive('\n').enumerate() {
        let rest = body.get(at..).unwrap_or_default();
        if let Some(inside) = document(rest, 0) {
            leaves.extend(inside.into_iter().map(|leaf| leaf.moved(at, "")));
            break;
        }
        if pairs(body, at, line, number, &mut leaves) {
            break;
        }
        at += line.len();
    }
    leaves
}

/// The values of one line; true if the last one runs to the body's end.
fn pairs(body: &str, start: usize, line: &str, number: usize, leaves: &mut Vec<Leaf>) -> bool {
    let end = start + line.trim_end().len();
    let is_encoded = !body.trim_end().contains(char::is_whitespace);
    let mut at = start;
    let mut is_first = true;
    while at < end {
        let rest = body.get(at..end).unwrap_or_default();
        let pair_end = rest.find('&').map_or(end, |ampersand| at + ampersand);
        let part = body.get(at..pair_end).unwrap_or_default();
        match name_and_value(part, is_first) {
            Some((name, value)) => {
                let from = at + value;
                if name == "content" {
                    let content = body.get(from..).unwrap_or_default();
                    let inside = document(content, 0).unwrap_or_else(|| lines(content));
                    leaves.extend(inside.into_iter().map(|leaf| leaf.moved(from, "content")));
                    return true;
                }
                let to = if TEXT_FIELDS.contains(&name) && !is_encoded { end } else { pair_end };
                leaves.push(plain(body, name.to_owned(), from..to));
                at = to + 1;
            }
            // No pair: text that goes on from the one before, or stands alone.
            None => match leaves.last_mut().filter(|leaf| !is_first && leaf.range.end + 1 == at) {
                Some(leaf) => {
                    leaf.range.end = pair_end;
                    body.get(leaf.range.clone()).unwrap_or_default().trim().clone_into(&mut leaf.text);
                    at = pair_end + 1;
                }
                None => {
                    leaves.push(plain(body, format!("{LINE}{}", number + 1), at..end));
                    at = end;
                }
            },
        }
        is_first = false;
    }
    false
}

fn plain(body: &str, path: String, range: Range<usize>) -> Leaf {
    let text = body.get(range.clone()).unwrap_or_default().trim().to_owned();
    Leaf { path, text, range, is_json: false, inner: None }
}

/// The name that a part begins with, and where its value starts.
fn name_and_value(part: &str, may_be_line: bool) -> Option<(&str, usize)> {
    let is_name = |name: &str| {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        !name.is_empty() && name.chars().all(plain)
    };
    let is_words = |name: &str| {
        let plain = |c: char| c.is_alphanumeric() || c == ' ';
        !name.is_empty() && name.chars().count() <= 40 && name.chars().all(plain)
    };
    if let Some((name, _)) = part.split_once('=').filter(|(name, _)| is_name(name.trim())) {
        return Some((name.trim(), name.len() + 1));
    }
    let (at, sign) = part.char_indices().find(|(_, c)| matches!(c, ':' | '：')).filter(|_| may_be_line)?;
    // A list or bold type.
    let name =
        part.get(..at)?.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '*' | '#' | '>'));
    is_words(name).then_some((name, at + sign.len_utf8()))
}

fn joined(path: &str, name: &str) -> String {
    let is_plain =
        name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '[' | ']' | '.' | ' '));
    match (path, is_plain) {
        ("", true) => name.to_owned(),
        (path, true) if name.starts_with('[') => format!("{path}{name}"),
        (path, true) => format!("{path}.{name}"),
        (path, false) => format!("{path}[{name:?}]"),
    }
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
