//! What is left of an event over PagerDuty's limit, step by step, and what is said to be missing.

use arms_pagerduty::event::{
    Action, Api, BODY_MAX_BYTES, Event, Image, Link, Payload, Severity, bound_shared,
};
use serde_json::{Map, Value, json};

/// What an event may have without its key and the counts.
const FITTING_BYTES: usize = BODY_MAX_BYTES - 1_000;

fn event(details: Value) -> Event {
    let Value::Object(custom_details) = details else { panic!("details are an object") };
    let payload = Payload { custom_details, ..Payload::new("s".to_owned(), Severity::Error) };
    Event { action: Action::Trigger, dedup_key: "d".to_owned(), payload }
}

fn bytes(event: &Event) -> usize {
    event.write(Api::V2).len()
}

/// The details once the event fits.
fn fitted(details: Value) -> Map<String, Value> {
    let mut event = event(details);
    event.fit(Api::V2);
    assert!(bytes(&event) <= BODY_MAX_BYTES, "{} bytes", bytes(&event));
    event.payload.custom_details
}

fn chars(value: &Value) -> usize {
    value.as_str().map(|text| text.chars().count()).unwrap_or_default()
}

#[test]
fn an_event_that_fits_is_left_alone_to_the_last_byte() {
    let empty = bytes(&event(json!({"a": ""})));
    let exactly = json!({"a": "x".repeat(FITTING_BYTES - empty)});
    assert_eq!(Value::Object(fitted(exactly.clone())), exactly);
    let over = fitted(json!({"a": "x".repeat(FITTING_BYTES - empty + 1)}));
    assert_eq!(chars(&over["a"]), 131_072, "cut no further than to the first step that helps");
    assert!(over["a"].as_str().is_some_and(|text| text.ends_with("x…")));
    assert_eq!(over["left_out"], json!({"characters": FITTING_BYTES - empty + 1 - 131_071}));
}

#[test]
fn texts_are_cut_step_by_step_wherever_they_are_nested() {
    for (count, long, step) in
        [(10, 60_000, 32_768), (40, 20_000, 8_192), (400, 9_000, 1_024), (3_000, 2_000, 128)]
    {
        // Three of four in a list of objects, which is cut likewise.
        let mut details: Map<String, Value> =
            (0..count / 4).map(|number| (format!("t{number:04}"), json!("x".repeat(long)))).collect();
        let listed: Vec<Value> = (count / 4..count).map(|_| json!({"deep": ["x".repeat(long)]})).collect();
        details.insert("list".to_owned(), Value::Array(listed));
        details.insert("number".to_owned(), json!(7));
        let left = fitted(Value::Object(details));
        assert_eq!(chars(&left["t0000"]), step, "{count} of {long}");
        assert_eq!(chars(&left["list"][0]["deep"][0]), step, "{count} of {long}");
        assert_eq!(left["number"], 7);
        let characters = left["left_out"]["characters"].as_u64().map(|count| count.try_into().unwrap_or(0));
        // Each step also cuts off the mark that the one before has set.
        let steps = [131_072, 32_768, 8_192, 1_024, 128];
        let marks = steps.iter().filter(|earlier| **earlier > step && **earlier < long).count();
        assert_eq!(characters, Some(count * (long - (step - 1) + marks)), "{count} of {long}");
        assert_eq!(left["left_out"].as_object().map(Map::len), Some(1), "nothing else was left out");
    }
    // A text of exactly the step's length is whole.
    let left = fitted(json!({"long": "x".repeat(600_000), "exact": "y".repeat(131_072)}));
    assert_eq!(chars(&left["exact"]), 131_072);
    assert!(left["exact"].as_str().is_some_and(|text| text.ends_with('y')));
}

