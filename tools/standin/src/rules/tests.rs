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

/// API, place, a value that is taken, one that is refused, the rule that refuses it.
type Case = (Api, &'static str, Option<Value>, Option<Value>, (&'static str, Must));

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    const ACTIONS: Must = BeOneOf(&["trigger", "acknowledge", "resolve"]);
    const SEVERITIES: Must = BeOneOf(&["critical", "warning", "error", "info"]);
    let text = |length: usize| Some(json!("界".repeat(length)));
    let v = |value: &str| Some(json!(value));
    let number = || Some(json!(5));
    let mut cases: Vec<Case> = vec![
        (V2, "/event_action", v("trigger"), None, ("event_action", BePresent)),
        (V2, "/event_action", v("resolve"), v("Resolve"), ("event_action", ACTIONS)),
        (V2, "/dedup_key", None, number(), ("dedup_key", BeText)),
        (V2, "/dedup_key", text(255), text(256), ("dedup_key", HaveCharsUpTo(255))),
        (V2, "/client", None, number(), ("client", BeText)),
        (V2, "/client_url", None, number(), ("client_url", BeText)),
        (V2, "/client_url", v("http://a"), v("a.example.com"), ("client_url", BeHttpUrl)),
        (V2, "/payload/source", v("db"), v("  "), ("payload.source", BePresent)),
        (V2, "/payload/severity", v("info"), None, ("payload.severity", BePresent)),
        (V2, "/payload/severity", v("warning"), v("Critical"), ("payload.severity", SEVERITIES)),
        (V2, "/payload/severity", v("error"), v("P1"), ("payload.severity", SEVERITIES)),
        (V2, "/payload/component", None, number(), ("payload.component", BeText)),
        (V2, "/payload/group", None, number(), ("payload.group", BeText)),
        (V2, "/payload/class", None, number(), ("payload.class", BeText)),
        (Change, "/routing_key", v("A0000000000000000000000000000000"), v("R0000000000000000000000000000000"), ("routing_key", NotBeginWith('R'))),
        (Change, "/links", Some(json!(vec![json!({"href": URL}); 50])), Some(json!(vec![json!({"href": URL}); 51])), ("links", HaveItemsUpTo(50))),
        (V1, "/event_type", v("trigger"), None, ("event_type", BePresent)),
        (V1, "/event_type", v("acknowledge"), v("ack"), ("event_type", ACTIONS)),
        (V1, "/incident_key", None, number(), ("incident_key", BeText)),
        (V1, "/incident_key", text(255), text(256), ("incident_key", HaveCharsUpTo(255))),
        (V1, "/description", v("x"), None, ("description", BePresent)),
        (V1, "/description", v("x"), number(), ("description", BeText)),
        (V1, "/description", text(1024), text(1025), ("description", HaveCharsUpTo(1024))),
        (V1, "/details", None, v("text"), ("details", BeObject)),
        (V1, "/client", None, number(), ("client", BeText)),
        (V1, "/client_url", None, number(), ("client_url", BeText)),
        (V1, "/client_url", v("https://a"), v("ftp://a"), ("client_url", BeHttpUrl)),
        (V1, "/contexts", Some(json!([])), Some(json!({})), ("contexts", BeList)),
        (V1, "/contexts/0", Some(json!({"type": "link", "href": URL})), v("x"), ("contexts[]", BeObject)),
        (V1, "/contexts/0", Some(json!({"type": "link", "href": URL})), Some(json!({"href": URL})), ("contexts[].type", BePresent)),
        (V1, "/contexts/0/type", v("link"), v("video"), ("contexts[].type", BeOneOf(&["link", "image"]))),
        (V1, "/contexts/0/href", v(URL), None, ("contexts[link].href", BePresent)),
        (V1, "/contexts/0/href", v(URL), number(), ("contexts[link].href", BeText)),
        (V1, "/contexts/0/href", v(URL), v("x"), ("contexts[link].href", BeHttpUrl)),
        (V1, "/contexts/0/text", None, number(), ("contexts[link].text", BeText)),
        (V1, "/contexts/1/src", v(URL), None, ("contexts[image].src", BePresent)),
        (V1, "/contexts/1/src", v(URL), number(), ("contexts[image].src", BeText)),
        (V1, "/contexts/1/src", v(URL), v("http://a"), ("contexts[image].src", BeHttpsUrl)),
        (V1, "/contexts/1/href", None, number(), ("contexts[image].href", BeText)),
        (V1, "/contexts/1/href", v("http://a"), v("x"), ("contexts[image].href", BeHttpUrl)),
        (V1, "/contexts/1/alt", None, number(), ("contexts[image].alt", BeText)),
    ];
    for api in [V2, Change] {
        cases.extend([
            (api, "/payload", Some(valid(api)["payload"].take()), None, ("payload", BePresent)),
            (api, "/payload", Some(valid(api)["payload"].take()), v("x"), ("payload", BeObject)),
            (api, "/payload/summary", v("x"), Some(Value::Null), ("payload.summary", BePresent)),
            (api, "/payload/summary", v("5"), number(), ("payload.summary", BeText)),
            (api, "/payload/summary", text(1024), text(1025), ("payload.summary", HaveCharsUpTo(1024))),
            (api, "/payload/source", v("db"), number(), ("payload.source", BeText)),
            (api, "/payload/timestamp", None, number(), ("payload.timestamp", BeText)),
            (api, "/payload/timestamp", v("2015-07-17T08:42:58.315+0000"), v("2015-07-17 08:42:58"), ("payload.timestamp", BeTimestamp)),
            (api, "/payload/custom_details", Some(json!({})), v("{}"), ("payload.custom_details", BeObject)),
            (api, "/links", None, Some(json!({})), ("links", BeList)),
            (api, "/links/0", Some(json!({"href": URL})), v(URL), ("links[]", BeObject)),
            (api, "/links/0/href", v(URL), v(" "), ("links[].href", BePresent)),
            (api, "/links/0/href", v(URL), number(), ("links[].href", BeText)),
            (api, "/links/0/href", v("HTTP://a"), v("javascript:x"), ("links[].href", BeHttpUrl)),
            (api, "/links/0/text", None, number(), ("links[].text", BeText)),
            (api, "/images", None, v("x"), ("images", BeList)),
            (api, "/images/0", Some(json!({"src": URL})), v(URL), ("images[]", BeObject)),
            (api, "/images/0/src", v(URL), v(""), ("images[].src", BePresent)),
            (api, "/images/0/src", v(URL), number(), ("images[].src", BeText)),
            (api, "/images/0/src", v("https://a"), v("http://a"), ("images[].src", BeHttpsUrl)),
            (api, "/images/0/href", None, number(), ("images[].href", BeText)),
            (api, "/images/0/href", v("http://a"), v("https://"), ("images[].href", BeHttpUrl)),
            (api, "/images/0/alt", None, number(), ("images[].alt", BeText)),
        ]);
    }
    for (api, place, field) in [
        (V2, "/routing_key", "routing_key"),
        (Change, "/routing_key", "routing_key"),
        (V1, "/service_key", "service_key"),
    ] {
        cases.extend([
            (api, place, v(KEY), None, (field, BePresent)),
            (api, place, v(KEY), number(), (field, BeText)),
            (api, place, v(KEY), v("20CharactersRESTKeys"), (field, HaveChars(32))),
            (api, place, v("zZ000000000000000000000000000000"), v("-0000000000000000000000000000000"), (field, BeAlphanumeric)),
        ]);
    }
    cases
}

