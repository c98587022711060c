//! The worker: sends the messages that the queue hands out, and says which of them stay there.

use crate::config::Config;
use crate::deliver::decide::{self, Groups, Verdict};
use crate::deliver::message::{self, Message};
use crate::deliver::{Delivery, Receipt, Stored};
use crate::log::{Log, Received};
use crate::secret::Mask;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// What is left of an invocation after an event was tried, to move its message.
const RESERVE: Duration = Duration::from_millis(2_500);
/// What is left of an invocation after a message was moved, to answer.
const ANSWER_RESERVE: Duration = Duration::from_millis(300);
/// As long as Lambda's longest invocation: how long moving a message may take if no end is known.
const LONGEST: Duration = Duration::from_mins(15);
/// With less time, a message is not tried.
const TRY_MIN: Duration = Duration::from_millis(50);

/// A message as the queue hands it out.
#[derive(Debug, Default)]
pub struct Record {
    /// `messageId`.
    pub message_id: String,
    /// `receiptHandle`.
    pub receipt_handle: String,
    /// `body`.
    pub body: String,
    /// `MessageGroupId`.
    pub group: String,
    /// `ApproximateReceiveCount`.
    pub receives: u32,
}

/// Handles the messages of one queue.
pub struct Worker<'a> {
    config: &'a Config,
    stored: &'a Stored,
    log: &'a Log,
}

/// The end of an invocation.
#[derive(Clone, Copy)]
struct Times {
    /// By when an event must have been tried.
    tried_by: Option<Instant>,
    /// By when its message must have been moved.
    moved_by: Instant,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(config: &'a Config, stored: &'a Stored, log: &'a Log) -> Self {
        Self { config, stored, log }
    }

    /// Handles messages in their order, and gives the ids of those that stay in the queue.
    pub async fn work(&self, records: &[Record], request_id: &str, deadline: Option<Instant>) -> Vec<String> {
        let (mut groups, mut failed) = (Groups::default(), Vec::new());
        for record in records {
            // A message behind one that stays would overtake it.
            let is_done = !groups.hold(&record.group) && self.handle(record, request_id, deadline).await;
            if !is_done {
                groups.note(&record.group);
                failed.push(record.message_id.clone());
            }
        }
        failed
    }

    /// Handles a message, and says whether it is done and may be deleted.
    async fn handle(&self, record: &Record, request_id: &str, deadline: Option<Instant>) -> bool {
        let named = Received { request_id, message_id: &record.message_id, receives: record.receives };
        let times = times(deadline);
        let message = match message::read(&record.body, self.config.integration_key.as_ref()) {
            Ok(message) => message,
            Err(why) => {
                let is_buried = self.bury(record, named, times).await;
                if is_buried {
                    self.log.buried(named, why);
                } else {
                    self.postpone(record, named, decide::again_after(Duration::ZERO), times).await;
                }
                return is_buried;
            }
        };
        let keys = [&message.parcel.key].into_iter().chain(&self.config.integration_key);
        let mask = Mask::new(keys, &self.config.webhook_tokens);
        let Some(delivery) = self.send(&message, record.receives, times).await else { return false };

        let now = SystemTime::now();
        let age = message.received.and_then(|received| now.duration_since(received).ok()).unwrap_or_default();
        match decide::verdict(delivery.parcel.api, &delivery.outcome, age, now) {
            Verdict::Done => {
                self.log.event(request_id, &delivery, &mask);
                true
            }
            Verdict::Bury if self.bury(record, named, times).await => {
                self.log.event(request_id, &delivery, &mask);
                true
            }
            verdict => {
                let after = match verdict {
                    Verdict::Again(after) => after,
                    Verdict::Bury | Verdict::Done => decide::again_after(age),
                };
                self.log.postponed(named, &delivery, after, &mask);
                self.postpone(record, named, after, times).await;
                false
            }
        }
    }

    /// Tries a message's event; `None` if there is no time for it.
    async fn send(&self, message: &Message, receives: u32, times: Times) -> Option<Delivery> {
        let now = Instant::now();
        let mut end = now + decide::tried_within(receives, self.config.deliver_within);
        if let Some(tried_by) = times.tried_by {
            end = end.min(tried_by);
        }
        if end.saturating_duration_since(now) < TRY_MIN.min(self.config.deliver_within) {
            return None;
        }
        let parcels = vec![message.parcel.clone()];
        self.stored.sender().deliver_each(parcels, end, &|_| {}).await.pop()
    }

    async fn bury(&self, record: &Record, named: Received<'_>, times: Times) -> bool {
        let buried = self.stored.bury(&receipt(record), times.moved_by).await;
        if let Err(fault) = &buried {
            self.log.unmoved(named, fault);
        }
        buried.is_ok()
    }

    /// If this fails, the message comes again after the queue's own time.
    async fn postpone(&self, record: &Record, named: Received<'_>, after: Duration, times: Times) {
        let postponed = self.stored.postpone(&receipt(record), after, times.moved_by).await;
        if let Err(fault) = postponed {
            self.log.unmoved(named, &fault);
        }
    }
}

/// How long a message may take before the invocation ends. Near its end, half of what is left is for trying.
fn times(deadline: Option<Instant>) -> Times {
    let now = Instant::now();
    let Some(deadline) = deadline else {
        return Times { tried_by: None, moved_by: now + LONGEST };
    };
    let left = deadline.saturating_duration_since(now);
    let tried_by = now + left.saturating_sub(RESERVE).max(left / 2);
    let moved_by = now + left.saturating_sub(ANSWER_RESERVE).max(left / 2);
    Times { tried_by: Some(tried_by), moved_by }
}

fn receipt(record: &Record) -> Receipt<'_> {
    Receipt {
        message_id: &record.message_id,
        handle: &record.receipt_handle,
        group: &record.group,
        body: &record.body,
    }
}
