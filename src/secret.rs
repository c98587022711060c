//! Secrets: types that cannot be printed.
//!
//! No type of them implements `Debug`, `Display` or `Serialize`: code that would log one does not
//! compile. Only [`IntegrationKey::expose`] and [`AwsSecret::expose`] give the text out.

use sha2::{Digest, Sha256};
use std::cmp::Reverse;
use subtle::ConstantTimeEq;

/// Characters of an integration key (PagerDuty, "Events API v2 overview": `routing_key`).
pub const KEY_CHARS: usize = 32;
/// Characters of a REST API key, which is pasted by mistake now and then.
const REST_API_KEY_CHARS: usize = 20;
/// How much of a key may be shown: enough to tell two apart, as PagerDuty's own pages do.
const SHOWN_CHARS: usize = 4;

/// A PagerDuty integration key: 32 ASCII letters and digits, always.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IntegrationKey(String);

/// Why a text is not an integration key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// No place that may hold a key holds one.
    #[error("there is no integration key")]
    Missing,
    /// The masked key of a documentation page or a screenshot (`********4463`).
    #[error("the integration key is a masked one")]
    Masked,
    /// A REST API key, which the Events API does not take.
    #[error("the integration key has {REST_API_KEY_CHARS} characters: that is a REST API key")]
    RestApiKey,
    /// The text does not have 32 characters.
    #[error("the integration key has {0} characters, not {KEY_CHARS}")]
    Length(usize),
    /// The text has 32 characters, but not all of them are letters and digits.
    #[error("the integration key holds characters other than letters and digits")]
    Characters,
    /// One body names two keys that differ.
    #[error("the body holds two different integration keys")]
    TwoDifferent,
    /// The key of a ruleset or an orchestration, which takes no change events.
    #[error("a ruleset key (R…) takes no change events")]
    Ruleset,
}

impl IntegrationKey {
    /// Checks a text, white space around it ignored.
    ///
    /// # Errors
    /// A [`KeyFault`] that names what was pasted instead.
    pub fn parse(text: &str) -> Result<Self, KeyFault> {
        let text = text.trim();
        let chars = text.chars().count();
        if text.is_empty() {
            Err(KeyFault::Missing)
        } else if text.contains(['*', '•', '…']) {
            Err(KeyFault::Masked)
        } else if chars == REST_API_KEY_CHARS {
            Err(KeyFault::RestApiKey)
        } else if chars != KEY_CHARS {
            Err(KeyFault::Length(chars))
        } else if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Err(KeyFault::Characters)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The key itself, for the one field of an event that must hold it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is the key of a ruleset or an orchestration, which begin with `R` (PagerDuty, "Send a
    /// change event").
    #[must_use]
    pub fn is_ruleset(&self) -> bool {
        self.0.starts_with('R')
    }

    /// The last four characters behind asterisks, the most that is ever shown.
    #[must_use]
    pub fn masked(&self) -> String {
        let shown = self.0.get(KEY_CHARS - SHOWN_CHARS..).unwrap_or_default();
        format!("****{shown}")
    }
}

/// A webhook token, which callers must send.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Takes the text as it is.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Compares in constant time: the time depends neither on where the texts differ nor on their length.
    #[must_use]
    pub fn matches(&self, candidate: &str) -> bool {
        let (own, theirs) = (Sha256::digest(&self.0), Sha256::digest(candidate));
        own.as_slice().ct_eq(theirs.as_slice()).into()
    }
}

/// A secret of AWS's: a secret access key or a session token.
#[derive(Clone)]
pub struct AwsSecret(String);

impl AwsSecret {
    /// Takes the text as it is.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself, to sign a request with it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The names of fields that hold secrets, in lower case and without separators.
pub const SECRET_NAMES: [&str; 9] = [
    "integrationkey",
    "routingkey",
    "servicekey",
    "xintegrationkey",
    "pagerdutyintegrationkey",
    "token",
    "xwebhooktoken",
    "webhooktoken",
    "signature",
];
/// Longer than any of them with a separator between all its words.
const SECRET_NAME_MAX_BYTES: usize = 40;

/// Whether a field of this name is kept out of every event, whatever its value: `routing_key` in any
/// spelling (`routingKey`, `Routing-Key`).
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    // A body may have hundreds of thousands of names, and most are compared with one letter only.
    if name.len() > SECRET_NAME_MAX_BYTES {
        return false;
    }
    let is_separator = |byte: &u8| matches!(byte, b'_' | b'-' | b' ');
    let letters = || name.bytes().filter(|byte| !is_separator(byte)).map(|byte| byte.to_ascii_lowercase());
    SECRET_NAMES.iter().any(|secret| letters().eq(secret.bytes()))
}

/// Replaces secrets wherever they occur in a text, also where a link or a form has percent-encoded them.
pub struct Mask {
    /// Each secret with what is shown in its place, the longest first: one may be a part of another.
    plain: Vec<(String, String)>,
    /// The same for the encoded forms, all of which hold a `%`. A secret of letters and digits has none.
    encoded: Vec<(String, String)>,
    /// The length of the shortest secret: no shorter text holds one.
    shortest: usize,
}

impl Mask {
    /// A mask for these keys and tokens.
    pub fn new<'a>(
        keys: impl IntoIterator<Item = &'a IntegrationKey>,
        tokens: impl IntoIterator<Item = &'a Token>,
    ) -> Self {
        let keys = keys.into_iter().map(|key| (key.0.clone(), key.masked()));
        let tokens = tokens.into_iter().map(|token| (token.0.clone(), "********".to_owned()));
        let mut plain: Vec<(String, String)> = keys.chain(tokens).collect();
        plain.sort_by_key(|(secret, _)| Reverse(secret.len()));
        let mut encoded = Vec::new();
        for (secret, shown) in &plain {
            encoded.extend(percent_encoded(secret).into_iter().map(|form| (form, shown.clone())));
        }
        let shortest = plain.iter().map(|(secret, _)| secret.len()).min().unwrap_or(usize::MAX);
        Self { plain, encoded, shortest }
    }

