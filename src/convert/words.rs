//! The words for severities and actions, in all the languages of the sources (Alibaba Cloud, "Alert
//! levels").

use crate::event::{Action, Severity};

/// Who uses a word, as far as that changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    /// ARMS: the notification's `level`, or a label beside `_aliyun_arms_` labels.
    Arms,
    /// Anybody else.
    Other,
}

/// Words that mean that an alert is over.
const RESOLVED: [&str; 6] = ["resolved", "resolve", "ok", "recovered", "恢复", "已恢复"];
/// The word that means that somebody works on it.
const ACKNOWLEDGED: &str = "acknowledge";

/// PagerDuty's severity for a known word; letter case does not matter.
pub(super) fn severity(word: &str, speaker: Speaker) -> Option<Severity> {
    let word = word.trim().to_ascii_lowercase();
    Some(match word.as_str() {
        "p0" | "p1" | "critical" | "fatal" | "emergency" | "disaster" => Severity::Critical,
        "p2" | "error" | "high" | "major" => Severity::Error,
        "p3" | "warning" | "warn" | "medium" | "minor" | "insufficient_data" => Severity::Warning,
        "p4" | "p5" | "p6" | "info" | "low" | "notice" | "none" | "ok" => Severity::Info,
        // ARMS's fourth level, but Prometheus's usual word for what must wake somebody up.
        "page" if speaker == Speaker::Arms => Severity::Info,
        "page" => Severity::Critical,
        _ => return None,
    })
}

/// Whether a status says that the alert is over.
pub(super) fn is_resolved(status: &str) -> bool {
    RESOLVED.iter().any(|word| status.trim().eq_ignore_ascii_case(word))
}

/// What a status does to the alert: every word that is not known means that it fires.
pub(super) fn action(status: &str) -> Action {
    if is_resolved(status) {
        Action::Resolve
    } else if status.trim().eq_ignore_ascii_case(ACKNOWLEDGED) {
        Action::Acknowledge
    } else {
        Action::Trigger
    }
}
