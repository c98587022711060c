//! Events of any size and shape, and what the size limit makes of them.

use crate::core::{APIS, check, own_key};
use arbitrary::Arbitrary;
use arms_pagerduty::event::{
    Action, BODY_MAX_BYTES, DEDUP_KEY_MAX_CHARS, Event, Image, Link, Payload, SUMMARY_MAX_CHARS, Severity,
};
use serde_json::{Map, Value};
use std::cell::Cell;

/// What an event's texts may be together: three times the limit, as far as one byte stays one.
const TEXT_MAX_BYTES: usize = 3 * BODY_MAX_BYTES;
const ITEMS_MAX: usize = 60;
const DEPTH_MAX: u32 = 4;
/// The names that the limiter treats in a way of their own, and some others.
const NAMES: [&str; 8] = ["alerts", "status", "left_out", "labels", "annotations", "a", "b", "\u{1}"];
/// What texts are made of: one, two (escaped), three, four and six (escaped) bytes a character.
const UNITS: [&str; 8] = ["x", "\"", "告", "😀", "\u{1}", "word ", "\\", "é\n"];

/// An event, with texts and lists that are long though few bytes say so.
#[derive(Arbitrary, Debug)]
pub struct Recipe {
    numbers: [u8; 3],
    lines: [Text; 3],
    fields: [Option<Text>; 5],
    links: Vec<(Text, Option<Text>)>,
    images: Vec<(Text, Option<Text>, Option<Text>)>,
    details: Vec<(Name, Json)>,
}

/// A unit, 0 to 15 times 4^0 to 4^8.
#[derive(Arbitrary, Debug)]
struct Text(u8, u8);

#[derive(Arbitrary, Debug)]
enum Name {
    Known(u8),
    Made(Text),
}

#[derive(Arbitrary, Debug)]
enum Json {
    Null,
    Number(f64),
    Text(Text),
    /// So often the same: long lists from few bytes.
    Many(Box<Json>, u8),
    List(Vec<Json>),
    Object(Vec<(Name, Json)>),
    /// Many small fields.
    Fields(u8),
}

/// An event of any size.
///
/// # Panics
/// If the event does not fit afterwards, or is not the same event any more.
pub fn size(recipe: &Recipe) {
    let api = APIS[usize::from(recipe.numbers[0]) % APIS.len()];
    let mut event = Kitchen { bytes_left: Cell::new(TEXT_MAX_BYTES) }.event(recipe);
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

/// Makes events of recipes, within a budget.
struct Kitchen {
    bytes_left: Cell<usize>,
}

impl Kitchen {
    /// As often as wanted and affordable.
    fn times(&self, wanted: usize, bytes: usize) -> usize {
        let times = wanted.min(self.bytes_left.get() / bytes);
        self.bytes_left.set(self.bytes_left.get() - times * bytes);
        times
    }

    fn text(&self, Text(unit, length): &Text) -> String {
        let unit = UNITS[usize::from(*unit) % UNITS.len()];
        unit.repeat(self.times(usize::from(length & 0x0f) << (2 * ((length >> 4) % 9)), unit.len()))
    }

    /// A text of 1 to `max` characters that is not blank.
    fn line(&self, text: &Text, max: usize) -> String {
        format!("s{}", self.text(text)).chars().take(max).collect()
    }

    fn url(&self, text: &Text) -> String {
        let path: String =
            self.text(text).chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        format!("https://x/{path}")
    }

    fn value(&self, json: &Json, depth: u32) -> Value {
        match json {
            _ if depth == 0 => Value::Null,
            Json::Null => Value::Null,
            Json::Number(number) => Value::from(*number),
            Json::Text(text) => Value::String(self.text(text)),
            Json::Many(item, times) => {
                let item = self.value(item, depth - 1);
                let times = self.times(1 << (times % 16), item.to_string().len() + 1);
                Value::Array(vec![item; times])
            }
            Json::List(items) => items.iter().map(|item| self.value(item, depth - 1)).collect(),
            Json::Object(members) => Value::Object(self.map(members, depth - 1)),
            Json::Fields(count) => {
                let count = self.times(1 << (count % 12), 12);
                (0..count).map(|field| (format!("f{field}"), Value::from(field))).collect()
            }
        }
    }

    fn map(&self, members: &[(Name, Json)], depth: u32) -> Map<String, Value> {
        let name = |name: &Name| match name {
            Name::Known(number) => NAMES[usize::from(*number) % NAMES.len()].to_owned(),
            Name::Made(text) => self.text(text),
        };
        members.iter().map(|(of, json)| (name(of), self.value(json, depth))).collect()
    }

    fn event(&self, recipe: &Recipe) -> Event {
        let [_, action, severity] = recipe.numbers.map(|number| usize::from(number) % 4);
        let action = [Action::Trigger, Action::Trigger, Action::Acknowledge, Action::Resolve][action];
        let severity = [Severity::Critical, Severity::Error, Severity::Warning, Severity::Info][severity];
        let [dedup_key, summary, source] = &recipe.lines;
        let text = |text: &Option<Text>| text.as_ref().map(|text| self.text(text));
        let url = |text: &Option<Text>| text.as_ref().map(|text| self.url(text));
        let mut payload = Payload::new(self.line(summary, SUMMARY_MAX_CHARS), severity);
        payload.custom_details = self.map(&recipe.details, DEPTH_MAX);
        payload.source = self.line(source, usize::MAX);
        let [component, group, class, client, client_url] = &recipe.fields;
        (payload.component, payload.group, payload.class) = (text(component), text(group), text(class));
        (payload.client, payload.client_url) = (text(client), url(client_url));
        let links = recipe.links.iter().take(ITEMS_MAX);
        payload.links = links.map(|(href, alt)| Link { href: self.url(href), text: text(alt) }).collect();
        let images = recipe.images.iter().take(ITEMS_MAX);
        payload.images = images
            .map(|(src, href, alt)| Image { src: self.url(src), href: url(href), alt: text(alt) })
            .collect();
        Event { action, dedup_key: self.line(dedup_key, DEDUP_KEY_MAX_CHARS), payload }
    }
}