    /// Masks a text from outside and then cuts it to at most `max` bytes. In the other order, part of a
    /// secret could remain at its end. `is_whole` is false if the text was already cut, so that such a
    /// part may be there.
    #[must_use]
    pub fn cut(&self, bytes: &[u8], is_whole: bool, max: usize) -> String {
        let mut text = self.hide(String::from_utf8_lossy(bytes).into_owned());
        let secrets = self.plain.iter().chain(&self.encoded);
        let longest = secrets.map(|(secret, _)| secret.len()).max().unwrap_or_default();
        let end = if is_whole { text.len() } else { text.len().saturating_sub(longest) };
        text.truncate(text.floor_char_boundary(end.min(max)));
        text
    }

    /// Whether a secret is in the text.
    #[must_use]
    pub fn finds(&self, text: &str) -> bool {
        self.forms(text).any(|(secret, _)| text.contains(secret.as_str()))
    }

    /// The text, masked.
    #[must_use]
    pub fn hide(&self, mut text: String) -> String {
        self.apply(&mut text);
        text
    }

    /// Masks `text` in place; a text without a secret costs only the search.
    pub fn apply(&self, text: &mut String) {
        for (secret, shown) in self.forms(text) {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), shown);
            }
        }
    }

    /// The forms of the secrets that may be in the text.
    fn forms(&self, text: &str) -> impl Iterator<Item = &(String, String)> + use<'_> {
        // Most texts are short ones.
        let may_hold = text.len() >= self.shortest;
        let may_be_encoded = may_hold && !self.encoded.is_empty() && text.contains('%');
        let plain = if may_hold { self.plain.as_slice() } else { &[] };
        let encoded = if may_be_encoded { self.encoded.as_slice() } else { &[] };
        plain.iter().chain(encoded)
    }
}

/// What the usual encoders leave as it is besides letters and digits: RFC 3986 (section 2.3), Python's
/// `urllib.parse.quote`, HTML forms (URL Standard, "application/x-www-form-urlencoded percent-encode set"),
/// JavaScript's `encodeURIComponent` and `encodeURI`.
const UNENCODED: [&str; 5] = ["-._~", "-._~/", "*-._", "-._~!'()*", "-._~!'()*;,/?:@&=+$#"];

/// The percent-encoded forms of a secret that differ from it.
fn percent_encoded(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    if secret.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        // No encoder changes letters and digits, and most secrets have nothing else.
        return forms;
    }
    for unencoded in UNENCODED {
        for is_upper_case in [true, false] {
            for is_blank_plus in [false, true] {
                let form = percent_encode(secret, unencoded, is_upper_case, is_blank_plus);
                if form.contains('%') && form != secret && !forms.contains(&form) {
                    forms.push(form);
                }
            }
        }
    }
    forms
}

fn percent_encode(secret: &str, unencoded: &str, is_upper_case: bool, is_blank_plus: bool) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |number: u8| {
        let digit = char::from(DIGITS.get(usize::from(number)).copied().unwrap_or_default());
        if is_upper_case { digit.to_ascii_uppercase() } else { digit }
    };
    let mut form = String::with_capacity(secret.len());
    for byte in secret.bytes() {
        let letter = char::from(byte);
        if letter.is_ascii_alphanumeric() || unencoded.contains(letter) {
            form.push(letter);
        } else if letter == ' ' && is_blank_plus {
            form.push('+');
        } else {
            form.extend(['%', digit(byte >> 4), digit(byte & 0x0f)]);
        }
    }
    form
}

