//! What each alert of a notification does: whether it fires or is over.

use super::context::Context;
use super::words;
use crate::event::Action;
use crate::timestamp;
use crate::webhook::{Alert, Notification};

/// What the alerts of one notification do.
pub(super) struct Actions<'a> {
    notification: &'a Notification,
    context: &'a Context<'a>,
    /// Whether an alert of the notification says itself that it is over.
    some_alert_is_over: bool,
}

impl<'a> Actions<'a> {
    pub(super) fn of(notification: &'a Notification, alerts: &[Alert], context: &'a Context<'a>) -> Self {
        let some_alert_is_over = alerts.iter().filter_map(own_status).any(words::is_resolved);
        Self { notification, context, some_alert_is_over }
    }

    /// An explicit status decides, the alert's own before the notification's.
    pub(super) fn of_alert(&self, alert: &Alert) -> Action {
        let is_over = match own_status(alert) {
            Some(status) if words::is_resolved(status) => true,
            // ARMS's recovery template says resolved for all, while its alerts may still say firing.
            Some(_) => self.notification_is_over() && !self.some_alert_is_over,
            None if self.has_status() => self.notification_is_over(),
            None => self.has_recovered(alert),
        };
        if is_over {
            return Action::Resolve;
        }
        self.notification.fields.get("status").map_or(Action::Trigger, words::follow_up)
    }

    pub(super) fn fires(&self, alert: &Alert) -> bool {
        self.of_alert(alert) != Action::Resolve
    }

    fn statuses(&self) -> impl Iterator<Item = &str> {
        let given = self.notification.fields.get("status");
        self.notification.status.as_deref().into_iter().chain(given)
    }

    fn has_status(&self) -> bool {
        self.statuses().next().is_some()
    }

    fn notification_is_over(&self) -> bool {
        self.statuses().any(words::is_resolved)
    }

    /// Whether the preset's recovery time is one, and not in the future.
    fn has_recovered(&self, alert: &Alert) -> bool {
        let fields = [&alert.fields, &self.notification.fields];
        let times = fields.into_iter().filter_map(|fields| fields.recovered_at.as_deref());
        times.into_iter().any(|text| timestamp::is_past(text, self.context.now))
    }
}

fn own_status(alert: &Alert) -> Option<&str> {
    alert.status.as_deref().or_else(|| alert.fields.get("status"))
}
