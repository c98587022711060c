//! What must not be shown: keys and tokens, also where the function could make nothing of a webhook.
//!
//! - `signs`: a text's characters, decoded.
//! - `named`: where secrets stand in them.

mod named;
mod signs;

use crate::leaves::Members;
use arms_pagerduty::secret::{IntegrationKey, Mask};
use http::request::Parts;
use serde_json::value::RawValue;

/// What stands for a secret of which nothing may be shown.
pub(crate) const HIDDEN: &str = "********";
/// A part of a path that is as long as this may be a secret.
const PATH_PART_CHARS: usize = 16;

/// A text without the mask's secrets and without what stands behind a secret's name.
pub(crate) fn text(text: &str, mask: &Mask) -> String {
    named(&mask.hide(text.to_owned()))
}

/// A text without what stands behind a secret's name.
pub(crate) fn named(text: &str) -> String {
    let signs = signs::decode(text);
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for secret in named::secrets(&signs) {
        let Some(secret) = signs.get(secret) else { continue };
        let (Some(first), Some(last)) = (secret.first(), secret.last()) else { continue };
        shown.push_str(text.get(at..first.start).unwrap_or_default());
        shown.push_str(&key(&secret.iter().map(|sign| sign.c).collect::<String>()));
        at = last.end;
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    shown
}

/// A JSON document in which each text is masked, and all that a secret's name stands for.
pub(crate) fn json(document: &str, mask: &Mask) -> String {
    let mut shown = String::with_capacity(document.len());
    match value(document.trim(), mask, false, &mut shown) {
        Ok(()) => shown,
        // Whatever else it is, it is a text.
        Err(_) => text(document, mask),
    }
}

/// Writes a value; `is_secret` if a secret's name stands for it.
fn value(raw: &str, mask: &Mask, is_secret: bool, shown: &mut String) -> Result<(), serde_json::Error> {
    if raw.starts_with('{') {
        let Members(members) = serde_json::from_str(raw)?;
        // `{"name":"token","value":"…"}`
        let says_name = |value: &RawValue| {
            serde_json::from_str::<String>(value.get()).is_ok_and(|text| named::is_secret(&text))
        };
        let is_pair = members.iter().any(|(_, value)| says_name(value));
        shown.push('{');
        for (number, (name, inner)) in members.iter().enumerate() {
            let is_secret =
                is_secret || named::is_secret(name) || is_pair && name.eq_ignore_ascii_case("value");
            shown.push_str(if number == 0 { "" } else { "," });
            shown.push_str(&serde_json::to_string(&text(name, mask))?);
            shown.push(':');
            value(inner.get(), mask, is_secret, shown)?;
        }
        shown.push('}');
    } else if raw.starts_with('[') {
        shown.push('[');
        for (number, inner) in serde_json::from_str::<Vec<&RawValue>>(raw)?.iter().enumerate() {
            shown.push_str(if number == 0 { "" } else { "," });
            value(inner.get(), mask, is_secret, shown)?;
        }
        shown.push(']');
    } else if raw.starts_with('"') {
        let inner: String = serde_json::from_str(raw)?;
        let masked = if is_secret && !inner.starts_with('*') { key(&inner) } else { text(&inner, mask) };
        shown.push_str(&if masked == inner { raw.to_owned() } else { serde_json::to_string(&masked)? });
    } else if is_secret && raw.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        shown.push_str(&serde_json::to_string(HIDDEN)?);
    } else {
        shown.push_str(serde_json::from_str::<&RawValue>(raw)?.get());
    }
    Ok(())
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
        Some((name, value)) if named::is_secret(name) && !value.is_empty() => {
            let decoded = signs::decode(value).iter().map(|sign| sign.c).collect::<String>();
            format!("{name}={}", key(decoded.trim()))
        }
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
            // Other notations.
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
