//! Every further webhook: a line an event, made of the function's log and of what the stand-in was sent.

use crate::front::FROM_QUEUE;
use crate::screen::{Screen, Tone, printable};
use arms_pagerduty::config::Level;
use arms_pagerduty::log::Log;
use pagerduty_standin::{Api, Received, Standin};
use serde::Deserialize;
use std::io;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// How much of a summary a line shows.
const SUMMARY_MAX_CHARS: usize = 100;
/// As wide as the widest severity.
const SEVERITY_WIDTH: usize = 8;

/// The function's log, and the lines that will be written to it.
pub(crate) fn open() -> (Log, UnboundedReceiver<Vec<u8>>) {
    let (sender, lines) = unbounded_channel();
    let log = Log::new(Level::Info, move |line| {
        // After the end nobody reads on.
        let _ = sender.send(line.to_vec());
    });
    (log, lines)
}

/// What the log tells, as far as it is shown.
#[derive(Deserialize)]
#[serde(tag = "message", rename_all = "lowercase")]
enum Line {
    Event(Event),
    Stored(Event),
    Postponed(Event),
    Request(Request),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Event {
    timestamp: String,
    request_id: String,
    /// Masked.
    key: String,
    action: String,
    dedup_key: String,
    severity: String,
    status: Option<u16>,
    /// What PagerDuty made of it, in a word; a stored event has none.
    #[serde(default)]
    answer: String,
    attempts: u32,
    #[serde(default)]
    errors: Vec<String>,
    /// When a message that stays in the queue is tried again.
    again_in_seconds: Option<u64>,
}

#[derive(Deserialize)]
struct Request {
    timestamp: String,
    #[serde(rename = "request_id")]
    id: String,
    method: Option<String>,
    path: Option<String>,
    status: u16,
    error: Option<String>,
}

/// Turns the log into lines for people.
pub(crate) struct Journal {
    lines: UnboundedReceiver<Vec<u8>>,
    standin: Standin,
    /// Events whose request has not been logged yet; it tells their API.
    waiting: Vec<Event>,
    /// The dedup key of the tour's event, which has been shown at length, until its line has come.
    toured: Option<String>,
}

impl Journal {
    pub(crate) fn new(lines: UnboundedReceiver<Vec<u8>>, standin: Standin, toured: Option<String>) -> Self {
        Self { lines, standin, waiting: Vec::new(), toured }
    }

    /// Shows lines as they come, for ever.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) async fn follow(&mut self, screen: &mut Screen) -> io::Result<()> {
        while let Some(line) = self.lines.recv().await {
            self.show(&line, screen)?;
        }
        Ok(())
    }

    /// Shows what has come meanwhile.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn rest(&mut self, screen: &mut Screen) -> io::Result<()> {
        while let Ok(line) = self.lines.try_recv() {
            self.show(&line, screen)?;
        }
        Ok(())
    }

    /// Leaves out what has come meanwhile.
    pub(crate) fn skip(&mut self) {
        while self.lines.try_recv().is_ok() {}
    }

    fn show(&mut self, line: &[u8], screen: &mut Screen) -> io::Result<()> {
        match serde_json::from_slice(line) {
            Ok(Line::Event(event)) if self.toured.as_ref() == Some(&event.dedup_key) => self.toured = None,
            // No request follows what was sent from the queue.
            Ok(Line::Event(event) | Line::Postponed(event)) if event.request_id.starts_with(FROM_QUEUE) => {
                let received = self.standin.requests();
                let time = screen.paint(Tone::Quiet, &time(&event.timestamp));
                let line = self.alert(&event, &received, screen);
                screen.line(&format!("{time}  {line}"))?;
            }
            Ok(Line::Event(event) | Line::Stored(event)) => self.waiting.push(event),
            Ok(Line::Request(request)) => {
                for line in self.request(&request, screen) {
                    screen.line(&line)?;
                }
            }
            Ok(Line::Postponed(_) | Line::Other) | Err(_) => {}
        }
        Ok(())
    }

    /// The lines of a request: one for each of its events, or why it was refused.
    fn request(&mut self, request: &Request, screen: &Screen) -> Vec<String> {
        let time = screen.paint(Tone::Quiet, &time(&request.timestamp));
        if let Some(error) = &request.error {
            let status = screen.paint(Tone::Bad, &request.status.to_string());
            let method = printable(request.method.as_deref().unwrap_or_default());
            let path = printable(request.path.as_deref().unwrap_or("an unknown path"));
            return vec![format!(
                "{time}  {:<11}  {status}  {method} {path}  {}",
                "refused",
                printable(error)
            )];
        }
        let is_own = |event: &mut Event| event.request_id == request.id;
        let events: Vec<Event> = self.waiting.extract_if(.., is_own).collect();
        if events.is_empty() {
            return Vec::new();
        }
        // Read once for all events: there may be many, and each look copies all that it remembers.
        let received = self.standin.requests();
        let is_change = request.path.as_deref().is_some_and(|path| path.contains("change"));
        let parts = if is_change {
            changes(&events, &received, screen)
        } else {
            events.iter().map(|event| self.alert(event, &received, screen)).collect()
        };
        parts.into_iter().map(|parts| format!("{time}  {parts}")).collect()
    }

    fn alert(&self, event: &Event, received: &[Received], screen: &Screen) -> String {
        let is_it = |request: &&Received| {
            let (Some(api), Some(sent)) = (request.api, request.json.as_ref()) else { return false };
            api.dedup_key(sent) == Some(event.dedup_key.as_str())
                && api.action(sent) == Some(event.action.as_str())
                && event.is_of(request)
        };
        let sent = received.iter().rev().find(is_it);
        let key = sent.and_then(|request| request.api?.key(request.json.as_ref()?));
        let alert = key.and_then(|key| self.standin.alert(key, &event.dedup_key));
        let shown = alert.as_ref().map(|alert| alert.summary.as_str());
        let summary = sent.and_then(summary).or(shown).unwrap_or_default();
        let end = match &alert {
            _ if !event.is_accepted() => event.why_not(screen),
            Some(alert) if event.action == "trigger" && alert.triggers > 1 => {
                format!("{}, {} times", screen.paint_state(alert.state), alert.triggers)
            }
            Some(alert) => screen.paint_state(alert.state),
            None => screen.paint(Tone::Quiet, "no such alert: taken and dropped"),
        };
        line([
            format!("{:<11}", printable(&event.action)),
            screen.paint_severity(&printable(&event.severity), SEVERITY_WIDTH),
            event.status(screen),
            printable(&event.dedup_key),
            shortened(&printable(summary)),
            format!("-> {end}"),
        ])
    }
}

