//! Every further webhook for the terminal: a line an event, or why it was refused.

use crate::inbox::Inbox;
use crate::record::{Sent, Webhook};
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
        let status = end.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
        let (status, outcome) = if end.is_superseded {
            let outcome = "superseded: PagerDuty has a newer event of this alert";
            (status.dimmed().to_string(), outcome.dimmed().to_string())
        } else if end.is_stored {
            (status.dimmed().to_string(), "stored: it waits in the queue".dimmed().to_string())
        } else if end.is_accepted {
            (status.green().to_string(), became(inbox, sent))
        } else {
            let why = format!("not delivered in {} attempts: {}", end.attempts, end.errors.join("; "));
            (status.red().to_string(), printable(&why).red().to_string())
        };
        write(inbox, &event(inbox, sent, &status, &outcome));
    }
}

/// Notes that an event was sent from the local queue: what PagerDuty answered, and when it is sent again.
pub(crate) fn note_from_queue(inbox: &Inbox, sent: &Sent, status: Option<u16>, again: Option<Duration>) {
    let status = status.map_or_else(|| "---".to_owned(), |status| status.to_string());
    let line = match again {
        Some(again) => {
            let outcome = format!("not yet: tried again in {} s", again.as_secs());
            event(inbox, sent, &status.red().to_string(), &outcome.yellow().to_string())
        }
        None => event(inbox, sent, &status.green().to_string(), &became(inbox, sent)),
    };
    write(inbox, &line);
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
