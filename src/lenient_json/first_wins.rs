//! Well-formed JSON, parsed so that the first of two equal names wins.

use super::budget::Budget;
use super::outline::{Member, Members};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// The member that holds the text behind the end of a document.
const REST: &str = "behind_json";

/// Parses the text, and lists the members of the outermost object. A bracket or a field too many behind the document's end is tolerated, another
/// document is not.
///
/// # Errors
/// What `serde_json` reports, which includes nesting deeper than 128, and a document that would not
/// fit into memory.
pub(super) fn parse(text: &str) -> Result<(Value, Vec<Member>), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let (mut budget, mut members) = (Budget::new(), Members::default());
    let reader = FirstWins { budget: &mut budget, members: Some(&mut members) };
    let mut value = reader.deserialize(&mut deserializer)?;
    let members = members.into_inner();
    let Err(error) = deserializer.end() else { return Ok((value, members)) };
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    documents.next();
    let rest = text.get(documents.byte_offset()..).unwrap_or_default();
    if keep_rest(&mut value, rest) { Ok((value, members)) } else { Err(error) }
}

/// Parses several well-formed objects, one behind the other, as a list; `None` if the text is anything
/// else.
pub(super) fn several(text: &str) -> Option<Value> {
    let mut budget = Budget::new();
    let mut items = Vec::new();
    let mut rest = text.trim_start();
    while rest.starts_with('{') {
        let mut documents = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        documents.next()?.ok()?;
        let (document, behind) = rest.split_at_checked(documents.byte_offset())?;
        let mut deserializer = serde_json::Deserializer::from_str(document);
        let reader = FirstWins { budget: &mut budget, members: None };
        items.push(reader.deserialize(&mut deserializer).ok()?);
        rest = behind.trim_start();
    }
    (items.len() > 1 && rest.is_empty()).then_some(Value::Array(items))
}

/// Keeps the text behind a complete object as a member of it. Returns false if `rest` shows that the
/// object is not the whole document.
pub(super) fn keep_rest(value: &mut Value, rest: &str) -> bool {
    let Value::Object(object) = value else { return rest.trim().is_empty() };
    if rest.contains('{') || object.is_empty() && !rest.trim().is_empty() {
        return false;
    }
    if rest.contains(char::is_alphanumeric) {
        object.entry(REST).or_insert_with(|| Value::String(rest.trim().to_owned()));
    }
    true
}

struct FirstWins<'a> {
    budget: &'a mut Budget,
    /// Only for the outermost object.
    members: Option<&'a mut Members>,
}

impl FirstWins<'_> {
    fn inner(&mut self) -> FirstWins<'_> {
        FirstWins { budget: self.budget, members: None }
    }
}

impl<'de> DeserializeSeed<'de> for FirstWins<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FirstWins<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self.inner())? {
            self.budget.item().map_err(A::Error::custom)?;
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            self.budget.entry(&object, &name).map_err(A::Error::custom)?;
            let value = entries.next_value_seed(self.inner())?;
            if let Some(members) = &mut self.members {
                members.note(&name, &value);
            }
            object.entry(name).or_insert(value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]
mod tests {
    use serde_json::{Value, json};

    fn parse(text: &str) -> Result<Value, serde_json::Error> {
        super::parse(text).map(|(value, _)| value)
    }

    #[test]
    fn the_first_of_two_equal_names_wins_at_every_depth() {
        let text = r#"{"a":1,"b":{"c":true,"c":false},"a":2,"d":[{"e":null,"e":-1.5}]}"#;
        assert_eq!(parse(text).unwrap(), json!({"a":1,"b":{"c":true},"d":[{"e":null}]}));
    }

    #[test]
    fn what_follows_an_object_is_kept_unless_it_is_one_too() {
        assert_eq!(parse(r#"{"a":1}}"#).unwrap(), json!({"a":1}));
        assert_eq!(parse(r#"{"a":1}; x"#).unwrap(), json!({"a":1,"behind_json":"; x"}));
        for text in ["{} x", r#"{"a":1}{"b":2}"#, "[1] CPU high"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"[".repeat(10_000)).is_err());
    }

    #[test]
    fn a_document_that_would_not_fit_into_memory_is_an_error() {
        for unit in ["{\"a\":0},", "{},", "0,", "[],"] {
            let document = |count: usize| format!("[{}0]", unit.repeat(count));
            assert!(parse(&document(10_000)).is_ok(), "{unit}");
            assert!(parse(&document(6 * 1024 * 1024 / unit.len())).is_err(), "{unit}");
        }
    }
}
