//! The way to the real PagerDuty, which is there only for those who ask for it.

use crate::memory::Memory;
use crate::sent::Delivered;
use arms_pagerduty::config::Config;
use arms_pagerduty::deliver::Sender;
use arms_pagerduty::event::Parcel;
use arms_pagerduty::host::Fault;
use arms_pagerduty::prepare::Prepared;
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
            .map_err(|_| "PAGERDUTY_INTEGRATION_KEY is no Integration Key: 32 letters and digits")?;
        let sender = Sender::new(config)?;
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
        prepared: &Prepared,
        id: String,
        memory: Arc<Memory>,
        delivering: Option<mpsc::Sender<Infallible>>,
    ) {
        if !self.is_open.load(Ordering::Relaxed) {
            return;
        }
        let (sender, key, within) = (self.sender.clone(), self.key.clone(), self.within);
        let own = |parcel: &Parcel| Parcel { key: key.clone(), ..parcel.clone() };
        let parcels: Vec<Parcel> = prepared.parcels.iter().map(own).collect();
        tokio::spawn(async move {
            let deliveries = sender.deliver(parcels, Instant::now() + within, |_| {}).await;
            let mask = Mask::new([&key], []);
            memory.change(&id, |webhook| {
                for delivery in &deliveries {
                    if let Some(sent) = webhook.events.iter_mut().find(|sent| sent.is_of(&delivery.parcel)) {
                        sent.forwarded = Some(Delivered::new(delivery, &mask));
                    }
                }
            });
            drop(delivering);
        });
    }
}
