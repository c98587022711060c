//! Every rule, with a value that keeps it beside one that breaks it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

use serde_json::json;

use super::*;
use Api::{Change, V1, V2};
use Must::{
    BeAlphanumeric, BeHttpUrl, BeHttpsUrl, BeList, BeObject, BeOneOf, BePresent, BeText, BeTimestamp,
    HaveChars, HaveCharsUpTo, HaveItemsUpTo, NotBeginWith,
};

const KEY: &str = "e93facc04764012d7bfb002500d5d1a6";
const URL: &str = "https://example.com/x";

fn alert() -> Value {
    json!({
        "routing_key": KEY, "event_action": "trigger", "dedup_key": "a", "client": "ARMS", "client_url": URL,
        "payload": {
            "summary": "disk full", "source": "db-1", "severity": "critical", "timestamp": "2026-11-22T08:42:58.315Z",
            "component": "mysql", "group": "prod", "class": "disk", "custom_details": {"free": 0},
        },
        "links": [{"href": URL, "text": "x"}],
        "images": [{"src": URL, "href": URL, "alt": "x"}],
    })
}

fn change() -> Value {
    let mut event = alert();
    for name in ["event_action", "dedup_key", "client", "client_url"] {
        event.as_object_mut().unwrap().remove(name);
    }
    for name in ["severity", "component", "group", "class"] {
        event["payload"].as_object_mut().unwrap().remove(name);
    }
    event
}

fn v1() -> Value {
    json!({
        "service_key": KEY, "event_type": "trigger", "incident_key": "a", "description": "disk full",
        "details": {"free": 0}, "client": "ARMS", "client_url": URL,
        "contexts": [{"type": "link", "href": URL, "text": "x"}, {"type": "image", "src": URL, "href": URL, "alt": "x"}],
    })
}

fn valid(api: Api) -> Value {
    match api {
        V2 => alert(),
        Change => change(),
        V1 => v1(),
    }
}

/// The event with another value at a place; `None` takes the field away.
fn with(mut event: Value, place: &str, value: Option<Value>) -> Value {
    let (parent, name) = place.rsplit_once('/').unwrap();
    let parent = event.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Value::Array(list), Some(value)) => list[name.parse::<usize>().unwrap()] = value,
        (Value::Object(fields), Some(value)) => {
            fields.insert(name.to_owned(), value);
        }
        (parent, _) => {
            parent.as_object_mut().unwrap().remove(name);
        }
    }
    event
}

fn judge(api: Api, event: &Value) -> Result<Value, Refusal> {
    check(api, event.to_string().as_bytes())
}

fn broken(refusal: &Refusal) -> Vec<(&'static str, Must)> {
    match &refusal.reason {
        Reason::Broken(rules) => rules.iter().map(|rule| (rule.field, rule.must)).collect(),
        other => unreachable!("{other:?}"),
    }
}

/// A value that keeps the rule, beside one that breaks it and no other rule of the field; `None` takes the field away.
fn values(must: Must) -> (Option<Value>, Option<Value>) {
    let pair = |kept: &str, broken: &str| (Some(json!(kept)), Some(json!(broken)));
    let links = |count| Some(json!(vec![json!({"href": URL}); count]));
    match must {
        BePresent => unreachable!("it has a test of its own"),
        BeText => (None, Some(json!(5))),
        BeObject | BeList => (None, Some(json!("text"))),
        BeOneOf(words) => pair(words[0], &words[0].to_uppercase()),
        HaveCharsUpTo(count) => pair(&"界".repeat(count), &"界".repeat(count + 1)),
        HaveChars(count) => pair(&"a".repeat(count), &"a".repeat(count - 1)),
        BeAlphanumeric => pair(&"zZ".repeat(16), &"-0".repeat(16)),
        NotBeginWith(first) => pair(KEY, &format!("{first}{}", &KEY[1..])),
        HaveItemsUpTo(count) => (links(count), links(count + 1)),
        BeHttpUrl => pair("HTTP://a", "ftp://a"),
        BeHttpsUrl => pair("https://a", "http://a"),
        BeTimestamp => pair("2015-07-17T08:42:58.315+0000", "2015-07-17 08:42:58"),
    }
}

/// Where a rule's field stands in the valid event.
fn place(field: &str) -> String {
    format!("/{field}").replace("[image]", "/1").replace("[link]", "/0").replace("[]", "/0").replace('.', "/")
}

#[test]
fn each_rule_takes_the_one_and_refuses_the_other() {
    for rule in RULES.iter().filter(|rule| rule.when != When::FollowUp) {
        for &api in rule.apis {
            assert!(valid(api).pointer(&place(rule.field)).is_some(), "{rule} is for no field that there is");
            let refused =
                |value| broken(&judge(api, &with(valid(api), &place(rule.field), value)).unwrap_err());
            let expected = [(rule.field, rule.must)];
            if rule.must == BePresent {
                for absent in [None, Some(Value::Null), Some(json!(" "))] {
                    assert_eq!(refused(absent), expected, "{api:?}");
                }
                continue;
            }
            let (kept, breaking) = values(rule.must);
            if let Some(kept) = kept {
                let event = with(valid(api), &place(rule.field), Some(kept));
                assert_eq!(judge(api, &event), Ok(event.clone()), "{api:?} {rule}");
            }
            assert_eq!(refused(breaking), expected, "{api:?}");
        }
    }
}

