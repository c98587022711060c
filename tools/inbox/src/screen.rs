//! The terminal: lines, colours where there is someone to see them, nothing that could steer it.

use crate::masking;
use anstream::AutoStream;
use owo_colors::OwoColorize;
use pagerduty_standin::AlertState;
use serde_json::{Deserializer, Serializer};
use std::fmt::Display;
use std::io::{Result, Stdout, Write};

/// Where everything is written: standard output, in colour on a terminal unless `NO_COLOR` is set.
pub(crate) struct Screen(AutoStream<Stdout>);

impl Screen {
    pub(crate) fn of_stdout() -> Self {
        Self(AutoStream::auto(std::io::stdout()))
    }

    /// Writes a line at once, without the values of secrets' names.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<()> {
        self.made_up(&masking::named(&text.to_string()))
    }

    /// Writes a line whose key is made up, and needed.
    pub(crate) fn made_up(&mut self, text: &str) -> Result<()> {
        writeln!(self.0, "{text}")?;
        self.0.flush()
    }

    pub(crate) fn heading(&mut self, text: &str) -> Result<()> {
        self.line(format!("\n{}", text.bold()))
    }

    /// Writes a text from outside. JSON is laid out, all else stays as it is.
    pub(crate) fn body(&mut self, text: &str) -> Result<()> {
        let (text, mut pretty) = (printable(text), Serializer::pretty(Vec::new()));
        let laid_out = serde_transcode::transcode(&mut Deserializer::from_str(&text), &mut pretty);
        let laid_out = laid_out.map(|()| String::from_utf8_lossy(&pretty.into_inner()).into_owned());
        for line in laid_out.unwrap_or(text).lines() {
            self.line(format!("  {line}"))?;
        }
        Ok(())
    }
}

/// A severity, at least `width` wide.
pub(crate) fn severity(word: &str, width: usize) -> String {
    let padded = format!("{word:<width$}");
    match word {
        "critical" | "error" => padded.red().to_string(),
        "warning" => padded.yellow().to_string(),
        _ => padded.dimmed().to_string(),
    }
}

pub(crate) fn state(state: AlertState) -> String {
    match state {
        AlertState::Triggered => "triggered".red().to_string(),
        AlertState::Acknowledged => "acknowledged".yellow().to_string(),
        AlertState::Resolved => "resolved".green().to_string(),
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
