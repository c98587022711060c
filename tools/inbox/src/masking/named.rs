//! Where secrets stand in a text: behind a name that `arms_pagerduty::secret` knows, in whatever notation.

use super::signs::Sign;
use arms_pagerduty::secret::{KEY_CHARS, is_secret_name};
use std::ops::Range;

/// A name of several words has at most this many: `PagerDuty integration key`.
const NAME_WORDS_MAX: usize = 3;
/// Longer than any name with its separators.
const NAME_MAX_CHARS: usize = 40;
/// How far the end of a quoted text or of a list is sought.
const VALUE_MAX_CHARS: usize = 4096;

/// What stands behind a name.
struct Found {
    /// The secrets, as places among the signs.
    secrets: Vec<Range<usize>>,
    /// Where what belongs to the name ends.
    end: usize,
}

/// The parts of a text that hold secrets, in their order, as places among its signs.
pub(super) fn secrets(signs: &[Sign]) -> Vec<Range<usize>> {
    let mut secrets = Vec::new();
    let mut at = 0;
    while at < signs.len() {
        let word = at..run(signs, at, is_of_name);
        if word.is_empty() {
            at += 1;
            continue;
        }
        at = word.end;
        if is_name(signs, &word) {
            let found = behind(signs, at);
            secrets.extend(found.secrets);
            at = found.end;
        }
    }
    secrets
}

/// Whether a name as a whole, or its last part as in `payload.custom_details.token`, is that of a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let signs = super::signs::decode(name);
    let end = signs.len();
    let start = (0..end).rev().find(|at| !signs.get(*at).is_some_and(is_of_name)).map_or(0, |at| at + 1);
    is_name(&signs, &(start..end))
}

/// Where the signs end that are like the one at `from`.
fn run(signs: &[Sign], from: usize, is_like: impl Fn(&Sign) -> bool) -> usize {
    let rest = signs.get(from..).unwrap_or_default();
    from + rest.iter().position(|sign| !is_like(sign)).unwrap_or(rest.len())
}

fn is_of_name(sign: &Sign) -> bool {
    sign.c.is_ascii_alphanumeric() || matches!(sign.c, '_' | '-')
}

/// Whether a secret's name ends with this word: the word itself, its end (`access_token`, `accessToken`), or it and
/// the words before it (`integration key`).
fn is_name(signs: &[Sign], word: &Range<usize>) -> bool {
    let mut name = String::new();
    let mut words = 1;
    for at in (0..word.end).rev().take(NAME_MAX_CHARS) {
        let Some(sign) = signs.get(at) else { break };
        let is_blank = matches!(sign.c, ' ' | '+') && sign.letter.is_none();
        if is_blank {
            words += 1;
        }
        if !(is_of_name(sign) || is_blank) || words > NAME_WORDS_MAX {
            break;
        }
        name.insert(0, if is_blank { ' ' } else { sign.c });
        let before = at.checked_sub(1).and_then(|before| signs.get(before));
        if begins_part(before, sign.c) && is_secret_name(&name) {
            return true;
        }
        // `C:\token` is no tab before `oken`.
        let letter = before.and_then(|before| before.letter);
        if letter.is_some_and(|letter| is_secret_name(&format!("{letter}{name}"))) {
            return true;
        }
    }
    false
}

/// Whether a part of a name begins with `c`: `access_token` and `accessToken` have two.
fn begins_part(before: Option<&Sign>, c: char) -> bool {
    let Some(before) = before.map(|sign| sign.c) else { return true };
    !before.is_ascii_alphanumeric() || before.is_ascii_lowercase() && c.is_ascii_uppercase()
}

/// What stands behind a name that ends at `at`.
fn behind(signs: &[Sign], at: usize) -> Found {
    let closing =
        |sign: &Sign| matches!(sign.c, '"' | '\'' | '\\' | '[' | ']' | '(' | ')') || sign.c.is_whitespace();
    let end = run(signs, at, closing);
    // The brackets of `key[]` and `key[0]`.
    let index_end = run(signs, run(signs, end, |sign| sign.c.is_ascii_digit()), |sign| sign.c == ']');
    let end = if signs.get(index_end).is_some_and(is_assignment) { index_end } else { end };
    if signs.get(end).is_some_and(is_assignment) {
        return assigned(signs, end);
    }
    // No sign says that a value follows, so that only what looks like a key counts.
    let is_between = |sign: &Sign| closing(sign) || matches!(sign.c, ',' | ':' | '=' | '.');
    let start = run(signs, end, is_between);
    let word_end = run(signs, start, is_of_name);
    let word: String = signs.get(start..word_end).unwrap_or_default().iter().map(|sign| sign.c).collect();
    let is_filler = matches!(word.to_ascii_lowercase().as_str(), "is" | "value");
    keys(signs, if is_filler { run(signs, word_end, is_between) } else { start }, at)
}

