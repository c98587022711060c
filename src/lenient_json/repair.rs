//! JSON that a template has broken: values pasted in unescaped, so that quotes, backslashes and line
//! breaks are raw inside strings, and values without quotes.
//!
//! ARMS documents no escaping function for template values. The reader below takes a quote as the
//! end of a string only if what follows continues the document: a comma and the next name, or
//! brackets that close what is open. Ordinary text rarely looks like that.

use super::budget::Budget;
use super::first_wins::keep_rest;
use super::outline::{Member, Members};
use serde_json::{Map, Value};

/// Deeper than any notification; what is nested deeper is left to be read as text.
const DEPTH_MAX: usize = 32;
/// How many bytes may be scanned a second time in all, so that the work stays linear.
const SECOND_LOOKS_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Longer than any placeholder of a template.
const PLACEHOLDER_MAX_BYTES: usize = 1_000;
/// Longer than any name of a notification, shorter than most sentences.
const NAME_MAX_CHARS: usize = 64;

/// A document that was not well-formed.
pub(super) struct Repaired {
    pub(super) value: Value,
    /// The members of the outermost object.
    pub(super) members: Vec<Member>,
    /// Values without quotes that begin with `$`.
    pub(super) bare_variables: Vec<String>,
}

/// Reads `text`, which is not well-formed JSON, as the document it was meant to be; `None` if that
/// is ambiguous.
pub(super) fn repair(text: &str) -> Option<Repaired> {
    let mut reader = Reader {
        rest: text.trim_start(),
        open: Vec::new(),
        budget: Budget::new(),
        bare_variables: Vec::new(),
        members: Members::default(),
        behind_quotes: text.rfind('"').map_or(0, |last| text.len().saturating_sub(last + 1)),
        second_looks: SECOND_LOOKS_MAX_BYTES,
    };
    if !reader.rest.starts_with('{') {
        return None;
    }
    let mut value = reader.value()?;
    // Another object behind the end means that the end was misread. Then the whole is read as text,
    // which shows more than half an alert would.
    let is_whole = keep_rest(&mut value, reader.rest);
    let members = reader.members.into_inner();
    is_whole.then_some(Repaired { value, members, bare_variables: reader.bare_variables })
}

struct Reader<'a> {
    rest: &'a str,
    /// The closing bracket of each object and array that is open.
    open: Vec<char>,
    budget: Budget,
    /// Values without quotes that begin with `$`.
    bare_variables: Vec<String>,
    members: Members,
    /// Bytes behind the last quote of the text.
    behind_quotes: usize,
    /// Bytes that may still be scanned a second time.
    second_looks: usize,
}