impl Event {
    fn is_accepted(&self) -> bool {
        self.answer == "accepted"
    }

    /// Whether a request that the stand-in got has this event's key, as far as that can be seen.
    fn is_of(&self, request: &Received) -> bool {
        let key = request.api.zip(request.json.as_ref()).and_then(|(api, sent)| api.key(sent));
        key.is_some_and(|key| key.ends_with(self.key.trim_start_matches('*')))
    }

    fn status(&self, screen: &Screen) -> String {
        let text = self.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
        let tone = match self.answer.as_str() {
            "accepted" => Tone::Good,
            "superseded" | "" => Tone::Quiet,
            _ => Tone::Bad,
        };
        screen.paint(tone, &text)
    }

    /// Why PagerDuty has not accepted it; nothing is wrong if it has a newer event of the alert.
    fn why_not(&self, screen: &Screen) -> String {
        if self.answer == "superseded" {
            return screen.paint(Tone::Quiet, "superseded: PagerDuty has a newer event of this alert");
        }
        if self.answer.is_empty() {
            return screen.paint(Tone::Quiet, "stored: it waits in the queue");
        }
        if let Some(seconds) = self.again_in_seconds {
            let why = format!("not yet: {}; tried again in {seconds} s", self.errors.join("; "));
            return screen.paint(Tone::Warn, &printable(&why));
        }
        let why = format!("not delivered in {} attempts: {}", self.attempts, self.errors.join("; "));
        screen.paint(Tone::Bad, &printable(&why))
    }
}

/// Change events carry nothing that tells them apart: those of one request are the latest of their key.
fn changes(events: &[Event], received: &[Received], screen: &Screen) -> Vec<String> {
    let Some(first) = events.first() else { return Vec::new() };
    let latest =
        received.iter().rev().filter(|request| request.api == Some(Api::Change) && first.is_of(request));
    let mut summaries: Vec<&str> = latest.take(events.len()).filter_map(summary).collect();
    let lines = events.iter().map(|event| {
        let summary = shortened(&printable(summaries.pop().unwrap_or_default()));
        let end = if event.is_accepted() { "noted".to_owned() } else { event.why_not(screen) };
        let severity = " ".repeat(SEVERITY_WIDTH);
        line([format!("{:<11}", "change"), severity, event.status(screen), summary, format!("-> {end}")])
    });
    lines.collect()
}

fn summary(request: &Received) -> Option<&str> {
    let sent = request.json.as_ref()?;
    sent.pointer("/payload/summary").or_else(|| sent.get("description"))?.as_str()
}

fn line<const N: usize>(parts: [String; N]) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("  ")
}

/// The time of day, in UTC as the log gives it.
fn time(timestamp: &str) -> String {
    timestamp.get(11..19).map_or_else(|| timestamp.to_owned(), |time| format!("{time}Z"))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SUMMARY_MAX_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_pagerduty_does_not_have_is_red() -> Result<(), serde_json::Error> {
        let screen = Screen::with_colour();
        for (answer, status, is_red, said) in [
            ("accepted", Some(202), false, None),
            ("superseded", None, false, Some("superseded")),
            ("none", None, true, Some("not delivered in 2 attempts: no answer")),
            ("rate_limit", Some(429), true, Some("not delivered")),
            // A proxy's page.
            ("none", Some(200), true, Some("not delivered")),
            // In the queue.
            ("", None, false, Some("stored")),
        ] {
            let line = serde_json::json!({
                "timestamp": "t", "request_id": "r", "key": "****cdef", "action": "trigger", "dedup_key": "d", "severity": "info",
                "status": status, "answer": answer, "attempts": 2, "errors": ["no answer"],
            });
            let event: Event = serde_json::from_value(line)?;
            let end = if event.is_accepted() { String::new() } else { event.why_not(&screen) };
            let shown = format!("{} {end}", event.status(&screen));
            assert_eq!(shown.contains("\u{1b}[31m"), is_red, "{answer}: {shown:?}");
            assert!(said.is_none_or(|said| shown.contains(said)), "{answer}: {shown:?}");
        }
        Ok(())
    }
}
