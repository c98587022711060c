//! What a webhook says, as a whole.

use super::notification::Notification;
use super::pagerduty_event::PagerDutyEvent;

/// What a webhook says.
pub enum Content {
    /// Something has happened.
    Notification(Box<Notification>),
    /// An event in PagerDuty's own terms.
    PagerDutyEvent(Box<PagerDutyEvent>),
    /// The console's Test button: ARMS does not fill the placeholder there.
    Test(Placeholder),
}

/// A variable of ARMS's body templates for the whole notification that arrived unfilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// `$alertmanager_content`, filled only under `Content-Type: application/json`.
    AlertmanagerContent,
    /// `$content`.
    Content,
}

impl Placeholder {
    /// The placeholder that `text` consists of.
    pub(super) fn of(text: &str) -> Option<Self> {
        match text.trim() {
            "$alertmanager_content" => Some(Self::AlertmanagerContent),
            "$content" => Some(Self::Content),
            _ => None,
        }
    }
}
