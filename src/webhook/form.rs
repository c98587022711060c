//! Forms, encoded as a browser would or not encoded at all, as ARMS writes them.

use super::content::Placeholder;
use super::fields::is_known;
use super::names::{CONTENT, is_field_name};
use crate::lenient_json::is_unfilled;

/// More pairs than any template writes; what follows them is text.
const PAIRS_MAX: usize = 1_000;
/// Fields of free text: in a raw form they run to the line's end, whatever they contain.
const TEXT_FIELDS: [&str; 3] = ["summary", "message", "description"];

/// Fields that say what has happened, or to which alert.
const STATEMENTS: [&str; 11] = [
    "message",
    "description",
    "status",
    "event_action",
    "alertState",
    "state",
    "dedup_key",
    "incident_key",
    "fingerprint",
    "alarmId",
    "alarm_id",
];

/// The pairs of a form in their order, and the lines between them that are not pairs.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Form {
    pub(super) pairs: Vec<(String, String)>,
    /// Lines before the first text field, without a name.
    pub(super) loose: String,
    /// Lines after a text field, which continue its text.
    pub(super) continued: String,
    /// How many pairs come before the first free text.
    pub(super) before_text: usize,
}

/// Reads `body` as a form; `None` if it does not begin with a pair or has no known name.
pub(super) fn parse(body: &str, content_type: &str) -> Option<Form> {
    let form = if is_standard(body, content_type) { standard(body) } else { raw(body) };
    let begins_with_pair = split_pair(body.trim_start(), body.len()).is_some();
    (begins_with_pair && form.pairs.iter().any(|(name, _)| is_known(name))).then_some(form)
}

/// Whether the body was really encoded, so that decoding does not damage a raw text.
fn is_standard(body: &str, content_type: &str) -> bool {
    content_type == "application/x-www-form-urlencoded"
        && !body.trim_end().contains(['{', '"', ' ', '\t', '\r', '\n'])
        && body.split('%').skip(1).all(|escape| {
            let mut digits = escape.bytes();
            digits.next().is_some_and(|digit| digit.is_ascii_hexdigit())
                && digits.next().is_some_and(|digit| digit.is_ascii_hexdigit())
        })
}

fn standard(body: &str) -> Form {
    let pairs: Vec<_> =
        form_urlencoded::parse(body.trim_end().as_bytes()).into_owned().take(PAIRS_MAX).collect();
    Form { before_text: pairs.len(), pairs, ..Form::default() }
}

fn raw(body: &str) -> Form {
    let mut reader = Reader::default();
    let mut line_start = 0;
    while let Some(rest) = body.get(line_start..).filter(|rest| !rest.is_empty()) {
        let line = rest.split(['\n', '\r']).next().unwrap_or_default();
        // A document at the start of a line is the content, even without a name; after a text field it
        // belongs to the text.
        let is_document = line.trim_start().starts_with(['{', '[']) && !reader.text_seen();
        let content_start = if is_document { Some(0) } else { reader.line(line) };
        if let Some(at) = content_start {
            let content = rest.get(at..).unwrap_or_default().trim();
            reader.form.pairs.push((CONTENT.to_owned(), content.to_owned()));
            break;
        }
        line_start += line.len() + 1;
    }
    reader.form
}

/// A raw form as far as it is read.
#[derive(Default)]
struct Reader {
    form: Form,
    /// Whether a field of free text has come.
    field_seen: bool,
    /// Whether the form itself says what has happened, or to which alert.
    states_alert: bool,
}

impl Reader {
    /// Whether a `content` with this value belongs to a text before it. An unfilled variable is ARMS's.
    fn is_quoted(&self, value: &str) -> bool {
        self.field_seen && self.states_alert && Placeholder::of(value).is_none()
    }

    fn text_seen(&self) -> bool {
        self.field_seen || !self.form.loose.is_empty()
    }

