//! How bad it is, from the many words for it (Alibaba Cloud, "Alert levels"; the contract with the
//! user is the README's table).

use crate::event::Severity;

/// Where a word stood, as far as it changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// ARMS's own: the notification's `level`, or a label beside `_aliyun_arms_` labels.
    Arms,
    /// Anybody's.
    Other,
}

/// PagerDuty's severity for a known word, letter case ignored.
pub(super) fn of_word(word: &str, voice: Voice) -> Option<Severity> {
    let word = word.trim().to_ascii_lowercase();
    Some(match word.as_str() {
        "p0" | "p1" | "critical" | "fatal" | "emergency" | "disaster" => Severity::Critical,
        "p2" | "error" | "high" | "major" => Severity::Error,
        "p3" | "warning" | "warn" | "medium" | "minor" | "insufficient_data" => Severity::Warning,
        "p4" | "p5" | "p6" | "info" | "low" | "notice" | "none" | "ok" => Severity::Info,
        // ARMS's fourth level, but what wakes people up in many a Prometheus set-up.
        "page" if voice == Voice::Arms => Severity::Info,
        "page" => Severity::Critical,
        _ => return None,
    })
}
