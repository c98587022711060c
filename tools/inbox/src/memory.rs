//! The webhooks, newest last, within bounds; and the number that grows with every change.

use crate::record::Webhook;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Webhooks remembered; then the oldest is let go.
const WEBHOOKS_MAX: usize = 500;
/// All of them together, about. The oldest go first; the latest always stays.
const WEBHOOKS_MAX_BYTES: usize = 64 << 20;

/// All that the page shows besides what the stand-in remembers.
#[derive(Default)]
pub(crate) struct Memory {
    book: Mutex<Book>,
    /// The number that grows.
    pub(crate) revision: watch::Sender<u64>,
}

#[derive(Default)]
struct Book {
    webhooks: VecDeque<Webhook>,
    bytes: usize,
    let_go: u64,
}

impl Memory {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who wait that something has changed.
    pub(crate) fn changed(&self) {
        self.revision.send_modify(|revision| *revision += 1);
    }

    /// Remembers a webhook that has just come.
    pub(crate) fn add(&self, webhook: Webhook) {
        let mut book = self.book();
        book.bytes += webhook.size_bytes();
        book.webhooks.push_back(webhook);
        while book.webhooks.len() > WEBHOOKS_MAX || book.bytes > WEBHOOKS_MAX_BYTES && book.webhooks.len() > 1
        {
            let Some(oldest) = book.webhooks.pop_front() else { break };
            book.bytes = book.bytes.saturating_sub(oldest.size_bytes());
            book.let_go += 1;
        }
        drop(book);
        self.changed();
    }

    /// Changes one, if it is still there. What it weighs must stay.
    pub(crate) fn change(&self, id: &str, change: impl FnOnce(&mut Webhook)) {
        if let Some(webhook) = self.book().webhooks.iter_mut().rev().find(|webhook| webhook.id == id) {
            change(webhook);
        }
        self.changed();
    }

    /// What `read` makes of each, newest first.
    pub(crate) fn map<T>(&self, read: impl FnMut(&Webhook) -> Option<T>) -> Vec<T> {
        self.book().webhooks.iter().rev().filter_map(read).collect()
    }

    /// One, as it is now.
    pub(crate) fn get(&self, id: &str) -> Option<Webhook> {
        self.map(|webhook| (webhook.id == id).then(|| webhook.clone())).into_iter().next()
    }

    /// How many were let go.
    pub(crate) fn let_go(&self) -> u64 {
        self.book().let_go
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        *self.book() = Book::default();
        self.changed();
    }
}
