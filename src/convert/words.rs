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

/// A longer text is not a severity.
const WORD_MAX_BYTES: usize = 256;
/// Words that mean that an alert is over.
const RESOLVED: [&str; 9] =
    ["resolved", "resolve", "ok", "recovered", "normal", "closed", "恢复", "已恢复", "恢复通知"];
/// The word that means that somebody works on it.
const ACKNOWLEDGED: &str = "acknowledge";

/// PagerDuty's severity for a known word. Letter case does not matter. The user's `own` words come before
/// the built-in ones.
pub(super) fn severity(word: &str, speaker: Speaker, own: &[(String, Severity)]) -> Option<Severity> {
    // Longer than any of them: a text where a word should be.
    if word.len() > WORD_MAX_BYTES {
        return None;
    }
    let word = word.trim().to_lowercase();
    if let Some((_, severity)) = own.iter().find(|(own, _)| *own == word) {
        return Some(*severity);
    }
    Some(match word.as_str() {
        "p0" | "p1" | "critical" | "fatal" | "emergency" | "disaster" => Severity::Critical,
        "致命" | "紧急" | "严重" => Severity::Critical,
        "p2" | "error" | "high" | "major" => Severity::Error,
        "高" | "错误" | "重要" => Severity::Error,
        "p3" | "warning" | "warn" | "medium" | "minor" | "average" | "insufficient_data" => Severity::Warning,
        "中" | "警告" | "次要" => Severity::Warning,
        "p4" | "p5" | "p6" | "info" | "information" | "informational" => Severity::Info,
        "low" | "notice" | "none" | "ok" => Severity::Info,
        "低" | "提示" | "通知" | "仅报告" => Severity::Info,
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

/// What a status does to an alert that is not over: every word that is not known means that it fires.
pub(super) fn follow_up(status: &str) -> Action {
    let is_acknowledged = status.trim().eq_ignore_ascii_case(ACKNOWLEDGED);
    if is_acknowledged { Action::Acknowledge } else { Action::Trigger }
}

/// What a status does to the alert.
pub(super) fn action(status: &str) -> Action {
    if is_resolved(status) { Action::Resolve } else { follow_up(status) }
}