impl<'a> Reader<'a> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, expected: char) -> bool {
        self.skip_blanks();
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self) -> Option<Value> {
        self.skip_blanks();
        // `{{ … }}` is a placeholder that was not filled, not an object in an object.
        if self.rest.starts_with("{{") {
            Some(self.bare())
        } else if self.rest.starts_with('{') {
            self.object()
        } else if self.rest.starts_with('[') {
            self.array()
        } else if let Some(rest) = self.rest.strip_prefix('"') {
            self.rest = rest;
            Some(Value::String(unescape(self.string()?)))
        } else {
            Some(self.bare())
        }
    }

    fn object(&mut self) -> Option<Value> {
        self.enter('}')?;
        let mut object = Map::new();
        while !self.leave() {
            self.skip_blanks();
            let (name, rest) = name_and_colon(self.rest)?;
            self.rest = rest;
            let value = self.value()?;
            self.budget.entry(&object, &name).ok()?;
            if self.open.len() == 1 {
                self.members.note(&name, &value);
            }
            object.entry(name).or_insert(value);
            let behind = self.rest;
            if !self.eat(',') && !begins_line_with_name(behind) {
                return self.leave().then_some(Value::Object(object));
            }
        }
        Some(Value::Object(object))
    }

    fn array(&mut self) -> Option<Value> {
        self.enter(']')?;
        let mut array = Vec::new();
        while !self.leave() {
            array.push(self.value()?);
            self.budget.item().ok()?;
            // Between objects a template's loop writes a comma, none or two.
            let mut goes_on = self.rest.trim_start().starts_with('{');
            while self.eat(',') {
                goes_on = true;
            }
            if !goes_on {
                return self.leave().then_some(Value::Array(array));
            }
        }
        Some(Value::Array(array))
    }

    fn enter(&mut self, close: char) -> Option<()> {
        let mut chars = self.rest.chars();
        chars.next();
        self.rest = chars.as_str();
        self.open.push(close);
        (self.open.len() <= DEPTH_MAX).then_some(())
    }

    /// Closes the innermost bracket if it is next, or if the text has ended.
    fn leave(&mut self) -> bool {
        let Some(&close) = self.open.last() else { return true };
        let left = self.eat(close) || self.rest.is_empty();
        if left {
            self.open.pop();
        }
        left
    }

    /// Up to the quote that ends the string, which is consumed; all that is left of a text that was cut
    /// off.
    fn string(&mut self) -> Option<&'a str> {
        let text = self.rest;
        // A value that holds a whole document as text, unescaped: it ends where the document ends.
        if let Some(document) = embedded_document(text) {
            let (inner, behind) = text.split_at(document);
            if let Some(rest) = behind.trim_start().strip_prefix('"')
                && continues(rest, &self.open, self.behind_quotes)
            {
                self.rest = rest;
                return Some(inner);
            }
        }
        let mut first = None;
        for (at, _) in text.match_indices('"') {
            let (inner, behind) = text.split_at(at);
            let rest = behind.get(1..).unwrap_or_default();
            if !continues(rest, &self.open, self.behind_quotes) {
                continue;
            }
            // A quote inside a document that the text quotes goes on like one outside of it.
            if is_balanced(inner) {
                self.rest = rest;
                return Some(inner);
            }
            first = first.or(Some((inner, rest)));
            match self.second_looks.checked_sub(inner.len()) {
                Some(left) => self.second_looks = left,
                None => break,
            }
        }
        // A text that was cut off has no closing quote. A text with quotes of which none fits is
        // ambiguous.
        let cut_off = || (!text.contains('"')).then_some((text, ""));
        let (inner, rest) = first.or_else(cut_off)?;
        self.rest = rest;
        Some(inner)
    }

    /// A value without quotes: a number, `true`, `null`, or a word that a template left bare.
    fn bare(&mut self) -> Value {
        let end = match self.rest.strip_prefix("{{").and_then(placeholder_end) {
            Some(inner) => inner + "{{}}".len(),
            None => self.rest.find([',', '}', ']', '\n']).unwrap_or(self.rest.len()),
        };
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        let word = word.trim();
        if word.starts_with('$') {
            self.bare_variables.push(word.to_owned());
        }
        serde_json::from_str(word).unwrap_or_else(|_| Value::String(word.to_owned()))
    }
}

/// Where the `}}` of a placeholder is, if it is near: a search to the end for each would take
/// the square of the body's length.
fn placeholder_end(inner: &str) -> Option<usize> {
    inner.get(..inner.floor_char_boundary(PLACEHOLDER_MAX_BYTES))?.find("}}")
}

/// The length of the JSON document that `text` begins with.
fn embedded_document(text: &str) -> Option<usize> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    documents.next()?.ok()?;
    Some(documents.byte_offset())
}

/// Whether as many brackets are opened in `text` as are closed.
fn is_balanced(text: &str) -> bool {
    let count = |bracket: u8| text.bytes().filter(|byte| *byte == bracket).count();
    count(b'{') == count(b'}') && count(b'[') == count(b']')
}

