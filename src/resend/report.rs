//! Says what becomes of each event, a line each, and counts.

use super::plan::{Fate, Item, Plan};
use crate::deliver::Delivery;
use crate::secret::Mask;
use std::io::Write;

/// The most characters of a summary that are shown.
const SUMMARY_MAX_CHARS: usize = 80;

/// Whether everything has gone well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Whether no event was refused, lost or left for want of its key.
    pub is_complete: bool,
}

pub(super) struct Report<'a> {
    out: &'a mut dyn Write,
    plan: &'a Plan,
    /// How many PagerDuty has accepted.
    accepted: usize,
    /// How many it has not.
    failed: usize,
}

impl<'a> Report<'a> {
    /// Begins with what cannot be sent.
    pub(super) fn new(out: &'a mut dyn Write, plan: &'a Plan) -> Self {
        let mut report = Self { out, plan, accepted: 0, failed: 0 };
        for broken in &plan.broken {
            report.line(&format!("{}: an undelivered event cannot be read: {}", broken.place, broken.reason));
        }
        report
    }

    /// An event that is not sent, or would be.
    pub(super) fn planned(&mut self, item: &Item) {
        self.item(item, planned_word(item.fate));
    }

    /// An event that was sent.
    pub(super) fn sent(&mut self, item: &Item, delivery: Option<&Delivery>, mask: &Mask) {
        let is_accepted = delivery.is_some_and(Delivery::is_accepted);
        if is_accepted {
            self.accepted += 1;
            return self.item(item, "accepted");
        }
        self.failed += 1;
        let status = delivery.and_then(Delivery::status).map(|status| format!(" ({status})"));
        let errors = delivery.map(|delivery| delivery.outcome.errors(mask)).unwrap_or_default();
        self.item(item, &format!("NOT ACCEPTED{}: {}", status.unwrap_or_default(), errors.join("; ")));
    }

    /// The counts.
    pub(super) fn end(mut self, is_dry_run: bool) -> Tally {
        let to_send = self.count(Fate::Send);
        let left = self.plan.items.len() - to_send;
        if self.plan.items.is_empty() && self.plan.other_keys.is_empty() && self.plan.broken.is_empty() {
            self.line(&format!("no undelivered event in {} lines", self.plan.lines));
        } else if is_dry_run {
            self.line(&format!("{to_send} would be sent, {left} not needed; nothing was sent"));
        } else {
            let (accepted, failed) = (self.accepted, self.failed);
            self.line(&format!("{accepted} accepted, {failed} not accepted, {left} not needed"));
        }
        self.left_out();
        let has_none_of_the_key = self.plan.items.is_empty() && !self.plan.other_keys.is_empty();
        let is_lost = !self.plan.broken.is_empty() || self.plan.missing > 0;
        Tally { is_complete: self.failed == 0 && !is_lost && !has_none_of_the_key }
    }

    fn left_out(&mut self) {
        for (key, count) in &self.plan.other_keys {
            let text = format!("{count} of the key {key}: run it again with that PAGERDUTY_INTEGRATION_KEY");
            write_line(self.out, &text);
        }
        let (broken, missing) = (self.plan.broken.len(), self.plan.missing);
        if broken > 0 {
            self.line(&format!("{broken} could not be read: see above"));
        }
        if missing > 0 {
            let text = "counted as undelivered, but their lines are not here: look for them in the whole log";
            self.line(&format!("{missing} {text}"));
        }
    }

    fn count(&self, fate: Fate) -> usize {
        self.plan.items.iter().filter(|item| item.fate == fate).count()
    }

    fn item(&mut self, item: &Item, what: &str) {
        let Item { place, parcel, summary, .. } = item;
        let action = parcel.action_word();
        let mut about = parcel.dedup_key.clone();
        if !summary.is_empty() {
            let summary: String = summary.chars().take(SUMMARY_MAX_CHARS).collect();
            about = format!("{about} ({summary})");
        }
        self.line(&format!("{place}: {action} {}: {what}", about.trim_start()));
    }

    fn line(&mut self, text: &str) {
        write_line(self.out, text);
    }
}

fn planned_word(fate: Fate) -> &'static str {
    match fate {
        Fate::Send => "would be sent",
        Fate::Resolved => "not needed: its alert is resolved by a later event",
        Fate::Outdated => "not needed: PagerDuty has accepted a newer event of this alert",
        Fate::Repeated => "not needed: the same event comes once more",
    }
}

/// Without a reader there is nobody to tell, and the events must go all the same.
fn write_line(out: &mut dyn Write, text: &str) {
    // The text of an alert could hold control sequences of a terminal.
    let text = text.replace(char::is_control, " ");
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
