//! A text's characters as whoever reads it will decode them: without `\u` escapes, per-cent signs and colours.

/// One decoded character and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Sign {
    pub(super) c: char,
    pub(super) start: usize,
    pub(super) end: usize,
    /// How many backslashes escape it: a quote ends only what a quote of as many has begun.
    pub(super) backslashes: usize,
    /// The letter of an escape such as `\t`, which in a Windows path is only a letter.
    pub(super) letter: Option<char>,
}

/// The text's characters, whatever escapes they are written in, however often.
pub(super) fn decode(text: &str) -> Vec<Sign> {
    let mut signs = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && let Some(c) = rest.chars().next()
    {
        let (decoded, length) = match c {
            '\\' => backslash(rest),
            '%' => per_cent(rest),
            '\u{1b}' => colour(rest),
            _ => (None, 0),
        };
        let (sign, length) =
            if length == 0 { (Some(sign(c, 0, None)), c.len_utf8()) } else { (decoded, length) };
        signs.extend(sign.map(|sign| Sign { start: at, end: at + length, ..sign }));
        at += length;
    }
    signs
}

/// A character and the bytes that it takes; none if it is nothing but itself.
type Decoded = (Option<Sign>, usize);

fn sign(c: char, backslashes: usize, letter: Option<char>) -> Sign {
    Sign { c, start: 0, end: 0, backslashes, letter }
}

fn backslash(rest: &str) -> Decoded {
    let escaped = rest.trim_start_matches('\\');
    let backslashes = rest.len() - escaped.len();
    match escaped.chars().next() {
        Some('u') if hex(escaped, 1, 4).is_some() => {
            let c = hex(escaped, 1, 4).and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
            (Some(sign(c, 0, None)), backslashes + 5)
        }
        Some(letter @ ('n' | 'r')) => (Some(sign('\n', backslashes, Some(letter))), backslashes + 1),
        Some(letter @ ('t' | 'b' | 'f')) => (Some(sign(' ', backslashes, Some(letter))), backslashes + 1),
        Some(c @ ('"' | '\'' | '/')) => (Some(sign(c, backslashes, None)), backslashes + 1),
        _ => (Some(sign('\\', backslashes, None)), backslashes),
    }
}

/// `%3D`, and `%253D` of what was encoded twice.
fn per_cent(rest: &str) -> Decoded {
    let mut at = 1;
    while rest.get(at..).is_some_and(|rest| rest.starts_with("25")) && hex(rest, at + 2, 2).is_some() {
        at += 2;
    }
    let c = hex(rest, at, 2).filter(|code| *code < 0x80).and_then(char::from_u32);
    c.map_or((None, 0), |c| (Some(sign(c, 0, None)), at + 2))
}

/// The escape sequences that set a terminal's colours mean nothing to a reader.
fn colour(rest: &str) -> Decoded {
    let inside = rest.strip_prefix("\u{1b}[").unwrap_or_default();
    let digits = inside.trim_start_matches(|c: char| c.is_ascii_digit());
    let length = if digits.starts_with('m') { rest.len() - digits.len() + 1 } else { 0 };
    (None, length)
}

fn hex(text: &str, from: usize, digits: usize) -> Option<u32> {
    let digits = text.get(from..from + digits)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}
