//! Events of any size and shape, and what the size limit makes of them.

use crate::core::{APIS, check, own_key};
use arms_pagerduty::event::{
    Action, BODY_MAX_BYTES, DEDUP_KEY_MAX_CHARS, Event, Image, Link, Payload, SUMMARY_MAX_CHARS, Severity,
};
use serde_json::{Map, Value};

/// What an event's texts may be together: three times the limit, as far as one byte stays one.
const TEXT_MAX_BYTES: usize = 3 * BODY_MAX_BYTES;
const ITEMS_MAX: usize = 60;
const DEPTH_MAX: u32 = 4;
/// The names that the limiter treats in a way of their own, and some others.
const NAMES: [&str; 8] = ["alerts", "status", "left_out", "labels", "annotations", "a", "b", "\u{1}"];
/// What texts are made of: one, two (escaped), three, four and six (escaped) bytes a character.
const UNITS: [&str; 8] = ["x", "\"", "告", "😀", "\u{1}", "word ", "\\", "é\n"];

/// Bytes as a recipe for an event.
///
/// # Panics
/// If the event does not fit afterwards, or is not the same event any more.
pub fn size(data: &[u8]) {
    let mut recipe = Recipe { data, bytes_left: TEXT_MAX_BYTES };
    let api = APIS[recipe.below(3)];
    let mut event = event(&mut recipe);
    let before = event.clone();
    event.fit(api);
    assert_eq!(event.action, before.action);
    assert_eq!(event.dedup_key, before.dedup_key);
    assert_eq!(event.payload.summary, before.payload.summary.trim().replace('\n', " "), "one line");
    assert_eq!(event.payload.severity, before.payload.severity);
    check(&event, api, &own_key());
    if before.write(api).len() > BODY_MAX_BYTES {
        let reported = event.payload.custom_details.get("left_out").and_then(Value::as_object);
        assert!(reported.is_some_and(|counts| !counts.is_empty()), "nothing says what was left out");
        if let Some(status @ Value::String(text)) = before.payload.custom_details.get("status")
            && text.len() < 100
        {
            assert_eq!(event.payload.custom_details.get("status"), Some(status), "the status was lost");
        }
    }
}

struct Recipe<'a> {
    data: &'a [u8],
    bytes_left: usize,
}

impl Recipe<'_> {
    /// The next byte; zeros when there is none.
    fn byte(&mut self) -> u8 {
        self.data.split_off_first().copied().unwrap_or_default()
    }

    fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// A text, short or long, within what is left of the budget.
    fn text(&mut self) -> String {
        let (unit, length) = (UNITS[self.below(UNITS.len())], self.byte());
        // 0 to 15 times 4^0 to 4^8.
        let times = usize::from(length & 0x0f) << (2 * usize::from((length >> 4) % 9));
        let times = times.min(self.bytes_left / unit.len());
        self.bytes_left -= times * unit.len();
        unit.repeat(times)
    }

    /// A text of 1 to `max` characters that is not blank.
    fn line(&mut self, max: usize) -> String {
        format!("s{}", self.text()).chars().take(max).collect()
    }

    fn url(&mut self) -> String {
        let path: String = self.text().chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        format!("https://x/{path}")
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.byte() & 1 == 1).then(|| make(self))
    }

    fn value(&mut self, depth: u32) -> Value {
        match self.below(if depth == 0 { 4 } else { 7 }) {
            0 => Value::Null,
            1 => Value::from(f64::from(self.byte()) * 1e300),
            2 | 3 => Value::String(self.text()),
            4 => {
                // The same item many times: long lists from few bytes.
                let item = self.value(depth - 1);
                let times = 1_usize << self.below(16);
                let bytes = item.to_string().len() + 1;
                let times = times.min(self.bytes_left / bytes);
                self.bytes_left -= times * bytes;
                Value::Array(vec![item; times])
            }
            5 => Value::Array((0..self.below(8)).map(|_| self.value(depth - 1)).collect()),
            _ => Value::Object(self.map(depth - 1)),
        }
    }

    fn map(&mut self, depth: u32) -> Map<String, Value> {
        let mut map = Map::new();
        for number in 0..self.below(8) {
            let name = match self.below(NAMES.len() + 2) {
                known if known < NAMES.len() => NAMES[known].to_owned(),
                8 => self.text(),
                // Many small fields.
                _ => {
                    for field in 0..1_usize << self.below(12) {
                        self.bytes_left = self.bytes_left.saturating_sub(12);
                        map.insert(format!("f{number}-{field}"), Value::from(field));
                    }
                    continue;
                }
            };
            let value = self.value(depth);
            map.insert(name, value);
        }
        map
    }
}

fn event(recipe: &mut Recipe) -> Event {
    let action = [Action::Trigger, Action::Trigger, Action::Acknowledge, Action::Resolve][recipe.below(4)];
    let severity = [Severity::Critical, Severity::Error, Severity::Warning, Severity::Info][recipe.below(4)];
    let mut payload = Payload::new(recipe.line(SUMMARY_MAX_CHARS), severity);
    payload.custom_details = recipe.map(DEPTH_MAX);
    payload.source = format!("s{}", recipe.text());
    payload.component = recipe.maybe(Recipe::text);
    payload.group = recipe.maybe(Recipe::text);
    payload.class = recipe.maybe(Recipe::text);
    payload.client = recipe.maybe(Recipe::text);
    payload.client_url = recipe.maybe(Recipe::url);
    payload.links = (0..recipe.below(ITEMS_MAX))
        .map(|_| Link { href: recipe.url(), text: recipe.maybe(Recipe::text) })
        .collect();
    payload.images = (0..recipe.below(ITEMS_MAX))
        .map(|_| Image {
            src: recipe.url(),
            href: recipe.maybe(Recipe::url),
            alt: recipe.maybe(Recipe::text),
        })
        .collect();
    Event { action, dedup_key: recipe.line(DEDUP_KEY_MAX_CHARS), payload }
}