    /// Takes the pairs of one line; anything else is text up to the line's end. Returns the byte of the
    /// line at which the content starts, where the pairs end.
    fn line(&mut self, line: &str) -> Option<usize> {
        let line = line.trim_end();
        let mut at = 0;
        while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
            let pair_end = rest.find('&').unwrap_or(rest.len());
            let pair = split_pair(rest, pair_end).filter(|_| self.form.pairs.len() < PAIRS_MAX);
            let Some((name, value_start)) = pair else {
                self.text(rest.trim());
                break;
            };
            if name == CONTENT && self.is_quoted(rest.get(value_start..).unwrap_or_default()) {
                self.text(rest.trim());
                break;
            }
            if name == CONTENT {
                return Some(at + value_start);
            }
            let is_text = TEXT_FIELDS.contains(&name);
            let end = if is_text { rest.len() } else { pair_end };
            let value = rest.get(value_start..end).unwrap_or_default().trim();
            let is_filled = !is_unfilled(value);
            self.field_seen |= is_text && is_filled;
            self.states_alert |= is_filled && STATEMENTS.contains(&name);
            self.form.pairs.push((name.to_owned(), value.to_owned()));
            if !self.text_seen() {
                self.form.before_text = self.form.pairs.len();
            }
            at += end + 1;
        }
        None
    }

    fn text(&mut self, text: &str) {
        let Form { loose, continued, .. } = &mut self.form;
        let lines = if self.field_seen { continued } else { loose };
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines.push_str(text);
    }
}

/// The name of the pair that `text` begins with, and where its value starts; the pair ends before `end`.
fn split_pair(text: &str, end: usize) -> Option<(&str, usize)> {
    let equals = text.get(..end)?.find('=')?;
    let name = text.get(..equals)?.trim();
    is_field_name(name).then_some((name, equals + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(body: &str, content_type: &str) -> Vec<(String, String)> {
        parse(body, content_type).unwrap_or_default().pairs
    }

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn a_raw_form_ends_its_pairs_at_an_ampersand_or_a_line_break() {
        for (body, expected) in [
            ("integration_key=K", vec![("integration_key", "K")]),
            (
                "integration_key=K&severity=critical\nstatus=firing",
                vec![("integration_key", "K"), ("severity", "critical"), ("status", "firing")],
            ),
            (
                "source=a&summary=x & y=z&severity=info\nlevel=P1",
                vec![("source", "a"), ("summary", "x & y=z&severity=info"), ("level", "P1")],
            ),
            (
                "integration_key=K&content={\"a\":\n\"b&c=d\"}\n",
                vec![("integration_key", "K"), ("content", "{\"a\":\n\"b&c=d\"}")],
            ),
            (
                "integration_key=K\r\n{\"alerts\":[]}",
                vec![("integration_key", "K"), ("content", "{\"alerts\":[]}")],
            ),
            ("severity=a%20b+c", vec![("severity", "a%20b+c")]),
        ] {
            assert_eq!(pairs(body, "text/plain"), owned(&expected), "{body:?}");
        }
    }

    #[test]
    fn standard_decoding_is_applied_only_where_it_was_meant() {
        let decoded = owned(&[("integration_key", "K"), ("summary", "a b&c")]);
        assert_eq!(pairs("integration_key=K&summary=a+b%26c", FORM), decoded);
        for (body, summary) in [
            ("integration_key=K&summary=a+b %26", "a+b %26"),
            ("integration_key=K&summary=99%", "99%"),
            ("integration_key=K&summary=\"a+b\"", "\"a+b\""),
            ("integration_key=K&summary={a+b}", "{a+b}"),
        ] {
            assert_eq!(pairs(body, FORM), owned(&[("integration_key", "K"), ("summary", summary)]), "{body}");
        }
    }

    #[test]
    fn lines_that_are_no_pairs_are_kept() {
        let form = parse("integration_key=K\nCPU is high\nsee https://x/?a=b", "").unwrap_or_default();
        assert_eq!(form.loose, "CPU is high\nsee https://x/?a=b");
        assert_eq!(form.before_text, 1);
    }

    #[test]
    fn what_follows_a_text_is_the_text_s_and_no_content() {
        for (body, loose, continued) in [
            ("integration_key=K\nmessage=a\n{\"alerts\":[]}", "", "{\"alerts\":[]}"),
            ("integration_key=K\nsummary=a\n$content\n[1]", "", "$content\n[1]"),
            ("integration_key=K\nCPU\n{\"alerts\":[]}", "CPU\n{\"alerts\":[]}", ""),
            ("integration_key=K\nCPU\nmessage=a\nb", "CPU", "b"),
        ] {
            let form = parse(body, "").unwrap_or_default();
            assert_eq!((form.loose.as_str(), form.continued.as_str()), (loose, continued), "{body}");
            assert!(form.pairs.iter().all(|(name, _)| name != CONTENT), "{body}");
        }
    }

    #[test]
    fn text_is_no_form() {
        for body in ["CPU usage = 90%", "a=b", "see x?summary=1", "CPU high\nseverity=info", "=", "&", ""] {
            assert_eq!(parse(body, ""), None, "{body:?}");
        }
    }
}
