//! The events that are being delivered: a process that must end logs those that have no outcome yet.

use crate::event::Parcel;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The events that have been handed over for delivery and have no outcome yet.
#[derive(Default)]
pub struct InFlight(Mutex<Batches>);

#[derive(Default)]
struct Batches {
    next_number: u64,
    open: BTreeMap<u64, Batch>,
}

struct Batch {
    request_id: String,
    parcels: Vec<Parcel>,
}

/// The events of one request, until it is dropped.
pub struct Entry<'a> {
    all: &'a InFlight,
    number: u64,
}

impl InFlight {
    /// Notes the events of one request.
    #[must_use]
    pub fn enter(&self, request_id: &str, parcels: &[Parcel]) -> Entry<'_> {
        let batch = Batch { request_id: request_id.to_owned(), parcels: parcels.to_vec() };
        let mut batches = self.batches();
        let number = batches.next_number;
        batches.next_number += 1;
        batches.open.insert(number, batch);
        Entry { all: self, number }
    }

    /// Takes out all events, each with the id of its request.
    pub fn take_all(&self) -> Vec<(String, Parcel)> {
        let open = std::mem::take(&mut self.batches().open);
        let events = open.into_values().flat_map(|batch| {
            let Batch { request_id, parcels } = batch;
            parcels.into_iter().map(move |parcel| (request_id.clone(), parcel))
        });
        events.collect()
    }

    fn batches(&self) -> MutexGuard<'_, Batches> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry<'_> {
    /// Notes that an event of the request has its outcome.
    pub fn settle(&self, parcel: &Parcel) {
        let mut batches = self.all.batches();
        let Some(batch) = batches.open.get_mut(&self.number) else { return };
        let same = |other: &Parcel| other.api == parcel.api && other.event == parcel.event;
        if let Some(place) = batch.parcels.iter().position(same) {
            batch.parcels.swap_remove(place);
        }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.all.batches().open.remove(&self.number);
    }
}
