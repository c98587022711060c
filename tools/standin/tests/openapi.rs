//! The rules against PagerDuty's own OpenAPI files, which are not kept here: name their folder in
//! `PAGERDUTY_OPENAPI_DIR`.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::collections::BTreeMap;
use std::path::Path;

use pagerduty_standin::rules::Reason;
use pagerduty_standin::{Api, check};
use serde_json::{Value, json};

const FILES: [(&str, &str); 2] = [
    ("pagerduty-events-v2.openapi.json", "/v2"),
    ("pagerduty-events-v1.openapi.json", "/generic/2010-04-15"),
];

#[test]
#[ignore = "needs PagerDuty's OpenAPI files: set PAGERDUTY_OPENAPI_DIR"]
fn everything_the_files_demand_is_demanded_here() {
    let mut apis = Vec::new();
    let mut demands = BTreeMap::new();
    for (file, base) in FILES {
        let document = read(file);
        for (path, operations) in document.pointer("/paths").unwrap().as_object().unwrap() {
            let api = Api::at(&format!("{base}{path}")).unwrap_or_else(|| unreachable!("a new path: {path}"));
            let body = operations.pointer("/post/requestBody/content/application~1json").unwrap();
            for example in body.pointer("/examples").unwrap().as_object().unwrap().values() {
                let example = example.pointer("/value").unwrap();
                assert_eq!(judge(api, example), None, "an example of the file's own");
                let mut files = Files { document: &document, api, example, demands: &mut demands };
                files.walk(body.pointer("/schema").unwrap(), "");
            }
            apis.push(api);
        }
    }
    assert!(Api::ALL.iter().all(|api| apis.contains(api)), "{apis:?}");
    // At least what the files held in November 2026: were a walk to miss a kind, nothing else would tell.
    for (kind, at_least) in
        [("required", 23), ("enum", 5), ("string", 43), ("object", 14), ("array", 7), ("url", 12)]
    {
        let found = demands.get(kind).copied().unwrap_or(0);
        assert!(found >= at_least, "{kind}: {found} of {demands:?}");
    }
}

fn read(file: &str) -> Value {
    let folder = std::env::var_os("PAGERDUTY_OPENAPI_DIR");
    let folder = folder
        .unwrap_or_else(|| unreachable!("set PAGERDUTY_OPENAPI_DIR to the folder of the OpenAPI files"));
    let path = Path::new(&folder).join(file);
    let text = std::fs::read(&path).unwrap_or_else(|error| unreachable!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

/// One example, and each demand of its schema broken in turn.
struct Files<'a> {
    document: &'a Value,
    api: Api,
    example: &'a Value,
    demands: &'a mut BTreeMap<&'static str, usize>,
}

impl<'a> Files<'a> {
    fn walk(&mut self, schema: &'a Value, place: &str) {
        let schema = self.resolved(schema);
        for name in texts(schema, "required") {
            if self.example.pointer(place).is_some() {
                self.must_refuse("required", &format!("{place}/{name}"), None);
            }
        }
        if schema.get("enum").is_some() {
            self.must_refuse("enum", place, Some(json!("nothing of the sort")));
        }
        match schema.get("type").and_then(Value::as_str) {
            // An event that is no object is not JSON to PagerDuty: another test's matter.
            _ if place.is_empty() => {}
            Some("string") => self.must_refuse("string", place, Some(json!(5))),
            Some("object") => self.must_refuse("object", place, Some(json!("text"))),
            Some("array") => self.must_refuse("array", place, Some(json!("text"))),
            None => {}
            Some(other) => unreachable!("a type without a rule: {other} at {place}"),
        }
        match schema.get("format").and_then(Value::as_str) {
            Some("url") => self.must_refuse("url", place, Some(json!("no address"))),
            Some("date-time") => {
                self.must_refuse("date-time", place, Some(json!("2026-11-22 8:42:58")));
            }
            None => {}
            Some(other) => unreachable!("a format without a rule: {other} at {place}"),
        }
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.walk(property, &format!("{place}/{name}"));
        }
        if let Some(items) = schema.get("items") {
            self.walk_items(items, place);
        }
    }

    /// Each kind of item, at the first item of that kind which the example has.
    fn walk_items(&mut self, items: &'a Value, place: &str) {
        let Some(list) = self.example.pointer(place).and_then(Value::as_array) else {
            return;
        };
        let kinds = items.get("oneOf").and_then(Value::as_array);
        let Some(kinds) = kinds else {
            return self.walk(items, &format!("{place}/0"));
        };
        for name in texts(items, "required") {
            self.must_refuse("required", &format!("{place}/0/{name}"), None);
        }
        for kind in kinds {
            let kind = self.resolved(kind);
            let word = kind.pointer("/properties/type/enum/0").unwrap();
            let at = list.iter().position(|item| item.get("type") == Some(word)).unwrap();
            self.walk(kind, &format!("{place}/{at}"));
        }
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.document.pointer(reference.trim_start_matches('#')).unwrap(),
            None => schema,
        }
    }

    /// The example with this value at the place, or without the field, breaks a rule of just this field.
    fn must_refuse(&mut self, kind: &'static str, place: &str, value: Option<Value>) {
        let (parent, name) = place.rsplit_once('/').unwrap();
        let mut event = self.example.clone();
        match (event.pointer_mut(parent), value) {
            (Some(Value::Object(fields)), Some(value)) => {
                fields.insert(name.to_owned(), value);
            }
            (Some(Value::Object(fields)), None) => {
                fields.remove(name).unwrap();
            }
            (Some(Value::Array(items)), Some(value)) => {
                *items.get_mut(name.parse::<usize>().unwrap()).unwrap() = value;
            }
            // The example has no such parent: another one will, or the counts tell.
            _ => return,
        }
        let name = if name.parse::<usize>().is_ok() { parent.rsplit('/').next().unwrap() } else { name };
        let fields =
            judge(self.api, &event).unwrap_or_else(|| unreachable!("{kind} {place} is not demanded"));
        assert!(fields.iter().all(|field| last_name(field) == name), "{kind} {place}: {fields:?}");
        *self.demands.entry(kind).or_default() += 1;
    }
}

/// The fields whose rules are broken, if any are.
fn judge(api: Api, event: &Value) -> Option<Vec<&'static str>> {
    match check(api, event.to_string().as_bytes()).err()?.reason {
        Reason::Broken(rules) => Some(rules.iter().map(|rule| rule.field).collect()),
        other => unreachable!("{other:?}"),
    }
}

/// `contexts[link].href` is `href`, `links[]` is `links`.
fn last_name(field: &str) -> &str {
    let last = field.rsplit('.').next().unwrap();
    last.split('[').next().unwrap()
}

fn texts<'a>(schema: &'a Value, name: &str) -> Vec<&'a str> {
    schema.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}
