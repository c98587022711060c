//! What must not be shown: keys and tokens, also where the function could make nothing of a webhook.
//!
//! A text is decoded as often as it was encoded, and then searched for the names of secrets.

use crate::decoded::{Decoded, part, regex};
use crate::leaves::Members;
use arms_pagerduty::secret::{IntegrationKey, Mask, SECRET_NAMES};
use http::request::Parts;
use regex::Regex;
use serde_json::value::RawValue;
use std::ops::Range;
use std::sync::LazyLock;

/// What is shown instead of a secret of which nothing may be shown.
pub(crate) const HIDDEN: &str = "********";
/// A part of a path that is as long as this may be a secret.
const PATH_PART_CHARS: usize = 16;
/// How far the end of a quoted text or of a list is sought.
const VALUE_MAX_BYTES: usize = 4096;
/// How often a text may be encoded.
const ENCODED_MAX: usize = 4;
/// Keys that follow each other.
const KEYS: &str = r#"(?<keys>[0-9A-Za-z]{32}(?:[ ,"'\\]+[0-9A-Za-z]{32})*)(?:[^\w-]|$)"#;

/// Escapes of JSON, URLs and HTML, and a terminal's colours, which mean nothing to a reader.
static ESCAPE: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"\\+(?:u[0-9a-fA-F]{4}|["'/nrtbf]?)|%[0-7][0-9a-fA-F]|&(?:quot|#34|#39);|\x1b\[[0-9;]*m"#)
});
/// A secret's name; then a sign that assigns a value to it, or keys.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    let closing = r#"["'\\\[\]()\s]*"#;
    let between = r#"["'\\\[\]()\s,.:=]+"#;
    let sign = format!(r"(?<sign>{closing}(?:\d+\]{closing})?[:=：＝>][\s:=：＝>\\]*)");
    regex(&format!("(?i)(?:{})(?:{sign}|{between}(?:(?:is|value){between})?{KEYS})", names()))
});
/// The end of a secret's name.
static NAME: LazyLock<Regex> = LazyLock::new(|| regex(&format!(r#"(?i)(?:{})["'\])\s]*$"#, names())));
/// A word, and keys behind it as in `Bearer …`.
static WORD: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!(r#"^(?<word>[^"'\\&,;}}\])<>\s]*)(?: +{KEYS})?"#)));
/// Keys where also another field may begin.
static KEYS_ALONE: LazyLock<Regex> = LazyLock::new(|| regex(&format!(r"^(?:- *)?{KEYS}")));
/// A word of a list or an object; before a colon it is a name.
static ITEM: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(?<word>[^"'\\&,;}\])<>\s\[{:]+)["' ]*(?<colon>:?)"#));

/// The names that the function keeps out of every event, however their words are separated. In `C:\token` the first
/// letter has been taken for an escape.
fn names() -> String {
    let letter = |c: char| match c {
        't' => r"[t\t]".to_owned(),
        'r' => r"[r\r]".to_owned(),
        c => c.to_string(),
    };
    let name = |name: &&str| name.chars().map(letter).collect::<Vec<_>>().join("[-_ +]*");
    SECRET_NAMES.iter().map(name).collect::<Vec<_>>().join("|")
}

/// A text without the mask's secrets and without the values of secrets' names.
pub(crate) fn text(text: &str, mask: &Mask) -> String {
    named(&mask.hide(text.to_owned()))
}

/// A text without the values of secrets' names.
pub(crate) fn named(text: &str) -> String {
    let decoded = decode(text);
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for secret in secrets(text, &decoded) {
        let place = decoded.place(&secret);
        shown.push_str(part(text, at..place.start));
        shown.push_str(&key(part(&decoded.text, secret)));
        at = place.end;
    }
    shown + part(text, at..text.len())
}

fn decode(text: &str) -> Decoded {
    let mut decoded = Decoded::new(text, &ESCAPE, unescaped);
    for _ in 1..ENCODED_MAX {
        decoded = decoded.again(&ESCAPE, unescaped);
    }
    decoded
}

fn unescaped(escape: &str) -> String {
    let bare = escape.trim_start_matches('\\');
    let of_code = |code: &str| u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
    let c = match bare.split_at_checked(1) {
        Some(("u" | "%", code)) => of_code(code),
        Some(("n", _)) => Some('\n'),
        Some(("r", _)) => Some('\r'),
        Some(("t", _)) => Some('\t'),
        Some(("b" | "f", _)) => Some(' '),
        Some(("&", _)) => Some('"'),
        Some(("\u{1b}", _)) => None,
        _ => Some(bare.chars().next().unwrap_or('\\')),
    };
    c.map(String::from).unwrap_or_default()
}

/// The parts of a decoded text that hold secrets, in their order.
fn secrets(source: &str, decoded: &Decoded) -> Vec<Range<usize>> {
    let text = &decoded.text;
    let (mut secrets, mut at) = (Vec::new(), 0);
    while let Some(found) = NAMED.captures_at(text, at) {
        let Some(sign) = found.name("sign") else {
            secrets.extend(found.name("keys").map(|keys| keys.range()));
            at = secrets.last().map_or(text.len(), |keys| keys.end);
            continue;
        };
        let start = sign.end();
        let rest = part(text, start..text.len());
        let is_on_next_line = sign.as_str().contains(['\n', '\r']);
        let (values, end) = match rest.chars().next() {
            // A placeholder.
            Some('{') if rest.starts_with("{{") => (Vec::new(), 0),
            Some('[' | '{') => listed(rest),
            Some('"' | '\'') => quoted(source, decoded, start),
            _ => {
                let found = if is_on_next_line { &KEYS_ALONE } else { &WORD }.captures(rest);
                let parts = |name| found.as_ref()?.name(name).map(|part| part.range());
                let values: Vec<_> = ["word", "keys"].into_iter().filter_map(parts).collect();
                let end = values.last().map_or(0, |last| last.end);
                (values, end)
            }
        };
        at = start + end;
        let values = values.into_iter().filter(|value| is_bare(part(rest, value.clone())));
        secrets.extend(values.map(|value| start + value.start..start + value.end));
    }
    secrets
}

/// Whether a value is neither empty, nor nothing but dots, nor hidden already.
fn is_bare(value: &str) -> bool {
    let is_hidden = value.starts_with("****") && value.trim_start_matches('*').len() <= 4;
    value.contains(char::is_alphanumeric) && !is_hidden
}

/// A quoted text, to the quote that is written like the first one; of one that never ends, a word. And where it ends.
fn quoted(source: &str, decoded: &Decoded, open: usize) -> (Vec<Range<usize>>, usize) {
    let written = |at: usize| part(source, decoded.place(&(at..at + 1)));
    let rest = part(&decoded.text, open + 1..decoded.text.len());
    let mut quotes = rest.match_indices(['"', '\'']).map(|(at, _)| at).take_while(|at| *at < VALUE_MAX_BYTES);
    let end = quotes.find(|at| written(open + 1 + at) == written(open));
    let end = 1 + end.or_else(|| WORD.find(rest).map(|word| word.end())).unwrap_or_default();
    (Vec::from_iter(Some(1..end)), end)
}

/// Every value of a list or an object, and where it ends.
fn listed(text: &str) -> (Vec<Range<usize>>, usize) {
    let mut depth = 0_usize;
    let end = text.bytes().take(VALUE_MAX_BYTES).position(|byte| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    let end = text.floor_char_boundary(end.unwrap_or(VALUE_MAX_BYTES));
    let values = ITEM.captures_iter(part(text, 0..end)).filter_map(|item| {
        let is_name = item.name("colon").is_some_and(|colon| !colon.is_empty());
        item.name("word").filter(|_| !is_name).map(|word| word.range())
    });
    (values.collect(), end)
}

/// A JSON document in which each text is masked, and every value of a secret's name.
pub(crate) fn json(document: &str, mask: &Mask) -> String {
    // Whatever else it is, it is a text.
    value(document.trim(), mask, false).unwrap_or_else(|_| text(document, mask))
}

/// A value; `is_secret` if it is the value of a secret's name, or in one.
fn value(raw: &str, mask: &Mask, is_secret: bool) -> serde_json::Result<String> {
    let read = |raw: &RawValue| serde_json::from_str::<String>(raw.get());
    if raw.starts_with('{') {
        let Members(members) = serde_json::from_str(raw)?;
        // `{"name":"token","value":"…"}`
        let is_pair = members.iter().any(|(_, value)| read(value).is_ok_and(|text| is_secret_name(&text)));
        let shown = members.iter().map(|(name, inner)| {
            let is_named = is_secret_name(name) || is_pair && name.eq_ignore_ascii_case("value");
            let name = serde_json::to_string(&text(name, mask))?;
            Ok(format!("{name}:{}", value(inner.get(), mask, is_secret || is_named)?))
        });
        return Ok(format!("{{{}}}", shown.collect::<serde_json::Result<Vec<_>>>()?.join(",")));
    }
    if raw.starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(raw)?;
        let shown = items.iter().map(|inner| value(inner.get(), mask, is_secret));
        return Ok(format!("[{}]", shown.collect::<serde_json::Result<Vec<_>>>()?.join(",")));
    }
    let raw: &RawValue = serde_json::from_str(raw)?;
    let is_number = raw.get().starts_with(|c: char| c.is_ascii_digit() || c == '-');
    match read(raw) {
        Ok(inner) => {
            let masked = if is_secret && is_bare(&inner) { key(&inner) } else { text(&inner, mask) };
            Ok(if masked == inner { raw.get().to_owned() } else { serde_json::to_string(&masked)? })
        }
        Err(_) if is_secret && is_number => serde_json::to_string(HIDDEN),
        Err(_) => Ok(raw.get().to_owned()),
    }
}

/// Whether a name, or its last part as in `payload.custom_details.token`, is that of a secret.
fn is_secret_name(name: &str) -> bool {
    NAME.is_match(&decode(name).text)
}

/// The headers, in their order.
pub(crate) fn headers(head: &Parts, mask: &Mask) -> Vec<(String, String)> {
    let shown = head.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        let name = name.as_str();
        let is_token = ["authorization", "cookie", "token", "secret", "signature"];
        let shown = if is_token.iter().any(|word| name.contains(word)) {
            HIDDEN.to_owned()
        } else if name.contains("key") {
            key(&value)
        } else {
            text(&value, mask)
        };
        (name.to_owned(), shown)
    });
    shown.collect()
}

/// The path, and the query with its secrets hidden.
pub(crate) fn target(head: &Parts, mask: &Mask) -> String {
    let path = head.uri.path().split('/').map(|part| {
        let is_key = part.len() >= PATH_PART_CHARS && part.chars().all(|c| c.is_ascii_alphanumeric());
        if is_key { key(part) } else { text(part, mask) }
    });
    let path = path.collect::<Vec<_>>().join("/");
    let Some(query) = head.uri.query() else { return path };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        // In a query a value ends nowhere but at the next pair.
        Some((name, value)) if is_secret_name(name) => format!("{name}={}", key(decode(value).text.trim())),
        _ => text(pair, mask),
    });
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// Of a key its last four characters, as the function shows them; of any other secret nothing.
fn key(secret: &str) -> String {
    if secret.is_empty() {
        return String::new();
    }
    IntegrationKey::parse(secret).map_or_else(|_| HIDDEN.to_owned(), |key| key.masked())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `§` in each row.
    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn none() -> Mask {
        Mask::new([], [])
    }

    #[test]
    fn a_key_behind_a_secrets_name_is_hidden_in_every_notation() {
        for (written, shown) in [
            ("integration_key=§&a=b", "integration_key=****cdef&a=b"),
            ("INTEGRATION_KEY=§", "INTEGRATION_KEY=****cdef"),
            (r#"{"integrationKey":"§"}"#, r#"{"integrationKey":"****cdef"}"#),
            (r#"{"ROUTING_KEY": "§"}"#, r#"{"ROUTING_KEY": "****cdef"}"#),
            (r#"{"Routing-Key": §}"#, r#"{"Routing-Key": ****cdef}"#),
            (r"{'service key':'§'}", r"{'service key':'****cdef'}"),
            ("PagerDuty Integration Key: §", "PagerDuty Integration Key: ****cdef"),
            ("x-webhook-token：§", "x-webhook-token：****cdef"),
            ("pd_routing_key=§", "pd_routing_key=****cdef"),
            ("prodRoutingKey=§", "prodRoutingKey=****cdef"),
            // Lists and objects.
            (r#"{"routing_key":["§","§"]}"#, r#"{"routing_key":["****cdef","****cdef"]}"#),
            (r#"{"routing_key" : [ ["§"], § ]}"#, r#"{"routing_key" : [ ["****cdef"], ****cdef ]}"#),
            (r#"{"token":{"a":"§","b":["short"]}}"#, r#"{"token":{"a":"****cdef","b":["********"]}}"#),
            ("routing_key[]=§&routing_key[0]=§", "routing_key[]=****cdef&routing_key[0]=****cdef"),
            (r#"["x-integration-key","§"]"#, r#"["x-integration-key","****cdef"]"#),
            (r#"{"name":"integration_key","value":"§"}"#, r#"{"name":"integration_key","value":"****cdef"}"#),
            // Documents in texts, once and twice.
            (r#"{\"integrationKey\":\"§\"}"#, r#"{\"integrationKey\":\"****cdef\"}"#),
            (r#"{\\\"routing_key\\\":[\\\"§\\\"]}"#, r#"{\\\"routing_key\\\":[\\\"****cdef\\\"]}"#),
            (r#""a\ntoken: §\nb""#, r#""a\ntoken: ****cdef\nb""#),
            (r"C:\token=§", r"C:\token=****cdef"),
            // Escapes.
            (
                r#"{"integration\u005fkey":"\u0030123456789abcdef0123456789abcde\u0066"}"#,
                r#"{"integration\u005fkey":"****cdef"}"#,
            ),
            (r#"{\"\\u0072outing_key\":\"\\u004b§\"}"#, r#"{\"\\u0072outing_key\":\"********\"}"#),
            ("https://h/?integration%5Fkey=§&x", "https://h/?integration%5Fkey=****cdef&x"),
            ("url=https%3A%2F%2Fh%3Frouting_key%3D§%26x", "url=https%3A%2F%2Fh%3Frouting_key%3D****cdef%26x"),
            ("u=%253Frouting_key%253D§%2526x", "u=%253Frouting_key%253D****cdef%2526x"),
            // One encoding in another.
            (r#""%5Cu0074oken\u003d§""#, r#""%5Cu0074oken\u003d****cdef""#),
            ("{&quot;token&quot;:&quot;§&quot;}", "{&quot;token&quot;:&quot;****cdef&quot;}"),
            // Other notations.
            ("csrftoken=§", "csrftoken=****cdef"),
            ("token:\n  - §", "token:\n  - ****cdef"),
            ("<routing_key>§</routing_key>", "<routing_key>****cdef</routing_key>"),
            ("routing_key => '§',", "routing_key => '****cdef',"),
            ("the integration key is §.", "the integration key is ****cdef."),
            ("token: Bearer §", "token: ******** ****cdef"),
            ("token:\n§", "token:\n****cdef"),
            ("\u{1b}[36m\"routing_key\"\u{1b}[0m: \"§\"", "\u{1b}[36m\"routing_key\"\u{1b}[0m: \"****cdef\""),
        ] {
            assert_eq!(named(&written.replace('§', KEY)), shown);
        }
    }

    #[test]
    fn other_secrets_are_hidden_whole_and_all_else_stays() {
        for (written, shown) in [
            (r#"{"routing_key": "u+aaaaaaaaaaaaaaaaaa"}"#, r#"{"routing_key": "********"}"#),
            (r#"{\"service_key\":\"short\"}"#, r#"{\"service_key\":\"********\"}"#),
            (r#"{"token":"two, \"three\" words","a":"b"}"#, r#"{"token":"********","a":"b"}"#),
            (r#"{"token":"*secret"}"#, r#"{"token":"********"}"#),
            ("access_token=a-b_c&x=1", "access_token=********&x=1"),
            ("the token bucket is full", "the token bucket is full"),
            ("tokens=5 keys=6 key=7", "tokens=5 keys=6 key=7"),
            ("integration_key=****cdef", "integration_key=****cdef"),
            ("integration_key=<32 characters>", "integration_key=<32 characters>"),
            ("token={{ .token }}", "token={{ .token }}"),
            ("integration_key=\nsummary=x", "integration_key=\nsummary=x"),
            (r#"{"token":"","dedup_key":"§"}"#, r#"{"token":"","dedup_key":"§"}"#),
            (r#"{"fingerprint":"§","a":null}"#, r#"{"fingerprint":"§","a":null}"#),
        ] {
            let with_key = |text: &str| text.replace('§', KEY);
            assert_eq!(named(&with_key(written)), with_key(shown));
        }
    }

    #[test]
    fn a_json_document_stays_one() {
        for (document, shown) in [
            (
                r#"{"b":{"Token":5,"a":[1.50,true]},"a":"x"}"#,
                r#"{"b":{"Token":"********","a":[1.50,true]},"a":"x"}"#,
            ),
            (r#"{"service_key":[null,{"a":"short"}]}"#, r#"{"service_key":[null,{"a":"********"}]}"#),
            (r#"{"m":"token=\"a\" \n"}"#, r#"{"m":"token=\"********\" \n"}"#),
            (r#"{"m":"{\"token\": 5}"}"#, r#"{"m":"{\"token\": ********}"}"#),
            (r#"{"name":"details.token","value":5}"#, r#"{"name":"details.token","value":"********"}"#),
            (
                r#"{"key":"****cdef","routing_key":"****cdef"}"#,
                r#"{"key":"****cdef","routing_key":"****cdef"}"#,
            ),
        ] {
            assert_eq!(json(document, &none()), shown);
        }
    }

    #[test]
    fn a_target_shows_no_secret() -> Result<(), http::Error> {
        for (written, shown) in [
            ("/v2?token=a%20b,c&x=1", "/v2?token=********&x=1"),
            ("/v2?integrationKey=§", "/v2?integrationKey=****cdef"),
            ("/?ROUTING%5FKEY=%300123456789abcdef123456789abcdef", "/?ROUTING%5FKEY=****cdef"),
            ("/?service_key%5B%5D=§&service_key=§", "/?service_key%5B%5D=****cdef&service_key=****cdef"),
            ("/?q=%7B%22token%22%3A%22x%22%7D", "/?q=%7B%22token%22%3A%22********%22%7D"),
            ("/§/x", "/****cdef/x"),
        ] {
            let (head, ()) = http::Request::post(written.replace('§', KEY)).body(())?.into_parts();
            assert_eq!(target(&head, &none()), shown);
        }
        Ok(())
    }

    #[test]
    fn what_never_ends_takes_no_time() {
        for unit in ["token:[", "token:\"", "token", "token=", "\\", "%25", "token:\\\"", "\u{1b}[3", "a "] {
            let long = unit.repeat((1 << 18) / unit.len());
            assert!(!named(&long).is_empty());
        }
    }
}
