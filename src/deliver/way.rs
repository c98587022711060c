//! The way to PagerDuty: straight, or through the queue.

use super::stored::{Handed, Stored};
use super::straight::{Ended, Sender};
use crate::config::Config;
use crate::event::Parcel;
use tokio::time::Instant;

/// How events get to PagerDuty.
pub enum Way {
    /// They are sent at once.
    Straight(Sender),
    /// They are stored first.
    Stored(Box<Stored>),
}

impl Way {
    /// The way that the settings name; their queues are taken out of them.
    ///
    /// # Errors
    /// What `reqwest` reports if a client cannot be built.
    pub fn new(config: &mut Config) -> Result<Self, reqwest::Error> {
        let sender = Sender::new(config)?;
        Ok(match config.queues.take() {
            Some(queues) => {
                Self::Stored(Box::new(Stored::new(sender, queues, config.integration_key.clone())))
            }
            None => Self::Straight(sender),
        })
    }

    /// Hands all parcels over by `deadline` at the latest; `is_direct` ones are not stored. `ended` is
    /// called for each as soon as it is known what became of it.
    pub async fn deliver(
        &self,
        parcels: Vec<Parcel>,
        request_id: &str,
        is_direct: bool,
        deadline: Instant,
        ended: Ended<'_>,
    ) -> Handed {
        let sender = match self {
            Self::Stored(stored) if !is_direct => {
                return stored.deliver(parcels, request_id, deadline, ended).await;
            }
            Self::Stored(stored) => stored.sender(),
            Self::Straight(sender) => sender,
        };
        let deliveries = sender.deliver_each(parcels, deadline, ended).await;
        Handed { deliveries, unstored: None }
    }
}