#[test]
fn each_rule_takes_the_one_and_refuses_the_other() {
    for (api, place, taken, refused, rule) in cases() {
        let event = with(valid(api), place, taken);
        assert_eq!(judge(api, &event), Ok(event.clone()), "{api:?} {place}");
        let refusal = judge(api, &with(valid(api), place, refused)).unwrap_err();
        assert_eq!(broken(&refusal), [rule], "{api:?} {place}");
    }
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
fn no_rule_is_without_a_case() {
    let cases = cases();
    for rule in RULES.iter().filter(|rule| rule.when != When::FollowUp) {
        for api in rule.apis {
            let covered = cases.iter().any(|case| case.0 == *api && case.4 == (rule.field, rule.must));
            assert!(covered, "{api:?}: {rule}");
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
    let unknown = Refusal { api: V2, reason: Reason::UnknownKey };
    for reply in [judge(Change, &ruleset).unwrap_err().reply(), unknown.reply()] {
        assert_eq!((reply.status, &reply.body[..]), (400, &b"Invalid routing key"[..]));
        assert!(reply.header("Content-Type").unwrap().starts_with("text/plain"));
    }

    for (api, status) in [(V2, 429), (Change, 429), (V1, 403)] {
        let reply = Refusal { api, reason: Reason::RateLimited }.reply();
        assert_eq!((reply.status, reply.header("retry-after")), (status, None));
    }
}
