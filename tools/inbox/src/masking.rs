//! Webhooks as they may be shown: without keys and tokens, also where the function could make nothing of them.

use arms_pagerduty::secret::Mask;
use http::request::Parts;

/// Names behind which a secret stands, in whatever notation.
const NAMES: [&str; 6] = ["integration_key", "routing_key", "service_key", "token", "signature", "secret"];
/// What stands for a secret of which nothing may be shown.
pub(crate) const HIDDEN: &str = "********";
/// As many characters of a key are shown, if it is long enough for them to tell nothing.
const SHOWN_CHARS: usize = 4;
const LONG_CHARS: usize = 16;

/// A text without the mask's secrets and without what stands behind a secret's name.
pub(crate) fn text(text: &str, mask: &Mask) -> String {
    let mut text = text.to_owned();
    mask.apply(&mut text);
    for name in NAMES {
        text = behind(&text, name);
    }
    text
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
        let is_key = part.len() >= LONG_CHARS && part.chars().all(|c| c.is_ascii_alphanumeric());
        if is_key { key(part) } else { part.to_owned() }
    });
    let path = path.collect::<Vec<_>>().join("/");
    let target = head.uri.query().map_or(path.clone(), |query| format!("{path}?{query}"));
    text(&target, mask)
}

fn behind(text: &str, name: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, after) = rest.split_at(at + name.len());
        shown.push_str(before);
        let notation = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ':' | '=' | '：');
        let value = after.trim_start_matches(notation);
        let sign = after.get(..after.len() - value.len()).unwrap_or_default();
        shown.push_str(sign);
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | '&' | ',' | ';' | '}');
        let end = value.find(ends).unwrap_or(value.len());
        let (secret, left) = value.split_at(end);
        let is_named = sign.contains([':', '=', '：']);
        let is_shown = secret.is_empty() || secret.starts_with('*') || !is_named;
        shown.push_str(&if is_shown { secret.to_owned() } else { key(secret) });
        rest = left;
    }
    shown.push_str(rest);
    shown
}

fn key(secret: &str) -> String {
    let chars = secret.chars().count();
    if chars == 0 {
        return String::new();
    }
    if chars < LONG_CHARS {
        return HIDDEN.to_owned();
    }
    format!("****{}", secret.chars().skip(chars - SHOWN_CHARS).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_a_secrets_name_is_hidden() {
        let none = Mask::new([], []);
        for (shown, expected) in [
            ("integration_key=0123456789abcdef0123456789abcdef&a=b", "integration_key=****cdef&a=b"),
            (r#"{"routing_key": "u+aaaaaaaaaaaaaaaaaa"}"#, r#"{"routing_key": "****aaaa"}"#),
            (r#"{\"service_key\":\"short\"}"#, r#"{\"service_key\":\"********\"}"#),
            ("/v2?token=a%20b&x=1", "/v2?token=********&x=1"),
            ("the token bucket is full", "the token bucket is full"),
            ("integration_key=****cdef", "integration_key=****cdef"),
        ] {
            assert_eq!(text(shown, &none), expected);
        }
    }
}
