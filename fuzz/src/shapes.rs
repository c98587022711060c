//! Bodies of any size, of the shapes at which a way that takes the square of their length, or a multiple of their
//! memory, would show.

/// The largest body that the relay takes.
pub const BODY_MAX_BYTES: usize = 6 * 1024 * 1024;

/// A shape: what stands before, what is repeated, what stands behind, and the content type. `#` in what is
/// repeated becomes a number, so that no two are equal. A second part may follow, of the same length.
pub struct Shape {
    /// What it is.
    pub name: &'static str,
    begin: &'static str,
    unit: &'static str,
    end: &'static str,
    second: Option<(&'static str, &'static str)>,
    /// The request's content type.
    pub content_type: &'static str,
}

impl Shape {
    /// The body of about `bytes` bytes.
    #[must_use]
    pub fn body(&self, bytes: usize) -> String {
        let mut body = String::with_capacity(bytes + 64);
        body.push_str(self.begin);
        match self.second {
            None => repeat(&mut body, self.unit, bytes),
            Some((between, unit)) => {
                repeat(&mut body, self.unit, bytes / 2);
                body.push_str(between);
                repeat(&mut body, unit, bytes / 2);
            }
        }
        body.push_str(self.end);
        body
    }
}

fn repeat(body: &mut String, unit: &str, bytes: usize) {
    match unit.split_once('#') {
        Some((before, behind)) => {
            for number in 0..bytes / (unit.len() + 5) {
                body.extend([before, &format!("{number:06}"), behind]);
            }
        }
        None => body.push_str(&unit.repeat(bytes / unit.len())),
    }
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const TEXT: &str = "text/plain";

const fn shape(
    name: &'static str,
    content_type: &'static str,
    begin: &'static str,
    unit: &'static str,
    end: &'static str,
) -> Shape {
    Shape { name, begin, unit, end, second: None, content_type }
}

const fn two(
    name: &'static str,
    begin: &'static str,
    unit: &'static str,
    between: &'static str,
    second: &'static str,
    end: &'static str,
) -> Shape {
    Shape { name, begin, unit, end, second: Some((between, second)), content_type: JSON }
}

/// A hundred empty alerts: as many as become events of their own.
macro_rules! hundred {
    () => {
        concat!(
            ten!(),
            ",",
            ten!(),
            ",",
            ten!(),
            ",",
            ten!(),
            ",",
            ten!(),
            ",",
            ten!(),
            ",",
            ten!(),
            ",",
            ten!(),
            ",",
            ten!(),
            ",",
            ten!()
        )
    };
}

macro_rules! ten {
    () => {
        "{},{},{},{},{},{},{},{},{},{}"
    };
}

/// Every shape.
#[rustfmt::skip]
pub static SHAPES: &[Shape] = &[
    shape("text", TEXT, "", "abcdefg ", ""),
    shape("quotes", TEXT, "", "\"", ""),
    shape("quotes in a broken string", JSON, "{\"a\":\"", "\"", ""),
    shape("{\"a\":\"", JSON, "", "{\"a\":\"", ""),
    shape("{\"a\":\"{\"a\":\" in a string", JSON, "{\"a\":\"", "{\"a\":\"", "\"}"),
    shape("names without end", JSON, "{", "\"a\":\"{\",", "\"b\":\"c\"d\"}"),
    shape("both parities", JSON, "{\"a\":\"{\"", ",\":1,\":1,\"", "\"}"),
    shape("line breaks", TEXT, "x", "\n", "y"),
    shape("line breaks in a form", TEXT, "summary=x\n", "\n", "y"),
    shape("line breaks and blanks in a form", TEXT, "summary=x\n", " \n", "y"),
    shape("lines of one letter", TEXT, "", "a\n", ""),
    shape("blanks", TEXT, "x", " ", "y"),
    shape("line breaks in a broken string", JSON, "{\"a\":\"", "\n", "\"b\"}"),
    shape("&a=", TEXT, "summary", "&a=", ""),
    shape("a=& raw form", TEXT, "a=1", "&a=", ""),
    shape("a=& standard form", FORM, "summary=1", "&a=", ""),
    shape("a# raw form", TEXT, "source=1", "&a#=1", ""),
    shape("a# standard form", FORM, "source=1", "&a#=1", ""),
    shape("lines a=", TEXT, "source=1", "\na=", ""),
    shape("equal signs", TEXT, "source=", "=", ""),
    shape("ampersands", TEXT, "source=1", "&", ""),
    shape("percent signs", FORM, "source=1", "%41", ""),
    shape("{{ in text", TEXT, "", "{{", ""),
    shape("{{ as a value", JSON, "{\"a\":", "{{", ""),
    shape("{{ as values", JSON, "{\"a\":1", ",\"a\":{{", "}"),
    shape("{{}} as a value", JSON, "{\"a\":", "{{}}", ",\"b\":\"c\"d\"}"),
    shape("{{$value}} in a message", JSON, "{\"alerts\":[{\"annotations\":{\"value\":\"1\",\"message\":\"", "{{$value}}", "\"}}]}"),
    shape("{{ in a message", JSON, "{\"alerts\":[{\"annotations\":{\"message\":\"", "{{", "\"}}]}"),
    shape("{{ }} in a message", JSON, "{\"alerts\":[{\"annotations\":{\"message\":\"", "{{a}}", "\"}}]}"),
    shape("backslashes", TEXT, "", "\\", ""),
    shape("backslashes in a string", JSON, "{\"a\":\"", "\\", "\"}"),
    shape("escaped quotes in a broken string", JSON, "{\"a\":\"b\"c", "\\\"", "\"}"),
    shape("backslash and quote", JSON, "{\"a\":\"x\"y", "\\\\\\\"", "\"}"),
    shape("\",\"", JSON, "{\"a\":\"", "\",\"", "\"}"),
    shape("\",\"a:", JSON, "{\"a\":\"x\"y", "\",\"a:", "\"}"),
    shape("\"},{\"", JSON, "{\"a\":[\"x\"y", "\"},{\"", "\"]}"),
    shape("preset lines", TEXT, "告警名称：a\n告警内容：b\n", "告警名称：x\n", ""),
    shape("preset content lines", TEXT, "告警名称：a\n", "告警内容：x\n", ""),
    shape("colons", TEXT, "", "：", ""),
    shape("lines of colons", TEXT, "", ":\n", ""),
    shape("integration_key in text", TEXT, "", "integration_key ", ""),
    shape("integration_key=", TEXT, "", "integration_key=", ""),
    shape("integration_key pairs", TEXT, "a=", "&integration_key=", ""),
    shape("integration_key lines", TEXT, "message=a", "\nintegration_key=0123456789abcdef0123456789abcdef", ""),
    shape("integration_key names", JSON, "{\"a\":1", ",\"integration_key\":\"0123456789abcdef0123456789abcdef\"", "}"),
    shape("the key in a text", JSON, "{\"integration_key\":\"0123456789abcdef0123456789abcdef\",\"message\":\"", "0123456789abcdef0123456789abcdef", "\"}"),
    shape("告", TEXT, "", "告", ""),
    shape("告 in a broken string", JSON, "{\"a\":\"b\"", "告", "\"}"),
    shape("[", JSON, "", "[", ""),
    shape("{\"a\":", JSON, "", "{\"a\":", ""),
    shape("[ in a broken string", JSON, "{\"a\":\"b\"c\",\"d\":", "[", "}"),
    shape("[ in an embedded document", JSON, "{\"a\":\"{\"b\":", "[", "\"}"),
    shape("{\\\"", JSON, "", "{\\\"a\\\":", ""),
    shape("numbers", JSON, "[0", ",0", "]"),
    shape("numbers in content", JSON, "{\"content\":[0", ",0", "]}"),
    shape("lists", JSON, "[0", ",[]", "]"),
    shape("objects", JSON, "[0", ",{\"a\":0}", "]"),
    shape("fields", JSON, "{\"a\":0", ",\"a#\":0", "}"),
    shape("broken fields", JSON, "{\"a\":\"x\"y\"", ",\"a#\":0", "}"),
    shape("empty alerts", JSON, "{\"alerts\":[{}", ",{}", "]}"),
    shape("alerts that are numbers", JSON, "{\"alerts\":[0", ",0", "]}"),
    shape("alerts with a status", JSON, "{\"alerts\":[{}", ",{\"status\":\"resolved\"}", "]}"),
    shape("alerts with labels", JSON, "{\"alerts\":[{}", ",{\"labels\":{\"alertname\":\"n\",\"instance\":\"#\"}}", "]}"),
    shape("100 alerts beside common labels", JSON, concat!("{\"alerts\":[", hundred!(), "],\"commonLabels\":{\"a\":0"), ",\"a#\":0", "}}"),
    shape("100 alerts beside a common label", JSON, concat!("{\"alerts\":[", hundred!(), "],\"commonLabels\":{\"a\":\""), "abcdefgh", "\"}}"),
    shape("100 alerts beside a common annotation", JSON, concat!("{\"alerts\":[", hundred!(), "],\"commonAnnotations\":{\"message\":\""), "abcdefgh", "\"}}"),
    shape("100 resolved alerts beside fields", JSON, concat!("{\"alerts\":[", hundred!(), "],\"status\":\"resolved\",\"commonLabels\":{\"a\":0"), ",\"a#\":0", "}}"),
    shape("links", JSON, "{\"event_action\":\"trigger\",\"payload\":{\"summary\":\"s\"},\"links\":[{\"href\":\"http://a\"}", ",{\"href\":\"http://#\"}", "]}"),
    shape("equal links", JSON, "{\"event_action\":\"trigger\",\"payload\":{\"summary\":\"s\"},\"links\":[{\"href\":\"http://a\"}", ",{\"href\":\"http://b\"}", "]}"),
    shape("images", JSON, "{\"event_action\":\"trigger\",\"payload\":{\"summary\":\"s\"},\"images\":[{\"src\":\"https://a\"}", ",{\"src\":\"https://#\"}", "]}"),
    shape("long summary", JSON, "{\"alerts\":[{\"labels\":{\"alertname\":\"", "a\\u2028", "\"}}]}"),
    shape("a time", JSON, "{\"alerts\":[{\"startsAt\":\"2025-01-01 00:00:00.", "0", "\"}]}"),
    shape("a time and blanks", JSON, "{\"alerts\":[{\"startsAt\":\"2025-01-01 00:00:00", " ", "x\"}]}"),
    shape("byte-order marks", TEXT, "", "\u{feff}", "x"),
    two("placeholders of a long label", "{\"alerts\":[{\"labels\":{\"a\":\"", "x", "\"},\"annotations\":{\"message\":\"", "{{$labels.a}}", "\"}}]}"),
    two("alerts beside common labels", "{\"commonLabels\":{\"b\":0", ",\"a#\":0", "},\"alerts\":[{}", ",{}", "]}"),
    two("alerts that fire beside fields", "{\"commonAnnotations\":{\"b\":0", ",\"a#\":0", "},\"alerts\":[{}", ",{\"status\":\"firing\",\"labels\":{\"a\":\"#\"}}", "]}"),
    shape("documents in documents", JSON, "{\"content\":\"{\\\"content\\\":\\\"", "a ", "\\\"}\"}"),
];
