//! The terminal: lines, colours where there is someone to see them, nothing that could steer it.

use crate::masking;
use pagerduty_standin::AlertState;
use std::io::{IsTerminal, Stdout, Write};

/// Where everything is written.
pub(crate) struct Screen {
    out: Stdout,
    has_colour: bool,
}

/// Why a text stands out.
#[derive(Clone, Copy)]
pub(crate) enum Tone {
    Heading,
    Name,
    Quiet,
    Good,
    Warn,
    Bad,
}

impl Tone {
    /// Parameters of the terminal's "select graphic rendition" (ECMA-48, 8.3.117).
    fn code(self) -> &'static str {
        match self {
            Self::Heading => "1",
            Self::Name => "36",
            Self::Quiet => "2",
            Self::Good => "32",
            Self::Warn => "33",
            Self::Bad => "31",
        }
    }
}

impl Screen {
    /// Standard output, in colour on a terminal unless `NO_COLOR` is set (no-color.org: and not empty).
    pub(crate) fn of_stdout() -> Self {
        let out = std::io::stdout();
        let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let has_colour = out.is_terminal() && !is_unwanted;
        Self { out, has_colour }
    }

    /// In colour, whatever is there to see it.
    #[cfg(test)]
    pub(crate) fn with_colour() -> Self {
        Self { out: std::io::stdout(), has_colour: true }
    }

    /// Writes a line at once, without what stands behind a secret's name.
    pub(crate) fn line(&mut self, text: &str) -> std::io::Result<()> {
        self.made_up(&masking::named(text))
    }

    /// Writes a line whose key is made up, and needed.
    pub(crate) fn made_up(&mut self, text: &str) -> std::io::Result<()> {
        let mut out = self.out.lock();
        writeln!(out, "{text}")?;
        out.flush()
    }

    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        if self.has_colour { format!("\u{1b}[{}m{text}\u{1b}[0m", tone.code()) } else { text.to_owned() }
    }

    /// A severity, at least `width` wide.
    pub(crate) fn paint_severity(&self, severity: &str, width: usize) -> String {
        let tone = match severity {
            "critical" | "error" => Tone::Bad,
            "warning" => Tone::Warn,
            _ => Tone::Quiet,
        };
        self.paint(tone, &format!("{severity:<width$}"))
    }

    pub(crate) fn paint_state(&self, state: AlertState) -> String {
        match state {
            AlertState::Triggered => self.paint(Tone::Bad, "triggered"),
            AlertState::Acknowledged => self.paint(Tone::Warn, "acknowledged"),
            AlertState::Resolved => self.paint(Tone::Good, "resolved"),
        }
    }
}

/// A text from outside without what a terminal would obey: control characters, and those that turn
/// the direction of writing.
pub(crate) fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace(steers, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_the_terminal_is_not_written() {
        assert_eq!(printable("a\u{1b}[2J\u{9b}\u{202e}b\r"), "a\u{fffd}[2J\u{fffd}\u{fffd}b\u{fffd}");
        assert_eq!(printable("内存使用率 92.50%"), "内存使用率 92.50%");
    }
}
