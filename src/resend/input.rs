//! Finds the function's log lines in a text, whatever a log service has put around them.
//!
//! A line may have a prefix, such as a time. Lines may be texts inside of JSON, and JSON may have been
//! written over many lines. What looks like an undelivered event and cannot be read is kept as well, so
//! that it is reported.

use crate::log::{Accepted, Logged, Members, Undelivered, messages, read};
use serde_json::value::RawValue;

/// The members of JSON objects in which log services keep lines: CloudWatch Logs (`events` of the CLI,
/// `logEvents` of a subscription), Logs Insights (`@message`, `results`), journald (`MESSAGE`), Docker
/// (`log`), Log Service (`content`, and Function Compute's `message`; `data` and `logs` of its API) and
/// Loki (`line`).
const WRAPPERS: [&str; 12] = [
    "@message",
    "message",
    "MESSAGE",
    "log",
    "content",
    "line",
    "value",
    "events",
    "logEvents",
    "results",
    "data",
    "logs",
];
/// What does not occur in the text around a log line.
const NOT_PLAIN: [char; 3] = ['{', '}', '"'];
/// More than any log service wraps.
const DEPTH_MAX: usize = 12;
/// How many times a document over many lines may be looked for in vain. Each look may read all that is
/// left.
const VAIN_LOOKS_MAX: usize = 100;

/// What was found in the inputs.
#[derive(Debug, Default)]
pub struct Found {
    /// The lines of events, in the order in which the events were first sent.
    pub(super) entries: Vec<Entry>,
    /// The undelivered events that cannot be read.
    pub(super) broken: Vec<Broken>,
    /// How many undelivered events were counted by a short line of their own.
    pub(super) counted: usize,
    /// How many of those are dead letters that no line holds.
    pub(super) dead_letters: usize,
    /// How many `event` lines report an event that was not accepted.
    pub(super) not_accepted: usize,
    /// How many lines there were of any kind.
    pub(super) lines: usize,
}

/// One event's line.
#[derive(Debug)]
pub(super) struct Entry {
    /// When it was first sent, in milliseconds since 1970.
    pub(super) begun_ms: i64,
    /// File and line.
    pub(super) place: String,
    pub(super) line: Line,
}

#[derive(Debug)]
pub(super) enum Line {
    Undelivered(Undelivered),
    Accepted(Accepted),
}

/// An undelivered event that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// File and line.
    pub(super) place: String,
    pub(super) reason: String,
}

impl Found {
    /// Adds the lines of one input.
    pub fn add(&mut self, name: &str, text: &str) {
        let first = self.entries.len();
        let mut reader = Reader { name, line_number: 0, vain_looks: 0, last_ms: i64::MIN, found: self };
        reader.text(text, 0);
        self.lines += reader.line_number;
        let added = self.entries.get_mut(first..).unwrap_or_default();
        // Log services show the newest line first, unless they are asked for another order.
        let ends = added.first().zip(added.last());
        if ends.is_some_and(|(first, last)| first.begun_ms > last.begun_ms) {
            added.reverse();
        }
        self.entries.sort_by_key(|entry| entry.begun_ms);
    }

    /// Grows with everything that is found.
    fn count(&self) -> usize {
        self.entries.len() + self.broken.len() + self.counted + self.dead_letters + self.not_accepted
    }
}

/// Reads one input.
struct Reader<'a> {
    name: &'a str,
    /// The line that is being read, from 1; a document over many lines counts from its first one.
    line_number: usize,
    vain_looks: usize,
    /// The time of the line before.
    last_ms: i64,
    found: &'a mut Found,
}

