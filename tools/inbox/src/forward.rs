//! The way to the real PagerDuty, which is there only for those who ask for it.

use crate::memory::Memory;
use crate::record::milliseconds;
use crate::rehearsal::Made;
use crate::sent::Delivered;
use arms_pagerduty::answer;
use arms_pagerduty::config::Config;
use arms_pagerduty::host::Fault;
use arms_pagerduty::pagerduty::{Outcome, Sender};
use arms_pagerduty::secret::{IntegrationKey, Mask};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Sends each event on, under a key of its own.
pub(crate) struct Forward {
    sender: Sender,
    key: IntegrationKey,
    within: Duration,
    /// The tour's sample pages nobody: only what comes behind it is sent on.
    is_open: AtomicBool,
    /// Where to.
    pub(crate) url: String,
}

impl Forward {
    /// To the address that the settings name, under this key.
    ///
    /// # Errors
    /// When the key is none, or the client cannot be built.
    pub(crate) fn new(key: &str, config: &Config) -> Result<Self, Fault> {
        let key = IntegrationKey::parse(key)
            .map_err(|_| "--forward-to-pagerduty takes an Integration Key: 32 letters and digits")?;
        let sender = Sender::new(config.events_url.clone())?;
        let url = config.events_url.to_string();
        Ok(Self { sender, key, within: config.deliver_within, is_open: AtomicBool::new(false), url })
    }

    /// The key as it may be shown.
    pub(crate) fn key(&self) -> String {
        self.key.masked()
    }

    /// From now on events are sent.
    pub(crate) fn open(&self) {
        self.is_open.store(true, Ordering::Relaxed);
    }

    /// Sends a webhook's events in the background and notes what became of them.
    pub(crate) fn send(
        &self,
        made: Made,
        id: String,
        memory: Arc<Memory>,
        delivering: Option<mpsc::Sender<Infallible>>,
    ) {
        if !self.is_open.load(Ordering::Relaxed) {
            return;
        }
        let (sender, key, within) = (self.sender.clone(), self.key.clone(), self.within);
        tokio::spawn(async move {
            let deliveries = sender.deliver(made.api, &key, made.events, Instant::now() + within).await;
            let mask = Mask::new([&key], []);
            memory.change(&id, |webhook| {
                for delivery in deliveries {
                    let is_accepted = delivery.is_accepted(made.api);
                    let errors =
                        if is_accepted { Vec::new() } else { answer::errors_of(&delivery.outcome, &mask) };
                    let event = &delivery.event;
                    let sent = webhook.events.iter_mut().find(|sent| {
                        sent.dedup_key == event.dedup_key
                            && (sent.action == event.action.word() || sent.action == "change")
                    });
                    if let Some(sent) = sent {
                        sent.forwarded = Some(Delivered {
                            status: match &delivery.outcome {
                                Outcome::Answered(reply) => Some(reply.status),
                                Outcome::Failed(_) => None,
                            },
                            attempts: delivery.attempts,
                            milliseconds: milliseconds(delivery.elapsed),
                            errors,
                        });
                    }
                }
            });
            drop(delivering);
        });
    }
}
