//! Every rule, with a value that keeps it beside one that breaks it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

use super::*;
use Api::{Change, V1, V2};
use Must::{
    Alphanumeric, BePresent, Chars, CharsUpTo, ItemsUpTo, List, NotBeginWith, Object, OneOf, Text, Timestamp,
    Url,
};

const KEY: &str = "e93facc04764012d7bfb002500d5d1a6";
const URL: &str = "https://example.com/x";

/// An event with every field that has a rule.
fn valid(api: Api) -> Value {
    let links = json!([{"href": URL, "text": "x"}]);
    let images = json!([{"src": URL, "href": URL, "alt": "x"}]);
    match api {
        V2 => json!({
            "routing_key": KEY, "event_action": "trigger", "dedup_key": "a", "client": "ARMS", "client_url": URL,
            "payload": {
                "summary": "disk full", "source": "db-1", "severity": "critical", "timestamp": "2026-11-22T08:42:58.315Z",
                "component": "mysql", "group": "prod", "class": "disk", "custom_details": {"free": 0},
            },
            "links": links, "images": images,
        }),
        Change => json!({
            "routing_key": KEY, "links": links, "images": images,
            "payload": {
                "summary": "deployed", "source": "ci", "timestamp": "2026-11-22T08:42:58.315Z", "custom_details": {"free": 0},
            },
        }),
        V1 => json!({
            "service_key": KEY, "event_type": "trigger", "incident_key": "a", "description": "disk full",
            "details": {"free": 0}, "client": "ARMS", "client_url": URL,
            "contexts": [{"type": "link", "href": URL, "text": "x"}, {"type": "image", "src": URL, "href": URL, "alt": "x"}],
        }),
    }
}

/// The event with another value at a place; `None` takes the field away.
fn with(mut event: Value, place: &str, value: Option<Value>) -> Value {
    let (parent, name) = place.rsplit_once('/').unwrap();
    match (event.pointer_mut(parent).unwrap(), value) {
        (Value::Array(list), Some(value)) => list[name.parse::<usize>().unwrap()] = value,
        (parent, Some(value)) => parent[name] = value,
        (parent, None) => drop(parent.as_object_mut().unwrap().remove(name)),
    }
    event
}

fn judge(api: Api, event: &Value) -> Result<Value, Refusal> {
    check(api, event.to_string().as_bytes())
}

/// The rules that an event breaks.
fn broken(api: Api, event: &Value) -> Vec<&'static Rule> {
    match judge(api, event) {
        Err(Refusal { reason: Reason::Broken(rules), .. }) => rules,
        other => unreachable!("{other:?}"),
    }
}

/// Values that keep the rule, and some that break it and no other rule of the field; `None` takes the field away.
fn values(must: Must) -> (Vec<Option<Value>>, Vec<Option<Value>>) {
    let pair = |kept: &str, broken: &str| (vec![Some(json!(kept))], vec![Some(json!(broken))]);
    let texts = |texts: &[&str]| texts.iter().map(|text| Some(json!(text))).collect();
    let links = |count| vec![Some(json!(vec![json!({"href": URL}); count]))];
    match must {
        BePresent(_) => (vec![], vec![None, Some(Value::Null), Some(json!(" "))]),
        Text => (vec![], vec![Some(json!(5))]),
        Object | List => (vec![], vec![Some(json!("text"))]),
        OneOf(words) => pair(words[0], &words[0].to_uppercase()),
        CharsUpTo(count) => pair(&"界".repeat(count), &"界".repeat(count + 1)),
        Chars(count) => pair(&"a".repeat(count), &"a".repeat(count - 1)),
        Alphanumeric => pair(&"zZ".repeat(16), &"-0".repeat(16)),
        NotBeginWith(first) => pair(KEY, &format!("{first}{}", &KEY[1..])),
        ItemsUpTo(count) => (links(count), links(count + 1)),
        Url(&["https://"]) => pair("https://a", "http://a"),
        Url(_) => (texts(&["HTTP://a", "https://a"]), texts(&["ftp://a", "https://"])),
        Timestamp => (
            texts(&[
                "2026-11-22T08:42:58Z",
                "2015-07-17T08:42:58.315+0000",
                "2026-11-22T16:42:58+08:00",
                "2026-11-22T16:42:58-08",
                "2026-11-22T16:42:58",
                "2024-02-29T00:00:00.123456789Z",
            ]),
            texts(&[
                "2026-11-22 08:42:58Z",
                "2026-11-22T8:42:58Z",
                "2026-11-22",
                "2026-11-22T08:42Z",
                "2026-02-29T08:42:58Z",
                "2026-13-01T08:42:58Z",
                "2026-11-22T24:42:58Z",
                "2026-11-22T08:42:58.Z",
                "2026-11-22T08:42:58+8",
                "2026-11-22T08:42:58+08:",
                "2026-11-22T08:42:58ZZ",
                "1700000000",
                "",
                "T",
            ]),
        ),
    }
}

