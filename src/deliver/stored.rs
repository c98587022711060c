//! Storing first: events go into a queue, from which the worker sends them. If the queue does not take
//! them, they are sent straight all the same.

use super::decide::{Batch, STORE_TRY_WITHIN, Turn, Turns};
use super::message::{self, Entry};
use super::outcome::{Delivery, Outcome};
use super::sqs::{Sqs, StoreFault};
use super::straight::{Ended, Sender, most_urgent_first};
use crate::config::Queues;
use crate::error::Error;
use crate::event::Parcel;
use crate::secret::IntegrationKey;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, sleep};

/// Stores events, and sends what cannot be stored.
pub struct Stored {
    sender: Sender,
    sqs: Sqs,
    own_key: Option<IntegrationKey>,
}

/// What names a message that was received.
pub struct Receipt<'a> {
    /// `messageId`.
    pub message_id: &'a str,
    /// `receiptHandle`.
    pub handle: &'a str,
    /// `MessageGroupId`; empty if the queue is none of the FIFO kind.
    pub group: &'a str,
    /// The message as it was received.
    pub body: &'a str,
}

/// What became of the events of a request.
pub struct Handed {
    /// Each event.
    pub deliveries: Vec<Delivery>,
    /// If there is a queue and it did not take all of them.
    pub unstored: Option<Unstored>,
}

/// Events that the queue did not take.
pub struct Unstored {
    /// How many.
    pub events: usize,
    /// Why, as far as the last failure says; `None` if there was no time for a try.
    pub fault: Option<StoreFault>,
}

/// Before a message is copied to the dead letters again.
const BURY_PAUSE: Duration = Duration::from_millis(200);

/// The events of one request that are neither stored nor sent yet.
struct Request<'a> {
    id: &'a str,
    received: SystemTime,
    begun: Instant,
    deadline: Instant,
    waiting: Vec<Waiting>,
    /// How many times storing was tried.
    stores: u32,
    fault: Option<StoreFault>,
}

/// An event that is neither stored nor sent yet.
struct Waiting {
    /// Its place among the events of its request.
    place: usize,
    parcel: Parcel,
    /// How many times it was sent straight.
    attempts: u32,
    /// How that ended.
    outcome: Outcome,
}

impl Stored {
    pub(super) fn new(sender: Sender, queues: Queues, own_key: Option<IntegrationKey>) -> Self {
        Self { sender, sqs: Sqs::new(queues), own_key }
    }

    /// What sends straight to PagerDuty.
    #[must_use]
    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Stores all parcels, the most urgent first; what is not stored in time is sent. Returns by `deadline`
    /// at the latest.
    pub(super) async fn deliver(
        &self,
        parcels: Vec<Parcel>,
        id: &str,
        deadline: Instant,
        ended: Ended<'_>,
    ) -> Handed {
        let begun = Instant::now();
        let mut turns = Turns::new(deadline.saturating_duration_since(begun));
        let received = SystemTime::now();
        let mut request =
            Request { id, received, begun, deadline, waiting: waiting(parcels), stores: 0, fault: None };
        let mut deliveries = Vec::new();
        while !request.waiting.is_empty() {
            let done = match turns.next(begun.elapsed()) {
                Turn::Store { after, within } => {
                    sleep(after).await;
                    self.store(&mut request, within, &mut turns).await
                }
                Turn::Straight { within } => self.send(&mut request, within).await,
                Turn::Over => request.give_up(),
            };
            done.iter().for_each(ended);
            deliveries.extend(done);
        }
        let events =
            deliveries.iter().filter(|delivery| !matches!(delivery.outcome, Outcome::Stored)).count();
        let unstored = (events > 0).then_some(Unstored { events, fault: request.fault });
        Handed { deliveries, unstored }
    }

