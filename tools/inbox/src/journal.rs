//! Every further webhook for the terminal: a line an event, or why it was refused.

use crate::inbox::Inbox;
use crate::record::{Delivered, Sent, Webhook};
use crate::screen::{printable, severity, state};
use owo_colors::OwoColorize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How much of a summary a line shows.
const SUMMARY_MAX_CHARS: usize = 100;
/// As wide as the widest severity.
const SEVERITY_WIDTH: usize = 8;

/// Notes a webhook that was answered.
pub(crate) fn note(inbox: &Inbox, webhook: &Webhook) {
    if let (Some(refused), Some(answer)) = (&webhook.refused, &webhook.answer) {
        let request = printable(&format!("{} {}", webhook.method, webhook.target));
        write(inbox, &format!("{:<11}  {}  {request}  {}", "refused", answer.status.red(), refused.message));
    }
    for sent in &webhook.events {
        let Some(end) = &sent.delivery else { continue };
        let (status, why_not) = said(end);
        let outcome = why_not.unwrap_or_else(|| became(inbox, sent));
        write(inbox, &event(inbox, sent, &status, &outcome));
    }
}

/// PagerDuty's status, and why it has not taken an event; nothing is wrong if it has a newer one of the alert.
fn said(end: &Delivered) -> (String, Option<String>) {
    let status = end.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
    if end.is_superseded || end.is_stored {
        let newer = "superseded: PagerDuty has a newer event of this alert";
        let why_not = if end.is_stored { "stored: it waits in the queue" } else { newer };
        return (status.dimmed().to_string(), Some(why_not.dimmed().to_string()));
    }
    if end.is_accepted {
        return (status.green().to_string(), None);
    }
    let reason = if end.errors.is_empty() { String::new() } else { format!(": {}", end.errors.join("; ")) };
    let why_not = format!("not delivered in {} attempts{reason}", end.attempts);
    (status.red().to_string(), Some(printable(&why_not).red().to_string()))
}

/// Notes that an event was sent from the local queue, and when it is sent again if PagerDuty has not taken it.
pub(crate) fn note_from_queue(inbox: &Inbox, sent: &Sent, again: Option<Duration>) {
    let last = sent.attempts.last();
    let status = last.and_then(|attempt| attempt.status);
    let errors = last.and_then(|attempt| attempt.answer.clone()).into_iter().collect();
    let is_accepted = status.is_some_and(|status| status < 300);
    let attempts = u32::try_from(sent.attempts.len()).unwrap_or(u32::MAX);
    let (status, why_not) =
        said(&Delivered { is_accepted, status, attempts, errors, ..Delivered::default() });
    let not_yet = |again: Duration| format!("not yet: tried again in {} s", again.as_secs());
    let not_yet = again.map(|again| not_yet(again).yellow().to_string());
    let outcome = not_yet.or(why_not).unwrap_or_else(|| became(inbox, sent));
    write(inbox, &event(inbox, sent, &status, &outcome));
}

/// What an event that PagerDuty has made of its alert.
fn became(inbox: &Inbox, sent: &Sent) -> String {
    let Some(id) = &sent.alert else { return "noted".to_owned() };
    match inbox.alert(id) {
        Some(alert) if sent.action == "trigger" && alert.triggers > 1 => {
            format!("{}, {} times", state(alert.state), alert.triggers)
        }
        Some(alert) => state(alert.state),
        None => "no such alert: taken and dropped".dimmed().to_string(),
    }
}

fn event(inbox: &Inbox, sent: &Sent, status: &str, outcome: &str) -> String {
    let alert = sent.alert.as_ref();
    let of_alert = || alert.and_then(|id| inbox.alert(id)).map(|alert| alert.summary);
    // A resolve has no summary of its own.
    let summary = Some(sent.summary.clone()).filter(|text| !text.is_empty()).or_else(of_alert);
    let summary = printable(&summary.unwrap_or_default());
    let shown = match summary.char_indices().nth(SUMMARY_MAX_CHARS) {
        Some((end, _)) => format!("{}…", summary.get(..end).unwrap_or_default()),
        None => summary,
    };
    let parts = [
        format!("{:<11}", sent.action),
        severity(alert.map_or("", |_| sent.severity), SEVERITY_WIDTH),
        status.to_owned(),
        alert.map_or_else(String::new, |_| printable(&sent.dedup_key)),
        shown,
        format!("-> {outcome}"),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
}

fn write(inbox: &Inbox, line: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let time = format!("{:02}:{:02}:{:02}Z", now / 3600 % 24, now / 60 % 60, now % 60);
    // After the end nobody reads on.
    let _ = inbox.lines.send(format!("{}  {line}", time.dimmed()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_pagerduty_does_not_have_is_red() {
        let [accepted, stored, superseded] =
            [(); 3].map(|()| Delivered { is_accepted: true, ..Delivered::default() });
        let errors = || vec!["no answer".to_owned()];
        for (end, is_red, expected) in [
            (Delivered { status: Some(202), ..accepted }, false, None),
            (Delivered { is_stored: true, ..stored }, false, Some("stored")),
            (Delivered { is_superseded: true, ..superseded }, false, Some("superseded")),
            (
                Delivered { attempts: 2, errors: errors(), ..Delivered::default() },
                true,
                Some("in 2 attempts: no answer"),
            ),
            (Delivered { status: Some(429), ..Delivered::default() }, true, Some("not delivered")),
            // A proxy's page.
            (Delivered { status: Some(200), ..Delivered::default() }, true, Some("not delivered")),
        ] {
            let (status, why_not) = said(&end);
            assert_eq!(status.contains("\u{1b}[31m"), is_red, "{status:?}");
            assert!(why_not.is_some() == expected.is_some(), "{why_not:?}");
            assert!(why_not.unwrap_or_default().contains(expected.unwrap_or_default()), "{expected:?}");
        }
    }
}