#[cfg(test)]
#[expect(clippy::panic, reason = "a test that cannot set itself up should stop")]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_letters_and_digits_and_each_mistake_has_a_name() {
        let good = "0123456789abcdefABCDEF0123456789";
        for (text, fault) in [
            (good, None),
            (" \t0123456789abcdefABCDEF0123456789\r\n", None),
            ("", Some(KeyFault::Missing)),
            ("  ", Some(KeyFault::Missing)),
            ("********4463", Some(KeyFault::Masked)),
            ("****************************4463", Some(KeyFault::Masked)),
            ("abcdefghij0123456789", Some(KeyFault::RestApiKey)),
            ("abc", Some(KeyFault::Length(3))),
            ("0123456789abcdef-0123456789abcde", Some(KeyFault::Characters)),
            ("0123456789abcdef0123456789abcdé0", Some(KeyFault::Characters)),
        ] {
            assert_eq!(IntegrationKey::parse(text).err(), fault, "{text:?}");
        }
    }

    #[test]
    fn only_the_last_four_characters_are_shown() {
        let shown = IntegrationKey::parse("0123456789abcdef0123456789ab4463").map(|key| key.masked());
        assert!(shown.is_ok_and(|shown| shown == "****4463"));
    }

    #[test]
    fn a_secret_name_is_recognised_in_every_spelling() {
        for name in
            ["integration_key", "routingKey", "SERVICE-KEY", " Token ", "signature", "X-Webhook-Token"]
        {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["key", "tokens", "service", "keys_routing", ""] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn a_token_matches_itself_alone() {
        let token = Token::new("s3cret".to_owned());
        assert!(token.matches("s3cret"));
        for other in ["", "s3cre", "s3cret ", "S3cret"] {
            assert!(!token.matches(other), "{other:?}");
        }
    }

    #[test]
    fn a_mask_hides_whole_secrets_and_the_parts_that_a_cut_leaves() {
        let (Ok(key), token) =
            (IntegrationKey::parse("0123456789abcdef0123456789ab4463"), Token::new("s3cret".into()))
        else {
            panic!("a key")
        };
        let mask = Mask::new([&key], [&token]);
        let mut text = format!("a {} b s3cret c", key.expose());
        mask.apply(&mut text);
        assert_eq!(text, "a ****4463 b ******** c");
        let body = format!("{} and 告", key.expose());
        assert_eq!(mask.cut(body.as_bytes(), true, 100), "****4463 and 告");
        assert_eq!(mask.cut(body.as_bytes(), true, 14), "****4463 and ", "no half character");
        let broken_off = body.get(..20).unwrap_or_default();
        assert_eq!(mask.cut(broken_off.as_bytes(), false, 100), "", "it may end in half a secret");
    }

    #[test]
    fn a_percent_encoded_secret_is_masked_in_every_usual_form() {
        let mask = |token: &str| Mask::new([], [&Token::new(token.to_owned())]);
        for (token, text, expected) in [
            ("a+b/c=d&", "https://h/?t=a%2Bb%2Fc%3Dd%26&x=1", "https://h/?t=********&x=1"),
            ("a+b/c=d&", "https://h/?t=a%2Bb/c%3Dd%26&x=1", "https://h/?t=********&x=1"),
            ("a+b/c=d&", "https://h/?t=a%2bb%2fc%3dd%26&x=1", "https://h/?t=********&x=1"),
            ("a+b/c=d&", "a+b/c=d& and a%2Bb%2Fc%3Dd%26", "******** and ********"),
            ("two words!", "two+words%21 two%20words%21 two%20words!", "******** ******** ********"),
            ("til~de~token", "til%7Ede%7Etoken til~de~token", "******** ********"),
            ("口令口令", "%E5%8F%A3%E4%BB%A4%E5%8F%A3%E4%BB%A4", "********"),
            ("100%secret", "100%25secret 100%secret", "******** ********"),
            ("plain-token_1", "100 % of plain-token_1, %41", "100 % of ********, %41"),
        ] {
            assert_eq!(mask(token).hide(text.to_owned()), expected, "{token}");
            assert!(mask(token).finds(text), "{token}");
        }
        assert!(!mask("a+b/c=d&").finds("a%2Bb%2Fc%3Dd"));
    }

    #[test]
    fn a_secret_of_letters_and_digits_has_no_other_form() {
        for token in ["0123456789abcdef", "a-b.c_d"] {
            assert_eq!(percent_encoded(token), Vec::<String>::new(), "{token}");
        }
    }

    #[test]
    fn a_token_that_begins_with_another_is_masked_whole() {
        let tokens = ["s3cret-old", "s3cret-old-and-new"].map(|token| Token::new(token.to_owned()));
        assert_eq!(Mask::new([], &tokens).hide("s3cret-old-and-new".to_owned()), "********");
    }
}
