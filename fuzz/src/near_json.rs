//! JSON as templates break it, made of the pieces that a reader stumbles over, and the time that
//! reading takes: a body must never take more than its length explains.

use crate::clock::worked;
use crate::core::{Setting, relay};
use std::time::Duration;

/// The longest body that a recipe makes. A way that takes the square of it needs a second; a straight
/// one, built for fuzzing, some ten milliseconds.
const BODY_MAX_BYTES: usize = 128 * 1024;
/// The work that one body may take at most: the fastest of [`TRIES`].
const WITHIN: Duration = Duration::from_millis(400);
const TRIES: u32 = 3;
/// From this byte on a recipe's step repeats what was last written.
const REPEAT_FROM: u8 = 0xd0;

/// Also what the stable run's mutator pastes in.
pub const PIECES: [&str; 104] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    ":",
    ",",
    "=",
    "&",
    "\n",
    "\r\n",
    " ",
    "\t",
    "%",
    "%41",
    "{{",
    "}}",
    "：",
    "告",
    "\\\"",
    "\\n",
    "\\u0041",
    "\\ud800",
    "\\\\",
    "{\"",
    "\"}",
    "\",\"",
    "\":\"",
    "\":{\"",
    "\"},\"",
    "\"]}",
    "{\\\"",
    "{{ .a }}",
    "{{$value}}",
    "{{$labels.a}}",
    "{{ printf \"%.2f\" $value }}",
    "$content",
    "$alertmanager_content",
    "null",
    "true",
    "-1.5e3",
    "1e999",
    "0",
    "a",
    "b",
    "k",
    "x",
    "😀",
    "\u{feff}",
    "\0",
    "\u{2028}",
    "a=",
    "&a=",
    "summary=",
    "message=",
    "content=",
    "status=resolved",
    "integration_key=",
    "0123456789abcdef0123456789abcdef",
    "告警名称：x\n",
    "恢复时间: z\n",
    "告警内容：",
    "Alert content: y\n",
    "Alert name: n\n",
    "\"a\":",
    "\"alerts\":",
    "\"status\":",
    "\"labels\":",
    "\"annotations\":",
    "\"commonLabels\":",
    "\"commonAnnotations\":",
    "\"groupLabels\":",
    "\"alertname\":",
    "\"severity\":",
    "\"message\":",
    "\"content\":",
    "\"fingerprint\":",
    "\"integration_key\":",
    "\"routing_key\":",
    "\"summary\":",
    "\"payload\":",
    "\"event_action\":",
    "\"event_type\":",
    "\"dedup_key\":",
    "\"custom_details\":",
    "\"links\":",
    "\"images\":",
    "\"contexts\":",
    "\"href\":",
    "\"src\":",
    "\"http://a/\"",
    "\"resolved\"",
    "\"firing\"",
    "\"trigger\"",
    "\"startsAt\":",
    "\"truncatedAlerts\":",
    "\"告警名称\":",
    "\"恢复时间\":",
    "\"告警内容\":",
    "\"client_url\":",
    "\"value\":",
    "\"a\":\"b\"",
    "{},",
];

/// Bytes as a recipe for a body, behind two that choose content type, API and `EVENT_PER`.
///
/// # Panics
/// If an event breaks a promise, or if reading takes too long.
pub fn json(data: &[u8]) {
    let [first, second, recipe @ ..] = data else { return };
    let body = cook(recipe);
    let setting = Setting::of(*first, *second);
    let fastest = |tries: u32| {
        let times = (0..tries).map(|_| {
            let started = worked();
            relay(&body, setting);
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

/// Each byte writes a piece; a high one repeats the last pieces, so that a short recipe makes a long body.
fn cook(recipe: &[u8]) -> String {
    let mut body = String::new();
    // Where each step's text begins.
    let mut begins: Vec<usize> = Vec::new();
    for step in recipe {
        begins.push(body.len());
        if *step < REPEAT_FROM {
            body.push_str(PIECES[usize::from(*step) % PIECES.len()]);
        } else {
            let steps = usize::from(step & 0x07) + 1;
            let times = 1_usize << (2 * ((step - REPEAT_FROM) >> 3) + 2);
            let from = begins.len().checked_sub(steps + 1).map_or(0, |at| begins[at]);
            let unit = body[from..].to_owned();
            let room = BODY_MAX_BYTES.saturating_sub(body.len()).checked_div(unit.len()).unwrap_or_default();
            body.push_str(&unit.repeat(times.min(room)));
        }
        if body.len() >= BODY_MAX_BYTES {
            break;
        }
    }
    body
}
