//! Every way to answer badly: one after the other from a queue, or standing.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Reply;

const TIMES_MAX: u32 = 1_000;
/// How late a slow answer comes if it is not said: later than the function waits for its first attempt (2 s).
const SLOW_MS: u64 = 3_000;
const SLOW_MAX_MS: u64 = 60_000;

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
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Answer(Reply::text(status, ""))
    }

    /// A rate-limit answer of v2 that says when to come again, in seconds or as an HTTP date.
    #[must_use]
    pub fn retry_after(status: u16, value: &str) -> Self {
        Self::Answer(Reply::text(status, "").with_header("retry-after", value))
    }

    /// A gateway's web page with this status.
    #[must_use]
    pub fn html(status: u16) -> Self {
        Self::Answer(Reply::html(status, "<html><body><h1>Something went wrong</h1></body></html>"))
    }

    /// A redirect to this address.
    #[must_use]
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
    pub times: Option<u32>,
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

fn slow_ms() -> u64 {
    SLOW_MS
}

impl Kind {
    fn fault(&self) -> Result<Option<Fault>, &'static str> {
        match *self {
            Self::None => Ok(None),
            Self::Status { status } if !(300..=599).contains(&status) => Err("status is from 300 to 599"),
            Self::Status { status } => Ok(Some(Fault::status(status))),
            Self::Slow { ms } if ms > SLOW_MAX_MS => Err("ms is at most 60000"),
            Self::Slow { ms } => Ok(Some(Fault::Delay(Duration::from_millis(ms)))),
            Self::Nothing => Ok(Some(Fault::Hang { taken: false })),
        }
    }
}

/// Faults of one kind: first those in the queue, each once, then the standing one, every time.
#[derive(Debug, Default)]
struct Script {
    queue: VecDeque<Fault>,
    standing: Option<Fault>,
}

impl Script {
    fn next(&mut self) -> Option<Fault> {
        self.queue.pop_front().or_else(|| self.standing.clone())
    }
}

/// What is to go wrong. Faults of connections and of requests each keep their own order; those for a dedup key go first.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    connections: Script,
    requests: Script,
    by_dedup_key: HashMap<String, Script>,
}

impl Faults {
    /// How many are queued for whatever comes next.
    pub(crate) fn waiting(&self) -> usize {
        self.connections.queue.len() + self.requests.queue.len()
    }

    /// Adds one to the queue of its kind.
    pub(crate) fn push(&mut self, fault: Fault) {
        let script = if fault == Fault::CloseOnAccept { &mut self.connections } else { &mut self.requests };
        script.queue.push_back(fault);
    }

    /// What goes wrong whenever the queue is empty.
    pub(crate) fn stand(&mut self, fault: Option<Fault>) {
        let (connections, requests) = match fault {
            Some(Fault::CloseOnAccept) => (fault, None),
            _ => (None, fault),
        };
        self.connections.standing = connections;
        self.requests.standing = requests;
    }

    /// Adds one for the events of one dedup key.
    pub(crate) fn push_for(&mut self, dedup_key: &str, fault: Fault) {
        self.of(dedup_key).queue.push_back(fault);
    }

    /// What goes wrong with every event of one dedup key.
    pub(crate) fn stand_for(&mut self, dedup_key: &str, fault: Option<Fault>) {
        self.of(dedup_key).standing = fault;
    }

    fn of(&mut self, dedup_key: &str) -> &mut Script {
        self.by_dedup_key.entry(dedup_key.to_owned()).or_default()
    }

    /// Replaces the faults, or those of one dedup key, by what is ordered.
    pub(crate) fn order(&mut self, order: &Order, dedup_key: Option<&str>) -> Result<(), &'static str> {
        if order.times.is_some_and(|times| times == 0 || times > TIMES_MAX) {
            return Err("times is from 1 to 1000");
        }
        let fault = order.kind.fault()?;
        let script = match dedup_key {
            Some(key) => self.of(key),
            None => {
                *self = Self::default();
                &mut self.requests
            }
        };
        *script = match (fault, order.times) {
            (Some(fault), Some(times)) => {
                Script { queue: (0..times).map(|_| fault.clone()).collect(), standing: None }
            }
            (standing, _) => Script { queue: VecDeque::new(), standing },
        };
        Ok(())
    }

    /// Whether the connection that has just come is to be closed.
    pub(crate) fn next_closes_connection(&mut self) -> bool {
        self.connections.next().is_some()
    }

    /// The fault of the request that has just come.
    pub(crate) fn next_for_request(&mut self, dedup_key: Option<&str>) -> Option<Fault> {
        dedup_key
            .and_then(|key| self.by_dedup_key.get_mut(key))
            .and_then(Script::next)
            .or_else(|| self.requests.next())
    }
}
