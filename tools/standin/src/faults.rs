//! Every way to answer badly: one after the other from a queue, or standing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Reply;

/// A way to answer badly.
///
/// `taken` says whether the event is checked and remembered all the same, as when PagerDuty fails after its queue has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This answer instead; the event is not taken.
    Answer(Reply),
    /// The event is taken at once, the right answer comes so much later.
    Delay(Duration),
    /// No answer ever; the connection stays open.
    Hang {
        /// Whether the event is taken.
        taken: bool,
    },
    /// The request is read, then the connection closes without an answer.
    CloseUnanswered {
        /// Whether the event is taken.
        taken: bool,
    },
    /// The right answer's head and half of its body, then the connection closes. The event is taken.
    CutAnswer,
    /// The right answer's head and half of its body, then nothing more. The event is taken.
    StallAnswer,
    /// The right answer, then the connection closes, though nothing in the answer said so. The event is taken.
    CloseAfterAnswer,
    /// The next new connection is accepted and closed before anything is read.
    CloseOnAccept,
}

impl Fault {
    /// An answer with this status and nothing else.
    pub fn status(status: u16) -> Self {
        Self::Answer(Reply::text(status, ""))
    }

    /// A rate-limit answer of v2 that says when to come again, in seconds or as an HTTP date.
    pub fn retry_after(status: u16, value: &str) -> Self {
        Self::Answer(Reply::text(status, "").with_header("retry-after", value))
    }

    /// A gateway's web page with this status.
    pub fn html(status: u16) -> Self {
        Self::Answer(Reply::html(status, "<html><body><h1>Something went wrong</h1></body></html>"))
    }

    /// A redirect to this address.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::Answer(Reply::text(status, "").with_header("location", location))
    }
}

/// A fault as it is ordered in JSON, for example `{"kind":"status","status":500,"times":2}`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Order {
    #[serde(flatten)]
    kind: Kind,
    /// How often, from 1 to 1000; always if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<usize>,
}

/// What goes wrong.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Kind {
    #[default]
    None,
    /// This status, from 300 to 599; the event is not taken.
    Status { status: u16 },
    /// The event is taken, and the answer comes so much later.
    Slow {
        #[serde(default = "slow_ms")]
        ms: u64,
    },
    /// No answer ever; the event is not taken.
    Nothing,
}

/// Later than the function waits for its first attempt (2 s).
fn slow_ms() -> u64 {
    3_000
}

impl Kind {
    fn fault(&self) -> Result<Option<Fault>, &'static str> {
        match *self {
            Self::None => Ok(None),
            Self::Status { status: status @ 300..=599 } => Ok(Some(Fault::status(status))),
            Self::Status { .. } => Err("status is from 300 to 599"),
            Self::Slow { ms: ms @ 0..=60_000 } => Ok(Some(Fault::Delay(Duration::from_millis(ms)))),
            Self::Slow { .. } => Err("ms is at most 60000"),
            Self::Nothing => Ok(Some(Fault::Hang { taken: false })),
        }
    }
}

/// A fault that is to come.
#[derive(Debug)]
struct Plan {
    /// The dedup key of the events that it is for, else for whatever comes next.
    dedup_key: Option<String>,
    fault: Fault,
    /// How often it is still to come; `None` for always.
    times: Option<usize>,
}

/// What is to go wrong: first what comes a number of times, in its order, then what comes always.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Plan>);

impl Faults {
    /// How many are queued for whatever comes next.
    pub(crate) fn waiting(&self) -> usize {
        self.0.iter().filter(|plan| plan.dedup_key.is_none()).filter_map(|plan| plan.times).sum()
    }

    /// Adds one that comes once.
    pub(crate) fn push(&mut self, dedup_key: Option<String>, fault: Fault) {
        self.0.push(Plan { dedup_key, fault, times: Some(1) });
    }

    /// Replaces the one that comes always.
    pub(crate) fn stand(&mut self, dedup_key: Option<String>, fault: Option<Fault>) {
        self.0.retain(|plan| plan.times.is_some() || plan.dedup_key != dedup_key);
        self.0.extend(fault.map(|fault| Plan { dedup_key, fault, times: None }));
    }

    /// Replaces all faults, or those of one dedup key, by what is ordered.
    pub(crate) fn order(&mut self, order: &Order, dedup_key: Option<String>) -> Result<(), &'static str> {
        let fault = order.kind.fault()?;
        if order.times.is_some_and(|times| !(1..=1_000).contains(&times)) {
            return Err("times is from 1 to 1000");
        }
        self.0.retain(|plan| dedup_key.is_some() && plan.dedup_key != dedup_key);
        self.0.extend(fault.map(|fault| Plan { dedup_key, fault, times: order.times }));
        Ok(())
    }

    /// Whether the connection that has just come is to be closed.
    pub(crate) fn closes_connection(&mut self) -> bool {
        self.next(|plan| plan.fault == Fault::CloseOnAccept).is_some()
    }

    /// What is to go wrong with the request that has just come; the faults of its dedup key go first.
    pub(crate) fn next_for_request(&mut self, dedup_key: Option<&str>) -> Option<Fault> {
        self.next(|plan| plan.dedup_key.is_some() && plan.dedup_key.as_deref() == dedup_key)
            .or_else(|| self.next(|plan| plan.dedup_key.is_none() && plan.fault != Fault::CloseOnAccept))
    }

    fn next(&mut self, is_it: impl Fn(&Plan) -> bool) -> Option<Fault> {
        let counted = self.0.iter().position(|plan| plan.times.is_some() && is_it(plan));
        let at = counted.or_else(|| self.0.iter().position(&is_it))?;
        let plan = self.0.get_mut(at)?;
        let fault = plan.fault.clone();
        plan.times = plan.times.map(|times| times - 1);
        self.0.retain(|plan| plan.times != Some(0));
        Some(fault)
    }
}
