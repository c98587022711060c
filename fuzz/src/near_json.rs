//! JSON as templates break it, made of the pieces that a reader stumbles over, and the time that reading takes: a body must
//! never take more than its length explains.

use crate::core::{Choice, relay};
use crate::worked;
use arbitrary::Arbitrary;
use std::time::Duration;

/// The longest body that steps make. A way that takes the square of it needs a second; a straight one, built for fuzzing,
/// some ten milliseconds.
const BODY_MAX_BYTES: usize = 128 * 1024;
/// The work that one body may take at most: the fastest of [`TRIES`].
const WITHIN: Duration = Duration::from_millis(400);
const TRIES: u32 = 3;

/// What bodies are made of; also libFuzzer's dictionary.
#[rustfmt::skip]
pub(crate) const PIECES: [&str; 104] = [
    "{", "}", "[", "]", "\"", "\\", ":", ",", "=", "&", "\n", "\r\n", " ", "\t", "%", "%41", "{{", "}}",
    "：", "告", "\\\"", "\\n", "\\u0041", "\\ud800", "\\\\", "{\"", "\"}", "\",\"", "\":\"", "\":{\"",
    "\"},\"", "\"]}", "{\\\"", "{{ .a }}", "{{$value}}", "{{$labels.a}}", "{{ printf \"%.2f\" $value }}",
    "$content", "$alertmanager_content", "null", "true", "-1.5e3", "1e999", "0", "a", "b", "k", "x", "😀",
    "\u{feff}", "\0", "\u{2028}", "a=", "&a=", "summary=", "message=", "content=", "status=resolved",
    "integration_key=", "0123456789abcdef0123456789abcdef", "告警名称：x\n", "恢复时间: z\n", "告警内容：",
    "Alert content: y\n", "Alert name: n\n", "\"a\":", "\"alerts\":", "\"status\":", "\"labels\":",
    "\"annotations\":", "\"commonLabels\":", "\"commonAnnotations\":", "\"groupLabels\":", "\"alertname\":",
    "\"severity\":", "\"message\":", "\"content\":", "\"fingerprint\":", "\"integration_key\":",
    "\"routing_key\":", "\"summary\":", "\"payload\":", "\"event_action\":", "\"event_type\":",
    "\"dedup_key\":", "\"custom_details\":", "\"links\":", "\"images\":", "\"contexts\":", "\"href\":",
    "\"src\":", "\"http://a/\"", "\"resolved\"", "\"firing\"", "\"trigger\"", "\"startsAt\":",
    "\"truncatedAlerts\":", "\"告警名称\":", "\"恢复时间\":", "\"告警内容\":", "\"client_url\":", "\"value\":",
    "\"a\":\"b\"", "{},",
];

/// One step to a body.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Step {
    /// Writes a piece.
    Piece(u8),
    /// Writes what the last steps, 1 to 8, have written, again 4 to 4^6 times: a long body from few bytes.
    Repeat(u8, u8),
}

/// A body made step by step.
///
/// # Panics
/// If an event breaks a promise, or if reading takes too long.
pub fn json(choice: Choice, steps: &[Step]) {
    let body = cook(steps);
    let fastest = |tries: u32| {
        let times = (0..tries).map(|_| {
            let started = worked();
            relay(&body, choice);
            worked().saturating_sub(started)
        });
        times.min().unwrap_or_default()
    };
    if fastest(1) > WITHIN {
        let fastest = fastest(TRIES);
        let begin: String = body.chars().take(200).collect();
        assert!(fastest <= WITHIN, "{fastest:?} for {} bytes that begin with {begin:?}", body.len());
    }
}

fn cook(steps: &[Step]) -> String {
    let mut body = String::new();
    // Where each step's text begins.
    let mut begins = Vec::new();
    for step in steps {
        if body.len() >= BODY_MAX_BYTES {
            break;
        }
        begins.push(body.len());
        match *step {
            Step::Piece(piece) => body.push_str(PIECES[usize::from(piece) % PIECES.len()]),
            Step::Repeat(steps, times) => {
                let first = begins.len().saturating_sub(usize::from(steps % 8) + 2);
                let unit = body[begins[first]..].to_owned();
                let room = BODY_MAX_BYTES.saturating_sub(body.len()) / unit.len().max(1);
                body.push_str(&unit.repeat(room.min(4 << (2 * (times % 6)))));
            }
        }
    }
    body
}
