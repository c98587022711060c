//! What PagerDuty refuses: the rules as data, and the check that walks them.

mod table;

use std::fmt;
use std::sync::LazyLock;

use bytes::Bytes;
use serde_json::{Value, json};
use time::PrimitiveDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

use crate::{Api, Reply};

/// The largest body, in bytes. Source: docs, "512 KB" for v1 and v2; read as decimal, as PagerDuty's peers do.
const BODY_MAX_BYTES: usize = 512_000;

/// `YYYY-MM-DDTHH:MM:SS`, a fraction or none, then `Z`, `+HH:MM`, `+HHMM`, `+HH` or nothing.
///
/// Source: docs, "ISO 8601"; the OpenAPI file's examples (`+0000`); reports of a blank for the `T` and of an hour with
/// one digit, which are refused. Whether ISO's rarer forms (weeks, no seconds, a date alone) pass is unknown: not here.
const TIME: StaticFormatDescription = format_description!(
    version = 2,
    "[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]][first [Z] \
     [[offset_hour sign:mandatory]:[offset_minute]] [[offset_hour sign:mandatory][offset_minute]] \
     [[offset_hour sign:mandatory]] []]"
);

/// Every rule of every API. Of one field, presence comes first, then the type.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let mut rules = Vec::new();
    for &(apis, field, needed, musts, source) in table::TABLE {
        for &api in apis {
            let presence = (needed != Needed::Never).then_some(Must::BePresent(needed));
            let rule = |must: Must| Rule { api, field, must, error: must.error(api, field), source };
            rules.extend(presence.into_iter().chain(musts.iter().copied()).map(rule));
        }
    }
    rules
});

/// One thing PagerDuty demands of an event. It is written out as PagerDuty's words for an event that breaks it.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    api: Api,
    /// `a.b` for members, `a[]` for each item of a list, `a[x]` for each item whose `type` is `x`.
    field: &'static str,
    must: Must,
    error: String,
    /// Where the rule is written.
    pub source: &'static str,
}

/// The events that must have a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needed {
    Never,
    Always,
    /// Those that trigger, and change events.
    Trigger,
    /// Those that acknowledge or resolve.
    FollowUp,
}

/// What a rule demands. All but `BePresent` ask nothing of an absent field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Must {
    /// There, not null and not blank.
    BePresent(Needed),
    Text,
    Object,
    List,
    /// One of these words, letter for letter.
    OneOf(&'static [&'static str]),
    /// At most this many characters (Unicode code points).
    CharsUpTo(usize),
    Chars(usize),
    /// Letters and digits of ASCII alone.
    Alphanumeric,
    NotBeginWith(char),
    ItemsUpTo(usize),
    /// An address that begins with one of these.
    Url(&'static [&'static str]),
    Timestamp,
}

/// An event that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The API that was asked.
    pub api: Api,
    /// Why.
    pub reason: Reason,
}

/// Why an event is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Over 512,000 bytes.
    TooLarge,
    /// Not a JSON object: broken, another type, or a form.
    Unrecognized,
    /// These rules are broken.
    Broken(Vec<&'static Rule>),
    /// Too many events for the key.
    RateLimited,
}

/// Whether PagerDuty would take this body at this API; the event if so.
///
/// # Errors
/// The refusal with every rule the event breaks. A field that is missing or of the wrong type is reported once.
pub fn check(api: Api, body: &[u8]) -> Result<Value, Refusal> {
    let refuse = |reason| Refusal { api, reason };
    if body.len() > BODY_MAX_BYTES {
        return Err(refuse(Reason::TooLarge));
    }
    let event = serde_json::from_slice(body).ok().filter(Value::is_object);
    let event = event.ok_or_else(|| refuse(Reason::Unrecognized))?;
    let mut broken: Vec<&'static Rule> = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.api == api) {
        let is_reported =
            broken.iter().any(|earlier| earlier.field == rule.field && earlier.ends_the_field());
        if !is_reported && !rule.holds(&event) {
            broken.push(rule);
        }
    }
    if broken.is_empty() { Ok(event) } else { Err(refuse(Reason::Broken(broken))) }
}

impl Rule {
    fn holds(&self, event: &Value) -> bool {
        let action = self.api.action(event);
        let is_needed = match self.must {
            Must::BePresent(Needed::Trigger) => self.api == Api::Change || action == Some("trigger"),
            Must::BePresent(Needed::FollowUp) => matches!(action, Some("acknowledge" | "resolve")),
            _ => true,
        };
        let holds = |value: Option<&Value>| match value {
            Some(value) => self.must.holds(value),
            None => !matches!(self.must, Must::BePresent(_)),
        };
        !is_needed || values(event, self.field).into_iter().all(holds)
    }

