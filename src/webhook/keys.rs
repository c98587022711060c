//! The integration keys that a body names, and whether the template or an alert's text may have named
//! them.
//!
//! A template pastes an alert's text in unescaped, so whatever follows such a text may be part of
//! it. A key counts as the body's own only before the first text.

use super::form::Form;
use super::names::KEY_NAMES;
use crate::lenient_json::{Document, Outline, is_unfilled};
use crate::secret::{IntegrationKey, KeyFault, is_secret_name};

/// What all names of the key end in.
const KEY_NAMES_END: &str = "_key";
/// Fields that hold one of few words or an identifier of ARMS's, and no text of an alert.
const WORD_NAMES: [&str; 14] = [
    "status",
    "state",
    "alertState",
    "event_action",
    "event_type",
    "severity",
    "level",
    "triggerLevel",
    "alarmId",
    "alarm_id",
    "startTime",
    "endTime",
    "msgtype",
    "msg_type",
];

/// The keys of one body.
pub struct Keys {
    /// The key that the body gives in a place of its own.
    pub own: Result<Option<IntegrationKey>, KeyFault>,
    /// A key behind or inside text, or something that was meant as one. It counts only if no other place
    /// has a key.
    pub in_text: Option<Result<IntegrationKey, KeyFault>>,
}

/// The values of fields that are named like a key, in their order.
#[derive(Default)]
struct Found<'a> {
    /// Those before the first text.
    before_text: Vec<&'a str>,
    behind_text: Vec<&'a str>,
    text_seen: bool,
}

impl<'a> Found<'a> {
    /// Takes the next field; `None` means a value that is not a short text.
    fn take(&mut self, name: &str, value: Option<&'a str>) {
        if KEY_NAMES.contains(&name) {
            if let Some(key) = value.map(str::trim).filter(|key| !is_unfilled(key)) {
                let keys = if self.text_seen { &mut self.behind_text } else { &mut self.before_text };
                keys.push(key);
            }
            return;
        }
        let is_blank = value.is_some_and(|value| value.trim().is_empty());
        let is_word = WORD_NAMES.contains(&name) || is_secret_name(name);
        self.text_seen |= !is_blank && !is_word;
    }
}

impl Keys {
    pub(super) fn none() -> Self {
        Self { own: Ok(None), in_text: None }
    }

    /// `is_own_event` is whether the document is an event of PagerDuty's own. If it is well-formed, its key
    /// may be anywhere.
    pub(super) fn of_document(document: &Document, is_own_event: bool, text: &str) -> Self {
        let mut found = Found::default();
        for member in &document.members {
            match &member.value {
                Outline::Text(value) => found.take(&member.name, Some(value)),
                Outline::Long => found.take(&member.name, None),
                Outline::Scalar => {}
            }
        }
        if is_own_event && !document.is_repaired && found.before_text.is_empty() {
            let own = only(&found.behind_text);
            // Two different ones: one may have been written by the alert's text.
            let is_ambiguous = own == Err(KeyFault::TwoDifferent);
            let in_text = is_ambiguous.then_some(Err(KeyFault::TwoDifferent));
            return Self { own: if is_ambiguous { Ok(None) } else { own }, in_text };
        }
        Self { own: only(&found.before_text), in_text: in_text(&found.behind_text, text) }
    }

    pub(super) fn of_form(form: &Form, text: &str) -> Self {
        let mut found = Found::default();
        for (place, (name, value)) in form.pairs.iter().enumerate() {
            found.text_seen |= place >= form.before_text;
            found.take(name, Some(value));
        }
        Self { own: only(&found.before_text), in_text: in_text(&found.behind_text, text) }
    }

    /// The keys of a text that is neither a document nor a form.
    pub(super) fn of_text(text: &str) -> Self {
        let mut named = named_in(text);
        let first = named.next();
        // Meant as JSON and beyond repair: a key that begins it is the template's.
        if let Some((place, value)) = first
            && text.starts_with('{')
            && !text.get(..place).unwrap_or_default().contains(char::is_alphanumeric)
        {
            return Self { own: IntegrationKey::parse(value).map(Some), in_text: None };
        }
        Self { own: Ok(None), in_text: in_text(&[], text) }
    }
}

/// The one key among `values`.
fn only(values: &[&str]) -> Result<Option<IntegrationKey>, KeyFault> {
    let Some((first, others)) = values.split_first() else { return Ok(None) };
    if others.iter().any(|other| other != first) {
        return Err(KeyFault::TwoDifferent);
    }
    IntegrationKey::parse(first).map(Some)
}

/// The good key behind a text, else the one inside it, else what was meant as one. A text that writes a
/// field of its own comes before the template's, so the last one is taken.
fn in_text(behind_text: &[&str], text: &str) -> Option<Result<IntegrationKey, KeyFault>> {
    let fields = behind_text.iter().map(|value| IntegrationKey::parse(value));
    let good = fields.clone().rfind(Result::is_ok);
    let inside = || named_in(text).map(|(_, value)| IntegrationKey::parse(value)).find(Result::is_ok);
    good.or_else(inside).or_else(|| fields.clone().next())
}

/// Everything that follows a key's name in a text, in whatever notation, with the place of the name.
fn named_in(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let ends = text.match_indices(KEY_NAMES_END).map(|(at, end)| at + end.len());
    ends.filter_map(move |end| {
        let (before, behind) = text.split_at_checked(end)?;
        let name = KEY_NAMES.iter().find(|name| before.ends_with(**name))?;
        let is_notation =
            |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ':' | '=' | '：' | '>');
        let value = behind.trim_start_matches(is_notation);
        let value_end = value.find(|c: char| !(c.is_alphanumeric() || c == '*')).unwrap_or(value.len());
        let value = value.get(..value_end).filter(|value| !value.is_empty())?;
        Some((end - name.len(), value))
    })
}