#[test]
fn listed_alerts_go_from_the_end_before_each_is_spoilt() {
    let alert = |number: usize| json!({"number": number, "message": "x".repeat(10_000)});
    let alerts: Vec<Value> = (0..100).map(alert).collect();
    let mut left = fitted(json!({"alerts": alerts, "status": "firing", "note": "y".repeat(20_000)}));
    let kept = left["alerts"].as_array().cloned().unwrap_or_default();
    assert_eq!(
        kept.iter().map(|alert| &alert["number"]).collect::<Vec<_>>(),
        (0..kept.len()).collect::<Vec<_>>()
    );
    assert!(kept.iter().all(|alert| chars(&alert["message"]) == 8_192));
    assert_eq!(chars(&left["note"]), 8_192);
    assert_eq!(left["left_out"]["alerts"], 100 - kept.len());
    // As many as fit: one more would not.
    left.remove("left_out");
    left.insert("alerts".to_owned(), json!(kept));
    assert!(bytes(&event(Value::Object(left.clone()))) <= FITTING_BYTES);
    left.insert("alerts".to_owned(), json!([kept.clone(), vec![kept[0].clone()]].concat()));
    assert!(bytes(&event(Value::Object(left))) > FITTING_BYTES);
    // One is always kept.
    let one = fitted(json!({"alerts": [{"a": vec!["x"; 200_000]}, {"b": 1}]}));
    assert_eq!(one["alerts"].as_array().map(Vec::len), Some(1));
    assert_eq!(one["left_out"], json!({"alerts": 1, "items": 199_900}));
}

#[test]
fn lists_are_cut_to_a_hundred_items_only_if_texts_do_not_help() {
    let object: Map<String, Value> =
        (0..50_000).map(|number| (format!("{number:05}"), json!(number))).collect();
    let left = fitted(json!({
        "list": vec![1; 200_000], "inner": [{"list": vec![2; 150]}], "object": object, "short": vec![3; 100],
    }));
    assert_eq!(left["list"], json!(vec![1; 100]));
    assert_eq!(left["inner"][0]["list"], json!(vec![2; 100]));
    assert_eq!(left["short"], json!(vec![3; 100]));
    let kept: Vec<&String> = left["object"].as_object().expect("an object").keys().collect();
    assert_eq!((kept.len(), kept[0].as_str(), kept[99].as_str()), (100, "00000", "00099"));
    assert_eq!(left["left_out"], json!({"items": 199_900 + 50 + 49_900}));
    let texts = fitted(json!({"list": vec![1; 150], "text": "x".repeat(600_000)}));
    assert_eq!(texts["list"].as_array().map(Vec::len), Some(150));
}

#[test]
fn the_largest_fields_go_last_of_all_and_never_the_status() {
    let mut details: Map<String, Value> =
        (0..10_000).map(|number| (format!("f{number:05}"), json!("x".repeat(60)))).collect();
    details.insert("status".to_owned(), json!("firing".repeat(15)));
    details.insert("large".to_owned(), json!("y".repeat(100)));
    let left = fitted(Value::Object(details));
    assert_eq!(left["status"], "firing".repeat(15));
    assert!(!left.contains_key("large"), "the largest first");
    let kept = left.len() - 2;
    assert_eq!(left["left_out"], json!({"fields": 10_001 - kept}));
    // As many as fit: `"f00000":"…60…",` has 72 bytes.
    let mut without_counts = left.clone();
    without_counts.remove("left_out");
    let room = FITTING_BYTES - bytes(&event(Value::Object(without_counts)));
    assert!(room < 72, "{room} bytes of room");
}

#[test]
fn what_stands_beside_the_details_is_cut_too_and_counted() {
    let url = |length: usize| format!("https://x/{}", "a".repeat(length - 10));
    let link = |href: String, text: Option<String>| Link { href, text };
    let image = |src: String, href: Option<String>, alt: Option<String>| Image { src, href, alt };
    let mut event = event(json!({"a": "x".repeat(600_000)}));
    let payload = &mut event.payload;
    for field in [&mut payload.component, &mut payload.group, &mut payload.class, &mut payload.client] {
        *field = Some("c".repeat(1_025));
    }
    payload.source = "s".repeat(1_024);
    payload.client_url = Some(url(2_049));
    payload.links = vec![link(url(2_049), None), link(url(20), Some("t".repeat(2_049)))];
    payload.links.extend((0..12).map(|_| link(url(2_048), Some("t".repeat(2_048)))));
    payload.images = vec![
        image(url(2_049), None, None),
        image(url(20), Some(url(2_049)), None),
        image(url(20), None, Some("t".repeat(2_049))),
    ];
    payload.images.extend((0..11).map(|_| image(url(2_048), Some(url(2_048)), Some("t".repeat(2_048)))));
    event.fit(Api::V2);
    let payload = event.payload;
    assert_eq!(payload.source, "s".repeat(1_024));
    for field in [payload.component, payload.group, payload.class, payload.client] {
        assert_eq!(field, Some(format!("{}…", "c".repeat(1_023))));
    }
    assert_eq!((payload.links.len(), payload.images.len(), payload.client_url), (10, 10, None));
    assert!(payload.links.iter().all(|link| link.href.len() == 2_048));
    // Too long: the client's page, 2 links, 3 images; too many: 2 links and 1 image.
    let characters = 4 * 2 + 600_000 - 131_071;
    assert_eq!(payload.custom_details["left_out"], json!({"characters": characters, "items": 9}));
}