fn is_assignment(sign: &Sign) -> bool {
    matches!(sign.c, ':' | '=' | '：' | '＝' | '>')
}

/// What a sign such as `=` assigns.
fn assigned(signs: &[Sign], from: usize) -> Found {
    let start = run(signs, from, |sign| sign.c.is_whitespace() || is_assignment(sign) || sign.c == '\\');
    let is_on_next_line = signs.get(from..start).unwrap_or_default().iter().any(|sign| sign.c == '\n');
    let next = signs.get(start + 1).map(|sign| sign.c);
    match signs.get(start).map(|first| first.c) {
        // A placeholder.
        Some('{') if next == Some('{') => Found { secrets: Vec::new(), end: start },
        Some('[' | '{') => listed(signs, start),
        Some('"' | '\'') => quoted(signs, start),
        // The next line of a form is another field.
        Some(_) if is_on_next_line => keys(signs, start, start),
        Some(_) => {
            let end = run(signs, start, |sign| !ends_word(sign));
            // `Bearer` and the like.
            let mut found = keys(signs, run(signs, end, |sign| sign.c == ' '), end);
            if is_secret_value(signs, &(start..end)) {
                found.secrets.insert(0, start..end);
            }
            found
        }
        None => Found { secrets: Vec::new(), end: start },
    }
}

/// A value that is neither empty nor hidden already, nor nothing but dots.
fn is_secret_value(signs: &[Sign], value: &Range<usize>) -> bool {
    let value = signs.get(value.clone()).unwrap_or_default();
    value.first().is_some_and(|first| first.c != '*') && value.iter().any(|sign| sign.c.is_alphanumeric())
}

fn ends_word(sign: &Sign) -> bool {
    let ends = matches!(sign.c, '"' | '\'' | '\\' | '&' | ',' | ';' | '}' | ']' | ')' | '<' | '>');
    ends || sign.c.is_whitespace()
}

/// A quoted text, to the quote that is escaped as often as the first one.
fn quoted(signs: &[Sign], open: usize) -> Found {
    let start = open + 1;
    let inside = signs.get(start..).unwrap_or_default().iter().take(VALUE_MAX_CHARS);
    let is_same = |sign: &Sign| {
        signs.get(open).is_some_and(|quote| sign.c == quote.c && sign.backslashes == quote.backslashes)
    };
    let end = match inside.map(is_same).position(|is_end| is_end) {
        Some(length) => start + length,
        None => run(signs, start, |sign| !ends_word(sign)),
    };
    let secrets = if is_secret_value(signs, &(start..end)) { vec![start..end] } else { Vec::new() };
    Found { secrets, end }
}

/// Every value of a list or an object.
fn listed(signs: &[Sign], open: usize) -> Found {
    let (mut depth, mut at) = (0_usize, open);
    let mut secrets = Vec::new();
    while let Some(sign) = signs.get(at)
        && at < open + VALUE_MAX_CHARS
    {
        match sign.c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        let word = at..run(signs, at, |sign| !(ends_word(sign) || matches!(sign.c, '[' | '{' | ':')));
        if word.is_empty() {
            at += 1;
            continue;
        }
        at = word.end;
        let behind = run(signs, at, |sign| matches!(sign.c, '"' | '\'' | ' '));
        let is_name = signs.get(behind).is_some_and(|sign| sign.c == ':');
        if !is_name && is_secret_value(signs, &word) {
            secrets.push(word);
        }
    }
    Found { secrets, end: at }
}

/// The keys that follow each other from `at` on: words of 32 letters and digits. Without one, all ends at `end`.
fn keys(signs: &[Sign], mut at: usize, mut end: usize) -> Found {
    let mut secrets = Vec::new();
    loop {
        let word = at..run(signs, at, |sign| sign.c.is_ascii_alphanumeric());
        let is_longer = signs.get(word.end).is_some_and(is_of_name);
        if word.len() != KEY_CHARS || is_longer {
            return Found { secrets, end };
        }
        end = word.end;
        at = run(signs, end, |sign| matches!(sign.c, ' ' | ',' | '"' | '\'' | '\\'));
        secrets.push(word);
    }
}
