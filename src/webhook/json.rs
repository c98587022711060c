//! JSON as it should be, with one rule of our own: the first of two equal names wins.
//!
//! A template writes an alert's text into JSON unescaped. A text that closes its string and writes
//! `"integration_key":"…"` behind it makes JSON that parses; with the usual rule, where the last
//! name wins, the text would choose the key.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// What a body may grow to when it is read, in bytes, roughly: a function of 128 MB must not end
/// over `[{"a":0},{"a":0},…`. Five megabytes of alerts take a third of it.
const BUDGET_BYTES: usize = 64 * 1024 * 1024;
/// An item of an array that grows.
const ITEM_BYTES: usize = 64;
/// A name and its value in an object.
const ENTRY_BYTES: usize = 128;
/// An object that is not empty.
const OBJECT_BYTES: usize = 512;

/// The name under which the details show what stood behind a document.
const REST: &str = "behind_json";

/// What is left of [`BUDGET_BYTES`].
pub(super) struct Budget(usize);

/// The budget is spent.
#[derive(Debug, thiserror::Error)]
#[error("more values than a notification has")]
pub(super) struct Spent;

impl Budget {
    pub(super) fn new() -> Self {
        Self(BUDGET_BYTES)
    }

    /// Pays for one more item of an array.
    pub(super) fn item(&mut self) -> Result<(), Spent> {
        self.spend(ITEM_BYTES)
    }

    /// Pays for one more name of an object.
    pub(super) fn entry(&mut self, object: &Map<String, Value>, name: &str) -> Result<(), Spent> {
        let object = if object.is_empty() { OBJECT_BYTES } else { 0 };
        self.spend(object + ENTRY_BYTES + name.len())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Spent> {
        self.0 = self.0.checked_sub(bytes).ok_or(Spent)?;
        Ok(())
    }
}

/// Parses the text. What stands behind the document's end, a bracket or a field too many, is left
/// out, unless it holds another document.
///
/// # Errors
/// What `serde_json` says; it also refuses nesting deeper than 128. And a document with so many
/// values that it would not fit into memory.
pub(super) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut value = FirstWins(&mut Budget::new()).deserialize(&mut deserializer)?;
    let Err(error) = deserializer.end() else { return Ok(value) };
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    documents.next();
    let rest = text.get(documents.byte_offset()..).unwrap_or_default();
    if keep_rest(&mut value, rest) { Ok(value) } else { Err(error) }
}

/// Keeps what stands behind an object that is complete; false if the object may not be all of it.
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

struct FirstWins<'a>(&'a mut Budget);

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

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(FirstWins(&mut *self.0))? {
            self.0.item().map_err(A::Error::custom)?;
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            self.0.entry(&object, &name).map_err(A::Error::custom)?;
            let value = entries.next_value_seed(FirstWins(&mut *self.0))?;
            object.entry(name).or_insert(value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]
mod tests {
    use super::parse;
    use serde_json::json;

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
