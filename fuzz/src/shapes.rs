//! Bodies that can be made as large as one likes: of the shapes at which a way that takes the square of their length, or a
//! multiple of their memory, would show; the bodies that were once slow; and each sample of `events/`, grown.
//!
//! A body is written as a pattern: what is between `«` and `»` is repeated, so often as the size asks for or, behind
//! `2700*`, that often in the largest body and less often in a smaller one. `#` in it becomes a number, so that no two are equal.

use crate::{APIS, CONTENT_TYPES};
use arms_pagerduty::event::Api;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

/// The largest body that the relay takes.
pub const BODY_MAX_BYTES: usize = 6 * 1024 * 1024;

/// A body of any size.
pub struct Shape {
    /// What it is.
    pub name: String,
    /// The request's content type: a place in [`CONTENT_TYPES`].
    pub content_type: u8,
    /// What [`fill`] makes the body of.
    pub pattern: String,
    /// The APIs for which it is measured.
    pub apis: &'static [Api],
}

/// A content type and a pattern in each line. `␤` is a line break, `⌷` a byte-order mark.
const SHAPES: &str = r##"
json {"a":"«"»
json «{"a":"»
json {"a":"«{"a":"»"}
json {«"a":"{",»"b":"c"d"}
json {"a":"{"«,":1,":1,"»"}
json {"a":"«␤»"b"}
json {"a":«{{»
json {"a":1«,"a":{{»}
json {"a":«{{}}»,"b":"c"d"}
json {"alerts":[{"annotations":{"value":"1","message":"«{{$value}}»"}}]}
json {"alerts":[{"annotations":{"message":"«{{»"}}]}
json {"alerts":[{"annotations":{"message":"«{{a}}»"}}]}
json {"a":"«\»"}
json {"a":"b"c«\"»"}
json {"a":"x"y«\\\"»"}
json {"a":"«","»"}
json {"a":"x"y«","a:»"}
json {"a":["x"y«"},{"»"]}
json {"a":1«,"integration_key":"0123456789abcdef0123456789abcdef"»}
json {"integration_key":"0123456789abcdef0123456789abcdef","message":"«0123456789abcdef0123456789abcdef»"}
json {"a":"b"«告»"}
json «[»
json «{"a":»
json {"a":"b"c","d":«[»}
json {"a":"{"b":«[»"}
json «{\"a\":»
json [0«,0»]
json {"content":[0«,0»]}
json [0«,[]»]
json [0«,{"a":0}»]
json {"a":0«,"a#":0»}
json {"a":"x"y"«,"a#":0»}
json {"alerts":[{}«,{}»]}
json {"alerts":[0«,0»]}
json {"alerts":[{}«,{"status":"resolved"}»]}
json {"alerts":[{}«,{"labels":{"alertname":"n","instance":"#"}}»]}
json {"alerts":[«100*{},»{}],"commonLabels":{"a":0«,"a#":0»}}
json {"alerts":[«100*{},»{}],"commonLabels":{"a":"«abcdefgh»"}}
json {"alerts":[«100*{},»{}],"commonAnnotations":{"message":"«abcdefgh»"}}
json {"alerts":[«100*{},»{}],"status":"resolved","commonLabels":{"a":0«,"a#":0»}}
json {"event_action":"trigger","payload":{"summary":"s"},"links":[{"href":"http://a"}«,{"href":"http://#"}»]}
json {"event_action":"trigger","payload":{"summary":"s"},"links":[{"href":"http://a"}«,{"href":"http://b"}»]}
json {"event_action":"trigger","payload":{"summary":"s"},"images":[{"src":"https://a"}«,{"src":"https://#"}»]}
json {"alerts":[{"labels":{"alertname":"«a\u2028»"}}]}
json {"alerts":[{"startsAt":"2025-01-01 00:00:00.«0»"}]}
json {"alerts":[{"startsAt":"2025-01-01 00:00:00« »x"}]}
json {"alerts":[{"labels":{"a":"«x»"},"annotations":{"message":"«{{$labels.a}}»"}}]}
json {"commonLabels":{"b":0«,"a#":0»},"alerts":[{}«,{}»]}
json {"commonAnnotations":{"b":0«,"a#":0»},"alerts":[{}«,{"status":"firing","labels":{"a":"#"}}»]}
json {"content":"{\"content\":\"«a »\"}"}
form summary=1«&a=»
form source=1«&a#=1»
form source=1«%41»
text «abcdefg »
text «"»
text x«␤»y
text summary=x␤«␤»y
text summary=x␤« ␤»y
text «a␤»
text x« »y
text summary«&a=»
text a=1«&a=»
text source=1«&a#=1»
text source=1«␤a=»
text source=«=»
text source=1«&»
text «{{»
text «\»
text 告警名称：a␤告警内容：b␤«告警名称：x␤»
text 告警名称：a␤«告警内容：x␤»
text «：»
text «:␤»
text «integration_key »
text «integration_key=»
text a=«&integration_key=»
text message=a«␤integration_key=0123456789abcdef0123456789abcdef»
text «告»
text «⌷»x
"##;

/// The three findings of the review of November 2026 (35 s, 9 s and 7 s at that time), and what is like them.
const ONCE_SLOW: &str = r##"
json {"alerts":[{"labels":{"alertname":"A","b":"«9»"},"annotations":{"value":"«9»","message":"«2700*{{$labels.b|printf \"%d\"}}»"}}]}
json {"alerts":[{"labels":{"alertname":"A","b":"«9»"},"annotations":{"value":"«9»","message":"«2700*{{printf \"%.2f\" $labels.b}}»"}}]}
json {"alerts":[{"labels":{"alertname":"A","b":"«x»"},"annotations":{"value":"«x»","message":"«2700*{{$value|printf \"%f\"}}»"}}]}
json {"alerts":[{"labels":{"alertname":"A","b":"«{{}}»"},"annotations":{"value":"«{{}}»","message":"«2700*{{$labels.b}}»"}}]}
text severity=P1&«1000*a=b&»« »␤summary=x
form severity=P1&«1000*a=b&»« »␤summary=x
text severity=P1&«1000*source=b & »« »␤summary=x
json {"alerts":[«100*{"labels":{"alertname":"A","pod":"#"}},»{}],"severity":"«x»"}
json {"alerts":[«100*{"labels":{"alertname":"A","pod":"#"}},»{}],"status":"«x»"}
json {"alerts":[«100*{"labels":{"alertname":"A","pod":"#"}},»{}],"receiver":"«x»"}
json {"alerts":[«100*{"labels":{"alertname":"A","pod":"#"}},»{}],"groupKey":"«x»"}
json {"alerts":[«100*{"labels":{"alertname":"A","pod":"#"}},»{}],"whatever":"«x»"}
"##;

/// The body that a pattern describes, of about so many bytes if it repeats anything.
#[must_use]
pub fn fill(pattern: &str, bytes: usize) -> String {
    let room = bytes / pattern.matches('«').count().max(1);
    let mut body = String::new();
    for (place, piece) in pattern.split(['«', '»']).enumerate() {
        if place % 2 == 0 {
            body.push_str(piece);
            continue;
        }
        let counted = piece.split_once('*').and_then(|(count, unit)| Some((count.parse().ok()?, unit)));
        let (count, unit): (usize, &str) = counted.unwrap_or((usize::MAX, piece));
        let count = count.saturating_mul(bytes) / BODY_MAX_BYTES;
        let count = count.max(1).min(room / (unit.len() + 5 * unit.matches('#').count()).max(1));
        if unit.contains('#') {
            body.extend((0..count).map(|number| unit.replace('#', &format!("{number:06}"))));
        } else {
            body.push_str(&unit.repeat(count));
        }
    }
    body
}

/// Every shape, what was once slow, and every sample grown in each way that there is for it.
///
/// # Errors
/// When the samples cannot be read.
pub fn shapes() -> io::Result<Vec<Shape>> {
    let mut shapes = Vec::new();
    for (table, apis) in [(SHAPES, &APIS[..1]), (ONCE_SLOW, &APIS[..])] {
        for (kind, pattern) in table.lines().filter_map(|line| line.split_once(' ')) {
            let pattern = pattern.replace('␤', "\n").replace('⌷', "\u{feff}");
            shapes.push(Shape { name: pattern.clone(), content_type: content_type(kind), pattern, apis });
        }
    }
    for (name, content_type, text) in samples()? {
        for (how, pattern) in grown(&text) {
            shapes.push(Shape { name: format!("{name}, {how}"), content_type, pattern, apis: &APIS[..1] });
        }
    }
    Ok(shapes)
}

/// The place of the content type that has the word.
fn content_type(word: &str) -> u8 {
    let place = CONTENT_TYPES.iter().position(|known| !word.is_empty() && known.contains(word));
    place.and_then(|place| u8::try_from(place).ok()).unwrap_or(3)
}

/// The samples of `events/`: name, content type and body.
fn samples() -> io::Result<Vec<(String, u8, String)>> {
    let mut samples = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../events"))? {
        let path = entry?.path();
        let event: Value = serde_json::from_slice(&fs::read(&path)?)?;
        let mut text = event["body"].as_str().unwrap_or_default().to_owned();
        if event["isBase64Encoded"] == true {
            let bytes = BASE64_STANDARD.decode(&text).map_err(io::Error::other)?;
            text = String::from_utf8(bytes).map_err(io::Error::other)?;
        }
        let header = event["headers"]["content-type"].as_str().unwrap_or_default();
        let kind = content_type(header.split(';').next().unwrap_or_default());
        samples.push((path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), kind, text));
    }
    samples.sort();
    Ok(samples)
}

/// A sample with more of what it holds.
fn grown(text: &str) -> Vec<(&'static str, String)> {
    let Some((inside, end)) = text.rsplit_once('}').filter(|_| text.starts_with(['{', '['])) else {
        return vec![
            ("pairs", format!("{text}«&a#=b»")),
            ("lines", format!("{text}«\na#: b»")),
            ("long", format!("{text}«some words »")),
        ];
    };
    let one = text.trim_start_matches('[').trim_end_matches(']');
    let mut shapes = vec![
        ("members", format!("{inside}«,\"m#\":\"x\"»}}{end}")),
        ("a list of it", format!("[{one}«,{one}»]")),
    ];
    if let Ok(document) = serde_json::from_str::<Value>(text) {
        let longest = Value::from(longest(&document)).to_string();
        let opened = longest.trim_end_matches('"');
        shapes.push((
            "a long text",
            document.to_string().replacen(&longest, &format!("{opened}« and more»\""), 1),
        ));
    }
    shapes
}

/// The longest text of a document.
fn longest(document: &Value) -> &str {
    match document {
        Value::String(text) => text,
        Value::Array(items) => items.iter().map(longest).max_by_key(|text| text.len()).unwrap_or_default(),
        Value::Object(object) => {
            object.values().map(longest).max_by_key(|text| text.len()).unwrap_or_default()
        }
        _ => "",
    }
}

/// Writes what a fuzzer begins with: every sample and shape as an [`Input`](crate::Input), which takes its bytes from the
/// front, and a dictionary of their words.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write_seeds(corpus: &Path) -> io::Result<()> {
    fs::create_dir_all(corpus.join("body"))?;
    let samples = samples()?.into_iter().map(|(_, content_type, text)| (content_type, text));
    let shapes = shapes()?.into_iter().map(|shape| (shape.content_type, shape.pattern));
    let mut words = BTreeSet::from(["«", "»", "«9*"].map(str::to_owned));
    for (place, (content_type, text)) in samples.chain(shapes).enumerate() {
        for api in 0..4 {
            let head = [content_type, api % 3, api / 3, 4];
            fs::write(corpus.join(format!("body/{place}-{api}")), [&head, text.as_bytes()].concat())?;
        }
        let ends = [':', ',', '{', '}', '[', ']', '=', '&', '\n'];
        words.extend(text.split_inclusive(ends).filter(|word| word.len() < 40).map(str::to_owned));
    }
    let mut dictionary = String::new();
    for word in words {
        let escaped = word.bytes().fold(String::new(), |text, byte| format!("{text}\\x{byte:02x}"));
        dictionary.extend(["\"", &escaped, "\"\n"]);
    }
    fs::write(corpus.join("words.dict"), dictionary)
}