#[test]
fn the_documented_limits_and_words_are_in_the_table() {
    const ACTIONS: Must = BeOneOf(&["trigger", "acknowledge", "resolve"]);
    let has = |api, field, must| {
        RULES.iter().any(|rule| rule.apis.contains(&api) && (rule.field, rule.must) == (field, must))
    };
    for (api, field, must) in [
        (V2, "routing_key", HaveChars(32)),
        (Change, "routing_key", HaveChars(32)),
        (Change, "routing_key", NotBeginWith('R')),
        (V2, "event_action", ACTIONS),
        (V2, "dedup_key", HaveCharsUpTo(255)),
        (V2, "payload.summary", HaveCharsUpTo(1024)),
        (Change, "payload.summary", HaveCharsUpTo(1024)),
        (V2, "payload.severity", BeOneOf(&["critical", "warning", "error", "info"])),
        (Change, "links", HaveItemsUpTo(50)),
        (V1, "service_key", HaveChars(32)),
        (V1, "event_type", ACTIONS),
        (V1, "incident_key", HaveCharsUpTo(255)),
        (V1, "description", HaveCharsUpTo(1024)),
        (V1, "contexts[].type", BeOneOf(&["link", "image"])),
    ] {
        assert!(has(api, field, must), "{api:?} {field} {must:?}");
    }
    // The others are compared with PagerDuty's OpenAPI files, where these are at hand.
    assert_eq!(RULES.iter().map(|rule| rule.apis.len()).sum::<usize>(), 100);
}

#[test]
fn an_acknowledge_and_a_resolve_need_a_dedup_key_and_nothing_else() {
    for (api, key, action, dedup) in
        [(V2, "routing_key", "event_action", "dedup_key"), (V1, "service_key", "event_type", "incident_key")]
    {
        for word in ["acknowledge", "resolve"] {
            let event = json!({key: KEY, action: word, dedup: "a"});
            assert!(judge(api, &event).is_ok());
            for absent in [None, Some(json!("")), Some(Value::Null)] {
                let refusal = judge(api, &with(event.clone(), &format!("/{dedup}"), absent)).unwrap_err();
                assert_eq!(broken(&refusal), [(dedup, BePresent)]);
            }
        }
    }
}

#[test]
fn no_rule_stands_twice_and_each_has_a_source() {
    for (at, rule) in RULES.iter().enumerate() {
        assert!(!rule.source.is_empty() && !rule.apis.is_empty(), "{rule}");
        for other in &RULES[at + 1..] {
            let same_api = rule.apis.iter().any(|api| other.apis.contains(api));
            assert!(!(same_api && (rule.field, rule.must) == (other.field, other.must)), "{rule}");
        }
    }
}

#[test]
fn everything_wrong_is_told_at_once() {
    let event =
        json!({"routing_key": "short-key", "event_action": "trigger", "payload": {"severity": "none"}});
    let errors = judge(V2, &event).unwrap_err().errors();
    assert_eq!(
        errors,
        [
            "Length of 'routing_key' is incorrect (should be 32 characters)",
            "'routing_key' cannot contain non-alphanumeric characters.",
            "'payload.summary' is missing or blank",
            "'payload.source' is missing or blank",
            "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')",
        ]
    );
}

#[test]
fn what_is_not_a_json_object_is_not_recognised() {
    for body in ["", "summary=x&routing_key=y", "{", "[]", "\"x\"", "null", "{} x"] {
        for (api, status) in [(V2, "Unrecognized object"), (V1, "unrecognized object")] {
            let reply = check(api, body.as_bytes()).unwrap_err().reply();
            let answer: Value = serde_json::from_slice(&reply.body).unwrap();
            let expected = json!({
                "status": status, "message": "Event object format is unrecognized", "errors": ["JSON parse error"],
            });
            assert_eq!((reply.status, answer), (400, expected), "{body}");
        }
    }
}

#[test]
fn a_body_of_512_000_bytes_passes_and_one_more_does_not() {
    let mut body = alert().to_string();
    body.push_str(&" ".repeat(BODY_MAX_BYTES - body.len()));
    assert!(check(V2, body.as_bytes()).is_ok());
    body.push(' ');
    let refusal = check(V2, body.as_bytes()).unwrap_err();
    assert_eq!((refusal.reason.clone(), refusal.reply().status), (Reason::TooLarge, 400));
}

#[test]
fn the_answers_that_have_a_form_of_their_own() {
    let links = json!(vec![json!({"href": URL}); 51]);
    let too_many = judge(Change, &with(change(), "/links", Some(links.clone()))).unwrap_err().reply();
    assert_eq!(
        (too_many.status, &too_many.body[..]),
        (400, &br#"{"error":["links should have at most 50 item(s)"]}"#[..])
    );
    assert!(judge(V2, &with(alert(), "/links", Some(links))).is_ok());

    let ruleset = with(change(), "/routing_key", Some(json!("R0000000000000000000000000000000")));
    let reply = judge(Change, &ruleset).unwrap_err().reply();
    assert_eq!((reply.status, &reply.body[..]), (400, &b"Invalid routing key"[..]));
    assert!(reply.header("Content-Type").unwrap().starts_with("text/plain"));

    for (api, status) in [(V2, 429), (Change, 429), (V1, 403)] {
        let reply = Refusal { api, reason: Reason::RateLimited }.reply();
        assert_eq!((reply.status, reply.header("retry-after")), (status, None));
    }
}
