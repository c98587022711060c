//! What PagerDuty refuses: the rules as data, and the check that walks them.

mod refusal;
mod table;
mod timestamp;
mod walk;

use std::fmt;

use serde_json::Value;

use crate::Api;

pub use refusal::{Reason, Refusal};
pub use table::RULES;

/// The largest body, in bytes. Source: docs, "512 KB" for v1 and v2; read as decimal, as PagerDuty's peers do.
pub const BODY_MAX_BYTES: usize = 512_000;

/// One thing PagerDuty demands of an event.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The APIs that have it.
    pub apis: &'static [Api],
    /// The field: `a.b` for members, `a[]` for each item of a list, `a[x]` for each item whose `type` is `x`.
    pub field: &'static str,
    /// The events it binds.
    pub when: When,
    /// What is demanded.
    pub must: Must,
    /// How PagerDuty says no.
    pub says: Says,
    /// Where the rule is written.
    pub source: &'static str,
}

/// The events a rule binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// All.
    Always,
    /// Those that trigger.
    Trigger,
    /// Those that acknowledge or resolve.
    FollowUp,
}

/// What a rule demands. All but `BePresent` ask nothing of an absent field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Must {
    /// There, not null and not blank.
    BePresent,
    /// A string.
    BeText,
    /// An object.
    BeObject,
    /// An array.
    BeList,
    /// One of these words, letter for letter.
    BeOneOf(&'static [&'static str]),
    /// At most this many characters (Unicode code points).
    HaveCharsUpTo(usize),
    /// Exactly this many characters.
    HaveChars(usize),
    /// Letters and digits of ASCII alone.
    BeAlphanumeric,
    /// Any first character but this.
    NotBeginWith(char),
    /// At most this many items.
    HaveItemsUpTo(usize),
    /// An address that begins with `http://` or `https://`.
    BeHttpUrl,
    /// An address that begins with `https://`.
    BeHttpsUrl,
    /// A time in ISO 8601: a `T`, two digits each.
    BeTimestamp,
}

/// How PagerDuty words a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// An entry of `errors`, as public reports show it.
    Seen(&'static str),
    /// An entry of `errors` made up after the pattern of the seen ones: PagerDuty's wording is unknown.
    Guess(&'static str),
    /// The plain text for a key that it does not take.
    InvalidKey,
    /// The object with a single `error` that change events get for too many links.
    TooManyLinks(&'static str),
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
    let event = match serde_json::from_slice::<Value>(body) {
        Ok(event) if event.is_object() => event,
        _ => return Err(refuse(Reason::Unrecognized)),
    };
    let mut broken: Vec<&'static Rule> = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.apis.contains(&api)) {
        let reported = broken.iter().any(|earlier| earlier.field == rule.field && earlier.ends_the_field());
        if !reported && !rule.holds(api, &event) {
            broken.push(rule);
        }
    }
    if broken.is_empty() { Ok(event) } else { Err(refuse(Reason::Broken(broken))) }
}

impl Rule {
    /// Whether an event of this API keeps the rule.
    #[must_use]
    pub fn holds(&self, api: Api, event: &Value) -> bool {
        let action = api.action(event);
        let bound = match self.when {
            When::Always => true,
            When::Trigger => action == Some("trigger"),
            When::FollowUp => matches!(action, Some("acknowledge" | "resolve")),
        };
        !bound || walk::values(event, self.field).into_iter().all(|value| self.must.holds(value))
    }

    /// Nothing more can be said of a field that breaks this.
    fn ends_the_field(&self) -> bool {
        matches!(self.must, Must::BePresent | Must::BeText | Must::BeObject | Must::BeList)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} must {:?}", self.field, self.must)
    }
}

impl Must {
    fn holds(self, value: Option<&Value>) -> bool {
        let Some(value) = value else {
            return self != Self::BePresent;
        };
        let text = value.as_str();
        match self {
            Self::BePresent => !value.is_null() && text.is_none_or(|text| !text.trim().is_empty()),
            Self::BeText => text.is_some(),
            Self::BeObject => value.is_object(),
            Self::BeList => value.is_array(),
            Self::BeOneOf(words) => text.is_some_and(|text| words.contains(&text)),
            Self::HaveCharsUpTo(most) => text.is_none_or(|text| text.chars().count() <= most),
            Self::HaveChars(count) => text.is_none_or(|text| text.chars().count() == count),
            Self::BeAlphanumeric => text.is_none_or(|text| text.chars().all(|c| c.is_ascii_alphanumeric())),
            Self::NotBeginWith(first) => text.is_none_or(|text| !text.starts_with(first)),
            Self::HaveItemsUpTo(most) => value.as_array().is_none_or(|list| list.len() <= most),
            Self::BeHttpUrl => text.is_some_and(|text| is_url(text, &["http://", "https://"])),
            Self::BeHttpsUrl => text.is_some_and(|text| is_url(text, &["https://"])),
            Self::BeTimestamp => text.is_some_and(timestamp::is_taken),
        }
    }
}

fn is_url(text: &str, schemes: &[&str]) -> bool {
    let text = text.trim().to_ascii_lowercase();
    schemes.iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
}

#[cfg(test)]
mod tests;
