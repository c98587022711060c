//! JSON laid out for reading: its members in the order in which they came, its numbers as they were written.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// What is no wider stays on one line.
const WIDTH_MAX: usize = 100;
const INDENT: usize = 2;

/// The text with its members' names painted; `None` if it is no JSON.
pub(crate) fn lay_out(text: &str, paint: impl Fn(&str) -> String) -> Option<String> {
    write(text.trim(), 0, &paint).ok().map(|laid| laid.text)
}

/// A value laid out.
struct Laid {
    text: String,
    /// In characters, without paint; `None` of what takes several lines.
    width: Option<usize>,
}

fn write(raw: &str, indent: usize, paint: &impl Fn(&str) -> String) -> Result<Laid, serde_json::Error> {
    let inner = indent + INDENT;
    let (open, items, close) = if raw.starts_with('{') {
        let Members(members) = serde_json::from_str(raw)?;
        let items = members.iter().map(|(name, value)| {
            let name = serde_json::to_string(name)?;
            let value = write(value.get(), inner, paint)?;
            let width = value.width.map(|width| name.chars().count() + 2 + width);
            Ok(Laid { text: format!("{}: {}", paint(&name), value.text), width })
        });
        ("{", items.collect::<Result<Vec<_>, serde_json::Error>>()?, "}")
    } else if raw.starts_with('[') {
        let values: Vec<&RawValue> = serde_json::from_str(raw)?;
        let items = values.iter().map(|value| write(value.get(), inner, paint));
        ("[", items.collect::<Result<Vec<_>, _>>()?, "]")
    } else {
        let text = serde_json::from_str::<&RawValue>(raw)?.get().to_owned();
        return Ok(Laid { width: Some(text.chars().count()), text });
    };
    // Two characters for each comma and blank, and as many for the brackets.
    let width = items.iter().map(|item| item.width.map(|width| width + 2)).sum::<Option<usize>>();
    let width = width.map(|width| width.max(2)).filter(|width| indent + width <= WIDTH_MAX);
    let texts: Vec<String> = items.into_iter().map(|item| item.text).collect();
    let text = if width.is_some() {
        format!("{open}{}{close}", texts.join(", "))
    } else {
        let (outer, inner) = (" ".repeat(indent), " ".repeat(inner));
        format!("{open}\n{inner}{}\n{outer}{close}", texts.join(&format!(",\n{inner}")))
    };
    Ok(Laid { text, width })
}

/// An object's members as they stand there.
pub(crate) struct Members<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_on_a_line_and_order_and_numbers_stay_as_they_were() {
        let long = "x".repeat(WIDTH_MAX);
        let text = format!(r#" {{"b":[1.50,{{}}],"a":{{"long":"{long}","n":null}}}} "#);
        let expected = format!(
            "{{\n  \"b\": [1.50, {{}}],\n  \"a\": {{\n    \"long\": \"{long}\",\n    \"n\": null\n  }}\n}}"
        );
        assert_eq!(lay_out(&text, str::to_owned).as_deref(), Some(expected.as_str()));
    }

    #[test]
    fn paint_has_no_width() {
        let text = r#"{"a":{"b":[1,2,3]}}"#;
        let painted = lay_out(text, |name| format!("{}{name}", "\u{1b}[36m".repeat(50)));
        assert_eq!(painted.map(|text| text.lines().count()), Some(1));
    }

    #[test]
    fn what_is_no_json_is_left_alone() {
        for text in ["", "Bad Gateway", "{\"a\":", "[1] 2"] {
            assert_eq!(lay_out(text, str::to_owned), None, "{text:?}");
        }
    }
}
