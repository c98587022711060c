//! How the stand-in goes wrong, for as long as the page wants it.

use super::{Page, Refusal};
use pagerduty_standin::Fault;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How late a slow answer comes if nobody says: later than the function waits for its first attempt (2 s).
const SLOW_MS: u64 = 3_000;
const SLOW_MAX_MS: u64 = 60_000;
const TIMES_MAX: u32 = 1_000;

/// What is to go wrong, and how often; always if nobody says.
#[derive(Clone, Default, Deserialize, Serialize)]
pub(super) struct Asked {
    #[serde(flatten)]
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
}

/// What goes wrong.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Kind {
    /// Nothing.
    #[default]
    None,
    /// Each event gets this status and is not taken.
    Status {
        /// From 300 to 599.
        status: u16,
    },
    /// The event is taken, the answer comes late.
    Slow {
        /// So late.
        #[serde(default = "slow_ms")]
        ms: u64,
    },
    /// No answer ever; the event is not taken.
    Nothing,
}

/// What was asked for last.
#[derive(Default)]
pub(crate) struct Standing(Mutex<Asked>);

fn slow_ms() -> u64 {
    SLOW_MS
}

impl Page {
    /// The fault, and how often it will still happen if that was said.
    pub(super) fn fault(&self) -> Value {
        let asked = self.fault.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let waiting = self.front.standin.faults_waiting();
        let is_counted = asked.times.is_some();
        let is_over = is_counted && waiting == 0;
        let mut shown = json!(if is_over { Asked::default() } else { asked });
        if let Some(fields) = shown.as_object_mut().filter(|_| is_counted && !is_over) {
            fields.insert("left".to_owned(), json!(waiting));
        }
        shown
    }

    pub(super) fn set_fault(&self, asked: Asked) -> Result<Value, Refusal> {
        let fault = asked.fault().map_err(Refusal::bad)?;
        let standin = &self.front.standin;
        standin.clear_faults();
        match (fault, asked.times) {
            (Some(fault), Some(times)) => (0..times).for_each(|_| standin.push_fault(fault.clone())),
            (fault, _) => standin.set_standing_fault(fault),
        }
        *self.fault.0.lock().unwrap_or_else(PoisonError::into_inner) = asked;
        self.front.memory.changed();
        Ok(self.fault())
    }
}

impl Asked {
    fn fault(&self) -> Result<Option<Fault>, &'static str> {
        if self.times.is_some_and(|times| times == 0 || times > TIMES_MAX) {
            return Err("times is from 1 to 1000");
        }
        match self.kind {
            Kind::None => Ok(None),
            Kind::Status { status } if !(300..=599).contains(&status) => Err("status is from 300 to 599"),
            Kind::Status { status } => Ok(Some(Fault::status(status))),
            Kind::Slow { ms } if ms > SLOW_MAX_MS => Err("ms is at most 60000"),
            Kind::Slow { ms } => Ok(Some(Fault::Delay(Duration::from_millis(ms)))),
            Kind::Nothing => Ok(Some(Fault::Hang { taken: false })),
        }
    }
}