/// Whether `rest` goes on as a document does in which the brackets `open` are open. Behind the last
/// quote of all, `behind_quotes` bytes before the end, a document that is closed may have a bracket
/// or a field too many.
fn continues(rest: &str, open: &[char], behind_quotes: usize) -> bool {
    // kube-eventer's own template forgets a comma between two lines.
    if open.last() == Some(&'}') && begins_line_with_name(rest) {
        return true;
    }
    let mut rest = rest.trim_start();
    let mut open = open.iter().rev().copied().peekable();
    let mut closed_object = false;
    loop {
        // A notification that was cut off ends here too.
        if rest.is_empty() {
            return true;
        }
        if let Some(behind) = rest.strip_prefix(',') {
            let next = behind.trim_start();
            return match open.peek() {
                Some('}') => next.starts_with('}') || name_and_colon(next).is_some(),
                Some(_) => next.starts_with(['"', '{', '[', ']', ',']),
                None => false,
            };
        }
        if closed_object && open.peek() == Some(&']') && rest.starts_with('{') {
            return true;
        }
        match open.peek() {
            Some(&close) => match rest.strip_prefix(close) {
                Some(behind) => {
                    open.next();
                    closed_object = close == '}';
                    rest = behind.trim_start();
                }
                None => return false,
            },
            None => return rest.len() <= behind_quotes,
        }
    }
}

/// Whether nothing but a line break is before `"name" :`.
fn begins_line_with_name(rest: &str) -> bool {
    let next = rest.trim_start();
    let blanks = rest.get(..rest.len() - next.len()).unwrap_or_default();
    blanks.contains('\n') && name_and_colon(next).is_some()
}

/// `"name" :` at the start of `text`, and what is behind it.
fn name_and_colon(text: &str) -> Option<(String, &str)> {
    let (name, behind) = text.strip_prefix('"')?.split_once('"')?;
    let rest = behind.trim_start().strip_prefix(':')?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' ' | '$');
    (!name.is_empty() && name.chars().count() <= NAME_MAX_CHARS && name.chars().all(plain))
        .then(|| (name.to_owned(), rest))
}

