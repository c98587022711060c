//! The words by which a line is recognised: its `message`, and what it says of PagerDuty's answer.

/// A webhook was answered.
pub const REQUEST: &str = "request";
/// An event was sent or given up.
pub const EVENT: &str = "event";
/// PagerDuty does not have an event, which the line holds.
pub const UNDELIVERED: &str = "undelivered";
/// The queue has taken an event; also the `answer` of such an event.
pub const STORED: &str = "stored";
/// The queue did not take events.
pub const UNSTORED: &str = "unstored";
/// A message of the queue was tried in vain and stays there.
pub const POSTPONED: &str = "postponed";
/// A message of the queue that cannot be sent is among the dead letters.
pub const DEAD_LETTER: &str = "dead letter";
/// A message of the queue could not be moved.
pub const NOT_MOVED: &str = "message not moved";
/// The count of one undelivered event.
pub const UNDELIVERED_COUNT: &str = "undelivered_count";
/// The process takes requests.
pub const LISTENING: &str = "listening";
/// The process has stopped taking requests.
pub const STOPPED: &str = "stopped";
/// Lines were dropped because nobody read them.
pub const LINES_DROPPED: &str = "log lines dropped";

/// The `answer` of an event that PagerDuty has accepted.
pub const ACCEPTED: &str = "accepted";
/// The `answer` of an event after which PagerDuty has accepted a newer one of the same alert.
pub const SUPERSEDED: &str = "superseded";