impl Reader<'_> {
    /// Reads a text of one or several lines. Only those of the outermost one are counted.
    fn text(&mut self, text: &str, depth: usize) {
        let mut rest = text;
        while !rest.is_empty() {
            let (line, behind) = first_line(rest);
            self.line_number += usize::from(depth == 0);
            if self.line(line, depth) {
                rest = behind;
                continue;
            }
            let Some((document, behind_document)) = self.document(rest) else {
                if mentions_undelivered(line) {
                    self.broken("the line was split or cut off");
                }
                rest = behind;
                continue;
            };
            self.json(document, depth);
            if depth == 0 {
                self.line_number += document.get().matches('\n').count();
            }
            rest = behind_document;
        }
    }

    /// The document with which the text begins, if nothing but plain text follows on its last line.
    fn document<'t>(&mut self, text: &'t str) -> Option<(&'t RawValue, &'t str)> {
        if !text.trim_start().starts_with(['{', '[']) || self.vain_looks >= VAIN_LOOKS_MAX {
            return None;
        }
        let found = document(text).filter(|(_, behind)| is_plain(first_line(behind).0));
        self.vain_looks += usize::from(found.is_none());
        found
    }

    /// Reads one line; `false` if there is no whole JSON value in it.
    fn line(&mut self, line: &str, depth: usize) -> bool {
        let line = line.trim();
        if let Ok(value) = serde_json::from_str::<&RawValue>(line) {
            self.json(value, depth);
            return true;
        }
        if let Some(values) = values_among_plain_text(line) {
            for value in values {
                self.json(value, depth);
            }
            return true;
        }
        let Some(cell) = csv_cell(line) else { return false };
        let Some((value, _)) = document(&cell) else { return false };
        self.json(value, depth);
        true
    }

    fn json(&mut self, value: &RawValue, depth: usize) {
        let written = value.get();
        if depth > DEPTH_MAX {
            if mentions_undelivered(written) {
                self.broken("it is wrapped too often");
            }
        } else if written.starts_with('{') {
            self.object(written, depth);
        } else if written.starts_with('[') {
            self.array(written, depth);
        } else if let Ok(text) = serde_json::from_str::<String>(written) {
            self.text(&text, depth + 1);
        }
    }

    fn array(&mut self, written: &str, depth: usize) {
        // journald writes a text that is not printable as a list of its bytes.
        if let Ok(bytes) = serde_json::from_str::<Vec<u8>>(written) {
            return self.text(&String::from_utf8_lossy(&bytes), depth + 1);
        }
        let elements: Vec<&RawValue> = serde_json::from_str(written).unwrap_or_default();
        for element in elements {
            self.json(element, depth + 1);
        }
    }

    fn object(&mut self, written: &str, depth: usize) {
        let members: Members = serde_json::from_str(written).unwrap_or_default();
        // Nothing inside of a line of the function's own is a line: it is what alerts say.
        let incomplete = match read(&members) {
            Some(Ok(logged)) => return self.keep(logged),
            Some(Err(incomplete)) => Some(incomplete),
            None => None,
        };
        let before = self.found.count();
        for wrapper in WRAPPERS {
            if let Some(value) = members.get(wrapper) {
                self.json(value, depth + 1);
            }
        }
        if self.found.count() > before {
            return;
        }
        if let Some(incomplete) = incomplete {
            self.broken(&incomplete.to_string());
        } else if mentions_undelivered(written) {
            self.broken("it is wrapped in a way that is not known");
        }
    }

    fn keep(&mut self, logged: Logged) {
        let (begun_ms, line) = match logged {
            Logged::UndeliveredCount => {
                self.found.counted += 1;
                return;
            }
            Logged::DeadLetter => {
                self.found.dead_letters += 1;
                return;
            }
            Logged::NotAccepted => {
                self.found.not_accepted += 1;
                return;
            }
            Logged::Undelivered(undelivered) => (undelivered.begun_ms, Line::Undelivered(undelivered)),
            Logged::Accepted(accepted) => (accepted.begun_ms, Line::Accepted(accepted)),
        };
        self.last_ms = begun_ms.unwrap_or(self.last_ms);
        self.found.entries.push(Entry { begun_ms: self.last_ms, place: self.place(), line });
    }

    fn broken(&mut self, reason: &str) {
        self.found.broken.push(Broken { place: self.place(), reason: reason.to_owned() });
    }

    fn place(&self) -> String {
        format!("{}:{}", self.name, self.line_number)
    }
}