    /// Nothing more can be said of a field that breaks this.
    fn ends_the_field(&self) -> bool {
        matches!(self.must, Must::BePresent(_) | Must::Text | Must::Object | Must::List)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

impl Must {
    /// Whether a value is so; that it is of the type at all is a rule of its own, which comes before.
    fn holds(self, value: &Value) -> bool {
        let text = value.as_str().unwrap_or_default();
        let url = text.trim().to_ascii_lowercase();
        match self {
            Self::BePresent(_) => !(value.is_null() || value.is_string() && text.trim().is_empty()),
            Self::Text => value.is_string(),
            Self::Object => value.is_object(),
            Self::List => value.is_array(),
            Self::OneOf(words) => words.contains(&text),
            Self::CharsUpTo(most) => text.chars().count() <= most,
            Self::Chars(count) => text.chars().count() == count,
            Self::Alphanumeric => text.chars().all(|c| c.is_ascii_alphanumeric()),
            Self::NotBeginWith(first) => !text.starts_with(first),
            Self::ItemsUpTo(most) => value.as_array().is_none_or(|list| list.len() <= most),
            Self::Url(schemes) => schemes.iter().any(|one| url.len() > one.len() && url.starts_with(one)),
            Self::Timestamp => PrimitiveDateTime::parse(text, TIME).is_ok(),
        }
    }

    /// What PagerDuty says otherwise. Where no public report shows it, it is made up after the pattern of those that are shown.
    fn error(self, api: Api, field: &str) -> String {
        let name = name(api, field);
        match self {
            Self::BePresent(_) => format!("{name} is missing or blank"),
            Self::Text => format!("{name} must be a string"),
            Self::Object => format!("{name} must be an object"),
            Self::List => format!("{name} must be an array"),
            Self::OneOf(words) => {
                let listed = format!("'{}'", words.join("', '"));
                let (first, last) = listed.rsplit_once(", ").unwrap_or_default();
                format!("{name} is invalid (must be one of the following: {first} or {last})")
            }
            Self::CharsUpTo(most) if field == "payload.summary" => {
                format!("'summary' is too long (maiximum is {most} characters)")
            }
            Self::CharsUpTo(most) => format!("{name} is too long (maximum is {most} characters)"),
            Self::Chars(count) if api == Api::V1 => {
                format!("{name} is the wrong length (should be {count} characters)")
            }
            Self::Chars(count) => format!("Length of {name} is incorrect (should be {count} characters)"),
            Self::Alphanumeric => format!("{name} cannot contain non-alphanumeric characters."),
            Self::NotBeginWith(_) => "Invalid routing key".to_owned(),
            Self::ItemsUpTo(most) => format!("{field} should have at most {most} item(s)"),
            Self::Url(schemes) => format!("{name} must be an address with {}", schemes.join(" or ")),
            Self::Timestamp => format!("{name} is invalid (must be an ISO 8601 timestamp)"),
        }
    }
}

/// What PagerDuty calls a field: `'payload.source'`, `'link href'`, and in v1 `Service key`.
fn name(api: Api, field: &str) -> String {
    let name = match field.split_once("s[") {
        Some((item, rest)) => rest.split_once('.').map_or(item.to_owned(), |(_, of)| format!("{item} {of}")),
        None => field.to_owned(),
    };
    match name.split_at(1) {
        (first, rest) if api == Api::V1 => format!("{}{}", first.to_uppercase(), rest.replace('_', " ")),
        _ => format!("'{name}'"),
    }
}

/// Each place where the field can be: `None` where its parent lacks it, nothing where there is no parent.
fn values<'a>(event: &'a Value, field: &str) -> Vec<Option<&'a Value>> {
    let mut found = vec![Some(event)];
    for step in field.split('.') {
        let (name, of_type) = step.trim_end_matches(']').split_once('[').unwrap_or((step, ""));
        let members = found.into_iter().flatten().filter_map(Value::as_object).map(|object| object.get(name));
        let is_it = |item: &&Value| of_type.is_empty() || item.get("type") == Some(&Value::from(of_type));
        found = if step.ends_with(']') {
            members.flatten().filter_map(Value::as_array).flatten().filter(is_it).map(Some).collect()
        } else {
            members.collect()
        };
    }
    found
}

impl Refusal {
    /// The entries of `errors` in the answer.
    #[must_use]
    pub fn errors(&self) -> Vec<&'static str> {
        match &self.reason {
            Reason::TooLarge => vec!["Event size is too large (maximum is 512 KB)"],
            Reason::Unrecognized => vec!["JSON parse error"],
            Reason::RateLimited => Vec::new(),
            Reason::Broken(rules) => {
                let listed = |rule: &&&Rule| !matches!(rule.must, Must::NotBeginWith(_) | Must::ItemsUpTo(_));
                rules.iter().filter(listed).map(|rule| rule.error.as_str()).collect()
            }
        }
    }

    /// The answer PagerDuty gives.
    pub(crate) fn reply(&self) -> Reply {
        let (is_v1, errors) = (self.api == Api::V1, self.errors());
        let invalid = |status, message| json!({"status": status, "message": message, "errors": errors});
        match &self.reason {
            Reason::RateLimited => {
                Reply { status: if is_v1 { 403 } else { 429 }, headers: Vec::new(), body: Bytes::new() }
            }
            Reason::Unrecognized => {
                let status = if is_v1 { "unrecognized object" } else { "Unrecognized object" };
                Reply::json(400, &invalid(status, "Event object format is unrecognized"))
            }
            Reason::Broken(rules) if errors.is_empty() => {
                match rules.iter().find(|rule| matches!(rule.must, Must::ItemsUpTo(_))) {
                    Some(rule) => Reply::json(400, &json!({"error": [rule.error]})),
                    None => Reply::text(400, "Invalid routing key"),
                }
            }
            // For a large one the status is not in the docs. PagerDuty's people believe that it is 400 with an error that
            // says so: github.com/PagerDuty/go-pagerduty/issues/221.
            Reason::TooLarge | Reason::Broken(_) => {
                Reply::json(400, &invalid("invalid event", "Event object is invalid"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