/// Resolves the escapes that are ones; a backslash before anything else (`C:\data`) stays.
fn unescape(raw: &str) -> String {
    if !raw.contains('\\') {
        return raw.to_owned();
    }
    // Properly escaped as a whole, raw line breaks apart: then the JSON rules hold, surrogate pairs too.
    if let Ok(text) = serde_json::from_str(&format!(
        "\"{}\"",
        raw.replace('\r', "\\r").replace('\n', "\\n").replace('\t', "\\t")
    )) {
        return text;
    }
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        let mut ahead = chars.clone();
        match (c, ahead.next()) {
            ('\\', Some(escaped @ ('"' | '\\' | '/'))) => {
                text.push(escaped);
                chars = ahead;
            }
            ('\\', Some('n')) => {
                text.push('\n');
                chars = ahead;
            }
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::repair;
    use serde_json::{Value, json};

    fn repaired(text: &str) -> Option<Value> {
        repair(text).map(|repaired| repaired.value)
    }

    #[test]
    fn values_pasted_in_raw_are_read_as_they_were_meant() {
        for (text, meant) in [
            (r#"{"a":"say "hi" now","b":"x"}"#, json!({"a":"say \"hi\" now","b":"x"})),
            ("{\"a\":\"one\ntwo\",\"b\":1}", json!({"a":"one\ntwo","b":1})),
            (r#"{"a":"C:\data\x","b":"y"}"#, json!({"a":"C:\\data\\x","b":"y"})),
            (r#"{"a":"body {"b":"c"} bad","d":"e"}"#, json!({"a":"body {\"b\":\"c\"} bad","d":"e"})),
            (r#"{"a":"ends in a quote"","b":"c"}"#, json!({"a":"ends in a quote\"","b":"c"})),
            (r#"{"a":$content}"#, json!({"a":"$content"})),
            (r#"{"a":{{ .level }},"b":2}"#, json!({"a":"{{ .level }}","b":2})),
            (r#"{"a":"{{ range .alerts }}","b":true}"#, json!({"a":"{{ range .alerts }}","b":true})),
            (r#"{"a":"b",}"#, json!({"a":"b"})),
            (r#"{"a":["b",],"c":[{"d":"e"},]}"#, json!({"a":["b"],"c":[{"d":"e"}]})),
            ("{\"a\":\"b\"\n\t\"c\":\"d\",\"e\":1\n\"f\":2}", json!({"a":"b","c":"d","e":1,"f":2})),
            (r#"{"a":[{"b":"c"} {"b":"d"}{"b":1}]}"#, json!({"a":[{"b":"c"},{"b":"d"},{"b":1}]})),
            (r#"{"a":[{"b":"c"},,{"b":"d"}],"e":"f"}"#, json!({"a":[{"b":"c"},{"b":"d"}],"e":"f"})),
            (
                r#"{"a":[{"b":"c "d" e"},{"b":"f"}],"g":null}"#,
                json!({"a":[{"b":"c \"d\" e"},{"b":"f"}],"g":null}),
            ),
            (r#"{"k":"v","content":"{"a":{"b":"c"}}"}"#, json!({"k":"v","content":"{\"a\":{\"b\":\"c\"}}"})),
            (r#"{"content":"{"a":"b"}","k":"v"}"#, json!({"content":"{\"a\":\"b\"}","k":"v"})),
            (r#"{"a":"cut off"#, json!({"a":"cut off"})),
            (r#"{"a":"x","b":"#, json!({"a":"x","b":""})),
            (r#"{"a":"x","b":"y""#, json!({"a":"x","b":"y"})),
            (
                r#"{"a":"resp {"b":"c","s":"ok","d":"e"}","s":"f"}"#,
                json!({"a":"resp {\"b\":\"c\",\"s\":\"ok\",\"d\":\"e\"}","s":"f"}),
            ),
            (
                r#"{ "a" : "say "x" now" , "b" : [ "c" , "d "e" f" ] }"#,
                json!({"a":"say \"x\" now","b":["c","d \"e\" f"]}),
            ),
            (
                r#"{"a":"{"b":"one { only"}","s":"say "x" y"}"#,
                json!({"a":"{\"b\":\"one { only\"}","s":"say \"x\" y"}),
            ),
            (
                r#"{"a":"list ["x","s":"ok"] end","s":"f"}"#,
                json!({"a":"list [\"x\",\"s\":\"ok\"] end","s":"f"}),
            ),
            (
                r#"{"a":"say "x", "is it, really?": no","b":"say "y", "": no"}"#,
                json!({"a":"say \"x\", \"is it, really?\": no","b":"say \"y\", \"\": no"}),
            ),
            (
                r#"{"a":"C:\data \"x\" \\ and\nline \/ end","b":1}"#,
                json!({"a":"C:\\data \"x\" \\ and\nline / end","b":1}),
            ),
            (r#"{"a":"cpu { high","s":"f"}"#, json!({"a":"cpu { high","s":"f"})),
            (r#"{"a":"say "x" y","s":"f"}}"#, json!({"a":"say \"x\" y","s":"f"})),
            (r#"{"a":"C:\data\dir\","s":"f"}"#, json!({"a":"C:\\data\\dir\\","s":"f"})),
        ] {
            assert_eq!(repaired(text), Some(meant), "{text}");
        }
    }

    #[test]
    fn the_first_of_two_equal_names_wins_here_too() {
        let text = r#"{"k":"mine","a":"raw " text","k":"theirs"}"#;
        assert_eq!(repaired(text), Some(json!({"k":"mine","a":"raw \" text"})));
    }

    #[test]
    fn what_is_ambiguous_is_left_alone() {
        for text in ["plain", "[1,2", "{not json at all}", "{\"a\":b} {", ""] {
            assert_eq!(repaired(text), None, "{text}");
        }
        assert_eq!(repaired(&"{\"a\":".repeat(50_000)), None);
    }
}