#[test]
fn each_rule_takes_the_one_and_refuses_the_other() {
    for rule in RULES.iter().filter(|rule| rule.must != BePresent(Needed::FollowUp)) {
        let Rule { api, field, must, error, source } = rule;
        let is_same = |other: &&Rule| (other.api, other.field, &other.error) == (*api, *field, error);
        assert!(!source.is_empty() && RULES.iter().filter(is_same).count() == 1, "{api:?} {error}");
        let place = format!("/{field}").replace("[image]", "/1").replace("[link]", "/0").replace("[]", "/0");
        let place = place.replace('.', "/");
        assert!(valid(*api).pointer(&place).is_some(), "{field} is no field that there is");
        let (kept, breaking) = values(*must);
        for value in kept {
            let event = with(valid(*api), &place, value);
            assert_eq!(judge(*api, &event), Ok(event.clone()), "{error}");
        }
        for value in breaking {
            assert_eq!(broken(*api, &with(valid(*api), &place, value.clone())), [rule], "{value:?}");
        }
    }
}

#[test]
fn everything_wrong_is_told_at_once_in_the_documented_words() {
    let long = |chars| "界".repeat(chars);
    for (api, event, errors) in [
        (V2, json!({}), vec!["'routing_key' is missing or blank", "'event_action' is missing or blank"]),
        (
            V2,
            json!({
                "routing_key": "short-key", "event_action": "trigger", "dedup_key": long(256),
                "payload": {"summary": long(1025), "severity": "none"}, "links": [{"href": URL}, {"href": ""}],
                "images": [{"src": "http://a"}, {"src": URL, "href": "ftp://a"}],
            }),
            vec![
                "Length of 'routing_key' is incorrect (should be 32 characters)",
                "'routing_key' cannot contain non-alphanumeric characters.",
                "'dedup_key' is too long (maximum is 255 characters)",
                "'summary' is too long (maiximum is 1024 characters)",
                "'payload.source' is missing or blank",
                "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')",
                "'link href' is missing or blank",
                "'image src' must be an address with https://",
                "'image href' must be an address with http:// or https://",
            ],
        ),
        (
            Change,
            json!({"routing_key": "short", "payload": {"summary": long(1025)}}),
            vec![
                "Length of 'routing_key' is incorrect (should be 32 characters)",
                "'summary' is too long (maiximum is 1024 characters)",
            ],
        ),
        (
            V1,
            json!({
                "service_key": "short", "event_type": "x", "incident_key": long(256), "description": long(1025),
                "contexts": [{"type": "x"}, {"type": "link", "href": "a"}, {"type": "image", "src": "http://a"}],
            }),
            vec![
                "Service key is the wrong length (should be 32 characters)",
                "Event type is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')",
                "Incident key is too long (maximum is 255 characters)",
                "Description is too long (maximum is 1024 characters)",
                "Context type is invalid (must be one of the following: 'link' or 'image')",
                "Context href must be an address with http:// or https://",
                "Context src must be an address with https://",
            ],
        ),
    ] {
        assert_eq!(judge(api, &event).unwrap_err().errors(), errors);
    }
    // The others are compared with PagerDuty's OpenAPI files, where these are at hand.
    assert_eq!(RULES.len(), 100);
}

#[test]
fn nothing_else_is_needed_and_a_dedup_key_only_to_acknowledge_and_resolve() {
    for (api, event) in [
        (V2, json!({"payload": {"summary": "down", "source": "db", "severity": "info"}})),
        (Change, json!({"payload": {"summary": "deployed"}})),
        (V1, json!({"description": "down"})),
    ] {
        let mut event = with(event, &format!("/{}", api.key_field()), Some(json!(KEY)));
        let Some((dedup_field, action_field)) = api.alert_fields() else {
            assert!(judge(api, &event).is_ok());
            continue;
        };
        event[action_field] = json!("trigger");
        assert!(judge(api, &event).is_ok());
        for word in ["acknowledge", "resolve"] {
            let event = json!({api.key_field(): KEY, action_field: word, dedup_field: "a"});
            assert!(judge(api, &event).is_ok());
            for absent in [None, Some(json!("")), Some(Value::Null)] {
                let broken = broken(api, &with(event.clone(), &format!("/{dedup_field}"), absent));
                assert_eq!((broken.len(), broken[0].must), (1, BePresent(Needed::FollowUp)));
            }
        }
    }
}

#[test]
fn the_answers_that_have_a_form_of_their_own() {
    let answer = |api, body: &str| check(api, body.as_bytes()).unwrap_err().reply();
    for body in ["", "summary=x&routing_key=y", "{", "[]", "\"x\"", "null", "{} x"] {
        for (api, status) in [(V2, "Unrecognized object"), (V1, "unrecognized object")] {
            let message = "Event object format is unrecognized";
            let expected = json!({"status": status, "message": message, "errors": ["JSON parse error"]});
            assert_eq!(answer(api, body), Reply::json(400, &expected), "{body}");
        }
    }
    let mut body = valid(V2).to_string();
    body.push_str(&" ".repeat(512_000 - body.len()));
    assert!(check(V2, body.as_bytes()).is_ok());
    body.push(' ');
    assert_eq!(check(V2, body.as_bytes()).unwrap_err().reason, Reason::TooLarge);
    assert_eq!(answer(V2, &body).status, 400);

    let links = Some(json!(vec![json!({"href": URL}); 51]));
    let too_many = with(valid(Change), "/links", links.clone()).to_string();
    let expected = json!({"error": ["links should have at most 50 item(s)"]});
    assert_eq!(answer(Change, &too_many), Reply::json(400, &expected));
    assert!(judge(V2, &with(valid(V2), "/links", links)).is_ok());

    let ruleset = with(valid(Change), "/routing_key", Some(json!("R0000000000000000000000000000000")));
    assert_eq!(answer(Change, &ruleset.to_string()), Reply::text(400, "Invalid routing key"));
}