/// The first line with its line break, and what follows.
fn first_line(text: &str) -> (&str, &str) {
    let end = text.find('\n').map_or(text.len(), |at| at + 1);
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The JSON object or array with which the text begins, over as many lines as it has, and what follows.
fn document(text: &str) -> Option<(&RawValue, &str)> {
    let text = text.trim_start();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let value = values.next()?.ok()?;
    Some((value, text.get(values.byte_offset()..)?))
}

/// The JSON objects of a line that has other text before, between or after them. That text holds no
/// quote and no brace: the rest of a line that was split does, and an alert could have written it.
fn values_among_plain_text(line: &str) -> Option<Vec<&RawValue>> {
    let mut values = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find(NOT_PLAIN) {
        let behind = rest.get(at..)?;
        if !behind.starts_with('{') {
            return None;
        }
        let (value, next) = document(behind)?;
        values.push(value);
        rest = next;
    }
    (!values.is_empty()).then_some(values)
}

fn is_plain(text: &str) -> bool {
    !text.contains(NOT_PLAIN)
}

/// The rest of a line of CSV from a cell on that holds JSON, without the doubled quotes.
fn csv_cell(line: &str) -> Option<String> {
    let (_, cell) = line.split_once("\"{\"\"")?;
    Some(format!("{{\"\"{cell}").replace("\"\"", "\""))
}

/// Whether it has the message of an undelivered event, whatever quotes are around the words.
fn mentions_undelivered(text: &str) -> bool {
    text.match_indices(messages::UNDELIVERED).any(|(at, word)| {
        let before = text.get(..at).unwrap_or_default();
        let behind = text.get(at + word.len()..).unwrap_or_default();
        let name = without_quotes(before).strip_suffix(':').map(without_quotes);
        name.is_some_and(|name| name.ends_with("message")) && behind.starts_with(['"', '\\'])
    })
}

/// The text without the quotes, escapes and blanks at its end.
fn without_quotes(text: &str) -> &str {
    text.trim_end_matches(['"', '\\', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const EVENT: &str = r#"{"event_action":"trigger","dedup_key":"d","n":12345678901234567890123}"#;

    fn line(timestamp: &str) -> String {
        format!(
            r#"{{"timestamp":"{timestamp}","level":"error","message":"undelivered","request_id":"r","key":"****cdef","path":"v2/enqueue","status":500,"refused":0,"errors":["a \"quoted\" one"],"event":{EVENT}}}"#
        )
    }

    fn first() -> String {
        line("2026-11-24T10:00:00.000Z")
    }

    fn found(text: &str) -> Found {
        let mut found = Found::default();
        found.add("log", text);
        found
    }

    fn events(found: &Found) -> Vec<&str> {
        let events = found.entries.iter().filter_map(|entry| match &entry.line {
            Line::Undelivered(line) => Some(line.event.as_str()),
            Line::Accepted(_) => None,
        });
        events.collect()
    }

    fn pretty(value: &Value) -> String {
        serde_json::to_string_pretty(value).unwrap_or_default()
    }

    /// What log services make of one line.
    fn wrapped(line: &str) -> Vec<(&'static str, String)> {
        let stored = format!("{line}\n");
        let event = json!({"logStreamName": "2026/11/24/[$LATEST]ab", "timestamp": 1_763_978_400_000_u64,
                           "message": stored, "ingestionTime": 1_763_978_401_000_u64, "eventId": "37"});
        let filtered = json!({"events": [event], "searchedLogStreams": []});
        let row = json!([{"field": "@timestamp", "value": "2026-11-24 10:00:00.000"},
                         {"field": "@message", "value": stored}, {"field": "@ptr", "value": "Cl"}]);
        let query = json!({"results": [row], "statistics": {"recordsMatched": 1.0}, "status": "Complete"});
        let object: Value =
            serde_json::from_str(&line.replace("12345678901234567890123", "1")).unwrap_or_default();
        let fields = json!({"__time__": "1763978400", "message": "undelivered", "key": "****cdef",
                            "path": "v2/enqueue", "errors": "[]", "event": EVENT});
        let cell = stored.replace('"', "\"\"");
        let bytes = json!({"MESSAGE": line.as_bytes(), "PRIORITY": "6"});
        vec![
            ("the line itself", line.to_owned()),
            ("with Windows' line break", format!("{line}\r\n")),
            ("aws logs filter-log-events", pretty(&filtered)),
            ("the same on one line", filtered.to_string()),
            (
                "the same as text",
                format!("EVENTS\t37\t1763978401000\t2026/11/24/[$LATEST]ab\t{line}\t1763978400000\n"),
            ),
            ("--query events[].message", pretty(&json!([stored]))),
            ("the same as text", format!("{stored}\t\n")),
            ("aws logs tail", format!("2026-11-24T10:00:00.000000+00:00 2026/11/24/[$LATEST]ab {stored}\n")),
            ("an export to S3", format!("2026-11-24T10:00:00.000Z {stored}")),
            ("a subscription", json!({"messageType": "DATA_MESSAGE", "logEvents": [event]}).to_string()),
            ("Logs Insights by the CLI", pretty(&query)),
            ("Logs Insights as CSV", format!("@timestamp,@message\n2026-11-24 10:00:00.000,\"{cell}\"\n")),
            ("Logs Insights as JSON", pretty(&json!([{"@timestamp": "2026", "@message": stored}]))),
            (
                "with the fields that it finds",
                json!([{"@message": stored, "message": "undelivered"}]).to_string(),
            ),
            ("Lambda's prefix", format!("2026-11-24T10:00:00.000Z\t8f4c-1\tINFO\t{line}")),
            ("the same, older", format!("RequestId: 8f4c-1 {line}")),
            ("Log Service", json!({"__time__": "1763978400", "content": line}).to_string()),
            ("Log Service by its API", json!({"meta": {}, "data": [{"content": line}]}).to_string()),
            ("Log Service with each member as a text", fields.to_string()),
            (
                "Function Compute",
                json!({"functionName": "f", "message": stored, "requestId": "1-2"}).to_string(),
            ),
            ("docker logs --timestamps", format!("2026-11-24T10:00:00.000000000Z {line}")),
            ("docker compose logs", format!("arms-pagerduty-1  | {line}")),
            ("Docker's file", json!({"log": stored, "stream": "stdout", "time": "2026"}).to_string()),
            ("Kubernetes' file", format!("2026-11-24T10:00:00.000000000Z stdout F {line}")),
            ("journalctl -o json", json!({"MESSAGE": line, "_PID": "1"}).to_string()),
            ("the same, not printable", bytes.to_string()),
            ("journalctl", format!("Nov 24 10:00:00 host arms-pagerduty[123]: {line}")),
            ("two on one line", format!("{line}\t{line}")),
            ("as an object", json!({"@message": object}).to_string()),
        ]
    }

    #[test]
    fn a_line_is_found_in_whatever_a_log_service_makes_of_it() {
        for (what, text) in wrapped(&first()) {
            // As it is, and among other lines.
            for text in
                [text.clone(), format!("START RequestId: 1\n\n{text}\n{{\"type\":\"platform.report\"}}\n")]
            {
                let found = found(&text);
                assert_eq!(found.broken, [], "{what}: {text}");
                let wanted = if what == "two on one line" { 2 } else { 1 };
                assert_eq!(events(&found).len(), wanted, "{what}: {text}");
                let expected = if what == "as an object" {
                    EVENT.replace("12345678901234567890123", "1")
                } else {
                    EVENT.to_owned()
                };
                let same = |event: &&str| event.len() == expected.len();
                assert!(events(&found).iter().all(same), "{what}: {:?}", events(&found));
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_reported_with_its_place() {
        let line = first();
        let half = line.get(..200).unwrap_or_default();
        let rest = line.get(200..).unwrap_or_default();
        let without_event = line.replace("\"event\":", "\"happening\":");
        let deep = format!("{}{line}{}", "[".repeat(20), "]".repeat(20));
        for (what, text) in [
            ("cut off", half.to_owned()),
            ("split in two", format!("{half}\n{rest}")),
            ("split by Docker", format!("{}\n{}", json!({"log": half}), json!({"log": rest}))),
            ("split by Kubernetes", format!("2026Z stdout P {half}\n2026Z stdout F {rest}")),
            ("half in a document", pretty(&json!({"events": [{"message": half}]}))),
            ("a document that is cut off", pretty(&json!({"events": {"message": line}})).replace("\n}", "")),
            ("without its event", without_event),
            ("under an unknown name", json!({"textPayload": line}).to_string()),
            ("wrapped too often", deep),
        ] {
            let found = found(&format!("other\n{text}\n"));
            assert!(events(&found).is_empty() && found.broken.len() == 1, "{what}: {found:?}");
            let places = found.broken.iter().map(|broken| broken.place.as_str());
            assert!(places.clone().all(|place| place.starts_with("log:")), "{what}");
        }
        assert_eq!(
            found(&format!("a\nb\n{half}\n")).broken.first().map(|broken| broken.place.clone()),
            Some("log:3".to_owned())
        );
    }

    #[test]
    fn events_that_precede_a_broken_end_of_a_document_are_found() {
        let document = pretty(&json!([{"message": first()}, {"message": first()}]));
        let cut = document.get(..document.len() - 40).unwrap_or_default();
        let found = found(cut);
        assert_eq!((events(&found).len(), found.broken.len()), (1, 1), "{found:?}");
    }

    #[test]
    fn other_lines_are_no_events() {
        let count = json!({"message": "undelivered_count", "undelivered": 1});
        for (text, counted) in [
            (String::new(), 0),
            ("REPORT RequestId: 1 Duration: 3 ms {\n}".to_owned(), 0),
            ("12\nnull\n\"undelivered\"\n[1,2]\n[]\n{}".to_owned(), 0),
            (json!({"message": "request", "error": "undelivered"}).to_string(), 0),
            (count.to_string(), 1),
            ("{\"message\":\"undelivered_count\",cut off".to_owned(), 0),
            ("[\n".repeat(50_000), 0),
            ("{".repeat(50_000), 0),
        ] {
            let found = found(&text);
            assert!(found.entries.is_empty() && found.broken.is_empty(), "{text}: {found:?}");
            assert_eq!(found.counted, counted, "{text}");
        }
    }

    /// What an alert says is data: it is never read as a line, wherever a line may be split.
    #[test]
    fn a_line_that_an_alert_has_written_is_none() {
        let forged =
            line("2026-11-24T09:00:00.000Z").replace("\"dedup_key\":\"d\"", "\"dedup_key\":\"forged\"");
        let details =
            json!({"text": forged, "list": [serde_json::from_str::<Value>(&forged).unwrap_or_default()]});
        let carrier = first().replace("\"n\":", &format!("\"details\":{details},\"n\":"));
        let is_forged = |event: &&str| {
            event.starts_with(r#"{"dedup_key":"forged""#)
                || event.starts_with(r#"{"event_action":"trigger","dedup_key":"forged""#)
        };
        let mut split = 0;
        for (at, _) in carrier.match_indices(['{', '}', '"', '[', ']']) {
            let Some((one, other)) = carrier.split_at_checked(at) else { continue };
            // The first part may be in another file, and may have been cut elsewhere too.
            for text in [format!("{one}\n{other}\n"), other.to_owned(), format!("{{\"a\n{other}\n{one}")] {
                let found = found(&text);
                assert!(!events(&found).iter().any(is_forged), "split at {at}: {text}");
            }
            split += 1;
        }
        assert!(split > 100, "{split}");
    }

    #[test]
    fn events_come_in_the_order_in_which_they_were_first_sent() {
        let times = ["2026-11-24T10:00:02.000Z", "2026-11-24T10:00:00.000Z", "2026-11-24T10:00:01.000Z"];
        let lines = times.map(line);
        let mut found = Found::default();
        found.add("a", &lines.join("\n"));
        found.add("b", &line("2026-11-24T10:00:00.500Z"));
        let places: Vec<&str> = found.entries.iter().map(|entry| entry.place.as_str()).collect();
        assert_eq!(places, ["a:2", "b:1", "a:3", "a:1"]);

        // Newest first, and two of the same time.
        let [late, early] = ["2026-11-24T10:00:02.000Z", "2026-11-24T10:00:00.000Z"].map(line);
        let found = self::found(&format!("{late}\n{late}\n{early}\n"));
        let places: Vec<&str> = found.entries.iter().map(|entry| entry.place.as_str()).collect();
        assert_eq!(places, ["log:3", "log:2", "log:1"]);
    }
}