/// Nothing but pages is left, and their characters have four bytes: then they go too.
#[test]
fn pages_go_where_nothing_else_helps() {
    let wide = |length: usize| "😀".repeat(length);
    let mut event = event(json!({"status": "firing", "a": "x".repeat(600_000)}));
    let page = || format!("https://x/{}", wide(2_000));
    let payload = &mut event.payload;
    payload.source = "\u{1}".repeat(1_024);
    for field in [&mut payload.component, &mut payload.group, &mut payload.class, &mut payload.client] {
        *field = Some(payload.source.clone());
    }
    payload.client_url = Some(page());
    payload.links = vec![Link { href: page(), text: Some("\u{1}".repeat(2_048)) }; 10];
    payload.images = vec![Image { src: page(), href: Some(page()), alt: Some("\u{1}".repeat(2_048)) }; 10];
    event.fit(Api::V2);
    assert!(bytes(&event) <= FITTING_BYTES);
    let payload = event.payload;
    assert!(payload.links.is_empty() && payload.images.is_empty() && payload.client_url.is_none());
    let left_out = &payload.custom_details["left_out"];
    assert_eq!(left_out["items"], 21);
    assert_eq!((&payload.summary, &payload.custom_details["status"]), (&"s".to_owned(), &json!("firing")));
    let status = json!({"status": vec![vec!["x".repeat(100); 100]; 100], "a": 1});
    assert_eq!(Value::Object(fitted(status))["left_out"]["fields"], 2, "a status of that size is none");
}

#[test]
fn what_alerts_share_is_bounded_to_64_kib_for_each() {
    let of = |details: Value| {
        let Value::Object(mut shared) = details else { panic!("an object") };
        bound_shared(&mut shared);
        assert!(Value::Object(shared.clone()).to_string().len() <= 64 * 1024 + 200);
        Value::Object(shared)
    };
    let exactly = json!({"a": "x".repeat(64 * 1024 - 8)});
    assert_eq!(exactly.to_string().len(), 64 * 1024);
    assert_eq!(of(exactly.clone()), exactly);
    // One byte over: the shorter text and the list stay whole.
    let over = of(json!({"a": "x".repeat(64 * 1024 - 7), "b": "y".repeat(5_000), "list": vec![1; 150]}));
    assert_eq!((chars(&over["a"]), chars(&over["b"])), (32_768, 5_000));
    assert_eq!(over["list"], json!(vec![1; 150]));
    assert_eq!(over["left_out"], json!({"characters": 64 * 1024 - 7 - 32_767}));
    let lists = of(json!({"a": vec!["x"; 20_000], "b": "y".repeat(128)}));
    assert_eq!(lists["a"].as_array().map(Vec::len), Some(100));
    assert_eq!(lists["left_out"], json!({"items": 19_900}));
    let fields: Map<String, Value> =
        (0..2_000).map(|number| (format!("{number:04}"), json!("x".repeat(60)))).collect();
    let fields = of(Value::Object(fields));
    let kept = fields.as_object().map(Map::len).unwrap_or_default() - 1;
    // `"0000":"…60…",` has 70 bytes.
    assert!((64 * 1024 - 2 * 70..64 * 1024).contains(&(kept * 70)), "{kept}");
    assert_eq!(fields["left_out"], json!({"fields": 2_000 - kept}));
}
