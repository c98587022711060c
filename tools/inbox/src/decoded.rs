//! A text as its reader decodes it, and where each part of it is in the source.

use regex::Regex;
use std::ops::Range;

/// A decoded text.
pub(crate) struct Decoded {
    pub(crate) text: String,
    /// Where each byte of `text` comes from, and the source's end.
    from: Vec<usize>,
}

impl Decoded {
    /// The source with each match of `escape` replaced by what `read` makes of it.
    pub(crate) fn new(source: &str, escape: &Regex, read: impl Fn(&str) -> String) -> Self {
        let (mut text, mut from, mut at) = (String::with_capacity(source.len()), Vec::new(), 0);
        for found in escape.find_iter(source) {
            text.push_str(part(source, at..found.start()));
            from.extend(at..found.start());
            text.push_str(&read(found.as_str()));
            from.resize(text.len(), found.start());
            at = found.end();
        }
        text.push_str(part(source, at..source.len()));
        from.extend(at..=source.len());
        Self { text, from }
    }

    /// The same, decoded once more.
    pub(crate) fn again(self, escape: &Regex, read: impl Fn(&str) -> String) -> Self {
        if !escape.is_match(&self.text) {
            return self;
        }
        let Self { text, from } = Self::new(&self.text, escape, read);
        Self { text, from: from.iter().filter_map(|at| self.from.get(*at).copied()).collect() }
    }

    /// Where a part of the text is in the source.
    pub(crate) fn place(&self, part: &Range<usize>) -> Range<usize> {
        let from = |at: usize| self.from.get(at).copied().unwrap_or_default();
        from(part.start)..from(part.end)
    }
}

/// A part of a text that is known to be there.
pub(crate) fn part(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// The pattern, which must be sound: it is one of this tool's own, and a test uses it.
#[expect(clippy::unwrap_used, reason = "what is wrong with a pattern, its test shows")]
pub(crate) fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}
