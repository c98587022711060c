//! Prometheus's placeholders that ARMS left in a message, filled from the alert (Prometheus, "Template
//! examples"; Alibaba Cloud's samples show `{{$labels.pod_name}}` arriving unfilled).

use crate::lenient_json::text_of;
use crate::webhook::Alert;
use serde_json::{Map, Value};

/// The names under which the alert's value may be, in order of precedence.
const VALUE_NAMES: [&str; 2] = ["value", "_aliyun_arms_alert_value"];
/// Far more than a summary's 1024 characters.
const FILLED_MAX_BYTES: usize = 64 * 1024;
/// Longer labels are not filled in, for each of many placeholders would copy them.
const VALUE_MAX_BYTES: usize = 1_024;
/// More digits than any measure has.
const PRECISION_MAX: usize = 20;

/// Fills the placeholders whose label or value the alert has; the others stay. The value may also be a
/// common annotation.
pub(super) fn fill(text: &str, alert: &Alert, common_annotations: &Map<String, Value>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        let Some((inner, after)) = behind.split_once("}}") else { break };
        filled.push_str(before);
        match value_of(inner.trim(), alert, common_annotations) {
            Some(value) => filled.push_str(&value),
            None => {
                filled.push_str("{{");
                filled.push_str(inner);
                filled.push_str("}}");
            }
        }
        rest = after;
        // A long label in many places: a summary does not show more than this.
        if filled.len() > FILLED_MAX_BYTES {
            return filled;
        }
    }
    filled.push_str(rest);
    filled
}

/// The text of a short scalar.
fn short_text(value: &Value) -> Option<String> {
    let is_short = match value {
        Value::String(text) => text.len() <= VALUE_MAX_BYTES,
        Value::Number(_) | Value::Bool(_) => true,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    };
    if is_short { text_of(value) } else { None }
}

fn value_of(expression: &str, alert: &Alert, common_annotations: &Map<String, Value>) -> Option<String> {
    let variable = |name: &str| match name.trim() {
        "$value" => [&alert.annotations, &alert.labels, common_annotations]
            .iter()
            .find_map(|map| VALUE_NAMES.iter().find_map(|name| short_text(map.get(*name)?))),
        label => short_text(alert.labels.get(label.strip_prefix("$labels.")?)?),
    };
    // `printf "%.2f" $value`, or `$value | printf "%.2f"`.
    let (format, name) = if let Some(call) = expression.strip_prefix("printf") {
        let (format, name) = call.trim_start().strip_prefix('"')?.split_once('"')?;
        (Some(format), name)
    } else if let Some((name, call)) = expression.split_once('|') {
        let format = call.trim().strip_prefix("printf")?.trim_start().strip_prefix('"')?.strip_suffix('"')?;
        (Some(format), name)
    } else {
        (None, expression)
    };
    let value = variable(name)?;
    match format {
        Some(format) => print(format, &value),
        None => Some(value),
    }
}

/// Go's `Printf` for one argument; `None` if a verb does not fit it.
fn print(format: &str, value: &str) -> Option<String> {
    let mut printed = String::new();
    let mut used = false;
    let mut parts = format.split('%');
    printed.push_str(parts.next()?);
    while let Some(part) = parts.next() {
        if part.is_empty() {
            printed.push('%');
            printed.push_str(parts.next()?);
            continue;
        }
        let verb_at = part.find(|c: char| c.is_ascii_alphabetic())?;
        let (flags, rest) = part.split_at(verb_at);
        let (verb, text) = rest.split_at(1);
        if std::mem::replace(&mut used, true) {
            return None;
        }
        printed.push_str(&print_verb(flags, verb, value)?);
        printed.push_str(text);
    }
    used.then_some(printed)
}

fn print_verb(flags: &str, verb: &str, value: &str) -> Option<String> {
    let precision = match flags.split_once('.') {
        Some((_, "")) => Some(0),
        Some((_, digits)) => Some(digits.parse::<usize>().ok().filter(|digits| *digits <= PRECISION_MAX)?),
        None => None,
    };
    match verb {
        "s" | "v" => Some(value.to_owned()),
        "f" => {
            let precision = precision.unwrap_or(6);
            Some(format!("{:.precision$}", value.parse::<f64>().ok()?))
        }
        "d" => Some(format!("{:.0}", value.parse::<f64>().ok()?)),
        "g" => Some(value.parse::<f64>().ok()?.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Alert, fill};
    use serde_json::{Map, Value, json};

    fn alert(labels: &Value, annotations: &Value) -> Alert {
        let map = |value: &Value| value.as_object().cloned().unwrap_or_default();
        Alert { labels: map(labels), annotations: map(annotations), ..Alert::default() }
    }

    #[test]
    fn placeholders_are_filled_once_and_only_where_the_alert_knows() {
        let labels = json!({"pod_name": "web-0", "odd": "a {{$value}}", "n": 3});
        let alert = alert(&labels, &json!({"value": "87.456"}));
        for (text, filled) in [
            ("pod {{$labels.pod_name}} is at {{ $value }}", "pod web-0 is at 87.456"),
            ("{{ $labels.n }}", "3"),
            ("{{ printf \"%.2f\" $value }}%", "87.46%"),
            ("{{ printf \"%.0f%%\" $value }}", "87%"),
            ("{{ $value | printf \"%.1f\" }}", "87.5"),
            ("{{ printf \"%d\" $value }} {{ printf \"%g\" $value }}", "87 87.456"),
            ("{{ printf \"%s!\" $labels.pod_name }}", "web-0!"),
            ("{{$labels.odd}}", "a {{$value}}"),
            ("{{$labels.none}} {{$value}}", "{{$labels.none}} 87.456"),
            ("{{ printf \"%.2f\" $labels.pod_name }}", "{{ printf \"%.2f\" $labels.pod_name }}"),
            ("{{ printf \"%d %d\" $value }}", "{{ printf \"%d %d\" $value }}"),
            ("{{ humanize $value }}", "{{ humanize $value }}"),
            ("{{", "{{"),
            ("a }} b {{ c", "a }} b {{ c"),
            ("{{}}{{ | }}{{ printf }}{{ printf \"% }}", "{{}}{{ | }}{{ printf }}{{ printf \"% }}"),
        ] {
            assert_eq!(fill(text, &alert, &Map::new()), filled, "{text}");
        }
    }

    #[test]
    fn a_long_label_in_many_places_does_not_grow_without_bound() {
        let alert = alert(&json!({"a": "x".repeat(1_000)}), &json!({}));
        let filled = fill(&"{{$labels.a}}".repeat(10_000), &alert, &Map::new());
        assert!((1_024..100_000).contains(&filled.len()), "{}", filled.len());
    }

    #[test]
    fn the_value_is_the_alert_s_own_else_a_shared_one_else_the_placeholder_stays() {
        let common = Map::from_iter([("value".to_owned(), json!("1"))]);
        for (labels, annotations, common, filled) in [
            (json!({}), json!({}), &Map::new(), "{{$value}}"),
            (json!({}), json!({}), &common, "1"),
            (json!({"value": "2"}), json!({}), &common, "2"),
            (json!({"value": "2"}), json!({"_aliyun_arms_alert_value": "3"}), &common, "3"),
            (json!({}), json!({"_aliyun_arms_alert_value": "3", "value": "4"}), &common, "4"),
            (json!({}), json!({"value": ""}), &common, "1"),
        ] {
            assert_eq!(fill("{{$value}}", &alert(&labels, &annotations), common), filled);
        }
    }
}
