//! The fields of an alert: those that its format names, and those of the template around it.

use crate::webhook::{Alert, Fields, Notification};
use serde_json::Value;

/// The fields of one alert from two places, in their order of precedence.
#[derive(Clone, Copy)]
pub(super) struct Said<'a>([&'a Fields; 2]);

impl<'a> Said<'a> {
    /// What the template says about its only alert comes before the alert's own text. About one of
    /// several alerts, it comes after it.
    pub(super) fn of(alert: &'a Alert, notification: &'a Notification, is_only: bool) -> Self {
        let (own, template) = (&alert.fields, &notification.fields);
        Self(if is_only { [template, own] } else { [own, template] })
    }

    /// The alert's own fields alone.
    pub(super) fn own(alert: &'a Alert) -> Self {
        Self([&alert.fields, &alert.fields])
    }

    /// The value of a field.
    pub(super) fn get(&self, field: &str) -> Option<&'a str> {
        self.0.iter().find_map(|fields| fields.get(field))
    }

    /// The alert's name, if it was given as such.
    pub(super) fn alert_name(&self) -> Option<&'a str> {
        self.0.iter().find_map(|fields| fields.alert_name.as_deref())
    }

    /// The severity words with the names that they were under.
    pub(super) fn severities(&self) -> impl Iterator<Item = &'a (&'static str, String)> {
        self.0.into_iter().flat_map(|fields| &fields.severities)
    }

    /// All fields with a value.
    pub(super) fn given(&self) -> impl Iterator<Item = (&'static str, &'a str)> {
        self.0.into_iter().flat_map(Fields::given)
    }

    /// The fields that have no meaning of their own here.
    pub(super) fn others(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.0.into_iter().flat_map(|fields| &fields.others)
    }

    /// One of those.
    pub(super) fn other(&self, name: &str) -> Option<&'a Value> {
        self.0.iter().find_map(|fields| fields.others.get(name))
    }
}