    /// Tries to store all that wait, batch by batch, and gives those that are stored.
    async fn store(&self, request: &mut Request<'_>, within: Duration, turns: &mut Turns) -> Vec<Delivery> {
        request.stores += 1;
        let Request { id, received, .. } = *request;
        let own_key = self.own_key.as_ref();
        let written = |event: Waiting| {
            let entry = message::entry(&event.parcel, id, event.place, received, own_key);
            (event, entry)
        };
        let mut waiting = std::mem::take(&mut request.waiting).into_iter().map(written).peekable();
        let mut done = Vec::new();
        while waiting.peek().is_some() {
            let (mut batch, mut events, mut entries) = (Batch::default(), Vec::new(), Vec::new());
            while let Some((event, entry)) = waiting.next_if(|(_, entry)| batch.takes(bytes(entry.as_ref())))
            {
                match entry {
                    Some(entry) => {
                        entries.push(entry);
                        events.push(event);
                    }
                    // What is not JSON, which no event is, can only be sent.
                    None => request.waiting.push(event),
                }
            }
            if entries.is_empty() {
                continue;
            }
            let end = request.deadline.min(Instant::now() + within);
            match self.sqs.store(&entries, end).await {
                Ok((stored, fault)) => {
                    request.fault = fault.or(request.fault.take());
                    let fates = events.into_iter().zip(stored);
                    let (stored, left): (Vec<_>, Vec<_>) = fates.partition(|(_, is_stored)| *is_stored);
                    done.extend(stored.into_iter().map(|(event, _)| request.stored(event)));
                    request.waiting.extend(left.into_iter().map(|(event, _)| event));
                }
                Err(fault) => {
                    if fault.is_lasting() {
                        turns.note_refusal();
                    }
                    request.fault = Some(fault);
                    // The next batches would take as long, and the time is needed for sending.
                    request.waiting.extend(events);
                    request.waiting.extend(waiting.map(|(event, _)| event));
                    return done;
                }
            }
        }
        done
    }

    /// Sends all that wait, and gives those that PagerDuty has accepted or refused for good.
    async fn send(&self, request: &mut Request<'_>, within: Duration) -> Vec<Delivery> {
        let parcels = request.waiting.iter().map(|event| event.parcel.clone()).collect();
        let end = request.deadline.min(Instant::now() + within);
        let mut done = Vec::new();
        for delivery in self.sender.deliver_each(parcels, end, &|_| {}).await {
            let same = |event: &Waiting| {
                event.parcel.api == delivery.parcel.api && event.parcel.event == delivery.parcel.event
            };
            let Some(at) = request.waiting.iter().position(same) else { continue };
            if !delivery.may_be_retried() {
                let event = request.waiting.remove(at);
                done.push(Delivery { attempts: event.attempts + delivery.attempts, ..delivery });
            } else if let Some(event) = request.waiting.get_mut(at) {
                event.attempts += delivery.attempts;
                event.outcome = delivery.outcome;
            }
        }
        done
    }

    /// Lets a received message come again after this time.
    ///
    /// # Errors
    /// Why it may come later than that.
    pub async fn postpone(
        &self,
        receipt: &Receipt<'_>,
        after: Duration,
        end: Instant,
    ) -> Result<(), StoreFault> {
        let end = end.min(Instant::now() + STORE_TRY_WITHIN);
        self.sqs.postpone(receipt.handle, after, end).await
    }

    /// Copies a received message to the dead letters.
    ///
    /// # Errors
    /// Why it may not be there.
    pub async fn bury(&self, receipt: &Receipt<'_>, end: Instant) -> Result<(), StoreFault> {
        let group = if receipt.group.is_empty() { "none" } else { receipt.group };
        let entry = Entry {
            group: group.to_owned(),
            // However often it is copied, one copy is enough.
            deduplication: receipt.message_id.to_owned(),
            body: receipt.body.to_owned(),
        };
        loop {
            let tried = self.sqs.bury(&entry, end.min(Instant::now() + STORE_TRY_WITHIN)).await;
            let Err(fault) = tried else { return Ok(()) };
            let is_late = end.saturating_duration_since(Instant::now()) < BURY_PAUSE * 2;
            if fault.is_lasting() || is_late {
                return Err(fault);
            }
            sleep(BURY_PAUSE).await;
        }
    }
}

/// The most urgent first. The same request has the same places when the platform sends it again.
fn waiting(mut parcels: Vec<Parcel>) -> Vec<Waiting> {
    most_urgent_first(&mut parcels);
    let event = |(place, parcel)| {
        let outcome = Outcome::Failed(Error::NoAnswerInTime);
        Waiting { place, parcel, attempts: 0, outcome }
    };
    parcels.into_iter().enumerate().map(event).collect()
}

fn bytes(entry: Option<&Entry>) -> usize {
    entry.map_or(0, |entry| entry.body.len())
}

impl Request<'_> {
    fn stored(&self, event: Waiting) -> Delivery {
        let elapsed = self.begun.elapsed();
        Delivery { parcel: event.parcel, outcome: Outcome::Stored, attempts: self.stores, elapsed }
    }

    /// Time is up for all that wait.
    fn give_up(&mut self) -> Vec<Delivery> {
        let elapsed = self.begun.elapsed();
        let ended = |event| {
            let Waiting { parcel, attempts, outcome, .. } = event;
            Delivery { parcel, outcome, attempts, elapsed }
        };
        std::mem::take(&mut self.waiting).into_iter().map(ended).collect()
    }
}
